"""Speed of the ruled extraction path beside its peers, on the same demo pages in one run.

Prints a table and, with ``--json FILE``, writes the figures. Peers and ours take turns page set by page
set, so that a busy machine slows all of them; CPU time is counted, not the clock. What is compared:

- dqtv process(): parse, fields, body, cleaning, relevance (everything a crawl does with a page)
- trafilatura with metadata: the strongest generic extractor, text and metadata
- BeautifulSoup, whole page: a bs4 tree of the page with the lxml parser, nothing read from it
- lexbor: a bare HTML5 parse, the floor

Then what judging an article's relevance takes, of those without a militia term and of those with one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import trafilatura
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from archive.model import Accepted, Capture, Rejected
from scraper.classify.relevance import judge
from scraper.demo.press import DemoPress
from scraper.process import process
from scraper.sites.load import load_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.model import Article
    from scraper.sites.load import Registry


def fetch_pages(scale: int, per_paper: int) -> tuple[list[Capture], Registry]:
    """*per_paper* generated article pages of each ruled demo paper, as captures.

    Generated pages are as heavy as real ones; those of the written articles carry less furniture.
    Pages with an encoded body are left out: they are cheap for everyone.
    """
    captures: list[Capture] = []
    with DemoPress(port=0, scale=scale) as press:
        registry = load_registry(demo_port=press.port)
        ruled = [site for site in press.papers if registry.site(site).family]
        for paper in ruled:
            urls = [
                article.url
                for article in press.truth()
                if article.paper == paper
                and article.kind.startswith("scale")
                and article.body_state == "full"
            ][:per_paper]
            for number, url in enumerate(urls):
                with urllib.request.urlopen(url) as answer:  # noqa: S310  our own loopback server
                    body = answer.read()
                captures.append(
                    Capture(
                        id=f"{paper}-{number}", site=paper, url=url, fetched_at=datetime.now(UTC),
                        status=200, body=body,
                    )
                )  # fmt: skip
    return captures, registry


def candidates(registry: Registry) -> dict[str, Callable[[Capture], object]]:
    """What is measured, by name."""

    def ours(capture: Capture) -> object:
        site = registry.site(capture.site)
        return process(capture, site, registry.family_of(site))

    return {
        "dqtv process()": ours,
        "trafilatura with metadata": lambda capture: trafilatura.bare_extraction(
            capture.body, url=capture.url, with_metadata=True
        ),
        "BeautifulSoup, whole page": lambda capture: BeautifulSoup(capture.body, "lxml"),
        "lexbor, bare parse": lambda capture: LexborHTMLParser(capture.body),
    }


def measure(captures: list[Capture], registry: Registry, rounds: int) -> dict[str, list[float]]:
    """CPU seconds per page of every candidate, one figure per round; the candidates take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates(registry)}
    for _ in range(rounds):
        for name, run in candidates(registry).items():
            begin = time.process_time()
            for capture in captures:
                run(capture)
            seconds[name].append((time.process_time() - begin) / len(captures))
    return seconds


def relevance(
    captures: list[Capture], registry: Registry, rounds: int
) -> dict[str, tuple[int, float]]:
    """Number of articles and CPU seconds for each, without a militia term and with one."""
    articles = []
    for capture in captures:
        site = registry.site(capture.site)
        outcome = process(capture, site, registry.family_of(site))
        if isinstance(outcome, Accepted | Rejected) and outcome.article is not None:
            articles.append(outcome.article)
    groups: dict[str, list[Article]] = {"judged, no militia term": [], "judged, with one": []}
    for article in articles:
        verdict, _ = judge(article)
        groups["judged, with one" if verdict.evidence else "judged, no militia term"].append(
            article
        )
    found = {}
    for name, group in groups.items():
        seconds = []
        for _ in range(rounds if group else 0):
            begin = time.process_time()
            for article in group:
                judge(article)
            seconds.append((time.process_time() - begin) / len(group))
        if seconds:
            found[name] = (len(group), statistics.median(seconds))
    return found


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--pages", type=int, default=60, help="article pages per paper")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    captures, registry = fetch_pages(2 * chosen.pages, chosen.pages)
    size = statistics.mean(len(capture.body) for capture in captures) / 1024
    print(
        f"{len(captures)} demo pages of ruled papers, {size:.0f} KiB on average, {chosen.rounds} rounds"
    )
    seconds = measure(captures, registry, chosen.rounds)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    base = median["trafilatura with metadata"]
    print(f"{'':28} {'pages/s':>9} {'ms/page':>9} {'x trafilatura':>14}")
    for name, value in median.items():
        print(f"{name:28} {1 / value:9.0f} {1000 * value:9.2f} {base / value:14.1f}")
    judging = relevance(captures, registry, chosen.rounds)
    for name, (number, value) in judging.items():
        print(f"{name:28} {number:5} articles {1000 * value:9.3f} ms each")
    if chosen.json:
        figures = {
            "pages": len(captures), "mean_kib": size, "cpu_seconds_per_page": median,
            "relevance": judging,
        }  # fmt: skip
        chosen.json.write_text(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
