"""Seal what a worker's crawl has done since the last time into a segment: a file of rows beside the closed WARC files.

A spool is an ordinary archive folder with one site, begun by ``archive.cluster.state.open_spool``. Segments lie in
``segments/<seq>/``. The commit that empties the journal is the instant at which a segment is sealed: killed
before, it is begun again from the journal; after, it is whole. The caller closes the WARC files first.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.cdxj import index_path
from archive.cluster.journal import is_empty, same_row
from archive.cluster.manifest import MANIFEST, ROWS, File, Key, Manifest, read_manifest
from archive.cluster.rows import BACKFILL_COLUMNS, BACKFILL_KEY, PASS_OF_BACKFILL, TABLES
from archive.errors import ArchiveError
from archive.recovery import recover_open_files
from archive.schema import MIGRATIONS
from archive.warc_files import refusals, sync_folder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from archive.cluster.rows import Table
    from archive.store import Store

SOFTWARE: Final = f"dqtv-archive/{version('dqtv-archive')}"
_FOLDER: Final = "segments"
#: Rows read at once.
_BATCH: Final = 500
#: The fastest: rows are a small part of a segment.
_LEVEL: Final = 1


@attrs.frozen(kw_only=True)
class Segment:
    """A sealed segment in its spool."""

    manifest: Manifest
    #: The manifest's bytes, as they are pushed.
    content: bytes
    #: The spool.
    root: Path

    @property
    def key(self) -> Key:
        """Site, token and number."""
        return self.manifest.key

    @property
    def folder(self) -> Path:
        """Where its rows lie."""
        return _folder(self.root, self.key.seq)

    def path(self, file: File) -> Path:
        """Where a file of its manifest lies."""
        return self.folder / ROWS if file.name == ROWS else self.root / "warc" / file.name


def seal(store: Store) -> Segment | None:
    """Seal what has changed in the spool *store* since the last segment; None when nothing has.

    Outside of transactions. Raises ArchiveError while a WARC file of it is open, ArchiveUnwritable (nothing is
    lost then: the next call takes it along).
    """
    if is_empty(store):
        return None
    _drop_unsealed(store)
    with store.transaction():
        connection = store.connection
        _refuse_open_files(connection)
        key = _next_key(connection)
        folder = _folder(store.root, key.seq)
        with refusals(folder):
            folder.mkdir(parents=True)
            counts = _write_rows(connection, folder / ROWS)
            manifest = Manifest(
                key=key,
                files=(_rows_file(folder / ROWS), *_warc_files(connection)),
                rows=counts,
                software=SOFTWARE,
                schema=MIGRATIONS.applied(store.database)[-1].name,
                sealed_at=datetime.now(UTC),
            )
            content = manifest.to_bytes()
            _write_whole(folder / MANIFEST, content)
            sync_folder(folder.parent)
        connection.execute("DELETE FROM changed_rows")
        connection.execute(
            "INSERT INTO sealed_segments (seq, manifest) VALUES (?, ?)", (key.seq, content)
        )
    return Segment(manifest=manifest, content=content, root=store.root)


def sealed(store: Store) -> tuple[Segment, ...]:
    """Segments of the spool that were not discarded, oldest first."""
    site, token = _lease(store.connection)
    rows = store.connection.execute(
        "SELECT seq, manifest FROM sealed_segments WHERE manifest IS NOT NULL ORDER BY seq"
    ).fetchall()
    return tuple(
        Segment(
            manifest=read_manifest(content, Key(site=site, token=token, seq=seq)),
            content=content,
            root=store.root,
        )
        for seq, content in rows
    )


def discard(store: Store, acked: int) -> tuple[Key, ...]:
    """Delete the segments up to number *acked*, WARC files too: the archive has them. Raises ArchiveUnwritable."""
    done = [segment for segment in sealed(store) if segment.key.seq <= acked]
    for segment in done:
        for file in segment.manifest.files:
            path = segment.path(file)
            with refusals(path):
                path.unlink(missing_ok=True)
                if file.name != ROWS:
                    # the crawl's end indexes what has no index yet, and would miss this one
                    index = index_path(store.root, file.name)
                    index.parent.mkdir(parents=True, exist_ok=True)
                    index.touch()
        with refusals(segment.folder):
            shutil.rmtree(segment.folder, ignore_errors=True)
        with store.transaction():
            store.connection.execute(
                "UPDATE sealed_segments SET manifest = NULL WHERE seq = ?", (segment.key.seq,)
            )
    return tuple(segment.key for segment in done)


def recover(store: Store) -> Segment | None:
    """Bring a spool left by a killed crawl into order and seal what it had not; None when that is nothing.

    Raises what ``archive.recovery.recover_open_files`` and ``seal`` raise.
    """
    site, _ = _lease(store.connection)
    recover_open_files(store, sites=(site,))
    _drop_unsealed(store)
    return seal(store)


def _folder(root: Path, seq: int) -> Path:
    return root / _FOLDER / str(seq)


def _lease(connection: sqlite3.Connection) -> tuple[str, int]:
    site, token = connection.execute("SELECT site, token FROM spool").fetchone()
    return site, token


def _next_key(connection: sqlite3.Connection) -> Key:
    site, token = _lease(connection)
    last = connection.execute("SELECT ifnull(max(seq), 0) FROM sealed_segments").fetchone()[0]
    return Key(site=site, token=token, seq=last + 1)


def _drop_unsealed(store: Store) -> None:
    """Remove what a killed seal has left."""
    last = store.connection.execute("SELECT ifnull(max(seq), 0) FROM sealed_segments").fetchone()[0]
    left = _folder(store.root, last + 1)
    with refusals(left):
        if left.exists():
            shutil.rmtree(left)


def _refuse_open_files(connection: sqlite3.Connection) -> None:
    row = connection.execute(
        "SELECT t.warc_file FROM changed_rows AS c CROSS JOIN captures AS t ON t.id = json_extract(c.key, '$[0]')"
        " LEFT JOIN warc_files AS f ON f.name = t.warc_file"
        """ WHERE c."table" = 'captures' AND f.closed_at IS NULL LIMIT 1"""
    ).fetchone()
    if row is not None:
        raise ArchiveError(
            f"{row[0]} is still being written; a segment is sealed when it is closed"
        )


def _warc_files(connection: sqlite3.Connection) -> Iterator[File]:
    for name, size, sha256 in connection.execute(
        "SELECT t.name, t.bytes, t.sha256 FROM changed_rows AS c CROSS JOIN warc_files AS t"
        " ON t.name = json_extract(c.key, '$[0]')"
        """ WHERE c."table" = 'warc_files' ORDER BY t.opened_at, t.name"""
    ):
        yield File(name=name, size=size, sha256=sha256)


def _rows_file(path: Path) -> File:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return File(name=ROWS, size=path.stat().st_size, sha256=sha256)


# -- the rows file ----------------------------------------------------------------------------------
#
# One JSON value on each line. An object begins a part, {"table": ..., "columns": [...]} of rows that are written or
# {"table": ..., "columns": [...], "gone": true} of rows that are deleted; each array after it is one of them.


def _write_rows(connection: sqlite3.Connection, path: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    changed = {row[0] for row in connection.execute('SELECT DISTINCT "table" FROM changed_rows')}
    with path.open("wb") as raw:
        with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as file:
            for table in reversed(TABLES):
                if table.name in changed and table.shrinks:
                    counts[table.name] = _write_gone(connection, table, file)
            for table in TABLES:
                if table.name in changed:
                    written = _write_table(connection, table, file)
                    counts[table.name] = counts.get(table.name, 0) + written
        raw.flush()
        os.fsync(raw.fileno())
    return counts


def _write_gone(connection: sqlite3.Connection, table: Table, file: gzip.GzipFile) -> int:
    keys = connection.execute(
        f'SELECT c.key FROM changed_rows AS c WHERE c."table" = ?'  # noqa: S608 - own names
        f" AND NOT EXISTS (SELECT 1 FROM {table.name} AS t WHERE {same_row(table)})",
        (table.name,),
    )
    written = 0
    for (key,) in keys:
        if not written:
            file.write(_line({"table": table.name, "columns": table.key, "gone": True}))
        # the key is a JSON array already
        file.write(key.encode() + b"\n")
        written += 1
    return written


def _write_table(connection: sqlite3.Connection, table: Table, file: gzip.GzipFile) -> int:
    columns = [name for name in columns_of(connection, table.name) if name not in table.left_out]
    values = ", ".join(_expression(column) for column in columns)
    in_order = " ORDER BY t.id" if "id" in table.left_out else ""
    rows = connection.execute(
        f"SELECT {values} FROM changed_rows AS c CROSS JOIN {table.name} AS t ON {same_row(table)}"  # noqa: S608 - own names
        f' WHERE c."table" = ?{in_order}',
        (table.name,),
    )
    written = 0
    while group := rows.fetchmany(_BATCH):
        if not written:
            file.write(_line({"table": table.name, "columns": columns}))
        file.write(b"".join(map(_line, group)))
        written += len(group)
    return written


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Names of a table's columns."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return tuple(row[0] for row in rows)


def _expression(column: str) -> str:
    """What stands for a column in the rows file; numbers of backfills become their keys."""
    if column not in BACKFILL_COLUMNS:
        return f"t.{column}"
    key = ", ".join(f"b.{name}" for name in BACKFILL_KEY)
    chosen = f"(SELECT json_array({key}) FROM backfills AS b WHERE b.id = "  # noqa: S608 - own names
    if column == "backfill_id":
        return f"{chosen}t.backfill_id)"
    return (
        f"iif(t.polled_in GLOB '{PASS_OF_BACKFILL}*', '{PASS_OF_BACKFILL}' ||"
        f" {chosen}CAST(substr(t.polled_in, {len(PASS_OF_BACKFILL) + 1}) AS INTEGER)), t.polled_in)"
    )


def _line(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"


def _write_whole(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
