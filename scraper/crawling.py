"""Run one crawl of one or more sites in this process, from the command line's wishes to its report."""

from __future__ import annotations

import gc
import logging
import os
import time
from typing import TYPE_CHECKING

import attrs
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from archive.backfill import BackfillProgress
from archive.errors import ArchiveError, DqtvError
from archive.frontier import Frontier
from archive.locks import SiteLock
from archive.rechecks import count_due
from archive.run_counts import RunCounts
from archive.runs import GOOD_REASONS
from archive.store import Store
from scraper.settings import (
    ARCHIVE_SETTING,
    CONTACT_SETTING,
    OPERATOR_SETTING,
    user_agent,
)
from scraper.spiders.newspaper import NewspaperSpider

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from pathlib import Path

    from archive.lease import LeaseFactory
    from scraper.crawl_request import CrawlRequest
    from scraper.extensions.segments import Sealer


@attrs.frozen(kw_only=True)
class SiteReport:
    """How the crawl of one site ended."""

    site: str
    #: ``finished``, ``page limit``, ``interrupted``, ``unreachable``, ``lease_lost`` ...
    reason: str
    detail: str | None
    counts: RunCounts
    #: Addresses taken up again because an earlier run was killed while it held them.
    recovered: int
    #: Addresses that wait for the next run.
    waiting: int
    #: How far back a backfill got, and why each seed stopped; None for a daily crawl.
    backfill: BackfillProgress | None = None
    #: Known articles that are due to be looked at again, after this run.
    rechecks_due: int = 0
    #: Host that every page of the paper leads to now.
    moved_to: str | None = None

    @property
    def is_good(self) -> bool:
        """True when the site was crawled as asked."""
        return self.reason in GOOD_REASONS


def crawl(
    request: CrawlRequest, leases: LeaseFactory = SiteLock, sealer: Sealer | None = None
) -> tuple[SiteReport, ...]:
    """Crawl the sites of *request*; one report per site. *leases* makes what each site is held by.

    *sealer* takes what is on record every now and then, see `scraper.extensions.segments`.

    Can run once per process (Twisted's reactor cannot be started again). Raises what opening the
    archive raises (SiteLocked, SchemaMismatch, ArchiveUnwritable ...), and the error that ended the
    crawl when the archive could no longer be written.
    """
    _calm_garbage_collector()
    process = AsyncCrawlerProcess(_settings(request))
    # Scrapy leaves it to the handlers to drop records, which are built for every page all the same.
    logging.getLogger("scrapy").setLevel(process.settings["LOG_LEVEL"])
    crawler = process.create_crawler(NewspaperSpider)
    task = process.crawl(
        crawler,
        site=",".join(request.sites),
        max_pages=request.max_pages,
        demo_port=request.demo_port,
        backfill=request.backfill,
        scope=request.scope,
        rechecks=request.rechecks,
        until=request.until,
        leases=leases,
        sealer=sealer,
    )
    process.start()
    _raise_failure(task)
    assert crawler.stats is not None  # noqa: S101  set by Scrapy when the crawl begins
    stats = crawler.stats.get_stats()
    fatal = stats.get("dqtv/fatal")
    if isinstance(fatal, DqtvError):
        raise fatal
    return _reports(request, stats)


def _calm_garbage_collector() -> None:
    """Look for cycles less often: every page makes thousands of short-lived objects.

    Measured on the demo press: 10 to 15 % more pages per second, memory flat.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _raise_failure(task: asyncio.Future[None]) -> None:
    if not task.done() or task.cancelled():
        raise ArchiveError("the crawl was stopped before it began")
    error = task.exception()
    if error is not None:
        raise error


def _settings(request: CrawlRequest) -> Settings:
    settings = Settings()
    settings.setmodule("scraper.settings", priority="project")
    settings.set(ARCHIVE_SETTING, str(request.root), priority="cmdline")
    settings.set("DQTV_PROGRESS", request.progress, priority="cmdline")
    settings.set("DQTV_QUIET", True, priority="cmdline")
    if request.contact:
        settings.set(CONTACT_SETTING, request.contact, priority="cmdline")
        if OPERATOR_SETTING not in os.environ:
            settings.set(OPERATOR_SETTING, request.contact, priority="cmdline")
        settings.set("USER_AGENT", user_agent(request.contact), priority="cmdline")
    return settings


def _reports(request: CrawlRequest, stats: dict[str, object]) -> tuple[SiteReport, ...]:
    counts, reasons, details, recovered, backfilled, moved = (
        _mapping(stats, name)
        for name in ("counts", "reasons", "details", "recovered", "backfilled", "moved")
    )
    waiting, due = _left(request.root, request.sites)
    return tuple(
        SiteReport(
            site=site,
            reason=str(reasons.get(site, "error")),
            detail=_text(details.get(site)),
            counts=_counts(counts.get(site)),
            recovered=int(str(recovered.get(site, 0))),
            waiting=waiting[site],
            backfill=_progress(backfilled.get(site)),
            rechecks_due=due.get(site, 0),
            moved_to=_text(moved.get(site)),
        )
        for site in dict.fromkeys(request.sites)
    )


def _mapping(stats: dict[str, object], name: str) -> dict[str, object]:
    value = stats.get(f"dqtv/{name}")
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _counts(value: object) -> RunCounts:
    return value if isinstance(value, RunCounts) else RunCounts()


def _progress(value: object) -> BackfillProgress | None:
    return value if isinstance(value, BackfillProgress) else None


def _left(root: Path, sites: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Addresses that wait, and articles due to be looked at again, by site."""
    with Store.open(root, create=False) as store:
        frontier = Frontier(store.connection)
        waiting = {site: frontier.counts(site).get("found", 0) for site in sites}
        return waiting, count_due(store.connection, time.time())
