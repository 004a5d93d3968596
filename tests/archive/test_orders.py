"""Orders: asked once, taken once, never lost, never deleted."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from archive.audit import read_trail
from archive.errors import ArchiveUnwritable, BadDateRange, UnknownSite, UsageError
from archive.order_wording import TEXT, said, unpacked
from archive.order_work import (
    MOST_TRIES,
    OUT_OF_SIGHT_S,
    close_idle_stops,
    expire,
    finish,
    note_wait,
    put_back,
    stay_at_work,
    stops_for,
    take,
    take_up,
)
from archive.orders import (
    EXPIRES_AFTER_S,
    Kind,
    Options,
    Outcome,
    ask,
    cancel,
    find_order,
    last_orders,
    open_orders,
)
from archive.processes import this_process
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_timing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC).timestamp()
DONE = said("crawled", reason="finished", fetched=3, accepted=1)
WHO = "Lan"


def order(store, kind=Kind.CRAWL, site="bao", *, now=NOW, **options):
    said = Options(**options)
    return ask(store, kind, site, asked_by=WHO, now=now, options=said, known={"bao", "tin"})


def taken_by(store, number, holder):
    """As another process would have taken it."""
    with store.transaction():
        store.connection.execute(
            "UPDATE orders SET taken_at = '2026-11-25T03:00:00Z', seen_at = '2026-11-25T03:00:00Z',"
            " holder = ? WHERE id = ?",
            (holder, number),
        )


def dead_process():
    """The name of a process that has ended."""
    code = "from archive.processes import this_process; print(this_process())"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_an_order_is_kept_as_it_was_asked(store):
    asked = ask(
        store, Kind.CRAWL, "bao", asked_by=" Lan ", now=NOW, known={"bao"}, note=" gấp ",
        options=Options(job=Job.BACKFILL, span="2019..2020", max_pages=50, any_hour=True),
    )  # fmt: skip
    assert (asked.asked_by, asked.note, asked.options.span) == ("Lan", "gấp", "2019..2020")
    assert asked.asked_at.timestamp() == NOW
    assert asked.expires_at.timestamp() == NOW + EXPIRES_AFTER_S
    assert asked.is_waiting
    assert open_orders(store.connection) == [asked]
    assert (
        read_trail(store.connection)[0].detail
        == "crawl, backfill 2019..2020, 50 pages, at any hour"
    )


def test_a_paper_nobody_knows_is_refused_by_name(store):
    with pytest.raises(UnknownSite, match="'la'"):
        order(store, site="la")
    assert open_orders(store.connection) == []


def test_without_a_list_the_papers_of_the_archive_are_known_except_retired_ones(store):
    with store.transaction():
        for site, status in (("bao", "active"), ("cu", "former")):
            store.sync_site({
                "id": site, "name": site, "province": None, "homepage": "http://x", "family": None,
                "languages": "[]", "status": status,
            })  # fmt: skip
    assert ask(store, Kind.CRAWL, "bao", asked_by=WHO, now=NOW).id == 1
    with pytest.raises(UnknownSite):
        ask(store, Kind.CRAWL, "cu", asked_by=WHO, now=NOW)


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        (Kind.CRAWL, {"job": Job.BACKFILL}, UsageError),
        (Kind.CRAWL, {"span": "2019"}, UsageError),
        (Kind.CRAWL, {"job": Job.BACKFILL, "span": "2021..2019"}, BadDateRange),
        (Kind.CRAWL, {"job": Job.BACKFILL, "span": "hôm qua"}, BadDateRange),
        (Kind.CRAWL, {"max_pages": 0}, UsageError),
        (Kind.CHECK, {"max_pages": 5}, UsageError),
        (Kind.CHECK, {"job": Job.CRAWL}, UsageError),
        (Kind.PAUSE, {"any_hour": True}, UsageError),
    ],
)
def test_what_makes_no_sense_is_not_written(store, kind, options, error):
    with pytest.raises(error):
        order(store, kind, **options)
    assert open_orders(store.connection) == []


@pytest.mark.parametrize(("who", "note"), [("  ", None), ("x" * 101, None), ("Lan", "x" * 1001)])
def test_names_and_notes_have_bounds(store, who, note):
    with pytest.raises(UsageError):
        ask(store, Kind.CRAWL, "bao", asked_by=who, now=NOW, note=note, known={"bao"})


def test_the_same_is_asked_once_at_a_time(store):
    first = order(store)
    with pytest.raises(UsageError, match="Lan has asked for the same already \\(order 1\\)"):
        order(store)
    other = order(store, job=Job.RECHECKS)
    assert finish(store, first.id, Outcome.DONE, DONE, now=NOW)
    assert [one.id for one in open_orders(store.connection)] == [other.id]
    assert order(store).id == 3


def test_there_is_a_bound_to_open_orders(store):
    for pages in range(1, 101):
        order(store, max_pages=pages)
    with pytest.raises(UsageError, match="100 orders are open"):
        order(store, max_pages=101)


def test_a_stop_names_the_run_it_is_for(store):
    with pytest.raises(UsageError, match="no crawl of bao is running"):
        order(store, Kind.STOP)
    start_run(store, "r1", site="bao", command="crawl")
    assert order(store, Kind.STOP).run_id == "r1"
    [asked] = stops_for(store.connection, {"bao": "r1", "tin": "r2"})
    assert asked.kind is Kind.STOP
    assert stops_for(store.connection, {"bao": "r9"}) == []


def test_a_stop_whose_crawl_has_ended_stops_no_later_one(store):
    start_run(store, "r1", site="bao", command="crawl")
    order(store, Kind.STOP)
    finish_run(store, "r1", "finished", RunCounts())
    start_run(store, "r2", site="bao", command="crawl")
    assert order(store, Kind.STOP).run_id == "r2"
    close_idle_stops(store, now=NOW)
    assert [one.run_id for one in open_orders(store.connection)] == ["r2"]
    assert find_order(store.connection, 1).outcome is Outcome.DONE


def test_only_what_is_scheduled_can_be_paused(store):
    with pytest.raises(UsageError, match="nothing of bao is scheduled"):
        order(store, Kind.PAUSE)
    entry = Entry(site="bao", job=Job.CRAWL, timing=read_timing("every 6"))
    ScheduleTable(store).set(entry, NOW)
    with pytest.raises(UsageError, match="no backfill of bao"):
        order(store, Kind.PAUSE, job=Job.BACKFILL)
    assert order(store, Kind.PAUSE).is_waiting


def test_of_two_processes_one_takes_an_order(store):
    asked = order(store)
    with Store.open(store.root) as other:
        assert [take(one, asked.id, now=NOW) for one in (store, other)] == [True, False]
    assert find_order(store.connection, asked.id).holder == this_process()


def test_an_order_that_was_taken_cannot_be_taken_back(store):
    asked, second = order(store), order(store, site="tin")
    assert cancel(store, second.id, by="Minh", now=NOW).outcome is Outcome.CANCELLED
    take(store, asked.id, now=NOW)
    with pytest.raises(UsageError, match="being obeyed by process"):
        cancel(store, asked.id, by="Minh", now=NOW)
    with pytest.raises(UsageError, match="order 2 is over"):
        cancel(store, second.id, by="Minh", now=NOW)


def test_how_an_order_ended_is_said_once(store):
    asked = order(store)
    take(store, asked.id, now=NOW)
    assert finish(store, asked.id, Outcome.DONE, DONE, now=NOW, run_id="r1", result={"a": 1})
    assert not finish(store, asked.id, Outcome.FAILED, said("no answer"), now=NOW)
    ended = find_order(store.connection, asked.id)
    assert (ended.outcome, ended.message, ended.run_id) == (Outcome.DONE, DONE, "r1")
    assert ended.result == {"a": 1}


def test_an_order_nobody_takes_expires_and_says_why_it_waited(store):
    asked = order(store)
    note_wait(store, asked, said("other order"))
    assert expire(store, now=NOW + EXPIRES_AFTER_S - 1) == []
    assert [one.id for one in expire(store, now=NOW + EXPIRES_AFTER_S)] == [asked.id]
    ended = find_order(store.connection, asked.id)
    assert (ended.outcome, str(ended.message)) == (
        Outcome.EXPIRED, "nobody took it in time: another order for the paper is being obeyed",
    )  # fmt: skip


def test_what_is_being_obeyed_does_not_expire(store):
    asked = order(store)
    take(store, asked.id, now=NOW)
    assert expire(store, now=NOW + 10 * EXPIRES_AFTER_S) == []


def test_a_clock_set_back_lets_no_order_expire_early_and_none_be_taken_twice(store):
    asked = order(store)
    assert expire(store, now=NOW - EXPIRES_AFTER_S) == []
    assert take(store, asked.id, now=NOW - EXPIRES_AFTER_S)
    assert not take(store, asked.id, now=NOW - 2 * EXPIRES_AFTER_S)
    assert take_up(store, now=NOW - 2 * EXPIRES_AFTER_S) == []


def test_an_order_whose_process_died_is_taken_up_again_and_given_up_in_the_end(store):
    asked, dead = order(store), dead_process()
    for tries in range(1, MOST_TRIES):
        taken_by(store, asked.id, dead)
        take_up(store, now=NOW)
        waiting = find_order(store.connection, asked.id)
        assert (waiting.is_waiting, waiting.tries) == (True, tries)
    taken_by(store, asked.id, dead)
    take_up(store, now=NOW)
    ended = find_order(store.connection, asked.id)
    assert ended.outcome is Outcome.FAILED
    assert "died at it" in str(ended.message)


def test_a_live_process_keeps_its_order(store):
    asked = order(store)
    take(store, asked.id, now=NOW)
    assert take_up(store, now=NOW + 10 * OUT_OF_SIGHT_S) == []


def test_a_process_elsewhere_keeps_its_order_while_it_says_so(store):
    asked = order(store)
    taken_by(store, asked.id, "elsewhere 12 345")
    assert take_up(store, now=NOW + OUT_OF_SIGHT_S - 1) == []
    assert [one.id for one in take_up(store, now=NOW + OUT_OF_SIGHT_S + 1)] == [asked.id]


def test_a_process_at_work_says_so_for_its_own_orders_only(store):
    mine, other = order(store), order(store, site="tin")
    take(store, mine.id, now=NOW)
    taken_by(store, other.id, "elsewhere 12 345")
    stay_at_work(store, now=NOW + 60)
    seen = [one.seen_at.timestamp() for one in open_orders(store.connection)]
    assert seen == [NOW + 60, NOW]


def test_a_stop_whose_crawl_died_is_done(store):
    start_run(store, "r1", site="bao", command="crawl")
    asked = order(store, Kind.STOP)
    taken_by(store, asked.id, dead_process())
    take_up(store, now=NOW)
    assert find_order(store.connection, asked.id).outcome is Outcome.DONE


def test_every_step_stands_in_the_trail(store):
    asked = order(store)
    take(store, asked.id, now=NOW + 1)
    put_back(store, asked, said("unwritten"), now=NOW + 2)
    take(store, asked.id, now=NOW + 3)
    finish(store, asked.id, Outcome.DONE, DONE, now=NOW + 4)
    trail = read_trail(store.connection, order_id=asked.id)
    assert [one.action for one in trail] == ["finished", "taken", "put back", "taken", "asked"]
    assert (trail[-1].who, unpacked(trail[2].detail)) == (WHO, said("unwritten"))


@pytest.mark.parametrize(
    "statement", ["DELETE FROM orders", "DELETE FROM audit", "UPDATE audit SET who = 'x'"]
)
def test_nothing_of_it_can_be_deleted(store, statement):
    order(store)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        store.connection.execute(statement)


def test_the_newest_orders_come_first(store):
    first, second = order(store), order(store, site="tin")
    assert last_orders(store.connection) == [second, first]
    assert last_orders(store.connection, site="bao") == [first]


def test_a_full_disk_loses_no_order_and_says_so(store):
    asked = order(store)
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ArchiveUnwritable, match="disk is full"):
        finish(store, asked.id, Outcome.DONE, said(TEXT, text="x" * 100_000), now=NOW)
    with closing(sqlite3.connect(store.path)) as other:
        assert other.execute("SELECT count(*) FROM orders WHERE id = 1").fetchone() == (1,)
    assert find_order(store.connection, asked.id).is_waiting
