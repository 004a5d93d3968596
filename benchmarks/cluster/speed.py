"""What a cluster costs and brings: jobs queued a second, memory of an idle worker, three workers beside one.

The same three demo papers are crawled by one worker and by three, each worker with one slot and every paper with the same
delay between requests, told by its robots.txt. For the writer's speed see ``ingest_speed.py``, for a replay's ``replay_speed.py``, which this runs as well.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import procrastinate
from machines import MISSING, Cluster, is_possible, postgres

from scraper.cluster.engine import Asked, EngineSettings, build_app, deferrer
from scraper.cluster.feed import defer
from scraper.demo.cms import dcontent, vdoc, vnpt
from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

#: Papers whose robots.txt asks for a delay, and what prints it.
PAPERS: Final[dict[str, types.ModuleType]] = {
    "demo-culao": vdoc,
    "demo-caonguyen": vnpt,
    "demo-lamkinh": dcontent,
}
HERE: Final = Path(__file__).parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--delay", type=float, default=1.5, help="seconds between two requests to a paper"
    )
    parser.add_argument("--jobs", type=int, default=2000, help="jobs to queue")
    arguments = parser.parse_args()
    if not is_possible():
        print(MISSING)
        return
    for system in PAPERS.values():
        system.CRAWL_DELAY_S = arguments.delay  # type: ignore[attr-defined]  # what the press prints
    for line in measured(arguments.delay, arguments.jobs):
        print(line, flush=True)
    for name in ("ingest_speed.py", "replay_speed.py"):
        subprocess.run([sys.executable, HERE / name], check=True)


def measured(delay: float, jobs: int) -> Iterator[str]:
    """Lines of the report."""
    with tempfile.TemporaryDirectory(prefix="dqtv-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with postgres(folder) as dsn:
            (folder / "queue").mkdir()
            with Cluster(folder / "queue", dsn, 8010) as cluster:
                yield from queue_speed(dsn, jobs)
                yield idle_memory(cluster)
    seconds = {workers: crawl_seconds(workers) for workers in (1, 3)}
    for workers, taken in seconds.items():
        yield f"{workers} worker{'s' if workers > 1 else ''}: {len(PAPERS)} papers with {delay:g} s between requests in {taken:.0f} s"
    yield f"sooner: {seconds[1] / seconds[3]:.2f} times (asked for: 2.5)"


def queue_speed(dsn: str, jobs: int) -> Iterator[str]:
    """Jobs with a lock for each site, in one go as the feed does it, and one by one."""
    begun = time.perf_counter()
    defer(dsn, [Asked(site=f"site{number}") for number in range(jobs)])
    at_once = time.perf_counter() - begun
    app = build_app(EngineSettings(database=dsn), procrastinate.SyncPsycopgConnector(conninfo=dsn))
    with app.open():
        begun = time.perf_counter()
        for number in range(jobs // 4):
            asked = Asked(site=f"other{number}")
            deferrer(app, asked.site).defer(**asked.job())
        single = time.perf_counter() - begun
    yield f"jobs queued: {jobs / at_once:,.0f} a second in one go, {jobs // 4 / single:,.0f} one by one (asked for: 200)"


def idle_memory(cluster: Cluster) -> str:
    """Memory of a worker that waits: of draining it takes no job."""
    cluster.run("cluster", "drain", "--wait", "0", is_checked=False)
    worker = cluster.start("cluster", "worker", "--slots", "10", machine="one")
    time.sleep(8)
    rollup = Path(f"/proc/{worker.pid}/smaps_rollup").read_text(encoding="ascii")
    kilobytes = {
        words[0].rstrip(":"): int(words[1])
        for line in rollup.splitlines()[1:]
        if (words := line.split())
    }
    return f"an idle worker: PSS {kilobytes['Pss'] / 1024:.0f} MB, RSS {kilobytes['Rss'] / 1024:.0f} MB (asked for: below 100)"


def crawl_seconds(workers: int) -> float:
    """Seconds from the first job to the last page in the archive."""
    with tempfile.TemporaryDirectory(prefix="dqtv-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            DemoPress(port=0) as press,
            postgres(folder) as dsn,
            Cluster(folder, dsn, press.port) as cluster,
        ):
            cluster.schedule(list(PAPERS))
            cluster.start("ingest", "--every", "0.5")
            for number in range(workers):
                cluster.start("cluster", "worker", "--slots", "1", machine=f"machine{number}")
            time.sleep(8)
            begun = time.monotonic()
            cluster.start("cluster", "feed")
            cluster.wait_for_jobs(len(PAPERS), 900)
            return time.monotonic() - begun


if __name__ == "__main__":
    main()
