"""How the hits of a search spread over papers, provinces, years, months, sections and levels.

Up to ``EXACTLY`` hits are counted one by one. More are estimated: the snapshot is cut into spans of
equal length in time order, and of each span the newest hits are counted for all of it. So every
period has its say at a bounded cost, and the numbers are shown as what they are.

A facet's own choices do not narrow its counts: what else could be chosen must be seen.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet
from archive.desk.hits import source

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from archive.desk.filters import Query
    from archive.desk.plan import Step

    Row = tuple[int | str | None, ...]

#: Hits counted one by one (docs/design-notes.md#facets).
EXACTLY: Final = 2_000
#: Spans an estimate is made of, and hits looked at in each.
_SPANS: Final = 40
_IN_SPAN: Final = 50
#: Values shown of a facet with many; chosen ones are always among them.
SHOWN: Final = {Facet.PAPER: 70, Facet.PROVINCE: 70, Facet.PROVINCE_TODAY: 40, Facet.SECTION: 12}
_FACETS: Final = tuple(Facet)
_COLUMNS: Final = ", ".join(f"facts.{facet.column}" for facet in _FACETS)


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


def count_facets(
    connection: sqlite3.Connection, query: Query, steps: Sequence[Step]
) -> tuple[FacetCounts, ...]:
    """Counts of every facet; months only where the years leave at most three of them."""
    plain = _Tally.of(connection, query, steps)
    counted = []
    for facet in _FACETS:
        if facet is Facet.MONTH and not _months_wanted(query):
            continue
        tally = plain
        if query.chosen(facet):
            tally = _Tally.of(connection, query.without(facet), steps)
        counted.append(
            FacetCounts(
                facet=facet,
                choices=tuple(_choices(query, facet, tally.by_facet[facet])),
                estimated=tally.estimated,
            )
        )
    return tuple(counted)


def _months_wanted(query: Query) -> bool:
    return bool(query.months) or 1 <= len(query.years) <= 3  # noqa: PLR2004 - 36 months at most


@attrs.frozen(kw_only=True)
class _Tally:
    """Hits by value of each facet."""

    by_facet: dict[Facet, Counter[int | str | None]]
    estimated: bool

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: Query, steps: Sequence[Step]) -> _Tally:
        by_facet: dict[Facet, Counter[int | str | None]] = {facet: Counter() for facet in _FACETS}
        left = EXACTLY
        estimated = False
        for step in steps:
            rows = _rows(connection, step, query, limit=left + 1)
            if len(rows) > left:
                estimated = True
                for weight, some in _sampled(connection, step, query):
                    _add(by_facet, some, weight)
            else:
                left -= len(rows)
                _add(by_facet, rows, 1.0)
        return cls(by_facet=by_facet, estimated=estimated)


def _add(
    by_facet: dict[Facet, Counter[int | str | None]], rows: Iterable[Row], weight: float
) -> None:
    # a Counter adds up floats as well; what is shown is rounded at the end
    for facet, values in zip(_FACETS, zip(*rows, strict=True), strict=False):
        for value, count in Counter(values).items():
            by_facet[facet][value] += count * weight  # type: ignore[assignment]  # see above


def _rows(
    connection: sqlite3.Connection,
    step: Step,
    query: Query,
    *,
    limit: int,
    span: tuple[int, int] | None = None,
) -> list[Row]:
    found, values = source(step, query, facts=True, span=span)
    sql = f"SELECT {_COLUMNS}, {step.index}.rowid {found} ORDER BY {step.index}.rowid DESC LIMIT ?"
    return connection.execute(sql, [*values, limit]).fetchall()


def _sampled(
    connection: sqlite3.Connection, step: Step, query: Query
) -> Iterator[tuple[float, list[Row]]]:
    """Some hits of each span, with the number of hits each of them stands for."""
    last: int = connection.execute("SELECT max(docid) FROM article_facts").fetchone()[0]
    for number in range(_SPANS):
        first, end = last * number // _SPANS + 1, last * (number + 1) // _SPANS
        rows = _rows(connection, step, query, limit=_IN_SPAN, span=(first, end))
        if not rows:
            continue
        if len(rows) < _IN_SPAN:
            yield 1.0, rows
            continue
        oldest = rows[-1][-1]
        assert isinstance(oldest, int)  # noqa: S101 - the rowid
        yield (end - first + 1) / (end - oldest + 1), rows


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
