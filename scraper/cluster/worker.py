"""A worker: takes jobs of the engine until it is told to end, and says that it lives.

Each worker is three of the engine's in one process: one for crawls with its slots, one for parcels of a replay with the
machine's cores, one for the care of the queue, which must not wait until a slot is free. Loads no Scrapy: the crawls are other processes.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs
import psycopg
from procrastinate import exceptions

from archive.errors import UsageError
from archive.processes import this_process
from scraper.cluster import child, tables
from scraper.cluster.database import connected
from scraper.cluster.drain import DrainingWorker
from scraper.cluster.engine import CRAWL_QUEUE, READ_QUEUE, EngineSettings, build_app
from scraper.cluster.reaper import CARE_QUEUE
from scraper.settings import SOFTWARE

if TYPE_CHECKING:
    from collections.abc import Callable

    import procrastinate

logger = logging.getLogger(__name__)

#: Seconds before a worker whose database went away looks for it again.
AWAY_S: Final = 5.0


def work(settings: EngineSettings, say: Callable[[str], None] = lambda _: None) -> None:
    """Work until SIGTERM or Ctrl-C; *say* hears what changes.

    Raises ClusterUnreachable when the database is away at the start, UsageError when it is not prepared.
    """
    check_prepared(settings.database)
    asyncio.run(_Shift(settings, say).run())


def check_prepared(dsn: str) -> None:
    """Raise UsageError for a database without the cluster's tables, ClusterUnreachable for none."""
    with connected(dsn) as connection:
        if not tables.is_prepared(connection):
            raise UsageError(
                "the database has no tables of a cluster yet; run `dqtv cluster prepare`"
            )


@attrs.define
class _Shift:
    """One worker from its start to its end."""

    settings: EngineSettings
    say: Callable[[str], None]
    _end: asyncio.Event = attrs.field(factory=asyncio.Event)
    _draining: bool = False
    _workers: list[DrainingWorker] = attrs.field(factory=list)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told_to_end)
        clearing = asyncio.create_task(self._clear_up())
        try:
            await self._work()
        finally:
            clearing.cancel()
            await asyncio.gather(clearing, return_exceptions=True)

    async def _clear_up(self) -> None:
        """Bring home what was left here, beside the first jobs, and look whether the hub is there."""
        if self.settings.at_start is not None:
            # it says itself what is wrong; the next crawls try again
            await child.run(self.settings.at_start)

    async def _work(self) -> None:
        while not self._end.is_set():
            try:
                await self._connected()
            except (exceptions.ConnectorException, psycopg.OperationalError, OSError) as error:
                self.say(f"the database is away ({_cause(error)}); looking again")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._end.wait(), AWAY_S)

    def _told_to_end(self) -> None:
        self._end.set()
        for worker in self._workers:
            worker.stop()

    async def _connected(self) -> None:
        """Work as long as the database is there."""
        app = build_app(self.settings)
        async with app.open_async():
            await self._look(app)
            signs = asyncio.create_task(self._give_signs(app))
            try:
                while not self._end.is_set():
                    if self._draining:
                        await asyncio.sleep(min(1.0, self.settings.heartbeat_s))
                        _raise_if_failed(signs)
                    else:
                        await self._take_jobs(app, signs)
                        _raise_if_failed(signs)
            finally:
                signs.cancel()
                await asyncio.gather(signs, return_exceptions=True)
            await app.connector.execute_query_async(tables.GONE, name=this_process())

    async def _take_jobs(self, app: procrastinate.App, signs: asyncio.Task[None]) -> None:
        common = {
            "install_signal_handlers": False,
            "update_heartbeat_interval": self.settings.heartbeat_s,
            "stalled_worker_timeout": self.settings.stalled_s,
            "fetch_job_polling_interval": self.settings.poll_s,
        }
        crawls = DrainingWorker(
            app, queues=[CRAWL_QUEUE], name="crawls", concurrency=self.settings.slots,
            shutdown_graceful_timeout=self.settings.grace_s, **common,
        )  # fmt: skip
        readings = DrainingWorker(
            app, queues=[READ_QUEUE], name="readings", concurrency=self.settings.readers,
            listen_notify=False, shutdown_graceful_timeout=self.settings.grace_s, **common,
        )  # fmt: skip
        care = DrainingWorker(app, queues=[CARE_QUEUE], name="care", listen_notify=False, **common)
        self._workers = [crawls, readings, care]
        if self._end.is_set():
            return
        running = [asyncio.create_task(worker.run()) for worker in self._workers]
        await asyncio.wait([*running, signs], return_when=asyncio.FIRST_COMPLETED)
        for worker in self._workers:  # when one ends the other must not go on alone
            worker.stop()
        ends = await asyncio.gather(*running, return_exceptions=True)
        self._workers = []
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _give_signs(self, app: procrastinate.App) -> None:
        """Say that this worker lives, and hear whether the cluster is to drain."""
        while True:
            await asyncio.sleep(min(self.settings.heartbeat_s, self.settings.stalled_s / 3))
            await self._look(app)

    async def _look(self, app: procrastinate.App) -> None:
        draining = bool(await app.connector.execute_query_all_async(tables.DRAINING))
        if draining != self._draining:
            self._draining = draining
            self.say("draining: no new jobs" if draining else "taking jobs again")
            for worker in self._workers if draining else ():
                worker.stop()
        state = "draining" if draining else "working"
        await app.connector.execute_query_async(
            tables.SEEN, name=this_process(), host=socket.gethostname(), slots=self.settings.slots,
            software=SOFTWARE, state=state, now=time.time(),
        )  # fmt: skip


def _raise_if_failed(task: asyncio.Task[Any]) -> None:
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        raise error


def _cause(error: BaseException) -> str:
    return " ".join(str(error.__cause__ or error).split())
