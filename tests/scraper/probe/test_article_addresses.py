"""From links to the shape of an article's address."""

from __future__ import annotations

import random
import re

import pytest

from scraper.probe.addresses import Link, infer_article_address, path_of

_WORDS = "mua-lua-chin-vang-tren-canh-dong-xa-khi-nang-ve-som-nay-lam-cho-ca-thon-vui-tuoi"
_MENU = (
    ("/thoi-su/", "Thời sự"), ("/quoc-phong-an-ninh.html", "Quốc phòng an ninh"), ("/trang-2.html", "2"),
    ("/rss.xml", "RSS"), ("/lien-he-quang-cao-tren-bao.html", "Liên hệ quảng cáo"), ("/chinh-tri/?page=2", "2"),
)  # fmt: skip


def links(shape: str) -> list[Link]:
    dice = random.Random(3)
    found = [Link(url=f"https://b.vn{path}", text=text) for path, text in _MENU]
    for at in range(20):
        slug = "-".join(dice.sample(_WORDS.split("-"), 7))
        found.append(
            Link(
                url="https://b.vn" + address_of(shape, slug, 404_600 + 7 * at, at),
                text=slug.replace("-", " "),
            )
        )
    return found


SHAPES = {
    "number at the end": ("/{slug}-{number}.html", "404600"),
    "letters before the number": ("/{slug}-post{number}.html", "404600"),
    "one letter": ("/thoi-su/{slug}-a{number}.html", "404600"),
    "hex": ("/thoi-su/202501/{slug}-{number:x}f7a/", "62c78f7a"),
    "number first": ("/bai-viet/{number}/{slug}", "404600"),
    "number and slug in one": ("/chi-tiet/{number}-{slug}.html", "404600"),
    "number alone": ("/tin-tuc/{number}.html", "404600"),
    "slug as folder": ("/{slug}/{number}.html", "404600"),
    "query": ("/detail.aspx?cat={month}&id={number}", "404600"),
    "root query": ("/?p={number}", "404600"),
    "date and counter": ("/{slug}-20250101{number}.htm", "20250101404600"),
    "underscore and section": ("/muc-{month}/{slug}_{number}.htm", "404600"),
}


def address_of(shape: str, slug: str, number: int, at: int) -> str:
    return shape.format(slug=slug, number=number, year=2010 + at % 9, month=1 + at % 12)


@pytest.mark.parametrize("name", SHAPES)
def test_the_number_is_found_and_menus_do_not_fit(name):
    shape, number = SHAPES[name]
    known = links(shape)
    address = infer_article_address(known)
    assert address is not None
    pattern = re.compile(address.pattern)
    match = pattern.search(path_of(known[len(_MENU)].url))
    assert match
    assert match["id"] == number
    assert len(address.urls) == 20
    assert not any(pattern.search(path) for path, _ in _MENU)
    # an article of another day, and one with a shorter number
    assert pattern.search(address_of(shape, "mot-bai-viet-khac-cua-bao", 909_111, 30))
    assert pattern.search(address_of(shape, "mot-bai-viet-khac-cua-bao", 99_111, 31))


@pytest.mark.parametrize(
    "shape",
    ["/{slug}/", "/{year}/{month}/{slug}/"],
    ids=["slug alone", "year and month"],
)
def test_where_addresses_hold_no_number_the_slug_is_the_id(shape):
    known = links(shape)
    address = infer_article_address(known)
    assert address is not None
    match = re.search(address.pattern, path_of(known[len(_MENU)].url))
    assert match
    assert match["slug"].count("-") == 6
    assert len(address.urls) == 20


def test_a_page_with_a_menu_and_nothing_else_has_no_articles():
    assert infer_article_address([Link(url=f"https://b.vn{x}", text=y) for x, y in _MENU]) is None
