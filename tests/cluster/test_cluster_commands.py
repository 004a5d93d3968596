"""`dqtv cluster` as a user types it."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import PAPER, until

from scraper.cluster.cli import cluster_group


def run(*words):
    """Exit code and output, or the error."""
    done = CliRunner().invoke(cluster_group, words)
    return done.exit_code, f"{done.output}{done.exception or ''}"


@pytest.fixture
def environment(cluster):
    return os.environ | {
        "DQTV_CLUSTER_DATABASE": cluster.dsn, "DQTV_CLUSTER_HUB": cluster.hub, "DQTV_DEMO_PORT": str(cluster.port),
        "DQTV_CLUSTER_SPOOL": str(cluster.folder / "one"),
    }  # fmt: skip


def command(*words):
    return [sys.executable, "-m", "scraper", "cluster", *words]


def test_a_database_can_be_prepared_twice(postgres):
    assert run("prepare", "--database", postgres)[0] == 0
    assert run("prepare", "--database", postgres)[0] == 0


@pytest.mark.parametrize(
    "words", [("feed",), ("worker",), ("drain",), ("status",), ("crawl", PAPER), ("prepare",)]
)
def test_what_is_missing_is_named_with_its_variable(words, monkeypatch):
    monkeypatch.delenv("DQTV_CLUSTER_DATABASE", raising=False)
    _, said = run(*words)
    assert "--database, or set DQTV_CLUSTER_DATABASE" in said


@pytest.mark.parametrize(
    "words", [("worker", "--hub", "file:///x"), ("drain",), ("feed", "--once")]
)
def test_a_database_that_was_not_prepared_is_named_with_the_way_out(postgres, words, tmp_path):
    more = ("--archive", str(tmp_path)) if words[0] == "feed" else ()
    _, said = run(*words, *more, "--database", postgres)
    assert "dqtv cluster prepare" in said


def test_a_cluster_where_nothing_runs_is_drained_at_once(cluster):
    assert run("drain", "--database", cluster.dsn) == (
        0,
        "no worker takes jobs any more; `dqtv cluster drain --end` lets them again\ndrained: nothing runs\n",
    )
    assert cluster.query("SELECT 1 AS one FROM dqtv_drain") == [{"one": 1}]
    assert run("drain", "--end", "--database", cluster.dsn)[0] == 0
    assert cluster.query("SELECT 1 AS one FROM dqtv_drain") == []


@pytest.mark.usefixtures("press")
def test_a_crawl_by_hand_needs_no_queue(cluster, environment):
    cluster.ingesting()
    done = subprocess.run(
        command("crawl", PAPER, "--json"),
        env=environment,
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout)["reason"] == "finished"
    assert cluster.articles()


@pytest.mark.usefixtures("press")
def test_a_worker_crawls_what_is_queued_and_ends_cleanly(cluster, environment):
    cluster.ingesting()
    cluster.defer()
    worker = subprocess.Popen(command("worker", "--slots", "2"), env=environment)
    cluster.children.append(worker)
    until(cluster.are_done, what="the crawl")
    worker.send_signal(signal.SIGINT)
    assert worker.wait(60) == 0
    assert cluster.query("SELECT name FROM dqtv_workers") == []
    assert cluster.articles()


def test_a_worker_says_at_its_start_that_the_hub_is_away_and_goes_on(cluster, environment):
    hub = cluster.folder / "hub"
    hub.rmdir()
    hub.write_text("no folder")
    heard = cluster.folder / "heard"
    with heard.open("w") as file:
        worker = subprocess.Popen(command("worker"), env=environment, stderr=file)
    cluster.children.append(worker)
    until(lambda: "hub" in heard.read_text(), what="the warning")
    until(lambda: cluster.query("SELECT 1 FROM dqtv_workers"), what="the worker at work")
    worker.send_signal(signal.SIGINT)
    assert worker.wait(60) == 0
    (said,) = [text for text in heard.read_text().splitlines() if "hub" in text]
    assert said.startswith(f"dqtv: cannot look at file://{hub}/inbox: Not a directory; ")
    assert "Nothing is lost" in said
