"""Quality of body extraction on a gold folder, beside the peers, on the same pages.

``--gold DIR`` takes any format of ``gold_sets.py``. Peers run in an environment of their own (``make bench-peers`` makes
``.venv-peers`` and calls this); those that are not installed are named as such. ``--json FILE`` writes the figures.

- dqtv container: the generic path's container, all of its text
- dqtv generic: process() without any rules: lead and paragraphs, as readers get them
- dqtv generic, body: the paragraphs alone; some gold texts have no leads
- dqtv ruled: process() with the rules of the paper, on pages of known papers
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs
from gold_peers import NOT_INSTALLED, PEERS
from gold_sets import GoldPage, Score, mean, read_gold, score

from archive.model import Capture
from scraper.extract.fallback import cut_by_text
from scraper.extract.hazards import why_not_parsed
from scraper.extract.page import line_text, read_page
from scraper.process import process
from scraper.sites.load import load_registry
from scraper.sites.spec import SiteSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.sites.load import Registry
    from scraper.sites.spec import Family

_ROOT: Final = Path(__file__).parents[1]
_PEERS_PYTHON: Final = _ROOT / ".venv-peers" / "bin" / "python"
_FETCHED: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: Seconds that a peer may take for all pages.
_LONGEST_RUN: Final = 1800
#: The worst pages written to JSON, per tool.
_WORST: Final = 15


@attrs.frozen(kw_only=True)
class Run:
    """What one tool read from every page."""

    name: str
    texts: list[str]
    #: CPU, per page.
    seconds: list[float]
    version: str = ""
    errors: int = 0


def generic_text(page: GoldPage) -> str:
    """Lead and paragraphs as process() reads them without any rules."""
    return _read(page, _unknown_site(page), None)


def generic_body(page: GoldPage) -> str:
    """Paragraphs as process() reads them without any rules."""
    article = process(_capture(page), _unknown_site(page), None).article
    return "\n".join(article.body) if article else ""


def _unknown_site(page: GoldPage) -> SiteSpec:
    """A paper of which only the article's address is known."""
    parts = urlsplit(page.url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return SiteSpec(
        id="gold", name=parts.netloc, province=None, homepage=f"{parts.scheme}://{parts.netloc}/",
        domains=(parts.netloc.lower(),), article_url=(re.compile(f"^{re.escape(path)}$"),),
    )  # fmt: skip


def container_text(page: GoldPage) -> str:
    """All text of the container that the generic path chooses."""
    if why_not_parsed(page.html):
        return ""
    cut = cut_by_text(read_page(_capture(page)))
    return line_text(cut.node) if cut else ""


def ruled_text(page: GoldPage) -> str:
    """Lead and paragraphs as process() reads them with the paper's rules."""
    registry = _registry()
    site = registry.site(page.site or "")
    return _read(page, site, registry.family_of(site))


@cache
def _registry() -> Registry:
    return load_registry()


def _read(page: GoldPage, site: SiteSpec, family: Family | None) -> str:
    article = process(_capture(page), site, family).article
    return "\n".join((article.sapo or "", *article.body)) if article else ""


def _capture(page: GoldPage) -> Capture:
    return Capture(
        id="gold", site="gold", url=page.url, fetched_at=_FETCHED, status=200, body=page.html,
        headers=page.headers,
    )  # fmt: skip


def run_ours(name: str, read: Callable[[GoldPage], str], pages: list[GoldPage]) -> Run:
    """One of our own paths, in this process."""
    texts: list[str] = []
    seconds: list[float] = []
    for page in pages:
        begin = time.process_time()
        texts.append(read(page))
        seconds.append(time.process_time() - begin)
    return Run(name=name, texts=texts, seconds=seconds)


def run_peer(name: str, python: Path, folder: Path, language: str) -> Run | None:
    """A peer in a process of its own; None where it is not installed."""
    if not python.exists():
        return None
    command = [python, Path(__file__).with_name("gold_peers.py"), name, folder, language]
    done = subprocess.run(command, capture_output=True, check=False, timeout=_LONGEST_RUN)
    if done.returncode == NOT_INSTALLED:
        return None
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return Run(name=name, **json.loads(done.stdout))


def figures(run: Run, pages: list[GoldPage]) -> dict[str, object]:
    """The numbers of one tool."""
    scores = [score(page, text) for page, text in zip(pages, run.texts, strict=True)]
    total: Score = mean(scores)
    order = sorted(range(len(pages)), key=lambda at: scores[at].f1)
    slowest = max(range(len(pages)), key=lambda at: run.seconds[at])
    return {
        "version": run.version,
        "f1": total.f1,
        "precision": total.precision,
        "recall": total.recall,
        "empty": sum(not text.strip() for text in run.texts),
        "errors": run.errors,
        "pages_per_cpu_second": len(pages) / max(sum(run.seconds), 1e-9),
        "slowest_page": {"id": pages[slowest].id, "seconds": run.seconds[slowest]},
        "worst_pages": [
            {"id": pages[at].id, "f1": scores[at].f1, "precision": scores[at].precision,
             "recall": scores[at].recall}
            for at in order[:_WORST]
        ],
    }  # fmt: skip


def runs(pages: list[GoldPage], python: Path, language: str) -> dict[str, Run | None]:
    """Every tool's run by its name; None for peers that are not installed."""
    found: dict[str, Run | None] = {
        "dqtv container": run_ours("dqtv container", container_text, pages),
        "dqtv generic": run_ours("dqtv generic", generic_text, pages),
        "dqtv generic, body": run_ours("dqtv generic, body", generic_body, pages),
    }
    if all(page.site for page in pages):
        _registry()  # read before the clock starts
        found["dqtv ruled"] = run_ours("dqtv ruled", ruled_text, pages)
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"{number:06}.html").write_bytes(page.html)
        for name in PEERS:
            found[name] = run_peer(name, python, Path(folder), language)
    return found


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--gold", type=Path, default=_ROOT / "tests" / "captures", metavar="DIR")
    options.add_argument("--peers", type=Path, default=_PEERS_PYTHON, help="Python with the peers")
    options.add_argument("--language", choices=("vi", "en"), help="vi for our own pages, else en")
    options.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = options.parse_args()
    pages = read_gold(chosen.gold)
    language = chosen.language or ("vi" if pages[0].site else "en")
    measured = {
        name: figures(run, pages) if run else None
        for name, run in runs(pages, chosen.peers, language).items()
    }
    print(f"{len(pages)} pages of {chosen.gold}; 4-word shingles, CPU time")
    print(
        f"{'':32} {'F1':>6} {'P':>6} {'R':>6} {'empty':>6} {'pages/s':>8} {'slowest':>8}  worst page"
    )
    for name, row in measured.items():
        if row is None:
            print(f"{name:32} not installed")
            continue
        label = f"{name} {row['version']}".strip()
        worst = row["worst_pages"][0]
        print(
            f"{label:32} {row['f1']:6.3f} {row['precision']:6.3f} {row['recall']:6.3f} {row['empty']:6} "
            f"{row['pages_per_cpu_second']:8.1f} {row['slowest_page']['seconds']:7.2f}s  {worst['id'][:40]} ({worst['f1']:.2f})"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps({"pages": len(pages), "tools": measured}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
