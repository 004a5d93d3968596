"""The address guard's first look: an address as written, before robots.txt or anything else is asked.

The second look, at the IP address of the connection, is the download handler's (``scraper.downloads``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals

from scraper.guard import PRIVATE_HOSTS_SETTING, Guard

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler

    from scraper.spiders.newspaper import NewspaperSpider


class AddressGuardMiddleware:
    """Lets requests to public web addresses pass, those for robots.txt and its redirects included."""

    def __init__(self, crawler: Crawler) -> None:
        self._private = frozenset(crawler.settings.getlist(PRIVATE_HOSTS_SETTING))
        self._guards: dict[str | None, Guard] = {}
        self._none = Guard()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the component and connect its signal (Scrapy's hook)."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_opened, signals.spider_opened)
        return middleware

    def spider_opened(self, spider: NewspaperSpider) -> None:
        """Know each site's own hosts: only there may it be private (if it is excepted) or on another port."""
        for site in spider.sites.values():
            own = frozenset(site.domains)
            self._guards[site.id] = Guard(exempt=own & self._private, named=own)

    def process_request(self, request: Request) -> None:
        """Raises BadAddress for what is refused."""
        self._guards.get(request.meta.get("download_slot"), self._none).check_url(request.url)
