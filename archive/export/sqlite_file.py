"""SQLite: the rows as in the snapshot, with its types, a primary key, and the snapshot's id beside them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from archive.export.sheet import BATCH

if TYPE_CHECKING:
    from pathlib import Path

    from archive.export.sheet import Sheet

_INDEXES = {
    "articles": ("site", "published_at", "province", "story_id"),
    "captures": ("url",),
    "article_addresses": ("url",),
}


def write_sqlite(sheet: Sheet, path: Path) -> int:
    """Add a sheet to the database at *path* as a table; ``export_info`` holds its facts.

    The same rows give the same bytes with the same version of SQLite.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # a draft: nothing is lost with it
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        count = _fill(connection, sheet)
        names = {column.name for column in sheet.columns}
        for column in _INDEXES.get(sheet.table, ()):
            if column in names:
                connection.execute(
                    f"CREATE INDEX {sheet.table}_by_{column} ON {sheet.table} ({column})"
                )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS export_info (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
        )
        connection.executemany(
            "INSERT OR REPLACE INTO export_info VALUES (?, ?)",
            [(name, value) for name, value in sheet.facts.items() if name != "table"],
        )
        connection.execute("COMMIT")
    return count


def _fill(connection: sqlite3.Connection, sheet: Sheet) -> int:
    declared = [
        f'"{column.name}" {column.sql_type}{" NOT NULL" if column.required else ""}'
        for column in sheet.columns
    ]
    if sheet.key:
        declared.append(f"PRIMARY KEY ({', '.join(sheet.key)})")
    connection.execute(f"CREATE TABLE {sheet.table} ({', '.join(declared)})")
    marks = ", ".join("?" * len(sheet.columns))
    rows = iter(sheet.rows)
    count = 0
    while batch := list(islice(rows, BATCH)):
        connection.executemany(f"INSERT INTO {sheet.table} VALUES ({marks})", batch)  # noqa: S608 - own names
        count += len(batch)
    return count
