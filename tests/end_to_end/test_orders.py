"""Orders as an archivist gives them, obeyed by real processes that visit the demo press."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing, contextmanager

import pytest

from archive.operations import reading, running
from archive.orders import Outcome, find_order, open_orders
from archive.store import Store
from scraper.demo.press import DemoPress

PAPER = "demo-songmay"
#: Generated articles that, asked for slowly, make a crawl last much longer than it takes to stop it.
MANY = 400

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def large_press(dqtv):
    with DemoPress(port=dqtv.port, scale=MANY) as press:
        press.set_fault(PAPER, "slow")
        yield press


def until(look, *processes, seconds=90.0):
    """What *look* gives once it is anything; the table is the clock, the seconds only a bound."""
    give_up = time.monotonic() + seconds
    while not (found := look()):
        assert all(one.poll() is None for one in processes), [x.communicate() for x in processes]
        assert time.monotonic() < give_up, f"it did not come to that in {seconds} s"
        time.sleep(0.05)
    return found


@contextmanager
def watching(dqtv, **options):
    """``dqtv watch``, ended when the block does; what it said is nobody's concern, so it fills no pipe."""
    process = dqtv.start("watch", "--contact", "https://example.org", **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


def order(dqtv, *arguments):
    return dqtv("orders", "add", *arguments, "--by", "Lan", "--json").json()["id"]


def state(dqtv, number):
    with Store.open(dqtv.archive) as store:
        return find_order(store.connection, number)


def finished(dqtv, number):
    return lambda: (one := state(dqtv, number)).finished_at and one


def crawling(dqtv, requests=20):
    """Looks for a crawl that is well under way."""

    def look():
        with reading(dqtv.archive) as db:
            return next((one for one in running(db) if one.requests >= requests), None)

    return look


def runs(dqtv):
    return dqtv("runs", "--json").json()["runs"]


def test_run_due_obeys_orders_before_what_is_due(dqtv, press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    crawl, check = (
        order(dqtv, "crawl", PAPER, "--max-pages", "20"),
        order(dqtv, "check", "demo-culao"),
    )
    [first, second] = sorted(dqtv("run-due", "--json").json()["orders"], key=lambda x: x["id"])
    assert (first["id"], first["outcome"]) == (crawl, "done")
    assert (second["id"], second["outcome"]) == (check, "done")
    assert state(dqtv, check).result["pages"] == 5
    [run] = runs(dqtv)
    assert (run["id"], run["reason"]) == (state(dqtv, crawl).run_id, "page limit")
    assert dqtv("orders", "list").out.startswith("no order is open")
    assert (
        "Lan: asked, order 1, demo-songmay, crawl, 20 pages"
        in dqtv("orders", "list", "--trail").out
    )


def test_an_order_of_nonsense_says_what_is_wrong(dqtv):
    Store.open(dqtv.archive).close()
    assert "unknown site 'bao'" in dqtv("orders", "add", "crawl", "bao", code=2).err
    assert (
        "no crawl of demo-culao is running"
        in dqtv("orders", "add", "stop", "demo-culao", code=2).err
    )
    order(dqtv, "crawl", PAPER)
    assert "Lan has asked for the same already" in dqtv("orders", "add", "crawl", PAPER, code=2).err
    assert "taken back" in dqtv("orders", "cancel", "1").out
    assert "order 1 is over" in dqtv("orders", "cancel", "1", code=2).err


def test_a_crawl_begun_by_hand_is_stopped_by_order_as_by_ctrl_c(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    crawl = dqtv.start("crawl", PAPER, "--json")
    until(crawling(dqtv), crawl)
    number = order(dqtv, "stop", PAPER, "--note", "máy chủ quá tải")
    out, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 1
    assert '"stopped by order"' in out, err
    assert f"stopped by order {number} of Lan: máy chủ quá tải" in out
    assert state(dqtv, number).outcome is Outcome.DONE
    [run] = runs(dqtv)
    assert (run["id"], run["reason"]) == (state(dqtv, number).run_id, "stopped by order")
    with Store.open(dqtv.archive) as store:
        [(leased,)] = store.connection.execute(
            "SELECT count(*) FROM frontier WHERE state = 'leased'"
        )
        assert leased == 0


def test_watch_begins_and_stops_crawls_by_order_and_two_of_them_begin_one(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    with watching(dqtv) as first, watching(dqtv) as second:
        crawl = order(dqtv, "crawl", PAPER)
        shown = until(crawling(dqtv), first, second)
        assert (shown.site, shown.order_id) == (PAPER, crawl)
        stop = order(dqtv, "stop", PAPER)
        until(finished(dqtv, crawl), first, second)
        until(finished(dqtv, stop), first, second)
    assert state(dqtv, crawl).outcome is Outcome.DONE
    assert f"stopped by order {stop} of Lan" in str(state(dqtv, crawl).message)
    assert len(runs(dqtv)) == 1


def test_a_stop_ends_a_backfill_by_order_as_a_whole(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    with watching(dqtv) as watch:
        backfill = order(dqtv, "crawl", PAPER, "--backfill", "2010..2026")
        until(crawling(dqtv, 60), watch)
        stop = order(dqtv, "stop", PAPER)
        until(finished(dqtv, backfill), watch)
        until(finished(dqtv, stop), watch)
        # whatever the watch does next, it has looked at the orders since
        until(finished(dqtv, order(dqtv, "check", "demo-culao")), watch)
        [run] = runs(dqtv)
        assert (run["id"], run["reason"]) == (state(dqtv, stop).run_id, "stopped by order")
        assert state(dqtv, backfill).outcome is Outcome.DONE
        assert f"stopped by order {stop} of Lan" in str(state(dqtv, backfill).message)


def test_a_scheduled_backfill_that_is_stopped_waits_for_its_next_regular_time(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    job = ("--job", "backfill", "--months", "200", "--every", "24", "--jitter", "0")
    dqtv("schedule", "set", PAPER, *job)
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database:
        database.execute("UPDATE schedules SET next_at = next_at - 86400")
        database.commit()
    with watching(dqtv) as watch:
        until(crawling(dqtv, 60), watch)
        stop = order(dqtv, "stop", PAPER)
        until(finished(dqtv, stop), watch)
        until(finished(dqtv, order(dqtv, "check", "demo-culao")), watch)
    [run] = runs(dqtv)
    assert run["reason"] == "stopped by order"
    [planned] = dqtv("schedule", "show", PAPER, "--json").json()["schedule"]
    [ended] = dqtv("schedule", "show", PAPER, "--json").json()["runs"]
    assert (ended["reason"], planned["next_at"] > time.time()) == ("stopped by order", True)


def test_an_ordered_crawl_whose_process_is_killed_is_taken_up_again(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    with watching(dqtv) as watch:
        number = order(dqtv, "crawl", PAPER)
        first = until(crawling(dqtv), watch)
        os.kill(first.process, signal.SIGKILL)
        again = until(lambda: (x := crawling(dqtv, 1)()) and x.run_id != first.run_id and x, watch)
        assert (again.order_id, state(dqtv, number).tries) == (number, 1)
        order(dqtv, "stop", PAPER)
        until(finished(dqtv, number), watch)
    assert state(dqtv, number).run_id == again.run_id


def test_an_order_is_not_lost_when_the_watch_itself_is_killed(dqtv, large_press):  # noqa: ARG001 - the press has to be there
    Store.open(dqtv.archive).close()
    with watching(dqtv) as watch:
        number = order(dqtv, "crawl", PAPER)
        crawl = until(crawling(dqtv), watch)
        watch.kill()
        os.kill(crawl.process, signal.SIGKILL)
    assert "the process that obeyed it is gone" in dqtv("doctor", code=1).out
    with watching(dqtv) as watch:
        again = until(crawling(dqtv, 1), watch)
        assert (again.order_id, state(dqtv, number).tries) == (number, 1)
    # a watch that is told to end gives its order back
    with Store.open(dqtv.archive) as store:
        [waiting] = open_orders(store.connection)
    assert (waiting.id, waiting.is_waiting, str(waiting.message)) == (
        number,
        True,
        "the crawler was stopped",
    )
    assert runs(dqtv)[0]["reason"] == "interrupted"
