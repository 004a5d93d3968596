"""Kill the program with SIGKILL at random instants, again and again, and look for what was lost.

The demo press prints some 1,500 articles; `dqtv crawl --backfill` of three papers is killed while it
starts, fetches, commits, begins a new WARC file and closes, until one run is left to finish. Then
`publish`, `replay`, `import`, `repair` and `repair --rebuild` are killed while a reader opens the public
snapshot without a pause.
Everything is compared with the same commands left alone. Prints a table; exits with 1 when anything
was lost, doubled, unreadable or not whole, or when the time was too short for all kills.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from kill_checks import ArchiveCheck, Findings, articles, look_at_snapshot, settled

from archive.snapshot import newest_snapshot
from archive.store import Store
from scraper.cli import main as run_dqtv
from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess

PAPERS: Final = ("demo-songmay", "demo-nuingan", "demo-bienxanh")
#: So small that a crawl begins dozens of files; the forked processes inherit it.
WARC_BYTES: Final = 120_000
os.environ["DQTV_WARC_BYTES"] = str(WARC_BYTES)
#: Share of the kills in each stage of a crawl.
STAGES: Final = {"starting": 15, "fetching": 35, "committing": 20, "new file": 15, "closing": 15}
ROBOTS: Final = "/robots.txt"
_LOOK: Final = 0.001
#: Starts each command as a process of its own, forked from one that has imported everything but has no
#: reactor yet: most of a start-up is importing, which touches no archive.
_SERVER: Final = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([
    "scraper.cli", "scraper.pipelines", "scraper.extensions.capture", "scraper.extensions.progress",
    "scraper.extensions.run_record", "scraper.middlewares.robots", "scraper.tls", "scrapy.core.engine",
    "scrapy.core.downloader.handlers.http11",
])  # fmt: skip


def _dqtv(arguments: tuple[str, ...], environment: dict[str, str], errors: Path) -> None:
    """The `dqtv` command in this process, quietly."""
    os.environ.update(environment)
    for stream, target in ((sys.stdout, os.devnull), (sys.stderr, errors)):
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, stream.fileno())
    sys.argv = ["dqtv", *arguments]
    run_dqtv()


@attrs.define
class Stage:
    """What the kills in one stage of a command did."""

    kills: int = 0
    #: Runs that ended by themselves before their kill came.
    ended: int = 0
    repeated: list[int] = attrs.field(factory=list)


@attrs.define
class Trial:
    """One kind of command under kills."""

    name: str
    stages: dict[str, Stage] = attrs.field(factory=dict)
    findings: Findings = attrs.field(factory=Findings)
    seconds: float = 0.0
    #: How often a reader opened the snapshot, and how many different ones it saw.
    opened: int = 0
    snapshots: int = 0
    notes: dict[str, object] = attrs.field(factory=dict)

    @property
    def kills(self) -> int:
        """Processes that were killed."""
        return sum(stage.kills for stage in self.stages.values())

    def stage(self, name: str) -> Stage:
        """The stage of this name."""
        return self.stages.setdefault(name, Stage())


@attrs.define
class Bench:
    """The press, a folder, the dice and the hour at which everything must be over."""

    press: DemoPress
    folder: Path
    dice: random.Random
    until: float
    #: Seconds from the start of a crawl to its first request.
    start_up: float = 1.0

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def start(self, root: Path, *arguments: str) -> BaseProcess:
        """Start `dqtv` on the archive at *root*."""
        environment = {"DQTV_ARCHIVE": str(root), "DQTV_DEMO_PORT": str(self.press.port)}
        errors = self.folder / "errors.txt"
        command = _SERVER.Process(target=_dqtv, args=(arguments, environment, errors))
        command.start()
        return command

    def finish(self, root: Path, *arguments: str) -> float:
        """Let `dqtv` run to its end; its seconds. Raises SystemExit when it fails."""
        begun = time.monotonic()
        command = self.start(root, *arguments)
        command.join()
        if command.exitcode != 0:
            errors = (self.folder / "errors.txt").read_text(encoding="utf-8")
            raise SystemExit(f"dqtv {' '.join(arguments)} ended with {command.exitcode}:\n{errors}")
        return time.monotonic() - begun

    def requests(self) -> int:
        """Requests the press has had."""
        return len(self.press.log)

    def pause(self, seconds: float, command: BaseProcess) -> None:
        """Wait a random instant out, or until the command ends."""
        end = time.monotonic() + seconds
        self.until_true(lambda: time.monotonic() >= end, command)

    def until_true(self, true: Callable[[], bool], command: BaseProcess) -> None:
        """Look every millisecond; come back as well when the command has ended, or time is over."""
        while not true() and command.exitcode is None and not self.is_late:
            time.sleep(_LOOK)


# -- instants ---------------------------------------------------------------------------------------


def starting(bench: Bench, command: BaseProcess, root: Path) -> None:
    """Anywhere before the first request and a little after it."""
    del root
    bench.pause(bench.dice.uniform(0.0, 1.15 * bench.start_up), command)


def fetching(bench: Bench, command: BaseProcess, root: Path) -> None:
    """After some requests, a few milliseconds on."""
    del root
    wanted = bench.requests() + bench.dice.randint(1, 45)
    bench.until_true(lambda: bench.requests() >= wanted, command)
    bench.pause(bench.dice.uniform(0.0, 0.02), command)


def committing(bench: Bench, command: BaseProcess, root: Path) -> None:
    """Within milliseconds of a change of the database's log."""
    wanted = bench.requests() + bench.dice.randint(1, 15)
    bench.until_true(lambda: bench.requests() >= wanted, command)
    before = _written(root / "archive.db-wal")
    bench.until_true(lambda: _written(root / "archive.db-wal") != before, command)
    bench.pause(bench.dice.choice((0.0, 0.0, 0.001, 0.002, 0.004)), command)


