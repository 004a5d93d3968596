"""Put a database built beside ``archive.db`` in its place; the one of before stays under a dated name."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from archive.database import open_database, translated_errors
from archive.errors import ArchiveError
from archive.instants import compact_text
from archive.processes import is_alive
from archive.store import Store
from archive.warc_files import refusals, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_NAME: Final = "archive.db.rebuild"
#: Files that SQLite keeps beside a database.
_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_BUSY_S: Final = 2.0


@attrs.define(kw_only=True)
class NewDatabase:
    """A database being built, and what became of the one of before."""

    store: Store
    #: Where the former database is kept; None when there was none, or until the new one is in its place.
    kept: Path | None = None


@contextmanager
def new_database(root: Path) -> Iterator[NewDatabase]:
    """An empty database beside the one of *root*, which takes its place when the block ends without an error.

    What a killed rebuild left is removed first. At every instant there is a whole ``archive.db``; the former
    one keeps its content under a dated name. Raises ArchiveError while another process rebuilds, crawls,
    imports or replays in this archive; ArchiveUnwritable.
    """
    warc_folder = root / "warc"
    if not warc_folder.is_dir():
        raise ArchiveError(
            f"there are no WARC files at {warc_folder}; name another folder with --archive"
        )
    with _alone(warc_folder):
        path = root / NEW_NAME
        former = _held(root / "archive.db")
        try:
            with refusals(path):
                for leftover in _with_companions(path):
                    leftover.unlink(missing_ok=True)
            built = NewDatabase(store=Store(root, open_database(path)))
            try:
                # a power cut costs another rebuild; all is forced to disk once, at the end
                built.store.connection.execute("PRAGMA synchronous = OFF")
                yield built
                _complete(built.store, path)
            finally:
                built.store.close()
        finally:
            if former is not None:
                _let_go(former)
        with refusals(root / "archive.db"):
            built.kept = _keep(root / "archive.db")
            path.rename(root / "archive.db")
            sync_folder(root)


def _complete(store: Store, path: Path) -> None:
    """Bring everything into the one file, and that onto the disk."""
    with translated_errors(path):
        store.connection.execute("PRAGMA synchronous = FULL")
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.connection.execute("PRAGMA journal_mode = DELETE")
    with refusals(path):
        sync_file(path)


def _keep(path: Path) -> Path | None:
    if not path.exists():
        return None
    dated = path.with_name(f"{path.name}.{compact_text(datetime.now(UTC))}")
    number = 1
    while dated.exists():
        number += 1
        dated = path.with_name(f"{path.name}.{compact_text(datetime.now(UTC))}-{number}")
    for suffix in _COMPANIONS:
        beside = path.with_name(path.name + suffix)
        # SQLite would replay a log of the former database into the new one
        if beside.exists():
            beside.rename(dated.with_name(dated.name + suffix))
    os.link(path, dated)
    return dated


def _with_companions(path: Path) -> tuple[Path, ...]:
    return (path, *(path.with_name(path.name + suffix) for suffix in _COMPANIONS))


@contextmanager
def _alone(warc_folder: Path) -> Iterator[None]:
    descriptor = os.open(warc_folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveError(
                f"another process builds the database of {warc_folder.parent} anew; wait for it"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _held(path: Path) -> sqlite3.Connection | None:
    """Keep others from writing the former database meanwhile; one that cannot be read needs no guard."""
    if not path.exists() or not _is_readable(path):
        return None
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        _refuse_live(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise ArchiveError(
                f"{path} is in use by another process; wait for it and start again"
            ) from error
        return None
    except ArchiveError:
        connection.close()
        raise
    return connection


def _is_readable(path: Path) -> bool:
    """Whether it is a database of ours; looked at read-only, as a writer would clear away a damaged one's log."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as probe:
            probe.execute("SELECT count(*) FROM runs")
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return True


def _let_go(former: sqlite3.Connection) -> None:
    with closing(former), suppress(sqlite3.DatabaseError):
        former.execute("ROLLBACK")
        # nothing of it may stay in a log beside it
        former.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _refuse_live(connection: sqlite3.Connection, path: Path) -> None:
    rows = connection.execute(
        "SELECT command, site, holder FROM runs WHERE finished_at IS NULL ORDER BY started_at"
    )
    for command, site, holder in rows:
        if holder and is_alive(holder):
            raise ArchiveError(
                f"{path} is in use ({command} of {site}, {holder}); wait for it, or stop it and try again"
            )
