"""Speed of a whole crawl beside a bare Scrapy download of the same pages, against the same press.

The demo press runs as a process of its own with delay 0. The bare spider downloads the list of the very
pages that our crawl fetches and does nothing with them (stock settings, 8 requests at a time, no
robots.txt); ours discovers them, writes WARC records, extracts, judges, stores and commits durably.
Both run in processes of their own, in turn; pages per second are counted from the press's own log,
between the first and the last page, so that start-up is in neither figure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = 200

BARE = """
import sys, scrapy
from scrapy.crawler import AsyncCrawlerProcess

class Bare(scrapy.Spider):
    name = "bare"
    async def start(self):
        for url in open(sys.argv[1], encoding="utf-8"):
            yield scrapy.Request(url.strip())
    def parse(self, response):
        pass

process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False, "CONCURRENT_REQUESTS": 32, "CONCURRENT_REQUESTS_PER_DOMAIN": 8})
process.crawl(Bare)
process.start()
"""


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
        "--log",
        str(log),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as press:
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
    times = [
        datetime.fromisoformat(entry["at"]).timestamp()
        for entry in entries
        if entry["status"] == OK
    ]
    return (len(times) - 1) / (max(times) - min(times)), len(times)


def run_bare(urls: Path) -> None:
    """Download every page and throw it away."""
    subprocess.run([sys.executable, "-c", BARE, str(urls)], check=True)


def run_ours(port: int, papers: list[str], archive: Path) -> None:
    """The real crawl, with everything on."""
    command = [
        sys.executable,
        "-m",
        "scraper",
        "crawl",
        *papers,
        "--archive",
        str(archive),
        "--json",
    ]
    environment = {"DQTV_DEMO_PORT": str(port)}
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=400, help="generated articles per paper")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    press = DemoPress(port=0, scale=chosen.scale)
    port = press.port
    # the others ask for a delay, which the bare spider would not keep
    papers = ["demo-songmay", "demo-nuingan", "demo-bienxanh"]
    truth = [article for article in press.truth() if article.paper in papers]
    rates: dict[str, list[float]] = {"bare Scrapy download": [], "dqtv crawl, everything on": []}
    with tempfile.TemporaryDirectory() as folder:
        log, urls = Path(folder, "press.jsonl"), Path(folder, "urls.txt")
        urls.write_text("\n".join(article.url for article in truth), encoding="utf-8")
        log.touch()
        with running_press(port, chosen.scale, log):
            for number in range(chosen.rounds):
                for name, run in (
                    ("bare Scrapy download", lambda: run_bare(urls)),
                    (
                        "dqtv crawl, everything on",
                        lambda n=number: run_ours(port, papers, Path(folder, f"archive-{n}")),
                    ),
                ):
                    first = len(log.read_text(encoding="utf-8").splitlines())
                    run()
                    rate, pages = pages_per_second(log, first)
                    rates[name].append(rate)
                    print(
                        f"round {number + 1}: {name}: {pages} pages, {rate:.0f} pages/s", flush=True
                    )
    median = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{'':28} {'pages/s':>9} {'of bare':>9}")
    for name, value in median.items():
        print(f"{name:28} {value:9.0f} {value / median['bare Scrapy download']:9.2f}")
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"pages": len(truth), "pages_per_second": median}, indent=2)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
