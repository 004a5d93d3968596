"""``/-/health``: how the crawls do, for everybody; ``/-/metrics``: figures for Prometheus, for those who may."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from datasette.utils.asgi import Response

from archive.desk import answers, failures, served, sessions
from archive.desk.language import say
from archive.desk.office import office_of
from archive.desk.private_archive import read_archive
from archive.desk.public_health import paper_form, public_health
from archive.desk.visit import Visit
from archive.errors import ArchiveError
from archive.health.prometheus import prometheus_text
from archive.instants import utc_text

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.office import Office
    from archive.desk.public_health import PublicHealth

_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


async def health_page(datasette: Datasette, request: Request) -> Response:
    """State, last good crawl and articles of each paper, as a page or as JSON."""
    office = office_of(datasette)
    if office is None:
        return await failures.missing(datasette, request)
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    json = bool(request.url_vars.get("json"))
    health = await public_health(office)
    if health is None:
        # why not is for archivists: it names files
        title, text = (
            say(visit.language, f"health.{key}") for key in ("unreadable", "unreadable_text")
        )
        return await answers.error(visit, snapshot, status=503, title=title, text=text, json=json)
    covered = {paper.id for paper in snapshot.papers} if snapshot else set()
    if json:
        return answers.as_json(_json(visit, health, covered))
    return await answers.page(visit, "health", snapshot, health=health, covered=covered)


def _json(visit: Visit, health: PublicHealth, covered: set[str]) -> dict[str, Any]:
    return {
        "ok": True,
        "read_at": utc_text(health.read_at),
        "open_alarms": health.open_alarms,
        "papers": [
            {
                "id": paper.site,
                "name": paper.name,
                **paper_form(paper),
                "articles": paper.articles,
                "coverage": f"{visit.absolute('/-/coverage')}?paper={paper.site}"
                if paper.site in covered
                else None,
            }
            for paper in health.papers
        ],
    }


async def metrics(datasette: Datasette, request: Request) -> Response:
    """Prometheus' text format, for archivists and for a program with the token."""
    office = office_of(datasette)
    if office is None:
        return await failures.missing(datasette, request)
    if not (sessions.archivist(request) or _has_token(office, request)):
        refusal = "Log in, or send the token that the desk was started with (--metrics-token).\n"
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"', "Cache-Control": "no-store"}
        return Response.text(refusal, status=401, headers=headers)
    try:
        text = await read_archive(office, lambda db: prometheus_text(db, datetime.now(UTC)))
    except ArchiveError as error:
        return Response.text(f"{error}\n", status=503, headers={"Cache-Control": "no-store"})
    return Response(text, headers={"Cache-Control": "no-store"}, content_type=_TEXT_FORMAT)


def _has_token(office: Office, request: Request) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    expected = office.metrics_token
    return (
        expected is not None
        and kind.lower() == "bearer"
        and secrets.compare_digest(given.strip().encode(), expected.encode())
    )


ROUTES: Final = (
    (r"^/-/health(?P<json>\.json)?$", health_page),
    (r"^/-/metrics$", metrics),
)
