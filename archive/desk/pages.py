"""The desk's addresses: home, search, article and its static files.

``/`` · ``/-/search?q=`` · ``/-/search.json`` · ``/-/search/advanced`` · ``/-/article/<id>`` · ``/-/article/<id>.json`` ·
``/-/desk/<file>``. Each handler reads the request, asks the snapshot in one of Datasette's
threads, and renders.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote, urlsplit

import attrs
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Response

from archive.desk import answers, failures, served
from archive.desk.article import load_article
from archive.desk.citation import cite
from archive.desk.compose import FIELDS, PARTS, compose
from archive.desk.facet_labels import FacetLabels
from archive.desk.filters import PAGE_SIZE, Facet, Query, Sort, read_query, web_parameters
from archive.desk.forms import article_form, results_form
from archive.desk.language import points, say, strings
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.query import DISTANCE
from archive.desk.queue import RETRY_AFTER, TooBusyError, in_turn
from archive.desk.search import COUNT_LIMIT, RANKED, neighbours, search
from archive.desk.snapshot import read_newest
from archive.desk.viewer import archived_copy, viewer_of
from archive.desk.visit import Visit, article_path

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.article import ShownArticle
    from archive.desk.search import Hit, Results
    from archive.desk.served import Served

#: Milliseconds one search may keep one of the few database threads busy.
SEARCH_LIMIT_MS: Final = 3_000
_NEWEST: Final = 8

T = TypeVar("T")


async def home(datasette: Datasette, request: Request) -> Response:
    """What the archive is, its numbers, its newest articles and how to use it."""
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await _no_snapshot(visit)
    newest = await _ask(visit, snapshot, partial(read_newest, count=_NEWEST))
    return await answers.page(
        visit, "home", snapshot, newest=newest, address=visit.absolute("/"), query=Query(text="")
    )


async def search_page(datasette: Datasette, request: Request) -> Response:  # noqa: PLR0911 - one for each kind of answer
    """Search results as a page, or as JSON; without any ``q`` the empty form."""
    visit = Visit.of(datasette, request)
    json = bool(request.url_vars.get("json"))
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await _no_snapshot(visit, json=json)
    if "q" not in visit.parameters and not json:
        return await _search_form(visit, snapshot)
    try:
        query = read_query(visit.parameters)
        async with in_turn(datasette, query):
            results = await _ask(
                visit, snapshot, partial(_limited, partial(search, query=query, aids=True))
            )
    except TooBusyError:
        return await _too_busy(visit, snapshot, json=json)
    except (SearchProblem, DateProblem) as problem:
        message = say(visit.language, problem.key, **problem.values)
        if json:
            return answers.json_error(message, status=400)
        faulty = problem.values.get("parameter")
        return await _search_form(visit, snapshot, status=400, problem=message, faulty=faulty)
    if json:
        return answers.as_json(results_form(results, visit, snapshot.facts))
    return await _results_page(visit, snapshot, results)


async def advanced_page(datasette: Datasette, request: Request) -> Response:
    """The advanced form; once filled in, the way to the search it asks for."""
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await _no_snapshot(visit)
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


async def article_page(datasette: Datasette, request: Request) -> Response:
    """One article as a page, or as JSON; 404 when the snapshot does not have it."""
    visit = Visit.of(datasette, request)
    article_id = unquote(request.url_vars["id"])
    json = bool(request.url_vars.get("json"))
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await _no_snapshot(visit, json=json)
    found_by = None if json else _found_by(visit)
    article = await _ask(
        visit,
        snapshot,
        partial(
            _limited,
            partial(
                load_article,
                article_id=article_id,
                found_by=found_by,
                mark_evidence=visit.parameters.get("terms") == ["1"],
            ),
        ),
    )
    if article is None:
        return await _no_article(visit, snapshot, article_id, json=json)
    if json:
        return answers.as_json(article_form(article, visit, snapshot.facts, viewer_of(datasette)))
    permalink = visit.absolute(article_path(article.id))
    viewer = viewer_of(datasette)
    before, after = await _hits_around(visit, snapshot, article_id)
    return await answers.page(
        visit,
        "article",
        snapshot,
        article=article,
        permalink=permalink,
        citation=cite(article, snapshot.facts, permalink=permalink, language=visit.language),
        source=_web_address(article.url),
        archived=archived_copy(viewer, article.capture_url, article.captured_at),
        archived_versions={
            x.version: archived_copy(viewer, x.capture_url, x.captured_at) for x in article.versions
        },
        found_by=found_by,
        back=visit.link_with("/-/search", hit=None, terms=None, page=_page_of(visit)),
        before=before,
        after=after,
        evidence_marked=visit.parameters.get("terms") == ["1"],
        evidence_link=visit.link_with(article_path(article.id), terms="1", hit=None),
        plain_link=visit.link_with(article_path(article.id), terms=None, hit=None),
        pictures=[(figure, _web_address(figure.url)) for figure in article.figures],
        parts=_parts(visit, article),
    )


async def static(request: Request, datasette: Datasette) -> Response:
    """One of the desk's own static files."""
    found = answers.static_file(request.url_vars["name"])
    return found if found is not None else await failures.missing(datasette, request)


ROUTES: Final = (
    (r"^/$", home),
    (r"^/-/search(?P<json>\.json)?$", search_page),
    (r"^/-/search/advanced$", advanced_page),
    (r"^/-/article/(?P<id>[^/]+?)(?P<json>\.json)?$", article_page),
    (r"^/-/desk/(?P<name>[^/]+)$", static),
)


