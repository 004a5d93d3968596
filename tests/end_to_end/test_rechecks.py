"""Known articles on later days: the demo press changes, withdraws and moves them; the crawl's clock is set ahead."""

from __future__ import annotations

import gzip
import json
import multiprocessing

import pytest
from scrapy.cmdline import execute

from archive.captures import read_capture
from archive.model import RecordLocation
from archive.store import Store
from scraper.demo.faults import NEW_HOST, Withdrawal

pytestmark = pytest.mark.end_to_end

PAPER = "demo-bienxanh"
DAY_S = 86_400
#: Starts each crawl as a process forked from one that has imported everything: that is most of its time.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([
    "scrapy.cmdline", "scraper.cli", "scraper.pipelines", "scraper.extensions.capture",
    "scraper.extensions.progress", "scraper.extensions.run_record", "scraper.middlewares.robots",
    "scraper.tls", "scrapy.core.engine", "scrapy.core.downloader.handlers.http11",
])  # fmt: skip


@pytest.fixture
def crawl(dqtv, press):  # noqa: ARG001 - the press has to be there
    """Crawls the paper as on a later day."""

    def run(day: float, paper: str = PAPER, **arguments: str) -> None:
        given = [part for name, value in arguments.items() for part in ("-a", f"{name}={value}")]
        command = [
            "scrapy", "crawl", "newspaper", "-a", f"site={paper}", "-a", f"demo_port={dqtv.port}", *given,
            "-s", f"DQTV_ARCHIVE={dqtv.archive}", "-s", f"DQTV_CLOCK_AHEAD={day * DAY_S}",
            "-s", "DQTV_PROGRESS=False",
        ]  # fmt: skip
        process = SERVER.Process(target=execute, args=(command,))
        process.start()
        process.join(120)
        assert process.exitcode == 0

    return run


@pytest.fixture
def ask(dqtv):
    """Rows of the working database."""

    def rows(sql: str, *parameters: object) -> list[tuple]:
        with Store.open(dqtv.archive, create=False) as store:
            return [tuple(row) for row in store.connection.execute(sql, parameters)]

    return rows


@pytest.fixture
def rechecked(ask):
    """What the newest crawl made of the articles it looked at again."""

    def counts() -> dict[str, int]:
        ((counts,),) = ask("SELECT counts FROM runs ORDER BY rowid DESC LIMIT 1")
        return json.loads(counts)["rechecked"]

    return counts


def kept(press, paper=PAPER):
    """The paper's articles about the militia, newest first."""
    return [a for a in press.truth() if a.paper == paper and a.level > 0]


def number(article) -> int:
    return int(article.article_id.split(":")[1])


def story(press, article):
    return press.newsroom(article.paper).edition.by_number[number(article)]


def events(ask, article) -> list[str]:
    return [kind for (kind,) in ask(
        "SELECT kind FROM events WHERE article_id = ? ORDER BY happened_at, id", article.article_id
    )]  # fmt: skip


def test_articles_are_looked_at_again_on_the_days_of_the_plan_and_cost_no_body(
    press, crawl, ask, rechecked
):
    crawl(0)
    wanted = len(kept(press))
    done = {}
    for day in (0.1, 1, 2, 3, 7, 30, 90, 200, 455):
        press.clear_log()
        crawl(day)
        done[day] = rechecked()
        statuses = [x.status for x in press.log if "/bai-viet/" in x.path]
        assert set(statuses) <= {304}
        assert len(statuses) == sum(done[day].values())
    due = {day for day, counts in done.items() if counts}
    assert due == {1, 3, 7, 30, 90, 455}
    assert all(done[day] == {"unchanged": wanted} for day in due)
    assert ask("SELECT count(*) FROM article_versions") == [(wanted,)]
    seen = ask("SELECT DISTINCT substr(a.last_captured_at, 1, 10) = substr(c.fetched_at, 1, 10)"
               " FROM articles AS a, (SELECT max(fetched_at) AS fetched_at FROM captures WHERE status = 304) AS c")  # fmt: skip
    assert seen == [(1,)]


