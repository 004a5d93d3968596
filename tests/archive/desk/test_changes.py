"""What changed between versions, and what became of articles at their papers."""

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.publish import publish
from archive.store import Store

SAME = "Đoạn không đổi " + "dân quân trực đêm ở chốt bên sông " * 12
HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)>"


def soup(response):
    assert response.status_code == 200
    return BeautifulSoup(response.text, "html.parser")


def said(tag):
    return " ".join(tag.get_text().split())


@pytest.fixture
def versions(desk, story):
    return desk(
        story(
            id="songmay:1", title="Tin mới", body=(SAME, "Có 30 chiến sĩ.", "Hết."),
            older=(("Tin cũ", (SAME, "Có 20 chiến sĩ.")), ("Tin cũ", (SAME, "Có 25 chiến sĩ."))),
        )
    )  # fmt: skip


def test_the_newest_version_is_compared_with_the_one_before(versions):
    page = soup(versions.get("/-/article/songmay:1/changes?lang=en"))
    assert [said(x) for x in page.select("del")] == [
        "taken out: cũ (end of change)",
        "taken out: 25 (end of change)",
    ]
    assert [said(x) for x in page.select("ins")] == [
        "put in: mới (end of change)",
        "put in: 30 (end of change)",
        "put in: Hết. (end of change)",
    ]


def test_any_two_versions_can_be_chosen_in_either_order(versions):
    page = soup(versions.get("/-/article/songmay:1/changes?from=3&to=1"))
    assert [x.select_one("[selected]")["value"] for x in page.select("select")] == ["3", "1"]
    assert [said(x) for x in page.select("ins")] == [
        "thêm: cũ (hết chỗ thay đổi)",
        "thêm: 20 (hết chỗ thay đổi)",
    ]


def test_long_unchanged_text_is_folded_away_and_stays_reachable(versions):
    page = soup(versions.get("/-/article/songmay:1/changes"))
    assert said(page.select_one(".difference details .text")) == " ".join(SAME.split())


def test_a_version_compared_with_itself_says_that_nothing_changed(versions):
    page = soup(versions.get("/-/article/songmay:1/changes?from=2&to=2&lang=en"))
    assert "have the same words" in page.select_one("[role=status]").text
    assert page.select("ins, del") == []


@pytest.mark.parametrize("asked", ["from=9", "to=x", "from=-1&to=2", "to=99999999"])
def test_a_version_that_is_none_is_a_friendly_404(versions, asked):
    answer = versions.get(f"/-/article/songmay:1/changes?lang=en&{asked}")
    assert answer.status_code == 404
    assert "1, 2, 3" in answer.text
    assert versions.get(f"/-/article/songmay:1/changes.json?{asked}").json()["ok"] is False


def test_changes_of_an_unknown_article_are_a_404(versions):
    assert versions.get("/-/article/songmay:0/changes").status_code == 404


def test_changes_in_json_name_versions_and_pieces(versions):
    form = versions.get("/-/article/songmay:1/changes.json?from=1&to=2").json()
    assert (form["from"]["version"], form["to"]["version"]) == (1, 2)
    assert form["body"][1] == [
        {"change": "same", "text": "Có"},
        {"change": "removed", "text": "20"},
        {"change": "added", "text": "25"},
        {"change": "same", "text": "chiến sĩ."},
    ]


def test_hostile_text_stays_text_in_changes(desk, story):
    hostile = desk(
        story(id="songmay:1", title=HOSTILE, body=(HOSTILE,), older=(("Cũ", ("javascript:x",)),))
    )
    page = soup(hostile.get("/-/article/songmay:1/changes"))
    assert page.select("script, img") == []
    assert HOSTILE in page.select_one("ins").text


def events(root, *rows):
    """Put rows (article, kind, day, detail) into the working archive's events."""
    with Store.open(root) as store, store.transaction():
        store.connection.executemany(
            "INSERT INTO events (site, url, article_id, kind, detail, capture_id, happened_at)"
            " VALUES ('songmay', 'https://songmay.example/' || ?1, ?1, ?2, ?4, 'secret-capture', ?3)",
            [(key, kind, f"2026-12-{day:02}T01:00:00.000000Z", detail) for key, kind, day, detail in rows],
        )  # fmt: skip


@pytest.fixture
def noted(build, story, browse):
    """A desk over articles with the events given; closed after the test."""
    apps = []

    def make(*rows):
        path = build(*(story(id=f"songmay:{n}", title=f"Dân quân {n}") for n in (1, 2)))
        root = path.parents[1]
        events(root, *rows)
        made = publish(root).path
        apps.append(build_app(made))
        return browse(apps[-1]), made

    yield make
    for app in apps:
        close_app(app)


TAKEDOWN = (("songmay:1", "missing", 1, "HTTP 404"), ("songmay:1", "takedown", 3, "HTTP 404"))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("vi", "Báo đã gỡ bài này: lần đầu không thấy ngày 01/12/2026, xác nhận ngày 03/12/2026."),
        ("en", "first not found on 1 December 2026, confirmed on 3 December 2026."),
    ],
)
def test_a_takedown_is_told_with_both_dates(noted, language, sentence):
    desk, _ = noted(*TAKEDOWN)
    page = soup(desk.get(f"/-/article/songmay:1?lang={language}"))
    assert sentence in said(page.select_one(".notice.gone"))
    assert sentence in said(page.select_one("[aria-labelledby=notes]"))


