"""Title, section, tags, account names and the canonical address."""

from __future__ import annotations

import re
import unicodedata

import pytest

from scraper.extract import metadata
from scraper.sites.spec import Layout, SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
    exclude=(re.compile("^/print/"),),
)


def pairs(found):
    return [(x.text.strip(), x.source) for x in found]


def test_titles_are_tried_from_og_title_to_the_title_element(page_of):
    page = page_of(
        '<title>E</title><meta property="og:title" content="A"><h1 class="name">B</h1>'
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "C", "name": "D"}</script>'
    )

    assert pairs(metadata.titles(page, Layout(title=("h1.none", "h1.name")))) == [
        ("A", "meta:og:title"),
        ("B", "rule:h1.name"),
        ("C", "json-ld:headline"),
        ("D", "json-ld:name"),
        ("E", "title"),
    ]


def test_a_heading_that_no_rule_names_is_never_a_title(page_of):
    assert pairs(metadata.titles(page_of("<h1>THỜI SỰ</h1>"), None)) == []


def test_home_is_known_however_its_tone_marks_are_written():
    """A page in windows-1258 arrives with the tone marks apart from their letters."""
    apart = unicodedata.normalize("NFD", "Trang chủ")

    assert apart != "Trang chủ"
    assert metadata.is_home(f" {apart} ")
    assert not metadata.is_home("Quốc phòng")


def test_an_empty_element_gives_way_to_the_next_that_fits(page_of):
    page = page_of('<p class="sapo"> </p><p class="sapo">Mở đầu</p>')

    assert pairs(metadata.sapos(page, Layout(sapo=("p.sapo",)))) == [("Mở đầu", "rule:p.sapo")]


@pytest.mark.parametrize(
    ("html", "leads"),
    [
        ("<p><strong>Mở đầu.</strong></p>", ["Mở đầu."]),
        ("<p><strong>Sáng 5-3</strong>, dân quân ra quân.</p>", []),
        ("<div><strong>Mở đầu.</strong> <a>In bài</a></div>", ["Mở đầu."]),
    ],
)
def test_bold_words_are_a_lead_only_when_they_are_all_of_their_paragraph(page_of, html, leads):
    found = metadata.sapos(page_of(html), Layout(sapo=("strong",)))

    assert [text for text, _ in pairs(found)] == leads


@pytest.mark.parametrize(("end", "leads"), [("</div>", ["Mở đầu."]), ("", [])])
def test_a_lead_that_was_never_closed_is_not_the_whole_text(page_of, end, leads):
    page = page_of(f'<div class="sapo">Mở đầu.{end}<div id="b"><p>Thân bài.</p></div>')

    assert [
        x for x, _ in pairs(metadata.sapos(page, Layout(sapo=(".sapo",), body=("#b",))))
    ] == leads


@pytest.mark.parametrize(
    ("html", "section"),
    [
        ("<ol><li><a>Quốc phòng</a></li></ol>", "Quốc phòng"),
        (
            "<ol><li><a>Trang chủ</a></li><li><a>»</a></li><li><a>Quốc phòng</a></li></ol>",
            "Quốc phòng",
        ),
        ("<ol><li><a>THỜI SỰ</a></li><li><a>Cần Thơ</a></li></ol>", "THỜI SỰ"),
    ],
)
def test_the_section_is_the_first_step_of_the_breadcrumb_after_home(page_of, html, section):
    found = pairs(metadata.sections(page_of(html), Layout(section=("ol li a",))))

    assert found[0] == (section, "rule:ol li a")


def test_the_head_names_the_section_where_there_is_no_breadcrumb(page_of):
    page = page_of('<meta property="article:section" content="Xã hội">')

    assert pairs(metadata.sections(page, Layout(section=("ol a",)))) == [
        ("Xã hội", "meta:article:section")
    ]


def test_tags_of_the_head_are_taken_only_where_no_rule_finds_any(page_of):
    page = page_of(
        '<meta property="article:tag" content="a"><meta property="article:tag" content="b"><i>c</i>'
    )

    assert metadata.tags(page, Layout(tags=("i",))) == ("c",)
    assert metadata.tags(page, Layout(tags=("u",))) == ("a", "b")
    assert metadata.tags(page, None) == ("a", "b")


def test_account_names_are_those_of_persons_in_the_head(page_of):
    page = page_of(
        '<meta name="author" content="MEDIATECH"><script type="application/ld+json">'
        '{"@type": "NewsArticle", "author": [{"@type": "Person", "name": "longantv"}, {"@type": "Organization", "name": "B"}]}'
        "</script>"
    )

    assert pairs(metadata.account_names(page)) == [
        ("longantv", "json-ld:author"),
        ("MEDIATECH", "meta:author"),
    ]


@pytest.mark.parametrize(
    ("head", "fetched", "expected"),
    [
        ('<link rel="canonical" href="/a-1.html">', "/muc/a-1.html", "/a-1.html"),
        (
            '<link rel="canonical" href="https://bao.example/a-1.html?utm_source=x#y">',
            "/a-1.html",
            "/a-1.html",
        ),
        ('<link rel="canonical" href="https://bao.example/">', "/a-1.html", "/a-1.html"),
        ('<link rel="canonical" href="https://khac.example/a-1.html">', "/a-1.html", "/a-1.html"),
        ('<link rel="canonical" href="/print/a-1.html">', "/a-1.html", "/a-1.html"),
        ('<link rel="canonical" href="http://[">', "/a-1.html", "/a-1.html"),
        (
            '<meta property="og:url" content="https://bao.example/b-1.html">',
            "/muc/b-1.html",
            "/b-1.html",
        ),
        ("", "/a-1.html?fbclid=1&page=2#x", "/a-1.html?page=2"),
    ],
)
def test_the_canonical_address_is_believed_when_it_is_an_article_of_the_paper(
    page_of, head, fetched, expected
):
    page = page_of(head, url=f"https://bao.example{fetched}")

    assert metadata.canonical_url(page, SITE) == f"https://bao.example{expected}"
