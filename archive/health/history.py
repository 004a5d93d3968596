"""A site's own past: how many a day over windows of the same weekdays, and how usual a share is.

All windows are bounded, all figures robust (medians and the median distance from them). Nothing here reads
or writes; runs come oldest first.
"""

from __future__ import annotations

import bisect
import math
import statistics
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import attrs

from archive.health.holidays import is_holiday
from archive.instants import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from archive.health.measures import Measures

#: Weeks that a site's numbers are compared with.
WEEKS: Final = 8
#: Days before a run that may matter for it.
DAYS: Final = 7 * WEEKS + 16
#: Days that shares are compared with.
SHARE_DAYS: Final = 40
#: End of a run that did all there was to do; others leave work to the next.
FINISHED: Final = "finished"
#: Runs begin a little earlier or later than the day before.
_SLACK: Final = timedelta(hours=6)
#: Median distance from the median -> standard deviation of a normal distribution.
_MAD: Final = 1.4826
_DAY_S: Final = 86_400.0
#: Days without which it is not known how even they are, and the evenest that is believed.
_ENOUGH_DAYS: Final = 28
_MOST_EVEN: Final = 0.3
#: Of Poisson counts, 28 come below 1 in this way in 1.8 % of all cases, 50 in 0.2 % (simulated).
_SURELY: Final = 1.4


@attrs.frozen
class Rate:
    """How many came in over a window."""

    count: int
    days: float

    @property
    def a_day(self) -> float:
        """Number a day."""
        return self.count / self.days


@attrs.frozen
class Usual:
    """What is usual: the middle, and how far from it others are."""

    middle: float
    spread: float


def usual(values: Sequence[float]) -> Usual:
    """Median and robust standard deviation of one value or more."""
    middle = statistics.median(values)
    return Usual(middle, _MAD * statistics.median(abs(value - middle) for value in values))


class Counts:
    """How many of something each run brought; rates over windows that end with a finished run."""

    def __init__(self, runs: Iterable[Measures], count: Callable[[Measures], int]) -> None:
        #: (start, count of all runs up to this one) of each finished run.
        self._marks: list[tuple[datetime, int]] = []
        total = 0
        for run in runs:
            total += count(run)
            if run.reason == FINISHED:
                self._marks.append((run.started_at, total))

    def rate(self, until: datetime, days: int) -> Rate | None:
        """What came in over about *days* up to the last finished run at *until*.

        None without runs that enclose such a window, and when a holiday is in it.
        """
        end = self._last(until + _SLACK)
        if end is None or until - end[0] > _SLACK + timedelta(days=days / 2):
            return None
        begin = self._last(end[0] - timedelta(days=days) + _SLACK)
        if begin is None:
            return None
        length = (end[0] - begin[0]).total_seconds() / _DAY_S
        if length > 2 * days + 1 or holds_holiday(begin[0], end[0]):
            return None
        return Rate(end[1] - begin[1], length)

    def usual(self, until: datetime, days: int) -> Usual | None:
        """Numbers a day over the same days of the weeks before; None with fewer than three such weeks."""
        rates = (self.rate(until - timedelta(weeks=week), days) for week in _weeks_back(days))
        found = [rate.a_day for rate in rates if rate is not None]
        return usual(found) if len(found) >= 3 else None  # noqa: PLR2004 - a median of two says nothing

    def evenness(self, until: datetime) -> float:
        """How much less days differ than chance alone would make them, from `_MOST_EVEN` to 1 (no less).

        The root of the index of dispersion (variance over mean) of the days of the last weeks, each against the days
        of its own weekday.
        """
        days: dict[int, list[Rate]] = {}
        for back in range(1, 7 * WEEKS + 1):
            if (rate := self.rate(until - timedelta(days=back), 1)) is not None:
                days.setdefault(back % 7, []).append(rate)
        alike = [rates for rates in days.values() if len(rates) >= 3]  # noqa: PLR2004 - as above
        squares = [x for rates in alike for x in _squares(rates)]
        if len(squares) < _ENOUGH_DAYS:
            return 1.0
        return min(1.0, max(_MOST_EVEN, _SURELY * math.sqrt(statistics.fmean(squares))))

    def _last(self, until: datetime) -> tuple[datetime, int] | None:
        place = bisect.bisect_right(self._marks, until, key=lambda mark: mark[0])
        return self._marks[place - 1] if place else None


def _squares(rates: Sequence[Rate]) -> Iterator[float]:
    """Squared distances from the middle, in variances of chance; none where nothing is to be expected."""
    middle = statistics.median(rate.a_day for rate in rates)
    if middle > 0:
        for rate in rates:
            expected = middle * rate.days
            yield (rate.count - expected) ** 2 / expected * len(rates) / (len(rates) - 1)


@lru_cache(maxsize=4_096)
def _day(instant: datetime) -> date:
    """Day on Vietnam's calendar; the same instants are asked for by every measure."""
    return instant.astimezone(VIETNAM).date()


def _weeks_back(days: int) -> range:
    return range(max(1, math.ceil(days / 7)), WEEKS + 1)


def holds_holiday(begin: datetime, end: datetime) -> bool:
    """True when a day between these instants, on Vietnam's calendar, is one on which papers print less."""
    first, last = _day(begin), _day(end)
    return any(is_holiday(first + timedelta(days=x)) for x in range((last - first).days + 1))


@attrs.frozen
class Part:
    """So many of so many."""

    of: int
    number: int

    @property
    def share(self) -> float:
        """From 0 to 1; of none, 0."""
        return self.number / self.of if self.of else 0.0


def by_day(runs: Iterable[Measures], part: Callable[[Measures], Part]) -> list[Part]:
    """Parts of the last `SHARE_DAYS` days on Vietnam's calendar with any, oldest first."""
    days: dict[date, list[Part]] = {}
    for run in runs:
        if (of_run := part(run)).of:
            days.setdefault(_day(run.started_at), []).append(of_run)
    return [together(parts) for parts in list(days.values())[-SHARE_DAYS:]]


def latest(runs: Sequence[Measures], days: int) -> Iterator[Measures]:
    """The newest of *runs* and those up to so many days before it; of 0 days, it alone."""
    last = runs[-1]
    for run in reversed(runs):
        if run is not last and last.started_at - run.started_at > timedelta(days=days):
            return
        yield run
        if not days:
            return


def together(parts: Iterable[Part]) -> Part:
    """All of them as one."""
    parts = tuple(parts)
    return Part(sum(x.of for x in parts), sum(x.number for x in parts))


def at_most(number: int, of: int, share: float) -> float:
    """Probability that at most *number* of *of* fall to a *share* (binomial distribution)."""
    return math.fsum(
        math.comb(of, x) * share**x * (1 - share) ** (of - x) for x in range(number + 1)
    )


def low_end(parts: Sequence[Part], least: int) -> float:
    """A share that runs seldom fall below: the lowest tenth of those with *least* pages or more.

    With few such runs, a little less than the share of all together.
    """
    shares = sorted(part.share for part in parts if part.of >= least)
    if len(shares) >= 10:  # noqa: PLR2004 - a tenth of fewer is none
        return shares[len(shares) // 10]
    return together(parts).share - 0.05
