"""Scrapy's downloader, noting when each request is handed to the network and how long it took.

No signal of Scrapy's says so: ``request_reached_downloader`` comes before the site's delay is waited for,
and ``download_latency`` stands for answers only, and for their heads.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs
from scrapy.core.downloader import Downloader

from archive.crawl_log import Timing
from archive.instants import utc_text

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.http import Response

    from archive.model import Capture

_SENT: Final = "sent"


@attrs.define
class _Sent:
    at: float
    seconds: float | None = None


class NotingDownloader(Downloader):
    """Leaves with each request what `timing_of` reads."""

    async def _download(self, slot: Slot, request: Request) -> Response:
        sent = request.meta[_SENT] = _Sent(time.time())
        begun = time.monotonic()
        try:
            return await super()._download(slot, request)
        finally:
            sent.seconds = time.monotonic() - begun


def timing_of(request: Request | None) -> Timing | None:
    """When *request* was sent, for how long, how much came; None when it never was."""
    sent: _Sent | None = None if request is None else request.meta.get(_SENT)
    if request is None or sent is None:
        return None
    capture: Capture | None = request.meta.get("capture")
    return Timing(
        at=utc_text(datetime.fromtimestamp(sent.at, UTC)),
        seconds=None if sent.seconds is None else round(sent.seconds, 4),
        bytes=None if capture is None else len(capture.body),
    )
