"""Ranges of days as users write them: ``2019..2021-06``, ``2024-03-01..``, ``2020``."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime
from typing import Final

from archive.errors import BadDateRange
from archive.instants import VIETNAM
from archive.model import DaySpan

_DAY: Final = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
#: The first Vietnamese newspaper went online in 1997 (Vietnam joined the internet on 19 November 1997).
_FIRST_YEAR: Final = 1997


def read_span(text: str) -> DaySpan:
    """The days from FROM to TO of ``FROM..TO``, both included; either may be a year, month or day.

    An open end is today on Vietnam's calendar; one date alone is that year, month or day. Raises
    BadDateRange, naming what is wrong with the text.
    """
    first_text, dots, last_text = text.strip().partition("..")
    if not first_text.strip():
        raise BadDateRange(f"{text!r}: the first day is missing; {_FORMS}")
    first = _read(first_text, text)[0]
    last = _read(last_text if dots else first_text, text)[1] if last_text or not dots else _today()
    if last < first:
        raise BadDateRange(f"{text!r}: {last} is before {first}; write the earlier date first")
    if first > _today():
        raise BadDateRange(f"{text!r}: {first} lies in the future")
    return DaySpan(first=first, last=last)


def read_ends(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The days that two dates mean, each a year, month or day: the first of one, the last of the other.

    None stays None. Raises BadDateRange, naming what is wrong.
    """
    since = _read(first, first)[0] if first is not None else None
    until = _read(last, last)[1] if last is not None else None
    if since is not None and until is not None and until < since:
        raise BadDateRange(f"{until} is before {since}; write the earlier date first")
    return since, until


_FORMS: Final = "write FROM..TO, such as 2019..2021-06 or 2024-03-01..2024-03-31"


def _read(part: str, text: str) -> tuple[date, date]:
    """First and last day of a year, month or day."""
    match = _DAY.fullmatch(part.strip())
    if match is None:
        raise BadDateRange(f"{text!r}: {part.strip()!r} is no date; {_FORMS}")
    year, month, day = (int(x) if x else None for x in match.groups())
    assert year is not None  # noqa: S101 - the expression asks for it
    if year < _FIRST_YEAR:
        raise BadDateRange(f"{text!r}: no paper was online before {_FIRST_YEAR}")
    try:
        first = date(year, month or 1, day or 1)
    except ValueError as error:
        raise BadDateRange(f"{text!r}: {part.strip()!r} is no day of the calendar") from error
    if day is not None:
        return first, first
    last_month = month or 12
    return first, date(year, last_month, calendar.monthrange(year, last_month)[1])


def _today() -> date:
    return datetime.now(UTC).astimezone(VIETNAM).date()
