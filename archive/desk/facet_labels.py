"""How the values of facets are called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.desk.filters import Facet
from archive.desk.language import number, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.desk.facets import FacetCounts
    from archive.desk.filters import Query
    from archive.desk.served import Served
    from archive.desk.visit import Visit


@attrs.frozen(kw_only=True)
class LabelledChoice:
    """One value of a facet in the reader's language."""

    #: Address of the search with the value chosen, or left out where it is chosen.
    address: str
    label: str
    amount: str
    chosen: bool


@attrs.frozen
class FacetLabels:
    """Names in the reader's language; names of papers and places stay Vietnamese."""

    visit: Visit
    served: Served

    def title(self, facet: Facet) -> str:
        """What the facet is called."""
        return say(self.visit.language, f"facet.{facet.value}")

    def value(self, facet: Facet, value: str) -> str:
        """What one of its values is called."""
        if facet is Facet.PAPER:
            names = (paper.name for paper in self.served.papers if paper.id == value)
            return next(names, value)
        if facet is Facet.LEVEL:
            return say(self.visit.language, f"search.level_{value}")
        if facet is Facet.MONTH:
            year, _, month = value.partition("-")
            return f"{month}/{year}"
        return value

    def choices(self, counts: FacetCounts) -> list[LabelledChoice]:
        """The values of a facet as a page lists them."""
        language = self.visit.language
        address = self.visit.toggles("/-/search", counts.facet.value)
        return [
            LabelledChoice(
                address=address(choice.value),
                label=self.value(counts.facet, choice.value),
                amount=number(language, choice.count),
                chosen=choice.chosen,
            )
            for choice in counts.choices
        ]

    def is_vietnamese(self, facet: Facet) -> bool:
        """True where values are Vietnamese whatever the page's language."""
        return facet in {Facet.PAPER, Facet.PROVINCE, Facet.PROVINCE_TODAY, Facet.SECTION}

    def chosen(self, query: Query | None) -> Iterator[tuple[Facet, str]]:
        """Every value that narrows the search."""
        if query is not None:
            yield from ((facet, str(value)) for facet in Facet for value in query.chosen(facet))
