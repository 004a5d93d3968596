"""What an address or a sitemap gives away of an article's day, for leaving out what a backfill did not ask for.

Only what is certain counts: an article nothing is known of is always wanted.
"""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from archive.instants import VIETNAM

if TYPE_CHECKING:
    from datetime import datetime

    from archive.model import DaySpan

#: ``/quoc-phong/202205/...``: the vnpt family puts the month of publication into the path (docs/design-notes.md#sites).
_MONTH_IN_PATH: Final = re.compile(r"/((?:19|20)\d{2})(0[1-9]|1[0-2])/")


def may_be_of(url: str, span: DaySpan | None) -> bool:
    """False when the path holds a month that lies wholly outside *span*."""
    month = _month(url)
    if span is None or month is None:
        return True
    return month[0] <= span.last and month[1] >= span.first


def is_before(url: str, span: DaySpan | None) -> bool:
    """True when the path holds a month that ended before *span* begins."""
    month = _month(url)
    return span is not None and month is not None and month[1] < span.first


def is_older(modified_at: datetime | None, span: DaySpan | None) -> bool:
    """True when what was last changed at *modified_at* cannot have been published in *span*."""
    return (
        span is not None
        and modified_at is not None
        and modified_at.astimezone(VIETNAM).date() < span.first
    )


def is_within(published_at: datetime | None, span: DaySpan | None) -> bool:
    """False when *published_at* is known and outside *span*."""
    if span is None or published_at is None:
        return True
    return span.first <= published_at.astimezone(VIETNAM).date() <= span.last


def _month(url: str) -> tuple[date, date] | None:
    """First and last day of the month in the path, or None."""
    match = _MONTH_IN_PATH.search(urlsplit(url).path)
    if match is None:
        return None
    year, month = int(match[1]), int(match[2])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
