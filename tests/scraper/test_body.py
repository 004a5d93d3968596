"""Cutting the container by the selectors of a layout."""

from __future__ import annotations

from datetime import date

import pytest

from scraper.extract.body import byline_node, cut_by_layout
from scraper.sites.spec import ROLE_ATTRIBUTE, Family, Layout, SiteSpec


def cut(page, *layouts):
    found = cut_by_layout(page, layouts)
    return None if found is None else found.html


def test_the_first_layout_that_fits_is_taken(page_of):
    page = page_of('<div class="old">cũ</div>')

    assert (
        cut(page, Layout(body=("#new",)), Layout(body=(".older", ".old")))
        == '<div class="old">cũ</div>'
    )


def test_a_page_without_any_container_is_not_cut(page_of):
    assert cut(page_of("<p>x</p>"), Layout(body=("#new",))) is None


def test_a_container_with_text_goes_before_an_empty_one(page_of):
    page = page_of('<div class="b"></div><div class="b">chữ</div>')

    assert cut(page, Layout(body=(".b",))) == '<div class="b">chữ</div>'


def test_an_empty_container_is_the_container(page_of):
    assert (
        cut(page_of('<div class="b"></div><p>khác</p>'), Layout(body=(".b",)))
        == '<div class="b"></div>'
    )


def test_roles_are_marked_also_by_selectors_that_begin_outside_the_container(page_of):
    page = page_of(
        '<main><div id="b"><p class="s">a</p><i class="c">b</i><u class="x">c</u></div></main>'
    )
    layout = Layout(body=("#b",), sapo=("main .s",), caption=("main .c",), drop=("main #b .x",))

    html = cut(page, layout) or ""

    assert f'<p class="s" {ROLE_ATTRIBUTE}="drop">' in html
    assert f'<i class="c" {ROLE_ATTRIBUTE}="caption">' in html
    assert f'<u class="x" {ROLE_ATTRIBUTE}="drop">' in html


def test_pictures_written_into_the_page_are_emptied(page_of):
    page = page_of(f'<div id="b"><img src="data:image/png;base64,{"A" * 5000}"></div>')

    assert cut(page, Layout(body=("#b",))) == '<div id="b"><img src=""></div>'


def test_the_byline_is_the_last_short_element_that_fits(page_of):
    page = page_of(
        f'<b class="t">Tiêu đề nhỏ</b><b class="t">Lan Anh</b><b class="t"> </b><b class="t">{"x" * 300}</b>'
    )

    node = byline_node(page.tree, ".t")

    assert node is not None
    assert node.text() == "Lan Anh"


@pytest.mark.parametrize(
    ("day", "bodies"),
    [
        (date(2020, 1, 1), ["#oldest", "#family"]),
        (date(2024, 3, 1), ["#newest", "#oldest", "#family"]),
    ],
)
def test_layouts_count_from_their_day_and_the_papers_own_come_first(day, bodies):
    site = SiteSpec(
        id="bao",
        name="Báo",
        province=None,
        homepage="https://bao.example/",
        domains=("bao.example",),
        layouts=(Layout(valid_from=date(2024, 3, 1), body=("#newest",)), Layout(body=("#oldest",))),
    )
    family = Family(
        id="f", description="f", article_url=site.article_url, layouts=(Layout(body=("#family",)),)
    )

    assert [layout.body[0] for layout in site.layout_for(day, family)] == bodies


def test_a_lead_inside_the_text_is_dropped_from_it_but_not_the_bold_words_that_open_a_paragraph(
    page_of,
):
    layout = Layout(body=("#b",), sapo=("#b > p:first-of-type > strong",))
    lead = '<div id="b"><p> <strong>Dân quân ra quân.</strong> </p><p>Sáng 5-3.</p></div>'
    words = '<div id="b"><p><strong>Sáng 5-3</strong>, dân quân ra quân.</p></div>'

    assert f'<strong {ROLE_ATTRIBUTE}="drop">' in (cut(page_of(lead), layout) or "")
    assert cut(page_of(words), layout) == words
