"""What facets count of every article, held in memory: some six bytes each, read once for a snapshot.

Looking a hit's facets up in the database took most of a page's work (docs/design-notes.md#facets).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

#: Facets of one combination, in its order; year and month are told by the place in time.
COMBINED: Final = (
    Facet.PAPER,
    Facet.PROVINCE,
    Facet.PROVINCE_TODAY,
    Facet.SECTION,
    Facet.LEVEL,
)
_COLUMNS: Final = ", ".join(facet.column for facet in COMBINED)


@attrs.frozen
class Months:
    """The articles of one month, which stand together: docids are chronological."""

    #: ``2024-03``; None: undated.
    month: str | None
    first: int
    last: int

    @property
    def year(self) -> int | None:
        """Its year."""
        return int(self.month[:4]) if self.month else None


@attrs.frozen(kw_only=True)
class Spread:
    """Facets of the articles by docid."""

    #: Docid -> place in ``combinations``; 0 is no article.
    combination_of: Sequence[int]
    #: Values of ``COMBINED``.
    combinations: tuple[tuple[str | int | None, ...], ...]
    #: Docid -> place in ``months``.
    month_of: Sequence[int]
    #: In order of time.
    months: tuple[Months, ...]

    def spans(self, first: int, last: int, *, longest: int, by_month: bool) -> Iterator[range]:
        """Docids from *first* to *last* cut at the turn of years or months, none beyond *longest*."""
        start = first
        for place, month in enumerate(self.months):
            follows = self.months[place + 1] if place + 1 < len(self.months) else None
            if follows and not by_month and follows.year == month.year:
                continue
            end = min(month.last, last) + 1
            if start < end:
                parts = -(-(end - start) // longest)
                for part in range(parts):
                    yield range(
                        start + (end - start) * part // parts,
                        start + (end - start) * (part + 1) // parts,
                    )
                start = end


_KNOWN: Final[Tallies[Spread]] = Tallies(kept=2)


def read_spread(connection: sqlite3.Connection) -> Spread:
    """The facets of a snapshot; the first time it takes some 2 s for a million articles."""
    return _KNOWN.get(connection, None, lambda: _read(connection))


def _read(connection: sqlite3.Connection) -> Spread:
    numbers: dict[tuple[str | int | None, ...], int] = {}
    # a snapshot numbers its articles from 1 without a gap
    combination_of = array("I", [0])
    rows = connection.execute(f"SELECT {_COLUMNS} FROM article_facts ORDER BY docid")  # noqa: S608 - own names
    combination_of.extend(numbers.setdefault(row, len(numbers)) for row in rows)
    months = _months(connection)
    month_of = array("H", [0])
    for place, month in enumerate(months):
        month_of.extend(array("H", [place]) * (month.last - month.first + 1))
    return Spread(
        combination_of=combination_of, combinations=tuple(numbers), month_of=month_of, months=months
    )


def _months(connection: sqlite3.Connection) -> tuple[Months, ...]:
    rows = connection.execute(
        "SELECT month, min(docid), max(docid) FROM article_facts GROUP BY year, month ORDER BY 2"
    )
    return tuple(Months(*row) for row in rows)
