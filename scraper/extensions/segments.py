"""Let someone take what a crawl has on record every few seconds, between two commits: segments for the archive.

The crawl of a worker closes its WARC file then; what is done with it is not known here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from archive.errors import ArchiveError
from scraper.scheduler import FrontierScheduler
from scraper.spiders.newspaper import NewspaperSpider

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from scraper.ledger import Ledger

#: Seconds between two calls.
TICK_SECONDS: Final = 0.5


class Sealer(Protocol):
    """Who takes what is on record."""

    def tick(self, ledger: Ledger) -> bool:
        """Called every half second; True to end the crawl as by a signal, after the page under way.

        Raises ArchiveError when the crawl cannot go on.
        """


class SegmentExtension:
    """Calls the spider's sealer, if it has one."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._sealer: Sealer | None = None
        self._closing: asyncio.Future[None] | None = None
        self._ticking: AsyncioLoopingCall | LoopingCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension (Scrapy's hook)."""
        extension = cls(crawler)
        crawler.signals.connect(extension.begin, signals.spider_opened)
        crawler.signals.connect(extension.end, signals.spider_closed)
        return extension

    def begin(self, spider: Spider) -> None:
        """Begin to tick."""
        self._sealer = spider.sealer if isinstance(spider, NewspaperSpider) else None
        if self._sealer is None:
            return
        self._ticking = create_looping_call(self._tick)
        self._ticking.start(TICK_SECONDS, now=False)

    def end(self) -> None:
        """Tick no more."""
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _tick(self) -> None:
        scheduler = FrontierScheduler.of(self._crawler)
        if not scheduler.is_open or self._sealer is None:
            return
        try:
            is_over = self._sealer.tick(scheduler.ledger)
        except ArchiveError as error:
            scheduler.stop_all("archive unwritable", error)
            return
        engine = self._crawler.engine
        if is_over and engine is not None and self._closing is None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason="shutdown"))
