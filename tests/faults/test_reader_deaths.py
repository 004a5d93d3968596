"""Crawls and replays whose pages are read in another process: what Ctrl-C, SIGKILL and deadly pages do to them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from archive.store import Store
from archive.verify import Choice, verify

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(
        not Path("/proc/self/task").exists(), reason="processes are listed by Linux"
    ),
]

PAPER = "demo-songmay"
#: Makes readers die; only readers, as the crawl itself has no parent of multiprocessing's.
DEADLY = """
import multiprocessing, os, signal
import scraper.answers, scraper.readers
read = scraper.answers.process
def process(capture, *others):
    if multiprocessing.parent_process() is not None and {condition}:
        {death}
    return read(capture, *others)
scraper.answers.process = scraper.readers.process = process
"""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch):
    monkeypatch.setenv("DQTV_EXTRACT_PROCESSES", "1")


@pytest.fixture
def deadly(monkeypatch, tmp_path):
    """Lets readers die of the captures that satisfy a condition."""

    def make(condition, death="os.kill(os.getpid(), signal.SIGKILL)"):
        folder = tmp_path / "deadly"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(DEADLY.format(condition=condition, death=death))
        path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
        monkeypatch.setenv("PYTHONPATH", path)

    return make


def rows(archive, sql):
    with closing(sqlite3.connect(archive / "archive.db")) as database:
        return database.execute(sql).fetchall()


def kept(press):
    return {x.article_id for x in press.truth() if x.level > 0 and x.paper == PAPER}


def processes(session):
    """Processes of a session that have not ended: pid -> command line."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(state[3]) == session and state[0] not in "ZX":
                found[int(folder.name)] = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def readers(session):
    return [pid for pid, line in processes(session).items() if b"spawn_main" in line]


def beginning(crawl):
    """Wait until a crawl begins its reader, which is with its first article."""
    give_up = time.monotonic() + 60
    while not readers(crawl.pid):
        assert crawl.poll() is None, "the crawl must be under way"
        assert time.monotonic() < give_up, "no reader began"
        time.sleep(0.005)


def reading(crawl, until_asked):
    """The readers of a crawl under way."""
    while not (found := readers(crawl.pid)):
        assert until_asked(crawl, 1), "the crawl must be under way"
    return found


def all_gone(session):
    give_up = time.monotonic() + 60
    while processes(session):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def assert_whole(archive, press):
    """Every article once, every record readable."""
    articles = rows(archive, "SELECT id, version, word_count > 20 FROM articles")
    assert Counter(x[0] for x in articles) == Counter(kept(press))
    assert {x[1:] for x in articles} == {(1, 1)}
    assert rows(archive, "SELECT count(*) FROM article_versions") == [(len(articles),)]
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state <> 'done'") == [(0,)]
    with Store.open(archive, create=False) as store:
        assert verify(store, Choice()).problems == ()


def test_ctrl_c_reaches_reader_and_crawl_and_nothing_is_lost_or_left_over(dqtv, press, until_asked):
    press.set_fault(PAPER, "slow")
    crawl = dqtv.start("crawl", PAPER, "--json", start_new_session=True)
    reading(crawl, until_asked)
    assert until_asked(crawl, 3)
    # as a terminal does: to every process in it
    os.killpg(crawl.pid, signal.SIGINT)
    out, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 1
    assert json.loads(out)["sites"][0]["reason"] == "interrupted", err
    assert "Traceback" not in err
    assert "killed or ran out of memory" not in err
    assert all_gone(crawl.pid)
    press.set_fault(PAPER, None)
    (site,) = dqtv("crawl", PAPER, "--json").json()["sites"]
    assert site["reason"] == "finished"
    assert_whole(dqtv.archive, press)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_crawl_leaves_no_reader_behind_and_loses_nothing(dqtv, press, until_asked, after):
    press.set_fault(PAPER, "slow")
    crawl = dqtv.start("crawl", PAPER, start_new_session=True)
    beginning(crawl)
    assert after == 0 or until_asked(crawl, after)
    crawl.kill()
    crawl.communicate(timeout=120)
    assert crawl.returncode == -signal.SIGKILL
    assert all_gone(crawl.pid)
    press.set_fault(PAPER, None)
    (site,) = dqtv("crawl", PAPER, "--json").json()["sites"]
    assert site["reason"] == "finished"
    assert_whole(dqtv.archive, press)


@pytest.mark.parametrize("stage", ["while it begins", "under way"])
def test_a_killed_reader_costs_a_repeated_reading_and_is_reported(dqtv, press, until_asked, stage):
    press.set_fault(PAPER, "slow")
    crawl = dqtv.start("crawl", PAPER, start_new_session=True)
    beginning(crawl)
    if stage == "under way":
        assert until_asked(crawl, 1)
    for pid in readers(crawl.pid):
        os.kill(pid, signal.SIGKILL)
    press.set_fault(PAPER, None)
    _, err = crawl.communicate(timeout=120)
    assert crawl.returncode == 0, err
    assert "killed or ran out of memory; its pages are read again" in err
    assert all_gone(crawl.pid)
    assert_whole(dqtv.archive, press)
    asked = Counter(line.path for line in press.log if line.paper == PAPER)
    assert set(asked.values()) == {1}, "no page is fetched again"


