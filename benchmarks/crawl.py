"""Speed of a whole crawl beside a bare Scrapy download of the same pages, against the same press.

The demo press runs as a process of its own with delay 0. The bare spider downloads the list of the very
pages that our crawl fetches and does nothing with them (stock settings, 8 requests at a time, no
robots.txt); ours discovers them, writes WARC records, extracts, judges, stores and commits durably: once
with extraction in the same process, once in a child. All run in processes of their own, in turn. Pages
per second are counted from the press's own log, between the first and the last page; CPU time is that of
the crawling process between its first and its last page, by stage. On a busy machine the clock says little
and CPU time much. One of the three papers has no layout, so the generic path reads a third of the pages.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from scraper import answers, crawling
from scraper.crawl_request import CrawlRequest
from scraper.demo.press import DemoPress
from scraper.extensions import capture
from scraper.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

OK = 200
#: The others ask for a delay, which the bare spider would not keep.
PAPERS = ("demo-songmay", "demo-nuingan", "demo-bienxanh")
BARE, OURS, CHILD = "bare Scrapy download", "dqtv crawl", "dqtv crawl, child extracts"
#: Setting DQTV_EXTRACT_PROCESSES of each kind of crawl.
PROCESSES = {OURS: 0, CHILD: 1}


class Stopwatch:
    """CPU time of this process by stage, and between the first and the last page."""

    def __init__(self) -> None:
        self.stages: Counter[str] = Counter()
        self.pages = 0
        self._first = self._last = 0.0

    def page(self) -> None:
        """Note that a page has come."""
        self._last = time.process_time()
        self._first = self._first or self._last
        self.pages += 1

    def time(self, owner: Any, name: str, stage: str) -> None:  # noqa: ANN401  modules and classes
        """Count what *owner*.*name* takes as *stage*."""
        inner = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  whatever it takes
            begin = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.stages[stage] += time.process_time() - begin

        setattr(owner, name, timed)

    def report(self) -> None:
        """Print one JSON object: CPU milliseconds a page, peak memory in MB."""
        per_page = 1000 / max(1, self.pages - 1)
        stages = {stage: seconds * per_page for stage, seconds in self.stages.items()}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        whole = (self._last - self._first) * per_page
        print(json.dumps({"cpu_ms": whole, "stages": stages, "peak_mb": peak}))


class Bare(scrapy.Spider):
    """Downloads a list of pages and throws them away."""

    name = "bare"

    def __init__(self, urls: list[str], watch: Stopwatch) -> None:
        super().__init__()
        self._urls, self._watch = urls, watch

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """One request for each line of the file."""
        for url in self._urls:
            yield scrapy.Request(url)

    def parse(self, response: scrapy.http.Response) -> None:  # noqa: ARG002  Scrapy's signature
        """Do nothing."""
        self._watch.page()


def crawl_bare(urls: str) -> None:
    """Download every page of the file *urls* with stock settings."""
    watch = Stopwatch()
    process = AsyncCrawlerProcess({
        "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
        "CONCURRENT_REQUESTS": 32, "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    })  # fmt: skip
    process.crawl(Bare, urls=Path(urls).read_text(encoding="utf-8").split(), watch=watch)
    process.start()
    watch.report()


def crawl_ours(archive: str) -> None:
    """The real crawl, with everything on."""
    watch = Stopwatch()
    watch.time(answers, "process", "process")
    watch.time(capture, "_write", "capture")
    for name in ("commit", "lease", "next_ready_at"):
        watch.time(Ledger, name, "store")
    take = Ledger.add

    def counted(*args: Any) -> bool:  # noqa: ANN401  whatever it takes
        watch.page()
        return take(*args)

    Ledger.add = counted  # type: ignore[method-assign]  # the benchmark's own process
    crawling.crawl(CrawlRequest(sites=PAPERS, root=Path(archive), progress=False))
    watch.report()


@contextlib.contextmanager
def running_press(port: int, scale: int, log: Path) -> Iterator[None]:
    """The demo press as its own process."""
    command = [
        sys.executable,
        "-m",
        "scraper.demo.press",
        "--port",
        str(port),
        "--scale",
        str(scale),
    ]
    with subprocess.Popen(
        [*command, "--log", str(log)], stdout=subprocess.PIPE, text=True
    ) as press:
        try:
            assert press.stdout is not None  # noqa: S101  asked for above
            if "ready" not in press.stdout.readline():
                raise SystemExit("the demo press did not start")
            yield
        finally:
            press.terminate()


def pages_per_second(log: Path, first_line: int) -> tuple[float, int]:
    """Pages answered with 200 per second, from line *first_line* of the press's log on."""
    entries = [json.loads(x) for x in log.read_text(encoding="utf-8").splitlines()[first_line:]]
    times = [datetime.fromisoformat(x["at"]).timestamp() for x in entries if x["status"] == OK]
    return (len(times) - 1) / (max(times) - min(times)), len(times)


