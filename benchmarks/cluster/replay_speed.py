"""A replay read by one worker and by two, each with one reader, beside `dqtv replay` with one process.

The demo press is crawled once; then its pages are read again, as a dry run and with writing, taking turns. Pages a second
are by the clock, from the command's start to its end, and say little on a busy machine; so CPU time is given as well: of
the workers with their readers, of `dqtv ingest`, and of the command, which writes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from machines import MISSING, Cluster, is_possible, postgres

from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

#: The others ask for a delay, which would make the crawl long.
PAPERS: Final = ("demo-songmay", "demo-nuingan", "demo-bienxanh")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_WARM_S: Final = 8.0


@attrs.frozen(kw_only=True)
class Figures:
    """One replay: pages, seconds by the clock, and CPU seconds of workers, ingest and the command."""

    pages: int
    clock: float
    workers: float
    ingest: float
    command: float

    def in_words(self) -> str:
        """A line."""
        parts = (("workers", self.workers), ("ingest", self.ingest), ("command", self.command))
        cpu = ", ".join(f"{name} {1000 * value / self.pages:.2f}" for name, value in parts if value)
        return f"{self.pages / self.clock:5.0f} pages/s by the clock; CPU ms a page: {cpu}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1600, help="generated articles per paper")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    if not is_possible():
        print(MISSING)
        return
    for line in measured(arguments.scale, arguments.rounds):
        print(line, flush=True)


def measured(scale: int, rounds: int) -> Iterator[str]:
    """Lines of the report."""
    with tempfile.TemporaryDirectory(prefix="dqtv-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            postgres(folder) as dsn,
            DemoPress(port=0, scale=scale) as press,
            Cluster(folder, dsn, press.port) as cluster,
        ):
            cluster.run("crawl", *PAPERS, "--json")
            for number in range(rounds):
                for dry_run in (True, False):
                    words = ["--dry-run"] if dry_run else []
                    what = f"round {number + 1}, {'dry run' if dry_run else 'written'}"
                    yield f"{what}, one process here: {here(cluster, words).in_words()}"
                    for workers in (1, 2):
                        found = with_workers(cluster, workers, words)
                        yield f"{what}, {workers} worker{'s' if workers > 1 else ''}: {found.in_words()}"


def here(cluster: Cluster, words: Sequence[str]) -> Figures:
    """`dqtv replay` with one process."""
    before, begun = _children(), time.monotonic()
    report = json.loads(cluster.run("replay", "--workers", "1", "--json", *words))
    clock = time.monotonic() - begun
    return Figures(
        pages=report["pages"], clock=clock, workers=0.0, ingest=0.0, command=_children() - before
    )


def with_workers(cluster: Cluster, workers: int, words: Sequence[str]) -> Figures:
    """`dqtv cluster replay` with so many workers, which are there before it begins."""
    ingest = cluster.start("ingest", "--every", "0.2")
    started = [
        cluster.start("cluster", "worker", "--readers", "1", machine=f"machine{number}")
        for number in range(workers)
    ]
    time.sleep(_WARM_S)
    used = [_used(child) for child in (ingest, *started)]
    before, begun = _children(), time.monotonic()
    report = json.loads(cluster.run("cluster", "replay", "--json", *words))
    clock, command = time.monotonic() - begun, _children() - before
    first, *others = (
        _used(child) - then for child, then in zip((ingest, *started), used, strict=True)
    )
    _end_all((ingest, *started))
    assert report["progress"]["left"] == 0  # noqa: S101 - else something else was measured
    return Figures(
        pages=report["report"]["pages"], clock=clock, workers=sum(others), ingest=first, command=command
    )  # fmt: skip


def _end_all(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        child.wait(60)


def _used(child: subprocess.Popen[bytes]) -> float:
    """CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
