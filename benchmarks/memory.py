"""Memory over a long run: a large frontier, then article pages of the demo press through process(), again and again.

First ``--frontier`` addresses are found, leased and settled in an archive, as a crawl does with the addresses of lists.
Prints the resident memory every 10,000 addresses and pages, and at the end the first, last and highest. Ends after ``--pages`` pages or ``--minutes``, whichever comes
first, and says which; exits with 1 when memory grew by more than ``--growth`` MB after the first 10,000 of either.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from archive.frontier import Frontier
from archive.model import Capture, Failed, FoundUrl, UrlKind
from archive.store import Store
from scraper.demo.newsroom import Request
from scraper.demo.press import DemoPress
from scraper.ledger import GROUP_SIZE
from scraper.process import process
from scraper.sites.load import load_registry

PORT = 8010
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = NOW.isoformat()
STEP = 10_000
SITE = "bao"
#: Addresses that one list names.
LIST = 100


def resident_mb() -> float:
    """Resident memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def captures(scale: int) -> list[Capture]:
    """Every article of the papers that mean well, and *scale* generated ones of each."""
    press = DemoPress(port=PORT, scale=scale)
    found = []
    for number, article in enumerate(x for x in press.truth() if x.paper in press.friendly):
        target = article.url.removeprefix(press.origin(article.paper))
        answer = press.newsroom(article.paper).answer(Request(method="GET", target=target), NOW)
        found.append(
            Capture(
                id=str(number), site=article.paper, url=article.url, fetched_at=NOW, status=answer.status,
                headers=answer.headers, body=answer.body,
            )
        )  # fmt: skip
    return found


def frontier_growth(rows: int) -> float:
    """MB by which memory grew from the first 10,000 addresses in the frontier to the last of *rows* settled."""
    marks = []
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        frontier = Frontier(store.connection)
        for found in range(0, rows, LIST):
            with store.transaction():
                frontier.add(SITE, map(article, range(found, found + LIST)), run_id="r", now=DAY, found_on=None)  # fmt: skip
            if (found + LIST) % STEP == 0:
                marks.append(resident_mb())
                print(f"{found + LIST:8,} addresses waiting  {marks[-1]:7.1f} MB", flush=True)
        settled = 0
        while True:
            with store.transaction():
                leased = frontier.lease(SITE, GROUP_SIZE, NOW.timestamp())
                for address in leased:
                    gone = Failed(reason="not_found", detail="HTTP 404")
                    frontier.settle(address, gone, run_id="r", now=DAY, clock=NOW.timestamp())
            settled += len(leased)
            if not leased:
                break
            if settled // STEP > (settled - len(leased)) // STEP:
                marks.append(resident_mb())
                print(f"{settled:8,} addresses settled  {marks[-1]:7.1f} MB", flush=True)
        assert settled == rows, f"{settled} of {rows} addresses came back"  # noqa: S101 - this is a check
    growth = max(marks) - marks[0] if marks else 0.0
    print(f"{rows:,} addresses: at most {growth:+.1f} MB after the first {STEP:,}")
    return growth


def article(number: int) -> FoundUrl:
    """An address as a list names it."""
    url = f"https://bao.example/quoc-phong/dan-quan-xa-thu-{number}-ra-quan-{number}.html"
    return FoundUrl(url=url, kind=UrlKind.ARTICLE, seed="quoc-phong", key=f"article:{number}")


def main() -> int:
    """Process, and print the memory."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--pages", type=int, default=100_000)
    options.add_argument("--frontier", type=int, default=100_000, help="addresses; 0 for none")
    options.add_argument("--minutes", type=float, default=3.0)
    options.add_argument("--growth", type=float, default=16.0, help="MB that may be added")
    chosen = options.parse_args()
    frontier = frontier_growth(chosen.frontier) if chosen.frontier else 0.0
    registry = load_registry(demo_port=PORT)
    pages = captures(scale=50)
    print(f"{len(pages)} different pages; {resident_mb():.1f} MB before the first")
    begin, marks = time.monotonic(), []
    done = 0
    for done, capture in enumerate(itertools.islice(itertools.cycle(pages), chosen.pages), start=1):
        site = registry.site(capture.site)
        process(capture, site, registry.family_of(site))
        if done % STEP == 0:
            marks.append(resident_mb())
            print(f"{done:8,} pages  {marks[-1]:7.1f} MB", flush=True)
        if time.monotonic() - begin > 60 * chosen.minutes:
            break
    ended = "all of them" if done == chosen.pages else f"ended after {chosen.minutes:g} minutes"
    last = resident_mb()
    first = marks[0] if marks else last
    growth = last - first
    # the kernel brings its own mark up to date late
    peak = max(resident_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(
        f"{done:,} pages, {ended}: {first:.1f} MB after the first {STEP:,}, {last:.1f} MB at the end"
    )
    print(f"({growth:+.1f} MB), at most {peak:.1f} MB")
    return 1 if max(growth, frontier) > chosen.growth else 0


if __name__ == "__main__":
    sys.exit(main())
