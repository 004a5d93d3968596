"""Open ``archive.db``: connection settings, schema check and the meaning of SQLite's errors."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from archive.errors import ArchiveError, ArchiveUnwritable, SchemaMismatch, unwritable
from archive.folder_lock import folder_lock
from archive.plain_sqlite_utils import Database
from archive.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds a writer waits for another one; crawl groups hold the lock for some 50 ms at most.
BUSY_TIMEOUT_S: Final = 10.0

_UNWRITABLE: Final = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and start again",
    sqlite3.SQLITE_READONLY: "it is read-only; check the folder's permissions and the mount",
    sqlite3.SQLITE_IOERR: "the disk reported an error; check the disk and its free space",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened for writing; check the folder's permissions, and the"
    " limit of open files (`ulimit -n`)",
}


@contextmanager
def translated_errors(path: Path, *, waited: float = BUSY_TIMEOUT_S) -> Iterator[None]:
    """Turn SQLite's errors about the file *path* into errors a user can act on; *waited* is the busy timeout.

    Raises ArchiveUnwritable (full, read-only, failing disk), SchemaMismatch (no database) or
    ArchiveError (locked for too long, damaged). Other errors pass unchanged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # only errors raised by SQLite itself carry a code; the low byte is the primary one
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _UNWRITABLE:
            raise ArchiveUnwritable(
                f"cannot write {path}: {_UNWRITABLE[code]} ({error})"
            ) from error
        if code == sqlite3.SQLITE_NOTADB:
            raise SchemaMismatch(f"{path} is no SQLite database; {_ELSEWHERE}") from error
        if code == sqlite3.SQLITE_BUSY:
            raise ArchiveError(
                f"another process has been writing {path} for more than {waited:.0f} s;"
                " wait for it to finish and start again"
            ) from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise ArchiveError(
                f"{path} is damaged ({error}); keep a copy and restore it from a backup"
            ) from error
        raise


_ELSEWHERE: Final = "give another folder with --archive, or move that file away"


def open_database(path: Path) -> Database:
    """Open the working database, creating or migrating it when needed.

    WAL, synchronous=FULL, foreign keys on; transactions are begun and ended explicitly. Raises
    SchemaMismatch before anything is changed when the file is no database of this program or
    knows migrations this program does not; ArchiveUnwritable; ArchiveError.
    """
    # SQLite does not wait when two processes turn WAL on at once (measured)
    with translated_errors(path), folder_lock(path.parent):
        _refuse_unwritable(path)
        if path.exists():
            _check_as_it_lies(path)
        connection = _connect(path)
        try:
            return _prepared(connection)
        except BaseException:
            connection.close()
            raise


def open_for_reading(path: Path, *, timeout: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open the working database of exactly this version so that nothing can be written by it; any thread may use it.

    Raises ArchiveError when there is none, it is locked, damaged, or its folder cannot be written;
    SchemaMismatch when another program or another version of this one wrote it.
    """
    if not path.is_file():
        raise ArchiveError(f"{path} is not there; {_ELSEWHERE}")
    try:
        with translated_errors(path, waited=timeout):
            return _connect_to_read(path, timeout)
    except ArchiveUnwritable as error:
        # a reader shares the index of the write-ahead log, a file (sqlite.org/wal.html#read_only_databases)
        raise ArchiveError(
            f"cannot read {path}: SQLite must be able to write into its folder even to read it; check the folder's"
            f" permissions and, under systemd, ReadWritePaths= ({error.__cause__})"
        ) from error


def _check_as_it_lies(path: Path) -> None:
    """Check whose database it is; read-only, as even closing a writer could change the file of another program."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as probe:
            _check_schema(Database(probe), path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        # killed in a transaction: only a writer can take it back, and nothing can be read before that
        with closing(_connect(path)) as probe:
            _check_schema(Database(probe), path)


def _connect_to_read(path: Path, timeout: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(
        uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        database = Database(connection)
        _check_schema(database, path)
        _refuse_older(database, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def _prepared(connection: sqlite3.Connection) -> Database:
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit survives power loss; in groups its cost was not visible (docs/design-notes.md#capture)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    database = Database(connection)
    if MIGRATIONS.pending(database):
        # one lock around all of them: of two first starts, the second finds nothing to do
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS.apply(database)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return database


def _refuse_unwritable(path: Path) -> None:
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise ArchiveUnwritable(f"cannot write {place}: {_UNWRITABLE[sqlite3.SQLITE_READONLY]}")


def _check_schema(database: Database, path: Path) -> None:
    applied = {migration.name for migration in MIGRATIONS.applied(database)}
    if not applied and set(database.table_names()) - {MIGRATIONS.migrations_table}:
        raise SchemaMismatch(f"{path} is a database of another program; {_ELSEWHERE}")
    if unknown := applied - _known_migrations():
        raise SchemaMismatch(
            f"{path} was written by a newer version of this program (it knows"
            f" {', '.join(sorted(unknown))}); update with `pip install --upgrade dqtv-archive`"
        )


def _refuse_older(database: Database, path: Path) -> None:
    if MIGRATIONS.pending(database):
        raise SchemaMismatch(
            f"{path} was written by an older version of this program; `dqtv status` brings it up to date"
        )


def _known_migrations() -> set[str]:
    with closing(sqlite3.connect(":memory:")) as empty:
        return {migration.name for migration in MIGRATIONS.pending(Database(empty))}


def make_folder(folder: Path) -> None:
    """Make a folder of the archive and those above it. Raises ArchiveUnwritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
