"""Store the rows of a segment into ``archive.db``: each by its natural key, as it is in the worker's archive.

Beside ``archive.store`` the only writer of article rows. Rows of another site than the segment's, unknown
columns and broken lines make the whole segment a bad one.
"""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.cluster.rows import BACKFILL_KEY, BY_NAME, PASS_OF_BACKFILL
from archive.cluster.segment import columns_of
from archive.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.cluster.manifest import Manifest
    from archive.cluster.rows import Table

#: Rows handed to SQLite at once.
_BATCH: Final = 500
#: Bytes of a line: a page is at most some megabytes long, and its text is shorter.
_LONGEST_LINE: Final = 64 << 20
#: What a changed or cut file, or a worker with a fault, may lead to; the disk's own errors are none of them.
_FAULTS: Final[tuple[type[Exception], ...]] = (
    orjson.JSONDecodeError, EOFError, gzip.BadGzipFile, zlib.error, UnicodeError, OverflowError,
    sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError,
)  # fmt: skip


class BadSegment(ArchiveError):
    """A segment whose rows cannot be what a worker found at this site."""


@attrs.define(kw_only=True)
class Stored:
    """What came with a segment, as far as others need to know."""

    #: Rows written or deleted.
    rows: int = 0
    #: Runs that ended in it -> what they were for.
    ended: dict[str, str] = attrs.field(factory=dict)
    #: When the last request was made, ISO 8601 in UTC; None when none was.
    last_asked: str | None = None


