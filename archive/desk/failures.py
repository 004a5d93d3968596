"""What a reader is told when a page is missing, refused or broken, on every page of the server."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from datasette.utils.asgi import Base400, NotFound
from datasette.views.base import DatasetteError
from markupsafe import Markup

from archive.desk import answers, served
from archive.desk.language import say
from archive.desk.visit import Visit

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

_LOG: Final = logging.getLogger(__name__)


async def answer(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """The answer to a request that ended in *exception*; unexpected ones are logged, not shown."""
    if isinstance(exception, NotFound):
        return await _failure(datasette, request, 404, "not_found")
    if isinstance(exception, Base400):
        return await _failure(datasette, request, exception.status, "title", str(exception))
    if isinstance(exception, DatasetteError):
        reason = Markup(exception.message).striptags()  # noqa: S704 - tags are removed at once
        # Datasette 0.65.5 gives 500 also for a column that the table does not have; what SQLite
        # itself refused stands behind the exception
        if exception.status == HTTPStatus.INTERNAL_SERVER_ERROR and exception.__context__ is None:
            return await _failure(datasette, request, 400, "table", reason, address=request.path)
        return await _failure(datasette, request, exception.status, "title", reason)
    _LOG.error("%s failed", request.path, exc_info=exception)
    return await _failure(datasette, request, 500, "server")


async def refusal(datasette: Datasette, request: Request) -> Response:
    """The answer to a request for something that is not open to everyone."""
    return await _failure(datasette, request, 403, "forbidden")


async def missing(datasette: Datasette, request: Request) -> Response:
    """The answer to a request for something that does not exist."""
    return await _failure(datasette, request, 404, "not_found")


async def _closed(datasette: Datasette, request: Request) -> Response:
    return await missing(datasette, request)


#: Datasette's pages for those who build with it, open to everyone: they tell readers nothing, and
#: a public server's threads and tasks are nobody's business.
CLOSED: Final = ((r"^/-/(?:allow-debug|messages|patterns|threads(?:\.json)?)$", _closed),)


async def _failure(
    datasette: Datasette,
    request: Request,
    status: int,
    name: str,
    reason: str | None = None,
    **values: object,
) -> Response:
    """*name* is that of our own sentence; *reason*, Datasette's, is in English."""
    visit = Visit.of(datasette, request)
    return await answers.error(
        visit,
        served.known(datasette),
        status=status,
        title=say(visit.language, f"error.{name}"),
        text=say(visit.language, f"error.{name}_text", **values),
        reason=reason,
        json=request.path.endswith(".json"),
    )
