"""Obey the orders in an archive's table: begin what was asked for, and say how it ended.

One thread looks at the table every few seconds; crawls and checks run beside it, each in a process of its own.
Site locks, delays and robots.txt hold for them as for any crawl.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
import orjson

from archive import order_work as work
from archive.database import translated_errors
from archive.errors import DqtvError, SiteLocked, UsageError
from archive.health.alarms import acknowledge
from archive.instants import instant_of
from archive.locks import SiteLock, held_sites
from archive.order_wording import TEXT, Said, said
from archive.orders import Kind, Order, Outcome, find_order, open_orders
from archive.room import shortage
from archive.runs import GOOD_REASONS, STOPPED, newest_runs
from archive.schedule import INTERRUPTED, Job
from archive.schedule_table import ScheduleTable, choose, read_schedule
from archive.store import Store
from scraper.crawl_request import CrawlRequest
from scraper.due import NOT_BEGUN

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from archive.timing import Hours
    from scraper.due import SiteEnd, Wishes

#: Crawls and checks by order at a time: each is a process of some 100 MB.
MOST_AT_WORK: Final = 4
#: Seconds after which a process says again that it is at work on its orders.
_SIGN_OF_LIFE_S: Final = 30.0


class Hand(Protocol):
    """Who does the work; `scraper.crawl_process.Foreman` outside of tests."""

    @property
    def is_stopped(self) -> bool:
        """True once everything is to end."""

    def now(self) -> float:
        """Unix time."""

    def crawl(self, request: CrawlRequest) -> Sequence[SiteEnd]:
        """Crawl, and say how each site ended."""

    def check(
        self, site: str, contact: str | None, on_tick: Callable[[], None]
    ) -> subprocess.CompletedProcess[bytes]:
        """Check a site's file; *on_tick* is called now and then meanwhile."""


@attrs.frozen(kw_only=True)
class Ending:
    """What became of an order that was begun."""

    #: None when it is to wait again.
    outcome: Outcome | None
    message: Said
    #: True when a process died at it.
    died: bool = False
    #: True when nothing was asked for: another process may have been faster.
    not_begun: bool = False
    accepted: int = 0
    result: Any = None


@attrs.frozen(kw_only=True)
class Obeyed:
    """An order that was finished."""

    id: int
    what: str
    outcome: Outcome
    #: In English.
    message: str


@attrs.define
class _AtWork:
    order: Order
    future: Future[Ending]
    #: Newest run of the site when it was begun.
    former_run: str | None


