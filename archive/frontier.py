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
from archive.model import (
    Accepted,
    Explored,
    Failed,
    FoundUrl,
    Outcome,
    Redirected,
    Rejected,
    UrlKind,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

#: Seconds to wait after the first, second ... failed try of one address.
RETRY_WAITS: Final = (2.0, 10.0, 60.0, 600.0)
#: After this many failed tries within one run the address is given up until a later run.
MAX_ATTEMPTS: Final = 5
#: Failed addresses are not taken up again by later runs after this many tries in all.
MAX_ATTEMPTS_EVER: Final = 15
#: An address during whose fetch the process died this often is given up (it may be what kills it).
MAX_INTERRUPTED: Final = 50
#: Redirects that may lead from a found address to its page (RFC 9110 15.4 leaves the bound to us).
MAX_HOPS: Final = 5

#: Failures that may be over by the next run.
TRANSIENT: Final = ("timeout", "dns", "connection", "data_loss", "server_error", "slow_down",
                    "robots_unreachable", "interrupted", "internal")  # fmt: skip


@attrs.frozen(kw_only=True)
class LeasedUrl:
    """One frontier row handed out for fetching."""

    id: int
    site: str
    url: str
    kind: UrlKind
    seed: str | None
    page: int | None
    priority: int
    hops: int
    attempts: int


@attrs.frozen(kw_only=True)
class Settled:
    """What settling one row did to the frontier."""

    #: Articles not known before.
    new: int = 0
    #: Unix time of the next try, or None when the row is closed.
    retry_at: float | None = None


class Frontier:
    """The ``frontier`` table. Methods that write must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def recover(self, site: str) -> int:
        """Put back what a dead process of *site* held; returns the number of rows."""
        self._connection.execute(
            "UPDATE frontier SET state = 'failed', outcome = 'interrupted', interrupted = interrupted + 1,"
            " detail = 'the process died each time this address was fetched'"
            " WHERE site = ? AND state = 'leased' AND interrupted + 1 >= ?",
            (site, MAX_INTERRUPTED),
        )
        return self._connection.execute(
            "UPDATE frontier SET state = 'found', interrupted = interrupted + 1"
            " WHERE site = ? AND state = 'leased'",
            (site,),
        ).rowcount

    def retry_transient(self, site: str) -> int:
        """Take up addresses that earlier runs gave up for a passing reason; returns their number."""
        return self._connection.execute(
            "UPDATE frontier SET state = 'found', not_before = 0"
            " WHERE site = ? AND state = 'failed' AND attempts < ? AND interrupted < ?"
            " AND outcome IN (SELECT value FROM json_each(?))",
            (site, MAX_ATTEMPTS_EVER, MAX_INTERRUPTED, json.dumps(TRANSIENT)),
        ).rowcount

    def add(
        self, site: str, found: Iterable[FoundUrl], *, run_id: str, now: str, found_on: str | None
    ) -> int:
        """Remember *found*; returns how many articles were not known before.

        Feeds, sitemaps and listings that an earlier run has read are opened again, since their
        content changes; within one run each is read once.
        """
        new = 0
        for item in found:
            key = url_key(item.url)
            added = self._connection.execute(
                "INSERT INTO frontier (site, url_key, url, kind, seed, page, priority, hops, found_at, found_on)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, url_key) DO NOTHING",
                (site, key, item.url, item.kind.value, item.seed, item.page, item.priority, item.hops,
                 now, found_on),
            ).rowcount  # fmt: skip
            if item.kind.is_discovery:
                self._reopen(site, key, run_id)
            else:
                new += added
        return new

    def _reopen(self, site: str, key: str, run_id: str) -> None:
        self._connection.execute(
            "UPDATE frontier SET state = 'found', attempts = 0, not_before = 0"
            " WHERE site = ? AND url_key = ? AND state IN ('done', 'failed')"
            " AND (run_id IS NULL OR run_id <> ?)",
            (site, key, run_id),
        )

    def lease(self, site: str, limit: int, now: float) -> list[LeasedUrl]:
        """Hand out up to *limit* waiting rows of *site*, best first; *now* is Unix time."""
        rows = self._connection.execute(
            "UPDATE frontier SET state = 'leased' WHERE id IN ("
            "SELECT id FROM frontier WHERE state = 'found' AND site = ? AND not_before <= ?"
            " ORDER BY priority DESC, id LIMIT ?)"
            " RETURNING id, site, url, kind, seed, page, priority, hops, attempts",
            (site, now, limit),
        ).fetchall()
        leased = [
            LeasedUrl(
                id=row[0], site=row[1], url=row[2], kind=UrlKind(row[3]), seed=row[4], page=row[5],
                priority=row[6], hops=row[7], attempts=row[8],
            )
            for row in rows
        ]  # fmt: skip
        return sorted(leased, key=lambda url: (-url.priority, url.id))

    def give_back(self, ids: Sequence[int]) -> None:
        """Return leased rows that were never fetched, or whose fetch was called off."""
        self._connection.executemany(
            "UPDATE frontier SET state = 'found' WHERE id = ? AND state = 'leased'",
            [(row_id,) for row_id in ids],
        )

    def next_ready_at(self, site: str) -> float | None:
        """Unix time at which the next waiting row of *site* may be fetched; None when none waits."""
        row = self._connection.execute(
            "SELECT min(not_before) FROM frontier WHERE state = 'found' AND site = ?", (site,)
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
                self._close(
                    leased, "failed", outcome.reason, outcome.detail, run_id=run_id, now=now
                )
                return Settled()
            case Explored():
                self._close(leased, "done", "explored", None, run_id=run_id, now=now)
                return Settled(new=self._explored(leased, outcome, run_id=run_id, now=now))
            case Redirected():
                return self._redirected(leased, outcome, run_id=run_id, now=now)
            case Rejected():
                self._close(
                    leased, "done", outcome.reason.value, outcome.detail, run_id=run_id, now=now
                )
                return Settled()
            case Accepted():
                self._close(leased, "done", "accepted", None, run_id=run_id, now=now)
                return Settled()

    def _explored(self, leased: LeasedUrl, outcome: Explored, *, run_id: str, now: str) -> int:
        new = self.add(leased.site, outcome.found, run_id=run_id, now=now, found_on=leased.url)
        if new and outcome.next_page is not None:
            self.add(leased.site, (outcome.next_page,), run_id=run_id, now=now, found_on=leased.url)
        return new

    def _redirected(
        self, leased: LeasedUrl, outcome: Redirected, *, run_id: str, now: str
    ) -> Settled:
        target = outcome.target
        if target is not None and url_key(target.url) == url_key(leased.url):
            # http to https, a missing slash, www: the same row under its other spelling.
            self._connection.execute(
                "UPDATE frontier SET state = 'found', url = ?, hops = ? WHERE id = ?",
                (target.url, target.hops, leased.id),
            )
            return Settled()
        self._close(leased, "done", "redirected", outcome.detail, run_id=run_id, now=now)
        targets = () if target is None else (target,)
        return Settled(
            new=self.add(leased.site, targets, run_id=run_id, now=now, found_on=leased.url)
        )

    def _try_again(
        self, leased: LeasedUrl, outcome: Failed, *, run_id: str, now: str, clock: float
    ) -> Settled:
        wait = max(
            RETRY_WAITS[min(leased.attempts, len(RETRY_WAITS) - 1)], outcome.retry_after or 0.0
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
            "UPDATE frontier SET state = ?, attempts = attempts + ?, outcome = ?, detail = ?,"
            " settled_at = ?, run_id = ? WHERE id = ?",
            (state, int(state == "failed"), outcome, detail, now, run_id, leased.id),
        )

    def counts(self, site: str) -> dict[str, int]:
        """Number of rows by state."""
        return dict(
            self._connection.execute(
                "SELECT state, count(*) FROM frontier WHERE site = ? GROUP BY state", (site,)
            ).fetchall()
        )
