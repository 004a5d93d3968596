"""A worker whose pages are made up and whose spool, segments and WARC files are real."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from archive.cluster.segment import seal
from archive.cluster.state import open_spool
from archive.crawl_log import CrawlLog, LogLine
from archive.frontier import Frontier
from archive.manifest import register_closed
from archive.model import (
    Accepted,
    Article,
    Capture,
    Evidence,
    Figure,
    FoundUrl,
    UrlKind,
    Verdict,
)
from archive.runs import start_run
from archive.warc import Exchange, WarcWriter

if TYPE_CHECKING:
    from pathlib import Path

    from archive.cluster.segment import Segment
    from archive.store import Store

NOW = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
_SYLLABLES = [
    "dân",
    "quân",
    "tự",
    "vệ",
    "xã",
    "huyện",
    "tỉnh",
    "ra",
    "quân",
    "huấn",
    "luyện",
    "giúp",
    "dân",
    "gặt",
    "lúa",
    "chống",
    "bão",
    "lũ",
    "tuần",
    "tra",
]
_UTC = "2026-11-24T03:10:00.000000Z"


def invented_text(number: int, characters: int) -> str:
    """A text of some *characters*, the same for a *number* whenever it is asked for."""
    dice = random.Random(number)  # noqa: S311 - the same text each time is what is wanted
    words = dice.choices(_SYLLABLES, k=characters // 4)
    return "".join(f"{word} " for word in words)[:characters].strip()


def paper(site: str) -> dict[str, object]:
    """Row of an invented paper."""
    return {
        "id": site, "name": f"Báo {site}", "province": None, "homepage": f"http://{site}.vn/",
        "family": None, "languages": ["vi"], "status": "active",
    }  # fmt: skip


def begin(root: Path, site: str, token: int, state: Path) -> Worker:
    """A worker with a spool of its own in the folder *root*, begun from *state*."""
    store = open_spool(root, site=site, token=token, state=state)
    run_id = f"20261124T0309{token % 60:02}Z-{uuid.uuid4().hex[:8]}"
    start_run(store, run_id, site=site, command="crawl")
    writer = WarcWriter(
        store.warc_folder, site=site, run_id=run_id, operator="x", software="test", robots_policy="obey",
        known_payload=store.known_payload,
    )  # fmt: skip
    return Worker(site=site, store=store, run_id=run_id, writer=writer)


@attrs.define(kw_only=True)
class Worker:
    """A crawl without a network."""

    site: str
    store: Store
    run_id: str
    writer: WarcWriter
    pages: int = 0

    def find(self, *numbers: int, text: str | None = None, characters: int = 200) -> None:
        """Fetch articles of these numbers and commit them, WARC first."""
        outcomes = [
            self._fetch(number, text or invented_text(number, characters)) for number in numbers
        ]
        self.writer.flush(durable=True)
        with self.store.transaction():
            self.store.sync_site(paper(self.site))
            frontier, log = Frontier(self.store.connection), CrawlLog(self.store.connection)
            found = [FoundUrl(url=x.capture.url, kind=UrlKind.ARTICLE) for x in outcomes]
            frontier.add(self.site, found, run_id=self.run_id, now=_UTC, found_on=None)
            leased = {x.url: x for x in frontier.lease(self.site, len(found), 2e9)}
            for at, outcome in enumerate(outcomes, start=self.pages - len(outcomes) + 1):
                stored = self.store.store_outcome(outcome)
                page = leased[outcome.capture.url]
                frontier.settle(page, outcome, run_id=self.run_id, now=_UTC, clock=2e9)
                line = LogLine(
                    run_id=self.run_id, position=at, site=self.site, url=page.url, kind="article", outcome=stored,
                    status=200, capture_id=outcome.capture.id, asked_at=_UTC,
                )  # fmt: skip
                log.add(line)

    def seal(self) -> Segment | None:
        """Close the WARC file and seal what was found since the last time."""
        register_closed(self.store, self.writer.rotate())
        return seal(self.store)

    def close(self) -> None:
        """Close file and database."""
        self.writer.close()
        self.store.close()

    def _fetch(self, number: int, text: str) -> Accepted:
        self.pages += 1
        url, at = f"http://{self.site}.vn/{number}.html", NOW + timedelta(seconds=self.pages)
        exchange = Exchange(
            id=str(uuid.uuid4()), url=url, fetched_at=at, status=200,
            payload=f"<html><h1>{number}</h1>{text}".encode(),
        )  # fmt: skip
        record = self.writer.write_exchange(exchange)
        capture = Capture(
            id=exchange.id, site=self.site, url=url, fetched_at=at, status=200, headers=(), body=b"",
            payload_sha256=record.payload_sha256, location=record.location, run_id=self.run_id,
            robots="allowed", kind=record.kind,
        )  # fmt: skip
        article = Article(
            id=f"{self.site}:{number}", site=self.site, url=url, title=f"Bài {number}",
            body=(text, "Đoạn thứ hai."), figures=(Figure(position=1, caption="Ảnh."),),
        )  # fmt: skip
        evidence = (Evidence(part="title", term="dân quân", count=1, weight=5.0),)
        verdict = Verdict(relevance=5.0, level=2, evidence=evidence)
        return Accepted(capture=capture, article=article, verdict=verdict)
