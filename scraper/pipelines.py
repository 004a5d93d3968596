"""The item pipeline: hands each page's outcome to the ledger and sees that it is committed soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.scheduler import FrontierScheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from scraper.spiders.newspaper import PageOutcome


class LedgerPipeline:
    """Queues outcomes; the scheduler commits them in groups, so nothing waits for a disk here."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the component (Scrapy's hook)."""
        return cls(crawler)

    def process_item(self, item: PageOutcome) -> PageOutcome:
        """Queue *item* for the next commit."""
        FrontierScheduler.of(self._crawler).settle(item.leased, item.outcome)
        return item
