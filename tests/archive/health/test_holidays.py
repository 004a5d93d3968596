"""Tết by the lunar calendar of Vietnam, and the days on which papers print less."""

from datetime import date

import pytest

from archive.health.holidays import hung_kings, is_holiday, new_year, ordinary_days


@pytest.mark.parametrize(
    "day",
    [
        # 1985 and 2007, 2030: not the day of China's calendar
        date(1985, 1, 21), date(2007, 2, 17), date(2030, 2, 2), date(2020, 1, 25), date(2021, 2, 12), date(2022, 2, 1),
        date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2034, 2, 19),
    ],
)  # fmt: skip
def test_the_lunar_year_begins_on_the_day_it_did(day):
    assert new_year(day.year) == day


@pytest.mark.parametrize("day", [date(2020, 4, 2), date(2023, 4, 29), date(2024, 4, 18), date(2025, 4, 7), date(2026, 4, 26)])  # fmt: skip
def test_the_kings_are_remembered_in_the_third_month_also_after_a_leap_month(day):
    assert hung_kings(day.year) == day


def test_holidays_and_their_eves_are_told_from_ordinary_days():
    for day in (date(2026, 2, 14), date(2026, 2, 22), date(2026, 4, 30), date(2026, 9, 2), date(2026, 1, 1), date(2025, 12, 31)):  # fmt: skip
        assert is_holiday(day)
    for day in (date(2026, 3, 12), date(2026, 6, 1), date(2026, 12, 22), date(2026, 2, 5)):
        assert not is_holiday(day)


def test_only_ordinary_days_count_for_an_age():
    assert ordinary_days(date(2026, 6, 1), date(2026, 6, 11)) == 10
    assert ordinary_days(date(2026, 2, 10), date(2026, 2, 27)) == 1
    assert ordinary_days(date(2026, 6, 1), date(2026, 6, 1)) == 0
