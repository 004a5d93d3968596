"""What one site of a crawl may do next, and when its run is over before everything is fetched."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final

import attrs

from archive.lease import LEASE_LOST
from archive.model import Failed
from archive.runs import HOURS_OVER, STOPPED

if TYPE_CHECKING:
    from archive.frontier import LeasedUrl
    from archive.model import Outcome

logger = logging.getLogger(__name__)

#: A run waits at most this long for an address that may be fetched later, in seconds.
LONGEST_WAIT: Final = 90.0
#: Failed tries in a row, none of them answered, after which a site is left alone until the next run.
UNREACHABLE_AFTER: Final = 6
#: Challenge pages in a row after which a site is left alone until the next run: it wants no robots now.
BLOCKED_AFTER: Final = 6

#: Ends after which a scheduled backfill goes on at once, in a run of its own.
_TO_BE_CONTINUED: Final = frozenset({"page limit", HOURS_OVER})

_UNREACHABLE: Final = frozenset({"dns", "connection", "timeout", "tls", "robots_unreachable"})


@attrs.define
class SiteQueue:
    """A site's addresses at hand, its requests under way, and how it has answered so far."""

    site: str
    #: Requests at a time.
    width: int
    ready: deque[LeasedUrl] = attrs.field(factory=deque)
    under_way: int = 0
    handed_out: int = 0
    #: Unix time before which the site is not asked at all (Retry-After, last run's delay).
    resume_at: float = 0.0
    failures_in_a_row: int = 0
    blocked_in_a_row: int = 0
    #: True once the site has answered anything at all in this run.
    has_answered: bool = False
    last_failure: str | None = None
    #: Why nothing more is fetched in this run; None while the site is being crawled.
    ended: str | None = None
    detail: str | None = None

    def end(self, reason: str, detail: str | None) -> None:
        """Fetch nothing more in this run; the first reason stays."""
        if self.ended is None:
            self.ended, self.detail = reason, detail
            logger.warning("%s: %s (%s)", self.site, reason, detail)

    def stop(self, said: str) -> None:
        """Fetch nothing more because an archivist says so, and let no further run begin where this one ends."""
        if self.ended in _TO_BE_CONTINUED:
            self.ended = None
        self.end(STOPPED, said)

    def lose_lease(self) -> None:
        """Fetch nothing more: the site's lease is over."""
        self.end(
            LEASE_LOST,
            "another process has taken the paper over, or the lease could not be renewed in time; what"
            " was not sent waits for the next run",
        )

    def finish(self) -> None:
        """Note that nothing is left to fetch: where the site has answered nothing, it was not reached."""
        if self.failures_in_a_row and not self.has_answered:
            self.end("unreachable", self.last_failure)

    def watch(self, outcome: Outcome, now: float) -> None:
        """Leave the site alone when it asks for it or does not answer at all; *now* is Unix time."""
        if isinstance(outcome, Failed) and outcome.reason in _UNREACHABLE:
            self.failures_in_a_row += 1
            self.last_failure = outcome.detail
            if self.failures_in_a_row >= UNREACHABLE_AFTER:
                self.end("unreachable", outcome.detail)
            return
        self.failures_in_a_row = 0
        self.has_answered = True
        is_blocked = isinstance(outcome, Failed) and outcome.reason == "blocked"
        self.blocked_in_a_row = self.blocked_in_a_row + 1 if is_blocked else 0
        if self.blocked_in_a_row >= BLOCKED_AFTER:
            self.end("blocked", f"{BLOCKED_AFTER} challenge pages in a row")
        if isinstance(outcome, Failed) and outcome.retry_after:
            self.wait_until(now + outcome.retry_after, now)

    def wait_until(self, when: float, now: float) -> None:
        """Ask the site for nothing before *when*; a wait beyond the run's patience ends it. Unix times."""
        self.resume_at = max(self.resume_at, when)
        if self.resume_at - now > LONGEST_WAIT:
            wait = f"the site asked to wait {self.resume_at - now:.0f} s more"
            self.end("asked to come back later", wait)
