"""A demo paper crawled on a worker and taken in gives the archive that a crawl here gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import attrs
import pytest

from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.segment import recover, seal
from archive.cluster.state import open_spool, write_state
from archive.publish import publish
from archive.store import Store
from archive.verify import Choice, verify

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")
pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"
#: What differs between two crawls of the same pages: ids, instants, places.
COMPARED = {
    "articles": "id, url, title, sapo, body, byline, authors, section, tags, published_at, body_state, version,"
    " text_sha256, relevance, level, printed_digest, page_kind, text_changes",
    "article_versions": "article_id, version, text_sha256, title, sapo, body, text_changes",
    "article_addresses": "article_id, url, source",
    "figures": "*",
    "evidence": "*",
    "removed_blocks": "article_id, position, text",
    "frontier": "site, url_key, url, kind, seed, page, priority, hops, state, attempts, interrupted, outcome, detail,"
    " guess, published_at, article_id, check_step, etag",
    "rejections": "site, url, reason, detail, title, score, evidence",
    "events": "site, url, article_id, kind, detail",
    "template_pages": "site, layout, article_id, votes",
    "template_blocks": "*",
    "crawl_log": "site, url, kind, outcome, reason, status, bytes, fields, body_source, characters, layout, listed",
    # pages of the press show a clock
    "captures": "site, url, status, robots",
    "runs": "site, command, reason, json_extract(counts, '$.accepted')",
    "site_health": "site, kind, reason, found, fetched, accepted, articles",
}
PUBLISHED = ("articles", "article_versions", "figures", "evidence", "events")


def rows(path, table, columns):
    with closing(sqlite3.connect(path)) as db:
        return sorted(db.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)


def compared(root, **left_out):
    path = root / "archive.db"
    return {
        table: rows(path, table, columns)
        for table, columns in COMPARED.items()
        if table not in left_out
    }


@pytest.fixture
def spool(tmp_path, dqtv, fakes):
    """The empty spool of a worker, to be crawled into by the command."""
    with Store.open(tmp_path / "hub-archive") as archive:
        write_state(archive, PAPER, tmp_path / "state.db")
    worker = attrs.evolve(dqtv, archive=tmp_path / "spool")
    token = fakes.take(PAPER)

    def opened():
        return open_spool(worker.archive, site=PAPER, token=token, state=tmp_path / "state.db")

    opened().close()
    return worker, opened


@pytest.mark.usefixtures("press")
def test_a_worker_and_a_crawl_here_give_the_same_archive(spool, tmp_path, dqtv, fakes, hub_url):
    worker, opened = spool
    hub = Hub(hub_url)
    for here in (dqtv, worker):
        # the second crawl finds what is known
        for _ in range(2):
            here("crawl", PAPER)
            if here is worker:
                with opened() as store:
                    hub.push(seal(store))
    root = tmp_path / "hub-archive"
    with Store.open(root) as archive:
        report = Ingest(archive, hub, fakes).step()
        assert (report.stored, report.refused, report.waiting) == (2, 0, 0)
        checked = verify(archive, Choice())
        assert (checked.problems, checked.notes) == ((), ())
    taken = compared(root)
    assert taken == compared(dqtv.archive)
    assert len(taken["articles"]) > 5
    local, ours = publish(dqtv.archive), publish(root)
    for table in PUBLISHED:
        columns = COMPARED.get(table, "*").replace(", printed_digest", "")
        assert rows(ours.path, table, columns) == rows(local.path, table, columns)
    rebuilt = attrs.evolve(dqtv, archive=root)
    rebuilt("repair", "--rebuild")
    # what was asked and when it is due stand in no WARC file
    not_there = {"crawl_log": 1, "runs": 1, "site_health": 1, "frontier": 1}
    assert compared(root, **not_there) == {k: v for k, v in taken.items() if k not in not_there}


def test_a_spool_left_by_a_killed_worker_is_brought_into_order(
    spool, press, until_asked, fakes, hub_url
):
    worker, opened = spool
    press.set_fault(PAPER, "slow")
    crawl = worker.start("crawl", PAPER)
    assert until_asked(crawl, 12)
    crawl.kill()
    crawl.communicate(timeout=60)
    with opened() as store:
        assert list(store.warc_folder.rglob("*.open"))
        segment = recover(store)
        kept = store.connection.execute("SELECT count(*) FROM captures").fetchone()[0]
    assert kept > 1
    hub = Hub(hub_url)
    hub.push(segment)
    with Store.open(worker.archive.parent / "hub-archive") as archive:
        assert Ingest(archive, hub, fakes).step().stored == 1
        assert archive.connection.execute("SELECT count(*) FROM captures").fetchone()[0] == kept
        assert verify(archive, Choice()).problems == ()
