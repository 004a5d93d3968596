"""The hits of a search, tier by tier: what every count, page, order and facet of it is made of.

Each tier's newest hits are gathered in one pass, up to a limit; FTS5 stops early in descending order
of docids, which is newest first. They come out of SQLite as one text: a row for each would take the
interpreter's lock each time, and all clients would wait for each other (measured).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.desk.article_sets import newest_of, read_sets, set_of
from archive.desk.common_phrases import commonly_found
from archive.desk.filters import Query, condition, dated
from archive.desk.plan import EXACT_INDEX
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from archive.desk.plan import Step

#: A tier is counted, and can be paged through, up to here; behind a tier with more, no other is
#: looked for: nobody reads 500 pages to get there, and it was most of the work (measured).
COUNT_LIMIT: Final = 10_000

#: Articles a word is looked for in one by one, some 15 µs each, where no more pass the filters: a common
#: word among a paper's articles of a month is found thus in a hundredth of the time (measured).
_LOOKED_INTO: Final = 4_000
#: Times as long as walking past an article of the span.
_SLOWER: Final = 20
#: Hits that come out of SQLite in one text; of ten characters each they stay below the longest value it
#: may make (``security.MAX_VALUE_BYTES``).
_AT_ONCE: Final = 400_000

_UNFILTERED: Final = Query(text="")
_KNOWN: Final[Tallies[tuple[Found, ...]]] = Tallies()


@attrs.frozen(kw_only=True)
class Found:
    """The hits of one tier."""

    step: Step
    #: Newest first.
    docids: Sequence[int]
    #: True when there are older ones.
    capped: bool


def found(connection: sqlite3.Connection, query: Query, steps: Sequence[Step]) -> tuple[Found, ...]:
    """The hits of *query*, best tier first; tiers behind a capped one are missing.

    They are the same for every page and order, and are remembered.
    """
    return _KNOWN.get(
        connection, query.anyhow(), lambda: gather(connection, query, steps, limit=COUNT_LIMIT)
    )


def gather(
    connection: sqlite3.Connection, query: Query, steps: Iterable[Step], *, limit: int
) -> tuple[Found, ...]:
    """At most *limit* hits of each tier; an article belongs to the first tier that it hits."""
    span = dated(connection, query)
    tiers: list[Found] = []
    better: set[int] = set()
    for step in steps:
        # of so many, no more than those of the better tiers are hit already
        docids = _newest(connection, query, step, span, better, most=limit + 1 + len(better))
        if better:
            docids = array("I", [docid for docid in docids if docid not in better])
        tiers.append(Found(step=step, docids=docids[:limit], capped=len(docids) > limit))
        if tiers[-1].capped:
            break
        better.update(docids)
    return tuple(tiers)


def _newest(
    connection: sqlite3.Connection,
    query: Query,
    step: Step,
    span: range,
    better: set[int],
    *,
    most: int,
) -> array[int]:
    """At most *most* hits of a step, newest first; FTS5 looks for what common phrases do not answer."""
    common, unknown = commonly_found(connection, step)
    docids = array("I")
    if unknown is not None:
        left = _left(connection, query, unknown, span, better)
        if left is not None:
            docids = among(connection, unknown, left)
        else:
            [docids] = newest(connection, unknown, query, [span], each=most)
    if common and query.filtered:
        common &= read_sets(connection).passing(connection, query)
    return newest_of(common | set_of(docids), most) if common else docids


def _left(
    connection: sqlite3.Connection, query: Query, step: Step, span: range, better: set[int]
) -> list[int] | None:
    """The articles that pass the filters and are in no better tier; None where there are too many to look into each."""
    narrowing, values = condition(query)
    if not narrowing or not step.match or step.prefix:
        return None
    # each word and phrase is looked up anew for each article
    most = min(_LOOKED_INTO, len(span) // _SLOWER) // (step.match.count('"') // 2)
    sql = f"SELECT group_concat(docid) FROM (SELECT docid FROM article_facts AS facts WHERE {narrowing} LIMIT ?)"  # noqa: S608 - built of constants
    passing = _read(connection.execute(sql, [*values, most + len(better) + 1]).fetchone()[0])
    left = [docid for docid in passing if docid not in better]
    return left if len(left) <= most else None


def among(connection: sqlite3.Connection, step: Step, docids: Sequence[int]) -> array[int]:
    """Those of *docids* that are hits of a step, newest first."""
    if not docids:
        return array("I")
    span = range(min(docids), max(docids) + 1)
    hits, values = source(step, _UNFILTERED, span=span)
    listed = ", ".join(map(str, docids))
    sql = f"SELECT group_concat({step.index}.rowid) {hits} AND {step.index}.rowid IN ({listed})"
    return array("I", sorted(_read(connection.execute(sql, values).fetchone()[0]), reverse=True))


def newest(
    connection: sqlite3.Connection,
    step: Step,
    query: Query,
    spans: Sequence[range],
    *,
    each: int,
) -> list[array[int]]:
    """The newest hits of a step in each of some spans of docids, at most *each*; better tiers included."""
    if not spans:
        return []
    parts: list[str] = []
    values: list[object] = []
    for span in spans:
        hits, its_values = source(step, query, span=span)
        parts.append(
            f"SELECT group_concat(docid) AS docids FROM (SELECT {step.index}.rowid AS docid {hits}"  # noqa: S608 - built of constants
            f" ORDER BY {step.index}.rowid DESC LIMIT {each})"
        )
        values += its_values
    sql = f"SELECT group_concat(ifnull(docids, ''), ';') FROM ({' UNION ALL '.join(parts)})"  # noqa: S608 - built of constants
    return [_read(text) for text in str(connection.execute(sql, values).fetchone()[0]).split(";")]


def thinned(
    connection: sqlite3.Connection, step: Step, query: Query, span: range, *, every: int
) -> array[int]:
    """The hits of a step among every so many articles of a span, in one pass; better tiers included."""
    hits, values = source(step, query, span=span)
    sql = f"SELECT group_concat({step.index}.rowid) {hits} AND {step.index}.rowid % {every} = 0"
    return _read(connection.execute(sql, values).fetchone()[0])


def whole(connection: sqlite3.Connection, step: Step, query: Query, span: range) -> list[int]:
    """Every hit of a step within a span, the oldest first; better tiers included."""
    docids: list[int] = []
    while span:
        hits, values = source(step, query, span=span)
        sql = (
            f"SELECT group_concat(docid) FROM (SELECT {step.index}.rowid AS docid {hits}"  # noqa: S608 - built of constants
            f" ORDER BY {step.index}.rowid LIMIT {_AT_ONCE})"
        )
        # four times as quick as reading number by number (measured)
        some: list[int] = orjson.loads(f"[{connection.execute(sql, values).fetchone()[0] or ''}]")
        docids += some
        span = range(some[-1] + 1, span.stop) if len(some) == _AT_ONCE else range(0)
    return docids


def _read(listed: str | None) -> array[int]:
    return array("I", map(int, listed.split(",")) if listed else ())


def source(step: Step, query: Query, *, span: range | None = None) -> tuple[str, list[object]]:
    """FROM and WHERE of a step's hits, those of better steps included, and the parameters in their order.

    With *span*, only those among its docids.

    ``article_facts AS facts`` is joined where a filter needs it. The CROSS JOIN keeps the full-text
    index the outer loop: it stops early in the order of its rowids.
    """
    narrowing, filters = condition(query)
    if not step.match:
        inside = f" AND facts.rowid BETWEEN {span.start} AND {span.stop - 1}" if span else ""
        return f"FROM article_facts AS {step.index} WHERE {narrowing or 'TRUE'}{inside}", filters
    join = f" CROSS JOIN article_facts AS facts ON facts.docid = {step.index}.rowid"
    inside = f" AND rowid BETWEEN {span.start} AND {span.stop - 1}" if span is not None else ""
    sql = f"FROM {step.index}{join if narrowing else ''} WHERE {step.index} MATCH ?"
    sql += inside.replace("rowid", f"{step.index}.rowid")
    values: list[object] = [step.match]
    if step.without_exact is not None:
        sql += (
            f" AND {step.index}.rowid NOT IN"  # noqa: S608 - built of constants
            f" (SELECT rowid FROM {EXACT_INDEX} WHERE {EXACT_INDEX} MATCH ?{inside})"
        )
        values.append(step.without_exact)
    if narrowing:
        sql += f" AND {narrowing}"
        values += filters
    return sql, values
