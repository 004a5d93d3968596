"""Somebody sets the machine's clock during a crawl: waits, leases and locks keep to real time, instants say what the clock said."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archive.instants import read_instant
from archive.store import Store
from archive.verify import Choice, verify
from scraper.demo.cms import vdoc

pytestmark = pytest.mark.end_to_end

#: Asks for a delay in its robots.txt.
PAPER = "demo-culao"
HOUR = 3600
#: Between the arrival of a request at the press and the instant its answer is given, on a busy machine.
SOON = timedelta(minutes=5)
#: Every process of the program reads the wall clock so many seconds wrong as the file says at that moment.
JUMPING = """
import pathlib, time
read, said = time.time, pathlib.Path({said!r})
time.time = lambda: read() + float(said.read_text())
"""


@pytest.fixture
def set_clock(monkeypatch, tmp_path):
    """Sets the clock of processes under way, and of those begun later, so many seconds wrong."""
    folder, said = tmp_path / "clock", tmp_path / "clock" / "wrong-by"
    folder.mkdir()

    def jump(seconds):
        (folder / "next").write_text(str(seconds))
        (folder / "next").replace(said)

    jump(0)
    (folder / "sitecustomize.py").write_text(JUMPING.format(said=str(said)))
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    monkeypatch.setenv("PYTHONPATH", path)
    return jump


def rows(archive, sql):
    with closing(sqlite3.connect(archive / "archive.db")) as database:
        return database.execute(sql).fetchall()


def requests(press):
    return [line for line in press.log if line.paper == PAPER]


def gaps(lines):
    return [after.monotonic - before.monotonic for before, after in pairwise(lines)]


def assert_whole(archive, press):
    """Every article once, every address settled, nothing held, every record readable."""
    kept = {x.article_id for x in press.truth() if x.level > 0 and x.paper == PAPER}
    assert Counter(x for (x,) in rows(archive, "SELECT id FROM articles")) == Counter(kept)
    assert {x for (x,) in rows(archive, "SELECT version FROM articles")} == {1}
    waiting = "SELECT url FROM frontier WHERE state IN ('found', 'leased') OR interrupted > 0"
    assert rows(archive, waiting) == []
    assert rows(archive, "SELECT site FROM site_locks WHERE holder <> ''") == []
    with Store.open(archive, create=False) as store:
        assert verify(store, Choice()).problems == ()


def wrong_by(archive, press):
    """Seconds by which each capture's date differs from the true time, to the hour."""
    true = {line.path: line.at for line in requests(press)}
    found = []
    for url, text in rows(archive, "SELECT url, fetched_at FROM captures"):
        parts = urlsplit(url)
        off = read_instant(text) - true[f"{parts.path}?{parts.query}" if parts.query else parts.path]  # fmt: skip
        hours = round(off / timedelta(hours=1))
        assert abs(off - timedelta(hours=hours)) < SOON
        found.append(hours)
    return found


@pytest.fixture(params=["0", "1"])
def _readers(request, monkeypatch):
    monkeypatch.setenv("DQTV_EXTRACT_PROCESSES", request.param)


@pytest.mark.usefixtures("_readers")
def test_a_clock_set_forth_and_back_shortens_no_delay_and_loses_no_lease(
    dqtv, press, until_asked, stopped, set_clock
):
    press.set_fault(PAPER, "slow")
    begun = datetime.now(UTC)
    crawl = dqtv.start("crawl", PAPER, "--json")
    for hours in (1, -1):
        assert until_asked(crawl, 4)
        with stopped(crawl):
            set_clock(hours * HOUR)
            refused = dqtv("crawl", PAPER, code=1)
        assert f"process {crawl.pid} on" in refused.err, "the lock is held whatever the clock says"
    press.set_fault(PAPER, None)
    assert until_asked(crawl, 4)
    set_clock(0)
    out, err = crawl.communicate(timeout=120)
    assert (crawl.returncode, "Traceback" in err) == (0, False), err
    assert '"finished"' in out

    lines = requests(press)
    # but for what was under way each time it stood still, which may have timed out
    assert len(lines) - len({line.path for line in lines}) <= 2
    doubled = "SELECT url FROM captures WHERE status = 200 GROUP BY url HAVING count(*) > 1"
    assert rows(dqtv.archive, doubled) == []
    assert min(gaps(lines[1:])) >= vdoc.CRAWL_DELAY_S
    assert_whole(dqtv.archive, press)
    assert set(wrong_by(dqtv.archive, press)) == {0, 1, -1}
    [(first, last)] = rows(dqtv.archive, "SELECT started_at, finished_at FROM runs WHERE site = 'demo-culao'")  # fmt: skip
    assert begun <= read_instant(first) <= read_instant(last) <= datetime.now(UTC)


def test_a_clock_set_back_for_good_ends_the_run_and_keeps_no_later_one_waiting(
    dqtv, press, until_asked, set_clock
):
    crawl = dqtv.start("crawl", PAPER, "--max-pages", "8")
    assert until_asked(crawl, 3)
    set_clock(-HOUR)
    _, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 0, err
    for command in (("runs",), ("runs", "show", PAPER), ("status",), ("health",)):
        assert "Traceback" not in dqtv(*command, code=None).err
    # it would take an hour where a wait was counted from the clock as it was
    dqtv("crawl", PAPER)
    assert_whole(dqtv.archive, press)
    assert min(gaps(requests(press))[1:]) > 0
    assert set(wrong_by(dqtv.archive, press)) == {0, -1}


def test_a_clock_set_forth_does_not_shorten_what_the_paper_asks_to_wait(
    dqtv, press, until_asked, set_clock
):
    """The first three answers are 429 with Retry-After: 1."""
    press.set_fault(PAPER, "429")
    crawl = dqtv.start("crawl", PAPER)
    assert until_asked(crawl, 2)
    set_clock(HOUR)
    _, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 0, err
    refused = [x for x in requests(press) if x.path != "/robots.txt"][:4]
    assert min(gaps(refused)) >= 1
    assert_whole(dqtv.archive, press)
