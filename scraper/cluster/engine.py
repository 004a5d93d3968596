"""The engine: crawls as jobs of Procrastinate, one at a time for a site, each in a process of its own.

The engine only restarts work. That one site has one crawler at a time, whatever is paused, cut off or killed, is kept
by the lease that the crawl itself holds (docs/cluster.md). Its settings, each with what it prevents: `EngineSettings`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import attrs
import procrastinate
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scraper.cluster import child
from scraper.cluster.reading_end import read_reading_end
from scraper.cluster.reaper import EVERY_MINUTE, add_reaper
from scraper.cluster.slice_end import SliceEnd, read_slice_end
from scraper.cores import cores

if TYPE_CHECKING:
    import psycopg
    from procrastinate.job_context import JobContext
    from procrastinate.jobs import Job as EngineJob

logger = logging.getLogger(__name__)

CRAWL_QUEUE: Final = "crawls"
CRAWL_TASK: Final = "crawl_site"
READ_QUEUE: Final = "readings"
READ_TASK: Final = "read_parcel"
#: Minutes of one slice: a kill costs a segment, a stop is never hours away, no site holds a slot for a day.
SLICE_MINUTES: Final = 30.0
#: Crawls that died without a word are begun again so often.
_CRASHES: Final = 3


@attrs.frozen(kw_only=True)
class EngineSettings:
    """How the engine runs on one machine. Times are seconds."""

    #: Of PostgreSQL, as libpq reads it.
    database: str
    #: Crawls side by side.
    slots: int = 10
    #: Parcels of a replay read side by side: each keeps a core busy.
    readers: int = attrs.Factory(cores)
    minutes: float = SLICE_MINUTES
    heartbeat_s: float = 10.0
    #: Without a sign of life for so long a worker's jobs go to others. More than the 60 s of a lease, so that a job
    #: taken over rarely finds its site held.
    stalled_s: float = 90.0
    #: A crawl is told to end so soon after the worker is.
    grace_s: float = 1.0
    #: When workers look for jobs of dead ones.
    reap: str = EVERY_MINUTE
    #: Waits before a job is tried again: where another crawl holds the site, and where the hub is away.
    busy_s: float = 30.0
    #: Fetching looks for new jobs so often if no notice of one comes.
    poll_s: float = 5.0
    #: Words before the site; None for ``dqtv cluster crawl``.
    command: tuple[str, ...] | None = None
    #: The same before a parcel; None for ``dqtv cluster read``.
    read_command: tuple[str, ...] | None = None
    #: Run once beside the first jobs: what brings home the pages that killed crawls left here, and tells of a hub that is away.
    at_start: tuple[str, ...] | None = None


class TryLater(Exception):
    """The cluster, not the site, prevented a slice: the job waits and is tried again."""


class CrawlDied(Exception):
    """A crawl ended without saying how."""


class TryAgain(BaseRetryStrategy):  # type: ignore[misc]  # the engine's types are not read, see pyproject.toml
    """At once after the worker was told to end, later after what passes, not after what the site did."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s

    def get_retry_decision(
        self, *, exception: BaseException, job: EngineJob
    ) -> RetryDecision | None:
        """When *job*, which ended in *exception*, is tried again; None for never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, TryLater) or (
            isinstance(exception, CrawlDied) and job.attempts < _CRASHES
        ):
            return RetryDecision(retry_in={"seconds": self._wait_s})
        return None


def lock_of(site: str) -> str:
    """The lock of a site's jobs: of several only one runs. No queueing lock beside it, which would outlive a kill."""
    return f"site:{site}"


