"""Alarms open once, are told once a day, are taken note of, and close."""

from datetime import UTC, datetime, timedelta

import pytest

from archive.errors import UsageError
from archive.health.alarms import (
    Finding,
    Kind,
    acknowledge,
    close,
    closed_since,
    due_to_tell,
    mark_told,
    open_alarms,
    past_alarms,
    see,
)
from archive.health.wording import sentence

NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)
BYLINE = Finding(site="bao", kind=Kind.FIELD_MISSING, field="byline", before=0.98, now=0.0, example_url="https://bao.example/a")  # fmt: skip


@pytest.fixture
def db(store):
    see(store.connection, [BYLINE], NOON)
    return store.connection


def test_what_is_seen_again_is_the_same_alarm_with_the_number_of_before_kept(db):
    (first,) = open_alarms(db)
    again = Finding(site="bao", kind=Kind.FIELD_MISSING, field="byline", before=0.4, now=0.1)
    see(db, [again], NOON + timedelta(days=3))
    (alarm,) = open_alarms(db)
    assert (alarm.id, alarm.opened_at, alarm.last_seen_at) == (
        first.id,
        NOON,
        NOON + timedelta(days=3),
    )
    assert (alarm.before, alarm.now, alarm.example_url) == (0.98, 0.1, "https://bao.example/a")


def test_each_site_kind_and_field_has_an_alarm_of_its_own(db):
    others = [
        Finding(site="bao", kind=Kind.FIELD_MISSING, field="sapo"),
        Finding(site="other", kind=Kind.FIELD_MISSING, field="byline"),
        Finding(site=None, kind=Kind.DISK_FULL),
    ]
    see(db, [*others, *others], NOON)
    assert [x.site for x in open_alarms(db)] == [None, "bao", "bao", "other"]
    assert len(open_alarms(db, ["bao"])) == 2


def test_an_alarm_is_told_at_once_and_again_after_a_day(db):
    (alarm,) = due_to_tell(db, NOON)
    mark_told(db, [alarm.id], NOON)
    assert due_to_tell(db, NOON + timedelta(hours=22)) == []
    assert [x.id for x in due_to_tell(db, NOON + timedelta(hours=24))] == [alarm.id]


def test_a_clock_that_was_set_back_does_not_silence_an_alarm(db):
    (alarm,) = open_alarms(db)
    mark_told(db, [alarm.id], NOON + timedelta(days=400))
    assert due_to_tell(db, NOON) != []


def test_what_was_taken_note_of_is_told_no_more_and_stays_open(db):
    (alarm,) = open_alarms(db)
    noted = acknowledge(db, alarm.id, by="lan", note="redesign, new rules tomorrow", now=NOON)
    assert (noted.acknowledged_by, noted.note) == ("lan", "redesign, new rules tomorrow")
    assert due_to_tell(db, NOON + timedelta(days=5)) == []
    assert open_alarms(db) == [noted]


def test_a_closed_alarm_is_kept_and_a_new_one_can_open(db):
    (alarm,) = open_alarms(db)
    close(db, [alarm.id], NOON + timedelta(days=1))
    assert open_alarms(db) == []
    assert [x.id for x in closed_since(db, NOON)] == [alarm.id]
    assert closed_since(db, NOON + timedelta(days=2)) == []
    see(db, [BYLINE], NOON + timedelta(days=2))
    assert [x.closed_at is None for x in past_alarms(db, "bao")] == [True, False]
    with pytest.raises(UsageError, match="is over since 2026-11-25"):
        acknowledge(db, alarm.id, by="lan", note="late", now=NOON)


def test_an_unknown_alarm_cannot_be_acknowledged(db):
    with pytest.raises(UsageError, match="there is no alarm 99; `dqtv health` lists"):
        acknowledge(db, 99, by="lan", note="x", now=NOON)


def test_a_sentence_names_paper_field_numbers_day_and_example(db):
    (alarm,) = open_alarms(db)
    assert sentence(alarm, "en", "Báo Ví Dụ") == (
        "Báo Ví Dụ (bao): 0 % of the articles' pages have the author line, formerly 98 %,"
        " since 2026-11-24 12:00; for example https://bao.example/a"
    )
    assert sentence(alarm, "vi") == (
        "bao: 0% số trang bài có tên tác giả, trước đây là 98%, từ 24/11/2026 12:00;"
        " ví dụ https://bao.example/a"
    )


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_every_kind_has_its_sentence_without_gaps(store, kind, lang):
    see(store.connection, [Finding(site="bao", kind=kind, before=1234.5, now=0.5)], NOON)
    (alarm,) = open_alarms(store.connection)
    text = sentence(alarm, lang)
    assert "{" not in text
    assert "None" not in text
    assert ("bao" in text) == (kind is not Kind.DISK_FULL)


def test_numbers_are_written_as_the_language_does(store):
    see(store.connection, [Finding(site="bao", kind=Kind.BODY_SHORT, before=2345, now=310)], NOON)
    (alarm,) = open_alarms(store.connection)
    assert "310 characters long, formerly 2,345" in sentence(alarm, "en")
    assert "310 ký tự, trước đây là 2.345" in sentence(alarm, "vi")
