"""Write every answer to the site's WARC file, before Scrapy touches it.

Listens to ``response_downloaded``: the body is what the server sent (content coding kept), and
redirects, errors and robots.txt are captured too (docs/design-notes.md#capture).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from scrapy import signals

from archive.errors import ArchiveUnwritable
from archive.model import Asked, Capture
from archive.records import parse_response
from archive.warc import Exchange
from scraper.scheduler import FrontierScheduler
from scraper.spiders.newspaper import NewspaperSpider

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from archive.frontier import LeasedUrl
    from archive.records import Pairs
    from scraper.ledger import Ledger


class CaptureExtension:
    """Leaves the capture of each answer in ``request.meta["capture"]`` for the spider."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect its signal (Scrapy's hook)."""
        extension = cls(crawler)
        crawler.signals.connect(extension.response_downloaded, signals.response_downloaded)
        return extension

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Write the exchange; ask for the end of the crawl when the disk refuses."""
        scheduler = FrontierScheduler.of(self._crawler)
        try:
            capture = _write(scheduler.ledger, response, request, self._crawler.spider)
        except ArchiveUnwritable as error:
            scheduler.stop_all("archive unwritable", error)
            return
        request.meta["capture"] = capture
        if request.meta.get("is_robots_txt"):
            scheduler.ledger.add_capture(capture)


def _write(ledger: Ledger, response: Response, request: Request, spider: Spider | None) -> Capture:
    site: str = request.meta["download_slot"]
    leased: LeasedUrl | None = request.meta.get("leased")
    reason, headers = _sent_head(response, request)
    exchange = Exchange(
        id=str(uuid.uuid4()),
        url=response.url,
        fetched_at=ledger.clock.utc(),
        method=request.method,
        request_headers=header_pairs(request.headers),
        status=response.status,
        reason=reason,
        http_version=response.protocol or "HTTP/1.1",
        response_headers=headers,
        payload=response.body,
        ip=str(response.ip_address) if response.ip_address is not None else None,
        asked=_asked(request, spider),
        refers_to=leased.validators.refers_to if leased and leased.validators else None,
    )
    written = ledger.capture(site, exchange)
    return Capture(
        id=exchange.id,
        site=site,
        url=exchange.url,
        fetched_at=exchange.fetched_at,
        status=exchange.status,
        headers=exchange.response_headers,
        body=exchange.payload,
        kind=written.kind,
        payload_sha256=written.payload_sha256,
        location=written.location,
        run_id=ledger.sessions[site].run_id,
        ip=exchange.ip,
        robots=None if request.meta.get("is_robots_txt") else "allowed",
        asked=exchange.asked,
    )


def _asked(request: Request, spider: Spider | None) -> Asked | None:
    leased: LeasedUrl | None = request.meta.get("leased")
    if leased is None or not isinstance(spider, NewspaperSpider):
        return None
    span = spider.span if leased.backfill_id is not None else None
    return Asked(kind=leased.kind, seed=leased.seed, page=leased.page, hops=leased.hops, span=span)


def _sent_head(response: Response, request: Request) -> tuple[str | None, Pairs]:
    """Reason phrase and headers as the server sent them, in their order and spelling.

    The HTTP client removes chunked coding, so its header is kept under another name.
    """
    lines: tuple[bytes, ...] = request.meta.pop("sent_head", ())
    if not lines:
        # not fetched by our own download handler
        return None, header_pairs(response.headers)
    message = parse_response(b"\r\n".join((*lines, b"", b"")))
    return message.reason, tuple(
        (f"X-Archive-Orig-{name}" if name.lower() == "transfer-encoding" else name, value)
        for name, value in message.headers
    )


def header_pairs(headers: Headers) -> Pairs:
    """Every value of every header; bytes are read as latin-1, which keeps each of them."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        # Headers.items() would look every name up a second time
        for name, values in dict.items(headers)
        for value in values or ()
    )
