"""Asking the snapshot in one of Datasette's threads, and what is said where there is none or too much to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from datasette.utils import sqlite_timelimit

from archive.desk import answers
from archive.desk.language import say
from archive.desk.queue import RETRY_AFTER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from datasette.utils.asgi import Response

    from archive.desk.served import Served
    from archive.desk.visit import Visit

#: Milliseconds one question may keep one of the few database threads busy.
LIMIT_MS: Final = 3_000

T = TypeVar("T")


async def ask(visit: Visit, snapshot: Served, read: Callable[[sqlite3.Connection], T]) -> T:
    """What *read* makes of the snapshot's database."""
    database = visit.datasette.get_database(snapshot.database)
    answer: T = await database.execute_fn(read)
    return answer


def limited(read: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """What *read* makes of it within ``LIMIT_MS``; sqlite3.OperationalError past it."""
    with sqlite_timelimit(connection, LIMIT_MS):
        return read(connection)


async def no_snapshot(visit: Visit, *, json: bool = False) -> Response:
    """The answer where Datasette has opened no snapshot, as a page or as JSON."""
    text = say(visit.language, "error.no_snapshot_text")
    if json:
        return answers.json_error(text, status=404)
    names = [name for name in visit.datasette.databases if name != "_internal"]
    return await answers.page(
        visit,
        "error",
        None,
        status=404,
        title=say(visit.language, "error.no_snapshot"),
        text=text,
        databases=[(name, visit.datasette.urls.database(name)) for name in names],
    )


async def too_busy(visit: Visit, snapshot: Served, *, json: bool) -> Response:
    """The answer where as many costly searches wait as may, as a page or as JSON."""
    response = await answers.error(
        visit,
        snapshot,
        status=503,
        title=say(visit.language, "error.busy"),
        text=say(visit.language, "error.busy_text"),
        json=json,
    )
    response.headers.update({"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
    return response
