"""Speed of a replay of stored pages with one worker and with several, over the same archive.

The demo press is crawled once; then its captures are read again, a dry run and one that writes, with one
worker and with *workers* of them, taking turns. Pages per second are by the clock, since more processes
are there to save that; CPU seconds, of all processes together, say what it costs. Both end with
the same report, which is checked.
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

from scraper.demo.press import DemoPress
from scraper.readers import cores


def run(*arguments: str, port: int) -> str:
    """One dqtv command in a process of its own; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "scraper", *arguments], check=True, capture_output=True, text=True,
        env={**os.environ, "DQTV_DEMO_PORT": str(port)},
    )  # fmt: skip
    return done.stdout


def replayed(archive: Path, port: int, workers: int, *, dry_run: bool) -> tuple[int, float, float]:
    """Pages read, seconds and CPU seconds of one replay."""
    options = ["--dry-run"] if dry_run else []
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    report = json.loads(
        run("replay", "--archive", str(archive), "--workers", str(workers), "--json", *options, port=port)
    )  # fmt: skip
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if report["moves"] or report["unreadable"]:
        raise SystemExit(f"a replay of what was just crawled moves nothing: {report}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return report["pages"], seconds, cpu


def start_up(port: int) -> float:
    """Seconds of the command's own start."""
    begin = time.monotonic()
    run("replay", "--help", port=port)
    return time.monotonic() - begin


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=400, help="generated articles per paper")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--workers", type=int, default=max(2, cores()))
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    figures: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive")
        with DemoPress(port=0, scale=chosen.scale) as press:
            port = press.port
            papers = ["demo-songmay", "demo-nuingan", "demo-bienxanh"]
            run("crawl", *papers, "--archive", str(archive), "--json", port=port)
        print(f"start-up, in all figures: {start_up(port):.1f} s", flush=True)
        for number in range(chosen.rounds):
            for dry_run in (True, False):
                for workers in (1, chosen.workers):
                    name = f"{'dry run' if dry_run else 'written'}, {workers} worker{'s' * (workers > 1)}"
                    pages, seconds, cpu = replayed(archive, port, workers, dry_run=dry_run)
                    figures.setdefault(name, []).append((pages / seconds, 1000 * cpu / pages))
                    print(f"round {number + 1}: {name}: {pages} pages, {seconds:.1f} s", flush=True)
    print(f"{'':24} {'pages/s':>9} {'CPU ms/page':>12} {'x 1 worker':>11}")
    medians = {
        name: tuple(statistics.median(x) for x in zip(*values, strict=True))
        for name, values in figures.items()
    }
    for name, (rate, cpu) in medians.items():
        alone = medians[f"{name.partition(',')[0]}, 1 worker"][0]
        print(f"{name:24} {rate:9.0f} {cpu:12.2f} {rate / alone:11.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(medians, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
