"""Throughput and memory of every export format against the ``sqlite3`` command's CSV, in one run.

``python benchmarks/export.py [--articles N] [--keep FOLDER]``: makes an archive of N articles of some
4 kB, publishes it, and exports it in each format in a process of its own. Times are CPU seconds of
that process, so that other work on the machine does not count; memory is its peak.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import search_corpus

from archive.publish import publish
from archive.snapshot import newest_snapshot

FORMATS = ("csv", "jsonl", "parquet", "tsv", "sqlite", "text")
#: Syllables of an article; its row has 4.2 kB.
LENGTH = 600


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder to make the archive in, or to find it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch) / "archive"
        if not (root / "public/current.json").exists():
            search_corpus.fill(root, given.articles, length=LENGTH)
            publish(root)
        measure(root, Path(scratch))


def measure(root: Path, scratch: Path) -> None:
    """Export the archive in every format; the floor is measured before and after."""
    snapshot = newest_snapshot(root)
    names = "SELECT group_concat(name) FROM pragma_table_info('articles') WHERE name <> 'docid'"
    columns = subprocess.run(
        ["sqlite3", snapshot.path, names],  # noqa: S607 - the command of the machine
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    floor = scratch / "floor.csv"
    query = f"SELECT {columns} FROM articles ORDER BY id"  # noqa: S608 - names of our columns
    command = [
        "sqlite3",
        "-readonly",
        "-csv",
        "-header",
        str(snapshot.path),
        f".output {floor}",
        query,
    ]
    before = run(command)
    measured = {"sqlite3 -csv": (*before, size(floor))}
    for form in FORMATS:
        search_corpus.report(form)
        out = scratch / form
        command = [sys.executable, "-m", "scraper", "export", "--archive", str(root)]
        used = run([*command, "--format", form, "--out", str(out)])
        measured[form] = (*used, size(out))
    after = run(["sqlite3", "-readonly", "-csv", str(snapshot.path), f".output {floor}", query])
    floor_s = (before[0] + after[0]) / 2
    print("| way | articles/CPU s | of the floor | peak MB | MB |\n|---|---|---|---|---|")
    for way, (seconds, memory, length) in measured.items():
        rate, share = snapshot.articles / seconds, floor_s / seconds
        print(f"| {way} | {rate:,.0f} | {share:.2f} | {memory:.0f} | {length / 1e6:.0f} |")


def run(command: list[str]) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of a command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def size(path: Path) -> int:
    """Length of a file or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


if __name__ == "__main__":
    main()
