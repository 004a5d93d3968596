"""What one crawl process owes the disk: leases, WARC records and outcomes, committed together.

The order of every commit is fixed: WARC bytes first, then one transaction that holds capture rows,
article versions, frontier state and newly found addresses. A process killed anywhere in between costs
repeated requests, never a lost address or a row without its page. Knows neither Scrapy nor HTML.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.backfill import BackfillProgress, Backfills
from archive.cdxj import index_closed_files
from archive.database import translated_errors
from archive.errors import ArchiveError
from archive.frontier import Frontier, LeasedUrl, Purpose
from archive.instants import utc_text
from archive.locks import SiteLock
from archive.manifest import register_closed
from archive.model import (
    Accepted,
    Capture,
    Explored,
    Failed,
    NotModified,
    Outcome,
    Redirected,
    Rejected,
)
from archive.rechecks import Rechecks
from archive.recovery import recover_open_files
from archive.run_counts import RunCounts
from archive.runs import finish_run, new_run_id, start_run
from archive.warc import Exchange, WarcWriter, Written
from scraper.clock import Clock
from scraper.moved_hosts import HostWatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.model import DaySpan, FoundUrl
    from archive.rechecks import RecheckPlan
    from archive.store import Store

logger = logging.getLogger(__name__)

#: Outcomes in one commit; a commit also happens `COMMIT_SECONDS` after the first of a group.
GROUP_SIZE: Final = 64
COMMIT_SECONDS: Final = 0.05


@attrs.define
class SiteTally:
    """Running counts of one site in one run."""

    found: int = 0
    fetched: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)
    failed: Counter[str] = attrs.field(factory=Counter)
    rechecked: Counter[str] = attrs.field(factory=Counter)

    def counts(self) -> RunCounts:
        """The counts as a value."""
        return RunCounts(
            found=self.found,
            fetched=self.fetched,
            accepted=self.accepted,
            unchanged=self.unchanged,
            rejected=dict(self.rejected),
            failed=dict(self.failed),
            rechecked=dict(self.rechecked),
        )


@attrs.define
class SiteSession:
    """One site in one run: its lock, run id, open WARC file and counts."""

    site: str
    run_id: str
    lock: SiteLock
    writer: WarcWriter
    tally: SiteTally = attrs.field(factory=SiteTally)
    hosts: HostWatch = attrs.field(factory=HostWatch)
    #: Unix time of the last request.
    last_fetch_at: float | None = None
    #: Number of the backfill this run works on; None for a daily crawl.
    backfill_id: int | None = None


@attrs.frozen(kw_only=True)
class Entry:
    """An outcome that waits for the next commit."""

    leased: LeasedUrl
    outcome: Outcome


class Ledger:
    """Leases addresses, writes records and commits outcomes for the sites of one process."""

    def __init__(
        self,
        store: Store,
        *,
        software: str,
        operator: str,
        plan: RecheckPlan | None = None,
        purpose: Purpose = Purpose.EVERYTHING,
        clock: Clock | None = None,
        warc_bytes: int = 1_000_000_000,
    ) -> None:
        self.store = store
        self.clock = clock or Clock()
        self.frontier = Frontier(store.connection, purpose)
        self.rechecks = Rechecks(store.connection, plan)
        self._purpose = purpose
        self.backfills = Backfills(store.connection)
        self.sessions: dict[str, SiteSession] = {}
        #: Rows put back because an earlier process died while it held them, by site.
        self.recovered: Counter[str] = Counter()
        #: How far back each site's backfill got; filled when the run ends.
        self.backfilled: dict[str, BackfillProgress] = {}
        #: Host that a site's pages all lead to now, by site; filled when the run ends.
        self.moved: dict[str, str] = {}
        self._software = software
        self._operator = operator
        self._warc_bytes = warc_bytes
        self._pending: deque[Entry] = deque()
        self._loose_captures: deque[Capture] = deque()

    # -- opening ------------------------------------------------------------------------------

    def open(
        self,
        sites: Mapping[str, Mapping[str, object]],
        seeds: Mapping[str, Iterable[FoundUrl]],
        span: DaySpan | None = None,
    ) -> None:
        """Lock each site, put back what a dead run left, and add the sites' seeds.

        *sites* maps site ids to rows of the ``sites`` table; *span* makes the run a backfill of these
        days, the unfinished one if there is one. Raises SiteLocked (after giving back the
        locks already taken) when another process crawls one of them.
        """
        try:
            for site, row in sites.items():
                self._open_site(site, row)
                self._recover_files(site)
        except BaseException:
            for session in self.sessions.values():
                session.lock.release(None)
            raise
        with self.store.transaction():
            for site, found in seeds.items():
                self._begin(site, found, span)

    def _recover_files(self, site: str) -> None:
        for file in recover_open_files(self.store, sites=(site,)):
            logger.warning(
                "%s: closed a file left open by a run that was killed (%d torn bytes cut)",
                file.name,
                file.cut,
            )

    def _open_site(self, site: str, row: Mapping[str, object]) -> None:
        lock = SiteLock(self.store, site)
        last_fetch_at = lock.acquire()
        run_id = new_run_id(self.clock.utc())
        self.sessions[site] = SiteSession(
            site=site,
            run_id=run_id,
            lock=lock,
            last_fetch_at=last_fetch_at,
            writer=WarcWriter(
                self.store.warc_folder,
                site=site,
                run_id=run_id,
                operator=self._operator,
                software=self._software,
                robots_policy="obey",
                max_bytes=self._warc_bytes,
                known_payload=self.store.known_payload,
                clock=self.clock.utc,
            ),
        )
        with self.store.transaction():
            self.store.sync_site(row)
        start_run(self.store, run_id, site=site, command="crawl", now=self.clock.utc())

    def _begin(self, site: str, found: Iterable[FoundUrl], span: DaySpan | None) -> None:
        session = self.sessions[site]
        self.recovered[site] += self.frontier.recover(site)
        self.frontier.retry_transient(site)
        self.frontier.bound_waits(site, self.clock.unix())
        if self._purpose is not Purpose.NO_RECHECKS:
            self.rechecks.open_due(site, self.clock.unix())
        if span is not None:
            now = utc_text(self.clock.utc())
            session.backfill_id = self.backfills.open(site, span, now=now)
        self._add(session, found)

    def _add(self, session: SiteSession, found: Iterable[FoundUrl]) -> None:
        session.tally.found += self.frontier.add(
            session.site,
            found,
            run_id=session.run_id,
            now=utc_text(self.clock.utc()),
            found_on=None,
            backfill_id=session.backfill_id,
        )

    # -- working ------------------------------------------------------------------------------

    def add_found(self, site: str, found: Iterable[FoundUrl]) -> None:
        """Remember addresses that no page led to, such as the sitemaps of robots.txt; commits at once."""
        with self.store.transaction():
            self._add(self.sessions[site], found)

    def lease(self, site: str, limit: int) -> list[LeasedUrl]:
        """Hand out up to *limit* addresses of *site* that may be fetched now."""
        with self.store.transaction():
            return self.frontier.lease(site, limit, self.clock.unix())

    def next_ready_at(self, site: str) -> float | None:
        """Unix time at which the next waiting address of *site* may be fetched; None when none waits."""
        with translated_errors(self.store.path):
            return self.frontier.next_ready_at(site)

    def asked_to_wait_until(self, site: str) -> float:
        """Unix time until which *site* asked not to be fetched, also by an earlier run."""
        with translated_errors(self.store.path):
            return self.frontier.asked_to_wait_until(site)

    def states(self, site: str) -> dict[str, int]:
        """Number of the site's addresses by state."""
        with translated_errors(self.store.path):
            return self.frontier.counts(site)

    def capture(self, site: str, exchange: Exchange) -> Written:
        """Write one exchange to the site's WARC file (in memory until the next commit).

        Raises ArchiveUnwritable when the disk refuses.
        """
        session = self.sessions[site]
        session.last_fetch_at = self.clock.unix()
        return session.writer.write_exchange(exchange)

    def add_capture(self, capture: Capture) -> None:
        """Remember a capture that settles no address (robots.txt, a retried answer)."""
        self._loose_captures.append(capture)

    def add(self, leased: LeasedUrl, outcome: Outcome) -> bool:
        """Queue an outcome for the next commit; True when the group is full."""
        self._pending.append(Entry(leased=leased, outcome=outcome))
        return len(self._pending) >= GROUP_SIZE

    @property
    def has_pending(self) -> bool:
        """True while outcomes wait for a commit."""
        return bool(self._pending)

    def commit(self) -> None:
        """Put everything queued on disk: WARC bytes, then one transaction.

        Raises ArchiveUnwritable; nothing is acknowledged then, and the rows stay leased.
        """
        if not self._pending and not self._loose_captures:
            return
        for session in self.sessions.values():
            session.writer.flush(durable=True)
        with self.store.transaction():
            for capture in self._loose_captures:
                self.store.add_capture(capture)
            for entry in self._pending:
                self._commit_entry(entry)
            for session in self.sessions.values():
                session.lock.renew(session.last_fetch_at)
        self._pending.clear()
        self._loose_captures.clear()

    def _commit_entry(self, entry: Entry) -> None:
        try:
            with self.store.savepoint():
                self._settle(entry)
        except (sqlite3.Error, ValueError) as error:
            # One page that cannot be stored must not undo its neighbours in the group.
            logger.exception("%s could not be stored", entry.leased.url)
            detail = f"{type(error).__name__}: {error}"
            self._settle(attrs.evolve(entry, outcome=Failed(reason="internal", detail=detail)))

    def _settle(self, entry: Entry) -> None:
        session = self.sessions[entry.leased.site]
        now = self.clock.unix()
        second_look = timedelta(hours=self.rechecks.plan.second_look_hours)
        stored = self.store.store_outcome(
            entry.outcome, article_id=entry.leased.article_id, second_look=second_look
        )
        settled = self.frontier.settle(
            entry.leased,
            entry.outcome,
            run_id=session.run_id,
            now=utc_text(self.clock.utc()),
            clock=now,
        )
        session.tally.found += settled.new
        session.hosts.see(entry.outcome)
        if settled.retry_at is None:
            self.rechecks.settled(entry.leased, entry.outcome, stored, now)
            _tally(session.tally, entry.outcome, stored)
            if entry.leased.recheck and not settled.goes_on:
                session.tally.rechecked[stored] += 1

    def renew_locks(self) -> bool:
        """Hold all locks for another term; False when one was lost to another process."""
        with self.store.transaction():
            renewed = [s.lock.renew(s.last_fetch_at) for s in self.sessions.values()]
        return all(renewed)

    # -- closing ------------------------------------------------------------------------------

    def close(
        self, reasons: Mapping[str, str], unfinished: Iterable[LeasedUrl]
    ) -> dict[str, RunCounts]:
        """Commit, return *unfinished* rows, close files and runs; counts by site.

        *reasons* says why each site's run ended.
        """
        self.commit()
        with self.store.transaction():
            self.frontier.give_back([leased.id for leased in unfinished])
        counts: dict[str, RunCounts] = {}
        for session in self.sessions.values():
            self._close_files(session)
            self._finish_backfill(session)
            self._note_move(session)
            counts[session.site] = session.tally.counts()
            finish_run(
                self.store, session.run_id, reasons[session.site], counts[session.site],
                now=self.clock.utc(),
            )  # fmt: skip
            session.lock.release(session.last_fetch_at)
        self._index_files()
        return counts

    def _index_files(self) -> None:
        """Index the sites' closed files; what cannot be written now is left to `dqtv index`."""
        try:
            indexed = index_closed_files(self.store, sites=self.sessions)
        except ArchiveError as error:
            logger.warning("no index for viewing was written: %s", error)
        else:
            for problem in indexed.problems:
                logger.warning("%s", problem)

    def _finish_backfill(self, session: SiteSession) -> None:
        if session.backfill_id is None:
            return
        with self.store.transaction():
            now = utc_text(self.clock.utc())
            self.frontier.finish_backfill(session.site, session.backfill_id, now=now)
        self.backfilled[session.site] = self.backfills.progress(session.backfill_id)

    def _note_move(self, session: SiteSession) -> None:
        moved = session.hosts.moved()
        if moved is not None:
            host, capture = moved
            with self.store.transaction():
                self.store.events.moved_host(capture, host)
            self.moved[session.site] = host

    def _close_files(self, session: SiteSession) -> None:
        register_closed(self.store, session.writer.close())


def _tally(tally: SiteTally, outcome: Outcome, stored: str) -> None:
    match outcome:
        case Failed():
            tally.failed[outcome.reason] += 1
        case Rejected():
            tally.rejected[outcome.reason.value] += 1
        case Accepted():
            if stored == "unchanged":
                tally.unchanged += 1
            else:
                tally.accepted += 1
        case NotModified() if stored == "unchanged":
            tally.unchanged += 1
        case Explored() | NotModified() | Redirected():
            pass
    if not isinstance(outcome, Failed) or outcome.capture is not None:
        tally.fetched += 1
