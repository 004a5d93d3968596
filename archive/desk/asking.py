"""Asking the snapshot in one of Datasette's threads, and what is said where there is none or too much to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from archive.desk import answers
from archive.desk.language import say
from archive.desk.queue import RETRY_AFTER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from datasette.utils.asgi import Response

    from archive.desk.served import Served
    from archive.desk.visit import Visit

#: Seconds of a processor that one question may take from the others, and seconds by the clock, which
#: a slow disk or a crowd may make longer.
LIMIT: Final = 1.0
LIMIT_BY_CLOCK: Final = 5.0
#: SQLite's own steps between two looks at them, a millisecond or less.
_STEPS: Final = 2_000

T = TypeVar("T")


async def ask(visit: Visit, snapshot: Served, read: Callable[[sqlite3.Connection], T]) -> T:
    """What *read* makes of the snapshot's database."""
    database = visit.datasette.get_database(snapshot.database)
    answer: T = await database.execute_fn(read)
    return answer


def limited(read: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """What *read* makes of it within ``LIMIT`` and ``LIMIT_BY_CLOCK``; sqlite3.OperationalError past them."""
    used, clock = time.thread_time() + LIMIT, time.monotonic() + LIMIT_BY_CLOCK
    connection.set_progress_handler(
        lambda: int(time.thread_time() > used or time.monotonic() > clock), _STEPS
    )
    try:
        return read(connection)
    finally:
        connection.set_progress_handler(None, _STEPS)


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
    """The answer to a costly search that finds too many others waiting."""
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
