"""A crawl killed again and again, and compared with one that was left alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from kill_bench import Trial, children, kill, outliving
from kill_checks import ArchiveCheck, articles, settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from kill_bench import Bench
    from kill_checks import Findings

PAPERS: Final = ("demo-songmay", "demo-nuingan", "demo-bienxanh")
#: Share of the kills in each stage of a crawl.
STAGES: Final = {"starting": 15, "fetching": 35, "committing": 20, "new file": 15, "closing": 15}
ROBOTS: Final = "/robots.txt"


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
    before = written(root / "archive.db-wal")
    bench.until_true(lambda: written(root / "archive.db-wal") != before, command)
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


def written(path: Path) -> tuple[int, int]:
    """Size and time of change; zeros where there is no such file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


def _names(root: Path) -> frozenset[str]:
    return frozenset(path.name for path in (root / "warc").rglob("*.warc.gz*"))


def try_crawl(bench: Bench, kills: int) -> Trial:
    """Crawl with *kills* kills, then once undisturbed; compare with a crawl that was left alone."""
    trial, arguments = Trial("crawl"), ("crawl", *PAPERS, "--backfill", "2010..2026")
    undisturbed, root = bench.folder / "undisturbed", bench.folder / "killed"
    _measure_start_up(bench, undisturbed, arguments)
    bench.press.clear_log()
    begun, check = time.monotonic(), ArchiveCheck(root)
    seen: Counter[tuple[str, str]] = Counter()
    stages, read_elsewhere = _shuffled(bench, kills), 0
    for number, name in enumerate(stages):
        if trial.kills == kills:
            break
        # every third run reads its pages in a process of its own
        elsewhere = number % 3 == 2  # noqa: PLR2004 - see above
        command = bench.start(root, *arguments, readers=int(elsewhere))
        INSTANTS[name](bench, command, root)
        stage, begun_by = trial.stage(name), children(command)
        if kill(command):
            stage.kills += 1
            read_elsewhere += elsewhere
            for process in outliving(begun_by):
                trial.findings.add("left over", f"{process} runs on, its crawl was killed")
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
        "kills while a process of its own read": read_elsewhere,
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
