"""Write every answer to the site's WARC file, before Scrapy touches it.

Listens to ``response_downloaded``: the body is what the server sent (content coding kept), and
redirects, errors and robots.txt are captured too (docs/design-notes.md#capture).
"""

from __future__ import annotations

import http
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy import signals

from archive.errors import ArchiveUnwritable
from archive.model import Capture
from archive.warc import Exchange
from scraper.scheduler import FrontierScheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

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
            capture = _write(scheduler.ledger, response, request)
        except ArchiveUnwritable as error:
            scheduler.stop_all("archive unwritable", error)
            return
        request.meta["capture"] = capture
        if request.meta.get("is_robots_txt"):
            scheduler.ledger.add_capture(capture)


def _write(ledger: Ledger, response: Response, request: Request) -> Capture:
    site: str = request.meta["download_slot"]
    exchange = Exchange(
        id=str(uuid.uuid4()),
        url=response.url,
        fetched_at=datetime.now(UTC),
        method=request.method,
        request_headers=header_pairs(request.headers),
        status=response.status,
        reason=_phrase(response.status),
        http_version=response.protocol or "HTTP/1.1",
        response_headers=header_pairs(response.headers),
        payload=response.body,
        ip=str(response.ip_address) if response.ip_address is not None else None,
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
        robots="allowed",
    )


def _phrase(status: int) -> str | None:
    """The standard phrase: Scrapy does not keep the one that was sent (the warcinfo record says so)."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return None


def header_pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    """Every value of every header; bytes are read as latin-1, which keeps each of them."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        # Headers.items() would look every name up a second time
        for name, values in dict.items(headers)
        for value in values or ()
    )
