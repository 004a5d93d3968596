"""A month of what is due, with a clock that is handed in and a crawl that takes no time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import attrs
import pytest

from archive.errors import SchedulerBusy
from archive.health.alarms import Kind, open_alarms
from archive.instants import VIETNAM
from archive.locks import SiteLock, scheduler_lock
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_hours, read_timing
from scraper.due import BACKFILL_SLICE, SiteEnd, Wishes, last_months, run_due

HOUR, DAY = 3600.0, 86_400.0
START = datetime(2027, 1, 25, 0, 0, tzinfo=VIETNAM).timestamp()
NIGHT = read_hours("22:00-06:00")


@attrs.define
class Days:
    """A clock that only waiting and crawling move, and a crawl that notes what it was asked for."""

    time: float = START
    crawled: list = attrs.field(factory=list)
    reasons: dict = attrs.field(factory=dict)
    unfinished: int = 0

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += max(1.0, seconds)
        return False

    def crawl(self, request):
        ends = []
        for site in request.sites:
            self.crawled.append((self.time, site, request))
            reason = self.reasons.get(site, "finished")
            is_unfinished = bool(request.backfill) and self.unfinished > 0
            if is_unfinished:
                self.unfinished -= 1
                reason = "page limit"
            ends.append(SiteEnd(site=site, reason=reason, fetched=3, is_unfinished=is_unfinished))
        self.time += 600
        return ends

    def times(self, site):
        return [at for at, name, _ in self.crawled if name == site]


@pytest.fixture
def root(tmp_path):
    Store.open(tmp_path).close()
    return tmp_path


@pytest.fixture
def days():
    return Days()


def put(root, *entries, now=START):
    with Store.open(root) as store:
        for values in entries:
            timing = read_timing(values.pop("timing", "cron 15 2 * * *"))
            ScheduleTable(store).set(Entry(**({"job": Job.CRAWL, "timing": timing} | values)), now)


def go(root, days, **wishes):
    return run_due(Wishes(root=root, **wishes), crawl=days.crawl, clock=days)


def live(root, days, until):
    """What a timer that fires every 55 minutes does."""
    while days.time < until:
        assert go(root, days).is_good
        days.time += 3300


def test_a_month_with_tet_and_an_outage_runs_every_due_crawl_once(root, days):
    papers = [f"bao{n:02}" for n in range(6)]
    put(root, *({"site": x, "hours": NIGHT, "jitter_s": 1800.0} for x in papers))
    put(root, {"site": "bao00", "job": Job.BACKFILL, "timing": "cron 0 3 1 * *", "months": 2})
    put(root, {"site": "ngay", "timing": "every 6", "jitter_s": 600.0})
    live(root, days, START + 15 * DAY)
    days.time = START + 18 * DAY + 12 * HOUR  # three days without electricity
    live(root, days, START + 31 * DAY)
    nights = set(range(15)) | set(
        range(18, 31)
    )  # what was missed: once, when the next night begins
    for paper in papers:
        times = [at for at, site, x in days.crawled if site == paper and not x.backfill]
        assert [round((at - START) // DAY) for at in times] == sorted(nights)
        assert all(NIGHT.hold(at) for at in times)
    assert len([x for _, site, x in days.crawled if x.backfill]) == 1
    # four a day, and one for all that were missed
    assert len(days.times("ngay")) == pytest.approx(4 * 28, abs=2)


def test_no_site_is_crawled_beside_itself_in_a_month(root, days):
    put(root, {"site": "bao"}, {"site": "bao", "job": Job.RECHECKS, "timing": "every 1"})
    put(root, {"site": "bao", "job": Job.BACKFILL, "timing": "cron 15 2 * * *"})
    live(root, days, START + 5 * DAY)
    at_a_time = defaultdict(int)
    for at, site, _ in days.crawled:
        at_a_time[at, site] += 1
    assert set(at_a_time.values()) == {1}


def test_after_downtime_crawls_do_not_all_begin_at_once(root, days):
    put(root, *({"site": f"bao{n}", "jitter_s": 3600.0} for n in range(12)))
    days.time = START + 10 * DAY
    report = go(root, days, at_once=4)
    assert sorted(one.site for one in report.done) == sorted(f"bao{n}" for n in range(12))
    assert len({at for at, *_ in days.crawled}) >= 3
    assert go(root, days).done == []


def test_once_begins_what_was_missed_at_once_and_leaves_the_rest_by_max(root, days):
    put(root, *({"site": f"bao{n}"} for n in range(5)))
    days.time = START + 3 * DAY
    assert len(go(root, days, once=True, most=2).done) == 2
    assert len(go(root, days, once=True).done) == 3


def test_a_second_scheduler_does_nothing(root, days):
    put(root, {"site": "bao"})
    days.time += DAY
    with scheduler_lock(root), pytest.raises(SchedulerBusy, match=r"process \d+ on .* is doing what is due"):  # fmt: skip
        go(root, days)
    assert days.crawled == []


def test_two_schedulers_in_turns_run_each_job_once(root, days):
    put(root, {"site": "bao", "jitter_s": 900.0})
    while days.time < START + 6 * DAY:
        go(root, days)
        go(root, days)
        days.time += 3300
    assert len(days.times("bao")) == 6


def test_a_site_crawled_by_hand_stays_due(root, days):
    put(root, {"site": "bao"}, {"site": "other"})
    days.time += DAY
    with Store.open(root) as store:
        lock = SiteLock(store, "bao")
        lock.acquire()
        report = go(root, days)
        assert [one.site for one in report.done] == ["other"]
        assert "bao is being crawled by process" in report.notes[0]
        lock.release(None)
    assert [one.site for one in go(root, days).done] == ["bao"]


def test_a_failed_crawl_makes_the_report_bad_and_is_recorded(root, days):
    put(root, {"site": "bao"})
    days.reasons["bao"] = "unreachable"
    days.time += DAY
    report = go(root, days)
    assert not report.is_good
    with Store.open(root) as store:
        [run] = ScheduleTable(store).last("bao")
        assert (run.reason, ScheduleTable(store).all()[0].failures) == ("unreachable", 1)


def test_a_stopped_crawl_ends_the_round_and_stays_due(root, days):
    put(root, {"site": "bao"}, {"site": "other", "job": Job.RECHECKS})
    days.reasons["bao"] = "interrupted"
    days.time += DAY
    report = go(root, days)
    assert report.is_stopped
    assert [one.site for one in report.done] == ["bao"]
    days.reasons.clear()
    assert [one.site for one in go(root, days).done] == ["bao", "other"]


def test_nothing_is_fetched_when_the_disk_is_nearly_full(root, days):
    put(root, {"site": "bao"})
    days.time += DAY
    report = go(root, days, least_mb=10**12)
    assert days.crawled == []
    assert "nothing more is fetched" in report.problems[0]
    with Store.open(root) as store:
        assert [x.kind for x in open_alarms(store.connection)] == [Kind.DISK_FULL]


def test_a_paper_without_a_site_file_is_named_and_not_crawled(root, days):
    put(root, {"site": "gone"}, {"site": "bao"})
    days.time += DAY
    report = go(root, days, why_not=lambda site: "no site file" if site == "gone" else None)
    assert [one.site for one in report.done] == ["bao"]
    assert report.problems == ["gone is scheduled but not crawled: no site file (`dqtv schedule remove gone`)"]  # fmt: skip


def test_a_long_backfill_lets_daily_crawls_pass(root, days):
    put(root, {"site": "bao", "job": Job.BACKFILL, "timing": "cron 0 3 * * *"})
    put(root, {"site": "daily", "timing": "cron 15 3 * * *"})
    days.time, days.unfinished = START + 3 * HOUR + 10 * 60, 3
    report = go(root, days)
    assert [one.site for one in report.done] == ["bao", "daily", "bao", "bao", "bao"]
    request = days.crawled[0][2]
    assert (request.max_pages, request.backfill) == (BACKFILL_SLICE, "2026-11..2026-12")


def test_the_hours_end_the_crawl(root, days):
    put(root, {"site": "bao", "hours": NIGHT})
    days.time = START + 2 * HOUR + 20 * 60
    go(root, days)
    assert days.crawled[0][2].until == {"bao": START + 6 * HOUR}


def test_the_last_months_are_whole_and_the_same_all_month_long():
    assert last_months(START, 2) == "2026-11..2026-12"
    assert last_months(START + 6 * DAY, 2) == "2026-11..2026-12"
    assert last_months(START + 7 * DAY, 1) == "2027-01..2027-01"


def test_a_clock_set_back_by_an_hour_repeats_no_crawl(root, days):
    put(root, {"site": "bao"})
    days.time = START + 2 * HOUR + 15 * 60
    assert len(go(root, days).done) == 1
    days.time -= HOUR
    live(root, days, START + DAY)
    assert len(days.times("bao")) == 1
    live(root, days, START + 2 * DAY)
    assert len(days.times("bao")) == 2
