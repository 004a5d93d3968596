import re
import subprocess
import sys
from datetime import timedelta

import pytest

from archive.run_counts import RunCounts
from archive.runs import finish_run, last_runs, new_run_id, start_run

START = """
import sys
from pathlib import Path
from archive.runs import start_run
from archive.store import Store

with Store.open(Path(sys.argv[1])) as store:
    start_run(store, "of-a-dead-process", site="bao", command="crawl")
"""


def test_run_ids_begin_with_the_instant_and_differ(now):
    first, second = new_run_id(now), new_run_id(now)
    assert re.fullmatch(r"20261124T031000Z-[0-9a-f]{8}", first)
    assert first != second


def test_a_finished_run_keeps_reason_and_counts(store, now):
    counts = RunCounts(found=9, fetched=5, accepted=2, rejected={"no_body": 3}, failed={})
    start_run(store, "r1", site="bao", command="crawl", now=now)
    finish_run(store, "r1", "finished", counts, now=now + timedelta(minutes=5))
    (run,) = last_runs(store)
    assert (run.id, run.site, run.command, run.reason) == ("r1", "bao", "crawl", "finished")
    assert run.counts == counts
    assert (run.started_at, run.finished_at) == (now, now + timedelta(minutes=5))


def test_a_run_of_this_process_is_under_way(store):
    start_run(store, "r1", site="bao", command="import")
    (run,) = last_runs(store)
    assert (run.reason, run.finished_at, run.counts) == (None, None, RunCounts())


def test_an_unfinished_run_whose_process_is_gone_was_killed(store):
    subprocess.run([sys.executable, "-c", START, str(store.root)], check=True)
    (run,) = last_runs(store)
    assert (run.id, run.reason, run.finished_at) == ("of-a-dead-process", "killed", None)


def test_a_process_number_used_again_is_another_process(store):
    start_run(store, "r1", site="bao", command="crawl")
    store.connection.execute("UPDATE runs SET holder = holder || '7'")
    assert last_runs(store)[0].reason == "killed"


def test_a_run_of_another_machine_is_taken_to_be_alive(store):
    start_run(store, "r1", site="bao", command="crawl")
    store.connection.execute("UPDATE runs SET holder = 'elsewhere.example 1 1'")
    assert last_runs(store)[0].reason is None


def test_runs_are_listed_newest_first_for_one_site_or_all(store, now):
    for hour, site in enumerate(["bao", "kia", "bao"]):
        start_run(store, f"r{hour}", site=site, command="crawl", now=now + timedelta(hours=hour))
    assert [run.id for run in last_runs(store)] == ["r2", "r1", "r0"]
    assert [run.id for run in last_runs(store, site="bao")] == ["r2", "r0"]
    assert [run.id for run in last_runs(store, limit=1)] == ["r2"]


def test_finishing_a_run_that_never_began_is_an_error(store):
    with pytest.raises(LookupError, match="r9"):
        finish_run(store, "r9", "finished", RunCounts())
