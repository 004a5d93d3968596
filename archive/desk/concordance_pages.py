"""``/-/concordance``: a search's words in their contexts, as a page, JSON and CSV."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import attrs

from archive.desk import answers, served
from archive.desk.asking import ask, limited, no_snapshot
from archive.desk.concordance import (
    LINES,
    MAX_WIDTH,
    MIN_WIDTH,
    PAGE_SIZE,
    WIDTH,
    Asked,
    Concordance,
    Line,
    concordance,
    read_asked,
)
from archive.desk.contexts import SPAN, Order
from archive.desk.facet_labels import FacetLabels
from archive.desk.filters import Facet, Sort, web_parameters
from archive.desk.forms import query_form
from archive.desk.language import say
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.visit import Visit, article_path
from archive.export.csv_file import guarded

if TYPE_CHECKING:
    import sqlite3

    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.desk.concordance import Source
    from archive.desk.served import Served

#: Widths offered on the page; the address takes any between the bounds.
_WIDTHS: Final = (MIN_WIDTH, WIDTH, 12, 20, MAX_WIDTH)
#: Words of context by which a browser finds the occurrence in the article.
_TOLD: Final = 3


async def concordance_page(datasette: Datasette, request: Request) -> Response:  # noqa: PLR0911 - one for each kind of answer
    """The lines of a concordance; without any ``q`` the empty form."""
    visit = Visit.of(datasette, request)
    form = request.url_vars.get("form")
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=form == ".json")
    if "q" not in visit.parameters and form is None:
        return await _form(visit, snapshot)
    try:
        asked = read_asked(visit.parameters)
        found = await ask(visit, snapshot, partial(_read, asked))
    except (SearchProblem, DateProblem) as problem:
        message = say(visit.language, problem.key, **problem.values)
        if form == ".json":
            return answers.json_error(message, status=400)
        return await _form(
            visit, snapshot, problem=message, faulty=problem.values.get("parameter"), status=400
        )
    if form == ".json":
        return answers.as_json(_json(visit, snapshot, found))
    if form == ".csv":
        return _csv(visit, snapshot, found)
    return await _lines_page(visit, snapshot, found)


ROUTES: Final = ((r"^/-/concordance(?P<form>\.json|\.csv)?$", concordance_page),)


def _read(asked: Asked, connection: sqlite3.Connection) -> Concordance:
    return limited(partial(concordance, asked=asked), connection)


async def _form(
    visit: Visit,
    snapshot: Served,
    *,
    status: int = 200,
    problem: str | None = None,
    faulty: object = None,
) -> Response:
    return await answers.page(
        visit, "concordance", snapshot, status=status, problem=problem, found=None,
        **_controls(visit, snapshot, width=WIDTH, faulty=faulty),
    )  # fmt: skip


async def _lines_page(visit: Visit, snapshot: Served, found: Concordance) -> Response:
    tiers = [(tier, tuple(x)) for tier, x in groupby(found.on_page, key=lambda line: line.tier)]
    return await answers.page(
        visit, "concordance", snapshot, problem=None, found=found, tiers=tiers,
        most_lines=LINES, span=SPAN, page_size=PAGE_SIZE,
        address=partial(_address, visit, _search(found.asked)),
        **_controls(visit, snapshot, width=found.asked.width),
    )  # fmt: skip


def _controls(
    visit: Visit, snapshot: Served, *, width: int, faulty: object = None
) -> dict[str, Any]:
    """What the form shows; the value of the parameter at fault is not sent again."""
    filters = (*(facet.value for facet in Facet), "from", "to", "exact", "expand")
    return {
        "given": {name: values[0] for name, values in visit.parameters.items()},
        "kept": visit.given(filters, but=faulty),
        "labels": FacetLabels(visit, snapshot),
        "orders": tuple(Order),
        "widths": sorted({*_WIDTHS, width}),
        "width": width,
    }


def _address(visit: Visit, search: dict[str, list[str]], line: Line, source: Source) -> str:
    """An article's address that keeps the search, with the place of the occurrence for the browser."""
    address = visit.link(article_path(source.id), {**search, "hit": [str(line.hit)]})
    return f"{address}#:~:text={_fragment(line)}"


def _search(asked: Asked) -> dict[str, list[str]]:
    """The parameters of the search alone."""
    return web_parameters(attrs.evolve(asked.query, sort=Sort.NEWEST, page=1))


def _fragment(line: Line) -> str:
    """``before-,found,-behind``: https://wicg.github.io/scroll-to-text-fragment/."""
    found = line.occurrence
    before = " ".join(found.left.split()[-_TOLD:])
    behind = " ".join(found.right.split()[:_TOLD])
    parts = [
        f"{_escaped(before)}-" if before else "",
        _escaped(found.keyword),
        f"-{_escaped(behind)}" if behind else "",
    ]
    return ",".join(filter(None, parts))


def _escaped(text: str) -> str:
    # a hyphen would be read as a sign of the fragment's own
    return quote(text, safe="").replace("-", "%2D")


def _json(visit: Visit, snapshot: Served, found: Concordance) -> dict[str, object]:
    asked = found.asked
    return {
        "ok": True,
        "query": query_form(asked.query),
        "order": asked.order.value,
        "width": asked.width,
        "total": found.total,
        "total_capped": found.capped,
        "start": asked.start,
        "articles": found.articles,
        "next_start": found.next_start,
        "occurrences": len(found.lines),
        "cut": found.cut,
        "page": asked.query.page,
        "page_size": PAGE_SIZE,
        "pages": found.pages,
        "lines": [_line_form(visit, line, found.sources[line.docid]) for line in found.on_page],
        "collocates": [
            {"word": x.word, "left": x.left, "right": x.right, "together": x.together}
            for x in found.collocates
        ],
        "snapshot": {"id": snapshot.facts.id, "built_at": snapshot.facts.built_at},
    }


def _line_form(visit: Visit, line: Line, source: Source) -> dict[str, object]:
    return {
        "hit": line.hit,
        "tier": line.tier.value,
        "match": line.tier.match,
        "left": line.occurrence.left,
        "keyword": line.occurrence.keyword,
        "right": line.occurrence.right,
        "part": line.part,
        "article_id": source.id,
        "title": source.title,
        "site": source.site,
        "paper": source.paper,
        "published_at": source.published_at,
        "published_precision": source.published_precision,
        "permalink": visit.absolute(article_path(source.id)),
        "url": source.url,
    }


def _csv(visit: Visit, snapshot: Served, found: Concordance) -> Response:
    """Every line, on one page; where there are more hits, the header ``Link`` names the next file."""
    forms = [_line_form(visit, line, found.sources[line.docid]) for line in found.lines]
    lines = [_COLUMNS, *([_cell(form[column]) for column in _COLUMNS] for form in forms)]
    start = str(found.next_start) if found.next_start else None
    following = visit.link_with("/-/concordance.csv", start=start, page=None) if start else None
    name = f"dqtv-concordance-{snapshot.facts.id}.csv"
    return answers.as_csv(lines, name, following=following)


_COLUMNS: Final = (
    "hit", "match", "tier", "left", "keyword", "right", "part", "paper", "published_at", "title", "article_id",
    "permalink", "url",
)  # fmt: skip


def _cell(value: object) -> object:
    return guarded(value.strip()) if isinstance(value, str) else value
