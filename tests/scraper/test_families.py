"""What tells a CMS family: the addresses of its articles, and marks on its pages."""

from __future__ import annotations

import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.demo.newsroom import Request
from scraper.demo.press import DemoPress
from scraper.extract import metadata
from scraper.sites.load import load_registry

REGISTRY = load_registry()
#: One demo paper for each of the families tried here.
PAPERS = {
    "mediatech": "demo-songmay",
    "vdoc": "demo-culao",
    "hemera": "demo-nuingan",
    "vnpt": "demo-caonguyen",
    "onecms": "demo-cangbien",
}


@pytest.fixture(scope="module")
def pages():
    """Article pages of every demo paper, as they are served."""
    press = DemoPress()
    served: dict[str, list[LexborHTMLParser]] = {paper: [] for paper in press.papers}
    for article in press.truth():
        path = re.sub("^https?://[^/]+", "", article.url)
        answer = press.newsroom(article.paper).answer(Request(method="GET", target=path))
        served[article.paper].append(LexborHTMLParser(answer.body))
    return served


def marks(family: str, page: LexborHTMLParser) -> list[str]:
    return [mark for mark in REGISTRY.families[family].fingerprints if page.css_first(mark)]


@pytest.mark.parametrize("family", PAPERS)
def test_every_article_of_a_family_bears_a_mark_of_it(pages, family):
    assert all(marks(family, page) for page in pages[PAPERS[family]])


@pytest.mark.parametrize("family", PAPERS)
def test_no_page_bears_the_mark_of_another_family(pages, family):
    for paper, printed in pages.items():
        if REGISTRY.sites[paper].family != family:
            assert not [found for page in printed for found in marks(family, page)], paper


@pytest.mark.parametrize(
    ("family", "path", "number"),
    [
        ("vnpt", "/suc-khoe/202503/trien-khai-tiem-chung-phong-benh-soi-3f71fbf/", "3f71fbf"),
        ("vnpt", "/xa-hoi/202002/don-cong-dan-vao-khu-cach-ly-covid-19-3677FEE", "3677fee"),
        ("vnpt", "/xa-hoi/202306/he-thong-be-boi-nuoc-am-bon-mua-794512/", "794512"),
        ("vnpt", "/channel/5087/201112/Co-lua-ngo-2141513/", "2141513"),
        ("vnpt", "/thoi-su-chinh-tri/tin-tuc/202408/dan-quan-ra-quan-0a1b2c3/", "0a1b2c3"),
        ("vnpt", "/xa-hoi/202501/", None),
        ("vnpt", "/xa-hoi/202501/ke-hoach-nam-2025/", None),
        ("vnpt", "/xa-hoi/trang-2/", None),
        ("vnpt", "/tim-kiem/?key=3f71fbf", None),
        ("onecms", "/ho-tro-bao-hiem-y-te-cho-dong-bao-3318952.html", "3318952"),
        ("onecms", "/du-lich/hoi-thao-gioi-thieu-tiem-nang-111408.html", "111408"),
        ("onecms", "/phong-chong-thien-tai-event1204.html", None),
        ("onecms", "/dan-quan-tu-ve-ptag.html", None),
        ("onecms", "/quoc-phong-an-ninh", None),
        ("onecms", "/print/3318952.html", None),
    ],
)
def test_addresses_of_articles_are_told_from_others(family, path, number):
    site = REGISTRY.sites[PAPERS[family]]
    address = site.homepage.removesuffix("/") + path

    found = site.article_id(address) if site.is_article(address) else None

    assert (found and found.lower()) == (number and f"{site.id}:{number}")


@pytest.mark.parametrize(
    ("html", "leads"),
    [
        (
            '<div class="desc">Mở đầu.</div><div class="content-detail"><p>Thân.</p></div>',
            ["Mở đầu."],
        ),
        ('<div class="content-detail"><p>Thân.</p></div><div class="desc">Tin khác.</div>', []),
        (
            '<a class="card"><div class="desc">Tin khác.</div></a><div class="content-detail"></div>',
            [],
        ),
        (
            '<div class="content-detail"><p><strong>Mở đầu.</strong></p><p><strong>Mục.</strong></p></div>',
            ["Mở đầu."],
        ),
        ('<div class="content-detail"><p>Thân.</p><p><strong>Mục.</strong></p></div>', []),
    ],
)
def test_leads_of_older_vnpt_papers_are_told_from_sub_heads_and_cards(page_of, html, leads):
    (layout,) = REGISTRY.families["vnpt"].layouts

    assert [x.text.strip() for x in metadata.sapos(page_of(html), layout)] == leads
