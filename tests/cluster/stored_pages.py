"""An archive as an older reader left it, read by stand-ins for the engine and for `dqtv ingest` between two looks."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

import attrs

from archive.captures import read_capture
from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.leases import Leases
from archive.model import Accepted, Evidence, Rejected, RejectReason, Verdict
from archive.store import Store
from archive.warc import Exchange, WarcWriter
from scraper.cluster.database import connected
from scraper.cluster.reading import Wanted, read_parcel
from scraper.cluster.replaying import cluster_replay
from scraper.process import process
from scraper.sites.load import load_registry

SITE = "demo-songmay"
REGISTRY = load_registry()
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MILITIA = "Sáng nay, Ban CHQS xã Vàm Sậy mở lớp huấn luyện cho lực lượng dân quân tự vệ, lớp thứ {n} trong năm nay."
RICE = "Vụ này bà con ấp số {n} của xã Vàm Sậy xuống giống hơn ba trăm héc ta, phần lớn là giống ngắn ngày."
REST = "Theo kế hoạch, hơn sáu mươi người của tám ấp học đội ngũ, băng bó cứu thương và cách giữ liên lạc khi nước lên."


def page(number, text):
    title = f"Chuyện thứ {number} ở Vàm Sậy"
    paragraphs = "".join(f"<p>{x}</p>" for x in (text.format(n=number), REST))
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><article>{paragraphs}</article></body></html>".encode()


def reading(capture):
    site = REGISTRY.site(SITE)
    return process(capture, site, REGISTRY.family_of(site))


def aged(capture):
    """Accepted by an older reader: another text, another level."""
    article = attrs.evolve(reading(capture).article, body=("bản đọc cũ",), printed_digest=None)
    evidence = (Evidence(part="title", term="x", count=1, weight=4.0),)
    verdict = Verdict(relevance=4.0, level=1, evidence=evidence)
    return Accepted(capture=capture, article=article, verdict=verdict)


def refused(capture):
    return Rejected(capture=capture, reason=RejectReason.NO_TITLE)


@attrs.define
class Pages:
    """Writes pages into WARC files of an archive."""

    store: Store
    hours: itertools.count = attrs.field(factory=itertools.count)
    files: itertools.count = attrs.field(factory=lambda: itertools.count(1))
    writer: WarcWriter | None = None

    def begin_file(self):
        if self.writer is not None:
            self.store_closed()
        number = next(self.files)
        self.writer = WarcWriter(
            self.store.warc_folder, site=SITE, run_id=f"20261124T0300{number:02}Z-1a2b3c4d", operator="x",
            software="test", robots_policy="obey", known_payload=self.store.known_payload,
        )  # fmt: skip

    def store_closed(self):
        self.writer.close()
        self.writer = None

    def fetch(self, number, text):
        exchange = Exchange(
            id=str(uuid.uuid4()), url=f"{REGISTRY.site(SITE).homepage.rstrip('/')}/chuyen-{number}.html",
            fetched_at=NOW + timedelta(hours=next(self.hours)), status=200,
            response_headers=(("Content-Type", "text/html; charset=utf-8"),), payload=page(number, text),
        )  # fmt: skip
        written = self.writer.write_exchange(exchange)
        self.writer.flush(durable=False)
        capture = read_capture(
            self.store.warc_folder, written.location, site=SITE, find_payload=self.store.payload_location
        )  # fmt: skip
        with self.store.transaction():
            self.store.add_capture(capture)
        return capture

    def save(self, *outcomes):
        with self.store.transaction():
            for outcome in outcomes:
                self.store.store_outcome(outcome)


def fill(store):
    """Articles that get another text, level or place; pages that are articles now; copies in other files."""
    pages = Pages(store)
    pages.begin_file()
    for number in range(8):
        pages.save(aged(pages.fetch(number, MILITIA)))
    pages.begin_file()
    for number in range(8, 12):
        # they leave
        pages.save(aged(pages.fetch(number, RICE)))
    for number in range(12, 16):
        pages.save(refused(pages.fetch(number, MILITIA)))
    pages.begin_file()
    for number in range(4):
        # their payload lies in the first file
        copy = pages.fetch(number, MILITIA)
        assert copy.kind == "revisit"
        pages.save(aged(copy))
    # accepted again, with its older page; a new version; one that is no article
    pages.save(refused(pages.fetch(12, MILITIA.replace("huấn luyện", "tập huấn"))))
    pages.save(aged(pages.fetch(4, MILITIA.replace("huấn luyện", "hội thao"))))
    pages.save(refused(pages.fetch(5, RICE)))
    pages.store_closed()
    return pages


TABLES = {
    "articles": "id", "article_versions": "article_id, version", "captures": "id", "evidence": "article_id, position",
    "figures": "article_id, position", "removed_blocks": "article_id, position", "article_addresses": "article_id, url",
    "events": "url, kind, capture_id", "template_blocks": "site, layout, block",
}  # fmt: skip


def content(root):
    """All that a replay may write, but the instants at which it did."""
    others = {
        "rejections": "SELECT site, url, reason, detail, title, score, evidence, capture_id FROM rejections ORDER BY url",
        "pages": "SELECT site, layout, article_id, blocks, votes, seen_at FROM template_pages ORDER BY 1, 2, 3",
    }
    with closing(sqlite3.connect(root / "archive.db")) as database:
        found = {x: f"SELECT * FROM {x} ORDER BY {order}" for x, order in TABLES.items()} | others
        return {name: database.execute(sql).fetchall() for name, sql in found.items()}


def copied(store, name):
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = store.root.with_name(name)
    shutil.copytree(store.root, root)
    return root


@attrs.define
class Machines:
    """An archive, a hub, and what happens between two looks of the replay: by default all that waits is read and taken in."""

    store: Store
    dsn: str
    folder: object
    #: Called with this at each look; None: `work`.
    between: object = None
    registry: object = REGISTRY
    ends: list = attrs.field(factory=list)
    reports: list = attrs.field(factory=list)
    leases: Leases = attrs.field(init=False)
    ingest: Ingest = attrs.field(init=False)

    def __attrs_post_init__(self):
        self.leases = Leases(self.dsn)
        self.ingest = Ingest(self.store, self.hub, self.leases)

    @property
    def hub(self):
        return Hub(f"file://{self.folder / 'hub'}")

    def replay(self, **options):
        def look(_):
            (self.between or type(self).work)(self)

        return cluster_replay(
            self.store, REGISTRY, self.hub, self.dsn, on_reading=look, **options
        ).report  # fmt: skip

    def work(self):
        self.read_all()
        self.take_in()

    def waiting(self):
        """(job, parcel) of what waits in the queue."""
        sql = (
            "SELECT id, args ->> 'parcel' AS parcel FROM procrastinate_jobs WHERE status = 'todo'"
            " AND task_name = 'read_parcel' ORDER BY id"
        )
        with connected(self.dsn) as connection:
            return [(row["id"], row["parcel"]) for row in connection.execute(sql).fetchall()]

    def read(self, parcel, **more):
        wanted = Wanted(
            parcel=parcel, database=self.dsn, hub=self.hub.place.name, spool=self.folder / "spool", **more
        )  # fmt: skip
        end = read_parcel(wanted, self.registry)
        self.ends.append(end)
        return end

    def end_job(self, job):
        with connected(self.dsn) as connection:
            connection.execute(
                "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", (job,)
            )

    def read_all(self):
        for job, parcel in self.waiting():
            self.read(parcel)
            self.end_job(job)

    def take_in(self):
        self.reports.append(self.ingest.step())

    def total(self, name):
        return sum(getattr(report, name) for report in self.reports)

    def close(self):
        self.leases.close()
