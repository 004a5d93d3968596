"""How a search is cited: a line on its page, and the same as RIS, BibTeX and CSL-JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import attrs
from datasette.utils.asgi import Response

from archive.citations import CITATION_FORMATS, SEARCH_WRITERS, CitedSearch
from archive.desk.dates import show_instant_day
from archive.desk.facet_labels import FacetLabels
from archive.desk.filters import Facet, Sort, web_parameters
from archive.desk.language import number, say, say_count, say_marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from archive.desk.filters import Query
    from archive.desk.search import Results
    from archive.desk.served import Served
    from archive.desk.visit import Visit


def citation(visit: Visit, snapshot: Served, results: Results) -> Markup:
    """One line: archive, words, filters, hits, snapshot and its day, address."""
    cited = cite_search(visit, snapshot, results)
    asked = asked_for(visit, snapshot, results.query)
    return say_marked(
        visit.language, "cite_search.line", asked=asked, found=cited.found, address=cited.address
    )


def citation_files(visit: Visit, query: Query) -> list[tuple[str, str]]:
    """Name and address of each format."""
    values = web_parameters(attrs.evolve(query, page=1, sort=Sort.NEWEST))
    names = {"ris": "RIS", "bib": "BibTeX", "csl.json": "CSL-JSON"}
    return [(names[form], visit.link(f"/-/search.{form}", values)) for form in SEARCH_WRITERS]


def citation_answer(visit: Visit, snapshot: Served, results: Results, form: str) -> Response:
    """One citation for download."""
    text = SEARCH_WRITERS[form](cite_search(visit, snapshot, results))
    name = f"dqtv-search-{snapshot.facts.id}.{form}"
    return Response(
        text,
        content_type=CITATION_FORMATS[form][1],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "max-age=60",
            "Vary": "Accept-Language",
        },
    )


def cite_search(visit: Visit, snapshot: Served, results: Results) -> CitedSearch:
    """What a citation says of a search; page and order are no part of it."""
    language, query = visit.language, results.query
    hits = (
        say(language, "search.total_capped", n=number(language, results.total))
        if results.capped
        else say_count(language, "search.total", results.total)
    )
    values = web_parameters(attrs.evolve(query, page=1, sort=Sort.NEWEST))
    return CitedSearch(
        title=say(language, "cite_search.title", asked=asked_for(visit, snapshot, query)),
        found=say(
            language,
            "cite_search.found",
            hits=hits,
            snapshot=snapshot.facts.id,
            day=show_instant_day(language, snapshot.facts.built_at),
        ),
        address=f"{visit.absolute('/-/search')}?{urlencode(values, doseq=True)}",
        snapshot=snapshot.facts.id,
        built_at=snapshot.facts.built_at,
        language=language,
    )


def asked_for(visit: Visit, snapshot: Served, query: Query) -> str:
    """Words and filters in the reader's language; empty without either."""
    words = [] if query.is_listing else [f"“{' '.join(query.text.split())}”"]
    return "; ".join([*words, *_filters(visit, snapshot, query)])


def _filters(visit: Visit, snapshot: Served, query: Query) -> Iterator[str]:
    labels = FacetLabels(visit, snapshot)
    for facet in Facet:
        values = [labels.value(facet, str(value)) for value in query.chosen(facet)]
        if values:
            yield f"{labels.title(facet)}: {', '.join(values)}"
    if query.published_from or query.published_to:
        first, last = query.published_from or "…", query.published_to or "…"
        yield f"{say(visit.language, 'search.dates')}: {first} – {last}"
    if query.exact_only:
        yield say(visit.language, "search.exact")
    if not query.expand:
        yield say(visit.language, "search.no_expand")
