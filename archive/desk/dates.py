"""Dates as a reader of Vietnamese or English expects them, no more precise than they are known."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from archive.desk.language import say
from archive.instants import VIETNAM, read_instant

if TYPE_CHECKING:
    from datetime import date


def show_published(language: str, text: str | None, precision: str | None) -> str:
    """A publication date on the paper's clock: 09:12, 19/03/2024, or the day alone, or "unknown"."""
    if text is None:
        return say(language, "article.undated")
    return _shown(language, "day" if precision == "day" else "minute", read_instant(text))


def show_day(language: str, text: str | None) -> str:
    """The day of a publication date; an en dash for none."""
    return _shown(language, "day", read_instant(text)) if text else "–"


def show_instant(language: str, text: str) -> str:
    """An instant stored in UTC, on Vietnam's clock and saying so."""
    shown = _shown(language, "minute", read_instant(text).astimezone(VIETNAM))
    return f"{shown} ({say(language, 'date.vietnam_clock')})"


def show_instant_minute(language: str, text: str) -> str:
    """The same without the clock's name, for where there is little room and the page names it."""
    return _shown(language, "minute", read_instant(text).astimezone(VIETNAM))


def show_instant_day(language: str, text: str) -> str:
    """The day, on Vietnam's calendar, of an instant stored in UTC."""
    return _shown(language, "day", read_instant(text).astimezone(VIETNAM))


def show_date(language: str, day: date) -> str:
    """A day of the calendar."""
    return _shown(language, "day", datetime(day.year, day.month, day.day, tzinfo=VIETNAM))


def _shown(language: str, form: str, moment: datetime) -> str:
    return say(
        language,
        f"date.{form}",
        day=moment.day,
        month=moment.month,
        month_name=say(language, f"date.month_{moment.month}"),
        year=moment.year,
        hour=moment.hour,
        minute=moment.minute,
    )
