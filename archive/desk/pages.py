"""The desk's addresses: home and search here, articles in ``article_pages``, and static files.

``/`` · ``/-/search?q=`` · ``/-/search.json`` · ``/-/search.ris`` (``.bib``, ``.csl.json``: how to cite it) · ``/-/search/advanced`` · ``/-/article/<id>`` · ``/-/article/<id>.json`` ·
``/-/article/<id>/changes`` (and ``.json``) · ``/-/desk/<file>``. Each handler reads the request, asks the snapshot in one of Datasette's
threads, and renders.
"""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

import attrs
from datasette.utils.asgi import Response

from archive.desk import answers, failures, served, take_away
from archive.desk.article_pages import article_page, changes_page
from archive.desk.asking import ask, limited, no_snapshot
from archive.desk.compose import FIELDS, PARTS, compose
from archive.desk.embedded import coins_of
from archive.desk.facet_labels import FacetLabels
from archive.desk.filters import PAGE_SIZE, Facet, Query, Sort, read_query, web_parameters
from archive.desk.forms import results_form
from archive.desk.keys import Key, KeyGone, OtherSnapshot, check_snapshot, read_key
from archive.desk.language import say
from archive.desk.notes import gone_among
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.query import DISTANCE
from archive.desk.ranking import FINELY, RANKED
from archive.desk.search import COUNT_LIMIT, search
from archive.desk.search_citation import citation, citation_answer, citation_files
from archive.desk.snapshot import read_newest
from archive.desk.spread import read_spread
from archive.desk.visit import Visit, article_path

if TYPE_CHECKING:
    import sqlite3

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.search import Hit, Results
    from archive.desk.served import Served

_NEWEST: Final = 8


async def home(datasette: Datasette, request: Request) -> Response:
    """What the archive is, its numbers, its newest articles and how to use it."""
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit)
    newest = await ask(visit, snapshot, partial(read_newest, count=_NEWEST))
    return await answers.page(
        visit,
        "home",
        snapshot,
        newest=newest,
        address=visit.absolute("/"),
        query=Query(text=""),
        feed=take_away.feed_address(visit),
    )


async def search_page(datasette: Datasette, request: Request) -> Response:  # noqa: PLR0911 - one for each kind of answer
    """Search results as a page or as JSON, or how to cite them; the form where nothing is asked for.

    Without words, filters list all the articles that pass them.
    """
    visit = Visit.of(datasette, request)
    json = bool(request.url_vars.get("json"))
    cited_as = request.url_vars.get("form")
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=json)
    if not (json or cited_as or _asks(visit)):
        return await _search_form(visit, snapshot)
    try:
        query = read_query(visit.parameters)
        after = None
        if json:
            check_snapshot(visit.parameters, snapshot.facts.id)
            after = read_key(visit.parameters, query)
        read = partial(_answer, query, aids=cited_as is None, after=after)
        results, gone = await ask(visit, snapshot, read)
    except (OtherSnapshot, KeyGone) as problem:
        return take_away.moved_on(visit, snapshot, problem, "/-/search.json")
    except (SearchProblem, DateProblem) as problem:
        message = say(visit.language, problem.key, **problem.values)
        if json:
            return answers.json_error(message, status=400)
        faulty = problem.values.get("parameter")
        return await _search_form(visit, snapshot, status=400, problem=message, faulty=faulty)
    if cited_as:
        return citation_answer(visit, snapshot, results, cited_as)
    if json:
        following = take_away.following(visit, results, snapshot.facts.id)
        form = results_form(
            results, visit, snapshot.facts, gone, following=following, by_key=after is not None
        )
        return answers.as_json(form)
    return await _results_page(visit, snapshot, results, gone)


def _answer(
    query: Query, connection: sqlite3.Connection, *, aids: bool, after: Key | None
) -> tuple[Results, dict[str, str]]:
    """The results, and those of their articles that are not at their papers now."""
    read_spread(connection)  # reading it the first time is not the search's own work
    results = limited(partial(search, query=query, aids=aids, after=after), connection)
    return results, gone_among(connection, [hit.id for hit in results.hits])


