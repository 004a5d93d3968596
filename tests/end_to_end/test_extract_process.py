"""A crawl whose pages are read in another process: the same archive, and no page lost when that process dies."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setenv("DQTV_EXTRACT_PROCESSES", "1")


def rows(archive, sql):
    with closing(sqlite3.connect(archive / "archive.db")) as database:
        return database.execute(sql).fetchall()


def kept(press):
    return {x.article_id for x in press.truth() if x.level > 0 and x.paper == PAPER}


def readers(process):
    """Processes that the crawl has started to read pages (Linux)."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not path.exists():
        pytest.skip("processes cannot be listed here")
    return [
        int(pid)
        for pid in path.read_text().split()
        if b"spawn_main" in Path("/proc", pid, "cmdline").read_bytes()
    ]


@pytest.mark.usefixtures("elsewhere")
def test_a_crawl_ends_the_same_whose_reader_was_killed_on_the_way(dqtv, press, until_asked):
    press.set_fault(PAPER, "slow")
    crawl = dqtv.start("crawl", PAPER)
    while not (found := readers(crawl)):
        assert until_asked(crawl, 1), "the crawl must be under way"
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    press.set_fault(PAPER, None)
    _, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 1
    assert "killed or ran out of memory" in err
    assert rows(dqtv.archive, "SELECT count(*) FROM frontier WHERE state = 'failed'") == [(0,)]

    (site,) = dqtv("crawl", PAPER, "--json").json()["sites"]
    assert (site["reason"], site["waiting"]) == ("finished", 0)
    articles = rows(dqtv.archive, "SELECT id, version, word_count > 20 FROM articles")
    assert {x[0] for x in articles} == kept(press)
    assert {x[1:] for x in articles} == {(1, 1)}
    captured = "SELECT count(*) FROM captures WHERE content_type IS NULL OR length = 0"
    assert rows(dqtv.archive, captured) == [(0,)]
