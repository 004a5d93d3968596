"""Sets of articles, for counting hits to the last one.

A set is a number in which bit n stands for docid n. Joining and counting sets of a million articles takes
some ten microseconds, as Python's numbers are of any length and do so word by word
(docs/design-notes.md#timelines).
"""

from __future__ import annotations

from array import array
from collections import deque
from functools import reduce
from itertools import accumulate, chain, count, repeat
from operator import or_, sub
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet, dated
from archive.desk.spread import COMBINED, read_spread
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from archive.desk.filters import Query
    from archive.desk.spread import Spread

#: ``2024-03``, or None for articles whose date is not known.
Month = str | None
#: Value of a facet, None where an article has none.
Value = str | int | None

#: Facets by whose values hits are set side by side.
_COMPARED: Final = (Facet.PAPER, Facet.PROVINCE, Facet.PROVINCE_TODAY)


def set_of(docids: Collection[int]) -> int:
    """The set of some docids."""
    size = max(docids, default=-1) + 1
    digits = bytearray(b"0") * size
    deque(map(digits.__setitem__, docids, repeat(ord("1"))), maxlen=0)
    # a number is read from its greatest digit on
    return int(digits[::-1] or b"0", 2)


def newest_of(articles: int, most: int) -> array[int]:
    """The greatest docids of a set, at most *most*, the greatest first."""
    digits = f"{articles:b}"
    # what stands before each of the first ones; counted by C, a third of the time of looking for one by one
    zeros = digits.split("1", most)[:-1]
    return array("I", map(sub, count(len(digits) - 1, -1), accumulate(map(len, zeros))))


def set_between(first: int, last: int) -> int:
    """The set of the docids from *first* to *last*."""
    return ((1 << (last + 1 - first)) - 1) << first if first <= last else 0


@attrs.frozen(kw_only=True)
class ArticleSets:
    """The articles of a snapshot by month, paper and province."""

    spread: Spread
    #: Facet -> value -> the articles that have it.
    having: Mapping[Facet, Mapping[Value, int]]
    #: For each month: which bytes of a set are its articles', behind how many bits, as which bits then.
    month_places: Sequence[tuple[Month, slice, int, int]] = attrs.field(init=False)

    @month_places.default
    def _places(self) -> Sequence[tuple[Month, slice, int, int]]:
        return [
            (
                month.month,
                slice(month.first >> 3, (month.last >> 3) + 1),
                month.first & 7,
                set_between(0, month.last - month.first),
            )
            for month in self.spread.months
        ]

    @property
    def size(self) -> int:
        """Every docid is below it."""
        return len(self.spread.combination_of)

    def by_month(self, articles: int) -> dict[Month, int]:
        """How many of a set are of each month; months without any are missing."""
        data = articles.to_bytes(self.size // 8 + 1, "little")
        counted = {}
        for month, own_bytes, shift, mask in self.month_places:
            if part := int.from_bytes(data[own_bytes], "little") >> shift & mask:
                counted[month] = part.bit_count()
        return counted

    def passing(self, connection: sqlite3.Connection, query: Query) -> int:
        """The articles that pass the filters of *query*."""
        passing = set_between(1, self.size - 1)
        if query.published_from or query.published_to:
            days = dated(connection, attrs.evolve(query, years=(), months=()))
            passing &= set_between(days.start, days.stop - 1)
        for facet in Facet:
            if chosen := query.chosen(facet):
                passing &= self._of_any(facet, chosen)
        return passing

    def _of_any(self, facet: Facet, chosen: Sequence[Value]) -> int:
        if facet in self.having:
            return reduce(or_, (self.having[facet].get(value, 0) for value in chosen))
        if facet in COMBINED:
            place = COMBINED.index(facet)
            digits = bytes(b"01"[x[place] in chosen] for x in self.spread.combinations)
            of_all = bytes(map(digits.__getitem__, self.spread.combination_of))
            # docid 0 is no article, whatever it is combined with
            return int(of_all[:0:-1] + b"0", 2)
        return reduce(
            or_,
            (
                set_between(month.first, month.last)
                for month in self.spread.months
                if (month.year if facet is Facet.YEAR else month.month) in chosen
            ),
            0,
        )


_KNOWN: Final[Tallies[ArticleSets]] = Tallies(kept=2)


def read_sets(connection: sqlite3.Connection) -> ArticleSets:
    """The sets of a snapshot; the first time it takes some 3 s for a million articles, ``read_spread`` included."""
    return _KNOWN.get(connection, None, lambda: _made(read_spread(connection)))


def _made(spread: Spread) -> ArticleSets:
    size = len(spread.combination_of)
    docids = [array("I") for _ in spread.combinations]
    for docid in range(1, size):
        docids[spread.combination_of[docid]].append(docid)
    having: dict[Facet, dict[Value, int]] = {}
    for facet in _COMPARED:
        place = COMBINED.index(facet)
        own: dict[Value, list[array[int]]] = {}
        for values, some in zip(spread.combinations, docids, strict=True):
            own.setdefault(values[place], []).append(some)
        having[facet] = {value: set_of(array("I", chain(*some))) for value, some in own.items()}
    return ArticleSets(spread=spread, having=having)
