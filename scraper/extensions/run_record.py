"""Keeps what a run must be able to prove: robots.txt as it was read, delays kept, waits asked for.

Robots.txt requests go into the crawl log from here; all other lines are written with their outcomes.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
from scrapy import signals

from archive.crawl_log import ROBOTS
from archive.instants import utc_text
from scraper.downloader import timing_of
from scraper.middlewares.politeness import SLOWED_DOWN, retry_after_seconds
from scraper.middlewares.robots import ROBOTS_ASKED
from scraper.scheduler import FrontierScheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from archive.model import Capture
    from scraper.middlewares.robots import Rules
    from scraper.spiders.newspaper import NewspaperSpider


@attrs.define
class Politeness:
    """What one site asked of one run, in seconds."""

    #: The site file's delay, and the longest Crawl-delay of a robots.txt.
    delay_s: float
    crawl_delay_s: float | None = None
    #: Answers 429 and 503, and the Retry-After headers among them.
    slow_downs: int = 0
    waits: int = 0
    longest_wait_s: float | None = None


class RunRecordExtension:
    """Hands the ledger robots decisions and politeness figures, which it commits with the next group."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._user_agent: str = crawler.settings["USER_AGENT"]
        self._politeness: dict[str, Politeness] = {}
        self._robots: dict[str, list[dict[str, Any]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect its signals (Scrapy's hook)."""
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        crawler.signals.connect(extension.slowed_down, SLOWED_DOWN)
        crawler.signals.connect(extension.robots_asked, ROBOTS_ASKED)
        return extension

    def spider_opened(self, spider: NewspaperSpider) -> None:
        """Note the delay of every site's file."""
        for site in spider.sites.values():
            self._politeness[site.id] = Politeness(site.delay_s)
            self._note_politeness(site.id)

    def slowed_down(self, response: Response, request: Request) -> None:
        """Count the answers that ask to slow down."""
        site = request.meta.get("download_slot")
        if site not in self._politeness:
            return
        figures = self._politeness[site]
        figures.slow_downs += 1
        header, sent = (response.headers.get(name) or b"" for name in ("Retry-After", "Date"))
        wait = retry_after_seconds(header.decode("latin-1"), sent=sent.decode("latin-1"))
        if wait is not None:
            figures.waits += 1
            figures.longest_wait_s = max(wait, figures.longest_wait_s or 0.0)
        self._note_politeness(site)

    def robots_asked(
        self,
        request: Request,
        response: Response | None,
        error: Exception | None,
        rules: Rules | None,
    ) -> None:
        """Log one request for a robots.txt, and what the answer means for the host."""
        scheduler = FrontierScheduler.of(self._crawler)
        site: str = request.meta["download_slot"]
        if not scheduler.is_open or site not in self._politeness:
            return
        capture: Capture | None = request.meta.get("capture")
        outcome = _meaning(rules)
        reason = rules.unreachable if rules else None
        if outcome == "redirected" and capture is not None:
            reason = capture.header("Location")
        scheduler.ledger.log(
            site, url=request.url, kind=ROBOTS, outcome=outcome,
            reason=type(error).__name__ if error is not None else reason,
            capture=capture, asked=timing_of(request),
        )  # fmt: skip
        if rules is None:
            return
        crawl_delay = rules.crawl_delay(self._user_agent)
        self._robots.setdefault(site, []).append(
            {
                "url": request.url,
                "read_at": utc_text(datetime.now(UTC)),
                "said": outcome,
                "status": response.status if response is not None else None,
                "sha256": hashlib.sha256(response.body).hexdigest()
                if response is not None
                else None,
                "capture_id": capture.id if capture is not None else None,
                "crawl_delay_s": crawl_delay,
                "detail": rules.unreachable,
            }
        )
        scheduler.ledger.note(site, "robots", self._robots[site])
        if crawl_delay is not None:
            figures = self._politeness[site]
            figures.crawl_delay_s = max(crawl_delay, figures.crawl_delay_s or 0.0)
            self._note_politeness(site)

    def _note_politeness(self, site: str) -> None:
        scheduler = FrontierScheduler.of(self._crawler)
        if scheduler.is_open:
            scheduler.ledger.note(site, "politeness", attrs.asdict(self._politeness[site]))


def _meaning(rules: Rules | None) -> str:
    if rules is None:
        return "redirected"
    if rules.unreachable is not None:
        return "unreachable"
    return "no_rules" if rules.parser is None else "read"
