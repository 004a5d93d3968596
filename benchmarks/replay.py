"""Speed of a replay of stored pages with one worker and with several, over the same archive.

The demo press is crawled once; then its captures are read again, a dry run and one that writes, with one
worker and with several, taking turns. Pages per second are by the clock and include the start of the
workers. On a busy machine the clock says little, so CPU time is counted too: that of the process that
writes, that of all workers, and the pages per second that the busiest process would allow if each
had a core of its own. Every replay must find that nothing moved.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from archive.store import Store
from scraper.cores import cores
from scraper.demo.press import DemoPress
from scraper.replay import replay
from scraper.sites.load import load_registry

if TYPE_CHECKING:
    from scraper.sites.load import Registry

#: The others ask for a delay, which would make the crawl long.
PAPERS = ("demo-songmay", "demo-nuingan", "demo-bienxanh")


@attrs.frozen(kw_only=True)
class Figures:
    """One replay: seconds by the clock, CPU seconds of the writing process and of all workers."""

    pages: int
    clock: float
    writer: float
    readers: float

    def bound(self, workers: int) -> float:
        """Pages per second if the busiest process had a core of its own."""
        return self.pages / max(self.writer, self.readers / workers)


def crawl(archive: Path, port: int) -> None:
    """Fill the archive."""
    subprocess.run(
        [sys.executable, "-m", "scraper", "crawl", *PAPERS, "--archive", str(archive), "--json"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "DQTV_DEMO_PORT": str(port)},
    )  # fmt: skip


def measured(archive: Path, registry: Registry, workers: int, *, dry_run: bool) -> Figures:
    """One replay in this process and its workers."""
    with Store.open(archive, create=False) as store:
        before, cpu, clock = _children(), time.process_time(), time.monotonic()
        report = replay(store, registry, dry_run=dry_run, workers=workers)
        seconds, writer, readers = (
            time.monotonic() - clock, time.process_time() - cpu, _children() - before,
        )  # fmt: skip
    if report.moves or report.unreadable:
        raise SystemExit(f"a replay of what was just crawled moves nothing: {report}")
    return Figures(pages=report.pages, clock=seconds, writer=writer, readers=readers)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _medians(values: list[Figures], workers: int) -> tuple[float, float, float, float]:
    """Pages per second; CPU ms a page of writer and workers; pages per second on free cores."""
    return (
        statistics.median(x.pages / x.clock for x in values),
        statistics.median(1000 * x.writer / x.pages for x in values),
        statistics.median(1000 * x.readers / x.pages for x in values),
        statistics.median(x.bound(workers) for x in values),
    )


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=1600, help="generated articles per paper")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--workers", type=int, default=max(2, cores()))
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    figures: dict[tuple[bool, int], list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive")
        with DemoPress(port=0, scale=chosen.scale) as press:
            registry = load_registry(demo_port=press.port)
            crawl(archive, press.port)
        for number in range(chosen.rounds):
            for dry_run in (True, False):
                for workers in (1, chosen.workers):
                    found = measured(archive, registry, workers, dry_run=dry_run)
                    figures.setdefault((dry_run, workers), []).append(found)
                    print(f"round {number + 1}: {found}", flush=True)
    table = {
        f"{'dry run' if dry_run else 'written'}, workers: {workers}": _medians(values, workers)
        for (dry_run, workers), values in figures.items()
    }
    print(
        f"{'':21} {'pages/s':>8} {'writer, CPU ms':>15} {'workers, CPU ms':>16} {'pages/s, free cores':>20}"
    )
    for name, row in table.items():
        print(f"{name:21} {row[0]:8.0f} {row[1]:15.2f} {row[2]:16.2f} {row[3]:20.0f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(table, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
