"""Which of Datasette's databases is the snapshot, and what every page needs to know of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs

from archive.desk.snapshot import (
    Paper,
    SnapshotFacts,
    is_snapshot,
    read_facts,
    read_papers,
    read_provinces,
)

if TYPE_CHECKING:
    import sqlite3

    from datasette.app import Datasette


@attrs.frozen(kw_only=True)
class Served:
    """The snapshot a Datasette serves."""

    #: Name of the database in Datasette; part of its tables' addresses.
    database: str
    facts: SnapshotFacts
    papers: tuple[Paper, ...]
    provinces: tuple[str, ...]

    @property
    def is_fictional(self) -> bool:
        """True when papers of the demo press are among the papers: readers must be told."""
        return any(paper.status == "demo" for paper in self.papers)


# A snapshot never changes under its file name, so it is read once for each Datasette.
_KNOWN: WeakKeyDictionary[Any, Served] = WeakKeyDictionary()


def known(datasette: Datasette) -> Served | None:
    """The snapshot found earlier, or None; asks no database."""
    found = _KNOWN.get(datasette)
    return found if found is not None and found.database in datasette.databases else None


async def find(datasette: Datasette) -> Served | None:
    """The newest published snapshot among Datasette's databases, or None."""
    if (found := known(datasette)) is not None:
        return found
    candidates = []
    for name, database in datasette.databases.items():
        # _internal is Datasette's own catalogue, in memory
        if name != "_internal" and await database.execute_fn(is_snapshot):
            candidates.append(await database.execute_fn(partial(_read, name)))
    if not candidates:
        return None
    newest: Served = max(candidates, key=lambda served: served.facts.built_at)
    _KNOWN[datasette] = newest
    return newest


def _read(database: str, connection: sqlite3.Connection) -> Served:
    return Served(
        database=database,
        facts=read_facts(connection),
        papers=read_papers(connection),
        provinces=read_provinces(connection),
    )
