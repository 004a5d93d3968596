"""What the snapshot holds of each paper, month by month, with the months it holds nothing of."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

MONTHS: Final = tuple(range(1, 13))

# answered from the index by site, year and month alone: 0.1 s for a million articles
_COUNTS: Final = """
SELECT site, month, count(*) FROM article_facts GROUP BY site, year, month ORDER BY site, month
"""
_SPANS: Final = """
SELECT s.id, s.name, s.province, s.status, s.first_captured_at, s.last_captured_at
FROM sites AS s ORDER BY s.name, s.id
"""


@attrs.frozen(kw_only=True)
class PaperCoverage:
    """Articles of one paper by month of publication."""

    id: str
    name: str
    province: str | None
    #: As in the table ``sites``: ``active``, ``off``, ``former``, ``demo``.
    status: str
    #: First and last time a page of it was captured, in UTC; None when none was.
    first_captured_at: str | None
    last_captured_at: str | None
    #: ``2024-03`` -> articles, only months with any.
    months: Mapping[str, int]
    #: Articles whose month of publication is not known.
    undated: int

    # asked for in every cell of a table, of a snapshot that stays as it is: so all of it is counted once
    @cached_property
    def articles(self) -> int:
        """All its articles."""
        return sum(self.months.values()) + self.undated

    @cached_property
    def first(self) -> str | None:
        """First month with an article."""
        return min(self.months, default=None)

    @cached_property
    def last(self) -> str | None:
        """Last month with an article."""
        return max(self.months, default=None)

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """Months without an article between the first and the last that has one."""
        if self.first is None or self.last is None:
            return ()
        between = months_between(self.first, self.last)
        return tuple(month for month in between if month not in self.months)

    def in_year(self, year: int) -> int:
        """Articles of a year."""
        return self._by_year[year]

    @cached_property
    def _by_year(self) -> Counter[int]:
        counts: Counter[int] = Counter()
        for month, articles in self.months.items():
            counts[int(month[:4])] += articles
        return counts

    def covers(self, month: str) -> bool:
        """True from its first month with an article to its last."""
        return self.first is not None and self.last is not None and self.first <= month <= self.last

    def gaps_in_year(self, year: int) -> int:
        """Months without an article in a year, within its span."""
        return self._gaps_by_year[year]

    @cached_property
    def _gaps_by_year(self) -> Counter[int]:
        return Counter(int(gap[:4]) for gap in self.gaps)


@attrs.frozen(kw_only=True)
class Coverage:
    """Every paper the snapshot knows of, by name; those without an article too."""

    papers: tuple[PaperCoverage, ...]

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Every year from the first article's to the last one's."""
        firsts = [int(paper.first[:4]) for paper in self.papers if paper.first]
        lasts = [int(paper.last[:4]) for paper in self.papers if paper.last]
        return tuple(range(min(firsts), max(lasts) + 1)) if firsts else ()

    @cached_property
    def busiest_month(self) -> int:
        """Most articles one paper has in one month."""
        return max((n for paper in self.papers for n in paper.months.values()), default=0)

    @cached_property
    def busiest_year(self) -> int:
        """Most articles one paper has in one year."""
        return max((p.in_year(year) for p in self.papers for year in self.years), default=0)

    def paper(self, paper_id: str) -> PaperCoverage | None:
        """One paper, or None."""
        return next((paper for paper in self.papers if paper.id == paper_id), None)


def read_coverage(connection: sqlite3.Connection) -> Coverage:
    """Count the snapshot's articles by paper and month."""
    counts: dict[str, dict[str | None, int]] = {}
    for site, month, count in connection.execute(_COUNTS):
        counts.setdefault(site, {})[month] = count
    papers = [
        PaperCoverage(
            id=site,
            name=name,
            province=province,
            status=status,
            first_captured_at=first,
            last_captured_at=last,
            undated=counts.get(site, {}).get(None, 0),
            months={month: n for month, n in counts.get(site, {}).items() if month is not None},
        )
        for site, name, province, status, first, last in connection.execute(_SPANS)
    ]
    return Coverage(papers=tuple(papers))


def month_name(year: int, month: int) -> str:
    """``2024-03``."""
    return f"{year:04d}-{month:02d}"


def months_between(first: str, last: str) -> Iterator[str]:
    """Every month from *first* to *last*, both included, as ``2024-03``."""
    year, month = int(first[:4]), int(first[5:7])
    while (name := month_name(year, month)) <= last:
        yield name
        year, month = (year, month + 1) if month < MONTHS[-1] else (year + 1, 1)


def shade(count: int, most: int) -> int:
    """How dark a cell is drawn: 0 for none, 1 to 4 by the share of *most*, each step twice the last."""
    if not count or not most:
        return 0
    return sum(count * step > most for step in (8, 4, 2)) + 1
