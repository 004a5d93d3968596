"""A crawl of the hostile demo paper: it ends, obeys, and keeps what is honest."""

from __future__ import annotations

import resource
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from archive.frontier import MAX_HOPS
from scraper.demo.cms import hostile, hostile_tricks
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

PAPER = "demo-maychu"
#: Sent so that a crawler may fail to read them; what is kept of them must be right all the same.
HARD = {hostile_tricks.GZIPPED, hostile_tricks.TCVN3, *hostile_tricks.SHIELDED}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    dqtv = new_command(tmp_path_factory.mktemp("hostile"))
    before = processor_time()
    with DemoPress(port=dqtv.port) as press:
        (report,) = dqtv("crawl", PAPER, "--json").json()["sites"]
    cpu_s = processor_time() - before
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as archive:
        archive.row_factory = sqlite3.Row
        rows = {row["id"]: row for row in archive.execute("SELECT * FROM articles")}
        frontier = {
            url: rest
            for url, *rest in map(
                tuple, archive.execute("SELECT url, state, outcome, detail FROM frontier")
            )
        }
    truth = {x.article_id: x for x in press.truth() if x.paper == PAPER}
    return press, report, rows, truth, frontier, cpu_s


def processor_time():
    """Seconds that the processes begun here have worked."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_crawl_ends_by_itself_after_a_bounded_number_of_requests(crawled):
    press, report, *_, cpu_s = crawled
    assert report["reason"] == "finished"
    assert len(press.log) < 500
    assert cpu_s < 60


def test_forbidden_pages_are_never_asked_for(crawled):
    press = crawled[0]
    assert press.log[0].path == "/robots.txt"
    assert not [line for line in press.log if line.path.startswith(hostile.FORBIDDEN_TREE)]


def test_honest_articles_are_kept_as_they_were_written(crawled):
    _, _, rows, truth, *_ = crawled
    plain = {i for i in truth if truth[i].level > 0 and int(i.partition(":")[2]) not in HARD}
    assert len(plain) >= 3
    assert plain <= set(rows)
    for article_id, row in rows.items():
        article = truth[article_id]
        assert row["level"] == article.level
        assert (row["title"], row["sapo"], row["byline"], row["section"]) == (
            article.title,
            article.sapo,
            article.byline,
            article.section,
        )
        assert row["body"] == "\n\n".join(article.body)
        assert row["published_at"][:16] == article.published.isoformat()[:16]


def test_nothing_but_honest_articles_is_kept_and_each_once(crawled):
    _, _, rows, truth, *_ = crawled
    assert set(rows) <= {article_id for article_id in truth if truth[article_id].level > 0}
    assert {row["version"] for row in rows.values()} == {1}
    assert not [row for row in rows.values() if "{{" in row["body"]]


def test_loops_and_chains_of_redirects_are_left_after_a_few_steps(crawled):
    asked = Counter(line.path for line in crawled[0].log)
    assert all(asked[path] <= MAX_HOPS for path in hostile.LOOP_PATHS)
    assert sum(asked[path] for path in hostile.CHAIN_PATHS) <= MAX_HOPS + 1
    assert asked[hostile.CHAIN_PATHS[-1]] == 0


def test_listings_that_repeat_their_last_page_are_left(crawled):
    asked = [line.path for line in crawled[0].log]
    pages = Counter(path.partition("?")[0] for path in asked if path.startswith("/muc/"))
    assert max(pages.values()) <= 4


def test_the_endless_calendar_is_left_at_its_limit(crawled):
    asked = [line.path for line in crawled[0].log if line.path.startswith(hostile.CALENDAR_PATH)]
    assert 1 <= len(asked) <= 25
    assert not [path for path in asked if "day=" in path]


def test_enormous_pages_are_given_up_once_and_for_all(crawled):
    asked = Counter(line.path for line in crawled[0].log)
    assert [asked[path] for path in hostile.ENORMOUS_PATHS] == [1, 1]


def test_bombs_and_endless_headers_are_given_up_once_and_for_all(crawled):
    asked = Counter(line.path for line in crawled[0].log)
    flooding = [*hostile.ENORMOUS_PATHS, *hostile.BOMB_PATHS, hostile.HEADER_PATH]
    assert [asked[path] for path in flooding] == [1] * len(flooding)
    assert crawled[1]["counts"]["failed"]["too_large"] == len(flooding)


def test_redirects_into_private_networks_are_refused_with_the_reason_stored(crawled):
    press, report, _, _, frontier, _ = crawled
    asked = Counter(line.path for line in press.log)
    assert [asked[path] for path in hostile.ASTRAY_PATHS] == [1] * len(hostile.ASTRAY_PATHS)
    assert report["counts"]["failed"]["address_refused"] == len(hostile.ASTRAY_PATHS)
    for path, target in zip(hostile.ASTRAY_PATHS, hostile_tricks.ASTRAY_TARGETS, strict=True):
        state, outcome, detail = frontier[press.origin(PAPER) + path]
        assert (state, outcome) == ("failed", "address_refused")
        assert target in detail


def test_a_chain_of_redirects_is_counted_as_one_too_many(crawled):
    assert crawled[1]["counts"]["failed"]["too_many_redirects"] == 1
