"""How fast segments are taken in: rows and articles with text a second, by processor time and by the clock, and memory.

python benchmarks/cluster/ingest_speed.py --articles 4000 --characters 4000 --segment 200
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import invented

from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.segment import sealed
from archive.cluster.state import write_state
from archive.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "bao"


@attrs.define
class _Verdict:
    newest: int = 1
    acked: int = 0
    is_current: bool = True

    def mark(self, seq: int) -> None:
        self.acked = seq


@attrs.define
class OneLease:
    """A lease that nobody else wants: the database is measured elsewhere."""

    verdict: _Verdict = attrs.field(factory=_Verdict)

    @contextmanager
    def judging(self, site: str, token: int) -> Iterator[_Verdict]:  # noqa: ARG002 - there is one of each
        """The verdict."""
        yield self.verdict

    def rows(self) -> tuple[()]:
        """Nobody holds it."""
        return ()

    def without_state(self) -> tuple[()]:
        """Nobody waits."""
        return ()

    def has_state(self, site: str, token: int) -> None:
        """Nobody asks."""

    def raise_tokens(self, at_least: object) -> None:
        """Nothing was restored."""


def main() -> None:
    """Make segments, take them in, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--articles", type=int, default=4000)
    parser.add_argument("--characters", type=int, default=4000)
    parser.add_argument("--segment", type=int, default=200, help="articles in a segment")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Store.open(Path(name) / "archive") as store:
        folder = Path(name)
        hub = Hub((folder / "hub").as_uri())
        write_state(store, SITE, folder / "state.db")
        cpu = time.process_time()
        with closing(invented.begin(folder / "spool", SITE, 1, folder / "state.db")) as worker:
            sealing = 0.0
            for first in range(0, options.articles, options.segment):
                worker.find(*range(first, first + options.segment), characters=options.characters)
                began = time.process_time()
                worker.seal()
                hub.push(sealed(worker.store)[-1])
                sealing += time.process_time() - began
        print(f"worker: {time.process_time() - cpu:.2f} s of processor time, {sealing:.2f} s of it to seal and push")  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, clock = time.process_time(), time.perf_counter()
        report = Ingest(store, hub, OneLease()).step()
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        if report.refused or report.waiting:
            raise SystemExit("\n".join(report.notes))
        print(f"stored {report.stored} segments: {report.rows} rows, {options.articles} articles of {options.characters} characters, {report.bytes / 1e6:.1f} MB")  # fmt: skip
        print(f"rows a second: {report.rows / cpu:,.0f} by processor time, {report.rows / clock:,.0f} by the clock")  # fmt: skip
        print(f"articles a second: {options.articles / cpu:,.0f} by processor time, {options.articles / clock:,.0f} by the clock")  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"resident memory at most: {before / 1e3:.0f} MB before, {after / 1e3:.0f} MB after")


if __name__ == "__main__":
    main()
