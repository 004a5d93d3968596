"""``/-/archivist``: what goes on in the archive, for those who are logged in, and the orders they give.

``/-/archivist`` · ``/-/archivist/run/<id>`` (its log) · ``/-/archivist/order/<number>`` · ``/-/archivist/stop`` (asks once
more). Orders are sent by POST to ``/-/archivist/orders``, ``.../cancel`` and ``.../acknowledge``, see ``order_forms``.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
from datasette.utils.asgi import Response

from archive.audit import read_trail
from archive.crawl_log import CrawlLog
from archive.desk import answers, failures, served, sessions
from archive.desk.language import say, strings
from archive.desk.office import office_of
from archive.desk.private_archive import read_archive
from archive.desk.visit import Visit
from archive.errors import ArchiveError, UsageError
from archive.health.wording import sentence
from archive.operations import overview
from archive.order_wording import process_words, unpacked
from archive.order_wording import sentence as order_sentence
from archive.orders import find_order, known_papers
from archive.runs import run_with_id, running_crawl
from archive.schedule import Job

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Mapping

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.office import Office
    from archive.health.wording import Language
    from archive.operations import Overview
    from archive.order_wording import Said

    Page = Callable[[Visit, Office, Request], Awaitable[Response]]

#: Seconds between two readings of the page where its reader wants it to renew itself.
RENEWED_EVERY_S: Final = 15
#: Lines of a run's log on one page.
LOG_LINES: Final = 100
_FINISHED_SHOWN: Final = 12


@attrs.frozen(kw_only=True)
class _Seen:
    overview: Overview
    #: Site -> name of the paper.
    names: dict[str, str]
    #: Papers that orders may be for.
    papers: list[str]


def for_archivists(page: Page) -> Callable[[Datasette, Request], Awaitable[Response]]:
    """The page for those who are logged in; the way to log in for others, and no page without an office."""

    async def answer(datasette: Datasette, request: Request) -> Response:
        office = office_of(datasette)
        if office is None:
            return await failures.missing(datasette, request)
        visit = Visit.of(datasette, request)
        if sessions.archivist(request) is None:
            return Response.redirect(visit.link("/-/log-in"), status=303)
        try:
            return await page(visit, office, request)
        except ArchiveError as error:
            return await unreadable(visit, error)

    return answer


async def unreadable(visit: Visit, error: ArchiveError) -> Response:
    """The archive cannot be asked, and why; the rest of the desk goes on."""
    return await answers.error(
        visit,
        await served.find(visit.datasette),
        status=503,
        title=say(visit.language, "health.unreadable"),
        text=say(visit.language, "archivist.unreadable_text"),
        reason=str(error),
    )


async def show_overview(
    visit: Visit,
    office: Office,
    *,
    status: int = 200,
    problem: str | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    """The page; *problem* says why an order was not written, *given* is what its form held."""
    seen = await read_archive(office, _see)
    is_live = visit.parameters.get("live") == ["1"] and problem is None
    answer = await answers.page(
        visit, "archivist", await served.find(visit.datasette), status=status, private=True,
        now=seen.overview, names=seen.names, papers=seen.papers, jobs=list(Job),
        finished=[order for order in seen.overview.last_orders if not order.is_open][:_FINISHED_SHOWN],
        said=partial(_said, visit, seen.names), told=partial(told, visit), timing=partial(_timing, visit), is_live=is_live, every=RENEWED_EVERY_S,
        problem=problem, given=given or {}, written=_number(visit, "order"), token=_token(visit),
    )  # fmt: skip
    if is_live:
        # only on a reader's own wish, with a link to end it (WCAG 2.2, 2.2.1 and 2.2.2); no form to fill in is shown then
        answer.headers["Refresh"] = str(RENEWED_EVERY_S)
    return answer


async def _overview(visit: Visit, office: Office, _request: Request) -> Response:
    return await show_overview(visit, office)


def _see(db: sqlite3.Connection) -> _Seen:
    names = dict(db.execute("SELECT id, name FROM sites").fetchall())
    papers = sorted(known_papers(db), key=lambda site: (names.get(site) or site, site))
    return _Seen(overview=overview(db, time.time()), names=names, papers=papers)


def _said(visit: Visit, names: Mapping[str, str], alarm: Any) -> str:  # noqa: ANN401 - called by a template
    return sentence(
        attrs.evolve(alarm, example_url=None), _language(visit), names.get(alarm.site or "")
    )


def told(visit: Visit, message: Said) -> str:
    """What is said of an order, in the reader's language."""
    return order_sentence(message, _language(visit), partial(_word, visit))


def _word(visit: Visit, kind: str, word: str) -> str:
    key = {
        "reason": f"run_end.{word}",
        "jobs": f"order.job_{word}",
        "outcome": f"order.outcome_{word}",
    }[kind]
    return say(visit.language, key) if key in strings(visit.language) else word


def _timing(visit: Visit, text: str) -> str:
    """A timing as the schedule keeps it, in the reader's words; a cron expression as it is."""
    kind, _, hours = text.partition(" ")
    if kind == "every":
        return say(visit.language, "archivist.timing_every", n=hours)
    if kind == "adapt":
        least, _, most = hours.partition("..")
        return say(visit.language, "archivist.timing_adapt", least=least, most=most)
    return text


def _language(visit: Visit) -> Language:
    return "vi" if visit.language == "vi" else "en"


async def _run(visit: Visit, office: Office, request: Request) -> Response:
    """A run and its log, a page of lines at a time."""
    run_id, after = request.url_vars["id"], _number(visit, "after") or 0

    def read(db: sqlite3.Connection) -> tuple[Any, list[Any], str]:
        run = run_with_id(db, run_id)
        lines = CrawlLog(db).page(run_id, after=after, limit=LOG_LINES + 1)
        return run, lines, _name(db, run.site) if run else ""

    run, lines, name = await read_archive(office, read)
    if run is None:
        return await failures.missing(visit.datasette, request)
    return await answers.page(
        visit, "archivist_run", await served.find(visit.datasette), private=True, run=run, name=name, lines=lines[:LOG_LINES],
        after=after, more=lines[LOG_LINES - 1].position if len(lines) > LOG_LINES else None,
    )  # fmt: skip


async def _order(visit: Visit, office: Office, request: Request) -> Response:
    """An order, what became of it and every step of it."""
    number = int(request.url_vars["number"])

    def read(db: sqlite3.Connection) -> tuple[Any, list[Any], str] | None:
        try:
            order = find_order(db, number)
        except UsageError:
            return None
        return order, read_trail(db, order_id=number), _name(db, order.site)

    found = await read_archive(office, read)
    if found is None:
        return await failures.missing(visit.datasette, request)
    order, trail, name = found
    return await answers.page(
        visit, "archivist_order", await served.find(visit.datasette), private=True,
        order=order, trail=trail, name=name, token=_token(visit), told=partial(told, visit), read=unpacked,
        who=lambda deed: process_words(deed.who, _language(visit)),
    )  # fmt: skip


async def _stop(visit: Visit, office: Office, _request: Request) -> Response:
    """Ask once more before a crawl is stopped."""
    site = next(iter(visit.parameters.get("site", [])), "")

    def read(db: sqlite3.Connection) -> tuple[str | None, str]:
        return running_crawl(db, site), _name(db, site)

    run_id, name = await read_archive(office, read)
    if run_id is None:
        message = say(visit.language, "archivist.not_running")
        return await show_overview(visit, office, status=409, problem=message)
    return await answers.page(
        visit, "archivist_stop", await served.find(visit.datasette), private=True,
        site=site, name=name, run_id=run_id, token=_token(visit),
    )  # fmt: skip


def _name(db: sqlite3.Connection, site: str) -> str:
    row = db.execute("SELECT name FROM sites WHERE id = ?", (site,)).fetchone()
    return str(row[0]) if row else site


def _token(visit: Visit) -> str:
    return str(visit.request.scope["csrftoken"]())


def _number(visit: Visit, name: str) -> int | None:
    text = next(iter(visit.parameters.get(name, [])), "")
    # SQLite's numbers have 64 bits
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004


ROUTES: Final = (
    (r"^/-/archivist$", for_archivists(_overview)),
    (r"^/-/archivist/run/(?P<id>[0-9A-Za-z-]{1,60})$", for_archivists(_run)),
    (r"^/-/archivist/order/(?P<number>[0-9]{1,18})$", for_archivists(_order)),
    (r"^/-/archivist/stop$", for_archivists(_stop)),
)
