"""Remember which rows of a worker's archive have changed since the last segment, by triggers of the database itself.

A change and the note of it are one transaction, and whoever writes knows nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.cluster.rows import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.cluster.rows import Table
    from archive.store import Store

_TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS changed_rows (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    PRIMARY KEY ("table", "key")
) WITHOUT ROWID""",
    """
CREATE TABLE IF NOT EXISTS spool (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    site TEXT NOT NULL,
    token INTEGER NOT NULL
)""",
    """
CREATE TABLE IF NOT EXISTS sealed_segments (
    seq INTEGER PRIMARY KEY,
    manifest BLOB
)""",
)


def install(store: Store, site: str, token: int) -> None:
    """Begin to remember; *site* and *token* say under which lease. Rows that are there already count as known.

    Does nothing where it was done before. Raises ArchiveUnwritable.
    """
    with store.transaction():
        for statement in _TABLES:
            store.connection.execute(statement)
        store.connection.execute(
            "INSERT OR IGNORE INTO spool (id, site, token) VALUES (1, ?, ?)", (site, token)
        )
        for table in TABLES:
            for statement in _triggers(table):
                store.connection.execute(statement)


def _triggers(table: Table) -> Iterator[str]:
    events = [("INSERT", "NEW"), ("UPDATE", "NEW")]
    if table.shrinks:
        events.append(("DELETE", "OLD"))
    # not INSERT OR IGNORE: what the statement says that fires a trigger takes its place, and the "DO UPDATE" of an upsert
    # says ABORT (https://www.sqlite.org/lang_createtrigger.html)
    for event, row in events:
        key = ", ".join(f"{row}.{column}" for column in table.local_key)
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {table.name}_{event.lower()}_noted AFTER {event} ON {table.name} BEGIN"  # noqa: S608 - own names
            f" INSERT INTO changed_rows VALUES ('{table.name}', json_array({key})) ON CONFLICT DO NOTHING; END"
        )


def is_empty(store: Store) -> bool:
    """Whether nothing has changed since the last segment."""
    return store.connection.execute("SELECT 1 FROM changed_rows LIMIT 1").fetchone() is None


def same_row(table: Table, row: str = "t", note: str = "c") -> str:
    """Condition of SQL under which the row *row* of *table* is the one that the journal's *note* names."""
    return " AND ".join(
        f"{row}.{column} = json_extract({note}.key, '$[{at}]')"
        for at, column in enumerate(table.local_key)
    )
