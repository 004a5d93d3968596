"""Being told, as an operator sets it up; and what a dead server, a full disk or a second scheduler does to a crawl."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing

import pytest

from archive.store import Store

PAPER = "demo-culao"


@pytest.fixture
def due(dqtv):
    """The paper is due."""

    def due():
        dqtv("schedule", "set", PAPER, "--every", "24", "--jitter", "0")
        with closing(sqlite3.connect(dqtv.archive / "archive.db")) as connection:
            connection.execute("UPDATE schedules SET next_at = next_at - 86400")
            connection.commit()

    return due


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Notices go into a file; these are they."""
    path = tmp_path / "notices.jsonl"
    monkeypatch.setenv("DQTV_NOTICES_FILE", str(path))
    return lambda: [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def dead(monkeypatch):
    """Mail server and web address are set up, and nobody answers there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for name, value in (
        ("SMTP_HOST", f"127.0.0.1:{port}"), ("MAIL_FROM", "kho@example.org"), ("MAIL_TO", "lan@example.org"),
        ("WEBHOOK_URL", f"http://127.0.0.1:{port}/hush"),
    ):  # fmt: skip
        monkeypatch.setenv(f"DQTV_{name}", value)


@pytest.mark.end_to_end
@pytest.mark.usefixtures("press", "dead")
def test_dead_servers_fail_no_crawl_and_what_they_miss_waits(dqtv, due, told):
    due()
    ran = dqtv("run-due", "--json")
    [run] = ran.json()["done"]
    assert run["reason"] == "finished"
    assert "mail: [DQTV]" in ran.err
    assert "hush" not in ran.err
    [digest] = told()
    assert digest["kind"] == "digest"
    assert f"Báo Cù Lao ({PAPER}): 1/1 lượt hoàn tất" in digest["text"]
    assert f"Báo Cù Lao ({PAPER}): 1 of 1 crawls ended as asked" in digest["text"]
    listed = dqtv("notices", "list", "--waiting", "--json").json()["notices"]
    assert sorted(x["channel"] for x in listed) == ["mail", "webhook"]
    assert all("refused" in x["last_error"] and x["tries"] == 1 for x in listed)
    # a try too early costs nothing
    assert dqtv("notices", "send").out == "2 notices wait\n"


@pytest.mark.end_to_end
@pytest.mark.usefixtures("press")
def test_a_wrong_setting_is_said_and_fails_no_crawl(dqtv, due, monkeypatch):
    monkeypatch.setenv("DQTV_SMTP_HOST", "smtp.example.org")
    due()
    ran = dqtv("run-due", "--json")
    assert ran.json()["done"][0]["reason"] == "finished"
    assert "nothing is told: DQTV_SMTP_HOST is set, but DQTV_MAIL_FROM is not" in ran.err
    assert "DQTV_MAIL_FROM" in dqtv("notices", "send", code=2).err


@pytest.mark.usefixtures("dead")
def test_a_test_message_says_what_came_back_from_each(dqtv, told):
    said = dqtv("notices", "test", code=1).out.splitlines()
    assert [line.split(",")[0] for line in said] == ["mail: FAILED", "webhook: FAILED", "file: ok"]
    assert told()[0]["kind"] == "test"


def test_without_any_way_to_tell_the_variables_are_named(dqtv):
    Store.open(dqtv.archive).close()
    for command in ("test", "send"):
        assert "set DQTV_SMTP_HOST, DQTV_WEBHOOK_URL or DQTV_NOTICES_FILE" in dqtv("notices", command, code=2).err  # fmt: skip
    assert "no way to tell anybody is set up" in dqtv("notices", "list").err


def test_the_digest_can_be_read_before_it_is_sent(dqtv, monkeypatch):
    Store.open(dqtv.archive).close()
    monkeypatch.setenv("DQTV_NOTICES_LANGUAGES", "vi")
    shown = dqtv("notices", "digest").out
    assert "Tuần này không thu thập báo nào." in shown
    assert "PAPERS" not in shown
    assert dqtv("notices", "digest", "--json").json()["digest"]["papers"] == []


def test_the_service_gets_the_settings_and_no_secret(dqtv, tmp_path, monkeypatch):
    for name, value in (
        ("SMTP_HOST", "smtp.example.org"), ("SMTP_USER", "kho"), ("SMTP_PASSWORD", "hush-hush"),
        ("WEBHOOK_URL", "https://hooks.example.org/hush-hush"), ("DIGEST", "fri 16:30"),
        ("NOTICES_FILE", "told/notices.jsonl"),
    ):  # fmt: skip
        monkeypatch.setenv(f"DQTV_{name}", value)
    said = dqtv("schedule", "install", "--to", str(tmp_path / "units")).out
    unit = (tmp_path / "units" / "dqtv-run-due.service").read_text("utf-8")
    assert 'Environment="DQTV_DIGEST=fri 16:30"' in unit
    assert "/told/notices.jsonl\n" in unit
    assert "ReadWritePaths=" in unit
    assert "hush" not in unit
    for name in ("DQTV_SMTP_PASSWORD", "DQTV_WEBHOOK_URL"):
        assert f"{name} is not handed on" in said


@pytest.mark.end_to_end
def test_of_two_schedulers_at_a_time_the_second_says_so_and_does_nothing(
    dqtv, due, until_asked, stopped
):
    due()
    first = dqtv.start("run-due", "--json")
    assert until_asked(first, 3)
    with stopped(first):  # it holds its lock as long as we like
        second = dqtv("run-due", "--json")
    assert "is doing what is due" in second.json()["busy"]
    out, _ = first.communicate(timeout=120)
    assert [x["reason"] for x in json.loads(out)["done"]] == ["finished"]
    assert len(dqtv("runs", "--json").json()["runs"]) == 1


@pytest.mark.end_to_end
def test_a_crawl_takes_nothing_more_when_the_disk_is_nearly_full(dqtv, press, monkeypatch):
    dqtv("crawl", PAPER, "--max-pages", "3")
    press.clear_log()
    monkeypatch.setenv("DQTV_MIN_FREE_MB", str(10**9))
    ended = dqtv("crawl", PAPER, code=1)
    assert "disk nearly full" in ended.out + ended.err
    assert [x.path for x in press.log if x.path != "/robots.txt"] == []
    assert "fewer than" in dqtv("doctor", code=1).out
