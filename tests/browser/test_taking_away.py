"""What a reader takes along: every link of a page of results, by clicking it."""

import csv
import json
from pathlib import Path
from urllib.parse import parse_qs

import bibtexparser
import pytest
import rispy
from lxml import etree

FORMS = {
    "CSV": lambda text: list(csv.DictReader(text.removeprefix("\ufeff").splitlines())),
    "JSON Lines": lambda text: [json.loads(line) for line in text.splitlines()],
    "RIS": rispy.loads,
    "BibTeX": lambda text: bibtexparser.parse_string(text).entries,
    "CSL-JSON": json.loads,
}


def taking(reader):
    return reader.page.locator("section[aria-labelledby=taking]")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("form", FORMS)
def test_every_file_downloads_all_articles_found(browse, language, form):
    reader = browse("/-/search", parameters={"q": "dân quân", "paper": "culao", "lang": language})
    told = reader.page.locator(".summary [role=status]").inner_text()
    with reader.page.expect_download() as waiting:
        taking(reader).get_by_role("link", name=form, exact=True).click()
    path = Path(waiting.value.path())
    assert waiting.value.suggested_filename.startswith("dqtv-hits-")
    articles = FORMS[form](path.read_text("utf-8"))
    assert len(articles) == int(told.split()[0])


def test_the_feed_of_a_search_is_named_by_its_page_and_holds_its_articles(browse):
    reader = browse("/-/search", parameters={"q": "chốt"})
    named = reader.page.locator("head link[type='application/atom+xml']").get_attribute("href")
    link = taking(reader).locator("a[type='application/atom+xml']").get_attribute("href")
    assert named == link
    root = etree.fromstring(
        reader.page.request.get(f"{reader.page.url.partition('/-/')[0]}{link}").body()
    )
    entries = root.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == len(reader.titles())


def test_a_reference_manager_finds_every_hit_of_the_page_and_a_voice_none_of_it(browse):
    reader = browse("/-/search", parameters={"q": "dân quân"})
    spans = reader.page.locator(".hits .Z3988")
    titles = [parse_qs(span.get_attribute("title"))["rft.title"][0] for span in spans.all()]
    assert [" ".join(title.split()) for title in titles] == reader.titles()
    assert {span.get_attribute("aria-hidden") for span in spans.all()} == {"true"}
    assert all(
        span.bounding_box() is None or span.bounding_box()["width"] == 0 for span in spans.all()
    )
