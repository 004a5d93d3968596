"""From links to the shape of an article's address."""

from __future__ import annotations

import random
import re

import pytest

from scraper.probe.addresses import Link, infer_article_address, path_of

_WORDS = "mua lua chin vang tren canh dong xa khi nang ve som nay lam cho ca thon vui tuoi".split()
_MENU = (
    ("/thoi-su/", "Thời sự"), ("/quoc-phong-an-ninh.html", "Quốc phòng an ninh"), ("/trang-2.html", "2"),
    ("/rss.xml", "RSS"), ("/lien-he-quang-cao-tren-bao.html", "Liên hệ quảng cáo"), ("/chinh-tri/?page=2", "2"),
)  # fmt: skip


def links(shape) -> list[Link]:
    dice = random.Random(3)
    found = [Link(url=f"https://b.vn{path}", text=text) for path, text in _MENU]
    for at in range(20):
        slug = "-".join(dice.sample(_WORDS, 7))
        found.append(
            Link(
                url="https://b.vn" + shape(slug, 404_600 + 7 * at, at), text=slug.replace("-", " ")
            )
        )
    return found


SHAPES = {
    "number at the end": (lambda s, n, i: f"/{s}-{n}.html", "404600"),
    "letters before the number": (lambda s, n, i: f"/{s}-post{n}.html", "404600"),
    "one letter": (lambda s, n, i: f"/thoi-su/{s}-a{n}.html", "404600"),
    "hex": (lambda s, n, i: f"/thoi-su/202501/{s}-{n:x}f7a/", "62c78f7a"),
    "number first": (lambda s, n, i: f"/bai-viet/{n}/{s}", "404600"),
    "number and slug in one": (lambda s, n, i: f"/chi-tiet/{n}-{s}.html", "404600"),
    "number alone": (lambda s, n, i: f"/tin-tuc/{n}.html", "404600"),
    "slug as folder": (lambda s, n, i: f"/{s}/{n}.html", "404600"),
    "query": (lambda s, n, i: f"/detail.aspx?cat={i % 3}&id={n}", "404600"),
    "root query": (lambda s, n, i: f"/?p={n}", "404600"),
    "date and counter": (lambda s, n, i: f"/{s}-20250101{n}.htm", "20250101404600"),
    "underscore": (lambda s, n, i: f"/{'kinh-te' if i % 2 else 'xa-hoi'}/{s}_{n}.htm", "404600"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_number_is_found_and_menus_do_not_fit(name):
    shape, number = SHAPES[name]
    known = links(shape)
    address = infer_article_address(known)
    assert address is not None
    pattern = re.compile(address.pattern)
    match = pattern.search(path_of(known[len(_MENU)].url))
    assert match and match["id"] == number
    assert len(address.urls) == 20
    assert not any(pattern.search(path) for path, _ in _MENU)
    # an article of another day, and one with a shorter number
    assert pattern.search(shape("mot-bai-viet-khac-cua-bao", 909_111, 30))
    assert pattern.search(shape("mot-bai-viet-khac-cua-bao", 99_111, 31))


@pytest.mark.parametrize(
    "shape",
    [lambda s, n, i: f"/{s}/", lambda s, n, i: f"/{2010 + i % 9}/{1 + i % 12:02}/{s}/"],
    ids=["slug alone", "year and month"],
)
def test_where_addresses_hold_no_number_the_slug_is_the_id(shape):
    known = links(shape)
    address = infer_article_address(known)
    assert address is not None
    match = re.search(address.pattern, path_of(known[len(_MENU)].url))
    assert match and match["slug"].count("-") == 6
    assert len(address.urls) == 20


def test_a_page_with_a_menu_and_nothing_else_has_no_articles():
    assert infer_article_address([Link(url=f"https://b.vn{x}", text=y) for x, y in _MENU]) is None
