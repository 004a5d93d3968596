"""Killed with SIGKILL at random instants, nothing is lost: the harness of ``make kill-test``, in short."""

from __future__ import annotations

import importlib
import random
import shutil
import sys
import time
from pathlib import Path

import pytest

from archive.store import Store
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KILLS, OTHER_KILLS = 5, 1


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_on_the_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield
    for name in ("kill_bench", "kill_checks", "kill_commands", "kill_crawl"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    kill = importlib.import_module("kill_bench")
    with DemoPress(port=0, scale=5) as press:
        yield kill.Bench(
            press=press,
            folder=tmp_path_factory.mktemp("kills"),
            dice=random.Random(20261124),
            until=time.monotonic() + 900,
        )


def losses(trial):
    """What was lost or damaged; that a slow machine came to fewer kills is none."""
    return {kind: said for kind, said in trial.findings.problems.items() if kind != "too slow"}


@pytest.fixture(scope="module")
def crawl(bench):
    return importlib.import_module("kill_crawl").try_crawl(bench, KILLS)


def test_a_crawl_killed_again_and_again_ends_as_if_it_had_never_been_killed(crawl):
    assert crawl.kills >= KILLS - 2, "most were under way when they were killed"
    assert losses(crawl) == {}
    assert crawl.findings.captures > crawl.notes["articles"] > 20
    elsewhere = crawl.notes["kills while a process of its own read"]
    assert elsewhere or any(stage.ended for stage in crawl.stages.values())


def test_readers_do_not_notice_that_the_other_commands_are_killed(bench, crawl):
    assert losses(crawl) == {}
    trials = list(importlib.import_module("kill_commands").try_the_others(bench, OTHER_KILLS))
    names = ["publish", "replay", "import", "repair", "rebuild"]
    assert [trial.name for trial in trials] == names
    assert sum(trial.kills for trial in trials) >= len(names) - 2
    assert {trial.name: losses(trial) for trial in trials} == {name: {} for name in names}
    assert all(trial.opened > 1 for trial in trials)


@pytest.fixture
def damaged(bench, crawl, tmp_path):
    """A copy of the crawled archive, to be damaged."""
    assert crawl.kills
    return shutil.copytree(bench.folder / "undisturbed", tmp_path / "archive")


def findings(root):
    checks = importlib.import_module("kill_checks")
    found = checks.Findings()
    checks.ArchiveCheck(root).everything(found)
    return found.problems.keys()


def test_the_harness_finds_nothing_in_an_archive_left_alone(damaged):
    assert findings(damaged) == set()


def test_the_harness_sees_a_flipped_byte(damaged):
    file = max((damaged / "warc").rglob("*.warc.gz"), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "not whole" in findings(damaged)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE captures SET offset = offset + 1 WHERE rowid = 3", "unreadable"),
        ("UPDATE article_versions SET version = 2 WHERE rowid = 1", "doubled"),
        ("UPDATE frontier SET state = 'leased' WHERE id = 5", "held"),
        ("DELETE FROM crawl_log WHERE position = 4", "unlogged"),
    ],
)
def test_the_harness_sees_rows_that_are_wrong(damaged, statement, kind):
    with Store.open(damaged) as store:
        store.connection.execute(statement)
    assert kind in findings(damaged)


def test_the_harness_sees_a_missing_article(bench, crawl, damaged):
    assert crawl.kills
    with Store.open(damaged) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute("DELETE FROM articles WHERE rowid = 1")
    kill, checks = importlib.import_module("kill_crawl"), importlib.import_module("kill_checks")
    found = checks.Findings()
    kill.compare(found, bench.folder / "undisturbed", damaged)
    assert "lost" in found.problems


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are listed by Linux")
def test_semaphores_of_a_killed_crawls_readers_are_given_back_by_a_process_of_its_own(
    bench, tmp_path
):
    """Not by the harness's, which would warn of them at its end."""
    kill = importlib.import_module("kill_bench")
    command = bench.start(tmp_path / "archive", "crawl", "demo-songmay", readers=1)
    begun = ()

    def tracks():
        nonlocal begun
        begun = kill.children(command)
        return any(b"resource_tracker" in (x / "cmdline").read_bytes() for x in begun if x.exists())

    bench.until_true(tracks, command)
    assert tracks()
    assert kill.kill(command)
    assert kill.outliving(begun) == []