def run(name: str, port: int, urls: Path, archive: Path) -> dict[str, Any]:
    """One crawl in a process of its own; what its stopwatch says."""
    own = ["--bare", str(urls)] if name == BARE else ["--ours", str(archive)]
    environment = {
        **os.environ, "DQTV_DEMO_PORT": str(port),
        "DQTV_EXTRACT_PROCESSES": str(PROCESSES.get(name, 0)),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, __file__, *own], check=True, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(scale: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """All crawls in turn, *rounds* times."""
    press = DemoPress(port=0, scale=scale)
    truth = [article for article in press.truth() if article.paper in PAPERS]
    found: dict[str, list[dict[str, Any]]] = {BARE: [], OURS: [], CHILD: []}
    with tempfile.TemporaryDirectory() as folder:
        log, urls = Path(folder, "press.jsonl"), Path(folder, "urls.txt")
        urls.write_text("\n".join(article.url for article in truth), encoding="utf-8")
        log.touch()
        with running_press(press.port, scale, log):
            for number in range(rounds):
                for name, values in found.items():
                    first = len(log.read_text(encoding="utf-8").splitlines())
                    archive = Path(folder, f"archive-{number}-{PROCESSES.get(name)}")
                    said = run(name, press.port, urls, archive)
                    rate, pages = pages_per_second(log, first)
                    values.append(said | {"rate": rate, "pages": pages})
                    print(
                        f"round {number + 1}: {name}: {pages} pages, {rate:.0f} pages/s,"
                        f" {said['cpu_ms']:.2f} ms CPU a page",
                        flush=True,
                    )
    return found


def table(found: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Medians by kind of crawl, printed; ratios are medians of the rounds' own."""

    def median(name: str, value: Callable[[dict[str, Any], dict[str, Any]], float]) -> float:
        return statistics.median(value(*x) for x in zip(found[name], found[BARE], strict=True))

    rows: dict[str, dict[str, float]] = {}
    print(f"{'':28} {'pages/s':>8} {'of bare':>8} {'CPU ms':>7} {'of bare':>8} {'peak MB':>8}")
    for name in found:
        row = rows[name] = {
            "pages_per_second": median(name, lambda x, _: x["rate"]),
            "of_bare": median(name, lambda x, bare: x["rate"] / bare["rate"]),
            "cpu_ms": median(name, lambda x, _: x["cpu_ms"]),
            "of_bare_by_cpu": median(name, lambda x, bare: bare["cpu_ms"] / x["cpu_ms"]),
            "peak_mb": median(name, lambda x, _: x["peak_mb"]),
        }
        rate, ratio, cpu, by_cpu, peak = row.values()
        print(f"{name:28} {rate:8.0f} {ratio:8.2f} {cpu:7.2f} {by_cpu:8.2f} {peak:8.0f}")
    print("\nCPU ms a page of the crawling process, by stage")
    for name in (OURS, CHILD):
        stages = {
            stage: median(name, lambda x, _, stage=stage: x["stages"].get(stage, 0.0))  # type: ignore[misc]  # bound early
            for stage in ("capture", "process", "store")
        }
        # stock settings cost a bare crawl more than ours do, so this is no more than what is left
        stages["download and engine"] = rows[name]["cpu_ms"] - sum(stages.values())
        rows[name] |= stages
        print(f"{name:28} " + ", ".join(f"{stage} {value:.2f}" for stage, value in stages.items()))
    return rows


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=400, help="generated articles per paper")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="write the figures to this file")
    options.add_argument("--bare", help=argparse.SUPPRESS)
    options.add_argument("--ours", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.bare:
        crawl_bare(chosen.bare)
    elif chosen.ours:
        crawl_ours(chosen.ours)
    else:
        rows = table(measure(chosen.scale, chosen.rounds))
        if chosen.json:
            chosen.json.write_text(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
