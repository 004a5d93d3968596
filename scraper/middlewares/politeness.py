"""How fast each site is asked: its own delay, robots.txt's Crawl-delay, and slowing down when told to.

Writes the live download slot and the per-slot settings, since Scrapy drops idle slots after a minute
(docs/design-notes.md#politeness). AutoThrottle stays off: it undoes Crawl-delay (measured there).
"""

from __future__ import annotations

import email.utils
import logging
import time
from typing import TYPE_CHECKING, Final, Protocol

from scrapy import Request, signals

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.spiders.newspaper import NewspaperSpider

logger = logging.getLogger(__name__)

#: A slowed-down site is never asked less often than this, in seconds.
SLOWEST: Final = 60.0
#: First delay after a "slow down" answer when the site had none, in seconds.
FIRST_SLOW_DELAY: Final = 1.0
#: Delay is multiplied by this after each good answer until it is back at its floor.
RECOVERY: Final = 0.75
#: Requests at a time to a site that asks for no delay (only the demo press does).
CONCURRENCY_WITHOUT_DELAY: Final = 8
#: Dispatch may come this much early on a loaded machine (measured: up to 15 ms), so we aim later.
MARGIN: Final = 1.05

SLOW_DOWN_STATUS: Final = frozenset({429, 503})
#: Signal: an answer asked to slow down. Sent with *request* and *response*.
SLOWED_DOWN: Final = object()


class RobotsRules(Protocol):
    """What listeners may ask the parsed robots.txt."""

    def crawl_delay(self, user_agent: str) -> float | None:
        """Seconds between requests that the file asks *user_agent* for, or None."""


class PolitenessMiddleware:
    """Keeps one delay per site (download slot): the largest of the site file's and robots.txt's."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._user_agent: str = crawler.settings["USER_AGENT"]
        self._floor: dict[str, float] = {}
        self._delay: dict[str, float] = {}
        self._slowed_at: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the component and connect its signals (Scrapy's hook)."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_opened, signals.spider_opened)
        crawler.signals.connect(middleware.robots_parsed, signals.robots_parsed)
        crawler.signals.connect(middleware.response_downloaded, signals.response_downloaded)
        return middleware

    def spider_opened(self, spider: NewspaperSpider) -> None:
        """Give every site's slot the delay its file asks for."""
        for site in spider.sites.values():
            self._floor[site.id] = site.delay_s
            self._set(site.id, site.delay_s)

    def robots_parsed(self, robotparser: RobotsRules, request: Request) -> None:
        """Raise the site's delay to robots.txt's Crawl-delay when that is longer."""
        slot = request.meta.get("download_slot")
        asked = robotparser.crawl_delay(self._user_agent)
        if slot not in self._floor or asked is None or asked <= self._floor[slot]:
            return
        logger.info("%s: robots.txt asks for %s s between requests", slot, asked)
        self._floor[slot] = asked
        self._set(slot, max(asked, self._delay[slot]))

    def response_downloaded(self, request: Request) -> None:
        """Count the delay from the answer, not from the hand-over to the network.

        A busy process hands a request over and sends it tens of milliseconds later: counted from then, the
        next one came up to that much too early (measured at the server: 7 ms where 50 were asked).
        """
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101  a middleware runs inside a started engine
        slot = engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.lastseen = time.monotonic()

    def process_response(self, request: Request, response: Response) -> Response:
        """Slow down on 429 and 503, recover step by step on good answers."""
        slot = request.meta.get("download_slot")
        if slot in self._delay:
            if response.status in SLOW_DOWN_STATUS:
                self._slow_down(slot)
                self._crawler.signals.send_catch_log(
                    signal=SLOWED_DOWN, request=request, response=response
                )
            elif self._delay[slot] > self._floor[slot]:
                self._set(slot, self._recovered(slot))
        return response

    def _slow_down(self, slot: str) -> None:
        """Double the delay, once for all answers to requests that were already under way."""
        now = time.monotonic()
        slower = max(FIRST_SLOW_DELAY, 2 * self._delay[slot])
        if now - self._slowed_at.get(slot, -slower) >= slower / 2:
            self._slowed_at[slot] = now
            self._set(slot, min(SLOWEST, slower))

    def _recovered(self, slot: str) -> float:
        slower = self._delay[slot] * RECOVERY
        # From half a second on a site without a delay of its own is back at full speed.
        return self._floor[slot] if slower < max(self._floor[slot], 0.5) else slower

    def _set(self, slot_key: str, delay: float) -> None:
        self._delay[slot_key] = delay
        concurrency = 1 if delay > 0 else CONCURRENCY_WITHOUT_DELAY
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101  a middleware runs inside a started engine
        downloader = engine.downloader
        downloader.per_slot_settings[slot_key] = {
            "delay": delay * MARGIN,
            "concurrency": concurrency,
            "jitter": 0.0,
        }
        slot = downloader.slots.get(slot_key)
        if slot is not None:
            slot.delay, slot.concurrency, slot.jitter = delay * MARGIN, concurrency, 0.0


def retry_after_seconds(
    value: str | None, *, sent: str | None = None, now: float | None = None
) -> float | None:
    """Seconds a Retry-After header asks to wait (RFC 9110 10.2.3: a number or a date); None if unreadable.

    A date is counted from *sent*, the answer's own Date header: our clock may be wrong. Where that cannot be
    read, from *now*, Unix time, the present by default.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal():
        return float(text)
    when = _unix_time(text)
    if when is None:
        return None
    since = _unix_time(sent or "")
    if since is None:
        since = time.time() if now is None else now
    return max(0.0, when - since)


def _unix_time(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
