"""Counts of several searches or papers, side by side over months or years."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.coverage import months_between
from archive.desk.filters import Facet
from archive.desk.problems import SearchProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.desk.article_sets import Month
    from archive.desk.filters import Query
    from archive.desk.timeline import Counts

#: Searches or papers that can be compared; five can still be told apart.
MOST_SERIES: Final = 5
#: Longer spans are shown by year, unless months are asked for.
BRIEF_MONTHS: Final = 72
#: Longer ones are shown by year in any case, and even longer ones not at all.
MOST_MONTHS: Final = 600
MOST_YEARS: Final = 200


class Unit(enum.StrEnum):
    """What one point of a timeline stands for."""

    MONTH = "month"
    YEAR = "year"


@attrs.frozen(kw_only=True)
class Point:
    """One month or year of one series."""

    #: ``2024-03`` or ``2024``.
    period: str
    hits: int
    exact: int
    #: All articles that pass the filters, found or not.
    articles: int

    @property
    def share(self) -> float | None:
        """Hits among the articles, from 0 to 1; None where there is no article."""
        return self.hits / self.articles if self.articles else None


@attrs.frozen(kw_only=True)
class Series:
    """One search, or one search in one paper."""

    query: Query
    #: Id of the paper, when papers are compared.
    paper: str | None
    counts: Counts
    #: All articles by month.
    pool: Mapping[Month, int]

    @property
    def share(self) -> float | None:
        """Hits among all articles, undated ones too."""
        articles = sum(self.pool.values())
        return self.counts.total / articles if articles else None

    def points(self, unit: Unit, periods: Sequence[str]) -> tuple[Point, ...]:
        """A point for each period."""
        hits, exact, articles = (
            _by_period(months, unit) for months in (self.counts.every, self.counts.exact, self.pool)
        )
        return tuple(
            Point(
                period=period,
                hits=hits.get(period, 0),
                exact=exact.get(period, 0),
                articles=articles.get(period, 0),
            )
            for period in periods
        )

    def in_period(self, period: str) -> Query:
        """The search for the articles that one point counts."""
        if "-" in period:
            return self.query.without(Facet.YEAR).narrowed(Facet.MONTH, period)
        return self.query.narrowed(Facet.YEAR, int(period))


def _by_period(months: Mapping[Month, int], unit: Unit) -> dict[str, int]:
    counted: dict[str, int] = {}
    for month, count in months.items():
        if month is not None:
            period = month if unit is Unit.MONTH else month[:4]
            counted[period] = counted.get(period, 0) + count
    return counted


@attrs.frozen(kw_only=True)
class Timeline:
    """Several series over the same periods."""

    series: tuple[Series, ...]
    unit: Unit
    #: Every month or year from the first with an article to the last; empty without a dated article.
    periods: tuple[str, ...]
    #: True when months were asked for, but there are too many.
    too_many_months: bool

    @property
    def total(self) -> int:
        """Hits of all series."""
        return sum(series.counts.total for series in self.series)

    @property
    def points(self) -> tuple[tuple[Point, ...], ...]:
        """The points of each series."""
        return tuple(series.points(self.unit, self.periods) for series in self.series)


def build_timeline(series: Sequence[Series], unit: Unit | None) -> Timeline:
    """Lay *series* over the span of their articles; without *unit*, by months where that is not long.

    Raises SearchProblem when the span is longer than ``MOST_YEARS``: a date somewhere is wrong.
    """
    months = {month for each in series for month in each.pool if month is not None}
    if not months:
        return Timeline(
            series=tuple(series), unit=unit or Unit.MONTH, periods=(), too_many_months=False
        )
    first, last = min(months), max(months)
    years = range(int(first[:4]), int(last[:4]) + 1)
    if len(years) > MOST_YEARS:
        raise SearchProblem("span_too_long", first=first, last=last, limit=MOST_YEARS)
    span = tuple(months_between(first, last))
    chosen = unit or (Unit.MONTH if len(span) <= BRIEF_MONTHS else Unit.YEAR)
    too_many = chosen is Unit.MONTH and len(span) > MOST_MONTHS
    if chosen is Unit.YEAR or too_many:
        chosen, span = Unit.YEAR, tuple(f"{year:04d}" for year in years)
    return Timeline(series=tuple(series), unit=chosen, periods=span, too_many_months=too_many)
