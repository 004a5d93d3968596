"""A crawl killed with SIGKILL and started again ends as if it had never been killed."""

from __future__ import annotations

import random
import signal

import pytest

from archive.captures import read_capture
from archive.model import RecordLocation
from archive.store import Store

pytestmark = pytest.mark.end_to_end

KILLS = 6


def articles(root):
    with Store.open(root, create=False) as store:
        return store.connection.execute(
            "SELECT id, title, sapo, body, version FROM articles ORDER BY id"
        ).fetchall()


def test_a_crawl_killed_again_and_again_ends_with_the_same_articles_none_twice(
    dqtv, press, until_asked
):
    chance = random.Random(20261124)
    killed = 0
    for _ in range(KILLS):
        crawl = dqtv.start("crawl", *press.friendly)
        killed += until_asked(crawl, chance.randint(2, 45))
        crawl.kill()
        crawl.communicate()
    assert killed >= 2, "the crawl must be under way when it is killed"
    report = dqtv("crawl", *press.friendly, "--json").json()

    assert [site["reason"] for site in report["sites"]] == ["finished"] * len(press.friendly)
    assert [site["waiting"] for site in report["sites"]] == [0] * len(press.friendly)
    friendly = [article for article in press.truth() if article.paper in press.friendly]
    kept = {article.article_id for article in friendly if article.level > 0}
    rows = articles(dqtv.archive)
    assert [row[0] for row in rows] == sorted(kept), "none lost, none twice"
    assert {row[4] for row in rows} == {1}, "no version was added"
    with Store.open(dqtv.archive, create=False) as store:
        versions = store.connection.execute("SELECT count(*) FROM article_versions").fetchone()[0]
        captures = store.connection.execute(
            "SELECT id, site, url, warc_file, offset, length FROM captures"
        ).fetchall()
        for capture_id, site, url, *place in captures:
            location = RecordLocation(warc_file=place[0], offset=place[1], length=place[2])
            read = read_capture(
                store.warc_folder, location, site=site, url=url, find_payload=store.payload_location
            )
            assert read.id == capture_id
        open_files = list(store.warc_folder.rglob("*.open"))
    assert versions == len(rows)
    assert len(captures) > len(rows)
    assert open_files == []


def test_a_crawl_interrupted_by_ctrl_c_says_so_and_goes_on_next_time(dqtv, press, until_asked):
    press.set_fault("demo-songmay", "slow")
    crawl = dqtv.start("crawl", "demo-songmay", "--json")
    assert until_asked(crawl, 4)
    crawl.send_signal(signal.SIGINT)
    out, err = crawl.communicate(timeout=30)
    assert '"interrupted"' in out, err
    assert crawl.returncode == 1
    press.set_fault("demo-songmay", None)
    (site,) = dqtv("crawl", "demo-songmay", "--json").json()["sites"]
    assert site["reason"] == "finished"
    kept = {a.article_id for a in press.truth() if a.level > 0 and a.paper == "demo-songmay"}
    assert {row[0] for row in articles(dqtv.archive)} == kept
