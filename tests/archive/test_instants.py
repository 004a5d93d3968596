from datetime import UTC, datetime, timedelta, timezone

import pytest

from archive.instants import compact_text, paper_text, read_instant, utc_text

VIETNAM = timezone(timedelta(hours=7))


def test_utc_text_has_six_digits_even_for_a_whole_second():
    assert utc_text(datetime(2026, 11, 24, 3, 10, tzinfo=UTC)) == "2026-11-24T03:10:00.000000Z"


def test_utc_text_converts_from_another_zone():
    assert utc_text(datetime(2026, 11, 24, 1, tzinfo=VIETNAM)) == "2026-11-23T18:00:00.000000Z"


def test_paper_text_keeps_the_papers_clock():
    instant = datetime(2024, 3, 19, 2, 12, tzinfo=UTC)
    assert paper_text(instant) == "2024-03-19T09:12:00+07:00"


def test_compact_text_is_utc_to_the_second():
    assert compact_text(datetime(2026, 11, 24, 10, tzinfo=VIETNAM)) == "20261124T030000Z"


def test_a_naive_datetime_names_no_instant():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the fault under test
    with pytest.raises(ValueError, match="no time zone"):
        utc_text(naive)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2024-03-20T01:00:00Z", 0),
        ("2024-03-20T01:00:00.5Z", 500_000),
        ("2024-03-20T01:00:00.123456789Z", 123_456),
        ("2024-03-20T08:00:00.123456+07:00", 123_456),
    ],
)
def test_read_instant_takes_any_precision(text, microseconds):
    assert read_instant(text) == datetime(2024, 3, 20, 1, 0, 0, microseconds, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "hôm qua", "2024-03-20T01:00:00"])
def test_read_instant_refuses_what_is_no_instant(text):
    with pytest.raises(ValueError, match=r"\S"):
        read_instant(text)
