"""The demo press through the real pipeline: what its authors meant is what the archive holds."""

from __future__ import annotations

import re
import sqlite3
import statistics
from contextlib import closing
from itertools import pairwise

import pytest

from archive.captures import read_capture
from archive.model import RecordLocation
from archive.store import Store
from scraper.demo.cms import dcontent
from scraper.demo.cms.vdoc import DRAFT_PATH
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

BOILERPLATE = ("Phản hồi", "Các tin khác", "Mới nhất", "Liên kết website")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    dqtv = new_command(tmp_path_factory.mktemp("demo"))
    with DemoPress(port=dqtv.port) as press:
        report = dqtv("crawl", *press.friendly, "--json").json()
        second = dqtv("crawl", *press.friendly, "--json").json()
        dqtv("publish")
        yield dqtv, press, report, second


@pytest.fixture
def rows(crawled):
    with Store.open(crawled[0].archive, create=False) as store:
        store.connection.row_factory = sqlite3.Row
        yield {row["id"]: row for row in store.connection.execute("SELECT * FROM articles")}


def printed(press):
    return [article for article in press.truth() if article.paper in press.friendly]


def kept(press):
    return [article for article in printed(press) if article.level > 0]


def test_every_militia_article_is_kept_and_every_trap_is_left_out(crawled, rows):
    assert set(rows) == {article.article_id for article in kept(crawled[1])}


def test_levels_are_what_a_careful_reader_would_say(crawled, rows):
    assert {i: rows[i]["level"] for i in rows} == {a.article_id: a.level for a in kept(crawled[1])}


def test_every_paper_teaches_and_nothing_an_author_wrote_is_left_out_for_it(crawled):
    written = {text for article in printed(crawled[1]) for text in article.body}
    with Store.open(crawled[0].archive, create=False) as store:
        taught = store.connection.execute("SELECT DISTINCT site FROM template_pages").fetchall()
        left_out = store.connection.execute("SELECT text FROM removed_blocks").fetchall()
    assert {row[0] for row in taught} == set(crawled[1].friendly)
    assert written.isdisjoint(row[0] for row in left_out)


@pytest.mark.parametrize("field", ["title", "sapo", "byline", "dateline", "section"])
def test_fields_are_what_the_author_wrote(crawled, rows, field):
    truth = {article.article_id: getattr(article, field) for article in kept(crawled[1])}
    assert {i: rows[i][field] for i in rows} == truth


def test_bodies_are_exactly_the_authors_paragraphs(crawled, rows):
    truth = {article.article_id: "\n\n".join(article.body) for article in kept(crawled[1])}
    assert {i: rows[i]["body"] for i in rows} == truth


def test_an_encoded_body_is_named_as_such_and_left_out(crawled, rows):
    truth = {article.article_id: article.body_state for article in kept(crawled[1])}
    assert {i: rows[i]["body_state"] for i in rows} == truth
    assert "encoded" in truth.values()


def test_dates_are_right_to_the_minute_on_the_papers_clock(crawled, rows):
    truth = {a.article_id: a.published.isoformat()[:16] for a in kept(crawled[1])}
    assert {i: rows[i]["published_at"][:16] for i in rows} == truth
    assert all(row["published_at"].endswith("+07:00") for row in rows.values())


def test_captions_are_figures_and_not_text(crawled):
    with Store.open(crawled[0].archive, create=False) as store:
        found = store.connection.execute(
            "SELECT article_id, caption, credit FROM figures ORDER BY article_id, position"
        ).fetchall()
    truth = [
        (a.article_id, f.caption, f.credit)
        for a in sorted(kept(crawled[1]), key=lambda a: a.article_id)
        for f in a.figures
    ]
    assert found == truth


def test_no_boilerplate_heading_is_in_any_text(rows):
    for row in rows.values():
        assert not [word for word in BOILERPLATE if word in (row["sapo"] or "") + row["body"]]


