import re
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from archive.errors import UsageError
from archive.run_counts import RunCounts
from archive.runs import (
    find_run,
    finish_run,
    last_crawls,
    last_runs,
    new_run_id,
    note_run,
    start_run,
)

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
    assert (run.id, run.finished_at) == ("of-a-dead-process", None)
    assert run.reason == "ended without saying so"
    assert not run.is_good


def test_a_process_number_used_again_is_another_process(store):
    start_run(store, "r1", site="bao", command="crawl")
    store.connection.execute("UPDATE runs SET holder = holder || '7'")
    assert last_runs(store)[0].reason == "ended without saying so"


def elsewhere(store, *, command="crawl", lock_expires_in=None):
    """A run of another machine, with the site's lock or without."""
    start_run(store, "r1", site="bao", command=command)
    store.connection.execute("UPDATE runs SET holder = 'elsewhere.example 1 1'")
    if lock_expires_in is not None:
        store.connection.execute(
            "INSERT INTO site_locks (site, token, holder, acquired_at, expires_at)"
            " VALUES ('bao', 'x', 'elsewhere.example 1 1', 0, ?)",
            (time.time() + lock_expires_in,),
        )
    return last_runs(store)[0].reason


def test_a_crawl_on_another_machine_goes_on_while_it_holds_the_sites_lock(store):
    assert elsewhere(store, lock_expires_in=60) is None


@pytest.mark.parametrize("lock_expires_in", [-1, None])
def test_a_crawl_on_another_machine_that_renews_no_lock_does_not_stay_running(
    store, lock_expires_in
):
    assert elsewhere(store, lock_expires_in=lock_expires_in) == "ended without saying so"


def test_of_an_import_on_another_machine_the_end_is_not_known(store):
    assert elsewhere(store, command="import") == "on another machine, end not known"


def test_a_run_keeps_what_it_was_made_with(store):
    start_run(
        store,
        "r1",
        site="bao",
        command="crawl",
        versions={"scrapy": "2.19"},
        rules={"a.toml": "ab"},
    )
    with store.transaction():
        note_run(store, "r1", {"politeness": {"delay_s": 5.0}, "robots": [{"said": "read"}]})
    run = find_run(store, "r1")
    assert (run.versions, run.rules) == ({"scrapy": "2.19"}, {"a.toml": "ab"})
    assert (run.politeness, run.robots) == ({"delay_s": 5.0}, [{"said": "read"}])


def test_a_run_of_before_the_crawl_log_was_kept_says_nothing_it_does_not_know(store):
    store.connection.execute(
        "INSERT INTO runs (id, site, command, holder, started_at, finished_at, reason, counts) VALUES"
        " ('r0', 'bao', 'crawl', 'a 1 1', '2026-11-24T00:00:00Z', '2026-11-24T01:00:00Z', 'finished', '{}')"
    )
    run = find_run(store, "r0")
    assert (run.versions, run.rules, run.politeness, run.robots) == ({}, {}, {}, [])
    assert run.seconds == 3600


def test_a_run_is_found_by_the_end_of_its_id_when_only_one_ends_so(store):
    for run_id in ("20261124T030955Z-1a2b3c4d", "20261124T030956Z-1a2b3c4e"):
        start_run(store, run_id, site="bao", command="crawl")
    assert find_run(store, "3c4d").id == "20261124T030955Z-1a2b3c4d"
    with pytest.raises(UsageError, match="no such run"):
        find_run(store, "nothing")
    start_run(store, "20261125T030956Z-1a2b3c4e", site="bao", command="crawl")
    with pytest.raises(UsageError, match="more than one run"):
        find_run(store, "3c4e")


def test_the_last_crawl_of_each_site_is_told_from_imports_and_earlier_ones(store, now):
    for hour, (site, command) in enumerate(
        [("bao", "crawl"), ("kia", "crawl"), ("bao", "crawl"), ("bao", "replay")]
    ):
        start_run(store, f"r{hour}", site=site, command=command, now=now + timedelta(hours=hour))
    assert {site: run.id for site, run in last_crawls(store).items()} == {"bao": "r2", "kia": "r1"}


def test_runs_are_listed_newest_first_for_one_site_or_all(store, now):
    for hour, site in enumerate(["bao", "kia", "bao"]):
        start_run(store, f"r{hour}", site=site, command="crawl", now=now + timedelta(hours=hour))
    assert [run.id for run in last_runs(store)] == ["r2", "r1", "r0"]
    assert [run.id for run in last_runs(store, site="bao")] == ["r2", "r0"]
    assert [run.id for run in last_runs(store, limit=1)] == ["r2"]


def test_finishing_a_run_that_never_began_is_an_error(store):
    with pytest.raises(LookupError, match="r9"):
        finish_run(store, "r9", "finished", RunCounts())
