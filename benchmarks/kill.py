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
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from kill_bench import Bench
from kill_commands import try_the_others
from kill_crawl import PAPERS, try_crawl

from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    from kill_bench import Trial


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
