"""Alarms and digests: written once, tried until they are taken, told in two languages."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta

import attrs
import pytest

from archive.health.alarms import Finding, Kind, acknowledge, close, open_alarms, see
from archive.instants import VIETNAM, instant_of
from archive.notices.digest import last_whole_months, look_back
from archive.notices.outbox import Outbox, wait_after
from archive.notices.settings import FileSettings, NoticeSettings, WebhookSettings
from archive.notices.telling import tell
from archive.notices.wording import WORDS, digest_message
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.timing import read_timing

HOUR, DAY = 3600.0, 86_400.0
#: A Wednesday.
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=VIETNAM).timestamp()
FINDING = Finding(
    site="bao", kind=Kind.FIELD_MISSING, field="published_at", before=0.98, now=0.03,
    example_url="http://bao.vn/1.html",
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return tmp_path / "notices.jsonl"


@pytest.fixture
def settings(file):
    return NoticeSettings(file=FileSettings(path=file), digest=None)


@pytest.fixture
def raise_alarm(store):
    def raise_alarm(*findings, at=NOW):
        with store.transaction():
            see(store.connection, findings or [FINDING], instant_of(at))

    return raise_alarm


def told(file):
    return [json.loads(x) for x in file.read_text("utf-8").splitlines()] if file.exists() else []


def down(settings, closed_port):
    """A web address of which nobody knows, beside the file."""
    return attrs.evolve(settings, webhook=WebhookSettings(url=f"http://127.0.0.1:{closed_port}/"))


# -- alarms -------------------------------------------------------------------------------------------


def test_an_alarm_is_told_with_site_field_numbers_and_example_in_both_languages(store, settings, file, raise_alarm):  # fmt: skip
    raise_alarm()
    [sent] = tell(store, settings, NOW)
    [notice] = told(file)
    assert sent.is_good
    assert notice["subject"] == "[DQTV] 1 cảnh báo cần xem: bao"
    vietnamese, english = notice["text"].split("-" * 60)
    for text in (vietnamese, english):
        assert "http://bao.vn/1.html" in text
        assert "98" in text
    assert "ngày đăng" in vietnamese
    assert "the date" in english
    [alarm] = notice["alarms"]
    assert (alarm["site"], alarm["kind"], alarm["field"]) == ("bao", "field_missing", "published_at")  # fmt: skip


def test_an_open_alarm_is_repeated_daily_and_no_oftener(store, settings, file, raise_alarm):
    raise_alarm()
    for hour in range(72):
        tell(store, settings, NOW + hour * HOUR)
    assert len(told(file)) == 4


def test_an_acknowledged_or_closed_alarm_is_told_no_more(store, settings, file, raise_alarm):
    raise_alarm(FINDING, attrs.evolve(FINDING, field="title"))
    tell(store, settings, NOW)
    one, other = open_alarms(store.connection)
    with store.transaction():
        acknowledge(store.connection, one.id, by="Lan", note="đang sửa", now=instant_of(NOW))
        close(store.connection, [other.id], instant_of(NOW))
    tell(store, settings, NOW + 2 * DAY)
    assert len(told(file)) == 1


def test_where_nothing_is_set_up_nothing_is_written_and_the_alarm_stays_untold(store, raise_alarm):
    raise_alarm()
    assert tell(store, NoticeSettings(), NOW) == []
    assert Outbox(store).last(5) == []
    assert open_alarms(store.connection)[0].told_at is None


def test_one_language_can_be_chosen(store, settings, file, raise_alarm):
    raise_alarm()
    tell(store, attrs.evolve(settings, languages=("en",)), NOW)
    assert told(file)[0]["subject"] == "[DQTV] Alarms to look at: 1: bao"
    assert "cảnh báo" not in told(file)[0]["text"]


# -- waiting and trying again -------------------------------------------------------------------------


def test_a_dead_channel_holds_up_no_other(store, settings, file, raise_alarm, closed_port):
    raise_alarm()
    sent = tell(store, down(settings, closed_port), NOW)
    assert {(x.channel, x.is_good) for x in sent} == {("webhook", False), ("file", True)}
    assert len(told(file)) == 1
    assert Outbox(store).waiting() == 1


def test_a_dead_channel_is_tried_once_a_pass_however_much_waits(store, settings, raise_alarm, closed_port):  # fmt: skip
    dead = down(settings, closed_port)
    for day in range(3):
        raise_alarm()
        assert sum(not x.is_good for x in tell(store, dead, NOW + day * DAY)) == 1
    assert Outbox(store).waiting() == 3


def test_a_notice_waits_longer_after_each_failure_then_goes_out_once(store, settings, raise_alarm, closed_port, web_server):  # fmt: skip
    raise_alarm()
    tries = []
    for minute in range(0, 20 * 60, 5):
        at = NOW + minute * 60
        if tell(store, down(settings, closed_port), at):
            tries.append(minute)
    assert tries == [0, 5, 20, 65, 200, 605]
    address = f"http://127.0.0.1:{web_server.server_address[1]}/"
    working = attrs.evolve(settings, webhook=WebhookSettings(url=address))
    tell(store, working, NOW + 22.5 * HOUR)
    tell(store, working, NOW + 22.5 * HOUR)
    assert len(web_server.posts) == 1
    [notice] = [x for x in Outbox(store).last(5) if x.channel == "webhook"]
    assert (notice.state, notice.tries) == ("sent", 7)


def test_waits_grow_up_to_half_a_day():
    waits = [wait_after(tries) for tries in range(1, 60)]
    assert waits == sorted(waits)
    assert waits[-1] == 12 * HOUR


def test_a_notice_is_given_up_after_the_days_that_are_set(store, settings, raise_alarm, closed_port):  # fmt: skip
    raise_alarm()
    dead = attrs.evolve(down(settings, closed_port), days=2)
    for hour in range(23):
        tell(store, dead, NOW + hour * HOUR)
    with store.transaction():
        close(store.connection, [1], instant_of(NOW))
    for hour in range(23, 72):
        tell(store, dead, NOW + hour * HOUR)
    [notice] = [x for x in Outbox(store).last(5) if x.channel == "webhook"]
    assert notice.state == "given up"
    assert "127.0.0.1" in notice.last_error


def test_a_notice_for_a_channel_that_was_taken_away_is_given_up(store, settings, raise_alarm, closed_port):  # fmt: skip
    raise_alarm()
    tell(store, down(settings, closed_port), NOW)
    tell(store, settings, NOW + 8 * DAY)
    assert {x.state for x in Outbox(store).last(9) if x.channel == "webhook"} == {"given up"}


def test_a_notice_under_way_is_left_alone_by_a_second_process(store, raise_alarm):
    raise_alarm()
    outbox = Outbox(store)
    tell(store, NoticeSettings(file=FileSettings(path=store.root), digest=None), NOW)
    assert outbox.claim("file", NOW + HOUR) is not None
    assert outbox.claim("file", NOW + HOUR) is None
    # its process was killed
    assert outbox.claim("file", NOW + 2 * HOUR) is not None


def test_a_clock_set_back_by_a_year_puts_nothing_off(store, settings, file, raise_alarm):
    raise_alarm()
    tell(store, NoticeSettings(file=FileSettings(path=store.root), digest=None), NOW)
    tell(store, settings, NOW - 365 * DAY)
    assert (
        len(told(file)) == 2
    )  # what waited, and the alarm itself, told in a future that never was


# -- digest -------------------------------------------------------------------------------------------


@pytest.fixture
def week(store, make_accepted, raise_alarm):
    """A week of two papers: one was crawled four times, one never."""
    ids = itertools.count()
    table = ScheduleTable(store)
    for site in ("bao", "lang"):
        table.set(Entry(site=site, job=Job.CRAWL, timing=read_timing("cron 15 2 * * *")), NOW)
    with store.transaction():
        for number, month in enumerate(("2026-05", "2026-06", "2026-09"), start=1):
            published = datetime.fromisoformat(f"{month}-03T08:00:00+07:00")
            store.store_outcome(
                make_accepted(number=number, published_at=published, title=f"Bài {number}")
            )
    for day, reason in enumerate(("finished", "finished", "unreachable", "hours over")):
        at = instant_of(NOW - (4 - day) * DAY)
        run = f"20261121T00000{next(ids)}Z-00000000"
        start_run(store, run, site="bao", command="crawl", now=at)
        finish_run(store, run, reason, RunCounts(fetched=1000), now=at + timedelta(hours=1))
    raise_alarm(at=NOW - 2 * DAY)
    raise_alarm(attrs.evolve(FINDING, field="byline"), at=NOW - 9 * DAY)
    closing = next(x for x in open_alarms(store.connection) if x.field == "byline")
    with store.transaction():
        close(store.connection, [closing.id], instant_of(NOW - DAY))
    return look_back(store, NOW)


def test_the_digest_counts_crawls_articles_alarms_gaps_and_what_comes_next(week):
    bao, lang = week.papers
    assert (bao.crawls, bao.good, bao.fetched, bao.new_articles) == (4, 3, 4000, 3)
    assert bao.last_trouble == "unreachable"
    assert bao.gaps == ("2026-07", "2026-08", "2026-10")
    assert (lang.site, lang.crawls, lang.is_scheduled) == ("lang", 0, True)
    assert [x.field for x in week.open] == ["published_at"]
    assert (week.opened, [x.field for x in week.closed]) == (1, ["byline"])
    assert week.free_mb > 0
    assert [x.site for x in week.next] == ["bao", "lang"]


def test_the_digest_reads_well_in_both_languages(week):
    message = digest_message(week, "/srv/dqtv", ("vi", "en"))
    vietnamese, english = message.body.split("-" * 60)
    assert message.subject == "[DQTV] Tuần 18/11 – 25/11: 3 bài mới, 1 cảnh báo"
    for line in (
        "3 trong 4 lượt thu thập hoàn tất, tải 4.000 trang, thêm 3 bài về dân quân tự vệ. Kho hiện có 3 bài.",
        "- bao: 3/4 lượt hoàn tất, 4.000 trang, 3 bài mới; lượt hỏng gần nhất: không kết nối được",
        "- lang: có trong lịch nhưng cả tuần không thu thập lượt nào",
        "- bao: 07/2026, 08/2026, 10/2026",
        "- 26/11/2026 02:15  bao (thu thập)",
    ):
        assert line in vietnamese.splitlines()
    for line in (
        "- bao: 3 of 4 crawls ended as asked, 4,000 pages, 3 new articles; the last that did not: unreachable",
        "- lang: scheduled, but not crawled all week",
        "- bao: 2026-07, 2026-08, 2026-10",
        "- 2026-11-26 02:15  bao (crawl)",
    ):
        assert line in english.splitlines()


def test_an_archive_without_anything_has_a_digest_too(store):
    message = digest_message(look_back(store, NOW), "/srv/dqtv", ("en",))
    for line in ("No paper was crawled this week.", "Nothing is scheduled."):
        assert line in message.body


def test_the_digest_is_written_once_a_week(store, settings, file):
    weekly = attrs.evolve(settings, digest=NoticeSettings().digest)
    for hour in range(21 * 24):
        tell(store, weekly, NOW + hour * HOUR)
    written = [datetime.fromisoformat(x["created_at"]).astimezone(VIETNAM) for x in told(file)]
    assert [f"{x:%a %H:%M}" for x in written] == ["Wed 09:00", *["Mon 07:00"] * 3]


def test_both_languages_have_the_same_sentences_with_the_same_gaps():
    assert WORDS["vi"].keys() == WORDS["en"].keys()
    for key, text in WORDS["vi"].items():
        gaps = [sorted(x.split("}")[0] for x in y.split("{")[1:]) for y in (text, WORDS["en"][key])]
        assert gaps[0] == gaps[1], key


def test_the_last_whole_months_cross_the_year():
    months = last_whole_months(datetime(2027, 1, 31, 20, 0, tzinfo=VIETNAM))
    assert (months[0], months[-1], len(months)) == ("2026-01", "2026-12", 12)
