"""Hits of a search by province."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.desk.timeline import count_values

if TYPE_CHECKING:
    import sqlite3

    from archive.desk.filters import Facet, Query


@attrs.frozen(kw_only=True)
class Place:
    """One province, under its name then or today's."""

    #: None for articles whose province is not known.
    name: str | None
    hits: int
    exact: int
    #: All its articles that pass the filters, found or not.
    articles: int
    #: The search for its hits; none where it has no name to search by.
    query: Query | None

    @property
    def share(self) -> float | None:
        """Hits among its articles, from 0 to 1."""
        return self.hits / self.articles if self.articles else None


def count_places(connection: sqlite3.Connection, query: Query, facet: Facet) -> tuple[Place, ...]:
    """Every province that has articles which pass the filters; the greatest share first, the unknown last.

    Raises BadQuery when the text cannot be read.
    """
    places = [
        Place(
            name=str(name) if name is not None else None,
            hits=counts.every,
            exact=counts.exact,
            articles=counts.articles,
            query=None if name is None else query.narrowed(facet, name),
        )
        for name, counts in count_values(connection, query, facet).items()
    ]
    return tuple(
        sorted(places, key=lambda x: (x.name is None, -(x.share or 0.0), -x.hits, x.name or ""))
    )