def test_results_say_which_articles_are_gone(noted):
    desk, _ = noted(*TAKEDOWN, ("songmay:2", "missing", 2, "HTTP 404"))
    badges = [x.text for x in soup(desk.get("/-/search?q=dân+quân&lang=en")).select(".badge.gone")]
    assert sorted(badges) == ["not found at the paper", "taken down by the paper"]
    found = desk.get("/-/search.json?q=dân+quân").json()["results"]
    assert {x["id"]: x["gone"] for x in found} == {"songmay:1": "takedown", "songmay:2": "missing"}


def test_an_article_that_is_back_is_not_gone(noted):
    desk, _ = noted(*TAKEDOWN, ("songmay:1", "return", 9, "HTTP 200"))
    article = desk.get("/-/article/songmay:1.json").json()["article"]
    assert [note["kind"] for note in article["notes"]] == ["takedown", "return"]
    assert article["gone"] is False
    assert soup(desk.get("/-/search?q=dân+quân")).select(".badge.gone") == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("vi", "Từ ngày 02/12/2026, bài mang nội dung mới, không còn nói về dân quân tự vệ."),
        ("en", "Since 2 December 2026 the article has another text, which is no longer about the militia."),
    ],
)  # fmt: skip
def test_an_article_edited_off_its_subject_is_told_and_is_not_gone(noted, language, sentence):
    desk, _ = noted(("songmay:1", "off_topic", 2, "level 0 after level 2"))
    page = soup(desk.get(f"/-/article/songmay:1?lang={language}"))
    assert sentence in said(page.select_one("[aria-labelledby=notes]"))
    article = desk.get("/-/article/songmay:1.json").json()["article"]
    assert [note["kind"] for note in article["notes"]] == ["off_topic"]
    assert article["gone"] is False
    assert soup(desk.get("/-/search?q=dân+quân")).select(".badge.gone") == []


def test_a_takedown_stays_one_whatever_the_text_was_about(noted):
    edited = ("songmay:1", "off_topic", 2, "level 0 after level 2")
    desk, _ = noted(TAKEDOWN[0], edited, TAKEDOWN[1])
    article = desk.get("/-/article/songmay:1.json").json()["article"]
    assert [note["kind"] for note in article["notes"]] == ["off_topic", "takedown"]
    assert article["notes"][1]["since"].startswith("2026-12-01")
    assert article["gone"] is True


@pytest.mark.parametrize(
    ("language", "label", "why"),
    [
        ("vi", "Bản mới không còn viết về dân quân tự vệ", "Một bản trước của bài có nói đến dân quân tự vệ"),
        ("en", "No longer about the militia", "An earlier version was about"),
    ],
)  # fmt: skip
def test_level_0_is_found_and_told_in_words(desk, story, language, label, why):
    served = desk(story(id="songmay:1", title="Lúa được mùa", level=0), story(id="songmay:2"))
    page = soup(served.get(f"/-/search?q=lúa&level=0&lang={language}"))
    assert label in said(page.select_one(".meta"))
    assert label in said(page.select_one("main"))
    assert [x["id"] for x in served.get("/-/search.json?q=lúa&level=0").json()["results"]] == ["songmay:1"]  # fmt: skip
    assert why in said(soup(served.get(f"/-/article/songmay:1?lang={language}")).select_one("main"))


def test_published_events_concern_published_articles_and_name_no_capture(noted):
    _, path = noted(*TAKEDOWN, ("songmay:unknown", "takedown", 1, None), ("songmay:1", "moved_host", 1, "x"))  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM events").fetchall()
        names = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    assert [row[3] for row in rows] == ["missing", "takedown"]
    assert names == {"site", "url", "article_id", "kind", "detail", "happened_at"}
    assert "secret-capture" not in repr(rows)


def test_hostile_redirects_are_text(noted):
    desk, _ = noted(("songmay:1", "redirect", 1, f"javascript:alert(1) {HOSTILE}"))
    page = soup(desk.get("/-/article/songmay:1"))
    assert page.select("main script, main img, a[href^=javascript]") == []
    assert HOSTILE in page.select_one("[aria-labelledby=notes]").text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_datasettes_own_pages_stand_in_the_desks_frame(demo, language):
    database = demo.get("/-/databases.json").json()[0]["name"]
    for path in (f"/{database}", f"/{database}/articles", f"/{database}/articles/1"):
        page = soup(demo.get(f"{path}?_lang={language}"))
        assert page.html["lang"] == language
        assert page.select_one(".top a")["href"] == f"/?lang={language}"
        [other] = page.select(".languages a")
        assert other["hreflang"] == ("en" if language == "vi" else "vi")
        assert parse_qs(urlsplit(other["href"]).query) == {"_lang": [other["hreflang"]]}
        assert len(page.select("main")) == 1


#: Names that are the same in every language.
NAMES = {"Datasette", "JSON", "CSL", "RIS", "BibTeX", "SHA", "SQLite", "CSV"}


def test_no_template_of_the_desk_holds_literal_text():
    folder = files("archive.desk") / "templates"
    texts = {}
    for path in [*folder.iterdir(), *(folder / "dqtv").iterdir()]:
        if path.is_dir():
            continue
        source = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        source = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", source, flags=re.DOTALL)
        page = BeautifulSoup(source, "html.parser")
        shown = [
            text for text in page.find_all(string=True) if type(text).__name__ == "NavigableString"
        ]
        shown += [str(tag[name]) for tag in page.find_all(True) for name in ("title", "alt", "aria-label", "placeholder") if tag.has_attr(name)]  # fmt: skip
        words = {word for text in shown for word in re.findall(r"[^\W\d_]{2,}", text)}
        texts[path.name] = words - NAMES
    assert {name: words for name, words in texts.items() if words} == {}
