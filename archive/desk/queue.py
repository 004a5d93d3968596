"""Few costly searches at a time, so that a crowd of them leaves threads for everybody's plain ones."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from archive.desk.filters import Sort
from archive.desk.query import parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from datasette.app import Datasette

    from archive.desk.filters import Query

#: Costly searches that run at the same time; Datasette has four threads (``serve.SETTINGS``).
AT_ONCE: Final = 2
#: Costly searches that may wait; with more, the next is told to come again.
WAITING: Final = 8
#: Words and phrases from which on a search is costly whatever its order.
_MANY_UNITS: Final = 6
#: Seconds after which one sent away is asked to come again.
RETRY_AFTER: Final = 5


class TooBusyError(Exception):
    """As many costly searches are waiting as may."""


def is_costly(query: Query) -> bool:
    """True for a search that ranks, walks through a prefix or asks for many words.

    Raises BadQuery when its text cannot be read.
    """
    parsed = parse(query.text)
    units = [*parsed.units, *parsed.unwanted]
    return (
        query.sort is Sort.BEST
        or len(units) >= _MANY_UNITS
        or any(unit.prefix or unit.near for unit in units)
    )


class _Queue:
    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0


_QUEUES: WeakKeyDictionary[Any, _Queue] = WeakKeyDictionary()


@asynccontextmanager
async def in_turn(datasette: Datasette, *queries: Query) -> AsyncIterator[None]:
    """Wait for the turn of a costly search, or of several at once; a plain one passes at once.

    Raises TooBusyError when too many wait, BadQuery when the text of one cannot be read.
    """
    if len(queries) == 1 and not is_costly(queries[0]):
        yield
        return
    queue = _QUEUES.setdefault(datasette, _Queue())
    if queue.waiting >= WAITING:
        raise TooBusyError
    queue.waiting += 1
    try:
        await queue.turn.acquire()
    finally:
        queue.waiting -= 1
    try:
        yield
    finally:
        queue.turn.release()
