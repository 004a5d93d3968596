"""Both languages say everything, and the reader gets the one asked for."""

import re
import string

import pytest
from bs4 import BeautifulSoup

from archive.desk.language import (
    LANGUAGES,
    choose,
    number,
    say,
    say_count,
    say_marked,
    strings,
)
from archive.desk.serve import DATABASE


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys():
    assert strings("vi").keys() == strings("en").keys()


def test_no_string_is_empty_and_placeholders_are_the_same_in_both_languages():
    for key, text in strings("vi").items():
        assert text.strip()
        assert strings("en")[key].strip()
        if not key.startswith("date."):
            assert placeholders(text) == placeholders(strings("en")[key]), key


def test_vietnamese_is_translated_not_copied():
    same = {key for key, text in strings("vi").items() if text == strings("en")[key]}
    assert same == {"site.name", "site.vi", "site.en"}


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        (None, None, "vi"),
        (None, "fr, de;q=0.5", "vi"),
        (None, "en-GB,en;q=0.9,vi;q=0.8", "en"),
        (None, "en;q=0.5, vi-VN", "vi"),
        (None, "en;q=0, *;q=1", "vi"),
        (None, "en;q=x", "vi"),
        ("en", "vi", "en"),
        ("fr", "en", "en"),
    ],
)
def test_language_is_the_one_named_else_the_browsers_first_else_vietnamese(asked, header, language):
    assert choose(asked, header) == language


def test_numbers_use_the_thousands_mark_of_the_language():
    assert [number(language, 1234567) for language in LANGUAGES] == ["1.234.567", "1,234,567"]


def test_one_is_singular():
    assert say_count("en", "search.total", 1) == "1 article"
    assert say_count("en", "search.total", 2) == "2 articles"


def test_unknown_string_is_an_error():
    with pytest.raises(KeyError):
        say("vi", "no.such")


#: What the desk says when something is amiss, and how to bring it about.
MISHAPS = {
    "error.not_found": ("/nope", 404),
    "error.no_article": ("/-/article/songmay:0", 404),
    "error.forbidden": ("/-/permissions", 403),
    "error.server": ("/", 500),
    "error.busy": ("/-/search?q=quân*", 503),
    "error.table": ("/TABLES/articles?_sort=nope", 400),
    "problem.query_empty": ("/-/search?q=", 400),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", MISHAPS)
@pytest.mark.parametrize("asked", ["address", "header"])
def test_every_mishap_is_told_in_the_language_asked_for(demo, monkeypatch, key, language, asked):
    if key == "error.server":
        monkeypatch.setattr("archive.desk.pages.read_newest", None)
    if key == "error.busy":
        monkeypatch.setattr("archive.desk.queue.MOST", 0)
        monkeypatch.setattr("archive.desk.queue.PAUSE", 0)
    path, status = MISHAPS[key]
    path = path.replace("TABLES", DATABASE)
    other = next(x for x in LANGUAGES if x != language)
    headers = {"Accept-Language": language if asked == "header" else other}
    if asked == "address":
        path += (
            f"{'&' if '?' in path else '?'}{'_lang' if key == 'error.table' else 'lang'}={language}"
        )
    response = demo.get(path, headers=headers)
    assert response.status_code == status
    page = BeautifulSoup(response.text, "html.parser")
    assert page.html["lang"] == language
    shown = page.select_one("main").get_text()
    assert say(language, key) in shown
    assert say(other, key) not in shown


VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)


@pytest.mark.parametrize(
    "path",
    [
        "/?lang=en", "/-/search?q=dân quân&paper=songmay&lang=en", "/-/search?q=dan quan&lang=en", "/-/search/advanced?lang=en",
        "/-/article/ARTICLE?q=dân quân&terms=1&lang=en", "/-/article/ARTICLE/changes?lang=en", "/-/coverage?lang=en",
        "/-/timeline?q=dân quân&q=biển&lang=en", "/-/timeline?q=dân quân&by=paper&lang=en", "/-/timeline?q=dân quân&by=province&lang=en",
        "/TABLES/articles?_lang=en", "/TABLES/articles/1?_lang=en", "/TABLES/sites?_lang=en", "/TABLES/figures?_lang=en",
    ],
)  # fmt: skip
def test_vietnamese_words_on_english_pages_are_marked_as_such(demo, path):
    found = demo.get("/-/search.json?q=dân quân").json()["results"][0]["id"]
    page = BeautifulSoup(
        demo.get(path.replace("TABLES", DATABASE).replace("ARTICLE", found)).text,
        "html.parser",
    )
    written = page.body.find_all(string=VIETNAMESE)
    assert len(written) > 2
    unmarked = [x for x in written if x.find_parent(attrs={"lang": True})["lang"] != "vi"]
    assert unmarked == []
    assert "[[" not in page.get_text()


def test_marked_words_and_values_are_text():
    said = say_marked("en", "article.back", query="<b>]]")
    assert str(said) == 'Back to the results for “<span lang="vi">&lt;b&gt;]]</span>”'
