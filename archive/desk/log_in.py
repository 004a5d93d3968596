"""``/-/log-in``: the page by which archivists log in. Datasette's ``/-/logout`` logs them out."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from datasette.utils.asgi import Response

from archive.desk import answers, failures, served, sessions
from archive.desk.language import say
from archive.desk.office import office_of
from archive.desk.posted import read_form
from archive.desk.rate_limit import reader_of
from archive.desk.visit import Visit
from archive.errors import ArchiveError

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.accounts import Account
    from archive.desk.office import Office

#: Where one is led after it.
ARCHIVIST: Final = "/-/archivist"


async def log_in(datasette: Datasette, request: Request) -> Response:
    """The form, and the answer to it: the archivists' page, or the form with what is wrong."""
    office = office_of(datasette)
    if office is None or request.method not in {"GET", "HEAD", "POST"}:
        return await failures.missing(datasette, request)
    visit = Visit.of(datasette, request)
    if request.method != "POST":
        if sessions.archivist(request):
            return Response.redirect(visit.link(ARCHIVIST))
        return await _form(visit)
    form = await read_form(request)
    if form is None:
        return await _form(visit, "token", status=403)
    return await _try(visit, office, form.get("name", ""), form.get("password", ""))


async def _try(visit: Visit, office: Office, name: str, password: str) -> Response:
    reader = reader_of(visit.request.scope)
    seconds = office.attempts.wait(reader, _counted(name))
    if seconds:
        minutes = math.ceil(seconds / 60)
        answer = await _form(visit, "too_often", status=429, name=name, minutes=minutes)
        answer.headers["Retry-After"] = str(math.ceil(seconds))
        return answer
    office.attempts.failed(reader, _counted(name))
    try:
        account = await _check(office, name, password)
    except ArchiveError:
        return await _form(visit, "accounts", status=503, name=name)
    if account is None:
        return await _form(visit, "wrong", status=403, name=name)
    office.attempts.succeeded(reader, _counted(name))
    answer = Response.redirect(visit.link(ARCHIVIST), status=303)
    sessions.begin(visit.datasette, visit.request, answer, account)
    return answer


async def _check(office: Office, name: str, password: str) -> Account | None:
    async with office.checking:
        return await asyncio.to_thread(office.accounts.check, name, password)


def _counted(name: str) -> str:
    # as an account's name is compared; cut, so that endless names take no memory
    return name.strip().casefold()[:80]


async def _form(
    visit: Visit,
    problem: str | None = None,
    *,
    status: int = 200,
    name: str = "",
    minutes: int = 0,
) -> Response:
    message = say(visit.language, f"log_in.{problem}", minutes=minutes) if problem else None
    return await answers.page(
        visit, "log_in", await served.find(visit.datasette), status=status, private=True, problem=message,
        name=name[:80], token=visit.request.scope["csrftoken"](),
    )  # fmt: skip


ROUTES: Final = ((r"^/-/log-in$", log_in),)
