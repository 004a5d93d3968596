"""A copy of ``archive.db`` with one site's rows: what a worker needs to know before it crawls.

Numbers of rows stay as they are. Tables that a crawl writes and does not read stay empty.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Final

from archive.cluster.journal import install
from archive.cluster.rows import TABLES, WRITTEN_ONLY
from archive.cluster.segment import columns_of
from archive.database import make_folder, open_database, translated_errors
from archive.errors import ArchiveError
from archive.store import Store
from archive.warc_files import refusals, sync_file, sync_folder

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_COMPANIONS: Final = ("", "-wal", "-shm", "-journal")


def write_state(store: Store, site: str, path: Path) -> None:
    """Write what the archive *store* knows of *site* to the database *path*, as of one instant.

    *path* appears when it is whole, and replaces what was there. Raises ArchiveUnwritable, ArchiveError.
    """
    part = path.with_name(f"{path.name}.part")
    make_folder(path.parent)
    with refusals(part):
        for companion in _COMPANIONS:
            part.with_name(part.name + companion).unlink(missing_ok=True)
    database = open_database(part)
    connection = database.conn
    assert connection is not None  # noqa: S101 - sqlite-utils types it optional, a fresh one never is
    with closing(connection), translated_errors(part):
        # a power cut costs another copy; all is forced to disk once, at the end
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS archive", (str(store.path.absolute()),))
        connection.execute("BEGIN")
        for table in TABLES:
            if table.name not in WRITTEN_ONLY:
                _copy(connection, table.name, table.of_site, site)
        connection.execute("COMMIT")
        connection.execute("DETACH archive")
        connection.execute("PRAGMA journal_mode = DELETE")
    with refusals(path):
        sync_file(part)
        part.replace(path)
        sync_folder(path.parent)


def open_spool(root: Path, *, site: str, token: int, state: Path | None = None) -> Store:
    """Open the spool of one lease in the folder *root*, begun from *state* where there is none yet.

    From then on its changes are remembered for segments. Raises ArchiveError where it is of another lease, or
    where neither it nor *state* is there; SchemaMismatch, ArchiveUnwritable.
    """
    path = root / "archive.db"
    if not path.exists():
        if state is None:
            raise ArchiveError(f"there is no spool at {root}; it begins with the state of {site}")
        make_folder(root)
        part = path.with_name(f"{path.name}.part")
        with refusals(part):
            shutil.copyfile(state, part)
            sync_file(part)
            part.replace(path)
            sync_folder(root)
    store = Store.open(root)
    try:
        install(store, site, token)
        _refuse_another(store, site, token)
    except BaseException:
        store.close()
        raise
    return store


def _refuse_another(store: Store, site: str, token: int) -> None:
    found = store.connection.execute("SELECT site, token FROM spool").fetchone()
    if found != (site, token):
        raise ArchiveError(
            f"{store.root} is the spool of {found[0]} under token {found[1]}, not of {site} under {token};"
            " name another folder"
        )


def _copy(connection: sqlite3.Connection, table: str, of_site: str, site: str) -> None:
    columns = ", ".join(columns_of(connection, table))
    connection.execute(
        f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM archive.{table} WHERE {of_site}",  # noqa: S608 - own names
        (site,),
    )