class Obeyer:
    """Obeys the orders of one archive; every method but `accepted` belongs to one thread."""

    def __init__(
        self, wishes: Wishes, hand: Hand, *, on_end: Callable[[Obeyed], None] = lambda _: None
    ) -> None:
        self._wishes = wishes
        self._hand = hand
        self._on_end = on_end
        self._at_work: dict[int, _AtWork] = {}
        #: Orders this one has taken and not finished.
        self._taken: set[int] = set()
        self._pool = ThreadPoolExecutor(MOST_AT_WORK, thread_name_prefix="order")
        self._said_at = time.monotonic()
        #: Articles that crawls by order took in and nobody has published.
        self.accepted = 0
        #: Orders that were finished.
        self.obeyed: list[Obeyed] = []

    @property
    def is_at_work(self) -> bool:
        """True while a crawl or check goes on, or how it ended is still to be written."""
        return bool(self._at_work)

    def look(self, *, begin: bool = True) -> None:
        """Write how things ended, and with *begin* take and begin what can be begun.

        Raises ArchiveError where the table cannot be read or written; nothing is lost then, a later look
        goes on.
        """
        with (
            Store.open(self._wishes.root, create=False) as store,
            translated_errors(store.path),
        ):
            now = self._hand.now()
            for one in [x for x in self._at_work.values() if x.future.done()]:
                self._settle(store, one, now)
            self._say_alive(store, now)
            if not begin or self._hand.is_stopped:
                return
            self._put_back_half_done(store, now)
            work.take_up(store, now=now)
            work.close_idle_stops(store, now=now)
            for order in open_orders(store.connection):
                if order.is_waiting and order.kind is not Kind.STOP:
                    self._obey(store, order, now)
            work.expire(store, now=now)

    def close(self) -> None:
        """Wait for the threads; how their work ended is left to the next look or the next process."""
        self._pool.shutdown()

    def _say_alive(self, store: Store, now: float) -> None:
        if self._at_work and time.monotonic() - self._said_at > _SIGN_OF_LIFE_S:
            self._said_at = time.monotonic()
            work.stay_at_work(store, now=now)

    def _put_back_half_done(self, store: Store, now: float) -> None:
        """Let orders wait again that were taken here and, the disk being full or so, got no further."""
        for number in self._taken - self._at_work.keys():
            work.put_back(
                store,
                find_order(store.connection, number),
                said("unwritten"),
                now=now,
            )
            self._taken.discard(number)

    def _take(self, store: Store, order: Order, now: float) -> bool:
        is_mine = work.take(store, order.id, now=now)
        if is_mine:
            self._taken.add(order.id)
        return is_mine

    # -- beginning ------------------------------------------------------------------------------

    def _obey(self, store: Store, order: Order, now: float) -> None:
        if order.kind is Kind.ACKNOWLEDGE:
            if self._take(store, order, now):
                self._acknowledge(store, order, now)
            return
        if (why := self._wishes.why_not(order.site)) is not None:
            # taken first, so that of two processes one says so
            if self._take(store, order, now):
                message = said("not crawled", site=order.site, why=why)
                self._end(store, order, Ending(outcome=Outcome.REFUSED, message=message), now)
            return
        if order.kind in {Kind.PAUSE, Kind.RESUME}:
            if self._take(store, order, now):
                self._change_schedule(store, order, now)
            return
        hours = _hours(store, order)
        if (wait := self._why_wait(store, order, hours, now)) is not None:
            work.note_wait(store, order, wait)
        elif self._take(store, order, now):
            former = newest_runs(store.connection, site=order.site, limit=1)
            do = self._crawl if order.kind is Kind.CRAWL else self._check
            future = self._pool.submit(do, order, hours.closing(now) if hours else None)
            former_run = former[0].id if former else None
            self._at_work[order.id] = _AtWork(order, future, former_run)

    def _why_wait(self, store: Store, order: Order, hours: Hours | None, now: float) -> Said | None:
        """Why an order cannot be begun now; None when it can."""
        held = held_sites(store.connection)
        if order.site in held:
            return said("held", site=order.site, by=held[order.site])
        if any(one.order.site == order.site for one in self._at_work.values()):
            return said("other order")
        if len(self._at_work) >= MOST_AT_WORK:
            return said("most at a time", n=MOST_AT_WORK)
        if order.kind is Kind.CRAWL and (
            short := shortage(self._wishes.root, self._wishes.least_mb)
        ):
            return said("disk full", what=short)
        if hours is not None and not hours.hold(now):
            return said("hours", hours=str(hours))
        return None

    # -- doing, in threads of their own ---------------------------------------------------------

    def _crawl(self, order: Order, until: float | None) -> Ending:
        options = order.options
        request = CrawlRequest(
            sites=(order.site,),
            root=self._wishes.root,
            contact=self._wishes.contact,
            max_pages=options.max_pages,
            backfill=options.span,
            rechecks="only" if options.job is Job.RECHECKS else None,
            until={} if until is None else {order.site: until},
            progress=False,
        )
        [end] = self._hand.crawl(request)
        return _ending_of(end)

    def _check(self, order: Order, _: float | None) -> Ending:
        """Check the paper while nobody else visits it."""
        with Store.open(self._wishes.root, create=False) as store:
            lock = SiteLock(store, order.site)
            try:
                lock.acquire()
            except SiteLocked as error:
                return Ending(outcome=None, message=said(TEXT, text=str(error)))

            def renew() -> None:
                with store.transaction():
                    lock.renew(self._hand.now())

            try:
                done = self._hand.check(order.site, self._wishes.contact, renew)
            finally:
                lock.release(self._hand.now())
        return self._ending_of_check(done)

    def _ending_of_check(self, done: subprocess.CompletedProcess[bytes]) -> Ending:
        if done.returncode < 0:
            if self._hand.is_stopped:
                return Ending(outcome=None, message=said("stopped"))
            return Ending(outcome=None, message=said("check died"), died=True)
        try:
            [coverage] = orjson.loads(done.stdout)["sites"]
        except (orjson.JSONDecodeError, ValueError, KeyError):
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            last = lines[-1].removeprefix("dqtv: ") if lines else ""
            message = said(TEXT, text=last) if last else said("no answer")
            outcome = Outcome.REFUSED if done.returncode == UsageError.exit_code else Outcome.FAILED
            return Ending(outcome=outcome, message=message)
        problems = "; ".join(coverage["problems"])
        pages = coverage["pages"]
        message = (
            said("checked, problems", pages=pages, problems=problems)
            if problems
            else said("checked", pages=pages)
        )
        return Ending(outcome=Outcome.DONE, message=message, result=coverage)

    # -- ending ---------------------------------------------------------------------------------

    def _settle(self, store: Store, one: _AtWork, now: float) -> None:
        ending = _result(one.future)
        order = one.order
        if ending.not_begun and order.site in (held := held_sites(store.connection)):
            ending = Ending(outcome=None, message=said("faster", by=held[order.site]))
        if ending.outcome is not None:
            self._end(store, order, ending, now, _new_run(store, one))
        elif ending.died:
            fresh = find_order(store.connection, order.id)
            work.put_back_or_fail(store, fresh, ending.message, now=now)
        else:
            work.put_back(store, order, ending.message, now=now)
        self._taken.discard(order.id)
        self.accepted += ending.accepted
        del self._at_work[order.id]

    def _end(
        self, store: Store, order: Order, ending: Ending, now: float, run_id: str | None = None
    ) -> None:
        outcome = ending.outcome or Outcome.FAILED
        if work.finish(
            store, order.id, outcome, ending.message, now=now, result=ending.result, run_id=run_id
        ):
            what = f"{order.kind} {order.site}"
            done = Obeyed(id=order.id, what=what, outcome=outcome, message=str(ending.message))
            self.obeyed.append(done)
            self._on_end(done)
        self._taken.discard(order.id)

    def _acknowledge(self, store: Store, order: Order, now: float) -> None:
        number = order.options.alarm or 0
        try:
            with store.transaction():
                acknowledge(
                    store.connection, number, by=order.asked_by, note=order.note or "", now=instant_of(now),
                    order_id=order.id,
                )  # fmt: skip
        except UsageError:
            # it was open when the order was written
            refused = Ending(outcome=Outcome.REFUSED, message=said("alarm over", n=number))
            self._end(store, order, refused, now)
            return
        self._end(store, order, Ending(outcome=Outcome.DONE, message=said("noted", n=number)), now)

    def _change_schedule(self, store: Store, order: Order, now: float) -> None:
        table = ScheduleTable(store)
        try:
            chosen = choose(table, (order.site,), order.options.job)
        except UsageError:
            why = (
                said("job not scheduled", jobs=order.options.job.value, site=order.site)
                if order.options.job
                else said("nothing scheduled", site=order.site)
            )
            self._end(store, order, Ending(outcome=Outcome.REFUSED, message=why), now)
            return
        if order.kind is Kind.PAUSE:
            table.pause(chosen, now, by=order.asked_by, order_id=order.id)
        else:
            paused = [one for one in chosen if one.entry.is_paused]
            table.resume(paused, now, by=order.asked_by, order_id=order.id)
        done = "paused" if order.kind is Kind.PAUSE else "resumed"
        jobs = ", ".join(one.entry.job.value for one in chosen)
        self._end(store, order, Ending(outcome=Outcome.DONE, message=said(done, jobs=jobs)), now)


