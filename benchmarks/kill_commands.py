"""Commands beside the crawl, killed while a reader opens the public snapshot without a pause."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TYPE_CHECKING, Final

import attrs
from kill_bench import Trial, kill
from kill_checks import ArchiveCheck, articles, look_at_snapshot
from kill_crawl import PAPERS, written

from archive.snapshot import newest_snapshot
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from kill_bench import Bench
    from kill_checks import Findings


class Reader:
    """Opens the public snapshot again and again, in a thread, until it is stopped."""

    def __init__(self, root: Path, findings: Findings) -> None:
        self._root, self._findings = root, findings
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.opened = 0
        self.ids: set[str] = set()

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _read(self) -> None:
        while True:
            try:
                self.ids.add(look_at_snapshot(self._root))
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what we look for
                self._findings.add("snapshot", f"{type(error).__name__}: {error}")
            self.opened += 1
            if self._stopped.wait(0.05):
                return


@attrs.frozen(kw_only=True)
class Victim:
    """A command that is killed, and how to tell that it did its work all the same."""

    name: str
    root: Path
    #: Arguments of each run, by number.
    arguments: Callable[[int], tuple[str, ...]]
    #: Those of the run that is left to finish.
    last: tuple[str, ...]
    #: Waits for the instant of a kill.
    instant: Callable[[Bench, BaseProcess], None]
    #: Compares what is there with what should be.
    same: Callable[[Findings], None]
    #: Gives each run something to do.
    prepare: Callable[[], None] = lambda: None
    passes_over: tuple[str, ...] = ()
    #: False when ``prepare`` takes rows away: then they are looked at only once the command has finished.
    rows_hold: bool = True


#: Runs started for each kill asked for, as some end before it comes.
_RUNS_PER_KILL: Final = 3


def try_command(bench: Bench, victim: Victim, kills: int) -> Trial:
    """Kill a command *kills* times, then let it finish and compare."""
    trial, begun = Trial(victim.name), time.monotonic()
    check = ArchiveCheck(victim.root, passes_over=victim.passes_over)
    stage = trial.stage(victim.name)
    with Reader(victim.root, trial.findings) as reader:
        for number in range(_RUNS_PER_KILL * kills):
            if stage.kills == kills:
                break
            victim.prepare()
            command = bench.start(victim.root, *victim.arguments(number))
            victim.instant(bench, command)
            if kill(command):
                stage.kills += 1
            else:
                stage.ended += 1
            if victim.rows_hold:
                check.rows(trial.findings)
            if bench.is_late:
                trial.findings.add(
                    "too slow", f"{stage.kills} of {kills} kills in the time allowed"
                )
                break
        bench.finish(victim.root, *victim.last)
    trial.opened, trial.snapshots = reader.opened, len(reader.ids)
    check.everything(trial.findings)
    victim.same(trial.findings)
    trial.seconds = time.monotonic() - begun
    return trial


def within(seconds: float) -> Callable[[Bench, BaseProcess], None]:
    """Anywhere in the time the command takes."""

    def wait(bench: Bench, command: BaseProcess) -> None:
        bench.pause(bench.dice.uniform(0.15, 1.0) * seconds, command)

    return wait


def while_writing(path: Path) -> Callable[[Bench, BaseProcess], None]:
    """Within milliseconds of one of the first changes of *path*."""

    def wait(bench: Bench, command: BaseProcess) -> None:
        for _ in range(bench.dice.randint(1, 4)):
            before = written(path)
            bench.until_true(lambda before=before: written(path) != before, command)
        bench.pause(bench.dice.choice((0.0, 0.001, 0.004, 0.02)), command)

    return wait


def try_the_others(bench: Bench, kills: int) -> Iterator[Trial]:
    """`publish`, `replay` and `repair` on the crawled archive; `import` and a rebuild on others."""
    root = bench.folder / "killed"
    bench.finish(root, "publish")
    first, took = newest_snapshot(root), bench.finish(root, "publish")
    publish = Victim(
        name="publish", root=root, arguments=lambda _: ("publish",), last=("publish",),
        instant=within(took), same=lambda findings: _same_content(findings, root, first.id),
    )  # fmt: skip
    yield try_command(bench, publish, kills)
    before, took = articles(root), bench.finish(root, "replay", *PAPERS)
    replay = Victim(
        name="replay", root=root, arguments=lambda _: ("replay", *PAPERS), last=("replay", *PAPERS),
        instant=within(took), same=lambda findings: _same_articles(findings, before, articles(root)),
    )  # fmt: skip
    yield try_command(bench, replay, kills)
    yield try_command(bench, _import(bench, kills), kills)
    yield try_command(bench, _repair(root), kills)
    yield try_command(bench, _rebuild(bench), kills)


def _import(bench: Bench, kills: int) -> Victim:
    """Each run takes in files that no run before it had."""
    whole, target = bench.folder / "imported", bench.folder / "import-killed"
    warc_folder = bench.folder / "undisturbed" / "warc"
    files = tuple(map(str, sorted(warc_folder.rglob("*.warc.gz"))))
    bench.finish(whole, "import", *files)
    bench.finish(target, "import", files[0])
    bench.finish(target, "publish")
    parts = max(1, min(_RUNS_PER_KILL * kills, len(files)))
    return Victim(
        name="import", root=target, arguments=lambda number: ("import", *files[number % parts :: parts]),
        last=("import", *files), instant=while_writing(target / "archive.db-wal"),
        same=lambda findings: _same_articles(findings, articles(whole), articles(target)),
    )  # fmt: skip


def _repair(root: Path) -> Victim:
    """Each run finds rows missing."""
    before, known = articles(root), _capture_ids(root)

    def lose_rows() -> None:
        with Store.open(root, create=False) as store:
            store.connection.execute("PRAGMA foreign_keys = OFF")
            store.connection.execute("DELETE FROM captures WHERE rowid % 7 = 3")
            store.connection.execute("DELETE FROM warc_files WHERE rowid % 3 = 1")
            # what a writer keeps in its log tells when the command begins to write
            store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def same(findings: Findings) -> None:
        _same_articles(findings, before, articles(root))
        for capture_id in sorted(known - _capture_ids(root)):
            findings.add("lost", f"capture {capture_id} has no row any more")

    return Victim(
        name="repair", root=root, arguments=lambda _: ("repair",), last=("repair",), prepare=lose_rows,
        instant=while_writing(root / "archive.db-wal"), same=same,
        # records without a row get one, and no line in the log
        passes_over=("unlogged",), rows_hold=False,
    )  # fmt: skip


def _rebuild(bench: Bench) -> Victim:
    root = bench.folder / "rebuilt"
    shutil.copytree(bench.folder / "undisturbed", root)
    bench.finish(root, "publish")
    before, arguments = articles(root), ("repair", "--rebuild")
    return Victim(
        name="rebuild", root=root, arguments=lambda _: arguments, last=arguments,
        instant=while_writing(root / "archive.db.rebuild-wal"),
        same=lambda findings: _same_articles(findings, before, articles(root)),
        # the log is not in the files, and lists wait to be read again
        passes_over=("unlogged", "held", "given up"),
    )  # fmt: skip


def _capture_ids(root: Path) -> set[str]:
    with Store.open(root, create=False) as store:
        return {row[0] for row in store.connection.execute("SELECT id FROM captures")}


def _same_content(findings: Findings, root: Path, first_id: str) -> None:
    """A snapshot's id ends with the digest of its content."""
    now = newest_snapshot(root).id
    if now.rpartition("-")[2] != first_id.rpartition("-")[2]:
        findings.add("not the same", f"snapshot {now} after {first_id}, from the same archive")
    if len(list((root / "public").glob("dqtv-*.db"))) > 3:  # noqa: PLR2004 - as documented
        findings.add("not whole", "more than three snapshots are kept")
    leftovers = list((root / "public").glob(".building*"))
    if leftovers:
        findings.add("not whole", f"{leftovers[0].name} was left")


def _same_articles(
    findings: Findings,
    expected: dict[str, tuple[object, ...]],
    found: dict[str, tuple[object, ...]],
) -> None:
    for key in sorted(expected.keys() | found.keys()):
        if key not in found:
            findings.add("lost", f"{key} is missing")
        elif expected.get(key) != found[key]:
            findings.add("not the same", f"{key} is not as in an undisturbed archive")
