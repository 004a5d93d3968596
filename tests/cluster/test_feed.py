"""From the schedule to the engine's queue and back."""

import subprocess
import sys

import attrs
import pytest
from click.testing import CliRunner

pytest.importorskip("procrastinate", reason="the extra `cluster` is not installed")

from archive.instants import instant_of
from archive.locks import scheduler_lock
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_every, read_hours
from scraper.cluster import tables
from scraper.cluster.cli import feed_command
from scraper.cluster.database import connected
from scraper.cluster.engine import Asked
from scraper.cluster.feed import defer, feed

NOW = 1_795_000_000.0


@attrs.frozen
class Hub:
    root: object
    dsn: str

    def schedule(self, *sites, **more):
        with Store.open(self.root) as store:
            for site in sites:
                entry = Entry(**{"site": site, "job": Job.CRAWL, "timing": read_every(6)} | more)
                ScheduleTable(store).set(entry, NOW - 7 * 3600)

    def feed(self, now=NOW, **more):
        return feed(self.root, self.dsn, now=now, **more)

    def query(self, sql, *values):
        with connected(self.dsn) as connection:
            return [tuple(row.values()) for row in connection.execute(sql, values).fetchall()]

    def end(self, site, status):
        self.query(
            "UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status WHERE lock = %s RETURNING id",
            status,
            f"site:{site}",
        )

    def came_home(self, site, reason, at):
        with Store.open(self.root) as store:
            start_run(store, f"run-{at}", site=site, command="crawl", now=instant_of(at))
            finish_run(store, f"run-{at}", reason, RunCounts(), now=instant_of(at + 60))

    def runs(self):
        with Store.open(self.root) as store:
            return [(run.site, run.reason) for run in ScheduleTable(store).last()]

    def next_at(self, site, job=Job.CRAWL):
        with Store.open(self.root) as store:
            return ScheduleTable(store).get(site, job).next_at


@pytest.fixture
def hub(postgres, tmp_path):
    with connected(postgres) as connection:
        tables.prepare(connection)
    return Hub(tmp_path / "archive", postgres)


def test_what_is_due_becomes_a_job_with_the_lock_of_its_site_and_no_queueing_lock(hub):
    hub.schedule("a", "b")
    assert sorted(hub.feed().deferred) == [("a", "crawl"), ("b", "crawl")]
    assert sorted(hub.query("SELECT lock, queueing_lock, args->>'site' FROM procrastinate_jobs")) == [
        ("site:a", None, "a"), ("site:b", None, "b"),
    ]  # fmt: skip
    assert sorted(hub.runs()) == [("a", None), ("b", None)]


def test_a_site_whose_job_waits_or_runs_gets_no_second_one(hub):
    hub.schedule("a")
    hub.feed()
    assert hub.feed().deferred == ()
    hub.end("a", "doing")
    assert hub.feed().deferred == ()


def test_beside_another_that_does_what_is_due_nothing_is_fed(hub):
    """`dqtv run-due` would crawl the same papers, under a lock that no worker sees."""
    hub.schedule("a")
    command = [
        sys.executable,
        "-m",
        "scraper",
        "cluster",
        "feed",
        "--once",
        "--archive",
        hub.root,
        "--database",
        hub.dsn,
    ]
    with scheduler_lock(hub.root):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "is doing what is due" in done.stderr) == (1, True)
    assert hub.query("SELECT 1 AS one FROM procrastinate_jobs") == []


def test_the_command_queues_what_is_due(hub, monkeypatch):
    monkeypatch.setenv("DQTV_CLUSTER_DATABASE", hub.dsn)
    hub.schedule("demo-culao")
    done = CliRunner().invoke(feed_command, ["--once", "--archive", str(hub.root)])
    assert (done.exit_code, done.output) == (0, "demo-culao: crawl is queued\n")


def test_a_crawl_that_came_home_ends_its_scheduled_run_and_plans_the_next(hub):
    hub.schedule("a")
    hub.feed()
    hub.came_home("a", "finished", NOW + 60)
    hub.end("a", "succeeded")
    assert hub.feed(NOW + 600).ended == (("a", "finished"),)
    assert hub.runs() == [("a", "finished")]
    assert hub.next_at("a") > NOW + 600


def test_a_job_that_the_site_made_fail_is_asked_less_often(hub):
    hub.schedule("a")
    hub.feed()
    hub.came_home("a", "unreachable", NOW + 60)
    hub.end("a", "succeeded")
    hub.feed(NOW + 600)
    with Store.open(hub.root) as store:
        assert ScheduleTable(store).get("a", Job.CRAWL).failures == 1


def test_a_crawl_that_died_without_anything_coming_home_is_taken_up_again(hub):
    hub.schedule("a")
    hub.feed()
    hub.end("a", "failed")
    fed = hub.feed(NOW + 600)
    assert fed.ended == (("a", "ended without saying so"),)
    assert fed.deferred == (("a", "crawl"),)


def test_hours_and_months_reach_the_job(hub):
    hub.schedule("a", job=Job.BACKFILL, months=3, hours=read_hours("00:00-23:59"))
    hub.feed()
    ((args,),) = hub.query("SELECT args FROM procrastinate_jobs")
    assert args["backfill"] == "2026-08..2026-10"
    assert args["until"] > NOW


def test_a_site_that_is_not_crawled_any_more_is_named(hub):
    hub.schedule("a", "b")
    fed = hub.feed(why_not=lambda site: "switched off" if site == "a" else None)
    assert fed.deferred == (("b", "crawl"),)
    assert fed.problems == (
        "a is scheduled but not crawled: switched off (`dqtv schedule remove a`)",
    )


def test_a_schedule_entry_removed_meanwhile_leaves_its_run_closed(hub):
    hub.schedule("a")
    hub.feed()
    with Store.open(hub.root) as store:
        table = ScheduleTable(store)
        table.remove(table.all(), NOW)
    hub.end("a", "succeeded")
    hub.feed(NOW + 600)
    assert hub.runs() == [("a", "not begun")]


def test_jobs_of_many_sites_are_put_into_the_queue_at_once(hub):
    numbers = defer(hub.dsn, [Asked(site=f"s{number}") for number in range(1000)])
    assert len(set(numbers)) == 1000
    assert hub.query("SELECT count(DISTINCT lock) FROM procrastinate_jobs") == [(1000,)]
