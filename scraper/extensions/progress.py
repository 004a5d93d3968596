"""Shows on stderr how a crawl is getting on: live bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call

from archive.errors import ArchiveError
from scraper.scheduler import FrontierScheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from scraper.ledger import Ledger

#: Seconds between two looks at the counts, and between two lines where there is no terminal.
REFRESH_SECONDS: Final = 0.5
LINE_SECONDS: Final = 15.0


class ProgressExtension:
    """One line per site: pages done of pages known, accepted, rejected, failed."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("DQTV_PROGRESS", True):
            raise NotConfigured
        self._crawler = crawler
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[summary]}"),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._loop: AsyncioLoopingCall | LoopingCall = create_looping_call(self._show)
        self._next_line = time.monotonic() + LINE_SECONDS

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect its signals (Scrapy's hook)."""
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signals.spider_opened)
        crawler.signals.connect(extension.engine_stopped, signals.engine_stopped)
        return extension

    def spider_opened(self) -> None:
        """Begin to show."""
        if self._console.is_terminal:
            self._progress.start()
        self._loop.start(REFRESH_SECONDS, now=False)

    def engine_stopped(self) -> None:
        """Stop showing; the end report follows from the command line."""
        if self._loop.running:
            self._loop.stop()
        if self._console.is_terminal:
            self._progress.stop()

    def _show(self) -> None:
        if self._crawler.engine is None or self._crawler.engine.scheduler is None:
            # the engine let go of it, and is about to say that it has stopped
            return
        scheduler = FrontierScheduler.of(self._crawler)
        if not scheduler.is_open:
            return
        try:
            self._show_sites(scheduler.ledger)
        except ArchiveError:
            # The scheduler meets the same trouble and says so.
            return

    def _show_sites(self, ledger: Ledger) -> None:
        lines = []
        for site, session in ledger.sessions.items():
            states = ledger.states(site)
            done = states.get("done", 0) + states.get("failed", 0)
            tally = session.tally
            summary = (
                f"{tally.fetched} fetched, {tally.accepted} accepted,"
                f" {tally.rejected.total()} rejected, {tally.failed.total()} failed"
            )
            self._update(site, done, sum(states.values()), summary)
            lines.append(f"{site}: {done} of {sum(states.values())} known pages; {summary}")
        if not self._console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print("\n".join(lines), highlight=False)

    def _update(self, site: str, done: int, total: int, summary: str) -> None:
        if site not in self._tasks:
            self._tasks[site] = self._progress.add_task(site, total=total, summary=summary)
        self._progress.update(self._tasks[site], completed=done, total=total, summary=summary)
