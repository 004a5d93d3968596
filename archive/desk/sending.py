"""An answer that is made while it is sent, so that a long one is never held in memory."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from datasette.utils.asgi import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from archive.desk.security import Send

#: Seconds after which an answer is broken off: a reader who takes none of it would keep an old
#: snapshot open for ever.
LONGEST: Final = 600.0
_LOG: Final = logging.getLogger(__name__)


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
