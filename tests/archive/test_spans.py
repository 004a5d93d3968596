"""Ranges of days as users write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from archive.errors import BadDateRange
from archive.instants import VIETNAM
from archive.spans import read_span


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019..2021-06", date(2019, 1, 1), date(2021, 6, 30)),
        ("2024-02..2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-03-01..2024-03-31", date(2024, 3, 1), date(2024, 3, 31)),
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-5-7", date(2020, 5, 7), date(2020, 5, 7)),
    ],
)
def test_years_months_and_days_include_both_ends(text, first, last):
    span = read_span(text)
    assert (span.first, span.last) == (first, last)


def test_an_open_end_is_today_in_vietnam():
    assert read_span("2024..").last == datetime.now(UTC).astimezone(VIETNAM).date()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("..2020", "the first day is missing"),
        ("", "the first day is missing"),
        ("2021..2020", "2020-12-31 is before 2021-01-01"),
        ("2024-13..2024", "'2024-13' is no day of the calendar"),
        ("2024-02-30..2024", "'2024-02-30' is no day of the calendar"),
        ("hôm qua..2024", "'hôm qua' is no date"),
        ("1975..1980", "no paper was online before 1997"),
        ("2999..", "is before 2999-01-01"),
        ("2999..3000", "lies in the future"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_text_and_the_way_out(text, says):
    with pytest.raises(BadDateRange) as caught:
        read_span(text)
    assert says in str(caught.value)
    assert repr(text) in str(caught.value)
