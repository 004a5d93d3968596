"""How the hits of a search spread over papers, provinces, years, months, sections and levels.

The hits of a tier that is counted to its end are counted one by one. The others are estimated: the
snapshot is cut at every new year, and of each span the newest hits are counted for all of it; of a prefix,
the hits among articles taken evenly over time. So every period has its say at a bounded cost, and the numbers are shown as what they are.

A facet's own choices do not narrow its counts: what else could be chosen must be seen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from operator import neg
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet, dated
from archive.desk.hits import found, newest, thinned
from archive.desk.spread import COMBINED, read_spread
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.desk.filters import Query
    from archive.desk.hits import Found
    from archive.desk.plan import Step
    from archive.desk.spread import Spread

#: An estimate is made of at least so many spans, and of so many hits in each
#: (docs/design-notes.md#facets).
_SPANS: Final = 12
_IN_SPAN: Final = 50
#: Articles taken evenly over time for a prefix: each span would read the whole prefix anew.
_THINNED: Final = 5_000
#: Values shown of a facet with many; chosen ones are always among them.
SHOWN: Final = {Facet.PAPER: 70, Facet.PROVINCE: 70, Facet.PROVINCE_TODAY: 40, Facet.SECTION: 12}


@attrs.frozen(kw_only=True)
class Choice:
    """One value of a facet."""

    value: str
    #: Hits with it, a whole number also where it is estimated.
    count: int
    chosen: bool


@attrs.frozen(kw_only=True)
class FacetCounts:
    """The values of one facet among the hits."""

    facet: Facet
    #: Years and months newest first, others by count.
    choices: tuple[Choice, ...]
    #: True when the counts are estimates.
    estimated: bool


_KNOWN: Final[Tallies[tuple[FacetCounts, ...]]] = Tallies()


def count_facets(
    connection: sqlite3.Connection, query: Query, steps: Sequence[Step]
) -> tuple[FacetCounts, ...]:
    """Counts of every facet; months only where the years leave at most three of them.

    They are the same for every page and order, and are remembered.
    """
    return _KNOWN.get(connection, query.anyhow(), lambda: tuple(_counted(connection, query, steps)))


def _counted(
    connection: sqlite3.Connection, query: Query, steps: Sequence[Step]
) -> Iterator[FacetCounts]:
    plain = _Tally.of(connection, query, steps)
    for facet in Facet:
        if facet is Facet.MONTH and not _months_wanted(query):
            continue
        tally = plain
        if query.chosen(facet):
            tally = _Tally.of(connection, query.without(facet), steps)
        yield FacetCounts(
            facet=facet,
            choices=tuple(_choices(query, facet, tally.by_facet[facet])),
            estimated=tally.estimated,
        )


def _months_wanted(query: Query) -> bool:
    return bool(query.months) or 1 <= len(query.years) <= 3  # noqa: PLR2004 - 36 months at most


@attrs.frozen(kw_only=True)
class _Tally:
    """Hits by value of each facet; an estimate need not be a whole number."""

    by_facet: dict[Facet, dict[int | str | None, float]]
    estimated: bool

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query, steps: Sequence[Step]) -> _Tally:
        facets = read_spread(connection)
        tiers = found(connection, query, steps)
        combined: dict[int, float] = defaultdict(float)
        months: dict[int, float] = defaultdict(float)
        for weight, docids in _weighted(connection, query, tiers, facets):
            for place, times in Counter(map(facets.combination_of.__getitem__, docids)).items():
                combined[place] += times * weight
            for place, times in Counter(map(facets.month_of.__getitem__, docids)).items():
                months[place] += times * weight
        return cls(
            by_facet=_by_facet(facets, combined, months),
            estimated=any(tier.capped for tier in tiers),
        )


def _by_facet(
    facets: Spread, combined: Mapping[int, float], months: Mapping[int, float]
) -> dict[Facet, dict[int | str | None, float]]:
    counted: dict[Facet, dict[int | str | None, float]] = {x: defaultdict(float) for x in Facet}
    for place, times in combined.items():
        for facet, value in zip(COMBINED, facets.combinations[place], strict=True):
            counted[facet][value] += times
    for place, times in months.items():
        month = facets.months[place]
        counted[Facet.MONTH][month.month] += times
        counted[Facet.YEAR][month.year] += times
    return counted


def _weighted(
    connection: sqlite3.Connection, query: Query, tiers: Iterable[Found], facets: Spread
) -> Iterator[tuple[float, Sequence[int]]]:
    """Hits, and the number of hits each of them stands for."""
    better: set[int] = set()
    for tier in tiers:
        if not tier.capped:
            yield 1.0, tier.docids
            better.update(tier.docids)
            continue
        for weight, docids in _sampled(connection, query, tier, facets):
            yield weight, [docid for docid in docids if docid not in better]


def _sampled(
    connection: sqlite3.Connection, query: Query, tier: Found, facets: Spread
) -> Iterator[tuple[float, Sequence[int]]]:
    """Some hits of each span, with the number of hits each of them stands for."""
    within = dated(connection, query)
    if tier.step.prefix:
        every = -(-len(within) // _THINNED)
        yield every, thinned(connection, tier.step, query, within, every=every)
        return
    longest = -(-len(within) // _SPANS)
    by_month = _months_wanted(query)
    spans = list(facets.spans(within.start, within.stop - 1, longest=longest, by_month=by_month))
    # the newest hits are at hand: the spans behind the oldest of them are to be asked for
    known = [span for span in spans if span.start >= tier.docids[-1]]
    for span in known:
        hits = tier.docids[_place(tier.docids, span.stop - 1) : _place(tier.docids, span.start - 1)]
        some = hits[:_IN_SPAN]
        yield len(hits) / max(len(some), 1), some
    others = spans[: len(spans) - len(known)]
    found_there = newest(connection, tier.step, query, others, each=_IN_SPAN)
    for span, some in zip(others, found_there, strict=True):
        whole = len(some) < _IN_SPAN
        yield (1.0 if whole else len(span) / (span.stop - some[-1])), some


def _place(docids: Sequence[int], docid: int) -> int:
    """Where *docid* is, or would be, among docids in descending order."""
    return bisect_left(docids, -docid, key=neg)


def _choices(
    query: Query, facet: Facet, counted: Mapping[int | str | None, float]
) -> Iterator[Choice]:
    chosen = query.chosen(facet)
    values: dict[int | str, float] = dict.fromkeys(chosen, 0)
    values |= {value: count for value, count in counted.items() if value is not None}
    if facet in {Facet.YEAR, Facet.MONTH, Facet.LEVEL}:
        ordered = sorted(values, reverse=True)
    else:
        ordered = sorted(values, key=lambda value: (-values[value], value))
    shown = SHOWN.get(facet, len(ordered))
    for place, value in enumerate(ordered):
        if place < shown or value in chosen:
            yield Choice(value=str(value), count=round(values[value]), chosen=value in chosen)
