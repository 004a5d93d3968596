"""``/-/timeline``: hits of searches over time, in papers and by province; as a page, JSON and CSV."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from archive.desk import answers, served
from archive.desk.article_sets import read_sets
from archive.desk.asking import ask, limited, no_snapshot
from archive.desk.chart import draw
from archive.desk.facet_labels import FacetLabels
from archive.desk.filters import Facet, web_parameters
from archive.desk.language import number, say, share
from archive.desk.places import count_places
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.search import check_names, interruptible
from archive.desk.series import MOST_MONTHS, MOST_SERIES, Series, Unit, build_timeline
from archive.desk.timeline import count_months, count_pool, count_values
from archive.desk.timeline_asked import Asked, By, Measure, TermProblem, read_asked
from archive.desk.timeline_files import (
    places_csv,
    places_form,
    timeline_csv,
    timeline_form,
)
from archive.desk.visit import Visit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.desk.filters import Query
    from archive.desk.places import Place
    from archive.desk.series import Point, Timeline
    from archive.desk.served import Served

T = TypeVar("T")

#: Rows from which on the numbers are folded away.
_MANY_ROWS: Final = 36


async def timeline_page(datasette: Datasette, request: Request) -> Response:
    """A timeline, or hits by province; without any ``q`` or filter the empty form."""
    visit = Visit.of(datasette, request)
    form = request.url_vars.get("form")
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=form == ".json")
    if not form and not _asks(visit):
        return await _form(visit, snapshot)
    try:
        return await _answer(visit, snapshot, read_asked(visit.parameters), form)
    except (SearchProblem, DateProblem) as problem:
        message = _message(visit.language, problem)
        if form:
            return answers.json_error(message, status=400)
        return await _form(visit, snapshot, problem=message)


async def _answer(visit: Visit, snapshot: Served, asked: Asked, form: str | None) -> Response:
    if asked.by in {By.PROVINCE, By.PROVINCE_TODAY}:
        places = await _ask(visit, snapshot, partial(_counted_places, asked=asked))
        return await _places(visit, snapshot, asked, places, form)
    series = await _series(visit, snapshot, asked)
    return await _timeline(visit, snapshot, asked, build_timeline(series, asked.unit), form)


def _asks(visit: Visit) -> bool:
    """True when any query or filter is given."""
    names = ("q", *(facet.value for facet in Facet), "from", "to")
    return any(value.strip() for name in names for value in visit.parameters.get(name, ()))


def _message(language: str, problem: SearchProblem | DateProblem) -> str:
    if isinstance(problem, TermProblem):
        inner = _message(language, problem.problem)
        return say(language, problem.key, text=problem.values["text"], what=inner)
    return say(language, problem.key, **problem.values)


async def _ask(visit: Visit, snapshot: Served, read: Callable[[sqlite3.Connection], T]) -> T:
    """What one search gives; each of several has its own time."""

    def bounded(connection: sqlite3.Connection) -> T:
        read_sets(connection)  # reading it the first time is not the search's own work
        return interruptible(partial(limited, read), connection)

    return await ask(visit, snapshot, bounded)


async def _series(visit: Visit, snapshot: Served, asked: Asked) -> list[Series]:
    if asked.by is By.PAPER:
        return await _ask(visit, snapshot, partial(_papers, query=asked.queries[0]))
    return [await _ask(visit, snapshot, partial(_term, query=query)) for query in asked.queries]


def _counted_places(connection: sqlite3.Connection, asked: Asked) -> tuple[Place, ...]:
    check_names(connection, asked.queries[0])
    return count_places(connection, asked.queries[0], asked.by.facet)


def _term(connection: sqlite3.Connection, query: Query) -> Series:
    check_names(connection, query)
    return _series_of(connection, query, paper=None)


def _series_of(connection: sqlite3.Connection, query: Query, *, paper: str | None) -> Series:
    return Series(
        query=query, paper=paper, counts=count_months(connection, query),
        pool=count_pool(connection, query),
    )  # fmt: skip


def _papers(connection: sqlite3.Connection, query: Query) -> list[Series]:
    """A series for each paper chosen, else for those with the most hits."""
    check_names(connection, query)
    counted = count_values(connection, query, Facet.PAPER)
    found = [(-totals.every, str(paper)) for paper, totals in counted.items() if totals.every]
    papers = query.papers or [paper for _, paper in sorted(found)[:MOST_SERIES]]
    return [_series_of(connection, attrs.evolve(query, papers=(x,)), paper=x) for x in papers]


async def _timeline(
    visit: Visit, snapshot: Served, asked: Asked, timeline: Timeline, form: str | None
) -> Response:
    if form == ".json":
        return answers.as_json(timeline_form(timeline, asked.by.value, visit, snapshot))
    if form == ".csv":
        return timeline_csv(timeline, snapshot)
    chart = None
    if timeline.periods and timeline.total > sum(x.counts.undated for x in timeline.series):
        chart = draw(timeline, share=asked.measure is Measure.SHARE)
    labels = FacetLabels(visit, snapshot)
    return await answers.page(
        visit, "timeline", snapshot, **_frame(visit, snapshot, asked),
        timeline=timeline, chart=chart, units=tuple(Unit), measures=tuple(Measure),
        paper_name=lambda paper: labels.value(Facet.PAPER, paper),
        period=lambda value: labels.value(Facet.MONTH, value) if "-" in value else value,
        address=lambda series, point: _search(visit, series.in_period(point.period)),
        search=lambda query: _search(visit, query),
        axis=partial(_axis, visit.language, asked.measure),
        told=partial(_told, visit.language, labels),
        folded=len(timeline.periods) > _MANY_ROWS, most_months=MOST_MONTHS,
    )  # fmt: skip


def _axis(language: str, measure: Measure, value: float) -> str:
    """A value at the upright axis."""
    return share(language, value) if measure is Measure.SHARE else number(language, round(value))


def _told(language: str, labels: FacetLabels, point: Point) -> str:
    """One point in words."""
    period = labels.value(Facet.MONTH, point.period) if "-" in point.period else point.period
    return say(
        language, "timeline.point", period=period, hits=point.hits, articles=point.articles,
        share=share(language, point.share),
    )  # fmt: skip


async def _places(
    visit: Visit, snapshot: Served, asked: Asked, places: tuple[Place, ...], form: str | None
) -> Response:
    text = asked.queries[0].text
    if form == ".json":
        return answers.as_json(places_form(places, asked.by.value, text, visit, snapshot))
    if form == ".csv":
        return places_csv(places, asked.by.value, text, snapshot)
    return await answers.page(
        visit, "timeline_places", snapshot, **_frame(visit, snapshot, asked), places=places,
        greatest=max((place.share or 0.0 for place in places), default=0.0) or 1.0,
        search=lambda query: _search(visit, query),
    )  # fmt: skip


async def _form(visit: Visit, snapshot: Served, *, problem: str | None = None) -> Response:
    return await answers.page(
        visit, "timeline_form", snapshot, status=400 if problem else 200, problem=problem,
        **_frame(visit, snapshot, None),
    )  # fmt: skip


def _frame(visit: Visit, snapshot: Served, asked: Asked | None) -> dict[str, Any]:
    """What every page of these shows around its numbers."""
    given = [text for text in visit.parameters.get("q", ()) if text.strip()][:MOST_SERIES]
    texts = [query.text for query in asked.queries] if asked else given
    several = asked is None or asked.by is By.TERM
    kept = {name: many for name, many in visit.parameters.items() if name in _KEPT}
    return {
        "asked": asked,
        "texts": [*texts, ""][:MOST_SERIES] if several else texts,
        "kept": [(name, value) for name, many in kept.items() for value in many if value.strip()],
        "ways": tuple(By),
        "way": lambda by: visit.link_with("/-/timeline", by=None if by is By.TERM else by.value),
        "one_query": asked is None or len(asked.queries) == 1,
        "labels": FacetLabels(visit, snapshot),
        "share": partial(share, visit.language),
        "most": MOST_SERIES,
    }


#: Parameters that the form sends again beside the terms.
_KEPT: Final = (
    *(facet.value for facet in Facet), "from", "to", "exact", "expand", "by", "unit", "measure", "lang",
)  # fmt: skip


def _search(visit: Visit, query: Query) -> str:
    return visit.link("/-/search", web_parameters(query))


ROUTES: Final = ((r"^/-/timeline(?P<form>\.json|\.csv)?$", timeline_page),)
