"""Dates as Vietnamese papers print them: text in, instant on Vietnam's clock and precision out.

Shapes of 30 strings of news sites and of seven provincial CMSs (docs/design-notes.md#extraction). Day comes
before month always; what fits no shape is None, never a guess.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import attrs

from archive.instants import VIETNAM
from archive.vietnamese import nfc

if TYPE_CHECKING:
    from collections.abc import Callable

#: Finest first.
PRECISIONS: Final = ("second", "minute", "day")


@attrs.frozen(kw_only=True)
class ReadDate:
    """An instant and how exactly the text gave it."""

    #: Aware, +07:00.
    instant: datetime
    #: ``second``, ``minute`` or ``day``.
    precision: str


_MONTH_WORDS: Final = {
    "một": 1, "giêng": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7,
    "bẩy": 7, "tám": 8, "chín": 9, "mười": 10, "mười một": 11, "mười hai": 12, "chạp": 12,
}  # fmt: skip
_MONTH: Final = r"(?P<month>\d{1,2}(?!\d)|mười một|mười hai|[^\W\d_]+)"
_MONTH_MARK: Final = r"(?:tháng|thg|th)\.?\s*"

_ISO: Final = re.compile(
    r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)"
    r"(?:(?:\s*t\s*|\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<zone>z|[+-]\d{2}:?\d{2})?)?"
)
_NUMBERS: Final = re.compile(
    # no digit need not follow: "21/04/201500:00:00" is printed without a space
    r"(?<![\d/.-])(?P<day>\d{1,2})(?P<mark>[/.-])(?P<month>\d{1,2})(?P=mark)(?P<year>(?:19|20)\d{2})"
)
_WORDS: Final = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})\s*{_MONTH_MARK}{_MONTH}\s*,?\s*(?:năm\s*)?(?P<year>\d{{4}})(?!\d)"
)
_MONTH_FIRST: Final = re.compile(
    rf"(?<!\w){_MONTH_MARK}{_MONTH}\s+(?P<day>\d{{1,2}})\s*,\s*(?P<year>\d{{4}})(?!\d)"
)
_CLOCK: Final = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})\s?[:hg]\s?(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?!\d)"
    r"(?:\s*(?P<half>sa|ch|am|pm)(?!\w))?"
)
_AFTER_DATE: Final = re.compile(
    r"(?P<hour>\d{1,2})\s?[:hg]\s?(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?!\d)"
    r"(?:\s*(?P<half>sa|ch|am|pm)(?!\w))?"
)
_AGO: Final = re.compile(
    r"(?<![\d,.])(?P<count>\d{1,3})\s*(?P<unit>giây|phút|giờ|tiếng|ngày)\s+trước(?!\w)"
)
_NEAR_DAY: Final = re.compile(r"(?<!\w)(?P<word>hôm nay|hôm qua|hôm kia)(?!\w)")
_NEAR_DAYS: Final = {"hôm nay": 0, "hôm qua": 1, "hôm kia": 2}
#: A clock further away than this belongs to something else ("Xem: 21:22").
_REACH: Final = 30
#: Text longer than this is no date line.
_LONGEST: Final = 300


def read_date(text: str, *, fetched_at: datetime) -> ReadDate | None:
    """The date in a date line, or None.

    Text without a zone is Vietnam's clock; a zone given (``Z``, ``+0000``) is converted to it. Words
    such as "2 giờ trước" and "Hôm qua" count from *fetched_at* (aware). Midnight to the second means
    that the CMS kept no time: precision ``day``. Nothing is refused for being too old or too new.
    """
    line = " ".join(nfc(text).lower().split())[:_LONGEST]
    for read in _READERS:
        found = read(line)
        if found is not None:
            return found
    return _relative(line, fetched_at.astimezone(VIETNAM))


def _iso(line: str) -> ReadDate | None:
    match = _ISO.search(line)
    if match is None:
        return None
    # a clock may stand apart from an ISO day: "2026-01-08 - 18:21"
    clock = match if match["hour"] else _clock_near(line, match)
    return _built(match, int(match["month"]), clock, match["zone"])


def _numbers(line: str) -> ReadDate | None:
    match = _NUMBERS.search(line)
    return _built(match, int(match["month"]), _clock_near(line, match)) if match else None


def _words(line: str) -> ReadDate | None:
    match = _WORDS.search(line) or _MONTH_FIRST.search(line)
    month = _month(match["month"]) if match else None
    return _built(match, month, _clock_near(line, match)) if match and month else None


_READERS: Final[tuple[Callable[[str], ReadDate | None], ...]] = (_iso, _numbers, _words)


def _month(text: str) -> int | None:
    return int(text) if text.isdecimal() else _MONTH_WORDS.get(text)


def _clock_near(line: str, date: re.Match[str]) -> re.Match[str] | None:
    """The clock right after the date, else the last one before it."""
    after = line[date.end() : date.end() + _REACH]
    # directly behind the year no boundary is needed, further on it is
    glued = _AFTER_DATE.match(after)
    if glued:
        return glued
    following = _CLOCK.search(after)
    if following:
        return following
    before = line[max(0, date.start() - _REACH) : date.start()]
    return next(reversed(list(_CLOCK.finditer(before))), None)


def _built(
    date: re.Match[str], month: int, clock: re.Match[str] | None, zone: str | None = None
) -> ReadDate | None:
    try:
        day = datetime(int(date["year"]), month, int(date["day"]), tzinfo=_zone(zone))
    except (ValueError, OverflowError):
        return None
    time = _time(clock)
    if time is None or (time == (0, 0, 0) and zone is None):
        return ReadDate(instant=day.replace(tzinfo=VIETNAM), precision="day")
    instant = day + timedelta(hours=time[0], minutes=time[1], seconds=time[2])
    precision = "second" if clock is not None and clock["second"] else "minute"
    try:
        return ReadDate(instant=instant.astimezone(VIETNAM), precision=precision)
    except OverflowError:
        return None


def _time(clock: re.Match[str] | None) -> tuple[int, int, int] | None:
    if clock is None:
        return None
    hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
    half = clock.groupdict().get("half")
    # SA (sáng) and CH (chiều) are the Vietnamese AM and PM; "20:01 CH" is met as well
    if half in {"ch", "pm"} and hour < 12:  # noqa: PLR2004 - noon
        hour += 12
    elif half in {"sa", "am"} and hour == 12:  # noqa: PLR2004 - midnight on a twelve-hour clock
        hour = 0
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None  # noqa: PLR2004 - a clock


def _zone(text: str | None) -> timezone:
    if text is None:
        return VIETNAM
    if text == "z":
        return timezone(timedelta(0))
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def _relative(line: str, now: datetime) -> ReadDate | None:
    ago = _AGO.search(line)
    if ago:
        return _ago(int(ago["count"]), ago["unit"], now)
    near = _NEAR_DAY.search(line)
    if near is None:
        return None
    day = (now - timedelta(days=_NEAR_DAYS[near["word"]])).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    time = _time(_clock_near(line, near))
    if time is None:
        return ReadDate(instant=day, precision="day")
    return ReadDate(instant=day.replace(hour=time[0], minute=time[1]), precision="minute")


def _ago(count: int, unit: str, now: datetime) -> ReadDate:
    """Minutes are exact enough to be a time; hours only tell the day, days the day itself."""
    if unit in {"giây", "phút"}:
        step = timedelta(minutes=count) if unit == "phút" else timedelta(seconds=count)
        return ReadDate(instant=(now - step).replace(second=0, microsecond=0), precision="minute")
    if unit == "ngày":
        day = now - timedelta(days=count)
        return ReadDate(
            instant=day.replace(hour=0, minute=0, second=0, microsecond=0), precision="day"
        )
    instant = (now - timedelta(hours=count)).replace(minute=0, second=0, microsecond=0)
    return ReadDate(instant=instant, precision="day")
