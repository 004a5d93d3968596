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
from typing import TYPE_CHECKING, Final, Unpack

import attrs

from archive.backfill import BackfillProgress, Backfills
from archive.cdxj import index_closed_files
from archive.crawl_log import RETRY, CrawlLog, LogLine, Timing, reason_of
from archive.database import translated_errors
from archive.errors import ArchiveError
from archive.frontier import Frontier, LeasedUrl, Purpose
from archive.health.check import check_run
from archive.health.measures import DAILY
from archive.instants import utc_text
from archive.locks import SiteLock
from archive.manifest import register_closed
from archive.model import Capture, Failed, Outcome
from archive.page_reading import reading_of
from archive.rechecks import Rechecks
from archive.recovery import recover_open_files
from archive.runs import finish_run, new_run_id, note_run, start_run
from archive.warc import MAX_BYTES, Exchange, WarcWriter, Written
from scraper.clock import Clock
from scraper.site_session import SiteSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.crawl_log import LineParts
    from archive.lease import LeaseFactory
    from archive.model import DaySpan, FoundUrl
    from archive.rechecks import RecheckPlan
    from archive.run_counts import RunCounts
    from archive.store import Store

logger = logging.getLogger(__name__)

#: Outcomes in one commit; a commit also happens `COMMIT_SECONDS` after the first of a group.
GROUP_SIZE: Final = 64
COMMIT_SECONDS: Final = 0.05


@attrs.frozen(kw_only=True)
class Entry:
    """An outcome that waits for the next commit."""

    leased: LeasedUrl
    outcome: Outcome
    #: None when nothing was sent.
    asked: Timing | None = None


