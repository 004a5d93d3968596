"""The research desk: a Datasette plugin with search and article pages in Vietnamese and English.

Datasette loads this package through its entry point. It finds the published snapshot among the
databases by its tables, so a plain ``datasette public/dqtv-....db`` shows the same pages as
``dqtv serve``, which adds the settings a public server needs (``serve.SETTINGS``).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from datasette import hookimpl
from datasette.utils import escape_fts
from datasette.utils.asgi import Request

from archive.desk import (
    answers,
    archivist_pages,
    citation_files,
    cluster_pages,
    concordance_pages,
    coverage_pages,
    downloads,
    failures,
    health_pages,
    log_in,
    order_forms,
    pages,
    robots,
    served,
    sessions,
    take_away,
    timeline_pages,
)
from archive.desk.article_sets import read_sets
from archive.desk.metadata import describe
from archive.desk.queue import queued
from archive.desk.security import guarded, limit_values
from archive.desk.snapshot import is_snapshot
from archive.desk.visit import Visit
from archive.vietnamese import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Response

    from archive.desk.security import App

Function = TypeVar("Function", bound="Callable[..., Any]")


def _hook(function: Function, **order: bool) -> Function:
    """``hookimpl`` with a type."""
    marked: Function = hookimpl(function, **order)
    return marked


def _first(function: Function) -> Function:
    return _hook(function, tryfirst=True)


def _last(function: Function) -> Function:
    return _hook(function, trylast=True)


@_hook
def startup(datasette: Datasette) -> Callable[[], Awaitable[object]]:
    """Find the snapshot before the first page, so that Datasette's own pages are described too.

    What facets, timelines and the coverage count is read now as well, so that no reader waits for it.
    """

    async def look() -> None:
        found = await served.find(datasette)
        if found is not None:
            await datasette.get_database(found.database).execute_fn(read_sets)
            await coverage_pages.know_coverage(datasette, found)

    return look


@_hook
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    """The desk's addresses; plugins come first, so ``/`` is ours."""
    return [
        *citation_files.ROUTES,
        *take_away.ROUTES,
        *pages.ROUTES,
        *coverage_pages.ROUTES,
        *timeline_pages.ROUTES,
        *concordance_pages.ROUTES,
        *downloads.ROUTES,
        *health_pages.ROUTES,
        *log_in.ROUTES,
        *archivist_pages.ROUTES,
        *cluster_pages.ROUTES,
        *order_forms.ROUTES,
        *robots.ROUTES,
        *failures.CLOSED,
    ]


@_hook
def get_metadata(datasette: Datasette) -> dict[str, Any]:
    """Titles and column descriptions of the snapshot's tables."""
    found = served.known(datasette)
    return describe(found) if found is not None else {}


# trylast: Datasette registers its own escape_fts in the same hook, and the last one stays
@_last
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Bound values, and let the table pages' search box find đ by d as the desk does."""
    limit_values(conn)
    if is_snapshot(conn):
        conn.create_function("escape_fts", 1, _escape_folded, deterministic=True)


@_hook
def extra_template_vars(
    datasette: Datasette, request: Request | None
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """What the templates of Datasette's own pages say, in the reader's language."""

    async def read() -> dict[str, Any]:
        # other plugins render pages of theirs without saying for which request
        visit = Visit.of(datasette, request or Request.fake("/"))
        return {"desk": answers.tables_context(visit, await served.find(datasette))}

    return read


@_hook
def actor_from_request(datasette: Datasette, request: Request) -> dict[str, Any] | None:
    """The archivist who is logged in, if one is."""
    return sessions.actor_of(datasette, request)


@_hook
def permission_allowed(
    datasette: Datasette, actor: dict[str, Any] | None, action: str, resource: str | None
) -> bool | None:
    """SQL of one's own is for readers who are logged in, unless ``allow_sql`` says otherwise.

    It holds for every database beside a snapshot, as one can be attached to another.
    """
    if action != "execute-sql" or served.known(datasette) is None:
        return None
    if datasette.metadata("allow_sql", database=resource) is not None:
        return None
    return actor is not None


@_hook
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Safe headers, the snapshot's id and no backslash in paths for every page; a queue for costly searches."""

    def snapshot() -> str | None:
        found = served.known(datasette)
        return found.facts.id if found is not None else None

    def wrap(app: App) -> App:
        is_https = partial(sessions.is_https, datasette)
        return guarded(queued(app, datasette), snapshot=snapshot, is_https=is_https)

    return wrap


@_first
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Callable[[], Awaitable[Response]]:
    """An answer in the reader's language for missing pages and failures; details go to the log."""
    return partial(failures.answer, datasette, request, exception)


@_hook
def forbidden(datasette: Datasette, request: Request) -> Callable[[], Awaitable[Response]]:
    """An answer in the reader's language for what is not open to everyone."""
    return partial(failures.refusal, datasette, request)


def _escape_folded(query: str | None) -> str:
    return str(escape_fts(fold(query or "")))
