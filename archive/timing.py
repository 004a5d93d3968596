"""When a job comes round: cron expressions, every so many hours, or as often as a paper publishes; within allowed hours.

Everything is reckoned on Vietnam's clock, which has no summer time, and in Unix times; nothing here looks
at a clock. Cron fields mean what they mean to Debian's cron.
"""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs
from cronsim import CronSim, CronSimError

from archive.errors import UsageError
from archive.instants import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
#: Days of publications that say how often a paper publishes.
_LOOKED_AT_S: Final = 28 * DAY_S
#: A paper silent for so long a time is asked again after this share of it.
_SILENCE_SHARE: Final = 4.0
_MINUTES: Final = 24 * 60
_FIELDS: Final = 5
_LONGEST_HOURS: Final = 24 * 366


@attrs.frozen
class Hours:
    """Allowed hours on Vietnam's clock, from one minute of the day to another; they may cross midnight."""

    #: Minutes after midnight; the second is not in it.
    begin: int
    end: int

    def __str__(self) -> str:
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.begin, self.end))

    def hold(self, at: float) -> bool:
        """Whether the Unix time *at* lies in them."""
        return self.hold_minute(self._minute(at))

    def hold_minute(self, minute: float) -> bool:
        """Whether a minute of the day lies in them."""
        return (minute - self.begin) % _MINUTES < (self.end - self.begin) % _MINUTES

    def opening(self, at: float) -> float:
        """*at* where it lies in them, else when they begin next."""
        if self.hold(at):
            return at
        return at + (self.begin - self._minute(at)) % _MINUTES * 60.0

    def closing(self, at: float) -> float:
        """When the hours around *at*, which lies in them, are over."""
        return at + (self.end - self._minute(at)) % _MINUTES * 60.0

    @staticmethod
    def _minute(at: float) -> float:
        return (at + 7 * HOUR_S) % DAY_S / 60.0


@attrs.frozen
class Cron:
    """A cron expression of five fields."""

    text: str

    def __str__(self) -> str:
        return f"cron {self.text}"

    def after(self, at: float, hours: Hours | None) -> Iterator[float]:
        """Its times after the Unix time *at* that lie in *hours*; ends when there are no more."""
        times = CronSim(self.text, datetime.fromtimestamp(at, VIETNAM))
        minutes = (hour * 60 + minute for hour in times.hours for minute in times.minutes)
        if hours is not None and not any(map(hours.hold_minute, minutes)):
            return
        try:
            for moment in times:
                when = moment.timestamp()
                if hours is None or hours.hold(when):
                    yield when
        except OverflowError:
            return


