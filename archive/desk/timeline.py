"""How many articles a search finds in each month, paper and province, counted to the last one.

What a search finds is the hits of both indexes together, as on the search page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.desk.article_sets import read_sets
from archive.desk.hit_sets import hit_sets

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from archive.desk.article_sets import Month, Value
    from archive.desk.filters import Facet, Query


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


@attrs.frozen(kw_only=True)
class Totals:
    """Hits that have one value of a facet, and all articles that have it and pass the filters."""

    exact: int
    #: All hits, those included.
    every: int
    articles: int


def count_months(connection: sqlite3.Connection, query: Query) -> Counts:
    """The hits of *query* by month, whatever its page and order.

    Raises BadQuery when its text cannot be read.
    """
    sets, hits = read_sets(connection), hit_sets(connection, query)
    return Counts(exact=sets.by_month(hits.exact), every=sets.by_month(hits.every))


def count_pool(connection: sqlite3.Connection, query: Query) -> Mapping[Month, int]:
    """All articles that pass the filters of *query*, by month; months without any are missing."""
    sets = read_sets(connection)
    return sets.by_month(sets.passing(connection, query))


def count_values(
    connection: sqlite3.Connection, query: Query, facet: Facet
) -> Mapping[Value, Totals]:
    """Hits and articles for each value of the papers or provinces that any article which passes the filters has.

    Raises BadQuery when its text cannot be read.
    """
    sets, hits = read_sets(connection), hit_sets(connection, query)
    passing = sets.passing(connection, query)
    totals = {
        value: Totals(
            exact=(hits.exact & articles).bit_count(),
            every=(hits.every & articles).bit_count(),
            articles=(passing & articles).bit_count(),
        )
        for value, articles in sets.having[facet].items()
    }
    return {value: total for value, total in totals.items() if total.articles}