def test_a_304_is_a_revisit_that_names_the_record_with_the_page(dqtv, crawl, ask):
    crawl(0)
    crawl(1)
    crawl(3)
    found = ask(
        "SELECT id, url, warc_file, offset, length FROM captures WHERE status = 304 AND url LIKE '%/bai-viet/%'"
    )
    assert found
    for _, url, name, offset, length in found:
        with (dqtv.archive / "warc" / name).open("rb") as file:
            file.seek(offset)
            head = gzip.decompress(file.read(length)).split(b"\r\n\r\n")[0].decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert fields["WARC-Type"] == "revisit"
        assert fields["WARC-Profile"].endswith("/revisit/server-not-modified")
        original = ask(
            "SELECT kind, status FROM captures WHERE url = ? AND fetched_at = ?",
            fields["WARC-Refers-To-Target-URI"], fields["WARC-Refers-To-Date"],
        )  # fmt: skip
        assert original == [("response", 200)]
        assert fields["WARC-Refers-To-Target-URI"] == url
    with Store.open(dqtv.archive, create=False) as store:
        place = RecordLocation(warc_file=found[0][2], offset=found[0][3], length=found[0][4])
        assert read_capture(store.warc_folder, place, site=PAPER).status == 304


def test_lists_that_did_not_change_are_read_without_their_body(press, crawl, ask):
    crawl(0)
    press.clear_log()
    crawl(0.5)
    lists = [x for x in press.log if x.path != "/robots.txt"]
    assert lists
    assert {x.status for x in lists} == {304}
    assert ask("SELECT DISTINCT outcome FROM frontier WHERE kind <> 'article' AND state = 'done'") == [
        ("not_modified",)
    ]  # fmt: skip


def test_a_changed_text_is_a_version_and_changed_furniture_is_none(
    dqtv, press, crawl, ask, rechecked
):
    crawl(0)
    changed, *others = kept(press)
    old = story(press, changed)
    extra = "Đoạn này được tòa soạn bổ sung sau khi bài đã đăng, nói thêm về lực lượng dân quân."
    # the new title stands in the boxes of the other pages too
    press.revise(PAPER, number(changed), title=f"{old.title} (cập nhật)", body=(*old.body, extra))
    crawl(1)
    assert rechecked() == {"new_version": 1, "unchanged": len(others)}
    assert ask("SELECT article_id, count(*) FROM article_versions GROUP BY 1 HAVING count(*) > 1") == [
        (changed.article_id, 2)
    ]  # fmt: skip
    shown = dqtv("diff", changed.article_id).out
    assert "{+(cập nhật)+}" in shown
    assert f"{{+{extra}+}}" in " ".join(shown.split())
    pieces = dqtv("diff", changed.article_id, "--json").json()
    assert pieces["body"][-1] == [{"change": "added", "text": extra}]
    # the changed article starts again at the short end, the others go on
    crawl(2)
    assert rechecked() == {"unchanged": 1}
    crawl(3)
    assert rechecked() == {"unchanged": len(others)}


def test_an_article_edited_off_its_subject_is_kept_as_a_version_and_looked_at_further(
    dqtv, press, crawl, ask, rechecked
):
    crawl(0)
    changed, *others = kept(press)
    old = story(press, changed)
    rice = "Vụ này bà con xuống giống hơn ba trăm héc ta lúa, phần lớn là giống ngắn ngày, chịu phèn khá."
    press.revise(PAPER, number(changed), title="Lúa hè thu được mùa", sapo=rice, body=(rice, rice))
    crawl(1)
    assert rechecked() == {"new_version": 1, "unchanged": len(others)}
    stored = "SELECT version, title, level FROM articles WHERE id = ?"
    assert ask(stored, changed.article_id) == [(2, "Lúa hè thu được mùa", 0)]
    assert ask("SELECT title FROM article_versions WHERE article_id = ? AND version = 1", changed.article_id) == [(old.title,)]  # fmt: skip
    # a new headline is a new address at this paper
    assert events(ask, changed) == ["redirect", "off_topic"]
    assert "{+Lúa hè thu được mùa+}" in dqtv("diff", changed.article_id).out
    # the short end of the plan again, now without a page
    crawl(2)
    assert rechecked() == {"unchanged": 1}
    press.revise(
        PAPER, number(changed), title=f"{old.title} (đăng lại)", sapo=old.sapo, body=old.body
    )
    crawl(4)
    assert ask(stored, changed.article_id)[0][0] == 3
    assert ask(stored, changed.article_id)[0][2] > 0
    assert events(ask, changed) == ["redirect", "off_topic", "redirect", "on_topic"]
    replayed = dqtv("replay", PAPER, "--json").json()
    assert (replayed["now_rejected"], replayed["new_versions"], replayed["corrected"]) == ({}, 0, 0)


