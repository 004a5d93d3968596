"""The engine on a real PostgreSQL, with a stand-in for the crawl: what it restarts, what it never runs twice at once."""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

pytest.importorskip("procrastinate", reason="the extra `cluster` is not installed")

import procrastinate
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from scraper.cluster import tables
from scraper.cluster.database import connected
from scraper.cluster.drain import DrainingWorker
from scraper.cluster.engine import CRAWL_TASK, EngineSettings, build_app, lock_of
from scraper.cluster.reaper import Reaped, reap_stalled

HERE = Path(__file__).parent
EVERY_SECOND = "* * * * * *"
#: Bounds what never comes.
PATIENCE_S = 90.0
#: As long as a crawl lasts that is told to end.
LONG_S = 300.0


@attrs.frozen
class Engine:
    """A prepared database, and workers in processes of their own that are ended with the test."""

    dsn: str
    log: Path
    workers: list = attrs.field(factory=list)

    def worker(
        self,
        *,
        seconds=0.3,
        page=0.0,
        reason="finished",
        waiting=0,
        parent=False,
        beside=None,
        **settings,
    ):
        words = [sys.executable, str(HERE / "stand_in.py"), *(["--parent"] if parent else []),
                 *(["--beside", beside] if beside else []), str(self.log), str(seconds), str(page), reason, str(waiting)]  # fmt: skip
        values = {
            "database": self.dsn, "command": words, "heartbeat_s": 0.5, "stalled_s": 60.0, "grace_s": 0.1,
            "reap": EVERY_SECOND, "busy_s": 0.2, "poll_s": 0.2, "slots": 4,
        } | settings  # fmt: skip
        started = subprocess.Popen([sys.executable, HERE / "worker_process.py", json.dumps(values)])
        self.workers.append(started)
        return started

    def defer(self, *sites, **more):
        app = build_app(
            EngineSettings(database=self.dsn), procrastinate.SyncPsycopgConnector(conninfo=self.dsn)
        )
        with app.open():
            for site in sites:
                app.configure_task(CRAWL_TASK, lock=lock_of(site), queue="crawls").defer(
                    site=site, **more
                )

    def let_stall(self):
        """As if the worker whose crawl is under way had given no sign of life for an hour."""
        self.query(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id IN (SELECT worker_id"
            " FROM procrastinate_jobs WHERE task_name = 'crawl_site' AND status = 'doing') RETURNING id"
        )

    def query(self, sql):
        with connected(self.dsn) as connection:
            return [tuple(row.values()) for row in connection.execute(sql).fetchall()]

    def statuses(self):
        rows = self.query(
            "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'crawl_site' ORDER BY id"
        )
        return [row[0] for row in rows]

    def lines(self):
        return (
            [json.loads(line) for line in self.log.read_text().splitlines()]
            if self.log.exists()
            else []
        )

    def runs(self):
        """(site, begin, end or None, how it ended) of every crawl."""
        found = {}
        for line in self.lines():
            if line["what"] == "begin":
                found[line["pid"]] = [line["site"], line["at"], None, None]
            else:
                found[line["pid"]][2:] = [line["at"], line["what"]]
        return list(found.values())

    def wait(self, is_so, seconds=PATIENCE_S):
        give_up = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up, (
                f"{self.lines()} {self.query('SELECT id, status, attempts FROM procrastinate_jobs')}"
            )
            time.sleep(0.05)


@pytest.fixture
def engine(postgres, tmp_path):
    with connected(postgres) as connection:
        tables.prepare(connection)
    engine = Engine(postgres, tmp_path / "log")
    yield engine
    for worker in engine.workers:
        if worker.poll() is None:
            worker.send_signal(signal.SIGCONT)
            worker.kill()
        worker.wait()


def test_jobs_of_one_site_run_in_turn_and_those_of_two_side_by_side(engine):
    engine.defer("a", "a", "a", "b")
    engine.worker(beside="b")
    engine.worker(beside="b")
    engine.wait(lambda: engine.statuses() == ["succeeded"] * 4)
    of_a = [run for run in engine.runs() if run[0] == "a"]
    (of_b,) = [run for run in engine.runs() if run[0] == "b"]
    assert all(first[2] <= second[1] for first, second in itertools.pairwise(of_a))
    assert of_b[1] < of_a[0][2]


def test_a_worker_told_to_end_lets_the_crawl_finish_its_page_and_another_one_goes_on(engine):
    engine.defer("a")
    first = engine.worker(seconds=LONG_S, page=0.5, parent=True)
    engine.wait(engine.lines)
    first.terminate()
    assert first.wait(PATIENCE_S) == 0
    assert [run[3] for run in engine.runs()] == ["interrupted"]
    assert engine.statuses() == ["todo"]
    engine.worker()
    engine.wait(lambda: engine.statuses() == ["succeeded"])


def test_a_crawl_ends_with_a_worker_that_was_killed_and_its_job_goes_to_another(engine):
    engine.defer("a")
    first = engine.worker(seconds=LONG_S, parent=True)
    engine.wait(engine.lines)
    engine.worker()
    first.kill()
    engine.wait(lambda: [run[3] for run in engine.runs()] == ["interrupted"])
    engine.let_stall()
    engine.wait(lambda: engine.statuses() == ["succeeded"])
    assert [run[3] for run in engine.runs()] == ["interrupted", "finished"]


def test_a_slice_that_was_over_before_its_work_defers_the_rest(engine):
    engine.defer("a", backfill="2019..2020")
    worker = engine.worker(reason="hours over", waiting=5)
    engine.wait(lambda: engine.statuses().count("succeeded") >= 2)
    worker.terminate()
    worker.wait(PATIENCE_S)
    arguments = [line["arguments"] for line in engine.lines() if line["what"] == "begin"]
    assert arguments[0] == arguments[1]
    assert arguments[0] == ["--minutes", "30.000", "--json", "--backfill", "2019..2020"]


def test_a_job_whose_hours_are_over_asks_for_nothing(engine):
    engine.defer("a", until=time.time() - 1)
    engine.worker()
    engine.wait(lambda: engine.statuses() == ["succeeded"])
    assert engine.lines() == []


def test_a_site_that_another_crawl_holds_is_tried_again(engine):
    engine.defer("a")
    busy = engine.worker(seconds=0, reason="busy")
    engine.wait(lambda: len(engine.runs()) > 1)
    busy.terminate()
    busy.wait(PATIENCE_S)
    assert engine.statuses() == ["todo"]


def test_a_crawl_that_dies_without_a_word_is_begun_three_times_again(engine):
    engine.defer("a")
    engine.worker(command=[sys.executable, "-c", "import os; os.abort()"])
    engine.wait(lambda: engine.statuses() == ["failed"])
    assert engine.query(
        "SELECT attempts FROM procrastinate_jobs WHERE task_name = 'crawl_site'"
    ) == [(4,)]


def test_a_drained_cluster_takes_no_jobs_until_the_order_is_taken_back(engine):
    engine.defer("a")
    engine.worker(seconds=LONG_S, parent=True)
    engine.wait(engine.lines)
    engine.query("INSERT INTO dqtv_drain DEFAULT VALUES RETURNING only_row")
    engine.wait(lambda: engine.query("SELECT state FROM dqtv_workers") == [("draining",)])
    engine.wait(lambda: engine.statuses() == ["todo"])
    begun = len(engine.runs())
    engine.query("DELETE FROM dqtv_drain RETURNING only_row")
    engine.wait(lambda: len(engine.runs()) > begun)


def test_a_worker_says_how_far_its_clock_is_off(engine):
    engine.worker()
    engine.wait(lambda: engine.query("SELECT 1 FROM dqtv_workers"))
    ((off,),) = engine.query("SELECT clock_off_s FROM dqtv_workers")
    assert abs(off) < 5


def test_an_idle_worker_is_small_and_loads_no_scrapy(engine):
    worker = engine.worker()
    engine.wait(lambda: engine.query("SELECT 1 FROM dqtv_workers"))
    rollup = Path(f"/proc/{worker.pid}/smaps_rollup").read_text()
    (rss,) = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:")]
    assert rss < 100_000
    assert "scrapy" not in Path(f"/proc/{worker.pid}/maps").read_text()
    done = subprocess.run(
        [sys.executable, "-c", "import sys, scraper.cluster.worker; print('scrapy' in sys.modules, 'twisted' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "False"]


# -- what the engine lacks -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "is_alive"), [(DrainingWorker, True), (Worker, False)])
def test_the_heart_of_a_draining_worker_beats_until_its_last_job_has_ended(engine, kind, is_alive):
    """The second case is the engine's own worker: when it beats as well, ours is no longer needed."""
    # where none is to come there is nothing to wait for
    beats = asyncio.run(_beats_while_draining(engine.dsn, kind, PATIENCE_S if is_alive else 1.0))
    # one may have been under way when the worker was told to end
    assert (len(beats) > 2) == is_alive


async def _beats_while_draining(dsn, kind, seconds):
    """The worker's signs of life from when it is told to end, until there are three or the time is over."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    begun, ending = asyncio.Event(), asyncio.Event()

    async def slow():
        begun.set()
        await ending.wait()

    app.task(name="slow")(slow)
    async with app.open_async():
        await app.configure_task("slow").defer_async()
        worker = kind(app, update_heartbeat_interval=0.1, install_signal_handlers=False)
        running = asyncio.create_task(worker.run())
        await begun.wait()
        worker.stop()
        beats, give_up = set(), time.monotonic() + seconds
        while len(beats) < 3 and time.monotonic() < give_up:
            rows = await app.connector.execute_query_all_async(
                "SELECT last_heartbeat FROM procrastinate_workers"
            )
            beats.add(rows[0]["last_heartbeat"])
            await asyncio.sleep(0.1)
        ending.set()
        await running
    return beats


def test_the_reaper_puts_back_the_jobs_of_dead_workers(engine):
    engine.defer("a")
    number = _hold(engine, "a")
    assert asyncio.run(_reap(engine.dsn)) == Reaped(retried=(number,))
    assert engine.statuses() == ["todo"]


def test_the_reaper_gives_up_a_job_whose_queueing_lock_another_one_waits_with(engine):
    """Without it the unique index refuses every round, and no stalled job after this one is ever put back."""
    engine.defer("b")
    _hold(engine, "b")
    asyncio.run(_with_queueing_lock(engine.dsn))
    held = _hold(engine, "a")
    asyncio.run(_with_queueing_lock(engine.dsn))
    reaped = asyncio.run(_reap(engine.dsn))
    assert reaped.failed == (held,)
    assert len(reaped.retried) == 1


def _hold(engine, site):
    """Let a worker that gives no sign of life have the job."""
    worker = engine.query(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
    )[0][0]
    return engine.query(
        f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {worker}"
        f" WHERE lock = 'site:{site}' AND status = 'todo' RETURNING id"
    )[0][0]


async def _with_queueing_lock(dsn):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    async with app.open_async():
        await app.job_manager.defer_job_async(
            Job(
                id=None,
                queue="crawls",
                task_name=CRAWL_TASK,
                lock="site:a",
                queueing_lock="a",
                task_kwargs={},
            )
        )


async def _reap(dsn):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))
    async with app.open_async():
        return await reap_stalled(app, 2.0)


async def _asked_alone(dsn):
    app = build_app(EngineSettings(database=dsn))
    async with app.open_async():
        # the one is the transaction's beginning, the other the statement's
        row = await app.connector.execute_query_one_async(
            "SELECT now() = statement_timestamp() AS is_alone"
        )
    return row["is_alone"]


def test_a_worker_that_stands_still_between_two_statements_holds_no_rows(engine):
    assert asyncio.run(_asked_alone(engine.dsn))
