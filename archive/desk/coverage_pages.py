"""``/-/coverage``: articles per paper and month with gaps, as a page, CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from archive.desk import answers, failures, served
from archive.desk.asking import ask, no_snapshot
from archive.desk.coverage import MONTHS, Coverage, month_name, read_coverage, shade
from archive.desk.office import office_of
from archive.desk.public_health import paper_form, public_health
from archive.desk.visit import Visit

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.desk.coverage import PaperCoverage
    from archive.desk.public_health import PublicHealth
    from archive.desk.served import Served

# A snapshot never changes under its file name, so it is counted once for each Datasette.
_KNOWN: WeakKeyDictionary[Served, Coverage] = WeakKeyDictionary()


async def coverage_page(datasette: Datasette, request: Request) -> Response:
    """All papers by year, or with ``?paper=`` one of them by month."""
    visit = Visit.of(datasette, request)
    form = request.url_vars.get("form")
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=form == ".json")
    coverage = await _coverage(visit, snapshot)
    if form == ".csv":
        return _csv(coverage, snapshot)
    office = office_of(datasette)
    health = await public_health(office) if office else None
    if form == ".json":
        return answers.as_json(_json(coverage, health, snapshot))
    asked = next(iter(visit.parameters.get("paper", [])), None)
    if not asked:
        return await answers.page(
            visit, "coverage", snapshot, coverage=coverage, health=health, shade=shade,
            rows=lambda paper, year: _articles(visit, paper.id, year=year),
        )  # fmt: skip
    paper = coverage.paper(asked)
    if paper is None:
        return await failures.missing(datasette, request)
    return await answers.page(
        visit, "coverage_paper", snapshot, paper=paper, coverage=coverage, health=health, shade=shade,
        months=MONTHS, month_name=month_name, years=_years(paper),
        rows=lambda month: _articles(visit, paper.id, month=month),
    )  # fmt: skip


async def know_coverage(datasette: Datasette, snapshot: Served) -> None:
    """Read the coverage of a snapshot before anybody asks for it."""
    database = datasette.get_database(snapshot.database)
    _KNOWN[snapshot] = await database.execute_fn(read_coverage)


async def _coverage(visit: Visit, snapshot: Served) -> Coverage:
    known = _KNOWN.get(snapshot)
    if known is None:
        known = _KNOWN[snapshot] = await ask(visit, snapshot, read_coverage)
    return known


def _articles(visit: Visit, paper: str, **when: str | int) -> str:
    """Address of the list of a paper's articles in a year or month, the newest first."""
    given = {name: [str(value)] for name, value in when.items()}
    return visit.link("/-/search", {"paper": [paper], **given})


def _years(paper: PaperCoverage) -> range:
    if paper.first is None or paper.last is None:
        return range(0)
    return range(int(paper.first[:4]), int(paper.last[:4]) + 1)


def _json(coverage: Coverage, health: PublicHealth | None, snapshot: Served) -> dict[str, object]:
    states = {paper.site: paper_form(paper) for paper in health.papers} if health else {}
    return {
        "ok": True,
        "papers": [
            {
                "id": paper.id,
                "name": paper.name,
                "province": paper.province,
                "status": paper.status,
                "articles": paper.articles,
                "undated": paper.undated,
                "first_month": paper.first,
                "last_month": paper.last,
                "first_captured_at": paper.first_captured_at,
                "last_captured_at": paper.last_captured_at,
                "months": dict(paper.months),
                "gaps": list(paper.gaps),
                "health": states.get(paper.id),
            }
            for paper in coverage.papers
        ],
        "snapshot": {"id": snapshot.facts.id, "built_at": snapshot.facts.built_at},
    }


def _csv(coverage: Coverage, snapshot: Served) -> Response:
    """One line for each paper and month from its first to its last, gaps as 0; undated ones without month."""
    lines: list[list[object]] = [["paper", "name", "province", "month", "articles"]]
    for paper in coverage.papers:
        months = {**paper.months, **dict.fromkeys(paper.gaps, 0)}
        rows = sorted(months.items()) + ([("", paper.undated)] if paper.undated else [])
        lines.extend([paper.id, paper.name, paper.province or "", *row] for row in rows)
    return answers.as_csv(lines, f"dqtv-coverage-{snapshot.facts.id}.csv")


ROUTES: Final = ((r"^/-/coverage(?P<form>\.json|\.csv)?$", coverage_page),)
