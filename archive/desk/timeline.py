"""How many articles a search finds in each month, counted to the last one.

Docids are chronological, so the hits of a month are a slice of all hits in order. Every hit of an index
is gathered in one pass of FTS5 (docs/design-notes.md#timelines): counting month by month in SQL took seconds for phrases
that are rare but made of common words. What a search finds is the hits of both indexes together, as on
the search page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.expansion import variants
from archive.desk.filters import Facet, condition
from archive.desk.hits import dated, whole
from archive.desk.plan import LISTING, expansions, plan, steps_of
from archive.desk.query import parse
from archive.desk.spread import COMBINED, read_spread
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from archive.desk.filters import Query
    from archive.desk.plan import Step
    from archive.desk.query import ParsedQuery
    from archive.desk.spread import Months, Spread

#: ``2024-03``, or None for articles whose date is not known.
Month = str | None
#: Value of a facet, None where an article has none.
Value = str | int | None


@attrs.frozen(kw_only=True)
class Counts:
    """Hits by month; months without any are missing."""

    #: Hits in which the diacritics are as asked.
    exact: Mapping[Month, int]
    #: All hits, those included.
    every: Mapping[Month, int]

    @property
    def total(self) -> int:
        """All hits."""
        return sum(self.every.values())

    @property
    def exact_total(self) -> int:
        """Hits in which the diacritics are as asked."""
        return sum(self.exact.values())

    @property
    def undated(self) -> int:
        """Hits whose date is not known."""
        return self.every.get(None, 0)


NOTHING: Final = Counts(exact={}, every={})

_COUNTS: Final[Tallies[Counts]] = Tallies()
_BY_VALUE: Final[Tallies[Mapping[Value, Counts]]] = Tallies()
_POOLS: Final[Tallies[Mapping[Month, int]]] = Tallies()
_POOLS_BY_VALUE: Final[Tallies[Mapping[Value, int]]] = Tallies()


def count_months(connection: sqlite3.Connection, query: Query) -> Counts:
    """The hits of *query* by month, whatever its page and order; remembered.

    Raises BadQuery when its text cannot be read.
    """
    return _COUNTS.get(connection, query.anyhow(), lambda: _count_months(connection, query))


def _count_months(connection: sqlite3.Connection, query: Query) -> Counts:
    exact, every = _hits(connection, query)
    months = read_spread(connection).months
    return Counts(
        exact={m.month: len(some) for m, some in _cut(exact, months)},
        every={m.month: len(some) for m, some in _cut(every, months)},
    )


def count_values(
    connection: sqlite3.Connection, query: Query, facet: Facet
) -> Mapping[Value, Counts]:
    """The same for each value of a facet that any hit has."""
    key = (query.anyhow(), facet)
    return _BY_VALUE.get(connection, key, lambda: _count_values(connection, query, facet))


def _count_values(
    connection: sqlite3.Connection, query: Query, facet: Facet
) -> Mapping[Value, Counts]:
    spread = read_spread(connection)
    exact, every = (_by_value(spread, docids, facet) for docids in _hits(connection, query))
    return {
        value: Counts(exact=exact.get(value, {}), every=months) for value, months in every.items()
    }


def _by_value(spread: Spread, docids: Sequence[int], facet: Facet) -> dict[Value, dict[Month, int]]:
    place = COMBINED.index(facet)
    counted: dict[Value, dict[Month, int]] = {}
    for month, some in _cut(docids, spread.months):
        for number, times in Counter(map(spread.combination_of.__getitem__, some)).items():
            months = counted.setdefault(spread.combinations[number][place], {})
            months[month.month] = months.get(month.month, 0) + times
    return counted


def _cut(docids: Sequence[int], months: Sequence[Months]) -> Iterator[tuple[Months, Sequence[int]]]:
    """Docids in rising order by their months, those without any left out."""
    for month in months:
        some = docids[bisect_left(docids, month.first) : bisect_right(docids, month.last)]
        if some:
            yield month, some


def _hits(connection: sqlite3.Connection, query: Query) -> tuple[Sequence[int], Sequence[int]]:
    """Docids of the exact hits and of all hits, in rising order; without words all that pass the filters are both."""
    span = dated(connection, query)
    if query.is_listing:
        listed = whole(connection, LISTING, query, span)
        return listed, listed
    parsed = parse(query.text)
    steps = steps_of(query)
    exact, folded = (
        _of_index(connection, query, parsed, some, span)
        for some in (
            [step for step in steps if step.tier.exact],
            [step for step in steps if not step.tier.exact],
        )
    )
    if query.exact_only:
        return exact, exact
    # words left out in their folded form are more than those left out exactly; else the folded index
    # finds whatever the exact one finds
    return exact, sorted({*exact, *folded}) if parsed.unwanted else folded


def _of_index(
    connection: sqlite3.Connection,
    query: Query,
    parsed: ParsedQuery,
    steps: Sequence[Step],
    span: range,
) -> Sequence[int]:
    """What any step finds; all of *steps* are of one index and leave out the same."""
    if not steps:
        return []
    match = " OR ".join(f"({step.match})" for step in _needed(query, parsed, steps))
    return whole(connection, attrs.evolve(steps[-1], match=match), query, span)


def _needed(query: Query, parsed: ParsedQuery, steps: Sequence[Step]) -> Sequence[Step]:
    """Fewer or cheaper steps that find together what *steps* find.

    Where words stand together they stand in the article, so of the step for the phrase only other ways
    to write it are needed. Finding long phrases of common words is most of the work.
    """
    if not (query.expand and expansions(parsed)):
        return steps[-1:]
    phrases = parsed.together().alternatives
    if len(steps) == 1 or any(len(units) > 1 for units in phrases):
        return steps
    others = attrs.evolve(
        parsed,
        alternatives=tuple(
            (attrs.evolve(unit, text=other, quoted=True),)
            for [unit] in phrases
            for other in variants(unit.text)
        ),
    )
    instead = plan(others, exact_only=query.exact_only, expand=False)
    return [*(step for step in instead if step.index == steps[0].index), steps[-1]]


def count_pool(connection: sqlite3.Connection, query: Query) -> Mapping[Month, int]:
    """All articles that pass the filters of *query*, by month; months without any are missing."""
    return _POOLS.get(connection, _filters(query), lambda: _count_pool(connection, query))


def _count_pool(connection: sqlite3.Connection, query: Query) -> Mapping[Month, int]:
    narrowing, values = condition(query)
    if not narrowing:
        return {m.month: m.last - m.first + 1 for m in read_spread(connection).months}
    sql = (
        f"SELECT month, count(*) FROM article_facts AS facts WHERE {narrowing} GROUP BY year, month"  # noqa: S608 - built of constants
    )
    return dict(connection.execute(sql, values).fetchall())


def count_pool_values(
    connection: sqlite3.Connection, query: Query, facet: Facet
) -> Mapping[Value, int]:
    """All articles that pass the filters, by their values of *facet*."""
    key = (_filters(query), facet)
    return _POOLS_BY_VALUE.get(
        connection, key, lambda: _count_pool_values(connection, query, facet)
    )


def _count_pool_values(
    connection: sqlite3.Connection, query: Query, facet: Facet
) -> Mapping[Value, int]:
    narrowing, values = condition(query)
    where = f"WHERE {narrowing}" if narrowing else ""
    sql = f"SELECT {facet.column}, count(*) FROM article_facts AS facts {where} GROUP BY 1"  # noqa: S608 - built of constants
    return dict(connection.execute(sql, values).fetchall())


def _filters(query: Query) -> Query:
    return attrs.evolve(query.anyhow(), text="", exact_only=False, expand=True)