def _ending_of(end: SiteEnd) -> Ending:
    """What the end of a crawl means for the order it obeyed."""
    if end.reason == INTERRUPTED:
        return Ending(outcome=None, message=said("stopped"), accepted=end.accepted)
    if end.reason == NOT_BEGUN and end.detail is None:
        return Ending(outcome=None, message=said("crawl died"), died=True)
    is_done = end.reason in GOOD_REASONS or end.reason == STOPPED
    came: dict[str, str | int] = {
        "reason": end.reason,
        "fetched": end.fetched,
        "accepted": end.accepted,
    }
    if end.detail:
        came["detail"] = end.detail
    return Ending(
        outcome=Outcome.DONE if is_done else Outcome.FAILED,
        message=Said(code="crawled, detail" if end.detail else "crawled", values=came),
        accepted=end.accepted,
        not_begun=end.reason == NOT_BEGUN,
    )


def _result(future: Future[Ending]) -> Ending:
    """What a thread came to; an error that it met ends the order."""
    error = future.exception()
    if error is None:
        return future.result()
    text = str(error) if isinstance(error, DqtvError) else f"{type(error).__name__}: {error}"
    return Ending(outcome=Outcome.FAILED, message=said(TEXT, text=text))


def _hours(store: Store, order: Order) -> Hours | None:
    """The hours that the schedule allows for what *order* asks; None when any will do."""
    if order.kind is not Kind.CRAWL or order.options.any_hour:
        return None
    mine = [one.entry for one in read_schedule(store.connection) if one.entry.site == order.site]
    job = order.options.job or Job.CRAWL
    fitting = [x.hours for x in mine if x.job is job] or [x.hours for x in mine if x.hours]
    return fitting[0] if fitting else None


def _new_run(store: Store, one: _AtWork) -> str | None:
    """The run that an order led to: the site's newest crawl, unless it is the one of before."""
    if one.order.kind is not Kind.CRAWL:
        return None
    newest = newest_runs(store.connection, site=one.order.site, limit=1)
    return newest[0].id if newest and newest[0].id != one.former_run else None
