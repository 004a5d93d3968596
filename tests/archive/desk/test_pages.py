"""The desk's pages: what they show, in both languages, and what they never let through."""

import random
import re
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

from archive.desk.language import LANGUAGES, say
from archive.desk.serve import DATABASE

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"&amp;\ue0f0Quân\ue0f1\ue0f1"
EVERY_PAGE = ["/", "/-/search", "/-/search?q=qu%C3%A2n", "/-/article/songmay:3162001", "/nope"]


def soup(response):
    return BeautifulSoup(response.text, "html.parser")


def text_of(response):
    return soup(response).get_text(" ", strip=True)


@pytest.mark.parametrize("path", EVERY_PAGE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_names_its_language_and_links_to_the_other(demo, path, language):
    glue = "&" if "?" in path else "?"
    page = soup(demo.get(f"{path}{glue}lang={language}"))
    assert page.html["lang"] == language
    [other] = set(LANGUAGES) - {language}
    assert f"lang={other}" in page.select_one(f".languages a[hreflang={other}]")["href"]


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_every_page_has_landmarks_a_skip_link_one_heading_and_labelled_inputs(demo, path):
    page = soup(demo.get(path))
    assert page.body.find("a")["href"] == "#main"
    assert all(page.select_one(name) for name in ("header", "nav", "main#main", "footer"))
    assert len(page.find_all("h1")) == 1
    for field in page.select("input:not([type=hidden]), select"):
        assert field.find_parent("label") or page.select_one(f"label[for={field['id']}]")


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_pages_hold_no_script_no_inline_style_and_nothing_from_elsewhere(demo, path):
    page = soup(demo.get(path))
    assert not page.select("script, style, img, iframe, object, [style]")
    assert not [tag for tag in page.find_all(True) if any(name[:2] == "on" for name in tag.attrs)]
    links = [link["href"] for link in page.select("link[rel=stylesheet], link[rel=icon]")]
    assert len(links) == 2
    assert all(link.startswith("/-/desk/") for link in links)


@pytest.mark.parametrize("path", EVERY_PAGE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_demo_press_says_that_it_is_invented(demo, path, language):
    glue = "&" if "?" in path else "?"
    assert say(language, "site.fictional") in text_of(demo.get(f"{path}{glue}lang={language}"))


def test_pages_about_real_papers_say_no_such_thing(desk, story):
    real = desk(story(id="nuingan:1", site="nuingan"))
    assert say("vi", "site.fictional") not in text_of(real.get("/?lang=vi"))


def test_language_follows_the_browser_and_is_vietnamese_otherwise(demo):
    assert soup(demo.get("/")).html["lang"] == "vi"
    english = demo.get("/", headers={"accept-language": "en-US,en;q=0.9"})
    assert soup(english).html["lang"] == "en"
    assert "Accept-Language" in english.headers["vary"]


def test_language_asked_for_stays_in_links_and_form(demo):
    page = soup(demo.get("/-/search?q=qu%C3%A2n&lang=en"))
    assert all("lang=en" in link["href"] for link in page.select(".hits h3 a"))
    assert page.select_one("form input[name=lang]")["value"] == "en"


def test_home_shows_numbers_newest_articles_coverage_and_how_to_cite(demo):
    response = demo.get("/?lang=vi")
    page = soup(response)
    assert [item.text for item in page.select(".numbers dd")][:2] == ["36", "4"]
    dates = [item.text.split("· ")[1] for item in page.select(".headlines .fine")]
    assert dates == sorted(dates, key=lambda day: day.split("/")[::-1], reverse=True)
    assert [row.th.text for row in page.select("tbody tr")] == [
        "Báo Biển Xanh", "Báo Cù Lao", "Báo Núi Ngàn", "Báo Sông Mây",
    ]  # fmt: skip
    assert "20261124T031500Z-" in page.select_one(".citation").text


def test_home_of_an_empty_archive_says_so(desk):
    shown = text_of(desk().get("/?lang=en"))
    assert "The archive holds no article yet." in shown
    assert "no dated article yet" in shown


def test_search_shows_found_words_in_the_original_text(demo):
    page = soup(demo.get("/-/search?q=dien+bien"))
    marked = {mark.text for mark in page.select(".hits mark")}
    assert {"Điện Biên", "diễn biến"} <= marked


def test_folded_hits_stand_under_their_own_heading_with_a_notice(demo):
    page = soup(demo.get("/-/search?q=%22%C4%90i%E1%BB%87n+Bi%C3%AAn%22&lang=en"))
    groups = page.select("section.group")
    assert [group.h2.text for group in groups] == ["Exact phrase", "Phrase without diacritics"]
    assert groups[0].select(".badge") == []
    assert "diacritics are ignored" in groups[1].select_one(".notice").text
    assert len(groups[1].select(".badge")) == len(groups[1].select("li"))


def test_search_without_a_query_is_the_form_alone(demo):
    response = demo.get("/-/search")
    assert response.status_code == 200
    assert not soup(response).select(".hits, .problem")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=", "query_empty"),
        ("q=-qu%C3%A2n", "only_unwanted"),
        ("q=a&from=2025&to=2024", "dates_reversed"),
        ("q=a&paper=nope", "unknown_paper"),
    ],
)
def test_bad_search_is_explained_in_the_readers_language(demo, language, query, sentence):
    response = demo.get(f"/-/search?{query}&lang={language}")
    values = {"first": 2025, "last": 2024, "value": "nope", "parameter": "paper"}
    assert response.status_code == 400
    assert soup(response).select_one(".problem").get_text(strip=True) == say(
        language, f"problem.{sentence}", **values
    )


