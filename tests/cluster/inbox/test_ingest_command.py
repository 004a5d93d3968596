"""``dqtv ingest``, with real leases."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.cluster.hub import Hub
from archive.cluster.ingest import Report
from archive.cluster.ingest_cli import _looks, ingest_command
from archive.errors import ArchiveUnwritable, HubUnreachable, IngestBusy, UsageError
from archive.locks import ingest_lock

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")


def run(*arguments, **environment):
    plain = {"DQTV_CLUSTER_HUB": None, "DQTV_CLUSTER_DATABASE": None}
    return CliRunner().invoke(ingest_command, arguments, env=plain | environment)


@pytest.fixture
def options(archive, hub_url, table):
    return ("--once", "--archive", str(archive.root), "--hub", hub_url, "--database", table)


@pytest.fixture
def begin(leases, hub_url, options, begin_worker, tmp_path):
    """Takes the paper with a real lease, lets the command lay its state ready, and begins."""

    def new():
        token = leases.take("bao", "host 1 1", 60).token
        assert run(*options).exit_code == 0
        assert Hub(hub_url).get_state("bao", token, tmp_path / f"{token}.db")
        return begin_worker(token, tmp_path / f"{token}.db")

    return new


def test_it_takes_what_is_there_acknowledges_it_and_ends(begin, options, leases, hub_url, archive):
    worker = begin()
    worker.find(1, 2)
    Hub(hub_url).push(worker.seal())
    done = run(*options, "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert (report["stored"], report["files"], report["refused"]) == (1, 1, 0)
    assert leases.row("bao").acked == 1
    assert archive.connection.execute("SELECT count(*) FROM articles").fetchone() == (2,)
    assert len(list((archive.root / "index").rglob("bao-*.cdxj"))) == 1


def test_what_is_refused_is_told_with_exit_code_1(begin, options, leases, hub_url):
    worker = begin()
    worker.find(1)
    leases.release("bao", 1, None)
    begin()
    Hub(hub_url).push(worker.seal())
    done = run(*options)
    assert done.exit_code == 1
    assert "its token is older than 2" in done.stderr
    assert "1 refused" in done.stdout


def test_leases_restored_from_a_copy_are_raised(begin, options, leases, hub_url):
    for number in (1, 2):
        worker = begin()
        worker.find(number)
        Hub(hub_url).push(worker.seal())
        assert run(*options).exit_code == 0
        leases.release("bao", number, None)
    with leases._connected() as connection:
        connection.execute("UPDATE dqtv_leases SET token = 1, acked = 0, state_token = 1")
    worker.find(3)
    Hub(hub_url).push(worker.seal())
    assert run(*options).exit_code == 1
    assert leases.row("bao").token > 1000


def test_a_second_one_is_refused(options, archive):
    with ingest_lock(archive.root):
        done = run(*options)
    assert isinstance(done.exception, IngestBusy)
    assert f"process {os.getpid()}" in str(done.exception)


@pytest.mark.parametrize(
    ("given", "missing"), [((), "--hub"), (("--hub", "file:///x"), "--database")]
)
def test_what_is_not_given_is_named(given, missing):
    done = run(*given)
    assert isinstance(done.exception, UsageError)
    assert missing in str(done.exception)


def test_a_hub_of_another_kind_is_named(tmp_path):
    arguments = ("--archive", str(tmp_path), "--hub", "ftp://a:b@c/d", "--database", "x")
    done = run(*arguments)
    assert isinstance(done.exception, UsageError)
    assert "ftp://c/d: ftp:// is not known" in str(done.exception)


class Away:
    """An ingest whose hub is away at first."""

    def __init__(self, times: int) -> None:
        self.times = times

    def step(self) -> Report:
        self.times -= 1
        if self.times >= 0:
            raise HubUnreachable("the hub is away")
        return Report()


def test_it_waits_for_a_hub_that_is_away_and_says_so_once(archive, capsys):
    looks = _looks(archive, Away(3), once=False, every=0.0)
    assert next(looks) == Report()
    assert capsys.readouterr().err.count("the hub is away") == 1


def test_once_does_not_wait(archive):
    with pytest.raises(HubUnreachable):
        next(_looks(archive, Away(1), once=True, every=0.0))


def test_a_place_that_takes_no_files_ends_it_and_the_segment_waits(
    begin, options, hub_url, archive
):
    worker = begin()
    worker.find(1)
    Hub(hub_url).push(worker.seal())
    Path(archive.warc_folder / "bao").write_bytes(b"no folder")
    done = run(*options)
    assert isinstance(done.exception, ArchiveUnwritable)
    assert "0 segments stored" in done.stdout
    assert len(Hub(hub_url).manifests()) == 1
    Path(archive.warc_folder / "bao").unlink()
    assert run(*options).exit_code == 0