@attrs.frozen
class Every:
    """Every so many hours, counted from a midnight long ago, so that the times do not drift."""

    hours: int

    def __str__(self) -> str:
        return f"every {self.hours}"

    def after(self, at: float, hours: Hours | None) -> Iterator[float]:
        """Its times after the Unix time *at*; one outside *hours* waits until they begin."""
        step, last = self.hours * HOUR_S, at
        first = (at + 7 * HOUR_S) // step * step - 7 * HOUR_S
        for number in itertools.count(-1 if hours is None else -int(DAY_S // step) - 1):
            when = first + number * step
            when = when if hours is None else hours.opening(when)
            if when > last:
                last = when
                yield when


@attrs.frozen
class Adaptive:
    """As often as a paper publishes, but with at least and at most so many hours between."""

    shortest: int
    longest: int

    def __str__(self) -> str:
        return f"adapt {self.shortest}..{self.longest}"

    def interval(self, published: Sequence[float], now: float) -> float:
        """Seconds until the next look, from Unix times of publication; see `polling_interval`."""
        return polling_interval(
            published, now, shortest=self.shortest * HOUR_S, longest=self.longest * HOUR_S
        )


Timing = Cron | Every | Adaptive


def polling_interval(
    published: Sequence[float], now: float, *, shortest: float, longest: float
) -> float:
    """Seconds after which about one new article is to be expected, within *shortest* and *longest*.

    The mean distance of the publications of the last 28 days; longer, a quarter of the silence, where
    nothing was published for long. *published* are Unix times in any order; those after *now* do not count.
    """
    recent = [at for at in published if now - _LOOKED_AT_S < at <= now]
    if not recent:
        return longest
    wait = max(_LOOKED_AT_S / len(recent), (now - max(recent)) / _SILENCE_SHARE)
    return min(longest, max(shortest, wait))


def read_cron(text: str) -> Cron:
    """Read a cron expression. Raises UsageError naming the field that is wrong."""
    fields = text.split()
    if len(fields) != _FIELDS:
        raise UsageError(
            f"--cron {text!r}: {len(fields)} fields; write five: minute, hour, day of the month, month, day"
            " of the week, such as '15 2 * * *' for every day at 2:15"
        )
    try:
        cron = Cron(" ".join(fields))
        found = next(cron.after(0.0, None), None)
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        number = _NAMES.index(field)
        raise UsageError(
            f"--cron {text!r}: {fields[number]!r} is no {field.replace('-', ' ')}; {_TAKEN[field]}"
        ) from error
    if found is None:
        raise UsageError(f"--cron {text!r}: no day fits; check day of the month and month")
    return cron


_TAKEN: Final = {
    "minute": "write 0 to 59, *, */15 or 0,30",
    "hour": "write 0 to 23, *, */6 or 2,14",
    "day-of-month": "write 1 to 31, * or L for the last one, a day that the month has",
    "month": "write 1 to 12, JAN to DEC, or *",
    "day-of-week": "write 0 to 7 (0 and 7 are Sunday), SUN to SAT, or *",
}
_NAMES: Final = list(_TAKEN)


def read_every(hours: int) -> Every:
    """Read a number of hours. Raises UsageError for none from 1 to a year."""
    _check_hours("--every", hours)
    return Every(hours)


def read_adaptive(text: str) -> Adaptive:
    """Read ``SHORTEST..LONGEST`` in hours. Raises UsageError."""
    found = re.fullmatch(r"(\d+)\.\.(\d+)", text.strip())
    if not found:
        raise UsageError(f"--adapt {text!r}: write the least and the most hours, such as 2..24")
    shortest, longest = int(found[1]), int(found[2])
    for bound in (shortest, longest):
        _check_hours("--adapt", bound)
    if shortest > longest:
        raise UsageError(f"--adapt {text!r}: the first number must not be above the second")
    return Adaptive(shortest, longest)


def _check_hours(option: str, hours: int) -> None:
    if not 1 <= hours <= _LONGEST_HOURS:
        raise UsageError(f"{option} {hours}: write a number of hours from 1 to {_LONGEST_HOURS}")


def read_hours(text: str) -> Hours:
    """Read ``22:00-06:00``. Raises UsageError for what is none, and for hours without length."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", text.strip())
    parts = [int(part) for part in found.groups()] if found else []
    if not parts or any(hour > 24 for hour in parts[::2]) or any(minute > 59 for minute in parts[1::2]):  # noqa: PLR2004  # fmt: skip
        raise UsageError(
            f"--hours {text!r}: write the first and the last minute of the day, such as 22:00-06:00,"
            " Vietnam's time"
        )
    begin, end = parts[0] * 60 + parts[1], parts[2] * 60 + parts[3]
    if begin >= _MINUTES or end > _MINUTES:
        raise UsageError(f"--hours {text!r}: a day ends at 24:00")
    if begin == end % _MINUTES:
        raise UsageError(
            f"--hours {text!r}: these hours have no length; for the whole day write --hours all"
        )
    return Hours(begin, end % _MINUTES)


def read_timing(text: str) -> Timing:
    """Read what ``str(timing)`` wrote. Raises UsageError for anything else."""
    kind, _, rest = text.partition(" ")
    if kind == "cron":
        return read_cron(rest)
    return read_every(int(rest)) if kind == "every" else read_adaptive(rest)


def check_falls(timing: Timing, hours: Hours | None, now: float) -> None:
    """Raise UsageError when *timing* has no time within *hours*."""
    if isinstance(timing, Cron) and next(timing.after(now, hours), None) is None:
        raise UsageError(
            f"--hours {hours}: the cron expression {timing.text!r} never falls into these hours; change its"
            " minute and hour, or the hours"
        )


def vietnam_text(at: float) -> str:
    """A Unix time on Vietnam's clock, for people: ``Thu 2026-11-26 02:15``."""
    return datetime.fromtimestamp(at, VIETNAM).strftime("%a %Y-%m-%d %H:%M")