def build_app(settings: EngineSettings, connector: Any = None) -> procrastinate.App:  # noqa: ANN401 - the engine's connectors
    """The engine's app on the database of *settings*; *connector* is another than that of a worker."""
    app = procrastinate.App(
        connector=connector
        or procrastinate.PsycopgConnector(
            conninfo=settings.database, min_size=1, max_size=4, configure=_commit_each
        )
    )

    async def crawl_site(context: JobContext, **asked: Any) -> str:  # noqa: ANN401 - JSON
        return await _crawl_site(context, settings, Asked(**asked))

    retry = TryAgain(settings.busy_s)
    app.task(name=CRAWL_TASK, queue=CRAWL_QUEUE, pass_context=True, retry=retry)(crawl_site)

    async def read_parcel(context: JobContext, parcel: str) -> str:
        return await _read_parcel(context, settings, parcel)

    app.task(name=READ_TASK, queue=READ_QUEUE, pass_context=True, retry=retry)(read_parcel)
    add_reaper(app, stalled_s=settings.stalled_s, cron=settings.reap)
    return app


async def _commit_each(connection: psycopg.AsyncConnection[Any]) -> None:
    """Commit each statement as it is done: a worker that stands still before its COMMIT keeps others waiting for its rows."""
    await connection.set_autocommit(True)


@attrs.frozen(kw_only=True)
class Asked:
    """What a job asks for; its arguments in the queue."""

    site: str
    #: Days to go back to, as ``FROM..TO``; None for what is new.
    backfill: str | None = None
    #: ``only`` for known articles alone.
    rechecks: str | None = None
    #: Unix time from which the site is asked for nothing more.
    until: float | None = None

    def arguments(self, minutes: float, now: float) -> tuple[str, ...] | None:
        """The command's arguments after its name; None when the time is over."""
        left = minutes if self.until is None else min(minutes, (self.until - now) / 60)
        if left <= 0:
            return None
        found = [self.site, "--minutes", f"{left:.3f}", "--json"]
        if self.backfill is not None:
            found += ["--backfill", self.backfill]
        if self.rechecks is not None:
            found += ["--rechecks", self.rechecks]
        return tuple(found)

    def job(self) -> dict[str, Any]:
        """The job's arguments."""
        return attrs.asdict(self)


async def _crawl_site(context: JobContext, settings: EngineSettings, asked: Asked) -> str:
    """Run one slice of a site in a process of its own, and ask for the next one when there is more to do."""
    arguments = asked.arguments(settings.minutes, time.time())
    if arguments is None:
        return "hours over"
    words = settings.command or child.command("cluster", "crawl")
    code, out = await child.run((*words, *arguments))
    end = read_slice_end(out)
    if end is None:
        raise CrawlDied(f"the crawl of {asked.site} ended with code {code} and said nothing")
    if end.is_to_be_tried_again:
        raise TryLater(f"{asked.site}: {end.reason}" + (f" ({end.detail})" if end.detail else ""))
    if end.goes_on:
        await deferrer(context.app, asked.site).defer_async(**asked.job())
    return in_words(end)


async def _read_parcel(context: JobContext, settings: EngineSettings, parcel: str) -> str:
    """Read one parcel of a replay in a process of its own; after a death, one in which a deadly page is found out."""
    words = settings.read_command or child.command("cluster", "read")
    apart = ("--apart",) if context.job.attempts else ()
    code, out = await child.run((*words, parcel, *apart, "--json"))
    end = read_reading_end(out)
    if end is None:
        raise CrawlDied(f"the reading of {parcel} ended with code {code} and said nothing")
    if end.is_to_be_tried_again:
        raise TryLater(f"{parcel}: {end.reason}" + (f" ({end.detail})" if end.detail else ""))
    return f"{end.reason}: {end.pages} pages"


def deferrer(app: procrastinate.App, site: str) -> Any:  # noqa: ANN401 - the engine's type
    """What puts a job of *site* into the queue."""
    return app.configure_task(CRAWL_TASK, lock=lock_of(site), queue=CRAWL_QUEUE)


def in_words(end: SliceEnd) -> str:
    """A job's result."""
    rest = "; the rest follows" if end.goes_on else ""
    return f"{end.reason}: {end.fetched} fetched, {end.accepted} accepted, {end.waiting} wait{rest}"