async def advanced_page(datasette: Datasette, request: Request) -> Response:
    """The advanced form; once filled in, the way to the search it asks for."""
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit)
    filled = [name for name in FIELDS if any(map(str.strip, visit.parameters.get(name, ())))]
    problem = None
    if filled:
        try:
            query = compose(visit.parameters)
        except SearchProblem as found:
            problem = say(visit.language, found.key, **found.values)
        else:
            plain = dict.fromkeys(FIELDS)
            return Response.redirect(visit.link_with("/-/search", **plain, q=query))
    return await answers.page(
        visit,
        "advanced",
        snapshot,
        status=400 if problem else 200,
        problem=problem,
        given=visit.parameters,
        parts=PARTS,
        distance=DISTANCE,
    )


async def static(request: Request, datasette: Datasette) -> Response:
    """One of the desk's own static files."""
    found = answers.static_file(request.url_vars["name"])
    return found if found is not None else await failures.missing(datasette, request)


ROUTES: Final = (
    (r"^/$", home),
    (r"^/-/search(?P<json>\.json)?$", search_page),
    (r"^/-/search\.(?P<form>ris|bib|csl\.json)$", search_page),
    (r"^/-/search/advanced$", advanced_page),
    (r"^/-/article/(?P<id>[^/]+)/changes(?P<json>\.json)?$", changes_page),
    (r"^/-/article/(?P<id>[^/]+?)(?P<json>\.json)?$", article_page),
    (r"^/-/desk/(?P<name>[^/]+)$", static),
)


async def _search_form(
    visit: Visit,
    snapshot: Served,
    *,
    status: int = 200,
    problem: str | None = None,
    faulty: object = None,
) -> Response:
    return await answers.page(
        visit,
        "search",
        snapshot,
        status=status,
        problem=problem,
        results=None,
        query=None,
        kept=visit.given(Facet, but=faulty),
        labels=FacetLabels(visit, snapshot),
        facets=tuple(Facet),
        given=visit.parameters,
    )


async def _results_page(
    visit: Visit, snapshot: Served, results: Results, gone: dict[str, str]
) -> Response:
    groups = [(tier, tuple(hits)) for tier, hits in groupby(results.hits, key=lambda hit: hit.tier)]
    return await answers.page(
        visit,
        "search",
        snapshot,
        problem=None,
        results=results,
        query=results.query,
        groups=groups,
        gone=gone,
        kept=visit.given(Facet),
        labels=FacetLabels(visit, snapshot),
        facets=tuple(Facet),
        citation=citation(visit, snapshot, results),
        citation_files=citation_files(visit, results.query),
        files=take_away.files(visit, results.query),
        files_note=take_away.files_note(visit, results),
        feed=take_away.feed_address(visit, results.query),
        coins=coins_of,
        sorts=tuple(Sort),
        given=visit.parameters,
        relaxed=[(x, _search_address(visit, x.query)) for x in results.relaxations],
        hit_address=partial(
            _hit_address, visit, web_parameters(attrs.evolve(results.query, page=1))
        ),
        first_place=1 + (results.query.page - 1) * PAGE_SIZE,
        ranked=RANKED,
        finely=FINELY,
        count_limit=COUNT_LIMIT,
        over_time=visit.link("/-/timeline", web_parameters(results.query.anyhow())),
    )


def _asks(visit: Visit) -> bool:
    """True when there is a ``q``, blank too, or a filter."""
    filters = (*Facet, "from", "to")
    given = visit.parameters
    return "q" in given or any(map(str.strip, (x for name in filters for x in given.get(name, ()))))


def _search_address(visit: Visit, query: Query) -> str:
    return visit.link("/-/search", web_parameters(query))


def _hit_address(visit: Visit, search: dict[str, list[str]], hit: Hit, place: int) -> str:
    """An article's address that keeps the search and the hit's place, counted from 1."""
    return visit.link(article_path(hit.id), {**search, "hit": [str(place)]})
