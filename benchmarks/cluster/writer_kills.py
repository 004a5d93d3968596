"""Kill the writer (`dqtv ingest`) again and again while it takes segments, half of them of former holders.

    python benchmarks/cluster/writer_kills.py --manifests 600 --kills 30 --database postgresql://...

Prints a table and ends with code 1 when a row is missing or doubled, a stale segment was stored, or a file is damaged.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import invented

from archive.cluster.hub import Hub
from archive.cluster.leases import Leases
from archive.cluster.segment import sealed
from archive.cluster.state import write_state
from archive.store import Store
from archive.verify import Choice, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.cluster.segment import Segment

#: Articles in a segment.
ARTICLES = 5
#: Segments of each holder of a site.
EACH = 10
_LONG = 600.0


@attrs.define(kw_only=True)
class Outcome:
    """What the kills did."""

    kills: int = 0
    #: Starts that came to an end before they were killed.
    ended: int = 0
    manifests: int = 0
    stored: int = 0
    refused: int = 0
    articles: int = 0
    expected: int = 0
    #: One line for everything that is wrong.
    problems: list[str] = attrs.field(factory=list)

    def rows(self) -> Iterator[tuple[str, object]]:
        """The table."""
        yield "kills (SIGKILL while it stored)", self.kills
        yield "manifests, half of them stale", self.manifests
        yield "segments stored", self.stored
        yield "segments refused", self.refused
        yield "articles stored / expected", f"{self.articles} / {self.expected}"
        yield "problems", "; ".join(self.problems) or "none"


@attrs.frozen(kw_only=True)
class Bench:
    """Folders and addresses of one run."""

    folder: Path
    dsn: str

    @property
    def archive(self) -> Path:
        """The archive that takes it all in."""
        return self.folder / "archive"

    @property
    def hub(self) -> Path:
        """The hub's folder."""
        return self.folder / "hub"

    def lay_out(self, sites: int, each: int = EACH) -> set[str]:
        """Push *each* segments of two holders of each site; ids of the articles that are to be stored."""
        hub, wanted = Hub(self.hub.as_uri()), set()
        with Leases(self.dsn) as leases, Store.open(self.archive) as store:
            leases.prepare()
            for number in range(sites):
                site = f"bao{number}"
                segments: list[Segment] = []
                for first in (1000, 1):
                    if (taken := leases.take(site, "host 1 1", 60)) is None:
                        raise SystemExit(f"{site} is held: name an empty database")
                    state = self.folder / "state.db"
                    write_state(store, site, state)
                    leases.has_state(site, taken.token)
                    root = self.folder / "spool" / f"{site}-{taken.token}"
                    with closing(invented.begin(root, site, taken.token, state)) as worker:
                        for at in range(each):
                            numbers = range(first + at * ARTICLES, first + (at + 1) * ARTICLES)
                            worker.find(*numbers)
                            worker.seal()
                            wanted |= {f"{site}:{x}" for x in numbers if first == 1}
                        segments += sealed(worker.store)
                    leases.release(site, taken.token, None)
                for segment in segments:
                    hub.push(segment)
        return wanted

    def start(self) -> subprocess.Popen[bytes]:
        """The writer."""
        command = [sys.executable, "-m", "scraper", "ingest", "--once", "--json", "--archive", str(self.archive)]  # fmt: skip
        return subprocess.Popen(
            [*command, "--hub", self.hub.as_uri(), "--database", self.dsn],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def waiting(self) -> int:
        """Manifests in the inbox."""
        # folders vanish while they are walked through
        return sum("manifest.json" in files for _, _, files in os.walk(self.hub / "inbox"))

    def kill_again_and_again(self, outcome: Outcome, kills: int, dice: random.Random) -> None:
        """Kill the writer after shares of its work that chance decides, then let it end."""
        while outcome.kills < kills and (left := self.waiting()) > 1:
            until = left - dice.randint(1, max(1, 2 * left // (kills - outcome.kills + 1)))
            writer, give_up = self.start(), time.monotonic() + _LONG
            while writer.poll() is None and self.waiting() > until:
                if time.monotonic() > give_up:
                    outcome.problems.append(f"the writer took nothing for {_LONG:.0f} s")
                    break
                time.sleep(dice.uniform(0.0, 0.02))
            if writer.poll() is None:
                writer.kill()
                outcome.kills += 1
            else:
                outcome.ended += 1
            writer.wait()
        # what was refused is told by its exit code
        if self.start().wait(timeout=_LONG) not in {0, 1} or self.waiting():
            outcome.problems.append("the writer left something when it was not killed")

    def check(self, outcome: Outcome, wanted: set[str]) -> None:
        """Compare the archive with what was pushed."""
        with Store.open(self.archive) as store:
            db = store.connection
            found = [row[0] for row in db.execute("SELECT id FROM articles")]
            outcome.articles, outcome.expected = len(found), len(wanted)
            outcome.stored = db.execute("SELECT count(*) FROM ingested_segments").fetchone()[0]
            outcome.refused = sum(1 for _ in (self.hub / "refused").rglob("manifest.json"))
            if set(found) != wanted:
                outcome.problems.append(f"{len(set(found) ^ wanted)} articles missing or too many")
            for table in ("captures", "article_versions", "figures", "evidence", "crawl_log", "frontier"):  # fmt: skip
                count = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - own names
                if count != len(wanted):
                    outcome.problems.append(f"{table} has {count} rows instead of {len(wanted)}")
            alarms = db.execute("SELECT sum(now) FROM alarms WHERE kind = 'segment_refused' AND field = 'stale'")  # fmt: skip
            told = alarms.fetchone()[0]
            if told is None or told > outcome.refused or told < outcome.refused - outcome.kills:
                outcome.problems.append(f"{told} told of {outcome.refused} refused")
            if (said := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                outcome.problems.append(said)
            checked = verify(store, Choice())
            outcome.problems += [str(problem) for problem in checked.problems]
            outcome.problems += checked.notes
        with Leases(self.dsn) as leases:
            outcome.problems += [
                f"{row.site}: {row.acked} acknowledged"
                for row in leases.rows()
                if row.acked * ARTICLES * len(leases.rows()) != len(wanted)
            ]


def try_kills(bench: Bench, *, sites: int, each: int, kills: int, seed: int) -> Outcome:
    """Lay out, kill, check."""
    outcome = Outcome(manifests=2 * sites * each)
    wanted = bench.lay_out(sites, each)
    bench.kill_again_and_again(outcome, kills, random.Random(seed))  # noqa: S311 - instants of kills
    bench.check(outcome, wanted)
    if outcome.refused != outcome.manifests // 2:
        outcome.problems.append(f"{outcome.refused} refused")
    return outcome


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--manifests", type=int, default=600)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--database", required=True, help="an empty PostgreSQL database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(folder=Path(name), dsn=options.database)
        outcome = try_kills(
            bench, sites=max(1, options.manifests // (2 * EACH)), each=EACH, kills=options.kills,
            seed=options.seed,
        )  # fmt: skip
    for label, value in outcome.rows():
        print(f"{label:40} {value}")
    sys.exit(bool(outcome.problems))


if __name__ == "__main__":
    main()
