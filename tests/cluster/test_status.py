"""Whatever goes wrong in a cluster has a name of its own in `dqtv cluster status`."""

import json
import os
import subprocess
import sys
import time

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import PAPER, until

from archive.cluster.hub import Hub
from archive.cluster.leases import Leases
from archive.cluster.segment import seal
from archive.cluster.state import open_spool, write_state
from archive.frontier import Frontier
from archive.model import FoundUrl, UrlKind
from archive.processes import this_process
from archive.store import Store
from scraper.cluster.engine import Asked
from scraper.cluster.feed import defer
from scraper.cluster.troubles import Kind, Troubles
from scraper.cluster.watching import Problem, watch
from scraper.sites.known import known_sites
from scraper.sites.row import site_row


def problems(cluster, *, now=None):
    return {
        said.kind
        for said in watch(
            cluster.dsn, cluster.hub, now=time.time() if now is None else now
        ).problems
    }


@pytest.fixture
def segment(cluster, tmp_path):
    """A sealed segment of a site that was taken once."""
    with Leases(cluster.dsn) as leases:
        taken = leases.take(PAPER, this_process(), 60)
    with Store.open(cluster.root) as store:
        store.connection.execute("BEGIN")
        store.sync_site(site_row(known_sites().site(PAPER)))
        store.connection.execute("COMMIT")
        write_state(store, PAPER, tmp_path / "state.db")
    with open_spool(
        tmp_path / "spool", site=PAPER, token=taken.token, state=tmp_path / "state.db"
    ) as store:
        with store.transaction():
            found = FoundUrl(url="http://bao.example/1.html", kind=UrlKind.ARTICLE)
            Frontier(store.connection).add(
                PAPER, [found], run_id=None, now="2026-11-26T00:00:00.000000Z", found_on=None
            )
        yield seal(store)


def worker(cluster, name="host 1 2", *, off=0.0, seen=0):
    cluster.run_sql(
        "INSERT INTO dqtv_workers (name, host, slots, software, state, clock_off_s, seen_at)"
        f" VALUES ('{name}', 'host', 4, 'dqtv-archive/0', 'working', {off}, now() - interval '{seen} seconds')"
    )


def test_a_cluster_that_does_well_has_no_problem(cluster):
    worker(cluster)
    assert problems(cluster) == set()


def test_a_database_that_is_away_hides_nothing_of_the_hub(cluster, postgres_server):
    with postgres_server.away():
        seen = watch(cluster.dsn, cluster.hub, now=time.time())
    assert {said.kind for said in seen.problems} == {Problem.DATABASE_AWAY}
    assert seen.inbox == 0


def test_a_database_that_was_not_prepared(postgres, tmp_path):
    seen = watch(postgres, f"file://{tmp_path}", now=time.time())
    assert [said.kind for said in seen.problems] == [Problem.NOT_PREPARED]


def test_a_hub_that_is_away_hides_nothing_of_the_database(cluster):
    (cluster.folder / "hub").rmdir()
    (cluster.folder / "hub").write_text("no folder")
    worker(cluster)
    seen = watch(cluster.dsn, cluster.hub, now=time.time())
    assert {said.kind for said in seen.problems} == {Problem.HUB_AWAY}
    assert len(seen.workers) == 1


def test_what_a_worker_was_told_by_the_hub_is_shown_until_it_is_over(cluster):
    troubles = Troubles(cluster.dsn)
    troubles.note("bao", Kind.HUB_AWAY, "cannot write: No space left on device")
    (said,) = watch(cluster.dsn, cluster.hub, now=time.time()).problems
    assert (said.kind, said.site, "No space left" in said.text) == (Problem.HUB_AWAY, "bao", True)
    troubles.over("bao", Kind.HUB_AWAY)
    assert problems(cluster) == set()


def test_a_clock_ten_minutes_off(cluster):
    worker(cluster, off=-600.0)
    assert problems(cluster) == {Problem.CLOCK_OFF}


def test_a_worker_without_a_sign_of_life_and_jobs_that_nobody_takes(cluster):
    worker(cluster, seen=300)
    assert problems(cluster) == {Problem.WORKER_GONE}
    defer(cluster.dsn, [Asked(site="bao")])
    assert problems(cluster) == {Problem.WORKER_GONE, Problem.NO_WORKER}


def test_an_inbox_that_nobody_empties(cluster, segment):
    Hub(cluster.hub).push(segment)
    assert problems(cluster) == set()
    assert problems(cluster, now=time.time() + 7200) == {Problem.INBOX_OLD}


def test_a_manifest_without_data_and_data_without_a_manifest(cluster, segment):
    Hub(cluster.hub).push(segment)
    folder = cluster.folder / "hub/inbox" / str(segment.key)
    rows, manifest = folder / "rows.jsonl.gz", folder / "manifest.json"
    kept = rows.read_bytes()
    rows.unlink()
    assert problems(cluster) == {Problem.NO_DATA}
    rows.write_bytes(kept)
    manifest.unlink()
    assert problems(cluster) == {Problem.NO_MANIFEST}


def test_a_wrong_checksum_is_refused(cluster, segment):
    Hub(cluster.hub).push(segment)
    rows = cluster.folder / "hub/inbox" / str(segment.key) / "rows.jsonl.gz"
    rows.write_bytes(rows.read_bytes()[:-1] + b"x")
    cluster.ingesting()
    until(lambda: cluster.segments("refused"))
    assert Problem.REFUSED in problems(cluster)


def test_two_writers_under_one_token(cluster):
    Troubles(cluster.dsn).note("bao", Kind.TWO_WRITERS, "another worker has pushed a segment")
    assert problems(cluster) == {Problem.TWO_WRITERS}


def test_a_token_restored_from_a_backup(cluster, segment):
    Hub(cluster.hub).push(segment)
    cluster.run_sql("UPDATE dqtv_leases SET token = 0")
    assert problems(cluster) == {Problem.TOKENS_WENT_BACK}


def test_the_command_names_what_is_wrong_and_ends_with_1(cluster):
    worker(cluster, off=600.0)
    command = [
        sys.executable,
        "-m",
        "scraper",
        "cluster",
        "status",
        "--database",
        cluster.dsn,
        "--hub",
        cluster.hub,
    ]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert [said["kind"] for said in json.loads(done.stdout)["problems"]] == ["clock_off"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "clock_off" in shown.stdout
    assert "timedatectl" in shown.stdout


@pytest.mark.parametrize("name", ["psycopg", "procrastinate", "fsspec"])
def test_without_the_extra_the_way_out_is_named(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(
        f"raise ModuleNotFoundError('No module', name='{name}')"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "scraper", "cluster", "status", "--database", "host=x", "--hub", "file:///x"],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 2
    assert "not installed" in done.stderr
    assert "pip install 'dqtv-archive[cluster]'" in done.stderr
