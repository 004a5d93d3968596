"""Dates as papers print them; the table holds every shape met on news sites so far."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.instants import VIETNAM
from scraper.extract.dates import read_date

# 10:00 in Vietnam
FETCHED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

TABLE = [
    # news sites, ministry portals and CMS themes
    ("Thứ Hai, 12/08/2024 | 09:10 [GMT +7]", "2024-08-12T09:10:00", "minute"),
    ("Chủ nhật, 5-6-2022, 07:30", "2022-06-05T07:30:00", "minute"),
    ("Ngày 3 tháng 12 năm 2023", "2023-12-03T00:00:00", "day"),
    ("10:22 22/03/2021", "2021-03-22T10:22:00", "minute"),
    ("2 giờ trước", "2026-11-24T08:00:00", "day"),
    ("15 phút trước", "2026-11-24T09:45:00", "minute"),
    ("3 ngày trước", "2026-11-21T00:00:00", "day"),
    ("Hôm qua, 09:30", "2026-11-23T09:30:00", "minute"),
    ("Hôm nay, 08:05", "2026-11-24T08:05:00", "minute"),
    ("Thứ tư, 03/04/2024 14:05 (GMT+7)", "2024-04-03T14:05:00", "minute"),
    ("Cập nhật: 08:45 | 11/02/2020", "2020-02-11T08:45:00", "minute"),
    ("Cập nhật lúc 16:30, Thứ Sáu, 15/03/2019 (GMT+7)", "2019-03-15T16:30:00", "minute"),
    ("09:15' 07/06/2018", "2018-06-07T09:15:00", "minute"),
    ("14h30 ngày 05/04/2023", "2023-04-05T14:30:00", "minute"),
    ("Thứ 6, 28.03.2025 | 10:15:22 AM", "2025-03-28T10:15:22", "second"),
    ("Thứ Ba, ngày 1/4/2025 - 20:01", "2025-04-01T20:01:00", "minute"),
    ("Đăng ngày: 05-11-2017", "2017-11-05T00:00:00", "day"),
    ("27-03-2022, 07:49", "2022-03-27T07:49:00", "minute"),
    ("22 Tháng Ba 2021", "2021-03-22T00:00:00", "day"),
    ("22 Th3, 2021", "2021-03-22T00:00:00", "day"),
    ("Thg 5 12, 2023", "2023-05-12T00:00:00", "day"),
    ("Tháng Mười Hai 22, 2023", "2023-12-22T00:00:00", "day"),
    ("1/12/2022 - 08:17 CH", "2022-12-01T20:17:00", "minute"),
    ("1/12/2022 9:05:00 SA", "2022-12-01T09:05:00", "second"),
    ("1/12/2022 12:05:00 SA", "2022-12-01T00:05:00", "second"),
    ("(ngày 28-3-1935)", "1935-03-28T00:00:00", "day"),
    ("CBO, 12/8/2024", "2024-08-12T00:00:00", "day"),
    ("03/04/2024", "2024-04-03T00:00:00", "day"),
    ("Thứ bảy, ngày 09 tháng 09 năm 2017 | 7:40", "2017-09-09T07:40:00", "minute"),
    ("21/04/201500:00:00(Xem: 2122)", "2015-04-21T00:00:00", "day"),
    ("21/04/201508:10:05(Xem: 2122)", "2015-04-21T08:10:05", "second"),
    # provincial papers
    ("Thứ 4, 01/12/2021 | 11:51:00 [GMT +7]", "2021-12-01T11:51:00", "second"),
    ("Thứ 6, 02/10/2026 18:38 [(GMT +7)]", "2026-10-02T18:38:00", "minute"),
    ("Thứ Sáu, 29/06/2018, 08:20", "2018-06-29T08:20:00", "minute"),
    ("13:00, 31/03/2014", "2014-03-31T13:00:00", "minute"),
    ("08/01/2026 - 18:21", "2026-01-08T18:21:00", "minute"),
    ("08/01/2026 10:02", "2026-01-08T10:02:00", "minute"),
    ("14:29 | 01/10/2026", "2026-10-01T14:29:00", "minute"),
    # machines
    ("2025-06-17T13:43:02+0700", "2025-06-17T13:43:02", "second"),
    ("2025-06-17T13:43:02+07:00", "2025-06-17T13:43:02", "second"),
    ("2021-12-01 11:51:00", "2021-12-01T11:51:00", "second"),
    ("2021-12-01T04:51:00.000000Z", "2021-12-01T11:51:00", "second"),
    ("2026-03-07T08:52:11.000 +07:00", "2026-03-07T08:52:11", "second"),
    ("2026-03-06T20:22:00Z", "2026-03-07T03:22:00", "second"),
    ("2026-03-06T20:22Z", "2026-03-07T03:22:00", "minute"),
    ("2026-01-08", "2026-01-08T00:00:00", "day"),
    ("2026-01-08T00:00:00", "2026-01-08T00:00:00", "day"),
    # the same letters decomposed, as some pages hold them
    ("Ngày 3 tha\u0301ng 12 na\u0306m 2023", "2023-12-03T00:00:00", "day"),
]


@pytest.mark.parametrize(("text", "instant", "precision"), TABLE, ids=[row[0] for row in TABLE])
def test_every_known_shape_is_read(text: str, instant: str, precision: str) -> None:
    found = read_date(text, fetched_at=FETCHED)

    assert found is not None
    assert found.instant == datetime.fromisoformat(instant).replace(tzinfo=VIETNAM)
    assert found.precision == precision


@pytest.mark.parametrize(
    "text",
    ["", "xin chào", "12/13/2024", "31/02/2024", "1/2", "0210.3827", "Giấy phép số 123/GP-BTTTT", "tháng trước",
     "1 tháng trước", "2026-13-45", "2024-01-01T00:00:00+99:99", "0001-01-01T00:00:00+07:00", "19.03.24",
     "Xem: 2122", "số 15/2023/QH15"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, fetched_at=FETCHED) is None


def test_day_comes_before_month() -> None:
    found = read_date("03/07/2026 08:01", fetched_at=FETCHED)

    assert found is not None
    assert (found.instant.month, found.instant.day) == (7, 3)


def test_a_clock_far_from_the_date_is_not_its_time() -> None:
    found = read_date(
        "Ngày 05/04/2023 (bài đã được bạn đọc xem nhiều nhất trong tuần) 21:22", fetched_at=FETCHED
    )

    assert found is not None
    assert found.precision == "day"


@given(st.text(max_size=120))
def test_any_text_gives_an_aware_instant_or_none(text: str) -> None:
    found = read_date(text, fetched_at=FETCHED)

    assert found is None or found.instant.utcoffset() is not None


@given(st.datetimes(min_value=datetime(1997, 1, 1), max_value=datetime(2026, 1, 1)))  # noqa: DTZ001 - the zone is the subject
def test_a_printed_date_is_read_back(when: datetime) -> None:
    found = read_date(f"Thứ 4, {when:%d/%m/%Y | %H:%M:%S} [GMT +7]", fetched_at=FETCHED)

    assert found is not None
    assert found.instant == when.replace(microsecond=0, tzinfo=VIETNAM)
