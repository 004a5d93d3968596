"""``/-/health``: how the crawls do, for everybody; ``/-/metrics``: figures for Prometheus, for those who may."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
from datasette.utils.asgi import Response

from archive.desk import answers, failures, served, sessions
from archive.desk.language import say
from archive.desk.office import office_of
from archive.desk.private_archive import read_archive
from archive.desk.visit import Visit
from archive.errors import ArchiveError
from archive.health.alarms import open_alarms
from archive.health.prometheus import prometheus_text
from archive.instants import instant_of, utc_text
from archive.operations import public_summary

if TYPE_CHECKING:
    import sqlite3

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.office import Office
    from archive.operations import PublicPaper

#: Seconds for which one reading of the archive answers everybody.
KEPT_S: Final = 10.0
_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


@attrs.frozen(kw_only=True)
class PublicHealth:
    """What everybody may know of the crawls."""

    read_at: datetime
    #: Of papers and of the archive as a whole.
    open_alarms: int
    #: By name; papers that were never crawled are left out.
    papers: tuple[PublicPaper, ...]


async def health_page(datasette: Datasette, request: Request) -> Response:
    """State, last good crawl and articles of each paper, as a page or as JSON."""
    office = office_of(datasette)
    if office is None:
        return await failures.missing(datasette, request)
    visit = Visit.of(datasette, request)
    snapshot = await served.find(datasette)
    json = bool(request.url_vars.get("json"))
    health = await _public_health(office)
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


async def _public_health(office: Office) -> PublicHealth | None:
    """Read at most once in ``KEPT_S``, whether it works or not, however many ask."""
    async with office.summing:
        at, known = office.summed or (float("-inf"), None)
        if time.monotonic() - at < KEPT_S:
            return known
        try:
            health = await read_archive(office, _read_public)
        except ArchiveError:
            health = None
        office.summed = (time.monotonic(), health)
        return health


def _read_public(db: sqlite3.Connection) -> PublicHealth:
    now = time.time()
    named = [paper for paper in public_summary(db, now) if paper.name]
    return PublicHealth(
        read_at=instant_of(now),
        open_alarms=len(open_alarms(db)),
        papers=tuple(sorted(named, key=lambda paper: (paper.name or "", paper.site))),
    )


def _json(visit: Visit, health: PublicHealth, covered: set[str]) -> dict[str, Any]:
    return {
        "ok": True,
        "read_at": utc_text(health.read_at),
        "open_alarms": health.open_alarms,
        "papers": [
            {
                "id": paper.site,
                "name": paper.name,
                "state": paper.state.value,
                "last_successful_crawl": paper.last_good_day and paper.last_good_day.isoformat(),
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
