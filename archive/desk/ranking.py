"""Best match: the newest hits of a tier by where and how often the words stand, at a bounded cost.

No bm25: FTS5 walks through every article that holds a word to weigh it, a second for "dân quân" in a
million articles whatever the number of hits ranked (measured). What is looked at instead are

1. the place: first articles whose headline answers the whole query, then those whose headline and
   lead do together, then the rest;
2. for the first sixty of them, the times the words stand in the article.

Newer articles come first among equals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.desk.highlight import OPEN

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from archive.desk.plan import Step

#: Newest hits of a tier that are ranked by place; older ones follow by date.
RANKED: Final = 2_000
#: The first of them, which are ranked by number of mentions as well: three pages.
FINELY: Final = 60
#: Parts of an article in which all of the query must stand, better ones first.
_PLACES: Final = ("title", "{title sapo}")


def ranked(connection: sqlite3.Connection, step: Step, docids: Sequence[int]) -> list[int]:
    """*docids*, hits of *step* with the newest first, the best first."""
    some = docids[:RANKED]
    places = _places(connection, step, some)
    by_place = sorted(some, key=lambda docid: -places[docid])
    first = by_place[:FINELY]
    times = _mentions(connection, step, first)
    first.sort(key=lambda docid: (-places[docid], -times.get(docid, 0)))
    return [*first, *by_place[FINELY:], *docids[RANKED:]]


def _places(connection: sqlite3.Connection, step: Step, docids: Sequence[int]) -> dict[int, int]:
    """Docid -> number of the places above that hold all of the query."""
    found = dict.fromkeys(docids, 0)
    if not found:
        return found
    sql = (
        f"SELECT group_concat(rowid) FROM {step.index}"  # noqa: S608 - built of constants
        f" WHERE {step.index} MATCH ? AND rowid BETWEEN ? AND ?"
    )
    for place in _PLACES:
        values = [f"{place} : ({step.highlight})", min(docids), max(docids)]
        for docid in map(int, (connection.execute(sql, values).fetchone()[0] or "0").split(",")):
            if docid in found:
                found[docid] += 1
    return found


def _mentions(connection: sqlite3.Connection, step: Step, docids: Sequence[int]) -> dict[int, int]:
    """Docid -> times the words looked for stand in headline, lead and text."""
    if not docids:
        return {}
    texts = " || ".join(
        f"ifnull(highlight({step.index}, {column}, '{OPEN}', ''), '')" for column in range(3)
    )
    # the LIMIT lets SQLite call highlight() in a query of its own, where alone it works
    sql = f"""
        SELECT group_concat(docid || ' ' || (length(marked) - length(replace(marked, '{OPEN}', ''))))
        FROM (
            SELECT rowid AS docid, {texts} AS marked FROM {step.index}
            WHERE {step.index} MATCH ? AND rowid BETWEEN ? AND ?
                AND +rowid IN ({", ".join("?" * len(docids))})
            LIMIT {FINELY}
        )
    """  # noqa: S608 - built of constants
    values = [step.highlight, min(docids), max(docids), *docids]
    listed = str(connection.execute(sql, values).fetchone()[0])
    pairs = (pair.split() for pair in listed.split(","))
    return {int(docid): int(times) for docid, times in pairs}
