"""A crawl on one machine keeps its paper while it lives, and asks for nothing once another has it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from archive.runs import last_runs
from archive.store import Store

pytestmark = pytest.mark.end_to_end

PAPER = "demo-culao"
#: The clock that leases go by shows so many seconds more as the file says at that moment.
LATER = """
import pathlib, time
read, said = time.clock_gettime, pathlib.Path({said!r})
time.clock_gettime = lambda which: read(which) + float(said.read_text())
"""
#: Writes down for how many milliseconds TCP tries each connection, as the system says.
TRIES = """
import socket
connect, option = socket.socket.connect_ex, getattr(socket, "TCP_USER_TIMEOUT", 18)
def connect_ex(self, address):
    with open({said!r}, "a") as file:
        file.write("%d\\n" % self.getsockopt(socket.IPPROTO_TCP, option))
    return connect(self, address)
socket.socket.connect_ex = connect_ex
"""
#: The same on a system that cannot.
WITHOUT_OPTION = "import socket; del socket.TCP_USER_TIMEOUT\n" + TRIES
#: What only several machines need cannot be imported. (warcio would load fsspec wherever it is installed.)
MISSING = """
import sys
class Missing:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("psycopg", "psycopg_pool", "procrastinate", "fsspec", "s3fs", "paramiko") or name in ("archive.cluster", "scraper.cluster"):
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)
sys.meta_path.insert(0, Missing)
"""


@pytest.fixture
def at_start(monkeypatch, tmp_path):
    """Has every process of the program run some lines first; they may write or read a file."""
    folder, said = tmp_path / "at-start", tmp_path / "at-start/said"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(Path(__file__).parents[2])]))

    def run(lines):
        (folder / "sitecustomize.py").write_text(lines.format(said=str(said)))
        return said

    return run


def count(press, paper=PAPER):
    return len([x for x in press.log if x.paper == paper])


def counted_crawl(dqtv, *, arrival_s=(), **allowed):
    """How the runs of papers ended, each of which may be asked so often."""
    papers = {name.replace("_", "-"): number for name, number in allowed.items()}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("counted_crawl.py"), dqtv.archive, str(dqtv.port), json.dumps(papers), *arrival_s],
        env=dqtv.environment(), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def frontier(dqtv):
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database:
        rows = database.execute("SELECT state, attempts, outcome FROM frontier ORDER BY id")
        return rows.fetchall()


def give_to_another_machine(archive):
    with closing(sqlite3.connect(archive / "archive.db", timeout=30)) as database, database:
        database.execute("UPDATE site_locks SET holder = 'elsewhere 1 5', expires_at = 1")


def others_hold_what_waits(archive):
    """Ids of all addresses that wait, now held as by another crawl under way."""
    with closing(sqlite3.connect(archive / "archive.db", timeout=30)) as database, database:
        taken = "UPDATE frontier SET state = 'leased' WHERE state = 'found' RETURNING id"
        return {row_id for (row_id,) in database.execute(taken).fetchall()}


def waiting(dqtv):
    """Ids of all addresses that wait."""
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database:
        found = database.execute("SELECT id FROM frontier WHERE state = 'found'")
        return {row_id for (row_id,) in found}


def test_without_a_lease_not_even_robots_txt_is_asked_for_and_no_address_is_harmed(dqtv, press):
    [(reason, left, failed)] = counted_crawl(dqtv, demo_culao=0).values()
    assert (reason, failed) == ("lease_lost", {})
    assert count(press) == 0
    rows = frontier(dqtv)
    assert len(rows) == left > 0
    assert set(rows) == {("found", 0, None)}
    with Store.open(dqtv.archive, create=False) as store:
        [run] = last_runs(store)
        lines = store.connection.execute("SELECT count(*) FROM crawl_log").fetchone()
    assert (run.reason, run.robots, lines) == ("lease_lost", [], (0,))


def test_of_several_requests_at_a_time_no_more_are_sent_than_the_lease_allows(dqtv, press):
    """The paper asks for no delay."""
    [(reason, left, failed)] = counted_crawl(dqtv, demo_bienxanh=5).values()
    assert (reason, failed) == ("lease_lost", {})
    assert count(press, "demo-bienxanh") == 5
    assert len([x for x in frontier(dqtv) if x[:2] == ("found", 0)]) == left


@pytest.mark.usefixtures("press")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")
@pytest.mark.parametrize(
    ("lines", "arrival_s", "tried_ms"),
    [(TRIES, ["12"], {12_000}), (TRIES, [], {0}), (WITHOUT_OPTION, ["12"], {0})],
    ids=["several machines", "one machine", "another system"],
)
def test_the_system_gives_a_connection_up_before_another_machine_may_ask(
    dqtv, at_start, lines, arrival_s, tried_ms
):
    said = at_start(lines)
    [(reason, _, failed)] = counted_crawl(dqtv, demo_bienxanh=1000, arrival_s=arrival_s).values()
    assert (reason, failed) == ("finished", {})
    assert set(map(int, said.read_text().split())) == tried_ms


def test_no_connection_is_made_once_another_machine_may_ask(dqtv, press):
    """The lease ends after the look before the request, as while a name is resolved."""
    [(reason, left, failed)] = counted_crawl(dqtv, demo_culao=1, arrival_s=["12"]).values()
    assert (reason, failed, count(press)) == ("lease_lost", {}, 0)
    assert len(frontier(dqtv)) == left > 0


def test_a_paper_whose_lease_is_over_does_not_end_the_others_run(dqtv, press):
    ended = counted_crawl(dqtv, demo_culao=4, demo_trungdu=1000)
    assert {site: reason for site, (reason, *_) in ended.items()} == {
        "demo-culao": "lease_lost",
        "demo-trungdu": "finished",
    }
    assert (count(press), ended["demo-trungdu"][1]) == (4, 0)


def test_a_crawl_that_stood_still_while_another_took_its_paper_asks_at_most_once_more(
    dqtv, press, until_asked, stopped, at_start
):
    ahead = at_start(LATER)
    ahead.write_text("0")
    press.set_fault(PAPER, "slow")
    crawl = dqtv.start("crawl", PAPER, "--json")
    assert until_asked(crawl, 4)
    with stopped(crawl):
        ahead.write_text("60")
        give_to_another_machine(dqtv.archive)
        dqtv("crawl", PAPER, "--max-pages", "3")
        before, under_way = count(press), others_hold_what_waits(dqtv.archive)
    out, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 1, err
    [site] = json.loads(out)["sites"]
    assert site["reason"] == "lease_lost"
    assert count(press) - before <= 1
    assert len(under_way) > 0
    assert under_way.isdisjoint(waiting(dqtv)), "what another holds was given back"
    left = [tries for state, tries, _ in frontier(dqtv) if state not in {"done", "failed"}]
    assert set(left) == {0}, "what it did not ask for is as it was"


def test_a_crawl_that_stood_still_goes_on_where_nobody_took_its_paper(
    dqtv, press, until_asked, stopped, at_start
):
    ahead = at_start(LATER)
    ahead.write_text("0")
    crawl = dqtv.start("crawl", PAPER, "--max-pages", "9", "--json")
    assert until_asked(crawl, 4)
    with stopped(crawl):
        ahead.write_text("3600")
        refused = dqtv("crawl", PAPER, code=1)
    assert f"process {crawl.pid} on" in refused.err
    out, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 0, err
    [site] = json.loads(out)["sites"]
    assert (site["reason"], site["counts"]["fetched"]) == ("page limit", 9)
    assert count(press) == 10


@pytest.mark.parametrize("name", ["archive.cluster", "psycopg", "procrastinate", "fsspec"])
def test_what_several_machines_need_is_missing_in_the_next_test(at_start, name):
    at_start(MISSING)
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"], capture_output=True, check=False
    )
    assert f"{name} is not here" in done.stderr.decode()


def test_a_crawl_on_one_machine_needs_nothing_that_only_several_need(dqtv, press, at_start):
    at_start(MISSING)
    [site] = dqtv("crawl", PAPER, "--max-pages", "2", "--json").json()["sites"]
    assert (site["reason"], site["counts"]["fetched"]) == ("page limit", 2)
    assert count(press) == 3
