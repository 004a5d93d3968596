"""What those who only look are shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from archive.crawl_log import CrawlLog, LogLine
from archive.errors import ArchiveError, SchemaMismatch
from archive.health.alarms import Finding, see
from archive.health.alarms import Kind as AlarmKind
from archive.instants import VIETNAM
from archive.locks import SiteLock
from archive.operations import State, overview, public_summary, reading, running, upcoming
from archive.order_work import take
from archive.orders import Kind, ask
from archive.processes import this_process
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.timing import read_hours, read_timing

NOON = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)  # 12:00 in Vietnam
NOW = NOON.timestamp()


def site(store, name="bao"):
    with store.transaction():
        store.sync_site({
            "id": name, "name": name.title(), "province": None, "homepage": "http://x", "family": None,
            "languages": "[]", "status": "active",
        })  # fmt: skip


def crawl_ended(store, name, reason, at, run_id=None):
    run_id = run_id or f"{name}-{at:%d%H}"
    start_run(store, run_id, site=name, command="crawl", now=at)
    finish_run(store, run_id, reason, RunCounts(fetched=5), now=at + timedelta(minutes=9))


def line(store, position, outcome, reason=None):
    with store.transaction():
        CrawlLog(store.connection).add(LogLine(
            run_id="r1", position=position, site="bao", url=f"http://bao/{position}", kind="article",
            outcome=outcome, reason=reason,
        ))  # fmt: skip


def test_a_running_crawl_is_shown_with_what_it_does_and_who_asked(store):
    lock = SiteLock(store, "bao")
    lock.acquire()
    asked = ask(store, Kind.CRAWL, "bao", asked_by="Lan", now=NOW, known={"bao"})
    take(store, asked.id, now=NOW)
    start_run(store, "r1", site="bao", command="crawl", now=NOON)
    for position, outcome in enumerate(("new", "unchanged", "failed", "new"), start=1):
        line(store, position, outcome, "http_404" if outcome == "failed" else None)
    stop = ask(store, Kind.STOP, "bao", asked_by="Minh", now=NOW, known={"bao"})
    with reading(store.root) as db:
        [one] = running(db)
    assert (one.site, one.requests, one.failed, one.last_url) == ("bao", 4, 1, "http://bao/4")
    assert one.accepted == 2
    assert (one.order_id, one.stop_order_id) == (asked.id, stop.id)
    assert (one.is_here, one.process) == (True, int(this_process().split()[1]))
    assert one.seen_at is not None


def test_a_crawl_that_was_killed_is_not_shown_as_running(store):
    start_run(store, "r1", site="bao", command="crawl", now=NOON)
    with store.transaction():
        store.connection.execute("UPDATE runs SET holder = ?", ("elsewhere 1 2",))
    with reading(store.root) as db:
        assert running(db) == []


def test_what_comes_next_is_in_order_with_hours_kept_and_paused_jobs_last(store):
    table = ScheduleTable(store)
    for name, values in {
        "dem": {"hours": read_hours("22:00-06:00")}, "due": {}, "rest": {}, "soon": {},
    }.items():  # fmt: skip
        table.set(Entry(site=name, job=Job.CRAWL, timing=read_timing("every 6"), **values), NOW)
    with store.transaction():
        for name, next_at in (("dem", -60), ("due", -60), ("rest", -60), ("soon", 60)):
            store.connection.execute(
                "UPDATE schedules SET next_at = ? WHERE site = ?", (NOW + next_at, name)
            )
    table.pause([x for x in table.all() if x.entry.site == "rest"], NOW)
    with reading(store.root) as db:
        shown = upcoming(db, NOW)
    assert [(x.site, x.is_due) for x in shown] == [
        ("due", True), ("soon", False), ("dem", False), ("rest", False),
    ]  # fmt: skip
    assert shown[2].next_at == NOON + timedelta(hours=10)


def test_the_overview_has_runs_orders_and_alarms(store):
    site(store)
    for day in range(1, 6):
        crawl_ended(store, "bao", "finished", NOON - timedelta(days=day))
    ask(store, Kind.CRAWL, "bao", asked_by="Lan", now=NOW)
    with store.transaction():
        see(store.connection, [Finding(site="bao", kind=AlarmKind.NOTHING_NEW)], NOON)
    ScheduleTable(store).look(NOW)
    with reading(store.root) as db:
        shown = overview(db, NOW, runs_each=2)
    assert [run.started_at.day for run in shown.last_runs["bao"]] == [24, 23]
    assert (len(shown.open_orders), len(shown.last_orders), len(shown.alarms)) == (1, 1, 1)
    assert shown.schedule_seen_at == NOON


@pytest.mark.parametrize(
    ("days_ago", "reason", "alarm", "state"),
    [
        (1, "finished", False, State.OK),
        (1, "unreachable", False, State.QUIET),
        (8, "finished", False, State.QUIET),
        (1, "finished", True, State.PROBLEM),
    ],
)
def test_the_public_learns_a_papers_state_in_a_word(store, days_ago, reason, alarm, state):
    site(store)
    crawl_ended(store, "bao", reason, NOON - timedelta(days=days_ago))
    if alarm:
        url = "http://bao/secret"
        empty = Finding(site="bao", kind=AlarmKind.LIST_EMPTY, field=url, example_url=url)
        with store.transaction():
            see(store.connection, [empty], NOON - timedelta(days=3))
            see(store.connection, [attrs.evolve(empty, field=f"{url}/2")], NOON)
    with reading(store.root) as db:
        [paper] = public_summary(db, NOW)
    assert (paper.name, paper.state) == ("Bao", state)
    oldest = (NOON - timedelta(days=3)).astimezone(VIETNAM).date()
    told = [(x.kind, x.since) for x in paper.alarms]
    assert told == ([(AlarmKind.LIST_EMPTY, oldest)] if alarm else [])
    assert "http" not in repr(paper)


def test_the_last_good_day_is_vietnams(store):
    site(store)
    crawl_ended(store, "bao", "finished", datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    crawl_ended(store, "bao", "unreachable", NOON)
    with reading(store.root) as db:
        assert public_summary(db, NOW)[0].last_good_day == date(2026, 11, 25)


def test_whoever_looks_can_change_nothing(store):
    with reading(store.root) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("UPDATE schedules SET priority = 1")


def test_where_there_is_no_archive_or_another_programs_it_is_said(tmp_path):
    with pytest.raises(ArchiveError, match="is not there"), reading(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "archive.db")) as foreign:
        foreign.execute("CREATE TABLE runs (id)")
    with pytest.raises(SchemaMismatch, match="another program"), reading(tmp_path):
        pass


def test_every_look_at_much_history_uses_an_index(store):
    explained = {
        "SELECT id FROM runs WHERE finished_at IS NULL ORDER BY started_at DESC LIMIT 5": "runs_open",
        "SELECT id FROM orders WHERE finished_at IS NULL ORDER BY id LIMIT 5": "orders_in_order",
        "SELECT id FROM runs WHERE site = 'x' ORDER BY started_at DESC LIMIT 3": "runs_by_site",
    }
    for query, index in explained.items():
        plan = store.connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        assert index in plan[0][3], query
