"""A scheduled archive as its operator meets it: run-due, watch, doctor, units, backup and restore."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest

from archive.audit import whoever_types
from archive.store import Store

PAPER = "demo-culao"


def make_due(dqtv, days=1):
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as connection:
        connection.execute("UPDATE schedules SET next_at = next_at - ?", (days * 86_400,))
        connection.commit()


@pytest.mark.end_to_end
def test_run_due_crawls_what_is_due_once_and_a_backup_is_a_whole_archive(dqtv, press, tmp_path):  # noqa: ARG001 - the press has to be there
    dqtv("schedule", "set", PAPER, "--every", "24", "--jitter", "0")
    assert "nothing is due" in dqtv("run-due").out
    make_due(dqtv)
    done = dqtv("run-due", "--publish", "--json").json()
    [run] = done["done"]
    assert (run["site"], run["reason"]) == (PAPER, "finished")
    assert run["accepted"] > 0
    assert dqtv("run-due", "--json").json()["done"] == []
    shown = dqtv("schedule", "show", PAPER, "--json").json()
    assert shown["runs"][0]["run_id"] == dqtv("runs", "--json").json()["runs"][0]["id"]
    dqtv("doctor")

    made = dqtv("backup", str(tmp_path / "backups"), "--warc", "--json").json()
    assert made["problems"] == []
    shutil.rmtree(dqtv.archive)
    shutil.copytree(made["path"], dqtv.archive)
    dqtv("repair")
    assert "nothing is wrong" in dqtv("verify").out
    with Store.open(dqtv.archive, create=False) as store:
        assert store.summary().articles == run["accepted"]
    make_due(dqtv)
    again = dqtv("run-due", "--json").json()["done"]
    assert [(x["reason"], x["accepted"]) for x in again] == [("finished", 0)]


@pytest.mark.end_to_end
def test_a_backup_of_an_archive_that_is_being_crawled_can_be_restored(dqtv, until_asked, tmp_path):
    running = dqtv.start("crawl", PAPER)
    assert until_asked(running, 12)
    made = dqtv("backup", str(tmp_path / "backups"), "--warc", "--json").json()
    running.communicate(timeout=120)
    assert made["problems"] == []
    restored = ["--archive", str(tmp_path / "restored")]
    shutil.copytree(made["path"], tmp_path / "restored")
    dqtv("repair", *restored)
    assert "nothing is wrong" in dqtv("verify", *restored).out
    dqtv("crawl", PAPER, *restored)
    with Store.open(tmp_path / "restored", create=False) as there, Store.open(dqtv.archive) as here:
        assert there.summary().articles == here.summary().articles


@pytest.mark.end_to_end
def test_watch_ends_cleanly_at_sigterm(dqtv):
    dqtv("schedule", "set", PAPER, "--every", "24")
    watching = dqtv.start("watch", "--contact", "https://example.org")
    lock = dqtv.archive / "schedule.lock"
    while not lock.exists():
        assert watching.poll() is None
    watching.send_signal(signal.SIGTERM)
    _, said = watching.communicate(timeout=60)
    assert (watching.returncode, "stopped" in said) == (0, True)


def test_the_doctor_names_what_needs_a_hand(dqtv):
    dqtv("schedule", "set", PAPER, "--every", "24")
    make_due(dqtv, days=3)
    said = dqtv("doctor", code=1).out
    assert "nothing has looked at the schedule ever" in said
    left = dqtv.archive / "warc" / PAPER / "2026" / "x.warc.gz.open"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"\x1f\x8btorn")
    found = {x["check"]: x for x in dqtv("doctor", "--json", code=1).json()["findings"]}
    assert "dqtv repair" in found["warc"]["todo"]
    database = dqtv.archive / "archive.db"
    data = bytearray(database.read_bytes())
    data[4096:8192] = os.urandom(4096)
    database.write_bytes(data)
    assert "LOOK  database" in dqtv("doctor", code=1).out


def test_a_backup_inside_the_archive_is_refused(dqtv):
    Store.open(dqtv.archive).close()
    assert "lies in the archive itself" in dqtv("backup", str(dqtv.archive / "b"), code=1).err


def test_only_the_newest_backups_are_kept_and_nothing_half_done_is_left(dqtv, tmp_path):
    Store.open(dqtv.archive).close()
    target = tmp_path / "backups"
    for name in ("dqtv-20200101T000000Z", "dqtv-20210101T000000Z"):
        (target / name).mkdir(parents=True)
        (target / name / "backup.json").write_text("{}")
    (target / "dqtv-20220101T000000Z.new").mkdir()
    made = dqtv("backup", str(target), "--keep", "2", "--json").json()
    assert made["removed"] == ["dqtv-20200101T000000Z"]
    assert len(list(target.iterdir())) == 2


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not on this machine"
)
@pytest.mark.parametrize("where", [[], ["--user"]])
def test_systemd_takes_the_units(dqtv, tmp_path, where):
    folder = tmp_path / "units"
    archive = tmp_path / "an archive, 100 %"
    dqtv(
        "schedule",
        "install",
        "--to",
        str(folder),
        "--archive",
        str(archive),
        "--contact",
        "a b",
        *where,
    )
    checked = subprocess.run(
        ["systemd-analyze", "verify", *where, *map(str, folder.iterdir())],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "Persistent=true" in (folder / "dqtv-run-due.timer").read_text()


def test_a_cron_line_is_written_once(dqtv, tmp_path, monkeypatch):
    kept = tmp_path / "crontab.txt"
    kept.write_text("0 5 * * * other\n")
    fake = tmp_path / "bin" / "crontab"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" = -l ] && exec cat {kept}\nexec cat > {kept}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    for _ in range(2):
        dqtv("schedule", "install", "--cron", "--contact", "https://example.org")
    lines = kept.read_text().splitlines()
    assert lines[0] == "0 5 * * * other"
    assert len(lines) == 2
    assert lines[1].startswith("*/10 * * * * DQTV_CONTACT=https://example.org ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([PAPER], "say when"),
        ([PAPER, "--cron", "x * * * *"], "'x' is no minute"),
        ([PAPER, "--every", "0"], "write a number of hours"),
        ([PAPER, "--every", "6", "--adapt", "2..24"], "exclude each other"),
        ([PAPER, "--cron", "0 12 * * *", "--hours", "22:00-06:00"], "never falls"),
        ([PAPER, "--every", "6", "--months", "3"], "--months goes with"),
        (["nonsense", "--every", "6"], "unknown site"),
        ([], "name the papers"),
    ],
)
def test_wrong_wishes_are_refused_with_a_way_out(dqtv, arguments, said):
    assert said in dqtv("schedule", "set", *arguments, code=2).err


def test_a_schedule_is_set_changed_paused_resumed_and_removed(dqtv):
    shown = dqtv("schedule", "set", PAPER, "--cron", "15 2 * * *").out
    assert shown.count("\n") == 6
    often = dqtv("schedule", "set", "demo-songmay", "--every", "6", "--jitter", "0").out
    assert often.startswith("demo-songmay crawl: every 6 hours\n")
    dqtv("schedule", "remove", "demo-songmay")
    dqtv("schedule", "set", PAPER, "--hours", "01:00-03:00", "--priority", "2")
    dqtv("schedule", "pause", PAPER)
    [one] = dqtv("schedule", "list", "--json").json()["schedule"]
    assert (one["timing"], one["hours"], one["priority"], one["is_paused"]) == (
        "cron 15 2 * * *", "01:00-03:00", 2, True,
    )  # fmt: skip
    assert dqtv("schedule", "next", "--json").json()["next"] == []
    dqtv("schedule", "resume", PAPER)
    assert len(dqtv("schedule", "next", "-n", "3", "--json").json()["next"]) == 3
    dqtv("schedule", "remove", PAPER)
    assert "nothing of demo-culao is scheduled" in dqtv("schedule", "remove", PAPER, code=2).err


def test_every_change_of_the_schedule_says_who_made_it_and_what_was_before(dqtv):
    dqtv("schedule", "set", PAPER, "--every", "24")
    dqtv("schedule", "set", PAPER, "--every", "6")
    for what in ("pause", "resume", "remove"):
        dqtv("schedule", what, PAPER)
    trail = dqtv("orders", "list", "--trail", "--json").json()["trail"][::-1]
    assert [x["action"] for x in trail] == ["scheduled", "scheduled", "paused", "resumed", "unscheduled"]  # fmt: skip
    assert {(x["who"], x["site"]) for x in trail} == {(whoever_types(), PAPER)}
    assert [[job["timing"] for job in x["before"]] for x in trail] == [[], ["every 24"], *3 * [["every 6"]]]  # fmt: skip
    assert [[job["is_paused"] for job in x["after"]] for x in trail] == [[False], [False], [True], [False], []]  # fmt: skip
    assert whoever_types().count("@") == 1
    assert f"{whoever_types()}: paused, {PAPER}" in dqtv("orders", "list", "--trail").out
