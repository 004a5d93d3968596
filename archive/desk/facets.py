"""How the hits of a search spread over papers, provinces, years, months, sections and levels.

The hits of a tier that is counted to its end are counted one by one. The others are estimated: the
snapshot is cut at every new year, and of each span the newest hits are counted for all of it; of a prefix,
the hits among articles taken evenly over time. So every period has its say at a bounded cost, and the numbers are shown as what they are.

A facet's own choices do not narrow its counts: what else could be chosen must be seen.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet
from archive.desk.hits import dated, found, newest, thinned
from archive.desk.spread import COMBINED, read_spread
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

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
    """Hits by value of each facet."""

    spread: Spread
    by_facet: dict[Facet, Counter[int | str | None]]
    estimated: bool

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query, steps: Sequence[Step]) -> _Tally:
        tiers = found(connection, query, steps)
        tally = cls(
            spread=read_spread(connection),
            by_facet={facet: Counter() for facet in Facet},
            estimated=any(tier.capped for tier in tiers),
        )
        better: set[int] = set()
        for tier in tiers:
            if tier.capped:
                for weight, docids in _sampled(connection, query, tier, tally.spread):
                    tally.add([docid for docid in docids if docid not in better], weight)
            else:
                tally.add(tier.docids, 1)
                better.update(tier.docids)
        return tally

    def add(self, docids: Iterable[int], weight: float) -> None:
        """Count some hits, each for *weight* of them; a Counter adds up floats as well."""
        docids = list(docids)
        facets = self.spread
        combined = Counter(map(facets.combination_of.__getitem__, docids))
        for place, times in combined.items():
            for facet, value in zip(COMBINED, facets.combinations[place], strict=True):
                self.by_facet[facet][value] += times * weight  # type: ignore[assignment]  # rounded when shown
        for place, times in Counter(map(facets.month_of.__getitem__, docids)).items():
            month = facets.months[place]
            self.by_facet[Facet.MONTH][month.month] += times * weight  # type: ignore[assignment]
            self.by_facet[Facet.YEAR][month.year] += times * weight  # type: ignore[assignment]


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
    for span, docids in zip(
        spans, newest(connection, tier.step, query, spans, each=_IN_SPAN), strict=True
    ):
        whole = len(docids) < _IN_SPAN
        yield (1.0 if whole else len(span) / (span.stop - docids[-1])), docids


def _choices(query: Query, facet: Facet, counted: Counter[int | str | None]) -> Iterator[Choice]:
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