def test_a_page_that_kills_every_reader_is_recorded_and_the_others_are_read(dqtv, press, deadly):
    number = min(kept(press)).rpartition(":")[2]
    deadly(f"{number!r} in capture.url")
    ran = dqtv("crawl", PAPER, "--json")
    (site,) = ran.json()["sites"]
    assert site["reason"] == "finished"
    assert site["counts"]["failed"] == {"reader_died": 1}
    assert "died 3 times with this page" in ran.err
    (found,) = rows(
        dqtv.archive,
        "SELECT f.url, f.detail, c.status, l.reason FROM frontier AS f JOIN captures AS c USING (url)"
        " JOIN crawl_log AS l ON l.capture_id = c.id WHERE f.state = 'failed'",
    )
    assert number in found[0]
    assert found[1:] == ("the process that reads pages died 3 times with this page", 200, "reader_died")  # fmt: skip
    articles = {x[0] for x in rows(dqtv.archive, "SELECT id FROM articles")}
    assert articles == {x for x in kept(press) if not x.endswith(f":{number}")}


def test_a_page_that_no_longer_kills_is_read_by_the_next_crawl(dqtv, press, deadly, monkeypatch):
    number = min(kept(press)).rpartition(":")[2]
    deadly(f"{number!r} in capture.url")
    dqtv("crawl", PAPER)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    dqtv("crawl", PAPER)
    assert_whole(dqtv.archive, press)


@pytest.fixture
def aged(dqtv, press):  # noqa: ARG001 - it has to run
    """A crawled archive whose articles an older reader has read."""
    dqtv("crawl", PAPER)
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database, database:
        database.execute(
            "UPDATE articles SET body = 'bản cũ', text_sha256 = 'cũ', printed_digest = NULL"
        )
    return dqtv.archive


def test_a_replay_names_the_page_that_kills_its_readers_and_reads_all_others(
    dqtv, press, aged, deadly, monkeypatch
):
    article = min(kept(press))
    number = article.rpartition(":")[2]
    deadly(f"{number!r} in capture.url")
    ran = dqtv("replay", "--workers", "2", "--json", code=1)
    report = ran.json()
    [(url,)] = rows(aged, f"SELECT url FROM captures WHERE url LIKE '%{number}.html'")
    assert report["given_up"] == [f"{url}: the process that reads pages died 3 times with this page"]  # fmt: skip
    assert (report["corrected"], report["unreadable"]) == (len(kept(press)) - 1, [])
    assert f"{url}: the process that reads pages died 3 times with this page" in ran.err
    assert rows(aged, "SELECT id FROM articles WHERE text_sha256 = 'cũ'") == [(article,)]
    said = dqtv("replay", "--dry-run", "--workers", "2", code=1).out
    assert f"given up: {url}: the process that reads pages died" in said
    [run] = [x for x in dqtv("runs", "--json").json()["runs"] if x["command"] == "replay"]
    assert (run["reason"], run["counts"]["failed"]) == ("pages given up", {"reader_died": 1})

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    last = dqtv("replay", "--workers", "2", "--json").json()
    assert (last["corrected"], last["given_up"]) == (1, [])
    assert_whole(aged, press)


def test_a_replay_whose_readers_die_whatever_they_read_ends_with_the_way_out(dqtv, aged, deadly):
    deadly("True")
    before = rows(aged, "SELECT * FROM articles ORDER BY id")
    ran = dqtv("replay", "--workers", "2", code=1)
    assert "killed or ran out of memory" in ran.err
    assert "when the command is run again" in ran.err
    assert "Traceback" not in ran.err
    assert rows(aged, "SELECT * FROM articles ORDER BY id") == before


def test_a_page_beyond_the_readers_memory_is_recorded_without_a_death(dqtv, press, deadly):
    number = min(kept(press)).rpartition(":")[2]
    deadly(f"{number!r} in capture.url", death="raise MemoryError")
    (site,) = dqtv("crawl", PAPER, "--json").json()["sites"]
    assert site["counts"]["failed"] == {"internal": 1}
    assert len(rows(dqtv.archive, "SELECT id FROM articles")) == len(kept(press)) - 1


def test_readers_that_die_whatever_they_read_end_the_crawl_and_give_no_page_up_for_good(
    dqtv, press, deadly, monkeypatch
):
    deadly("True")
    ran = dqtv("crawl", PAPER, code=1)
    assert "killed or ran out of memory" in ran.err
    given_up = rows(dqtv.archive, "SELECT outcome FROM frontier WHERE state = 'failed'")
    assert set(given_up) <= {("reader_died",)}
    assert len(given_up) <= 3
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    dqtv("crawl", PAPER)
    assert_whole(dqtv.archive, press)
