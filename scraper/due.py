"""Do what is due in an archive, once: which jobs, in which order, and what is written down of them.

The clock and the crawl are handed in, so that a month can be tried out in seconds. One process at a time
does this for an archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import attrs

from archive.health.alarms import Finding, Kind, see
from archive.instants import VIETNAM, instant_of
from archive.locks import held_sites, scheduler_lock
from archive.room import shortage
from archive.runs import GOOD_REASONS
from archive.schedule import INTERRUPTED, Job, Planned, after_run, batch, begins_at, due
from archive.schedule_table import ScheduleTable
from archive.store import Store
from scraper.crawl_request import CrawlRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: Pages of a backfill after which whatever else is due comes first.
BACKFILL_SLICE: Final = 300
#: Months a scheduled backfill goes back when no number is given.
USUAL_MONTHS: Final = 2
#: A crawl that did not come to its first request.
NOT_BEGUN: Final = "not begun"
#: Seconds between two looks at the schedule at most, so that changes to it are noticed.
LONGEST_SLEEP_S: Final = 300.0
_SHORTEST_SLEEP_S: Final = 5.0


class Timekeeper(Protocol):
    """The clock, and a way to wait that a signal ends."""

    def now(self) -> float:
        """Unix time."""

    def wait(self, seconds: float) -> bool:
        """Wait so long; True, at once, when whoever started this wants it to end."""


@attrs.frozen(kw_only=True)
class SiteEnd:
    """How the crawl of one site ended."""

    site: str
    reason: str
    detail: str | None = None
    fetched: int = 0
    accepted: int = 0
    #: True for a backfill that has more to read.
    is_unfinished: bool = False


@attrs.frozen(kw_only=True)
class Done:
    """One job that was run."""

    site: str
    job: str
    due_at: float
    started_at: float
    finished_at: float
    reason: str
    detail: str | None
    fetched: int
    accepted: int
    #: Unix time of the next run.
    next_at: float

    @property
    def is_good(self) -> bool:
        """True when the site was crawled as asked."""
        return self.reason in GOOD_REASONS


@attrs.define(kw_only=True)
class DueReport:
    """What was done, and what was not."""

    done: list[Done] = attrs.field(factory=list)
    #: One sentence for each thing that needs a hand.
    problems: list[str] = attrs.field(factory=list)
    #: What is no problem but worth knowing.
    notes: list[str] = attrs.field(factory=list)
    #: True when it was stopped before everything was done.
    is_stopped: bool = False

    @property
    def is_good(self) -> bool:
        """True when every crawl ended as asked and nothing needs a hand."""
        return not self.problems and all(one.is_good for one in self.done)


@attrs.frozen(kw_only=True)
class Wishes:
    """How what is due is to be done."""

    root: Path
    contact: str | None = None
    #: Jobs at most; None for all.
    most: int | None = None
    #: Sites crawled side by side in one process.
    at_once: int = 10
    #: Run each job that is due now, without the waits that spread what was missed.
    once: bool = False
    #: Megabytes that must stay free on the disk.
    least_mb: int = 0
    #: Why a site is not crawled; None for one that is.
    why_not: Callable[[str], str | None] = lambda _: None
    progress: bool = False


def run_due(
    wishes: Wishes,
    *,
    crawl: Callable[[CrawlRequest], Sequence[SiteEnd]],
    clock: Timekeeper,
    on_begin: Callable[[Sequence[Planned]], None] = lambda _: None,
    on_wait: Callable[[int, float], None] = lambda *_: None,
) -> DueReport:
    """Run every job that is due, and those that fall due meanwhile, then end.

    *crawl* crawls the sites of a request side by side and says how each ended; *on_wait* hears how many
    missed jobs wait for how many seconds, so that they do not all begin at once. Raises SchedulerBusy when
    another process does the same, ArchiveError where there is no archive, ArchiveUnwritable.
    """
    with scheduler_lock(wishes.root), Store.open(wishes.root, create=False) as store:
        return _Round(wishes, store, crawl, clock, on_begin, on_wait).run()


@attrs.define
class _Round:
    """One call of `run_due`."""

    wishes: Wishes
    store: Store
    crawl: Callable[[CrawlRequest], Sequence[SiteEnd]]
    clock: Timekeeper
    on_begin: Callable[[Sequence[Planned]], None]
    on_wait: Callable[[int, float], None]
    report: DueReport = attrs.field(factory=DueReport)
    #: When each due job begins; see `begins_at`.
    _begins: dict[tuple[str, Job], float] = attrs.field(factory=dict)
    _ran: set[tuple[str, Job]] = attrs.field(factory=set)
    table: ScheduleTable = attrs.field(init=False)

    def run(self) -> DueReport:
        self.table = ScheduleTable(self.store)
        now = self.clock.now()
        for site, job in self.table.close_killed(now):
            self.report.notes.append(f"{site}: the last {job} was killed; it is taken up")
        while (left := self._left()) and (ready := self._ready()):
            now = self.clock.now()
            startable = [one for one in ready if self._begins[one.key] <= now]
            if not startable:
                wait = min(self._begins[one.key] for one in ready) - now
                self.on_wait(len(ready), wait)
                if self.clock.wait(wait):
                    self.report.is_stopped = True
                    break
                continue
            if short := shortage(self.wishes.root, self.wishes.least_mb):
                self.report.problems.append(f"nothing more is fetched: {short}")
                self._raise_alarm(Finding(site=None, kind=Kind.DISK_FULL), now)
                break
            if not self._run(batch(startable, min(left, self.wishes.at_once))):
                break
        return self.report

    def _left(self) -> int:
        most = self.wishes.most
        return self.wishes.at_once if most is None else most - len(self.report.done)

    def _ready(self) -> list[Planned]:
        """What is due and can be run now."""
        now = self.clock.now()
        self.table.look(now)
        held = held_sites(self.store.connection)
        ready = []
        for one in due(self.table.all(), now):
            site = one.entry.site
            if (why := self.wishes.why_not(site)) is not None:
                problem = (
                    f"{site} is scheduled but not crawled: {why} (`dqtv schedule remove {site}`)"
                )
                self._say(self.report.problems, problem)
            elif site in held:
                self._say(
                    self.report.notes, f"{site} is being crawled by {held[site]}; it stays due"
                )
            elif not (self.wishes.once and one.key in self._ran):
                begins = now if self.wishes.once else begins_at(one, now)
                self._begins.setdefault(one.key, begins)
                ready.append(one)
        return ready

    def _raise_alarm(self, finding: Finding, now: float) -> None:
        with self.store.transaction():
            see(self.store.connection, [finding], instant_of(now))

    @staticmethod
    def _say(place: list[str], sentence: str) -> None:
        if sentence not in place:
            place.append(sentence)

    def _run(self, chosen: list[Planned]) -> bool:
        """Crawl the sites of *chosen* side by side; False when nothing more is to be begun."""
        begun_at = self.clock.now()
        numbers = self.table.begin(chosen, begun_at)
        self.on_begin(chosen)
        ends = {end.site: end for end in self.crawl(self._request(chosen, begun_at))}
        now = self.clock.now()
        held = held_sites(self.store.connection)
        is_stopped = False
        for number, planned in zip(numbers, chosen, strict=True):
            site = planned.entry.site
            end = ends.get(site) or SiteEnd(site=site, reason=NOT_BEGUN)
            if end.reason == NOT_BEGUN and site in held:
                end = SiteEnd(site=site, reason=INTERRUPTED, detail=f"{held[site]} crawls it")
            is_stopped = is_stopped or end.reason == INTERRUPTED
            after = after_run(
                planned, end.reason, begun_at=begun_at, now=now, is_unfinished=end.is_unfinished,
                published=self.table.published(planned.entry, now),
            )  # fmt: skip
            self.table.end(number, after, end.reason, now)
            self._begins.pop(planned.key, None)
            self._ran.add(planned.key)
            self.report.done.append(_done(planned, end, begun_at, now, after))
        self.report.is_stopped = is_stopped
        return not is_stopped

    def _request(self, chosen: list[Planned], now: float) -> CrawlRequest:
        first = chosen[0].entry
        is_backfill = first.job is Job.BACKFILL
        return CrawlRequest(
            sites=tuple(one.entry.site for one in chosen),
            root=self.wishes.root,
            contact=self.wishes.contact,
            max_pages=BACKFILL_SLICE if is_backfill else None,
            backfill=last_months(now, first.months or USUAL_MONTHS) if is_backfill else None,
            rechecks="only" if first.job is Job.RECHECKS else None,
            until={
                one.entry.site: one.entry.hours.closing(now) for one in chosen if one.entry.hours
            },
            progress=self.wishes.progress,
        )


def _done(planned: Planned, end: SiteEnd, begun_at: float, now: float, after: Planned) -> Done:
    return Done(
        site=end.site, job=planned.entry.job.value, due_at=planned.next_at, started_at=begun_at,
        finished_at=now, reason=end.reason, detail=end.detail, fetched=end.fetched,
        accepted=end.accepted, next_at=after.next_at,
    )  # fmt: skip


def last_months(now: float, months: int) -> str:
    """The *months* whole months before the one of *now* (Unix time), as ``FROM..TO``.

    The same span all month long, so that a backfill that was stopped goes on.
    """
    today = instant_of(now).astimezone(VIETNAM)
    this_month = today.year * 12 + today.month - 1
    first, last = (
        f"{number // 12}-{number % 12 + 1:02}" for number in (this_month - months, this_month - 1)
    )
    return f"{first}..{last}"


def next_look(root: Path, now: float) -> float:
    """Seconds until the schedule is to be looked at again, from 5 to 300."""
    with Store.open(root, create=False) as store:
        upcoming = (
            one.entry.hours.opening(max(one.next_at, now)) if one.entry.hours else one.next_at
            for one in ScheduleTable(store).all()
            if not one.entry.is_paused
        )
        wait = min(upcoming, default=now + LONGEST_SLEEP_S) - now
    return min(LONGEST_SLEEP_S, max(_SHORTEST_SLEEP_S, wait))
