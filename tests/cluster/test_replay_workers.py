"""Workers of the engine read a replay: one is killed, `dqtv ingest` is killed, one page kills whoever reads it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")
pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import HERE, prepared, until
from stored_pages import content

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"
#: As an older reader would have left the archive.
AGED = (
    "UPDATE articles SET body = 'bản đọc cũ', text_sha256 = 'cũ', printed_digest = NULL, level = 3 - level",
    "UPDATE article_versions SET body = 'bản đọc cũ', text_sha256 = 'cũ'",
    "UPDATE rejections SET reason = 'no_title'",
    "DELETE FROM evidence",
)
#: One page kills the process that reads it, whoever that is.
DEADLY = """
import os, signal
import scraper.readers
read = scraper.readers.process
def process(capture, *others):
    if {number!r} in capture.url:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(capture, *others)
scraper.readers.process = process
"""
#: Small parcels, so that a kill is in the middle.
SMALL = """
import sys
if "replay" in sys.orig_argv:
    import scraper.cluster.replaying
    scraper.cluster.replaying._LEAST_PAGES = 8
"""


@pytest.fixture
def aged(dqtv, press):  # noqa: ARG001 - it has to run
    dqtv("crawl", PAPER)
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database, database:
        for statement in AGED:
            database.execute(statement)
    return dqtv.archive


@pytest.fixture
def site(tmp_path, monkeypatch):
    """What every process of the test runs when it begins."""
    (tmp_path / "site").mkdir()
    path = [str(tmp_path / "site"), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return tmp_path / "site" / "sitecustomize.py"


@pytest.fixture
def begin(dqtv, postgres, tmp_path, monkeypatch):
    """Starts processes that end with the test."""
    prepared(postgres)
    (tmp_path / "hub").mkdir()
    monkeypatch.setenv("DQTV_CLUSTER_DATABASE", postgres)
    monkeypatch.setenv("DQTV_CLUSTER_HUB", f"file://{tmp_path / 'hub'}")
    monkeypatch.setenv("DQTV_CLUSTER_SPOOL", str(tmp_path / "spool"))
    started = []

    def run(*words, **options):
        started.append(
            subprocess.Popen([sys.executable, *words], env=dqtv.environment(), **options)
        )
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def worker(begin):
    values = {
        "database": os.environ["DQTV_CLUSTER_DATABASE"], "heartbeat_s": 0.5, "stalled_s": 6.0, "grace_s": 0.1, "reap": "* * * * * *", "busy_s": 4.0,
        "poll_s": 0.2, "readers": 1,
    }  # fmt: skip
    return begin(HERE / "worker_process.py", json.dumps(values), stderr=subprocess.DEVNULL)


def home(archive):
    """Parcels that came home; 0 where no replay is under way."""
    try:
        with closing(sqlite3.connect(f"file:{archive / 'replay.db'}?mode=ro", uri=True)) as book:
            return book.execute("SELECT count(*) FROM parcels WHERE state = 'home'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_kills_of_a_worker_and_of_ingest_and_a_deadly_page_change_nothing(
    dqtv, press, aged, begin, site
):
    article = min(x.article_id for x in press.truth() if x.level > 0 and x.paper == PAPER)
    site.write_text(DEADLY.format(number=f"{article.rpartition(':')[2]}.html"))
    alone = aged.with_name("alone")
    shutil.copytree(aged, alone)
    ran = dqtv("replay", "--workers", "2", "--json", "--archive", str(alone), code=1)
    wanted = ran.json()
    assert len(wanted["given_up"]) == 1

    site.write_text(site.read_text() + SMALL)
    first, _ = worker(begin), worker(begin)
    ingest = begin("-m", "scraper", "ingest", "--every", "0.1", stderr=subprocess.DEVNULL)
    replay = begin("-m", "scraper", "cluster", "replay", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    until(lambda: home(aged) >= 2, 90.0, "the first parcels are home")
    for process in (first, ingest):
        process.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    begin("-m", "scraper", "ingest", "--every", "0.1", stderr=subprocess.DEVNULL)
    out, _ = replay.communicate(timeout=150)

    report = json.loads(out)
    assert replay.returncode == 1
    assert {**report["report"], "run_id": wanted["run_id"]} == wanted
    assert content(aged) == content(alone)
    assert report["progress"]["left"] == 0, "each page was read, or given up, by a worker"
