"""Days on which Vietnam's papers print less: Tết and the public holidays (Labour Code 2019, article 112).

The lunar calendar is computed for Vietnam's clock; it differs from China's in some years, as in 1985 and 2007.
Method: Jean Meeus, Astronomical Algorithms, chapters 25 and 49, as Hồ Ngọc Đức applies them to the
Vietnamese calendar (https://www.informatik.uni-leipzig.de/~duc/amlich/calrules.html).
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final

#: Days before and after the first day of the lunar year in which papers print less, or not at all.
TET_BEFORE: Final = 6
TET_AFTER: Final = 9
#: (month, day) of the first and last day around the holidays of the solar year.
_SOLAR: Final = (((12, 31), (12, 31)), ((1, 1), (1, 2)), ((4, 29), (5, 3)), ((8, 31), (9, 4)))
#: Day of the third lunar month on which the Hùng kings are remembered, and the days around it.
_HUNG_KINGS: Final = 10

#: Julian day number of the new moon of 1 January 1900, the days between two, and of 31 December 1899.
_NEW_MOON_1900: Final = 2415021.076998695
_MONTH: Final = 29.530588853
_LEAP_STEPS: Final = 14
_HOURS_EAST: Final = 7
#: `date.toordinal` of the Julian day number 0.
_ORDINAL: Final = 1_721_425


@lru_cache(maxsize=4_096)
def is_holiday(day: date) -> bool:
    """True on Tết and the public holidays, with the days around them."""
    tet = new_year(day.year)
    if tet - timedelta(days=TET_BEFORE) <= day <= tet + timedelta(days=TET_AFTER):
        return True
    here = (day.month, day.day)
    if any(first <= here <= last for first, last in _SOLAR):
        return True
    return abs((day - hung_kings(day.year)).days) <= 1


def ordinary_days(after: date, until: date) -> int:
    """Days after *after* up to *until* that are no holidays."""
    days = (after + timedelta(days=x) for x in range(1, (until - after).days + 1))
    return sum(not is_holiday(day) for day in days)


@cache
def new_year(year: int) -> date:
    """The first day of the lunar year that begins in the solar *year*."""
    return _day(_month_starts(year)[0])


@cache
def hung_kings(year: int) -> date:
    """The tenth day of the third lunar month."""
    return _day(_month_starts(year)[2]) + timedelta(days=_HUNG_KINGS - 1)


def _month_starts(year: int) -> tuple[int, int, int]:
    """Julian day numbers on which the first three lunar months begin, leap months left out."""
    eleventh = _eleventh_month(year - 1)
    number = round((eleventh - _NEW_MOON_1900) / _MONTH)
    starts = [_new_moon(number + x) for x in range(_LEAP_STEPS)]
    if round((_eleventh_month(year) - eleventh) / _MONTH) == 13:  # noqa: PLR2004 - a year with a leap month
        leap = next(x for x in range(1, 13) if _sun(starts[x]) == _sun(starts[x + 1]))
        del starts[leap]
    return starts[2], starts[3], starts[4]


def _eleventh_month(year: int) -> int:
    """Julian day number on which the month of the winter solstice begins."""
    last_of_year = date(year, 12, 31).toordinal() + _ORDINAL
    number = int((last_of_year - 2415021) / _MONTH)
    start = _new_moon(number)
    # the sun past 270 degrees: the month began after the solstice
    return _new_moon(number - 1) if _sun(start) >= 9 else start  # noqa: PLR2004 - twelfths of the circle


def _sun(day: int) -> int:
    """Twelfth of its circle, from 0, in which the sun is when *day* begins in Vietnam (Meeus 25)."""
    t = (day - 0.5 - _HOURS_EAST / 24 - 2451545.0) / 36525
    rad = math.pi / 180
    mean = 357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3
    longitude = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    longitude += (1.914600 - 0.004817 * t - 0.000014 * t**2) * math.sin(rad * mean)
    longitude += (0.019993 - 0.000101 * t) * math.sin(rad * 2 * mean)
    longitude += 0.000290 * math.sin(rad * 3 * mean)
    return int(longitude % 360 / 30)


def _new_moon(k: int) -> int:
    """Julian day number of the day in Vietnam of the *k*-th new moon after that of 1 January 1900 (Meeus 49)."""
    t = k / 1236.85
    rad = math.pi / 180
    mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t**2 - 0.000000155 * t**3
    mean += 0.00033 * math.sin((166.56 + 132.87 * t - 0.009173 * t**2) * rad)
    sun = (359.2242 + 29.10535608 * k - 0.0000333 * t**2 - 0.00000347 * t**3) * rad
    moon = (306.0253 + 385.81691806 * k + 0.0107306 * t**2 + 0.00001236 * t**3) * rad
    node = (21.2964 + 390.67050646 * k - 0.0016528 * t**2 - 0.00000239 * t**3) * rad
    terms = (0.1734 - 0.000393 * t) * math.sin(sun) + 0.0021 * math.sin(2 * sun)
    terms += -0.4068 * math.sin(moon) + 0.0161 * math.sin(2 * moon) - 0.0004 * math.sin(3 * moon)
    terms += 0.0104 * math.sin(2 * node) - 0.0051 * math.sin(sun + moon)
    terms += -0.0074 * math.sin(sun - moon) + 0.0004 * math.sin(2 * node + sun)
    terms += -0.0004 * math.sin(2 * node - sun) - 0.0006 * math.sin(2 * node + moon)
    terms += 0.0010 * math.sin(2 * node - moon) + 0.0005 * math.sin(2 * moon + sun)
    clock = -0.000278 + 0.000265 * t + 0.000262 * t**2
    return int(mean + terms - clock + 0.5 + _HOURS_EAST / 24)


def _day(julian: int) -> date:
    return date.fromordinal(julian - _ORDINAL)
