"""What changed in a table since an earlier snapshot or release: rows added, changed and withdrawn.

A row is known by its key and compared by the SHA-256 of its values. A consumer that deletes the
rows with the keys of everything listed, adds the rows that are added or changed, and sorts by key
has exactly the rows of a full export.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.errors import UsageError
from archive.export.formats import read_format
from archive.export.run import (
    ALL_TABLES,
    check_target,
    check_unchanged,
    draft_of,
    file_state,
    measure,
    open_snapshot,
    put_in_place,
    sheet_facts,
)
from archive.export.selection import choose
from archive.export.sheet import Sheet
from archive.export.tables import Column, Kind, Table, read_table, statement

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from archive.export.run import Progress
    from archive.export.selection import Selection

#: Key of a row -> SHA-256 of its values.
Digests = dict[tuple[Any, ...], bytes]
#: First column of a table of changes: ``added``, ``changed`` or ``withdrawn``.
CHANGE: Final = Column(
    name="change",
    kind=Kind.TEXT,
    sql_type="TEXT",
    required=True,
    description="added, changed or withdrawn; of withdrawn rows only the key is given.",
    sql="",
)


@attrs.frozen(kw_only=True)
class Changes:
    """What an export of changes wrote; see ``Exported``."""

    path: Path
    format: str
    table: str
    rows: int
    bytes: int
    sha256: str
    snapshot: str
    #: What it was compared with: id of the snapshot.
    since: str
    added: int
    changed: int
    #: No longer in the selection, for whatever reason.
    withdrawn: int


def export_changes(
    snapshot_path: Path,
    selection: Selection,
    *,
    table: str = "articles",
    format: str,  # noqa: A002 - the word users know
    target: Path,
    progress: Progress | None = None,
    with_text: bool = True,
) -> Changes:
    """Write what changed in a table of the selection since ``selection.since``.

    That is a day (the newest kept snapshot built on it or before), the id or file of a snapshot, or
    the folder of a release or export that holds a snapshot or an SQLite file of the same table.
    Raises what ``export`` raises, and UsageError when there is nothing to compare with.
    """
    form = read_format(format)
    if table == ALL_TABLES:
        raise UsageError("changes are written table by table; name one with --table")
    check_target(form, target)
    before_path = earlier(snapshot_path, selection.since or "")
    with open_snapshot(snapshot_path) as connection, draft_of(target) as draft:
        state = file_state(snapshot_path)
        shown = read_table(connection, table, with_text=with_text)
        since, before = digests_at(before_path, selection, shown)
        ids = choose(connection, selection)
        counts = dict.fromkeys(("added", "changed", "withdrawn"), 0)
        facts = {**sheet_facts(connection, shown), "since": since}
        sheet = Sheet(
            table=shown.name,
            columns=(
                CHANGE,
                *(attrs.evolve(x, required=x.name in shown.key) for x in shown.columns),
            ),
            rows=_changed(connection, shown, ids, before, counts),
            key=shown.key,
            facts=facts,
        )
        rows = form.write(sheet, draft)
        check_unchanged(snapshot_path, state)
        put_in_place(form, draft, target)
    if progress is not None:
        progress(table, rows, rows)
    size, digest = measure(target)
    return Changes(
        path=target,
        format=format,
        table=table,
        rows=rows,
        bytes=size,
        sha256=digest,
        snapshot=facts["snapshot"],
        since=since,
        **counts,
    )


def digests_at(path: Path, selection: Selection, shown: Table) -> tuple[str, Digests]:
    """Id of the snapshot at *path*, and the digests of its rows in the selection.

    Columns that the earlier snapshot lacks count as empty, so that their rows count as changed once
    they are filled.
    """
    with open_snapshot(path, or_export=True) as connection:
        if not _can_select(connection):
            _check_export(connection, path, selection, shown)
        try:
            known = {column.name for column in read_table(connection, shown.name).columns}
            ids = choose(connection, selection)
        except UsageError:
            # a table or a paper that was not there yet
            known, ids = set(), None
        if not known:
            return _snapshot_id(connection), {}
        columns = [
            column if column.name in known else attrs.evolve(column, sql="NULL")
            for column in shown.columns
        ]
        rows = connection.execute(statement(attrs.evolve(shown, columns=tuple(columns)), ids))
        places = _key_places(shown)
        digests = {tuple(row[place] for place in places): row_digest(row) for row in rows}
        return _snapshot_id(connection), digests


def row_digest(row: tuple[Any, ...]) -> bytes:
    """SHA-256 of the row's values as a JSON array in UTF-8."""
    return hashlib.sha256(orjson.dumps(row)).digest()


