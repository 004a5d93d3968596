"""Scrapy's downloader, asking the site's lease before each request is sent, and noting when and for how long.

This is the last step of ours before the network. A downloader middleware comes before the site's delay is
waited for, seconds in which a lease may end: a process that was stopped there would send its request when
it goes on. Nor does a signal of Scrapy's say when a request is sent: ``request_reached_downloader`` comes
before the delay as well, and ``download_latency`` stands for answers only, and for their heads.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import attrs
from scrapy.core.downloader import Downloader
from scrapy.exceptions import IgnoreRequest

from archive.crawl_log import Timing
from archive.instants import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.http import Response

    from archive.model import Capture
    from scraper.scheduler import FrontierScheduler

_SENT: Final = "sent"
_HOLD: Final = "hold"


@attrs.define
class _Sent:
    at: float
    seconds: float | None = None


@attrs.frozen
class Hold:
    """The lease that a request is sent under, where another machine may have the site next."""

    #: Raises LeaseLost when it is over.
    look: Callable[[], None]
    #: See `archive.lease.Lease`.
    arrival_s: float


class LeaseLost(IgnoreRequest):
    """The request was not sent: the site's lease is over."""


class LeasedDownloader(Downloader):
    """Sends nothing without a lease (LeaseLost); leaves with each request what `hold_of` and `timing_of` read."""

    async def _download(self, slot: Slot, request: Request) -> Response:
        engine = self.crawler.engine
        assert engine is not None  # noqa: S101  a downloader runs inside a started engine
        scheduler = cast("FrontierScheduler", engine.scheduler)
        site = request.meta[self.DOWNLOAD_SLOT]

        def look() -> None:
            if not scheduler.may_ask(site):
                raise LeaseLost(f"the lease is over, nothing was sent: {request.url}")

        look()
        arrival_s = scheduler.ledger.sessions[site].lease.arrival_s
        request.meta[_HOLD] = None if arrival_s is None else Hold(look, arrival_s)
        sent = request.meta[_SENT] = _Sent(time.time())
        begun = time.monotonic()
        try:
            return await super()._download(slot, request)
        finally:
            sent.seconds = time.monotonic() - begun


def hold_of(request: Request) -> Hold | None:
    """What connections for *request* are made under; None where no other machine takes the site."""
    hold: Hold | None = request.meta.get(_HOLD)
    return hold


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
