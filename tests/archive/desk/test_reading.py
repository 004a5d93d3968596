"""Reading on: from hit to hit, to the same text elsewhere, and to the words that made it relevant."""

from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

TEXT = tuple(
    f"Đoạn {n}: dân quân xã thứ {n * 7} trực đêm {n * 13} ở chốt {n} bên sông." for n in range(9)
)


def soup(response):
    assert response.status_code == 200
    return BeautifulSoup(response.text, "html.parser")


@pytest.fixture
def hits(desk, story):
    """45 hits: two pages and a bit, one of them without diacritics."""
    stories = [
        story(id=f"songmay:{n:02}", title="Dân quân", published_at=f"2024-01-{n % 28 + 1:02}T00:00:00+07:00")
        for n in range(44)
    ]  # fmt: skip
    return desk(*stories, story(id="songmay:folded", title="Dẫn quân"))


def test_reading_goes_through_every_hit_in_the_order_of_the_results(hits):
    listed = []
    for page in (1, 2, 3):
        found = soup(hits.get(f"/-/search?q=d%C3%A2n+qu%C3%A2n&level=2&page={page}"))
        listed += [urlsplit(a["href"]).path for a in found.select(".hits h3 a")]
    address = soup(hits.get("/-/search?q=d%C3%A2n+qu%C3%A2n&level=2")).select_one(".hits h3 a")[
        "href"
    ]
    read = []
    while address:
        read.append(urlsplit(address).path)
        after = soup(hits.get(address)).select_one(".back a[rel=next]")
        address = after["href"] if after else None
    assert read == listed
    assert len(read) == 45


def test_the_way_back_leads_to_the_page_of_the_results_the_hit_was_on(hits):
    second = soup(hits.get("/-/search?q=d%C3%A2n+qu%C3%A2n&page=2&lang=en"))
    article = soup(hits.get(second.select_one(".hits h3 a")["href"]))
    back = parse_qs(urlsplit(article.select_one(".back a")["href"]).query)
    assert back == {"q": ["dân quân"], "page": ["2"], "lang": ["en"]}


def test_a_place_that_is_not_the_articles_shows_no_neighbours(hits):
    page = soup(hits.get("/-/article/songmay:01?q=d%C3%A2n+qu%C3%A2n&hit=45"))
    assert page.select(".back a[rel]") == []


@pytest.mark.parametrize("place", ["0", "x", "99999999", "-1", "2&hit=3"])
def test_a_place_that_is_none_is_ignored(hits, place):
    page = soup(hits.get(f"/-/article/songmay:01?q=d%C3%A2n+qu%C3%A2n&hit={place}"))
    assert len(page.select(".back a")) >= 1


@pytest.fixture
def reprinted(desk, story):
    return desk(
        story(id="songmay:1", title="Trực đêm", body=TEXT, published_at="2024-03-01T08:00:00+07:00"),
        story(
            id="culao:2", title="Đêm ở chốt", site="culao", body=TEXT[1:], byline="Theo Báo Sông Mây",
            published_at="2024-03-02T08:00:00+07:00",
        ),
        story(id="nuingan:3", title="Việc khác", site="nuingan"),
    )  # fmt: skip


def test_a_reprint_leads_to_the_original_and_says_why(reprinted):
    card = soup(reprinted.get("/-/article/culao:2?lang=en")).select_one(
        "[aria-labelledby=elsewhere]"
    )
    assert card.select_one("li a").text == "Trực đêm"
    assert "original" in card.select_one("li").text
    assert "credit of a reprint" in card.text


def test_the_original_says_that_it_is_one(reprinted):
    card = soup(reprinted.get("/-/article/songmay:1?lang=en")).select_one(
        "[aria-labelledby=elsewhere]"
    )
    assert "This article is the original." in card.text


def test_an_article_that_stands_alone_has_no_such_card(reprinted):
    assert soup(reprinted.get("/-/article/nuingan:3")).select("[aria-labelledby=elsewhere]") == []


def test_stories_are_in_the_json(reprinted):
    article = reprinted.get("/-/article/culao:2.json").json()["article"]
    assert [(x["id"], x["is_origin"]) for x in article["elsewhere"]] == [("songmay:1", True)]
    assert (article["is_origin"], article["origin_source"]) == (False, "credit")


def test_the_words_that_made_it_relevant_can_be_marked(desk, story):
    browser = desk(
        story(
            id="songmay:1", title="Dân quân giúp dân", body=("Đội DÂN QUÂN, không phải dân quânx.",),
            evidence=(("title", "Dân quân", 1, 6.0), ("foreign", "giúp", 1, -1.0)),
        )
    )  # fmt: skip
    plain = soup(browser.get("/-/article/songmay:1?lang=en"))
    assert plain.select("article mark") == []
    link = plain.find("a", string="Mark these words in the article")["href"]
    marked = soup(browser.get(link)).select("article mark")
    assert [mark.text for mark in marked] == ["Dân quân", "DÂN QUÂN"]
