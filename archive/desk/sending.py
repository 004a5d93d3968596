"""Long answers, made while they are sent: never held in memory, and one piece at a time for all readers.

They have a turn of their own. In that of costly searches (``queue``) a reader with a slow line would
hold up everybody else's.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from datasette.utils.asgi import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from datasette.app import Datasette

    from archive.desk.security import Send

#: Seconds after which an answer is broken off: a reader who takes none of it would keep an old
#: snapshot open for ever.
LONGEST: Final = 600.0
#: Pieces that are made at the same time; Datasette has four threads (``serve.SETTINGS``).
AT_ONCE: Final = 1
#: Answers that may wait to be begun; with more, the next reader is told to come again.
WAITING: Final = 8
_LOG: Final = logging.getLogger(__name__)


class TooManyError(Exception):
    """As many answers wait to be begun as may."""


class _Turns:
    def __init__(self) -> None:
        self.piece = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0


_TURNS: WeakKeyDictionary[Any, _Turns] = WeakKeyDictionary()


@asynccontextmanager
async def beginning(datasette: Datasette) -> AsyncIterator[None]:
    """Wait for the turn of an answer's first piece. Raises TooManyError when too many wait."""
    turns = _TURNS.setdefault(datasette, _Turns())
    if turns.waiting >= WAITING:
        raise TooManyError
    turns.waiting += 1
    try:
        await turns.piece.acquire()
    finally:
        turns.waiting -= 1
    try:
        yield
    finally:
        turns.piece.release()


@asynccontextmanager
async def going_on(datasette: Datasette) -> AsyncIterator[None]:
    """Wait for the turn of a further piece: what has begun is never sent away."""
    async with _TURNS.setdefault(datasette, _Turns()).piece:
        yield


class BrokenOff(BaseException):
    """An answer that cannot be gone on with.

    No Exception: Datasette would send its error page behind what is sent already, and the reader
    would take that for a whole file. The server closes the connection instead, which every program
    takes for a download that failed.
    """


class StreamedAnswer(Response):  # type: ignore[misc]  # Datasette has no types
    """Sends *pieces* as they are made."""

    def __init__(
        self, pieces: AsyncIterator[bytes], *, headers: dict[str, str], content_type: str
    ) -> None:
        super().__init__(b"", headers=headers, content_type=content_type)
        self._pieces = pieces

    async def asgi_send(self, send: Send) -> None:
        """Send head and pieces. Raises BrokenOff when one cannot be made, or in time."""
        headers = {**self.headers, "content-type": self.content_type}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        try:
            async with asyncio.timeout(LONGEST):
                async for piece in self._pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception as error:
            _LOG.exception("a download was broken off")
            raise BrokenOff from error
        await send({"type": "http.response.body", "body": b""})
