"""``takedowns.csv``: articles that their paper took down, and articles withdrawn from this archive."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from archive.export.csv_file import guarded

if TYPE_CHECKING:
    import sqlite3

HEADINGS: Final = ("article_id", "kind", "happened_at", "reason")
#: Table of the snapshot -> kind, columns with the id, the instant and the reason, condition.
_SOURCES: Final = {
    "events": ("taken_down", "article_id", "happened_at", "detail", "kind = 'takedown'"),
    "withdrawals": ("withdrawn", "article_id", "withdrawn_at", "reason", "1"),
}


def takedowns(connection: sqlite3.Connection) -> list[tuple[str | None, ...]]:
    """Rows in the order of the headings; from the tables that the snapshot has."""
    found: list[tuple[str | None, ...]] = []
    for table, (kind, article, instant, reason, condition) in _SOURCES.items():
        columns = {
            x[0] for x in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        }
        if not columns:
            continue
        # a tombstone is named by its article
        name = article if article in columns else "id"
        found += connection.execute(
            f"SELECT {name}, '{kind}', {instant}, {reason} FROM {table}"  # noqa: S608 - own names
            f" WHERE {name} IS NOT NULL AND {condition} ORDER BY 1, 3"
        ).fetchall()
    return sorted(found, key=lambda row: tuple(x or "" for x in row))


def takedowns_csv(rows: list[tuple[str | None, ...]]) -> str:
    """The list as CSV with a byte order mark, as spreadsheets want it, and no cell that computes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows([[guarded(x or "") for x in row] for row in rows])
    return "\ufeff" + stream.getvalue()
