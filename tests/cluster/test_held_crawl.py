"""A crawl that stood still while another took its paper over: the paper is never asked by both."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from scraper.demo.cms import vdoc

pytestmark = pytest.mark.end_to_end

#: Asks for a delay in its robots.txt.
PAPER = "demo-culao"
#: Long enough to tell two crawls from one on a busy machine.
DELAY_S = 0.5
#: Seconds; the gate closes after three quarters of it. A busy machine must not hold up renewals as long.
TTL_S = 6.0
#: The paper's robots.txt forbids one page.
FAILURES = ({}, {"robots": 1})


@pytest.fixture
def slow_press(monkeypatch, request):
    monkeypatch.setattr(vdoc, "CRAWL_DELAY_S", DELAY_S)
    return request.getfixturevalue("press")


@pytest.fixture
def held_crawl(slow_press, table, tmp_path, monkeypatch):
    """Starts crawls of the paper, each into an archive of its own; those that live are killed at the end."""
    monkeypatch.setenv("DQTV_EXTRACT_PROCESSES", "0")
    started = []

    def start(name, gate="gate"):
        crawl = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("held_crawl.py"), tmp_path / name, PAPER, str(slow_press.port), table, str(TTL_S), gate],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(crawl)
        return crawl

    yield start
    for crawl in started:
        if crawl.poll() is None:
            crawl.kill()
        crawl.communicate(timeout=60)


def ended(crawl):
    out, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 0, err
    return json.loads(out)


def gaps(press):
    """Seconds between requests for pages."""
    pages = [x.monotonic for x in press.log if x.paper == PAPER and x.path != "/robots.txt"]
    return [after - before for before, after in pairwise(pages)]


def take_over_while_it_stands_still(held_crawl, until_asked, gate):
    """Both crawls: the first stood still until the second had the paper, and goes on again."""
    first = held_crawl("first", gate)
    assert until_asked(first, 4)
    first.send_signal(signal.SIGSTOP)
    second = held_crawl("second", gate)
    try:
        assert until_asked(second, 4)
    finally:
        first.send_signal(signal.SIGCONT)
    return first, second


def test_a_crawl_that_lost_its_paper_asks_for_nothing_more_and_says_why(
    held_crawl, until_asked, slow_press, tmp_path
):
    first, second = take_over_while_it_stands_still(held_crawl, until_asked, "gate")
    how = ended(first)
    assert (how["reason"], how["token"]) == ("lease_lost", 1)
    assert how["failed"] in FAILURES
    assert "taken the paper over" in how["detail"]
    assert until_asked(second, 3)
    second.send_signal(signal.SIGINT)
    how = ended(second)
    assert (how["reason"], how["token"]) == ("interrupted", 2)
    assert how["failed"] in FAILURES
    assert min(gaps(slow_press)) >= 0.9 * DELAY_S
    with closing(sqlite3.connect(tmp_path / "first/archive.db")) as database:
        tries = database.execute("SELECT max(attempts) FROM frontier WHERE state NOT IN ('done', 'failed')")  # fmt: skip
        assert tries.fetchone() == (0,), "what was not sent is as it was"


def test_without_the_gate_the_same_test_sees_the_paper_asked_by_both(
    held_crawl, until_asked, slow_press
):
    _, second = take_over_while_it_stands_still(held_crawl, until_asked, "no-gate")
    while min(gaps(slow_press)) >= 0.9 * DELAY_S:
        assert until_asked(second, 1), "the second crawl has ended"


def test_a_crawl_whose_database_goes_away_stops_by_itself(
    held_crawl, until_asked, slow_press, postgres_server
):
    crawl = held_crawl("first")
    assert until_asked(crawl, 4)
    with postgres_server.away():
        how = ended(crawl)
    assert how["reason"] == "lease_lost"
    assert how["failed"] in FAILURES
    assert min(gaps(slow_press)) >= 0.9 * DELAY_S
