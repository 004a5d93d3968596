"""Scrapy's SCHEDULER over the archive's frontier: which address of which site is fetched next.

One crawl may hold several sites. Each has its own lease queue, pace and end; the site with the fewest
requests under way goes first. Failed addresses come back from the table after their waiting time, so
Scrapy's own retry, redirect and duplicate filters are off. Interfaces and pitfalls: docs/design-notes.md#frontier.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import attrs
from scrapy import signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.exceptions import CloseSpider, DontCloseSpider
from scrapy.utils.asyncio import call_later, create_looping_call

from archive.errors import ArchiveError, DqtvError, OutOfHandles, ReaderDied
from archive.lease import LEASE_LOST
from archive.model import Failed, Outcome
from archive.room import shortage
from archive.store import Store
from scraper.clock import Clock
from scraper.downloader import timing_of
from scraper.ledger import COMMIT_SECONDS, Ledger
from scraper.middlewares.politeness import CONCURRENCY_WITHOUT_DELAY
from scraper.recheck_settings import recheck_plan
from scraper.settings import (
    ARCHIVE_SETTING,
    CLOCK_SETTING,
    MIN_FREE_SETTING,
    OPERATOR_SETTING,
    SOFTWARE_VERSIONS,
    WARC_BYTES_SETTING,
    archive_root,
)
from scraper.site_queue import LONGEST_WAIT, SiteQueue
from scraper.sites.row import site_row
from scraper.spiders.newspaper import OUT_OF_HANDLES, NewspaperSpider, failure_outcome
from scraper.stop_orders import StopOrders
from scraper.versions import rule_digests, versions

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.utils.asyncio import AsyncioLoopingCall, CallLaterResult
    from twisted.internet.task import LoopingCall
    from twisted.python.failure import Failure

    from archive.frontier import LeasedUrl
    from scraper.middlewares.robots import Rules
    from scraper.sites.spec import SiteSpec

logger = logging.getLogger(__name__)

#: Seconds between checks that no address was lost, no site's lease is over and no stop ordered.
SWEEP_SECONDS: Final = 5.0


class FrontierScheduler(BaseScheduler):
    """Leases addresses to Scrapy's engine and takes their outcomes back."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._queues: dict[str, SiteQueue] = {}
        self._under_way: dict[int, LeasedUrl] = {}
        self._requests: dict[int, Request] = {}
        self._commit_timer_set = False
        self._wake: CallLaterResult | None = None
        self._closing: asyncio.Future[None] | None = None
        self._sweeper: AsyncioLoopingCall | LoopingCall | None = None
        self._spider: NewspaperSpider
        self._stops: StopOrders
        self.clock = Clock(crawler.settings.getfloat(CLOCK_SETTING))
        #: Set once the archive is open.
        self.ledger: Ledger
        self.is_open = False
        #: The error that ended the crawl, for the command line to show.
        self.fatal: Exception | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the scheduler (Scrapy's hook)."""
        return cls(crawler)

    @staticmethod
    def of(crawler: Crawler) -> FrontierScheduler:
        """The scheduler of a running crawl."""
        scheduler = crawler.engine.scheduler if crawler.engine else None
        if not isinstance(scheduler, FrontierScheduler):
            raise TypeError("SCHEDULER is not scraper.scheduler.FrontierScheduler")
        return scheduler

    # -- opening and closing --------------------------------------------------------------------

    def open(self, spider: Spider) -> None:
        """Open the archive, lock the sites and put their seeds into the frontier.

        What prevents that (a locked site, an unwritable folder ...) becomes `fatal`, and the crawl
        ends before its first request: Scrapy cannot close cleanly what failed to open.
        """
        if not isinstance(spider, NewspaperSpider):
            raise TypeError(f"FrontierScheduler serves the newspaper spider, not {spider.name}")
        self._spider = spider
        self._crawler.signals.connect(self._spider_idle, signals.spider_idle)
        self._crawler.signals.connect(self._spider_error, signals.spider_error)
        self._crawler.signals.connect(self._robots_parsed, signals.robots_parsed)
        try:
            self._open_ledger(spider)
        except DqtvError as error:
            self._give_up(error)
            return
        for site in spider.sites.values():
            self._queues[site.id] = self._queue(site)
        self._leave_room()
        self._sweeper = create_looping_call(self._sweep)
        self._sweeper.start(SWEEP_SECONDS, now=False)

    def _open_ledger(self, spider: NewspaperSpider) -> None:
        settings = self._crawler.settings
        plan = recheck_plan(settings)
        store = Store.open(archive_root(settings.get(ARCHIVE_SETTING)))
        ledger = Ledger(
            store, software=SOFTWARE_VERSIONS, operator=settings[OPERATOR_SETTING], plan=plan,
            purpose=spider.purpose, clock=self.clock, warc_bytes=settings.getint(WARC_BYTES_SETTING), versions=versions(), leases=spider.leases,
        )  # fmt: skip
        try:
            rows = {site.id: site_row(site) for site in spider.sites.values()}
            rules = {site: rule_digests(spider.registry, (site,)) for site in spider.sites}
            ledger.open(rows, spider.seeds(), spider.span, rules)
        except BaseException:
            store.close()
            raise
        spider.template_of = store.template
        self.ledger = ledger
        self._stops = StopOrders(ledger)
        self.is_open = True

    def _give_up(self, error: Exception) -> None:
        self.fatal = error
        # The command line shows the error itself; a plain `scrapy crawl` has only its log.
        if not self._crawler.settings.getbool("DQTV_QUIET"):
            logger.error("%s", error)

    def _queue(self, site: SiteSpec) -> SiteQueue:
        last = self.ledger.sessions[site.id].last_fetch_at
        width = 1 if site.delay_s > 0 else 2 * CONCURRENCY_WITHOUT_DELAY
        # A crash loop must not ask a site faster than its delay (docs/design-notes.md#politeness),
        # nor a clock that was set back since keep it waiting.
        after_last = 0.0 if last is None else min(last, self.clock.unix()) + site.delay_s
        asked = self.ledger.asked_to_wait_until(site.id)
        queue = SiteQueue(site=site.id, width=width)
        queue.wait_until(max(after_last, asked), self.clock.unix())
        return queue

    def close(self, reason: str) -> None:
        """Commit what is queued, give back what was not fetched, close files, runs and locks."""
        self._crawler.stats.set_value("dqtv/fatal", self.fatal)
        if not self.is_open:
            return
        if self._sweeper is not None:
            self._sweeper.stop()
        ready = (leased for queue in self._queues.values() for leased in queue.ready)
        unfinished = [*self._under_way.values(), *ready]
        try:
            # what has finished needs no stop; the end of its pages or hours is none
            ended = {site: queue for site, queue in self._queues.items() if queue.ended}
            self._stops.obey(ended, self.clock.unix())
            counts = self.ledger.close(self._reasons(reason), unfinished)
            self._stops.close(self.clock.unix())
        except ArchiveError as error:
            self.fatal = self.fatal or error
            counts = {}
        self._crawler.stats.set_value("dqtv/counts", counts)
        self._crawler.stats.set_value("dqtv/reasons", self._reasons(reason))
        self._crawler.stats.set_value(
            "dqtv/details", {s: q.detail for s, q in self._queues.items()}
        )
        self._crawler.stats.set_value("dqtv/backfilled", dict(self.ledger.backfilled))
        self._crawler.stats.set_value("dqtv/recovered", dict(self.ledger.recovered))
        self._crawler.stats.set_value("dqtv/moved", dict(self.ledger.moved))
        self._crawler.stats.set_value("dqtv/fatal", self.fatal)
        self.is_open = False
        self.ledger.store.close()

    def _reasons(self, reason: str) -> dict[str, str]:
        """Why each site's run ended; Scrapy calls a stop by signal ``shutdown``."""
        general = {"shutdown": "interrupted"}.get(reason, reason)
        if general == "finished":
            for queue in self._queues.values():
                queue.finish()
        return {site: queue.ended or general for site, queue in self._queues.items()}

    # -- what the engine asks -------------------------------------------------------------------

    def has_pending_requests(self) -> bool:
        """True while this run still has something to fetch or to commit."""
        if not self.is_open:
            return False
        if self.ledger.has_pending:
            return True
        try:
            soonest = self._soonest()
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)
            return False
        if soonest is None:
            return False
        self._wake_at(soonest)
        return True

    def enqueue_request(self, request: Request) -> bool:
        """Refuse: addresses reach the frontier inside outcomes only, never as bare requests."""
        logger.error("a request was yielded instead of an outcome, and dropped: %s", request.url)
        return False

    def next_request(self) -> Request | None:
        """The next request of the least busy site, or None."""
        now = self.clock.unix()
        for queue in sorted(self._queues.values(), key=lambda q: (q.under_way, q.handed_out)):
            if queue.ended is None and queue.under_way < queue.width and now >= queue.resume_at:
                request = self._next_of(queue)
                if request is not None:
                    return request
        return None

    def _next_of(self, queue: SiteQueue) -> Request | None:
        enough = self._spider.why_enough(queue.handed_out)
        if over := enough or self._spider.why_late(queue.site, self.clock.unix()):
            queue.end(*over)
            return None
        if not queue.ready:
            queue.ready.extend(self._lease(queue))
        if not queue.ready:
            return None
        leased = queue.ready.popleft()
        queue.under_way += 1
        queue.handed_out += 1
        request = self._spider.request_for(leased)
        self._under_way[leased.id] = leased
        self._requests[leased.id] = request
        return request

    def _lease(self, queue: SiteQueue) -> list[LeasedUrl]:
        try:
            return self.ledger.lease(queue.site, queue.width)
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)
            return []

    def may_ask(self, site: str) -> bool:
        """Whether a request may be sent to *site* at this moment; its run ends when its lease is over."""
        try:
            held = self.is_open and self.ledger.may_ask(site)
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)
            return False
        if not held:
            self._queues[site].lose_lease()
        return held

    # -- outcomes -------------------------------------------------------------------------------

    def settle(self, leased: LeasedUrl, outcome: Outcome) -> None:
        """Take back a handed-out address with what became of it; ignored when already settled."""
        if isinstance(outcome, Failed) and outcome.reason == OUT_OF_HANDLES:
            # says nothing of the address, which stays leased until the crawl gives it back
            self.stop_all("out of file handles", OutOfHandles(outcome.detail))
            return
        if self._under_way.pop(leased.id, None) is None:
            return
        asked = timing_of(self._requests.pop(leased.id, None))
        queue = self._queues[leased.site]
        queue.under_way -= 1
        if isinstance(outcome, Failed) and outcome.reason == LEASE_LOST:
            # nothing was sent: the end of the run gives the address back as it is
            queue.ready.append(leased)
            return
        queue.watch(outcome, self.clock.unix())
        if self.ledger.add(leased, outcome, asked):
            self._commit()
        elif not self._commit_timer_set:
            self._commit_timer_set = True
            call_later(COMMIT_SECONDS, self._commit)

    def _commit(self) -> None:
        self._commit_timer_set = False
        if not self.is_open:  # the timer outlives a crawl that could not be closed cleanly
            return
        try:
            self.ledger.commit()
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)
        self._nudge()

    # -- ending ---------------------------------------------------------------------------------

    def stop_all(self, reason: str, error: Exception) -> None:
        """End the crawl because of *error*; what is not committed stays leased and is fetched again."""
        if self.fatal is not None:
            return
        self._give_up(error)
        for queue in self._queues.values():
            queue.ended = queue.ended or reason
        engine = self._crawler.engine
        if engine is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))

    def _soonest(self) -> float | None:
        """Unix time of the next possible fetch within `LONGEST_WAIT`, or None when the run is over."""
        times = [at for queue in self._queues.values() if (at := self._ready_at(queue)) is not None]
        soonest = min(times, default=None)
        return None if soonest is None or soonest > self.clock.unix() + LONGEST_WAIT else soonest

    def _ready_at(self, queue: SiteQueue) -> float | None:
        if queue.ended is not None:
            return None
        if queue.ready or queue.under_way:
            return queue.resume_at
        waiting = self.ledger.next_ready_at(queue.site)
        return None if waiting is None else max(waiting, queue.resume_at)

    def _wake_at(self, when: float) -> None:
        # The engine looks only every 5 s on its own (docs/design-notes.md#frontier).
        if self._wake is not None:
            self._wake.cancel()
        self._wake = call_later(max(0.02, when - self.clock.unix()), self._nudge)

    def _nudge(self) -> None:
        engine = self._crawler.engine
        slot = engine._slot if engine is not None else None
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()

    def _robots_parsed(self, robotparser: Rules, request: Request) -> None:
        """Read the sitemaps that a site's robots.txt names, if the run asks for everything."""
        site: str = request.meta["download_slot"]
        try:
            self.ledger.add_found(site, self._spider.sitemaps(site, robotparser.sitemaps()))
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)

    # -- the safety net -------------------------------------------------------------------------

    def _spider_idle(self) -> None:
        if self.fatal is not None:
            raise CloseSpider(reason="archive unavailable")
        if self._settle_lost() or self.ledger.has_pending:
            raise DontCloseSpider

    def _spider_error(self, failure: Failure, response: Response | None) -> None:
        if isinstance(failure.value, ReaderDied):
            self.stop_all("reader died", failure.value)
            return
        leased = response.meta.get("leased") if response is not None else None
        if leased is not None:
            error = failure.value or RuntimeError("failure without an error")
            self.settle(leased, attrs.evolve(failure_outcome(error), retry=False))

    def _sweep(self) -> None:
        self._settle_lost()
        self._leave_room()
        try:
            for site in self.ledger.renew_leases():
                self._queues[site].lose_lease()
                self._nudge()
            if self._stops.obey(self._queues, self.clock.unix()):
                self._nudge()
        except ArchiveError as error:
            self.stop_all("archive unwritable", error)

    def _leave_room(self) -> None:
        """Take no more pages when the disk is nearly full."""
        least_mb = self._crawler.settings.getint(MIN_FREE_SETTING)
        if short := shortage(self.ledger.store.root, least_mb):
            for queue in self._queues.values():
                queue.end("disk nearly full", short)

    def _settle_lost(self) -> int:
        """Settle addresses whose request left the engine without an outcome; returns their number.

        None when the crawl ends by an error: they go back as they are.
        """
        engine = self._crawler.engine
        slot = engine._slot if engine is not None else None
        if slot is None or self.fatal is not None:
            return 0
        lost = [i for i, request in self._requests.items() if request not in slot.inprogress]
        for row_id in lost:
            leased = self._under_way[row_id]
            self.settle(
                leased, Failed(reason="internal", detail="no outcome was given", retry=True)
            )
        return len(lost)
