"""A replay killed with SIGKILL and started again ends as one that was never disturbed."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import attrs
import pytest

pytestmark = pytest.mark.end_to_end

#: As an older reader would have left the archive: every article has another text and level.
AGED = (
    "UPDATE articles SET body = 'bản đọc cũ', text_sha256 = 'cũ', printed_digest = NULL, level = 3 - level",
    "UPDATE article_versions SET body = 'bản đọc cũ', text_sha256 = 'cũ'",
    "UPDATE rejections SET reason = 'no_title'",
    "DELETE FROM evidence",
    "DELETE FROM figures",
)
TABLES = {
    "articles": "id",
    "article_versions": "article_id, version",
    "captures": "id",
    "evidence": "article_id, position",
    "figures": "article_id, position",
    "removed_blocks": "article_id, position",
    "article_addresses": "article_id, url",
    "events": "1, 2, 3",
    "template_blocks": "site, layout, block",
}


def rows(archive, sql):
    with closing(sqlite3.connect(archive / "archive.db")) as database:
        return database.execute(sql).fetchall()


def content(archive):
    found = {
        table: rows(archive, f"SELECT * FROM {table} ORDER BY {order}")
        for table, order in TABLES.items()
    }
    rejections = (
        "SELECT site, url, reason, detail, title, score, evidence FROM rejections ORDER BY url"
    )
    pages = "SELECT site, layout, article_id, blocks, votes FROM template_pages ORDER BY 1, 2, 3"
    return found | {"rejections": rows(archive, rejections), "pages": rows(archive, pages)}


def children(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [Path("/proc", pid) for pid in path.read_text().split()] if path.exists() else []


def wait_for(condition, *, seconds=60.0):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"nothing of the kind in {seconds} s"
        time.sleep(0.005)


def killed_after(dqtv, articles, read_again):
    """Kill a replay once more than *articles* are written; False when it ended before."""
    replay = dqtv.start("replay", "--workers", "2")
    wait_for(lambda: replay.poll() is not None or read_again() > articles)
    workers = children(replay)
    is_killed = replay.poll() is None
    replay.kill()
    replay.communicate()
    # they have nobody to read for
    wait_for(lambda: not any(worker.exists() for worker in workers))
    return is_killed


@pytest.fixture
def aged(dqtv, press):
    """A crawled archive, read by an older reader."""
    dqtv("crawl", *press.friendly)
    before = content(dqtv.archive)
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as database, database:
        for statement in AGED:
            database.execute(statement)
    return before


def test_a_replay_killed_again_and_again_ends_like_an_undisturbed_one(dqtv, aged):
    undisturbed = attrs.evolve(dqtv, archive=dqtv.archive.with_name("undisturbed"))
    shutil.copytree(dqtv.archive, undisturbed.archive)
    report = undisturbed("replay", "--workers", "1", "--json").json()
    assert report["corrected"] == len(aged["articles"])
    wanted = content(undisturbed.archive)
    assert wanted["articles"] == aged["articles"], "what the crawl had read"

    def read_again():
        return rows(dqtv.archive, "SELECT count(*) FROM articles WHERE text_sha256 <> 'cũ'")[0][0]

    killed = sum(
        killed_after(dqtv, share * len(aged["articles"]), read_again)
        for share in (0, 0.3, 0.5, 0.8)
    )
    assert killed >= 2, "the replay must be under way when it is killed"
    assert rows(dqtv.archive, "PRAGMA integrity_check") == [("ok",)]
    last = dqtv("replay", "--workers", "2", "--json").json()

    assert (last["unreadable"], last["new_versions"]) == ([], 0)
    assert content(dqtv.archive) == wanted