def test_bad_search_keeps_what_was_typed(demo):
    page = soup(demo.get("/-/search?q=qu%C3%A2n&from=1.1.2024&paper=culao"))
    assert page.select_one("#q")["value"] == "quân"
    assert page.select_one("#from")["value"] == "1.1.2024"
    assert page.select_one("input[name=paper]")["value"] == "culao"


def test_a_value_that_is_refused_is_not_sent_again(demo):
    page = soup(demo.get("/-/search?q=qu%C3%A2n&level=9&paper=culao"))
    assert page.select("input[name=level]") == []
    assert page.select_one("input[name=paper]")["value"] == "culao"


def test_pages_of_results_link_to_each_other_and_keep_the_filters(desk, story):
    browser = desk(*(story(id=f"songmay:{n}", title="Quân") for n in range(45)))
    page = soup(browser.get("/-/search?q=qu%C3%A2n&level=2&page=2"))
    assert len(page.select(".hits li")) == 20
    assert page.select_one("a[rel=prev]")["href"] == "/-/search?q=qu%C3%A2n&level=2&page=1"
    assert page.select_one("a[rel=next]")["href"] == "/-/search?q=qu%C3%A2n&level=2&page=3"


def test_page_past_the_end_leads_back_to_the_first(demo):
    response = demo.get("/-/search?q=qu%C3%A2n&page=900")
    assert response.status_code == 200
    assert soup(response).select_one(".none a")["href"] == "/-/search?q=qu%C3%A2n"


def test_raw_utf8_in_the_address_is_understood(demo):
    request = demo.get("/-/search.json?q=đi%E1%BB%87n")
    assert request.json()["query"]["text"] == "điện"


@pytest.fixture
def full(desk, story):
    return desk(
        story(
            id="songmay:3162207",
            title="Dân quân giúp dân",
            sapo="Phần mở đầu.",
            body=("Đoạn một về dân quân.", "Đoạn hai."),
            byline="Nông Hà",
            authors=("Nông Thị Hà",),
            dateline="(CBO) -",
            section="Quốc phòng",
            tags=("dân quân", "xã"),
            url="https://songmay.example/a-3162207.html",
            figures=(("https://img.example/1.jpg", "Chú thích ảnh", "Ảnh: N.H"),),
            evidence=(
                ("title", "dân quân", 1, 6.0),
                ("density", "per 1,000 syllables", 2, 1.25),
                ("mystery", "lạ", 2, -1.5),
            ),
            older=(("Tít cũ", ("Văn bản cũ.",)),),
        ),
        story(id="songmay:1", published_at=None),
        story(id="songmay:2", published_at="2019-12-01T00:00:00+07:00", precision="day"),
    )