def test_every_article_names_file_and_offset_of_its_raw_page(crawled, rows):
    with Store.open(crawled[0].archive, create=False) as store:
        for row in rows.values():
            place = store.connection.execute(
                "SELECT warc_file, offset, length, url FROM captures WHERE id = ?",
                (row["capture_id"],),
            ).fetchone()
            location = RecordLocation(warc_file=place[0], offset=place[1], length=place[2])
            capture = read_capture(
                store.warc_folder,
                location,
                site=row["site"],
                url=place[3],
                find_payload=store.payload_location,
            )
            assert capture.status == 200
            assert len(capture.body) > 1000


def test_rejected_pages_keep_reason_score_and_evidence(crawled):
    traps = [article for article in printed(crawled[1]) if article.level == 0]
    with Store.open(crawled[0].archive, create=False) as store:
        found = store.connection.execute(
            "SELECT title, reason, score, evidence, capture_id FROM rejections"
        ).fetchall()
    assert len(found) == len(traps)
    assert {row[0] for row in found} == {article.title for article in traps}
    assert all(
        row[1] in {"not_militia", "foreign_militia"} and row[2] is not None and row[4]
        for row in found
    )


def test_robots_txt_is_obeyed_and_asked_first(crawled):
    press = crawled[1]
    for paper in press.friendly:
        lines = [line for line in press.log if line.paper == paper]
        assert lines[0].path == "/robots.txt"
        assert DRAFT_PATH not in {line.path for line in lines}
    assert {line.user_agent.split("/")[0] for line in press.log} == {"dqtv-archive"}


@pytest.mark.parametrize(
    ("paper", "delay"), [("demo-lamkinh", dcontent.CRAWL_DELAY_S), ("demo-trungdu", 0.03)]
)
def test_delays_of_robots_txt_and_of_site_files_are_kept(crawled, paper, delay):
    times = [line.monotonic for line in crawled[1].log if line.paper == paper]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) > 30
    assert statistics.median(gaps) > 0.9 * delay


def test_an_article_at_several_addresses_is_asked_for_once_and_its_print_copy_never(crawled):
    paths = [line.path for line in crawled[1].log if line.paper == "demo-cangbien"]
    numbers = [found[1] for found in (re.search(r"-(\d+)\.html$", path) for path in paths) if found]
    assert len(set(numbers)) == len(numbers) > 0
    assert not [path for path in paths if path.startswith("/print/")]
    with Store.open(crawled[0].archive, create=False) as store:
        others = [url for (url,) in store.connection.execute("SELECT url FROM article_addresses")]
    assert any("/print/" in url for url in others)


def test_an_encoded_line_is_in_no_field_of_any_row(crawled):
    with Store.open(crawled[0].archive, create=False) as store:
        texts = store.connection.execute(
            "SELECT coalesce(sapo, '') || body FROM articles"
            " UNION ALL SELECT coalesce(sapo, '') || body FROM article_versions"
        ).fetchall()
    assert not [text for (text,) in texts if re.search(r"[A-Za-z0-9+/=]{60,}", text)]


def test_the_report_counts_what_happened(crawled):
    _, press, report, _ = crawled
    for site in report["sites"]:
        truth = [article for article in press.truth() if article.paper == site["site"]]
        counts = site["counts"]
        assert site["reason"] == "finished"
        assert counts["accepted"] == sum(article.level > 0 for article in truth)
        assert sum(counts["rejected"].values()) == sum(article.level == 0 for article in truth)


def test_a_second_crawl_fetches_listings_only_and_stops_at_what_is_known(crawled):
    first, second = crawled[2:]
    for before, after in zip(first["sites"], second["sites"], strict=True):
        assert after["counts"]["accepted"] == 0
        assert after["counts"]["found"] == 0
        assert after["counts"]["fetched"] < before["counts"]["fetched"] / 2


def test_the_published_snapshot_holds_the_same_articles_and_no_private_table(crawled, rows):
    (path,) = (crawled[0].archive / "public").glob("*.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as public:
        assert {row[0] for row in public.execute("SELECT id FROM articles")} == set(rows)
        tables = {row[0] for row in public.execute("SELECT name FROM sqlite_master")}
    assert not tables & {"frontier", "site_locks", "runs", "rejections", "warc_files"}
