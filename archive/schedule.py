"""Which job of which site is due, and when it comes next. The clock is passed in; nothing here writes.

A job that was missed runs once, however often it was missed. A site whose crawls fail is asked less and
less often, down to once a week. Times are Unix times.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
from typing import TYPE_CHECKING, Final

import attrs

from archive.runs import GOOD_REASONS, HOURS_OVER, KILLED, STOPPED
from archive.timing import DAY_S, HOUR_S, Adaptive, Hours, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: The longest wait for a site that always fails.
LONGEST_WAIT_S: Final = 7 * DAY_S
#: A job later than this was missed: after downtime such jobs do not all begin at once.
MISSED_S: Final = HOUR_S
#: Wait after the machine, not the site, prevented a crawl.
MACHINE_WAIT_S: Final = HOUR_S
#: End of a run that was stopped; it is taken up again.
INTERRUPTED: Final = "interrupted"
#: Ends that are the site's doing; after these it is asked less often.
SITE_FAILED: Final = frozenset(
    {"unreachable", "blocked", "asked to come back later", "error", KILLED}
)
#: Ends after which the next regular time is soon enough.
_DONE: Final = GOOD_REASONS | {"page budget", STOPPED}


class Job(enum.Enum):
    """What is done at a site; of jobs of equal priority the first comes first."""

    #: What is new, and known articles that are due to be looked at again.
    CRAWL = "crawl"
    #: Only known articles that are due to be looked at again.
    RECHECKS = "rechecks"
    #: The last months once more, through lists and sitemaps.
    BACKFILL = "backfill"

    @property
    def rank(self) -> int:
        """Place in the order."""
        return list(Job).index(self)


@attrs.frozen(kw_only=True)
class Entry:
    """A job of a site as scheduled."""

    site: str
    job: Job
    timing: Timing
    #: Hours in which it may run; None for the whole day.
    hours: Hours | None = None
    #: Seconds by which it may begin later, another number for each site and time.
    jitter_s: float = 0.0
    #: Higher comes first.
    priority: int = 0
    #: Months a backfill goes back, this one included.
    months: int | None = None
    is_paused: bool = False


@attrs.frozen(kw_only=True)
class Planned:
    """An entry with its state."""

    entry: Entry
    next_at: float
    #: Crawls in a row that failed for a reason of the site's.
    failures: int = 0

    @property
    def key(self) -> tuple[str, Job]:
        """What identifies it."""
        return self.entry.site, self.entry.job


def times(entry: Entry, after: float, published: Sequence[float] = ()) -> Iterator[float]:
    """The times at which *entry* begins after *after*, jitter included, if nothing is missed.

    *published* are the site's times of publication, for a timing that adapts to them.
    """
    if isinstance(entry.timing, Adaptive):
        wait = entry.timing.interval(published, after)
        at = _first_adaptive(entry.timing, entry.hours, after, wait)
        while True:
            yield _spread(entry, at, at + wait)
            at = entry.hours.opening(at + wait) if entry.hours else at + wait
    regular = entry.timing.after(after - entry.jitter_s, entry.hours)
    for at, following in itertools.pairwise(itertools.chain(regular, (float("inf"),))):
        if (when := _spread(entry, at, following)) > after:
            yield when


def _first_adaptive(timing: Adaptive, hours: Hours | None, after: float, wait: float) -> float:
    """The first time of an adaptive timing after *after*, jitter left out.

    Within the hours a crawl began at *after*. Outside them none did, the entry was set or resumed then: where the
    hours make the wait longer than the longest that is allowed, it begins as soon as they open.
    """
    if hours is None:
        return after + wait
    at = hours.opening(after + wait)
    is_too_late = at - after > timing.longest * HOUR_S
    return hours.opening(after) if is_too_late and not hours.hold(after) else at


def _spread(entry: Entry, at: float, following: float) -> float:
    """*at*, later by the entry's own share of its jitter; still within the hours and before *following*."""
    longest = min(entry.jitter_s, (following - at) / 2)
    if entry.hours is not None:
        longest = min(longest, max(0.0, entry.hours.closing(at) - at - 60.0))
    return at + round(longest * share(entry, at))


