"""What learning a paper's template takes away: recurring lines put into demo pages, read one after the other.

Every paper of the press prints lines that no fixed rule knows into all or most of its articles. The pages
are read in order, as a first crawl would, then once more. Counted are the characters of these lines
that are still in the bodies and the characters of the articles' own paragraphs that are missing, against
reading without a template. Then the time of process() with and without a full template, taking turns.
"""

from __future__ import annotations

import argparse
import html
import statistics
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from archive.model import Capture, RecordLocation
from archive.store import Store
from scraper.demo.press import DemoPress
from scraper.process import process
from scraper.sites.load import load_registry

if TYPE_CHECKING:
    from archive.template import Template
    from scraper.demo.truth import TrueArticle
    from scraper.sites.load import Registry

#: Line, and on how many of how many articles it stands.
LINES = (
    ("Đọc báo in tại các điểm bưu điện xã từ sáu giờ ba mươi hằng ngày.", 1, 1),
    ("Tải ứng dụng của tòa soạn để không bỏ lỡ tin nóng trong tỉnh", 1, 1),
    ("Mời bạn đọc gửi tin, ảnh về hộp thư tòa soạn; tin được dùng có nhuận bút.", 2, 3),
    # on a fifth of the articles: must stay, like a law that several articles quote
    ("Điều 5 quy định nguyên tắc tổ chức, hoạt động của dân quân tự vệ.", 1, 5),
)
_FURNITURE = {line for line, _, _ in LINES[:-1]}
#: Pages read before one transaction, as in a crawl.
GROUP = 16


@attrs.frozen
class Page:
    """A page with lines put into it."""

    capture: Capture
    truth: TrueArticle
    lines: tuple[str, ...]


def pages(press: DemoPress, per_paper: int) -> list[Page]:
    """Up to *per_paper* whole articles of each paper whose second paragraph is found as it stands."""
    made: list[Page] = []
    by_paper: dict[str, int] = {}
    for truth in press.truth():
        number = by_paper.get(truth.paper, 0)
        if truth.body_state != "full" or len(truth.body) < 3 or number >= per_paper:  # noqa: PLR2004
            continue
        with urllib.request.urlopen(truth.url) as answer:  # noqa: S310  our own loopback server
            text = answer.read().decode("utf-8", "replace")
        lines = tuple(line for line, carry, of in LINES if number % of < carry)
        at = text.rfind(html.escape(truth.body[1], quote=False))
        if at < 0:
            continue
        put = "".join(f"{line}<br><br>" for line in lines)
        body = (text[:at] + put + text[at:]).encode()
        capture = Capture(
            id=f"{truth.paper}-{number}", site=truth.paper, url=truth.url, status=200,
            fetched_at=datetime.now(UTC), body=body,
            location=RecordLocation(warc_file="none", offset=0, length=0),
        )  # fmt: skip
        made.append(Page(capture, truth, lines))
        by_paper[truth.paper] = number + 1
    return made


@attrs.define
class Tally:
    """Characters over all pages of a reading."""

    furniture: int = 0
    left: int = 0
    own: int = 0
    lost: int = 0
    rare: int = 0
    rare_lost: int = 0

    def count(self, page: Page, body: tuple[str, ...], plain: tuple[str, ...]) -> None:
        """Add one page; *plain* is its body read without a template."""
        read = set(body)
        for text in plain:
            if text in _FURNITURE:
                self.furniture += len(text)
                self.left += len(text) * (text in read)
            elif text in page.lines:
                self.rare += len(text)
                self.rare_lost += len(text) * (text not in read)
            else:
                self.own += len(text)
                self.lost += len(text) * (text not in read)

    def row(self, name: str) -> str:
        """The tally as a line of the table."""
        removed = 1 - self.left / max(1, self.furniture)
        return (
            f"{name:14} {self.furniture:9,} {removed:9.1%} {self.own:11,} {self.lost:9,}"
            f" {self.rare:7,} {self.rare_lost:7,}"
        )


def read_all(store: Store, registry: Registry, made: list[Page]) -> Tally:
    """Read every page with what was learned so far, learning in groups."""
    tally = Tally()
    for begin in range(0, len(made), GROUP):
        outcomes = []
        for page in made[begin : begin + GROUP]:
            site = registry.site(page.capture.site)
            family = registry.family_of(site)
            outcome = process(page.capture, site, family, store.template(site.id))
            plain = process(page.capture, site, family)
            if outcome.article is not None and plain.article is not None:
                tally.count(page, outcome.article.body, plain.article.body)
                outcomes.append(outcome)
        with store.transaction():
            for outcome in outcomes:
                store.store_outcome(outcome)
    return tally


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--scale", type=int, default=300, help="generated articles per paper")
    options.add_argument("--rounds", type=int, default=7)
    chosen = options.parse_args()
    with DemoPress(port=0, scale=chosen.scale) as press, tempfile.TemporaryDirectory() as folder:
        registry = load_registry(demo_port=press.port)
        made = pages(press, chosen.scale)
        print(f"{len(made)} pages of {len({x.truth.paper for x in made})} papers")
        print(
            f"{'':14} {'recurring':>9} {'removed':>9} {'own text':>11} {'lost':>9} {'rare':>7} {'lost':>7}"
        )
        with Store.open(Path(folder)) as store:
            print(read_all(store, registry, made).row("first reading"))
            print(read_all(store, registry, made).row("second look"))
            templates = {site: store.template(site) for site in registry.sites}
        show_speed(made[:: max(1, len(made) // 300)], registry, templates, chosen.rounds)
    return 0


def show_speed(
    made: list[Page], registry: Registry, templates: dict[str, Template], rounds: int
) -> None:
    """Print the CPU time of a page with and without template."""
    seconds: dict[str, list[float]] = {"without template": [], "with template": []}
    for _ in range(rounds):
        for name, values in seconds.items():
            begin = time.process_time()
            for page in made:
                site = registry.site(page.capture.site)
                template = templates[site.id] if name == "with template" else None
                process(page.capture, site, registry.family_of(site), template)
            values.append((time.process_time() - begin) / len(made))
    for name, values in seconds.items():
        print(f"{name:18} {1000 * statistics.median(values):6.3f} ms a page")


if __name__ == "__main__":
    sys.exit(main())