class Ledger:
    """Leases addresses, writes records and commits outcomes for the sites of one process."""

    def __init__(
        self,
        store: Store,
        *,
        software: str,
        operator: str,
        versions: Mapping[str, str] | None = None,
        plan: RecheckPlan | None = None,
        purpose: Purpose = Purpose.EVERYTHING,
        clock: Clock | None = None,
        warc_bytes: int = MAX_BYTES,
        leases: LeaseFactory = SiteLock,
    ) -> None:
        self.store = store
        self.crawl_log = CrawlLog(store.connection)
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
        self._versions = versions
        self._warc_bytes = warc_bytes
        self._leases = leases
        self._pending: deque[Entry] = deque()
        self._loose_captures: deque[Capture] = deque()
        self._loose_lines: deque[LogLine] = deque()
        #: Run id -> columns of its row to be written.
        self._notes: dict[str, dict[str, object]] = {}

    # -- opening ------------------------------------------------------------------------------

    def open(
        self,
        sites: Mapping[str, Mapping[str, object]],
        seeds: Mapping[str, Iterable[FoundUrl]],
        span: DaySpan | None = None,
        rules: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Take each site's lease, put back what a dead run left, and add the sites' seeds.

        *sites* maps site ids to rows of the ``sites`` table; *span* makes the run a backfill of these
        days, the unfinished one if there is one; *rules* names the files each site is read by, with
        their digests, for the run's record. Raises SiteLocked (after giving back the
        leases already taken) when another process crawls one of them.
        """
        try:
            for site, row in sites.items():
                self._open_site(site, row, (rules or {}).get(site))
                self._recover_files(site)
        except BaseException:
            for session in self.sessions.values():
                session.lease.release(None)
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

    def _open_site(
        self, site: str, row: Mapping[str, object], rules: Mapping[str, str] | None
    ) -> None:
        lease = self._leases(self.store, site)
        last_fetch_at = lease.acquire()
        run_id = new_run_id(self.clock.utc())
        self.sessions[site] = SiteSession(
            site=site,
            run_id=run_id,
            lease=lease,
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
        start_run(
            self.store, run_id, site=site, command="crawl", now=self.clock.utc(),
            versions=self._versions, rules=rules,
        )  # fmt: skip

    def _begin(self, site: str, found: Iterable[FoundUrl], span: DaySpan | None) -> None:
        session = self.sessions[site]
        self.recovered[site] += self.frontier.recover(site)
        self.frontier.retry_transient(site)
        self.frontier.follow_clock(site, self.clock.unix())
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

    def log(self, site: str, **line: Unpack[LineParts]) -> None:
        """Remember a line of the crawl log that settles no address (robots.txt)."""
        self._loose_lines.append(self.sessions[site].line(**line))

    def note(self, site: str, column: str, value: object) -> None:
        """Fill ``politeness`` or ``robots`` of the site's run with the next commit."""
        self._notes.setdefault(self.sessions[site].run_id, {})[column] = value

    def add(self, leased: LeasedUrl, outcome: Outcome, asked: Timing | None = None) -> bool:
        """Queue an outcome for the next commit; True when the group is full."""
        self._pending.append(Entry(leased=leased, outcome=outcome, asked=asked))
        return len(self._pending) >= GROUP_SIZE

    @property
    def has_pending(self) -> bool:
        """True while outcomes wait for a commit."""
        return bool(self._pending)

    def commit(self) -> None:
        """Put everything queued on disk: WARC bytes, then one transaction.

        Raises ArchiveUnwritable; nothing is acknowledged then, and the rows stay leased.
        """
        if not (self._pending or self._loose_captures or self._loose_lines or self._notes):
            return
        for session in self.sessions.values():
            session.writer.flush(durable=True)
        with self.store.transaction():
            for capture in self._loose_captures:
                self.store.add_capture(capture)
            for line in self._loose_lines:
                self.crawl_log.add(line)
            for run_id, notes in self._notes.items():
                note_run(self.store, run_id, notes)
            for entry in self._pending:
                self._commit_entry(entry)
            for session in self.sessions.values():
                session.lease.renew(session.last_fetch_at)
        self._pending.clear()
        self._loose_captures.clear()
        self._loose_lines.clear()
        self._notes.clear()

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
        leased, outcome = entry.leased, entry.outcome
        line = session.line(
            url=leased.url,
            kind=leased.kind.value,
            outcome=stored if settled.retry_at is None else RETRY,
            reason=reason_of(outcome),
            capture=outcome.capture,
            asked=entry.asked,
            reading=reading_of(outcome),
        )
        self.crawl_log.add(line)
        if settled.retry_at is None:
            self.rechecks.settled(leased, outcome, stored, now)
            session.tally.count(outcome, stored)
            if leased.recheck and not settled.goes_on:
                session.tally.rechecked[stored] += 1

    def renew_leases(self) -> list[str]:
        """Hold all leases for another term; returns the sites that another process has taken."""
        with self.store.transaction():
            return [x.site for x in self.sessions.values() if not x.lease.renew(x.last_fetch_at)]

    def may_ask(self, site: str) -> bool:
        """Whether a request may be sent to *site* now. Raises ArchiveError where that cannot be seen."""
        return self.sessions[site].lease.may_ask()

    def seal(self, site: str) -> None:
        """Commit, and close the site's WARC file; the next exchange begins another. Raises ArchiveUnwritable."""
        self.commit()
        register_closed(self.store, self.sessions[site].writer.rotate())

    # -- closing ------------------------------------------------------------------------------

    def close(
        self, reasons: Mapping[str, str], unfinished: Iterable[LeasedUrl]
    ) -> dict[str, RunCounts]:
        """Commit, return *unfinished* rows, close files and runs; counts by site.

        *reasons* says why each site's run ended.
        """
        self.commit()
        # addresses of a paper that another process has taken are that one's by now
        lost = self.renew_leases()
        with self.store.transaction():
            self.frontier.give_back([leased.id for leased in unfinished if leased.site not in lost])
        counts: dict[str, RunCounts] = {}
        for session in self.sessions.values():
            register_closed(self.store, session.writer.close())
            self._finish_backfill(session)
            self._note_move(session)
            counts[session.site] = session.tally.counts()
            finish_run(
                self.store, session.run_id, reasons[session.site], counts[session.site],
                now=self.clock.utc(),
            )  # fmt: skip
            self._check_health(session)
            session.lease.release(session.last_fetch_at)
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

    def _check_health(self, session: SiteSession) -> None:
        """Look whether the run was like those before; what cannot be written says nothing against the crawl."""
        kind = "rechecks" if self._purpose is Purpose.RECHECKS_ONLY else DAILY
        if session.backfill_id is not None:
            kind = "backfill"
        try:
            check_run(self.store, session.run_id, kind, self.clock.utc())
        except ArchiveError as error:
            logger.warning(
                "%s: the run was not compared with those before: %s", session.site, error
            )

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
