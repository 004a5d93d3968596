"""The private database as an open office sees it: read over connections of its own, written by orders alone.

Each question opens a connection that can write nothing and closes it again. What archivists ask for goes over another
one, which SQLite itself keeps from touching anything but orders and their trail.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeVar

from datasette.utils import sqlite_timelimit

from archive.database import BUSY_TIMEOUT_S, open_for_reading, translated_errors
from archive.errors import ArchiveError
from archive.operations import reading
from archive.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.desk.office import Office

#: Seconds a reader waits for a database that is locked as a whole, as during a repair; crawls never do that.
_PATIENCE_S: Final = 2.0
#: Milliseconds one question may take.
_LIMIT_MS: Final = 5_000
#: What may be written, by SQLite's own names (sqlite.org/c3ref/c_alter_table.html): table, and columns of updates.
_INSERTED: Final = frozenset({"orders", "audit"})
_UPDATED: Final = {
    "orders": frozenset({"finished_at", "outcome", "message", "result", "run_id"}),
}
_HARMLESS: Final = frozenset(
    {
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
    }
)

T = TypeVar("T")


async def read_archive(office: Office, read: Callable[[sqlite3.Connection], T]) -> T:
    """What *read* makes of the private database, everything as of one instant.

    Raises ArchiveError when there is none, or it is locked, damaged, or of another version.
    """
    async with office.asking:
        return await asyncio.to_thread(_read, office.root, read)


async def write_order(office: Office, write: Callable[[Transactions], T]) -> T:
    """What *write* answers; it writes orders, nothing else can be.

    Raises ArchiveError as above and ArchiveUnwritable, and what *write* raises.
    """
    async with office.asking:
        return await asyncio.to_thread(_write, office.root / "archive.db", write)


def _read(root: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    with reading(root, timeout=_PATIENCE_S) as connection:
        try:
            with sqlite_timelimit(connection, _LIMIT_MS):
                return read(connection)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            seconds = _LIMIT_MS / 1000
            raise ArchiveError(f"reading the archive took more than {seconds:.0f} s") from error


def _write(path: Path, write: Callable[[Transactions], T]) -> T:
    # says whether it is there and of this version, before it is opened for writing
    open_for_reading(path, timeout=_PATIENCE_S).close()
    with translated_errors(path):
        uri = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    with closing(connection):
        connection.execute("PRAGMA foreign_keys = ON")
        connection.set_authorizer(_authorize)
        return write(_Writer(path, connection))


class _Writer(Transactions):
    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self.connection = connection

    @property
    def path(self) -> Path:
        return self._path


def _authorize(
    action: int, table: str | None, column: str | None, _database: str | None, _trigger: str | None
) -> int:
    is_allowed = (
        action in _HARMLESS
        or (action == sqlite3.SQLITE_INSERT and table in _INSERTED)
        or (action == sqlite3.SQLITE_UPDATE and column in _UPDATED.get(table or "", ()))
    )
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY
