"""What archivists send from their page: each form becomes one order, or takes one back."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from datasette.utils.asgi import Response

from archive.desk import answers, failures, served, sessions
from archive.desk.archivist_pages import for_archivists, show_overview, told
from archive.desk.language import say
from archive.desk.posted import read_form
from archive.desk.private_archive import write_order
from archive.errors import ArchiveError, BadDateRange, UnknownSite, UsageError
from archive.health.alarms import find_alarm
from archive.order_wording import NotWritten, said
from archive.orders import Kind, Options, ask, cancel
from archive.schedule import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datasette.utils.asgi import Request

    from archive.desk.office import Office
    from archive.desk.visit import Visit
    from archive.transactions import Transactions

    Form = Mapping[str, str]
    #: Writes what a form asks for; the number of the order.
    Writing = Callable[[Form, str, Transactions], int]

_LONGEST_NOTE: Final = 1_000

E = TypeVar("E", Kind, Job)


async def _sent(writing: Writing, visit: Visit, office: Office, request: Request) -> Response:
    """Write what a form asks for and lead back to the page, which shows it."""
    if request.method != "POST":
        return await failures.missing(visit.datasette, request)
    form = await read_form(request)
    who = sessions.archivist(request)
    if form is None or who is None:
        return await _refused(visit)
    try:
        number = await write_order(office, partial(writing, form, who))
    except UsageError as error:
        problem = _in_words(visit, error, form)
        return await show_overview(visit, office, status=400, problem=problem, given=form)
    except ArchiveError as error:
        return await _unwritten(visit, error)
    address = visit.link("/-/archivist", {"order": [str(number)]})
    return Response.redirect(address, status=303)


def _in_words(visit: Visit, error: UsageError, form: Form) -> str:
    if isinstance(error, NotWritten):
        return told(visit, error.why)
    if isinstance(error, UnknownSite):
        return told(visit, said("unknown paper", site=error.site[:40]))
    if isinstance(error, BadDateRange):
        first, last = (form.get(name, "")[:40] for name in ("from", "to"))
        return told(visit, said("days", first=first, last=last))
    return str(error)


def _ask(form: Form, who: str, store: Transactions) -> int:
    kind = _choice(Kind, form.get("kind", ""))
    job = form.get("job", "").strip()
    first, last = (form.get(name, "").strip() for name in ("from", "to"))
    options = Options(
        job=_choice(Job, job) if job else None,
        span=f"{first}..{last}" if first or last else None,
        max_pages=_pages(form.get("max_pages", "")),
        any_hour=form.get("any_hour") == "1",
    )
    order = ask(
        store, kind, form.get("site", ""), asked_by=who, now=time.time(), options=options,
        note=form.get("note", "").strip() or None,
    )  # fmt: skip
    return order.id


def _cancel(form: Form, who: str, store: Transactions) -> int:
    return cancel(store, _whole(form.get("order", "")), by=who, now=time.time()).id


def _acknowledge(form: Form, who: str, store: Transactions) -> int:
    note = form.get("note", "").strip()
    if not note or len(note) > _LONGEST_NOTE:
        raise NotWritten("no note", most=_LONGEST_NOTE)
    number = _whole(form.get("alarm", ""))
    try:
        alarm = find_alarm(store.connection, number)
    except UsageError as error:
        raise NotWritten("no alarm", n=number) from error
    order = ask(
        store, Kind.ACKNOWLEDGE, alarm.site or "", asked_by=who, now=time.time(), note=note,
        options=Options(alarm=alarm.id),
    )  # fmt: skip
    return order.id


def _choice(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        choices = ", ".join(each.value for each in kind)
        raise NotWritten("no choice", text=text[:40], choices=choices) from None


def _pages(text: str) -> int | None:
    return _whole(text) if text.strip() else None


def _whole(text: str) -> int:
    written = text.strip()
    if not (written.isascii() and written.isdigit() and len(written) <= 18):  # noqa: PLR2004 - SQLite's numbers have 64 bits
        raise NotWritten("no number", text=written[:40])
    return int(written)


async def _refused(visit: Visit) -> Response:
    return await answers.error(
        visit, await served.find(visit.datasette), status=403,
        title=say(visit.language, "error.forbidden"), text=say(visit.language, "log_in.token"),
    )  # fmt: skip


async def _unwritten(visit: Visit, error: ArchiveError) -> Response:
    return await answers.error(
        visit, await served.find(visit.datasette), status=503, reason=str(error),
        title=say(visit.language, "archivist.unwritten"), text=say(visit.language, "archivist.unwritten_text"),
    )  # fmt: skip


ROUTES: Final = (
    (r"^/-/archivist/orders$", for_archivists(partial(_sent, _ask))),
    (r"^/-/archivist/cancel$", for_archivists(partial(_sent, _cancel))),
    (r"^/-/archivist/acknowledge$", for_archivists(partial(_sent, _acknowledge))),
)