def test_a_takedown_is_believed_after_a_second_look_only(dqtv, press, crawl, ask):
    crawl(0)
    *gone, blinking = kept(press)[: len(Withdrawal) + 1]
    for article, how in zip(gone, Withdrawal, strict=True):
        press.withdraw(PAPER, number(article), how)
    press.withdraw(PAPER, number(blinking))

    def happened():
        return [events(ask, article) for article in gone]

    crawl(1)
    assert [*happened(), events(ask, blinking)] == [["missing"]] * 5
    press.withdraw(PAPER, number(blinking), None)
    crawl(1.2)
    assert happened() == [["missing"]] * 4, "the second look came too soon"
    crawl(1.6)
    assert happened() == [["missing", "takedown"]] * 4
    assert events(ask, blinking) == ["missing", "found_again"]
    crawl(2.6)
    assert happened() == [["missing", "takedown"]] * 4
    for article in gone:
        press.withdraw(PAPER, number(article), None)
    crawl(4.6)
    assert happened() == [["missing", "takedown", "return"]] * 4
    assert len(ask("SELECT 1 FROM articles")) == len(kept(press))
    assert dqtv("publish", "--json").json()["articles"] == len(kept(press))


def test_an_article_that_moves_keeps_its_id_and_is_not_met_twice(press, crawl, ask, rechecked):
    crawl(0)
    moved = kept(press)[0]
    before = ask("SELECT id FROM articles ORDER BY id")
    press.move(PAPER, number(moved), 990_001)
    crawl(1, rechecks="only")
    assert rechecked()["unchanged"] == len(kept(press))
    crawl(2)
    assert ask("SELECT id FROM articles ORDER BY id") == before
    ((url,),) = ask("SELECT url FROM articles WHERE id = ?", moved.article_id)
    assert "990001" in url
    assert {source for (source,) in ask(
        "SELECT source FROM article_addresses WHERE article_id = ? AND url = ?", moved.article_id, url
    )} == {"moved"}  # fmt: skip
    assert events(ask, moved) == ["redirect"]
    press.clear_log()
    crawl(3)
    assert [x.status for x in press.log if "990001" in x.path] == [304]


def test_a_paper_that_moves_to_another_host_is_named_once(dqtv, press, crawl, ask):
    crawl(0)
    press.set_fault(PAPER, "moved")
    shown = dqtv("crawl", PAPER).out
    assert f"every page leads to {NEW_HOST}" in " ".join(shown.split())
    crawl(1)
    assert ask("SELECT kind, detail FROM events WHERE kind = 'moved_host'") == [
        ("moved_host", NEW_HOST)
    ]
    addresses = ask("SELECT url FROM article_addresses WHERE source = 'moved'")
    assert len(addresses) == len(kept(press))
    assert ask("SELECT count(*) FROM events WHERE kind IN ('missing', 'takedown')") == [(0,)]


def test_rechecks_can_be_left_out_or_asked_for_alone(dqtv, press, crawl, rechecked):
    crawl(0)
    crawl(1, rechecks="no")
    assert rechecked() == {}
    press.clear_log()
    crawl(1, rechecks="only")
    assert rechecked() == {"unchanged": len(kept(press))}
    assert {x.path for x in press.log if "/bai-viet/" not in x.path} == {"/robots.txt"}
    (site,) = dqtv("crawl", PAPER, "--rechecks", "only", "--json").json()["sites"]
    assert (site["counts"]["fetched"], site["rechecks_due"]) == (0, 0)


def test_a_clock_set_back_makes_nothing_due_again_and_loses_no_check(press, crawl, rechecked):
    crawl(40)
    crawl(41)
    assert rechecked() == {"unchanged": len(kept(press))}
    for day in (0, 0.5, 1):
        crawl(day)
        assert rechecked() == {}
    crawl(2)
    assert rechecked() == {"unchanged": len(kept(press))}


def test_status_says_what_is_due_and_what_was_done(dqtv, crawl):
    crawl(-1)
    before = dqtv("status", "--json").json()
    (paper,) = before["summary"]["sites"]
    assert paper["rechecks_due"] == paper["articles"] > 0
    dqtv("crawl", PAPER)
    after = dqtv("status", "--json").json()
    (paper,) = after["summary"]["sites"]
    assert paper["rechecks_due"] == 0
    assert sum(after["runs"][0]["counts"]["rechecked"].values()) == paper["articles"]
