"""Snapshots to search, stored and published as the archive does it, and a browser on them."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tomllib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from datasette.app import Datasette

from archive.crawl_log import CrawlLog, LogLine
from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.health.alarms import Finding, acknowledge, see
from archive.health.alarms import Kind as AlarmKind
from archive.instants import utc_text
from archive.model import (
    Accepted,
    Article,
    BodyState,
    Capture,
    Evidence,
    Figure,
    RecordLocation,
    Verdict,
)
from archive.order_wording import said
from archive.order_work import finish, take
from archive.orders import Kind as OrderKind
from archive.orders import Options, ask
from archive.orders import Outcome as OrderOutcome
from archive.publish import publish
from archive.run_counts import RunCounts
from archive.runs import finish_run, start_run
from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_cron, read_every

BUILT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
CAPTURED = datetime(2026, 11, 20, 2, 3, 4, tzinfo=UTC)
STORIES = Path(__file__).parents[3] / "scraper" / "demo" / "stories"
PAPERS = {
    "songmay": ("Báo Sông Mây", "Sông Mây"),
    "nuingan": ("Báo Núi Ngàn", "Núi Ngàn"),
    "bienxanh": ("Báo Biển Xanh", "Biển Xanh"),
    "culao": ("Báo Cù Lao", "Cù Lao"),
}


@attrs.frozen(kw_only=True)
class Story:
    """An article to put into a snapshot; only what a test cares about need be given."""

    id: str
    title: str = "Tin trong tỉnh"
    sapo: str | None = None
    body: tuple[str, ...] = ("Không có gì.",)
    site: str = "songmay"
    province: str | None = "Sông Mây"
    published_at: str | None = "2024-03-19T09:12:00+07:00"
    precision: str | None = "minute"
    byline: str | None = None
    authors: tuple[str, ...] = ()
    dateline: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    level: int = 2
    relevance: float = 9.5
    url: str | None = None
    body_state: str = "full"
    figures: tuple[tuple[str | None, str | None, str | None], ...] = ()
    evidence: tuple[tuple[str, str, int, float], ...] = ()
    older: tuple[tuple[str, tuple[str, ...]], ...] = ()


def build_snapshot(root: Path, stories: list[Story]) -> Path:
    """Store *stories* in a new archive at *root*, publish it and return the snapshot's path."""
    with Store.open(root) as store, store.transaction():
        for site, (name, province) in PAPERS.items():
            store.sync_site(
                {
                    "id": site,
                    "name": name,
                    "province": province,
                    "homepage": f"https://{site}.example/",
                    "family": "mediatech",
                    "languages": ("vi",),
                    "status": "active" if site == "nuingan" else "demo",
                }
            )
        for number, story in enumerate(stories, start=1):
            for outcome in _outcomes(number, story):
                store.store_outcome(outcome)
    return publish(root, now=BUILT).path


def _outcomes(number: int, story: Story) -> Iterator[Accepted]:
    texts = [*story.older, (story.title, story.body)]
    for version, (title, body) in enumerate(texts, start=1):
        article = attrs.evolve(_article(number, story), title=title, body=body)
        fetched_at = CAPTURED + timedelta(days=version, seconds=number)
        capture = Capture(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{story.id} {version}")),
            site=story.site,
            url=article.url,
            fetched_at=fetched_at,
            status=200,
            location=RecordLocation(
                warc_file=f"{story.site}/2026/{story.site}-20261120T020000Z-r1.warc.gz",
                offset=1000 * number,
                length=4321,
            ),
        )
        evidence = tuple(
            Evidence(part=part, term=term, count=count, weight=weight)
            for part, term, count, weight in story.evidence
        )
        verdict = Verdict(relevance=story.relevance, level=story.level, evidence=evidence)
        yield Accepted(capture=capture, article=article, verdict=verdict)


def _article(number: int, story: Story) -> Article:
    published = datetime.fromisoformat(story.published_at) if story.published_at else None
    return Article(
        id=story.id,
        site=story.site,
        url=story.url or f"https://{story.site}.example/bai-viet-{number}.html",
        title=story.title,
        sapo=story.sapo,
        body=story.body,
        byline=story.byline,
        authors=story.authors,
        dateline=story.dateline,
        section=story.section,
        tags=story.tags,
        province=story.province,
        published_at=published,
        published_precision=story.precision if published else None,
        date_source="rule:.date" if published else None,
        body_source="rule",
        body_state=BodyState(story.body_state),
        figures=tuple(
            Figure(position=position, url=url, caption=caption, credit=credit)
            for position, (url, caption, credit) in enumerate(story.figures, start=1)
        ),
    )


def demo_stories() -> list[Story]:
    """The militia stories of four papers of the demo press as articles."""
    read = [tomllib.loads(path.read_text("utf-8")) for path in sorted(STORIES.glob("*.toml"))]
    return [_demo_story(x) for x in read if x["level"] > 0 and x["paper"] in PAPERS]


