"""How long publishing takes beside a raw load: the same public rows put into an empty SQLite file.

The raw load is ``executemany`` of every row of the snapshot's tables, texts and versions too, in one
transaction with a write-ahead log, without any index for search; reading the rows is not counted.
Publishing reads the archive, orders it, finds stories, builds and checks two full-text indexes and
hashes the file. The index processes work beside the steps from "parts" on; their processor time is counted where
they end, in "indexes". Signing texts for the stories happens once for each new text, so it stands apart.
Processor time is that of all processes, and does not count other work on the machine.

    python benchmarks/publish.py                      100,000 articles of 600 syllables
    python benchmarks/publish.py --articles 20000
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from search_corpus import fill, report

from archive.publish import publish
from archive.signatures import sign_texts
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.publish import Snapshot

#: Tables that are searched by, and the planner's own.
NO_ROWS = ("articles_exact", "articles_folded", "common_phrase", "sqlite_")
BATCH = 500


@attrs.define
class Taken:
    """Seconds that something took."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Add what the block takes, with the processes it started and waited for."""
        wall, cpu = time.perf_counter(), _cpu()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(x.ru_utime + x.ru_stime for x in used)


def raw_load(snapshot: Path, target: Path) -> Taken:
    """Put the rows of a snapshot into the new file *target*."""
    taken = Taken()
    with (
        contextlib.closing(sqlite3.connect(f"file:{snapshot}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as load,
    ):
        tables = source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        kept = [(name, sql) for name, sql in tables if not name.startswith(NO_ROWS)]
        with taken.counting():
            load.execute("PRAGMA journal_mode = WAL")
            load.execute("BEGIN")
            for _, sql in kept:
                load.execute(sql)
        for name, _ in kept:
            rows = source.execute(f"SELECT * FROM {name} ORDER BY rowid")  # noqa: S608 - names of our tables
            marks = ", ".join("?" * len(rows.description))
            while batch := rows.fetchmany(BATCH):
                with taken.counting():
                    load.executemany(f"INSERT INTO {name} VALUES ({marks})", batch)  # noqa: S608 - the same
        with taken.counting():
            load.execute("COMMIT")
            load.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return taken


def sign_anew(root: Path) -> Taken:
    """Sign every text of the archive as if all were new."""
    taken = Taken()
    with Store.open(root, create=False) as store:
        with store.transaction():
            store.connection.execute("DELETE FROM text_signatures")
        report("signing")
        with taken.counting():
            sign_texts(store)
    return taken


def steps_of(work: Callable[..., Snapshot]) -> tuple[Taken, dict[str, Taken], Snapshot]:
    """What publishing takes in all and step by step."""
    whole, steps = Taken(), {}
    now = contextlib.ExitStack()

    def begin(step: str, _done: int, _total: int) -> None:
        now.close()
        now.enter_context(steps.setdefault(step, Taken()).counting())

    with whole.counting(), now:
        snapshot = work(progress=begin)
    # the last step's name says that the build is done; what is left is giving the file its name
    steps["digest and name"] = steps.pop("done")
    return whole, steps, snapshot


def measure(root: Path, articles: int, length: int, scratch: Path) -> dict[str, object]:
    """Fill where nothing is yet, publish, and load the same rows."""
    if not (root / "archive.db").exists():
        fill(root, articles, length=length, sign=False)
    signing = sign_anew(root)
    report("publishing")
    whole, steps, snapshot = steps_of(lambda progress: publish(root, progress=progress))
    report("raw load")
    raw = raw_load(snapshot.path, scratch / "raw.db")
    taken = {"raw load": raw, "publish": whole, **{f"- {k}": v for k, v in steps.items()}}
    taken["signing all texts"] = signing
    return {
        "articles": snapshot.articles,
        "snapshot_mb": snapshot.bytes >> 20,
        "taken": {name: attrs.asdict(value) for name, value in taken.items()},
        "of_raw_load": {
            "wall": round(whole.wall / raw.wall, 2), "cpu": round(whole.cpu / raw.cpu, 2),
        },
    }  # fmt: skip


def show(result: dict[str, object]) -> None:
    """Print the figures as a table."""
    taken = result["taken"]
    assert isinstance(taken, dict)  # noqa: S101 - made above
    print(f"{result['articles']:,} articles, snapshot {result['snapshot_mb']:,} MB\n")
    print("| step | wall s | of the raw load | CPU s | of the raw load |")
    print("| --- | ---: | ---: | ---: | ---: |")
    raw = taken["raw load"]
    for name, value in taken.items():
        shares = [f"{value[x]:.1f} | {value[x] / raw[x]:.2f}" for x in ("wall", "cpu")]
        print(f"| {name} | {' | '.join(shares)} |")


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=600, help="syllables of an article")
    parser.add_argument("--folder", type=Path, help="where the archive is made and kept")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = (options.folder or Path(scratch)) / "archive"
        result = measure(root, options.articles, options.length, Path(scratch))
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