def test_article_shows_text_source_capture_evidence_versions_and_citation(full):
    page = soup(full.get("/-/article/songmay:3162207?lang=en"))
    paragraphs = [item.get_text(" ", strip=True) for item in page.select(".story .text p")]
    assert paragraphs == ["Phần mở đầu.", "(CBO) - Đoạn một về dân quân.", "Đoạn hai."]
    assert page.select_one("a.source")["href"] == "https://songmay.example/a-3162207.html"
    assert "noopener" in page.select_one("a.source")["rel"]
    assert page.figure.span.text == "Chú thích ảnh"
    shown = page.get_text(" ", strip=True)
    assert "songmay/2026/songmay-20261120T020000Z-r1.warc.gz" in shown
    assert "from byte 1000, 4321 bytes long" in shown
    assert "22 November 2026, 09:03 (Vietnam time)" in shown
    rows = [[cell.text for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows == [
        ["Headline", "dân quân", "1", "+6.00"],
        ["Density in the text", "per 1,000 syllables", "2", "+1.25"],
        ["mystery", "lạ", "2", "-1.50"],
    ]
    assert "It is about Vietnam's militia" in shown
    assert "Văn bản cũ." in shown
    citation = page.select_one(".citation").text
    assert citation.startswith("Nông Thị Hà, “Dân quân giúp dân”, Báo Sông Mây, 19 March 2024, ")
    assert "20261124T031500Z-" in citation
    assert citation.endswith("http://localhost/-/article/songmay:3162207.")


def test_evidence_is_told_in_vietnamese_too(full):
    rows = soup(full.get("/-/article/songmay:3162207?lang=vi")).select("tbody tr")
    assert [cell.text for cell in rows[1].select("td")] == [
        "Mật độ trong bài", "trên 1.000 tiếng", "2", "+1,25",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("article", "language", "shown"),
    [
        ("songmay:3162207", "vi", "09:12, 19/03/2024"),
        ("songmay:3162207", "en", "19 March 2024, 09:12"),
        ("songmay:2", "vi", "01/12/2019"),
        ("songmay:1", "vi", "không rõ ngày"),
        ("songmay:1", "en", "date unknown"),
    ],
)
def test_publication_date_is_shown_no_more_precise_than_known(full, article, language, shown):
    page = soup(full.get(f"/-/article/{article}?lang={language}"))
    assert page.select_one(".meta time").text == shown


def test_article_found_by_a_search_marks_the_words_and_leads_back(full):
    page = soup(full.get("/-/article/songmay:3162207?q=dan+quan"))
    assert {mark.text for mark in page.select(".story mark")} == {"Dân quân", "dân quân"}
    assert page.select_one(".back a")["href"] == "/-/search?q=dan+quan"


def test_unreadable_search_marks_nothing_in_an_article(full):
    response = full.get("/-/article/songmay:3162207?q=d*")
    assert response.status_code == 200
    assert not soup(response).select("mark")


@pytest.mark.parametrize("article", ["songmay:3162207", "songmay%3A3162207"])
def test_article_id_may_be_quoted(full, article):
    assert full.get(f"/-/article/{article}").status_code == 200


@pytest.mark.parametrize("article", ["nope:1", "%00", "a%27%20OR%201", "x" * 3000, "%ff", ".json"])
def test_unknown_article_is_a_friendly_404(full, article):
    response = full.get(f"/-/article/{article}")
    assert response.status_code == 404
    assert say("vi", "error.no_article") in text_of(response)


def test_article_json_has_the_documented_fields(full):
    form = full.get("/-/article/songmay:3162207.json").json()
    assert form["ok"] is True
    assert form["snapshot"].keys() == {"id", "built_at"}
    article = form["article"]
    assert article.keys() == {
        "id", "site", "paper", "url", "permalink", "title", "sapo", "body", "byline", "authors",
        "dateline", "section", "tags", "province", "published_at", "published_precision",
        "date_source", "body_source", "body_state", "first_captured_at", "last_captured_at",
        "word_count", "level", "relevance", "version", "figures", "evidence", "capture",
        "versions", "elsewhere", "is_origin", "origin_source", "province_today", "page_kind",
            "text_changes", "addresses", "notes", "gone",
    }  # fmt: skip
    assert article["body"] == ["Đoạn một về dân quân.", "Đoạn hai."]
    assert article["published_at"] == "2024-03-19T09:12:00+07:00"
    assert article["capture"] == {
        "url": "https://songmay.example/a-3162207.html",
        "archived_copy": None,
        "captured_at": "2026-11-22T02:03:05.000000Z",
        "warc_file": "songmay/2026/songmay-20261120T020000Z-r1.warc.gz",
        "offset": 1000,
        "length": 4321,
    }
    assert [version["title"] for version in article["versions"]] == ["Tít cũ", "Dân quân giúp dân"]


def test_search_json_has_the_documented_fields(full):
    form = full.get("/-/search.json?q=d%C3%A2n+qu%C3%A2n&paper=songmay&from=2024").json()
    assert form.keys() == {
        "ok", "query", "page", "page_size", "pages", "total", "total_capped", "counts", "facets",
        "facets_cut", "expansions", "did_you_mean", "results", "next", "snapshot",
    }  # fmt: skip
    assert form["query"] == {
        "text": "dân quân", "paper": ["songmay"], "province": [], "province_today": [], "year": [],
        "month": [], "section": [], "level": [], "from": "2024-01-01", "to": None, "exact": False,
        "expand": True, "sort": "newest",
    }  # fmt: skip
    assert form["counts"][0] == {"tier": 1, "match": "exact", "count": 1, "capped": False}
    assert form["facets"]["year"] == {
        "estimated": False, "values": [{"value": "2024", "count": 1, "chosen": False}],
    }  # fmt: skip
    assert (form["expansions"], form["did_you_mean"]) == ([], None)
    [result] = form["results"]
    assert result.keys() == {
        "id", "permalink", "url", "site", "paper", "province", "section", "byline",
        "authors", "title", "title_html", "excerpts_html", "published_at", "published_precision", "level", "relevance", "tier",
        "match", "gone",
    }  # fmt: skip
    assert result["title_html"] == "<mark>Dân quân</mark> giúp dân"
    assert result["permalink"] == "http://localhost/-/article/songmay:3162207"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/-/search.json", 400), ("/-/search.json?q=a&level=9", 400), ("/-/article/x:1.json", 404)],
)
def test_errors_in_json_carry_a_sentence_and_the_status(demo, path, status):
    response = demo.get(path)
    assert response.status_code == status
    form = response.json()
    assert (form["ok"], form["status"]) == (False, status)
    assert len(form["error"]) > 20


def test_hostile_text_from_the_web_stays_text(desk, story):
    browser = desk(
        story(
            id="songmay:1", title=f"Quân {HOSTILE}", sapo=HOSTILE, body=(f"Quân {HOSTILE}",),
            byline=HOSTILE, authors=(HOSTILE,), dateline=HOSTILE, section=HOSTILE,
            tags=(HOSTILE,), province=HOSTILE, url="javascript:alert(1)",
            figures=(("javascript:alert(2)", HOSTILE, HOSTILE), ("http://[", None, None)),
            evidence=((HOSTILE, HOSTILE, 1, 1.0),), older=((HOSTILE, (HOSTILE,)),),
        )
    )  # fmt: skip
    for path in (
        "/",
        "/-/search?q=qu%C3%A2n",
        f"/-/search?q={quote(HOSTILE)}&province={quote(HOSTILE)}&from={quote(HOSTILE)}",
        "/-/article/songmay:1",
        f"/-/article/songmay:1?q=qu%C3%A2n&lang={quote(HOSTILE)}",
        f"/-/article/{quote(HOSTILE, safe='')}",
    ):
        page = soup(browser.get(path))
        assert not page.select("script, img, [onerror]"), path
        assert not page.select("a[href^=javascript]"), path
    html = browser.get("/-/search.json?q=qu%C3%A2n").json()["results"][0]["title_html"]
    assert re.findall("<[^>]*>", html.replace("<mark>", "").replace("</mark>", "")) == []


def test_headlines_with_marker_characters_keep_their_marks_balanced(desk, story):
    browser = desk(story(id="songmay:1", title="Quân \ue0f0x\ue0f0y dân"))
    html = browser.get("/-/search.json?q=qu%C3%A2n").json()["results"][0]["title_html"]
    assert html.count("<mark>") == html.count("</mark>")


PIECES = [
    "dân", "quân", '"', '""', "*", "-", "--", "OR", "AND", "NOT", "NEAR(", ")", "(", "^", ":", "+",
    "'", ";", "%", "\\", "\x00", "\ufeff", "🙂", "👩‍👩‍👧", "שלום", "\u202e", "مرحبا", "title:", "{",
    "}", "a" * 300, "\ue0f0", "\ud7ff", "ổ", "đ*", "x*", "1", "<b>", "&", "é", "0x", "漢字",
]  # fmt: skip


def test_no_query_text_makes_a_server_error(demo):
    dice = random.Random(28031935)
    for _ in range(500):
        text = dice.choice(["", " "]).join(dice.choices(PIECES, k=dice.randint(1, 9)))
        path = f"/-/search{dice.choice(['', '.json'])}?q={quote(text)}&sort={dice.choice(['newest', 'best'])}"
        assert demo.get(path).status_code in {200, 400}, text


@pytest.mark.parametrize("query", ["q=%ff%fe", "q=%ED%A0%80", "%00=1&q=a", "q", "q=a&q=b", "&&;="])
def test_broken_query_strings_make_no_server_error(demo, query):
    assert demo.get(f"/-/search?{query}").status_code in {200, 400}


def test_unknown_address_is_a_friendly_404_in_the_readers_language(demo):
    response = demo.get("/nope?lang=en")
    assert response.status_code == 404
    assert say("en", "error.not_found_text") in text_of(response)
    assert demo.get("/-/desk/nope.css").status_code == 404
    assert demo.get("/nope.json").json()["error"] == say("vi", "error.not_found_text")


def test_own_failure_is_told_without_its_details(demo, monkeypatch, caplog):
    monkeypatch.setattr("archive.desk.pages.read_newest", None)
    response = demo.get("/?lang=en")
    assert response.status_code == 500
    assert say("en", "error.server_text") in text_of(response)
    assert "NoneType" not in response.text
    assert "failed" in caplog.text


def test_static_files_are_served_with_their_types(demo):
    assert demo.get("/-/desk/desk.css").headers["content-type"] == "text/css; charset=utf-8"
    assert demo.get("/-/desk/icon.svg").headers["content-type"] == "image/svg+xml"


def test_plain_datasette_shows_the_same_pages(plain, demo, demo_snapshot, browse):
    browser = browse(plain(demo_snapshot))
    for path in ("/", "/-/search?q=dien+bien", "/-/article/songmay:3162001"):
        # its database is named for the file, the desk's always the same
        expected = demo.get(path).text.replace(f'"/{DATABASE}"', f'"/{demo_snapshot.stem}"')
        assert browser.get(path).text == expected


def test_datasette_without_a_snapshot_says_so_and_lists_its_databases(plain, browse, tmp_path):
    other = tmp_path / "other.db"
    other.touch()
    response = browse(plain(other)).get("/?lang=en")
    assert response.status_code == 404
    assert "dqtv publish" in text_of(response)
    assert soup(response).select_one("main li a")["href"] == "/other"
    assert browse(plain(other)).get("/-/search.json").json()["status"] == 404