def earlier(snapshot_path: Path, since: str) -> Path:
    """The snapshot that *since* means. Raises UsageError naming those there are."""
    given = Path(since)
    if given.is_file():
        return given
    if given.is_dir():
        found = sorted(given.rglob("*.db"))
        if found:
            return found[-1]
        raise UsageError(f"since: the folder {given} holds no SQLite file to compare with")
    kept = sorted(snapshot_path.parent.glob("dqtv-*.db"))
    named = [path for path in kept if path.stem == f"dqtv-{since}"]
    day = since.replace("-", "")
    if not named and len(day) == len("20260101") and day.isascii() and day.isdigit():
        named = [path for path in kept if path.stem[len("dqtv-") :][:8] <= day]
    if not named:
        names = ", ".join(path.stem.removeprefix("dqtv-") for path in kept)
        raise UsageError(
            f"since: {since!r} is no day (YYYY-MM-DD) on which a snapshot was kept, no snapshot"
            f" and no folder to compare with; kept snapshots: {names}"
        )
    return named[-1]


def _can_select(connection: sqlite3.Connection) -> bool:
    """True for a snapshot; an SQLite export of one has no facts to select by."""
    sql = "SELECT count(*) FROM sqlite_master WHERE name = 'article_facts'"
    return bool(connection.execute(sql).fetchone()[0])


#: Tables that have another name in a release.
_RELEASED_AS: Final = {"article_versions": "versions", "sites": "papers"}


def _check_export(
    connection: sqlite3.Connection, path: Path, selection: Selection, shown: Table
) -> None:
    """Make an exported or released table readable under its own name, or say why it cannot be compared."""
    if not selection.everything:
        raise UsageError(
            f"since: {path} has no search index; compare it with an export of everything"
        )
    tables = {
        x[0] for x in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    released = _RELEASED_AS.get(shown.name, "")
    if shown.name not in tables and released not in tables:
        raise UsageError(
            f"since: {path} has no table {shown.name}; give a snapshot, or an export that has it"
        )
    if shown.name not in tables:
        connection.execute(f'CREATE TEMP VIEW "{shown.name}" AS SELECT * FROM main."{released}"')  # noqa: S608 - own names


def _snapshot_id(connection: sqlite3.Connection) -> str:
    """Id of the snapshot, or of that which an export was made from."""
    sql = "SELECT 1 FROM sqlite_master WHERE name = 'snapshot'"
    if connection.execute(sql).fetchone():
        return str(connection.execute("SELECT id FROM snapshot").fetchone()[0])
    sql = "SELECT value FROM export_info WHERE name = 'snapshot'"
    return str(connection.execute(sql).fetchone()[0])


def _key_places(shown: Table) -> list[int]:
    names = [column.name for column in shown.columns]
    return [names.index(name) for name in shown.key]


def _changed(
    connection: sqlite3.Connection,
    shown: Table,
    ids: str | None,
    before: Digests,
    counts: dict[str, int],
) -> Iterator[tuple[Any, ...]]:
    """Rows with what happened to them in front: those there are in order of their key, then those gone."""
    places = _key_places(shown)
    for row in connection.execute(statement(shown, ids)):
        old = before.pop(tuple(row[place] for place in places), None)
        if old is None or old != row_digest(row):
            change = "added" if old is None else "changed"
            counts[change] += 1
            yield (change, *row)
    for key in sorted(before):
        counts["withdrawn"] += 1
        values: Mapping[int, Any] = dict(zip(places, key, strict=True))
        yield ("withdrawn", *(values.get(place) for place in range(len(shown.columns))))
