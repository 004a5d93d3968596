"""A worker that finds articles, a hub in a folder, leases in memory, and the archive that takes it all in."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from archive.cluster.segment import seal
from archive.cluster.state import open_spool
from archive.errors import ClusterUnreachable
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
from archive.store import Store
from archive.warc import Exchange, WarcWriter

SITE = "bao"
NOW = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
PAPER = {
    "id": SITE, "name": "Báo Ví Dụ", "province": "Điện Biên", "homepage": "http://bao.vn/",
    "family": None, "languages": ["vi"], "status": "active",
}  # fmt: skip


@attrs.define
class _Judged:
    newest: int | None
    acked: int
    is_current: bool
    marked: int | None = None

    def mark(self, seq: int) -> None:
        assert self.is_current
        self.marked = seq


@attrs.define
class FakeLeases:
    """Tokens and acknowledgements in memory."""

    tokens: dict[str, int] = attrs.field(factory=dict)
    acked: dict[str, int] = attrs.field(factory=dict)
    states: dict[str, int] = attrs.field(factory=dict)
    #: Called before a verdict is given, with the number of verdicts before.
    on_judging: object = None
    judged: int = 0
    #: Marks are not committed: the database dies at that instant.
    goes_away: bool = False

    def take(self, site: str = SITE) -> int:
        self.tokens[site] = self.tokens.get(site, 0) + 1
        self.acked[site] = 0
        return self.tokens[site]

    @contextmanager
    def judging(self, site, token):
        if self.on_judging is not None:
            self.on_judging(self.judged)
        self.judged += 1
        newest = self.tokens.get(site)
        judgement = _Judged(newest, self.acked.get(site, 0), newest == token)
        yield judgement
        if judgement.marked is not None:
            if self.goes_away:
                raise ClusterUnreachable("gone")
            self.acked[site] = max(self.acked[site], judgement.marked)

    def without_state(self):
        return [(site, x) for site, x in self.tokens.items() if self.states.get(site, 0) < x]

    def has_state(self, site, token):
        self.states[site] = token

    def raise_tokens(self, at_least, by=1000):
        for site in {*self.tokens, *at_least}:
            self.tokens[site] = max(self.tokens.get(site, 0), at_least.get(site, 0)) + by
            self.acked[site] = 0
            self.states[site] = self.tokens[site]


@attrs.define
class Worker:
    """A crawl without a network: its pages are made up, its spool is real."""

    store: Store
    run_id: str
    pages: int = 0
    writer: WarcWriter | None = None

    def find(self, *numbers: int, text: str = "Dân quân xã ra quân.") -> None:
        """Fetch articles of these numbers and commit them, WARC first."""
        written = [self._fetch(number, text) for number in numbers]
        self.writer.flush(durable=True)
        with self.store.transaction():
            self.store.sync_site(PAPER | {"id": self.writer._site})
            frontier = Frontier(self.store.connection)
            found = [FoundUrl(url=x.capture.url, kind=UrlKind.ARTICLE) for x in written]
            now = "2026-11-24T03:10:00.000000Z"
            frontier.add(self.site, found, run_id=self.run_id, now=now, found_on=None)
            leased = {x.url: x for x in frontier.lease(self.site, len(found), 2e9)}
            for outcome in written:
                self.store.store_outcome(outcome)
                frontier.settle(
                    leased[outcome.capture.url], outcome, run_id=self.run_id, now=now, clock=2e9
                )

    @property
    def site(self) -> str:
        return self.writer._site

    def _fetch(self, number: int, text: str) -> Accepted:
        self.pages += 1
        url, at = f"http://bao.vn/{number}.html", NOW + timedelta(minutes=self.pages)
        exchange = Exchange(
            id=str(uuid.uuid4()), url=url, fetched_at=at, status=200,
            payload=f"<html>{number} {text}".encode() * 30,
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
        return Accepted(
            capture=capture, article=article, verdict=Verdict(relevance=5.0, level=2, evidence=evidence),
        )  # fmt: skip

    def seal(self):
        register_closed(self.store, self.writer.rotate())
        return seal(self.store)


@pytest.fixture
def archive(tmp_path):
    with Store.open(tmp_path / "archive") as store:
        yield store


@pytest.fixture
def hub_url(tmp_path) -> str:
    return (tmp_path / "hub").as_uri()


@pytest.fixture
def fakes() -> FakeLeases:
    return FakeLeases()


@pytest.fixture
def begin_worker(tmp_path):
    """Makes workers with a spool of their own, begun from a state."""
    opened = []

    def begin(token: int, state: Path, *, site: str = SITE, name: str | None = None) -> Worker:
        root = tmp_path / "spool" / (name or f"{site}-{token}")
        store = open_spool(root, site=site, token=token, state=state)
        opened.append(store)
        run_id = f"20261124T0309{token % 60:02}Z-{uuid.uuid4().hex[:8]}"
        start_run(store, run_id, site=site, command="crawl")
        worker = Worker(store, run_id)
        worker.writer = WarcWriter(
            store.warc_folder, site=site, run_id=run_id, operator="x", software="test", robots_policy="obey",
            known_payload=store.known_payload,
        )  # fmt: skip
        opened.append(worker.writer)
        return worker

    yield begin
    for one in reversed(opened):
        one.close()
