"""Going back by date range: complete, resumable, and honest about how far it got."""

from __future__ import annotations

from collections import Counter

import pytest

from archive.store import Store
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"
SCALE = 1_000


@pytest.fixture
def scaled(dqtv):
    with DemoPress(port=dqtv.port, scale=SCALE) as press:
        yield press


def fetched(press) -> Counter[str]:
    return Counter(
        line.path for line in press.log if line.paper == PAPER and line.path != "/robots.txt"
    )


def test_a_backfill_over_a_thousand_pages_killed_three_times_is_complete_and_asks_nobody_thrice(
    dqtv, scaled
):
    for requests in (150, 350, 300):
        crawl = dqtv.start("crawl", PAPER, "--backfill", "2010..2026")
        before = len(scaled.log)
        while len(scaled.log) < before + requests:
            assert crawl.poll() is None, crawl.communicate()
        crawl.kill()
        crawl.communicate()
    (report,) = dqtv("crawl", PAPER, "--backfill", "2010..2026", "--json").json()["sites"]

    truth = {a.article_id: a for a in scaled.truth() if a.paper == PAPER}
    assert len(truth) > SCALE
    with Store.open(dqtv.archive, create=False) as store:
        done = store.connection.execute(
            "SELECT count(*) FROM frontier WHERE kind = 'article' AND state = 'done'"
        ).fetchone()[0]
        kept = {row[0] for row in store.connection.execute("SELECT id FROM articles")}
    assert done == len(truth)
    assert kept >= {key for key, article in truth.items() if article.level == 2}
    assert max(fetched(scaled).values()) <= 2
    assert report["reason"] == "finished"
    assert report["backfill"]["finished"]
    oldest = min(article.published for article in truth.values()).date().isoformat()
    assert min(seed["oldest"] for seed in report["backfill"]["seeds"]) == oldest
    assert {seed["reason"] for seed in report["backfill"]["seeds"]} == {"the list ends here"}


def test_a_backfill_stops_where_the_days_asked_for_begin(dqtv, scaled):
    (report,) = dqtv("crawl", PAPER, "--backfill", "2024-07..2025", "--json").json()["sites"]

    truth = {a.article_id: a for a in scaled.truth() if a.paper == PAPER}
    wanted = {k for k, a in truth.items() if "2024-07" <= a.published.isoformat()[:10] < "2026"}
    with Store.open(dqtv.archive, create=False) as store:
        done = {
            f"{PAPER}:{key.removeprefix('article:')}"
            for (key,) in store.connection.execute(
                "SELECT url_key FROM frontier WHERE kind = 'article' AND state = 'done'"
            )
        }
    assert wanted <= done
    oldest_of_all = min(article.published for article in truth.values())
    assert min(truth[key].published for key in done) > oldest_of_all
    assert len(done) < 0.85 * len(truth), "two pages of each section of three"
    assert report["backfill"]["finished"]
    assert "reached the first day asked for" in {s["reason"] for s in report["backfill"]["seeds"]}


def test_the_report_says_in_words_how_far_each_list_goes_back(dqtv, press):
    in_range = [a for a in press.truth() if a.paper == "demo-bienxanh" and a.published.year >= 2023]
    ran = dqtv("crawl", "demo-bienxanh", "--backfill", "2023..")
    assert "demo-bienxanh: backfill 2023-01-01.." in ran.out
    assert (
        f"sitemap: 1 pages, {len(in_range)} articles, back to"
        f" {min(a.published for a in in_range):%Y-%m-%d}; the list ends here"
    ) in ran.out


def test_a_range_that_is_none_is_refused_before_anything_is_made(dqtv):
    ran = dqtv("crawl", PAPER, "--backfill", "2024..2020", code=2)
    assert "2020-12-31 is before 2024-01-01" in ran.err
    assert not dqtv.archive.exists()
