"""Full disks, too few file handles and folders that are none: a clear end, nothing lost, and on with the same command."""

from __future__ import annotations

import ctypes
import resource
import signal
import sqlite3
from contextlib import closing

import pytest

from archive.captures import read_capture
from archive.model import RecordLocation
from archive.snapshot import newest_snapshot
from archive.store import Store

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"


def file_size(limit):
    """Makes a child whose files cannot grow beyond *limit* bytes: what a full disk does, in one process."""

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return prepare


def handles(limit):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def limited(dqtv, prepare, *arguments):
    """Exit code and messages of the command under a limit."""
    process = dqtv.start(*arguments, preexec_fn=prepare)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    assert "Exception ignored" not in err, err
    return process.returncode, err


def check_archive(dqtv):
    """Every stored capture can be read, every article has its capture, and SQLite finds nothing wrong."""
    with Store.open(dqtv.archive, create=False) as store:
        query = store.connection.execute
        assert query("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = query("SELECT id, site, url, warc_file, offset, length FROM captures").fetchall()
        for capture_id, site, url, name, offset, length in rows:
            place = RecordLocation(warc_file=name, offset=offset, length=length)
            read = read_capture(
                store.warc_folder, place, site=site, url=url, find_payload=store.payload_location
            )
            assert read.id == capture_id
        return {row[0] for row in query("SELECT id FROM articles")}


def expected(press):
    return {x.article_id for x in press.truth() if x.paper == PAPER and x.level > 0}


@pytest.fixture(params=["0", "1"], ids=["reads itself", "has a reader"])
def _readers(request, monkeypatch):
    """Crawls read their pages in their own process, or in another."""
    monkeypatch.setenv("DQTV_EXTRACT_PROCESSES", request.param)


@pytest.mark.usefixtures("_readers")
@pytest.mark.parametrize("limit", [30_000, 400_000])
def test_a_crawl_on_a_full_disk_ends_with_the_file_named_and_goes_on_when_there_is_room(
    dqtv, press, limit
):
    code, err = limited(dqtv, file_size(limit), "crawl", PAPER)
    assert code == 1
    assert str(dqtv.archive) in err
    assert "free space" in err
    if (dqtv.archive / "archive.db").stat().st_size:
        check_archive(dqtv)
    dqtv("crawl", PAPER)
    assert check_archive(dqtv) == expected(press)
    assert list(dqtv.archive.rglob("*.open")) == []


def test_a_warc_file_that_cannot_grow_loses_nothing(dqtv, press):
    """The database has its size already; the next run's records do not fit."""
    dqtv("crawl", PAPER, "--max-pages", "3")
    before = check_archive(dqtv)
    code, err = limited(dqtv, file_size(900_000), "crawl", PAPER)
    if code:
        assert "free space" in err
    assert before <= check_archive(dqtv)
    dqtv("crawl", PAPER)
    assert check_archive(dqtv) == expected(press)


def test_publishing_on_a_full_disk_leaves_the_former_snapshot_current(dqtv, press):
    dqtv("crawl", PAPER)
    dqtv("publish")
    public = dqtv.archive / "public"
    former = newest_snapshot(dqtv.archive)
    code, err = limited(dqtv, file_size(50_000), "publish")
    assert code == 1
    assert str(dqtv.archive) in err
    assert newest_snapshot(dqtv.archive) == former
    assert {path.name for path in public.glob("*.db*")} == {former.path.name}
    dqtv("publish")
    with closing(sqlite3.connect(newest_snapshot(dqtv.archive).path)) as snapshot:
        ids = {row[0] for row in snapshot.execute("SELECT id FROM articles")}
    assert ids == expected(press)


@pytest.mark.usefixtures("_readers")
@pytest.mark.parametrize("limit", [12, 17, 21, 27])
def test_a_crawl_without_file_handles_says_so_and_goes_on_with_more(dqtv, press, limit):
    code, err = limited(dqtv, handles(limit), "crawl", PAPER)
    if code:
        assert "ulimit -n" in err
    dqtv("crawl", PAPER)
    assert check_archive(dqtv) == expected(press)
    with Store.open(dqtv.archive, create=False) as store:
        failed = store.connection.execute(
            "SELECT url, outcome, detail FROM frontier WHERE state = 'failed'"
        )
        assert failed.fetchall() == []


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("place", ["warc/demo-songmay", "archive.db"])
def test_a_file_where_a_folder_belongs_is_named(dqtv, place):
    path = dqtv.archive / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no folder, and no database")
    ran = dqtv("crawl", PAPER, code=1)
    assert "Traceback" not in ran.err
    assert str(path) in ran.err
    path.unlink()
    dqtv("crawl", PAPER)


@pytest.fixture
def close(dqtv):
    """Makes the archive read-only until the test has ended."""
    kept = []

    def run():
        for path in (dqtv.archive, *dqtv.archive.rglob("*")):
            kept.append((path, path.stat().st_mode))
            path.chmod(0o555 if path.is_dir() else 0o444)

    yield run
    for path, mode in kept:
        path.chmod(mode)


def obeying_modes():
    """Lets root's child obey modes as everybody does: it starts without the capabilities to pass over them."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH (capability.h)
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP (prctl.h)


@pytest.mark.parametrize("command", [("crawl", PAPER), ("publish",), ("replay",), ("verify",)])
def test_a_read_only_archive_is_named_and_stays_as_it_was(dqtv, press, close, command):
    dqtv("crawl", PAPER, "--max-pages", "4")
    before = check_archive(dqtv)
    close()
    press.clear_log()
    code, err = limited(dqtv, obeying_modes, *command)
    assert not press.log, "refused before the first request"
    assert code == 1
    assert str(dqtv.archive) in err
    assert "writ" in err
    assert check_archive(dqtv) == before


def test_a_folder_in_which_no_archive_can_be_made_is_named(dqtv, close):
    dqtv.archive.mkdir()
    close()
    code, err = limited(dqtv, obeying_modes, "crawl", PAPER)
    assert (code, list(dqtv.archive.iterdir())) == (1, [])
    assert str(dqtv.archive) in err


def test_a_second_crawl_of_a_paper_names_the_first_and_what_to_do(
    dqtv, press, until_asked, stopped
):
    press.set_fault(PAPER, "slow")
    first = dqtv.start("crawl", PAPER)
    try:
        assert until_asked(first, 2)
        with stopped(first):
            ran = dqtv("crawl", PAPER, code=1)
        assert (
            f"{PAPER} is being crawled or imported by another process (process {first.pid} on "
            in ran.err
        )
        assert "wait for it, or stop it and try again" in ran.err
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=120)
    press.set_fault(PAPER, None)
    dqtv("crawl", PAPER)
    assert check_archive(dqtv) == expected(press)