def share(entry: Entry, at: float) -> float:
    """A number from 0 to 1 that looks random and is the same again for the same entry and time."""
    text = f"{entry.site} {entry.job.value} {at:.0f}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def due(planned: Iterable[Planned], now: float) -> list[Planned]:
    """What is due at *now* and allowed at this hour: by priority, then kind of job, then the latest first."""
    ready = (
        one
        for one in planned
        if not one.entry.is_paused
        and one.next_at <= now
        and (one.entry.hours is None or one.entry.hours.hold(now))
    )
    return sorted(
        ready, key=lambda x: (-x.entry.priority, x.entry.job.rank, x.next_at, share(x.entry, now))
    )


def begins_at(planned: Planned, now: float) -> float:
    """When a due job begins: at once, but a missed one within its jitter from *now*, so that not all begin at once."""
    if now - planned.next_at <= MISSED_S:
        return now
    return _spread(planned.entry, now, float("inf"))


def batch(ready: Sequence[Planned], at_once: int) -> list[Planned]:
    """The first of *ready* and those after it that can be crawled beside it in one process."""
    first = ready[0].entry
    chosen: dict[str, Planned] = {}
    for one in ready:
        is_alike = (one.entry.job, one.entry.months) == (first.job, first.months)
        if is_alike and one.entry.site not in chosen and len(chosen) < at_once:
            chosen[one.entry.site] = one
    return list(chosen.values())


def after_run(
    planned: Planned,
    reason: str,
    *,
    begun_at: float,
    now: float,
    is_unfinished: bool = False,
    published: Sequence[float] = (),
) -> Planned:
    """The entry's state after a run that began at *begun_at* and ended at *now* for *reason*.

    *is_unfinished* says that a backfill has more to read: it goes on at the next occasion.
    """
    if reason == INTERRUPTED:
        return planned
    entry = planned.entry
    if is_unfinished and reason in {"page limit", HOURS_OVER}:
        return attrs.evolve(planned, next_at=now, failures=0)
    failures = planned.failures + 1 if reason in SITE_FAILED else 0
    upcoming = times(entry, begun_at, published)
    following = next(upcoming, float("inf"))
    if reason == KILLED and failures == 1:
        return attrs.evolve(planned, failures=failures)
    if failures > 1:
        following = _backed_off(following, upcoming, failures, begun_at)
    elif reason not in _DONE and not failures:
        following = min(following, now + MACHINE_WAIT_S)
        failures = planned.failures
    return attrs.evolve(planned, next_at=following, failures=failures)


def _backed_off(
    following: float, upcoming: Iterator[float], failures: int, begun_at: float
) -> float:
    """Every failure in a row doubles the number of times that are left out, up to a week."""
    for at in itertools.islice(upcoming, 2 ** min(failures - 1, 20) - 1):
        if at > begun_at + LONGEST_WAIT_S:
            break
        following = at
    return following


def clock_set_back(planned: Planned, now: float, seen_at: float) -> Planned:
    """The state after the clock, which had shown *seen_at*, was found to show the earlier time *now*.

    The waiting time stays what it was, and the job keeps to its regular times: none is run twice, none lost.
    """
    shifted = planned.next_at - (seen_at - now)
    if shifted <= now:
        return attrs.evolve(planned, next_at=shifted)
    if isinstance(planned.entry.timing, Adaptive):
        hours = planned.entry.hours
        return attrs.evolve(planned, next_at=hours.opening(shifted) if hours else shifted)
    before = after = float("inf")
    for after in times(planned.entry, now):
        if after >= shifted:
            break
        before = after
    nearest = min((before, after), key=lambda at: abs(at - shifted))
    return attrs.evolve(planned, next_at=min(nearest, planned.next_at))
