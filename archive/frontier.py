"""The frontier: which addresses are known, waiting, being fetched, done or given up.

One row per site and URL key. Every write happens inside the caller's transaction, together with the
outcome that caused it, so that a killed process costs repeated requests and never a lost address.
Must not know how a page is fetched.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import attrs

from archive.addresses import url_key
from archive.article_addresses import ArticleAddresses, article_of_key
from archive.backfill import END_OF_LIST, NO_FURTHER_PAGES, REACHED_FIRST_DAY, Backfills
from archive.deaths import MAX_INTERRUPTED, SUSPECT, put_back
from archive.instants import instant_of, paper_text, utc_text
from archive.leases import LeasedUrl, Purpose, Settled
from archive.model import (
    Accepted,
    Article,
    Explored,
    Failed,
    FoundUrl,
    NotModified,
    Outcome,
    Redirected,
    Rejected,
    UrlKind,
)
from archive.validators import KnownValidators

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from archive.validators import Validators

__all__ = ["Frontier", "LeasedUrl", "Purpose", "Settled"]

#: Seconds to wait after the first, second ... failed try of one address.
RETRY_WAITS: Final = (2.0, 10.0, 60.0, 600.0)
#: No site is waited for longer than this before the next try, in seconds, whatever it asks for.
LONGEST_WAIT: Final = 86_400.0
#: After this many failed tries within one run the address is given up until a later run.
MAX_ATTEMPTS: Final = 5
#: Failed addresses are not taken up again by later runs after this many tries in all.
MAX_ATTEMPTS_EVER: Final = 15
#: Redirects that may lead from a found address to its page (RFC 9110 15.4 leaves the bound to us).
MAX_HOPS: Final = 5

#: Failures that may be over by the next run.
TRANSIENT: Final = ("timeout", "dns", "connection", "tls", "data_loss", "server_error", "slow_down", "blocked",
                    "robots_unreachable", "interrupted", "internal", "reader_died")  # fmt: skip
#: What became of a guessed address at which nothing of its kind answered; it is not tried again.
GUESS_MISSED: Final = "guess_missed"
#: Listing pages of a backfill wait behind the articles of the page before, whose dates say whether to go on.
BACKFILL_PRIORITY: Final = -10
#: Outcome of an address that an article held under another one has moved to; nothing is fetched through it.
MOVED: Final = "moved"
#: SQLite modifier: a sitemap named by another, of which nothing says when it changed, is read again after that.
_SITEMAP_RECHECK: Final = "-7 days"


class Frontier:
    """The ``frontier`` table. Methods that write must be called inside a transaction."""

    def __init__(
        self, connection: sqlite3.Connection, purpose: Purpose = Purpose.EVERYTHING
    ) -> None:
        self._connection = connection
        self._marks = purpose.value
        self._addresses = ArticleAddresses(connection)
        self._backfills = Backfills(connection)
        self._validators = KnownValidators(connection)

    def recover(self, site: str) -> int:
        """Put back what a dead process of *site* held; returns the number of rows."""
        return put_back(self._connection, site)

    def follow_clock(self, site: str, now: float) -> None:
        """Let waits for another try keep their length when the clock was set back since."""
        self._connection.execute(
            "UPDATE frontier SET settled_at = ?2, not_before = min(?3, not_before - (julianday(settled_at) - 2440587.5) * 86400.0) + ?4"
            " WHERE site = ?1 AND state = 'found' AND not_before > ?4 AND settled_at > ?2",
            (site, utc_text(instant_of(now)), LONGEST_WAIT, now),
        )

    def retry_transient(self, site: str) -> int:
        """Take up addresses that earlier runs gave up for a passing reason; returns their number."""
        return self._connection.execute(
            "UPDATE frontier SET state = 'found', not_before = 0"
            " WHERE site = ? AND state = 'failed' AND attempts < ?"
            # articles that were read before have a plan of their own
            " AND check_at IS NULL AND outcome IN (SELECT value FROM json_each(?)) AND (interrupted < ?"
            "  OR ifnull(settled_at, '') < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?))",
            (site, MAX_ATTEMPTS_EVER, json.dumps(TRANSIENT), MAX_INTERRUPTED, _SITEMAP_RECHECK),
        ).rowcount

    def add(
        self,
        site: str,
        found: Iterable[FoundUrl],
        *,
        run_id: str,
        now: str,
        found_on: str | None,
        backfill_id: int | None = None,
    ) -> int:
        """Remember *found*; returns how many articles were not known before.

        An article known under another address is only given this one as well. Feeds, sitemaps and
        listings that an earlier run has read are opened again, since their content changes; within one
        run, or one backfill, each is read once.
        """
        new = 0
        for item in found:
            key = item.key or url_key(item.url)
            added = self._connection.execute(
                "INSERT INTO frontier (site, url_key, url, kind, seed, page, priority, hops, guess,"
                " found_at, found_on, backfill_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, url_key) DO NOTHING",
                (site, key, item.url, item.kind.value, item.seed, item.page, item.priority, item.hops,
                 item.guess, now, found_on, backfill_id if item.kind.is_discovery else None),
            ).rowcount  # fmt: skip
            if not item.kind.is_discovery:
                new += added
                article_id = article_of_key(site, key)
                # the first address is the row's own, and noted when it is captured
                if article_id is not None and not added:
                    self._addresses.remember(article_id, (item.url,), source="found", now=now)
            elif not added:
                self._reopen(site, key, item, _pass(run_id, backfill_id), backfill_id)
        return new

    def _reopen(
        self, site: str, key: str, item: FoundUrl, pass_id: str, backfill_id: int | None
    ) -> None:
        self._connection.execute(
            "UPDATE frontier SET state = 'found', attempts = 0, not_before = 0, backfill_id = ?,"
            " priority = ? WHERE site = ? AND url_key = ? AND state IN ('done', 'failed')"
            " AND (polled_in IS NULL OR polled_in <> ?) AND NOT (guess AND ifnull(outcome, '') = ?)"
            # what a sitemap says about a further one decides whether it is worth another look
            " AND (? <> 'sitemap' OR found_on IS NULL OR state = 'failed'"
            "  OR ifnull(settled_at, '') < coalesce(?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)))",
            (backfill_id, item.priority, site, key, pass_id, GUESS_MISSED, item.kind.value,
             utc_text(item.modified_at) if item.modified_at else None, _SITEMAP_RECHECK),
        )  # fmt: skip
        if backfill_id is not None:
            # what waits for a daily crawl is read for the backfill as well
            self._connection.execute(
                "UPDATE frontier SET backfill_id = ? WHERE site = ? AND url_key = ? AND state = 'found'",
                (backfill_id, site, key),
            )

    def lease(self, site: str, limit: int, now: float) -> list[LeasedUrl]:
        """Hand out up to *limit* waiting rows of *site*, best first; *now* is Unix time.

        A row that may be what kills the process is handed out when no other waits, and alone.
        """
        chosen = self._connection.execute(
            "SELECT id FROM frontier WHERE state = 'found' AND site = ? AND not_before <= ?"
            " AND recheck BETWEEN ? AND ? AND interrupted < ? ORDER BY priority DESC, id LIMIT ?",
            (site, now, *self._marks, SUSPECT, limit),
        ).fetchall()
        if not chosen:
            chosen = self._suspect(site, now)
        rows = self._connection.execute(
            "UPDATE frontier SET state = 'leased' WHERE id IN (SELECT value FROM json_each(?))"
            " RETURNING id, site, url, kind, seed, page, priority, hops, attempts, url_key, backfill_id, guess,"
            " recheck, article_id, validator_capture",
            (json.dumps([row[0] for row in chosen]),),
        ).fetchall()
        leased = [
            LeasedUrl(
                id=row[0], site=row[1], url=row[2], kind=UrlKind(row[3]), seed=row[4], page=row[5],
                priority=row[6], hops=row[7], attempts=row[8], key=row[9], backfill_id=row[10],
                guess=bool(row[11]), recheck=bool(row[12]), article_id=row[13],
                validators=self._validators_of(row[0], row[2], UrlKind(row[3]), now)
                # a backfill has to see what a list holds
                if row[14] is not None and row[10] is None else None,
            )
            for row in rows
        ]  # fmt: skip
        return sorted(leased, key=lambda url: (-url.priority, url.id))

    def _suspect(self, site: str, now: float) -> list[tuple[int]]:
        """The least suspicious row, unless another of the site is under way."""
        return self._connection.execute(
            "SELECT id FROM frontier WHERE state = 'found' AND site = ?1 AND not_before <= ?2 AND recheck BETWEEN ?3 AND ?4"
            " AND NOT EXISTS (SELECT 1 FROM frontier WHERE site = ?1 AND state = 'leased')"
            " ORDER BY interrupted, id LIMIT 1",
            (site, now, *self._marks),
        ).fetchall()

    def _validators_of(self, row_id: int, url: str, kind: UrlKind, now: float) -> Validators | None:
        return self._validators.of(row_id, url, kind, instant_of(now))

    def give_back(self, ids: Sequence[int]) -> None:
        """Return leased rows that were never fetched, or whose fetch was called off."""
        self._connection.executemany(
            "UPDATE frontier SET state = 'found' WHERE id = ? AND state = 'leased'",
            [(row_id,) for row_id in ids],
        )

    def next_ready_at(self, site: str) -> float | None:
        """Unix time at which the next waiting row of *site* may be fetched; None when none waits."""
        row = self._connection.execute(
            "SELECT min(not_before) FROM frontier WHERE state = 'found' AND site = ?"
            " AND recheck BETWEEN ? AND ?",
            (site, *self._marks),
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def asked_to_wait_until(self, site: str) -> float:
        """Unix time until which *site* asked not to be fetched (Retry-After); 0 when it did not."""
        row = self._connection.execute(
            "SELECT max(not_before) FROM frontier"
            " WHERE state = 'found' AND site = ? AND outcome = 'slow_down'",
            (site,),
        ).fetchone()
        return float(row[0] or 0.0)

    def settle(
        self, leased: LeasedUrl, outcome: Outcome, *, run_id: str, now: str, clock: float
    ) -> Settled:
        """Write what became of a leased row and remember what it led to.

        *now* is the ISO form of the instant, *clock* the same as Unix time.
        """
        match outcome:
            case Failed(retry=True) if leased.attempts + 1 < MAX_ATTEMPTS:
                return self._try_again(leased, outcome, run_id=run_id, now=now, clock=clock)
            case Failed():
                self._failed(leased, outcome, run_id=run_id, now=now)
                return Settled()
            case Explored():
                self._close(leased, "done", "explored", None, run_id=run_id, now=now)
                self._validators.remember(leased.id, outcome.capture)
                return Settled(new=self._explored(leased, outcome, run_id=run_id, now=now))
            case NotModified():
                self._close(leased, "done", "not_modified", None, run_id=run_id, now=now)
            case Redirected():
                return self._redirected(leased, outcome, run_id=run_id, now=now)
            case Accepted() | Rejected():
                left_out = outcome if isinstance(outcome, Rejected) else None
                word = (left_out.reason.value, left_out.detail) if left_out else ("accepted", None)
                self._close(leased, "done", *word, run_id=run_id, now=now)
                if not left_out or (leased.article_id is not None and outcome.article is not None):
                    self._validators.remember(leased.id, outcome.capture)
                self._date(leased, outcome.article)
        return Settled()

    def _failed(self, leased: LeasedUrl, outcome: Failed, *, run_id: str, now: str) -> None:
        missed = leased.guess and not outcome.retry
        reason = GUESS_MISSED if missed else outcome.reason
        self._close(leased, "failed", reason, outcome.detail, run_id=run_id, now=now)
        if leased.backfill_id is not None and leased.seed is not None:
            why = f"page {leased.page}" if leased.page is not None else leased.url
            self._backfills.stop(leased.backfill_id, leased.seed, f"{why}: {outcome.reason}")

    def _date(self, leased: LeasedUrl, article: Article | None) -> None:
        if article is not None and article.published_at is not None:
            self._connection.execute(
                "UPDATE frontier SET published_at = ? WHERE id = ?",
                (paper_text(article.published_at), leased.id),
            )

    def _explored(self, leased: LeasedUrl, outcome: Explored, *, run_id: str, now: str) -> int:
        if leased.backfill_id is None:
            new = self._add_found(leased, outcome.found, run_id=run_id, now=now)
            goes_on = new > 0
        else:
            reason = self._why_back_no_further(leased, outcome)
            # a list is in order, newest first: behind a page that is too old nothing is wanted
            found = () if reason == REACHED_FIRST_DAY else outcome.found
            new = self._add_found(leased, found, run_id=run_id, now=now)
            goes_on = reason is None
        if goes_on and outcome.next_page is not None:
            following = outcome.next_page
            if leased.backfill_id is not None:
                following = attrs.evolve(following, priority=BACKFILL_PRIORITY)
            self._add_found(leased, (following,), run_id=run_id, now=now)
        return new

    def _add_found(
        self, leased: LeasedUrl, found: Iterable[FoundUrl], *, run_id: str, now: str
    ) -> int:
        return self.add(
            leased.site, found, run_id=run_id, now=now, found_on=leased.url,
            backfill_id=leased.backfill_id,
        )  # fmt: skip

    def _why_back_no_further(self, leased: LeasedUrl, outcome: Explored) -> str | None:
        """Note what a page of a backfill listed, and why the one after it is not wanted; None if it is."""
        backfill, seed = leased.backfill_id, leased.seed or leased.kind.value
        assert backfill is not None  # noqa: S101 - asked for backfill rows only
        self._backfills.note_page(backfill, seed, leased.page, outcome.listed)
        if leased.page is None:
            reason: str | None = END_OF_LIST
        elif outcome.is_past:
            reason = REACHED_FIRST_DAY
        else:
            reason = self._backfills.why_stop(backfill, leased.site, seed, leased.page)
            if reason is None and outcome.next_page is None:
                reason = NO_FURTHER_PAGES
        if reason is not None:
            self._backfills.stop(backfill, seed, reason)
        return reason

    def _redirected(
        self, leased: LeasedUrl, outcome: Redirected, *, run_id: str, now: str
    ) -> Settled:
        target = outcome.target
        key = None if target is None else target.key or url_key(target.url)
        if target is not None and (
            key == leased.key or self._moves(leased, outcome, target, key, run_id=run_id, now=now)
        ):
            # http to https, a missing slash, www, a section prefix: the same row under another address.
            self._connection.execute(
                "UPDATE frontier SET state = 'found', url = ?, hops = ? WHERE id = ?",
                (target.url, target.hops, leased.id),
            )
            return Settled(goes_on=True)
        self._close(leased, "done", "redirected", outcome.detail, run_id=run_id, now=now)
        targets = () if target is None else (target,)
        return Settled(new=self._add_found(leased, targets, run_id=run_id, now=now))

    def _moves(
        self, leased: LeasedUrl, outcome: Redirected, target: FoundUrl, key: str | None,
        *, run_id: str, now: str,
    ) -> bool:  # fmt: skip
        """Give the row of a known article the address it moved to for good; False where another has it."""
        if outcome.moved_to is None or leased.article_id is None:
            return False
        return self._connection.execute(
            "INSERT INTO frontier (site, url_key, url, kind, state, outcome, found_at, found_on, settled_at,"
            " run_id, article_id) VALUES (?1, ?2, ?3, ?4, 'done', ?5, ?6, ?7, ?6, ?8, ?9)"
            " ON CONFLICT (site, url_key) DO UPDATE SET url = excluded.url"
            " WHERE outcome = ?5 AND article_id = ?9",
            (leased.site, key, target.url, target.kind.value, MOVED, now, leased.url, run_id,
             leased.article_id),
        ).rowcount == 1  # fmt: skip

    def _try_again(
        self, leased: LeasedUrl, outcome: Failed, *, run_id: str, now: str, clock: float
    ) -> Settled:
        wait = max(
            RETRY_WAITS[min(leased.attempts, len(RETRY_WAITS) - 1)],
            min(outcome.retry_after or 0.0, LONGEST_WAIT),
        )
        self._connection.execute(
            "UPDATE frontier SET state = 'found', attempts = attempts + 1, not_before = ?, outcome = ?,"
            " detail = ?, settled_at = ?, run_id = ? WHERE id = ?",
            (clock + wait, outcome.reason, outcome.detail, now, run_id, leased.id),
        )
        return Settled(retry_at=clock + wait)

    def _close(
        self,
        leased: LeasedUrl,
        state: str,
        outcome: str,
        detail: str | None,
        *,
        run_id: str,
        now: str,
    ) -> None:
        self._connection.execute(
            "UPDATE frontier SET state = ?, attempts = attempts + ?, outcome = ?, detail = ?, recheck = 0,"
            " settled_at = ?, run_id = ?, polled_in = ? WHERE id = ?",
            (state, int(state == "failed"), outcome, detail, now, run_id,
             _pass(run_id, leased.backfill_id), leased.id),
        )  # fmt: skip

    def finish_backfill(self, site: str, backfill_id: int, *, now: str) -> None:
        """Note the end of a backfill, unless something of it waits or may be tried again by a later run."""
        row = self._connection.execute(
            "SELECT count(*) FROM frontier WHERE site = ? AND backfill_id = ? AND (state IN ('found', 'leased')"
            " OR state = 'failed' AND attempts < ? AND outcome IN (SELECT value FROM json_each(?)))",
            (site, backfill_id, MAX_ATTEMPTS_EVER, json.dumps(TRANSIENT)),
        ).fetchone()
        if row[0] == 0:
            self._backfills.finish(backfill_id, now=now)

    def counts(self, site: str) -> dict[str, int]:
        """Number of rows by state."""
        return dict(
            self._connection.execute(
                "SELECT state, count(*) FROM frontier WHERE site = ? GROUP BY state", (site,)
            ).fetchall()
        )


def _pass(run_id: str, backfill_id: int | None) -> str:
    """Name of one look at all feeds, sitemaps and listings: a run, or a backfill over many runs."""
    return run_id if backfill_id is None else f"backfill {backfill_id}"