async def _ask(visit: Visit, snapshot: Served, read: Callable[[sqlite3.Connection], T]) -> T:
    database = visit.datasette.get_database(snapshot.database)
    answer: T = await database.execute_fn(read)
    return answer


def _limited(read: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    with sqlite_timelimit(connection, SEARCH_LIMIT_MS):
        return read(connection)


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
        kept=_kept_facets(visit, faulty),
        labels=FacetLabels(visit, snapshot),
        facets=tuple(Facet),
        given=visit.parameters,
    )


async def _results_page(visit: Visit, snapshot: Served, results: Results) -> Response:
    groups = [(tier, tuple(hits)) for tier, hits in groupby(results.hits, key=lambda hit: hit.tier)]
    return await answers.page(
        visit,
        "search",
        snapshot,
        problem=None,
        results=results,
        query=results.query,
        groups=groups,
        kept=_kept_facets(visit),
        labels=FacetLabels(visit, snapshot),
        facets=tuple(Facet),
        sorts=tuple(Sort),
        given=visit.parameters,
        relaxed=[(x, _search_address(visit, x.query)) for x in results.relaxations],
        hit_address=partial(_hit_address, visit, results.query),
        first_place=1 + (results.query.page - 1) * PAGE_SIZE,
        ranked=RANKED,
        count_limit=COUNT_LIMIT,
        ranking_cut=results.query.sort is Sort.BEST
        and any(count.count > RANKED for count in results.counts),
    )


def _kept_facets(visit: Visit, faulty: object = None) -> list[tuple[str, str]]:
    """Chosen values that the form sends again, without those of the parameter at fault."""
    return [
        (facet.value, value)
        for facet in Facet
        if facet.value != faulty
        for value in visit.parameters.get(facet.value, ())
        if value.strip()
    ]


def _search_address(visit: Visit, query: Query) -> str:
    return visit.link("/-/search", web_parameters(query))


def _hit_address(visit: Visit, query: Query, hit: Hit, place: int) -> str:
    """An article's address that keeps the search and the hit's place, counted from 1."""
    values = web_parameters(attrs.evolve(query, page=1))
    return visit.link(article_path(hit.id), {**values, "hit": [str(place)]})


def _place(visit: Visit) -> int | None:
    """Place among the hits that the address tells, counted from 1."""
    (told,) = visit.parameters.get("hit", [""])[:1]
    return int(told) if re.fullmatch(r"[1-9][0-9]{0,5}", told) else None


def _page_of(visit: Visit) -> str | None:
    place = _place(visit)
    page = 1 + (place - 1) // PAGE_SIZE if place else 1
    return str(page) if page > 1 else None


async def _hits_around(
    visit: Visit, snapshot: Served, article_id: str
) -> tuple[str | None, str | None]:
    """Addresses of the hits before and after the article in the search that led to it."""
    place = _place(visit)
    if place is None:
        return None, None
    try:
        query = read_query(visit.parameters)
        read = partial(neighbours, query=query, article_id=article_id, place=place - 1)
        found = await _ask(visit, snapshot, partial(_limited, read))
    except (SearchProblem, DateProblem):
        return None, None
    if found is None:
        return None, None

    def address(other: str | None, at: int) -> str | None:
        values = {**web_parameters(query), "hit": [str(at)]}
        return visit.link(article_path(other), values) if other else None

    return address(found.before, place - 1), address(found.after, place + 1)


async def _no_article(visit: Visit, snapshot: Served, article_id: str, *, json: bool) -> Response:
    return await answers.error(
        visit,
        snapshot,
        status=404,
        title=say(visit.language, "error.no_article"),
        text=say(visit.language, "error.no_article_text", id=article_id[:100]),
        json=json,
    )


async def _too_busy(visit: Visit, snapshot: Served, *, json: bool) -> Response:
    response = await answers.error(
        visit,
        snapshot,
        status=503,
        title=say(visit.language, "error.busy"),
        text=say(visit.language, "error.busy_text"),
        json=json,
    )
    response.headers.update({"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
    return response


async def _no_snapshot(visit: Visit, *, json: bool = False) -> Response:
    text = say(visit.language, "error.no_snapshot_text")
    if json:
        return answers.json_error(text, status=404)
    names = [name for name in visit.datasette.databases if name != "_internal"]
    return await answers.page(
        visit,
        "error",
        None,
        status=404,
        title=say(visit.language, "error.no_snapshot"),
        text=text,
        databases=[(name, visit.datasette.urls.database(name)) for name in names],
    )


def _found_by(visit: Visit) -> str | None:
    return next((value for value in visit.parameters.get("q", ()) if value.strip()), None)


def _web_address(url: str | None) -> str | None:
    """The address if it may be linked to; pages from the web can hold ``javascript:`` ones."""
    if url is None:
        return None
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _parts(visit: Visit, article: ShownArticle) -> list[tuple[str, str, int, str]]:
    """The evidence as rows of a table: part in words, term, count, points with their sign."""
    return [
        (
            _named(visit, "part", item.part),
            _named(visit, "rule", item.term),
            item.count,
            points(visit.language, item.weight, signed=True),
        )
        for item in article.evidence
    ]


def _named(visit: Visit, section: str, name: str) -> str:
    """The reader's words for a part or rule of the score; words of the article stay as they are."""
    key = f"{section}.{re.sub('[ ,]+', '_', name.replace('1,000', '1000')).lower()}"
    return strings(visit.language).get(key, name)
