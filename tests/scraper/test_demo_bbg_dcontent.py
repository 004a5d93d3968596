"""The demo papers of the dcontent and bbg families print what their families print."""

import base64
import re
import tomllib
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.demo import press as press_module
from scraper.demo.cms import bbg, dcontent
from scraper.demo.press import DemoPress
from scraper.sites.load import load_registry

SITE_FILES = Path(press_module.__file__).with_name("papers")
PAPERS = {"demo-lamkinh": "#dcontent", "demo-trungdu": "div.news-details__content.link_content"}
REGISTRY = load_registry()
FAMILIES = {"dcontent": "demo-lamkinh", "bbg": "demo-trungdu"}


@pytest.fixture(scope="module")
def press():
    with DemoPress(port=0) as press:
        yield press


def fetch(url):
    with urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def articles(press, paper):
    return [article for article in press.truth() if article.paper == paper]


def one_space(text):
    return " ".join(text.split())


def seeds(press, paper):
    text = (SITE_FILES / f"{paper}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text.replace("{origin}", press.origin(paper)))["seeds"]


@pytest.mark.parametrize(("paper", "container"), PAPERS.items())
def test_an_article_is_printed_whole_and_in_order(press, paper, container):
    printed = [article for article in articles(press, paper) if article.body_state == "full"]
    assert len(printed) >= 7
    for article in printed:
        tree = LexborHTMLParser(fetch(article.url))
        text = one_space(tree.css_first(container).text())
        places = [text.find(one_space(paragraph)) for paragraph in article.body]
        assert -1 not in places, article.url
        assert places == sorted(places)
        assert article.byline is None or text.endswith(article.byline)
        assert article.sapo in one_space(tree.body.text())


@pytest.mark.parametrize("paper", PAPERS)
def test_unknown_addresses_answer_404_with_a_page(press, paper):
    for path in ("/khong-co-gi", "/khong-co-1.htm", "/quoc-phong/x-postid1.bbg", "/rss/gi-do.rss"):
        with pytest.raises(HTTPError) as caught:
            fetch(press.origin(paper) + path)
        assert caught.value.code == 404
        assert b"<title>" in caught.value.read()


@pytest.mark.parametrize("paper", PAPERS)
def test_every_seed_answers(press, paper):
    for seed in seeds(press, paper):
        assert fetch(seed.get("first_url", seed["url"]))


@pytest.mark.parametrize("paper", PAPERS)
def test_numbered_listings_end_with_an_empty_page(press, paper):
    seed = seeds(press, paper)[0]
    first = LexborHTMLParser(fetch(seed["first_url"])).css(seed["links"])
    past = LexborHTMLParser(fetch(seed["url"].replace("{page}", "99"))).css(seed["links"])
    assert len(first) >= 2
    assert past == []


def test_the_seeds_of_lamkinh_lead_to_every_article(press):
    found = set()
    for seed in seeds(press, "demo-lamkinh"):
        if seed["kind"] == "listing":
            tree = LexborHTMLParser(fetch(seed["first_url"]))
            found |= {node.attributes["href"] for node in tree.css(seed["links"])}
    assert found == {article.url for article in articles(press, "demo-lamkinh")}


def test_about_a_third_of_lamkinh_is_one_encoded_line(press):
    encoded = []
    for article in articles(press, "demo-lamkinh"):
        tree = LexborHTMLParser(fetch(article.url))
        text = tree.css_first("#dcontent").text().strip()
        is_line = re.fullmatch(r"[A-Za-z0-9+/=]{60,}", text) is not None
        assert is_line == (article.body_state == "encoded")
        if is_line:
            encoded.append(article)
            assert base64.b64decode(text).startswith(b"<p")
            assert (article.body, article.figures, article.byline) == ((), (), None)
    assert 1 / 5 < len(encoded) / len(articles(press, "demo-lamkinh")) < 1 / 2
    assert {0, 2} <= {article.level for article in encoded}


def test_lamkinh_prints_its_side_boxes_before_the_body(press):
    for article in articles(press, "demo-lamkinh"):
        page = fetch(article.url)
        order = [
            page.index(mark)
            for mark in ('class="pTitle"', "(Baolamkinh.vn) - ", "Tin liên quan", "Đọc nhiều", 'id="dcontent"')
        ]  # fmt: skip
        assert order == sorted(order), article.url
        assert f'article:published_time" content="{article.published.isoformat()}"' in page


def test_lamkinh_prints_leads_in_both_ways_and_captions_that_repeat_the_headline(press):
    pages = [fetch(article.url) for article in articles(press, "demo-lamkinh")]
    assert any('<p class="pHead">' in page for page in pages)
    assert any('<div class="article__sapo">' in page for page in pages)
    assert any(
        figure.caption == article.title
        for article in articles(press, "demo-lamkinh")
        for figure in article.figures
    )


def test_lamkinh_asks_for_a_delay(press):
    robots = fetch(press.origin("demo-lamkinh") + "/robots.txt")
    assert f"Crawl-delay: {dcontent.CRAWL_DELAY_S}\n" in robots


def test_bbg_pages_are_html_whatever_their_suffix_says(press):
    for article in articles(press, "demo-trungdu"):
        assert urlsplit(article.url).path.endswith(".bbg")
        with urlopen(article.url) as answer:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_trungdu_prints_related_articles_inside_some_texts(press):
    counts = [
        len(LexborHTMLParser(fetch(x.url)).css(".link_content .news-related__list"))
        for x in articles(press, "demo-trungdu")
    ]
    assert set(counts) == {0, 1}


def test_the_scripted_section_shows_no_article_to_plain_http(press):
    path = "/thoi-su"
    page = fetch(press.origin("demo-trungdu") + path)
    assert "postid" not in page
    assert any(x.section == bbg.SCRIPTED_SECTION for x in articles(press, "demo-trungdu"))


def test_the_feed_of_trungdu_is_named_by_the_home_page_only_and_has_every_article(press):
    origin = press.origin("demo-trungdu")
    home = LexborHTMLParser(fetch(f"{origin}/"))
    link = home.css_first('link[rel="alternate"][type="application/rss+xml"]').attributes["href"]
    assert link == origin + bbg.FEED_PATH
    pages = [fetch(article.url) for article in articles(press, "demo-trungdu")]
    pages += [fetch(f"{origin}{path}") for path in ("/robots.txt", "/quoc-phong", "/xa-hoi")]
    assert not any(bbg.FEED_PATH in page for page in pages)
    items = ET.fromstring(fetch(link)).findall("channel/item")
    assert {x.findtext("link") for x in items} == {x.url for x in articles(press, "demo-trungdu")}


def test_the_papers_site_files_ask_for_their_delays():
    trungdu = tomllib.loads((SITE_FILES / "demo-trungdu.toml").read_text(encoding="utf-8"))
    assert trungdu["delay_s"] == 0.03


@pytest.mark.parametrize(("family", "paper"), FAMILIES.items())
def test_the_marks_of_a_family_are_on_its_pages_and_on_no_others(press, family, paper):
    def is_marked(tree):
        return any(tree.css_first(mark) for mark in REGISTRY.families[family].fingerprints)

    for article in articles(press, paper):
        assert is_marked(LexborHTMLParser(fetch(article.url)))
    for other in set(press.friendly) - {paper}:
        for article in articles(press, other)[:3]:
            assert not is_marked(LexborHTMLParser(fetch(article.url))), article.url


@pytest.mark.parametrize(
    ("family", "path", "number"),
    [
        ("dcontent", "/tap-huan-can-bo-dan-quan-tu-ve-nam-2026-245242.htm", "245242"),
        ("dcontent", "/nang-cao-chat-luong-luc-luong-dan-quan-tu-ve-127694.htm", "127694"),
        ("dcontent", "/nang-cao-chat-luong-127694.html", None),
        ("dcontent", "/quoc-phong-an-ninh", None),
        ("bbg", "/bg2/moi-nhat/quang-ba-cac-diem-du-lich-van-hoa-postid413098.bbg", "413098"),
        ("bbg", "/tap-the-duc-giup-ich-cho-viec-cai-nghien-thuoc-la.bbg", None),
        ("bbg", "/quoc-phong-page2", None),
    ],
)
def test_addresses_of_articles_are_told_from_others(family, path, number):
    site = REGISTRY.site(FAMILIES[family])
    address = site.homepage.removesuffix("/") + path

    found = site.article_id(address) if site.is_article(address) else None

    assert found == (number and f"{site.id}:{number}")
