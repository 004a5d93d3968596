"""Citations of articles and searches on the desk, the snapshot they name, and withdrawn articles."""

import html
import json
from urllib.parse import quote

import bibtexparser
import pytest
import rispy
from bs4 import BeautifulSoup

from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.publish import publish
from archive.withdrawals import withdraw


def test_an_article_is_cited_in_three_formats(desk, story):
    browser = desk(story(id="songmay:1", title="Dân quân & tự vệ", authors=("Lê Ân",)))
    answer = browser.get("/-/article/songmay:1.ris")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="songmay_1.ris"'
    assert rispy.loads(answer.text)[0]["title"] == "Dân quân & tự vệ"
    assert browser.get("/-/article/songmay:1.bib").text.startswith("@article{songmay_1,")
    assert browser.get("/-/article/songmay:1.csl.json").json()[0]["id"] == "songmay:1"
    page = browser.get("/-/article/songmay:1").text
    assert "/-/article/songmay:1.ris" in page


def test_an_article_can_be_had_as_plain_text(desk, story):
    browser = desk(
        story(id="songmay:1", title="Dân quân\nra quân", sapo="Lời dẫn.", body=("Một.", "Hai & <ba>."),
              byline="PV", url="https://songmay.example/1.html"),
        story(id="songmay:2", published_at=None),
    )  # fmt: skip
    answer = browser.get("/-/article/songmay:1.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    head, *texts = answer.text.removesuffix("\n").split("\n\n")
    assert texts == ["Dân quân ra quân", "Lời dẫn.", "Một.", "Hai & <ba>."]
    facts = dict(line.split(": ", 1) for line in head.split("\n"))
    assert facts["url"] == "https://songmay.example/1.html"
    assert facts["published_at"] == "2024-03-19T09:12:00+07:00"
    assert facts["snapshot"] == answer.headers["dqtv-snapshot"]
    assert "published_at" not in browser.get("/-/article/songmay:2.txt").text
    assert browser.get("/-/article/songmay:3.txt").status_code == 404
    assert "/-/article/songmay:1.txt" in browser.get("/-/article/songmay:1").text


def test_no_citation_of_an_article_that_is_not_there(desk, story):
    assert desk(story(id="songmay:1")).get("/-/article/songmay:2.ris").status_code == 404


def test_a_withdrawn_article_is_gone_with_its_reason(build, browse, story, tmp_path):
    build(story(id="songmay:1"), story(id="songmay:2"))
    withdraw(tmp_path / "archive", "songmay:1", reason="Sai tên người <b>.")
    app = build_app(publish(tmp_path / "archive").path)
    try:
        browser = browse(app)
        for language, said in (("en", "was withdrawn"), ("vi", "đã được rút")):
            page = browser.get(f"/-/article/songmay:1?lang={language}")
            assert page.status_code == 410
            assert said in page.text
            assert "Sai tên người &lt;b&gt;." in page.text
        assert browser.get("/-/article/songmay:1.json").status_code == 410
        assert browser.get("/-/article/songmay:1.bib").status_code == 410
    finally:
        close_app(app)


SEARCH = f"q={quote('dân quân')}&paper=songmay&from=2024&sort=best&page=2"
#: The same search, without order and page.
ASKED = "http://localhost/-/search?q=d%C3%A2n+qu%C3%A2n&paper=songmay&from=2024-01-01"


def line_of(page):
    """The citation as a reader copies it."""
    return BeautifulSoup(page, "html.parser").select_one(".citation").get_text()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("vi", ("Trích dẫn lần tìm này", "tìm “dân quân”; Báo: Báo Sông Mây; Ngày đăng: 2024-01-01 – …",
                "{n} bài trong ấn bản dữ liệu {id}, dựng ngày 24/11/2026.")),
        ("en", ("Cite this search", "search “dân quân”; Paper: Báo Sông Mây; Published: 2024-01-01 – …",
                "{n} articles in snapshot {id}, built on 24 November 2026.")),
    ],
)  # fmt: skip
def test_a_search_says_how_it_is_cited(demo, language, said):
    told = demo.get(f"/-/search.json?{SEARCH}").json()
    page = html.unescape(demo.get(f"/-/search?{SEARCH}&lang={language}").text)
    heading, asked, found = said
    found = found.format(n=told["total"], id=told["snapshot"]["id"])
    assert heading in page
    assert line_of(page) == f"DQTV Archive, {asked}. {found} {ASKED}"
    for form in ("ris", "bib", "csl.json"):
        assert f"/-/search.{form}?q=d%C3%A2n+qu%C3%A2n&paper=songmay&from=2024-01-01&lang=" in page


def test_a_search_is_cited_in_three_formats(demo):
    answer = demo.get(f"/-/search.ris?{SEARCH}&lang=vi")
    snapshot = answer.headers["dqtv-snapshot"]
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="dqtv-search-{snapshot}.ris"'
    )
    [entry] = rispy.loads(answer.text)
    assert (entry["urls"], entry["date"]) == ([ASKED], "2026/11/24")
    [entry] = bibtexparser.parse_string(demo.get(f"/-/search.bib?{SEARCH}").text).entries
    assert entry["url"] == ASKED
    [item] = json.loads(demo.get(f"/-/search.csl.json?{SEARCH}").text)
    assert item["URL"] == ASKED
    assert snapshot in item["note"]


def test_a_search_without_hits_is_cited_too(demo):
    page = demo.get("/-/search?q=xyzzy&lang=en").text
    assert "search “xyzzy”. 0 articles in snapshot" in line_of(page)


@pytest.mark.parametrize("form", ["ris", "bib", "csl.json"])
@pytest.mark.parametrize("asked", ["q=", "", "q=d&from=gestern", "q=d&paper=nobody"])
def test_a_search_that_cannot_be_read_is_not_cited(demo, form, asked):
    answer = demo.get(f"/-/search.{form}?{asked}&lang=en")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/-/search?q=a", "/-/search.json?q=a", "/-/search/advanced", "/-/desk/desk.css",
             "/-/nothing", "/-/downloads", "/{database}", "/{database}/articles.json"],
)  # fmt: skip
def test_every_answer_names_its_snapshot(demo, demo_snapshot, path):
    answer = demo.get(path.format(database=demo_snapshot.stem))
    snapshot = demo_snapshot.stem.removeprefix("dqtv-")
    assert answer.headers["dqtv-snapshot"] == snapshot
    if answer.headers["content-type"].startswith("text/html"):
        assert snapshot in answer.text.partition("<footer")[2]