def new_file(bench: Bench, command: BaseProcess, root: Path) -> None:
    """Within milliseconds of a WARC file being closed, renamed or begun."""
    wanted = bench.requests() + bench.dice.randint(1, 10)
    bench.until_true(lambda: bench.requests() >= wanted, command)
    before = _names(root)
    bench.until_true(lambda: _names(root) != before, command)
    bench.pause(bench.dice.choice((0.0, 0.0, 0.001, 0.002, 0.004)), command)


def closing(bench: Bench, command: BaseProcess, root: Path) -> None:
    """While it closes in good order, having been told to stop."""
    del root
    wanted = bench.requests() + bench.dice.randint(1, 15)
    bench.until_true(lambda: bench.requests() >= wanted, command)
    if command.exitcode is None:
        os.kill(command.pid or 0, signal.SIGINT)
    bench.pause(bench.dice.uniform(0.0, 0.25), command)


INSTANTS: Final[dict[str, Callable[[Bench, BaseProcess, Path], None]]] = {
    "starting": starting, "fetching": fetching, "committing": committing, "new file": new_file,
    "closing": closing,
}  # fmt: skip


def _written(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


def _names(root: Path) -> frozenset[str]:
    return frozenset(path.name for path in (root / "warc").rglob("*.warc.gz*"))


def kill(command: BaseProcess) -> bool:
    """Kill it; False when it had ended by itself."""
    command.kill()
    command.join()
    return command.exitcode == -signal.SIGKILL


# -- the crawl --------------------------------------------------------------------------------------


def try_crawl(bench: Bench, kills: int) -> Trial:
    """Crawl with *kills* kills, then once undisturbed; compare with a crawl that was left alone."""
    trial, arguments = Trial("crawl"), ("crawl", *PAPERS, "--backfill", "2010..2026")
    undisturbed, root = bench.folder / "undisturbed", bench.folder / "killed"
    _measure_start_up(bench, undisturbed, arguments)
    bench.press.clear_log()
    begun, check = time.monotonic(), ArchiveCheck(root)
    seen: Counter[tuple[str, str]] = Counter()
    stages = _shuffled(bench, kills)
    for number, name in enumerate(stages):
        if trial.kills == kills:
            break
        command = bench.start(root, *arguments)
        INSTANTS[name](bench, command, root)
        stage = trial.stage(name)
        if kill(command):
            stage.kills += 1
        else:
            stage.ended += 1
            if stage.ended <= kills:
                stages.append(name)
        stage.repeated.append(_repeated(bench, seen))
        if number % 2:
            # every other archive is left to the next run as the kill left it
            check.rows(trial.findings)
        if (number + 1) % 10 == 0:
            print(f"crawl: {trial.kills} of {kills} kills", file=sys.stderr, flush=True)
        if bench.is_late:
            break
    if trial.kills < kills:
        trial.findings.add("too slow", f"{trial.kills} of {kills} kills in the time allowed")
    trial.notes["last run, seconds"] = round(bench.finish(root, *arguments), 1)
    trial.stage("left to finish").repeated.append(_repeated(bench, seen))
    trial.seconds = time.monotonic() - begun
    check.everything(trial.findings)
    compare(trial.findings, undisturbed, root)
    trial.notes |= {
        "articles": len(articles(root)),
        "article pages": len(settled(root)),
        "requests": bench.requests(),
        "captures": trial.findings.captures,
        "WARC files": trial.findings.files,
        "records without a row": trial.findings.rowless,
    }
    return trial


def _shuffled(bench: Bench, kills: int) -> list[str]:
    weights = list(STAGES.values())
    names = [
        name for name, share in STAGES.items() for _ in range(round(share * kills / sum(weights)))
    ]
    names += ["fetching"] * (kills - len(names))
    bench.dice.shuffle(names)
    return names[:kills]


def _measure_start_up(bench: Bench, root: Path, arguments: tuple[str, ...]) -> None:
    """Crawl once undisturbed; note how long the first request takes to come."""
    bench.finish(root, "sites", "list")
    begun = time.monotonic()
    bench.finish(root, *arguments)
    bench.start_up = min(line.monotonic for line in bench.press.log) - begun


def _repeated(bench: Bench, seen: Counter[tuple[str, str]]) -> int:
    """Addresses asked for again since the last look; robots.txt, which every run reads, is left out."""
    asked = Counter((line.paper, line.path) for line in bench.press.log if line.path != ROBOTS)
    again = sum(
        number - max(1, seen[key]) for key, number in asked.items() if number > max(1, seen[key])
    )
    seen.clear()
    seen.update(asked)
    return again


def compare(findings: Findings, undisturbed: Path, root: Path) -> None:
    """Note what differs between an archive left alone and one that was killed again and again."""
    expected, found = articles(undisturbed), articles(root)
    for key in sorted(expected.keys() - found.keys()):
        findings.add("lost", f"{key} is missing")
    for key in sorted(found.keys() - expected.keys()):
        findings.add("not the same", f"{key} is in no undisturbed archive")
    for key in sorted(expected.keys() & found.keys()):
        if expected[key] != found[key]:
            findings.add("not the same", f"{key}: {_difference(expected[key], found[key])}")
    expected_pages, found_pages = settled(undisturbed), settled(root)
    for key in sorted(expected_pages.keys() | found_pages.keys()):
        if expected_pages.get(key) != found_pages.get(key):
            kind = "lost" if key not in found_pages else "not the same"
            findings.add(kind, f"{key}: {found_pages.get(key)}, not {expected_pages.get(key)}")


def _difference(expected: tuple[object, ...], found: tuple[object, ...]) -> str:
    pairs = zip(expected, found, strict=True)
    return "; ".join(f"{y!s:.60} instead of {x!s:.60}" for x, y in pairs if x != y)


# -- commands that readers must not notice ------------------------------------------------------------


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
            before = _written(path)
            bench.until_true(lambda before=before: _written(path) != before, command)
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


# -- the table --------------------------------------------------------------------------------------


def show(trials: list[Trial]) -> None:
    """Print one row for each stage, and what was found."""
    print(
        f"{'command':9} {'killed while':15} {'kills':>6} {'ended before':>13} {'asked again':>12} {'per kill':>9}"
    )
    for trial in trials:
        for name, stage in trial.stages.items():
            again = sum(stage.repeated)
            per_kill = f"{statistics.mean(stage.repeated):.1f}" if stage.repeated else ""
            print(
                f"{trial.name:9} {name:15} {stage.kills:6} {stage.ended:13}"
                f" {again if stage.repeated else '':>12} {per_kill:>9}"
            )
    for trial in trials:
        kinds = trial.findings.problems
        lost, doubled, bad = (
            len(kinds.get(kind, ())) for kind in ("lost", "doubled", "unreadable")
        )
        others = sum(
            len(lines)
            for kind, lines in kinds.items()
            if kind not in {"lost", "doubled", "unreadable"}
        )
        seen = (
            f"; a reader opened {trial.snapshots} snapshots {trial.opened} times"
            if trial.opened
            else ""
        )
        print(
            f"{trial.name}: {trial.kills} kills in {trial.seconds:.0f} s: {lost} lost, {doubled} doubled,"
            f" {bad} unreadable, {others} other problems{seen}"
        )
        if trial.notes:
            print("  " + ", ".join(f"{name} {value}" for name, value in trial.notes.items()))
        for kind, lines in kinds.items():
            for line in lines[:10]:
                print(f"  {kind}: {line}")


def main() -> int:
    """Kill, compare, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=500, help="generated articles per paper")
    options.add_argument("--kills", type=int, default=110, help="of the crawl")
    options.add_argument("--other-kills", type=int, default=15, help="of each other command")
    options.add_argument("--minutes", type=float, default=20.0, help="give up after that long")
    options.add_argument("--seed", type=int, default=20261124)
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    print(
        f"seed {chosen.seed}, {len(PAPERS)} papers of {chosen.scale} generated articles each",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder, DemoPress(port=0, scale=chosen.scale) as press:
        bench = Bench(
            press=press,
            folder=Path(folder),
            dice=random.Random(chosen.seed),  # noqa: S311 - repeatable, not secret
            until=time.monotonic() + 60 * chosen.minutes,
        )
        trials = [try_crawl(bench, chosen.kills)]
        if chosen.other_kills:
            trials += try_the_others(bench, chosen.other_kills)
    show(trials)
    if chosen.json:
        chosen.json.write_text(json.dumps([attrs.asdict(trial) for trial in trials], indent=2))
    return 1 if any(trial.findings.problems for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