def _demo_story(story: dict) -> Story:
    site = story["paper"]
    return Story(
        id=f"{site}:{story['id']}",
        site=site,
        province=PAPERS[site][1],
        title=story["title"],
        sapo=story.get("sapo"),
        # the demo press marks what it prints as a heading
        body=tuple(paragraph.removeprefix("## ") for paragraph in story["body"]),
        byline=story.get("byline"),
        dateline=story.get("dateline"),
        section=story.get("section"),
        tags=tuple(story.get("tags", ())),
        level=story["level"],
        published_at=story["published"].strftime("%Y-%m-%dT%H:%M:%S+07:00"),
        figures=tuple(
            ("https://img.example/a.jpg", figure.get("caption"), figure.get("credit"))
            for figure in story.get("figures", ())
        ),
        evidence=(
            ("title", "dân quân", 1, 6.0),
            ("lead", "dân quân cơ động", 1, 3.0),
            ("body", "dân quân", 7, 3.5),
            ("context", "huấn luyện", 2, 0.8),
        ),
    )


def put_to_work(root: Path) -> None:
    """Let the archive at *root* look like one at work: runs, one of them going on, schedule, alarms, orders."""
    now = datetime.now(UTC)
    with Store.open(root) as store:
        for site, days in (("songmay", 9), ("songmay", 2), ("bienxanh", 1)):
            begun = now - timedelta(days=days)
            start_run(store, f"20261101T000000Z-{days}", site=site, command="crawl", now=begun)
            counts = RunCounts(found=12, fetched=30, accepted=4, failed={"timeout": 2})
            ended = begun + timedelta(minutes=9)
            finish_run(store, f"20261101T000000Z-{days}", "finished", counts, now=ended)
        start_run(store, "20261125T010000Z-nuingan1", site="nuingan", command="crawl", now=now)
        log = CrawlLog(store.connection)
        with store.transaction():
            for position in range(1, 131):
                log.add(
                    LogLine(
                        run_id="20261125T010000Z-nuingan1", position=position, site="nuingan", kind="article",
                        url=f"https://nuingan.example/tin-tuc-nb-{position}.html", outcome="new", status=200,
                        asked_at=utc_text(now),
                    )
                )  # fmt: skip
            example = "https://culao.example/bai-loi-17.html"
            see(
                store.connection,
                [
                    Finding(site="culao", kind=AlarmKind.FIELD_MISSING, field="byline", before=0.98, now=0.0, example_url=example),
                    Finding(site="songmay", kind=AlarmKind.LIST_EMPTY, field="https://songmay.example/rss-quoc-phong-cu", before=1.0, now=0.0),
                ],
                now,
            )  # fmt: skip
            acknowledge(store.connection, 2, by="minhtri", note="tuần sau sửa quy tắc", now=now)
        table = ScheduleTable(store)
        for site, job, timing in (("songmay", Job.CRAWL, read_cron("15 2 * * *")), ("nuingan", Job.RECHECKS, read_every(6))):  # fmt: skip
            table.set(Entry(site=site, job=job, timing=timing), now.timestamp())
        table.look(now.timestamp())
        done = ask(store, OrderKind.CHECK, "songmay", asked_by="minhtri", now=now.timestamp(), note="tuần sau sửa quy tắc")  # fmt: skip
        take(store, done.id, now=now.timestamp())
        found = {"site": "songmay", "pages": 5, "found": {"title": 5, "byline": 3}, "problems": []}
        finish(
            store,
            done.id,
            OrderOutcome.DONE,
            said("checked", pages=5),
            now=now.timestamp(),
            result=found,
        )
        span = Options(job=Job.BACKFILL, span="2023..2024", max_pages=50)
        ask(store, OrderKind.CRAWL, "culao", asked_by="lan", now=now.timestamp(), options=span)


@pytest.fixture(scope="session")
def shelf():
    """This module: stories, snapshots and archives to build."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def story():
    """The class of stories, for tests to make their own."""
    return Story


@pytest.fixture
def build(tmp_path):
    """Build a snapshot of the stories given and return its path."""

    def make(*stories: Story) -> Path:
        return build_snapshot(tmp_path / "archive", list(stories))

    return make


@pytest.fixture
def open_snapshot(build):
    """Build a snapshot and open it read-only; closed after the test."""
    opened: list[sqlite3.Connection] = []

    def make(*stories: Story) -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{build(*stories)}?immutable=1", uri=True)
        opened.append(connection)
        return connection

    yield make
    for connection in opened:
        connection.close()


@attrs.frozen
class Browser:
    """Datasette's own client, called from ordinary functions."""

    app: object

    def get(self, path, **kwargs):
        return asyncio.run(self.app.client.get(path, **kwargs))


@pytest.fixture(scope="session")
def demo_snapshot(tmp_path_factory):
    """Path of a snapshot of the demo stories; tests only read it."""
    return build_snapshot(tmp_path_factory.mktemp("demo"), demo_stories())


@pytest.fixture(scope="session")
def demo(demo_snapshot):
    """The desk over the demo stories."""
    app = build_app(demo_snapshot)
    yield Browser(app)
    close_app(app)


@pytest.fixture
def desk(build):
    """Build a snapshot and return a browser on it; stopped after the test."""
    apps = []

    def make(*stories: Story) -> Browser:
        apps.append(build_app(build(*stories)))
        return Browser(apps[-1])

    yield make
    for app in apps:
        close_app(app)


@pytest.fixture(scope="session")
def browse():
    """Make a browser on any Datasette."""
    return Browser


@pytest.fixture
def plain():
    """Datasette as anyone starts it: databases and nothing else; stopped after the test."""
    apps = []

    def make(*paths):
        apps.append(Datasette(files=[str(path) for path in paths]))
        return apps[-1]

    yield make
    for app in apps:
        close_app(app)