def store_rows(connection: sqlite3.Connection, path: Path, manifest: Manifest) -> Stored:
    """Write the rows of the file *path*, inside a transaction. Raises BadSegment: undo it then."""
    with _told(), gzip.open(path, "rb") as file:
        reader = _Reader(connection, manifest)
        while line := file.readline(_LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise BadSegment("a line is too long, or the file is cut")
            reader.take(orjson.loads(line))
        reader.finish()
    if (counts := {name: n for name, n in reader.counts.items() if n}) != {
        name: n for name, n in manifest.rows.items() if n
    }:
        raise BadSegment(f"it holds {counts} rows, and its manifest says {manifest.rows}")
    return reader.stored


class _Reader:
    """Reads the lines of one rows file."""

    def __init__(self, connection: sqlite3.Connection, manifest: Manifest) -> None:
        self.stored = Stored()
        self.counts: dict[str, int] = {}
        self._connection = connection
        self._manifest = manifest
        self._files = {file.name: file for file in manifest.warc_files}
        self._backfills: dict[str, int] = {}
        self._part: _Part | None = None
        self._rows: list[list[Any]] = []

    def take(self, value: object) -> None:
        """Take one line."""
        if isinstance(value, dict):
            self.finish()
            self._part = self._begin(value)
            return
        part = self._part
        if part is None or not isinstance(value, list) or len(value) != len(part.columns):
            raise BadSegment("a line is no row of the table named before it")
        self._check(part, value)
        self._rows.append(value)
        if len(self._rows) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        """Write what waits."""
        self._flush()

    def _begin(self, value: dict[str, Any]) -> _Part:
        name, columns, gone = value.get("table"), value.get("columns"), value.get("gone", False)
        table = BY_NAME.get(name) if isinstance(name, str) else None
        if table is None or not isinstance(columns, list) or not all(isinstance(x, str) for x in columns):  # fmt: skip
            raise BadSegment(f"it holds rows of {name!r}, which travel from nowhere")
        known = set(columns_of(self._connection, table.name)) - table.left_out
        if gone and (not table.shrinks or tuple(columns) != table.key):
            raise BadSegment(f"it deletes rows of {name} by {columns}")
        if len(set(columns)) != len(columns) or not set(table.key) <= set(columns) <= known:
            raise BadSegment(f"it holds columns of {name} that are not known here: {columns}")
        return _Part.of(table, tuple(columns), gone=bool(gone))

    def _check(self, part: _Part, row: list[Any]) -> None:
        owner, site = row[part.owner], self._manifest.key.site
        if part.owner_is_site:
            is_ours = owner == site
        elif part.owner_is_key:
            # looked up with its site below
            is_ours = owner is not None
        else:
            is_ours = isinstance(owner, str) and owner.startswith(f"{site}:")
        if not is_ours:
            raise BadSegment(
                f"it holds a row of {part.table.name} that is not of {site}: {owner!r}"
            )
        for at, convert in part.converted:
            if row[at] is not None:
                row[at] = convert(self, row[at])
        if part.seen is not None:
            part.seen(self, dict(zip(part.columns, row, strict=True)))

    def _flush(self) -> None:
        if self._part is not None and self._rows:
            for statement in self._part.statements:
                self._connection.executemany(statement, self._rows)
            name = self._part.table.name
            self.counts[name] = self.counts.get(name, 0) + len(self._rows)
            self.stored.rows += len(self._rows)
            self._rows = []

    def backfill_id(self, key: object) -> int:
        """The archive's number of the backfill with this key."""
        if not isinstance(key, str):
            raise BadSegment(f"it names a backfill by {key!r}")
        if key not in self._backfills:
            values = orjson.loads(key)
            if not isinstance(values, list) or len(values) != len(BACKFILL_KEY) or values[0] != self._manifest.key.site:  # fmt: skip
                raise BadSegment(f"it names a backfill of another site: {key}")
            where = " AND ".join(f"{column} = ?" for column in BACKFILL_KEY)
            row = self._connection.execute(
                f"SELECT id FROM backfills WHERE {where} ORDER BY id LIMIT 1",  # noqa: S608 - own names
                values,
            ).fetchone()
            if row is None:
                raise BadSegment(f"it names a backfill that is not known here: {key}")
            self._backfills[key] = row[0]
        return self._backfills[key]

    def look_pass(self, text: object) -> object:
        """``frontier.polled_in`` with the archive's number of a backfill."""
        if not isinstance(text, str) or not text.startswith(PASS_OF_BACKFILL):
            return text
        return f"{PASS_OF_BACKFILL}{self.backfill_id(text.removeprefix(PASS_OF_BACKFILL))}"

    def see_file(self, row: dict[str, Any]) -> None:
        """A WARC file on record must be one that came with the segment."""
        file = self._files.get(row["name"])
        if file is None or (row.get("bytes"), row.get("sha256")) != (file.size, file.sha256):
            raise BadSegment(f"it tells of a file {row['name']!r} that its manifest does not hold")

    def see_line(self, row: dict[str, Any]) -> None:
        """Note when the site was asked last."""
        if isinstance(asked := row.get("asked_at"), str):
            self.stored.last_asked = max(self.stored.last_asked or "", asked)

    def see_run(self, row: dict[str, Any]) -> None:
        """Note that a run has ended."""
        self.stored.ended[str(row["run_id"])] = str(row.get("kind"))


@attrs.frozen(kw_only=True)
class _Part:
    """Lines of one table."""

    table: Table
    columns: tuple[str, ...]
    statements: tuple[str, ...]
    #: Place of the column that says whose row it is.
    owner: int
    #: It holds the site itself; else
    owner_is_site: bool
    #: a key of a backfill in JSON, or an article's id.
    owner_is_key: bool
    converted: tuple[tuple[int, Callable[[_Reader, object], object]], ...]
    #: Hears each row, where somebody wants to know.
    seen: Callable[[_Reader, dict[str, Any]], None] | None

    @classmethod
    def of(cls, table: Table, columns: tuple[str, ...], *, gone: bool) -> _Part:
        owner = "site" if "site" in columns else table.key[0]
        return cls(
            table=table,
            columns=columns,
            statements=(_delete(table),) if gone else _writing(table, columns),
            owner=columns.index(owner),
            owner_is_site=owner == "site" or table.name == "sites",
            owner_is_key=owner == "backfill_id",
            converted=tuple(
                (at, _CONVERTED[name]) for at, name in enumerate(columns) if name in _CONVERTED
            ),
            seen=None if gone else _SEEN.get(table.name),
        )


_CONVERTED: Final = {"backfill_id": _Reader.backfill_id, "polled_in": _Reader.look_pass}
_SEEN: Final = {
    "warc_files": _Reader.see_file, "crawl_log": _Reader.see_line, "site_health": _Reader.see_run,
}  # fmt: skip


def _writing(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Statements that make a row what the worker says, executed in this order for each group of rows."""
    names = ", ".join(columns)
    marks = ", ".join(f"?{at}" for at in range(1, len(columns) + 1))
    others = [name for name in columns if name not in table.key]
    if table.is_unique:
        change = ", ".join(f"{x} = {table.merged.get(x, f'excluded.{x}')}" for x in others)
        action = f"UPDATE SET {change}" if others and not table.is_written_once else "NOTHING"
        key = ", ".join(table.key)
        return (f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO {action}",)  # noqa: S608 - own names  # fmt: skip
    same = " AND ".join(f"{name} IS ?{columns.index(name) + 1}" for name in table.key)
    new = f"INSERT INTO {table.name} ({names}) SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM {table.name} WHERE {same})"  # noqa: S608 - own names  # fmt: skip
    if table.is_written_once:
        return (new,)
    change = ", ".join(f"{name} = ?{columns.index(name) + 1}" for name in others)
    return (f"UPDATE {table.name} SET {change} WHERE {same}", new)  # noqa: S608 - own names


def _delete(table: Table) -> str:
    same = " AND ".join(f"{name} = ?" for name in table.key)
    return f"DELETE FROM {table.name} WHERE {same}"  # noqa: S608 - own names


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise BadSegment(f"its rows cannot be read or stored ({error})") from error
