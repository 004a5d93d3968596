"""Fill the frontier of a rebuilt archive from what its captures say was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from archive.addresses import url_key
from archive.frontier import MOVED, Frontier, LeasedUrl
from archive.instants import utc_text
from archive.model import Explored
from archive.rechecks import Rechecks
from archive.validators import KnownValidators

if TYPE_CHECKING:
    import sqlite3

    from archive.model import Asked, Capture, FoundUrl, Outcome


class _Row(NamedTuple):
    id: int
    key: str
    attempts: int
    article_id: str | None
    is_settled: bool
    outcome: str | None


class Refill:
    """Settles addresses as the crawl did that fetched them. Methods belong inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._frontier = Frontier(connection)
        self._rechecks = Rechecks(connection)
        self._validators = KnownValidators(connection)

    def lease(self, capture: Capture, found: FoundUrl) -> LeasedUrl:
        """The row of the address that *capture* was fetched from, made when nothing led to it."""
        key = found.key or url_key(found.url)
        row = self._row(capture.site, key, found.url)
        if row is None:
            self._frontier.add(
                capture.site, (found,), run_id=capture.run_id or "", found_on=None,
                now=utc_text(capture.fetched_at),
            )  # fmt: skip
            row = self._row(capture.site, key, found.url)
        assert row is not None  # noqa: S101 - just added
        recheck = row.article_id is not None and row.is_settled
        return LeasedUrl(
            id=row.id, site=capture.site, url=found.url, kind=found.kind, seed=found.seed,
            page=found.page, priority=found.priority, hops=found.hops, key=row.key, guess=found.guess,
            attempts=0 if recheck else row.attempts, recheck=recheck, article_id=row.article_id,
            validators=self._validators.of(row.id, found.url, found.kind, capture.fetched_at),
        )  # fmt: skip

    def _row(self, site: str, key: str, url: str) -> _Row | None:
        """The row of a key; where an article moved to that address, the row it is fetched through."""
        columns = "SELECT id, url_key, attempts, article_id, state IN ('done', 'failed'), outcome FROM frontier"
        row = self._connection.execute(
            f"{columns} WHERE site = ? AND url_key = ?",
            (site, key),
        ).fetchone()
        if row is not None and row[-1] == MOVED:
            through = self._connection.execute(
                f"{columns} WHERE site = ? AND url = ? AND ifnull(outcome, '') <> ?",
                (site, url, MOVED),
            ).fetchone()
            row = through or row
        return _Row(*row) if row else None

    def settle(
        self, leased: LeasedUrl, capture: Capture, outcome: Outcome, asked: Asked, *, stored: str
    ) -> None:
        """Note what became of the address, and the addresses that its page led to.

        *stored* is what ``Store.store_outcome`` said of it.
        """
        if asked.span is not None and isinstance(outcome, Explored):
            # how far a backfill goes is its own table's, which is not rebuilt
            outcome = attrs.evolve(outcome, next_page=None)
        clock = capture.fetched_at.timestamp()
        settled = self._frontier.settle(
            leased, outcome, run_id=capture.run_id or "", now=utc_text(capture.fetched_at), clock=clock
        )  # fmt: skip
        if settled.retry_at is None:
            self._rechecks.settled(leased, outcome, stored, clock)
