"""From HTML to paragraphs, pictures and captions."""

from __future__ import annotations

import gc

import pytest
from bs4.element import PageElement
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.blocks import BlockKind, read_blocks
from scraper.sites.spec import ROLE_ATTRIBUTE


def read_html(html):
    """Blocks of *html* as of a container."""
    return read_blocks(LexborHTMLParser(html).body)


def texts(html):
    return [block.text for block in read_html(html)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>một</p><p>hai</p>", ["một", "hai"]),
        ("<div>một</div>\n<div>hai <b>ba</b></div>", ["một", "hai ba"]),
        ("<div><span>một</span></div><div><span>hai</span></div>", ["một", "hai"]),
        ("một<br><br>hai<br>\n&nbsp;<br/>ba", ["một", "hai", "ba"]),
        ("một<br>hai", ["một hai"]),
        ("<ul><li>một</li><li>hai</li></ul>", ["một", "hai"]),
        ("<blockquote>một<p>hai</p></blockquote>", ["một", "hai"]),
        ("<table><tr><td>một</td><td>hai</td></tr></table>", ["một", "hai"]),
        ("một<p>hai</p>ba", ["một", "hai", "ba"]),
        ("<p>d&acirc;n&nbsp;&nbsp;qu&#226;n</p>", ["dân quân"]),
        ("<p>một <!-- hai --><o:p></o:p>ba</p>", ["một ba"]),
        ("<p>một<script>var x;</script><style>p{}</style></p>", ["một"]),
        ("<p> </p><p>&nbsp;</p><div></div>", []),
        ("<form><p>x</p></form><select><option>y</option></select><button>z</button>", []),
        ('<p style="display: none">x</p><p hidden>y</p><p>một</p>', ["một"]),
        ("một<hr>hai", ["một", "hai"]),
        ("", []),
    ],
)
def test_paragraphs_end_where_a_reader_sees_them_end(html, expected):
    assert texts(html) == expected


def test_elements_marked_as_dropped_are_left_out_and_end_a_paragraph_only_where_they_are_blocks():
    html = f'<p>một <b {ROLE_ATTRIBUTE}="drop">x</b>hai</p><div {ROLE_ATTRIBUTE}="drop">y</div><p>ba</p>'

    assert texts(html) == ["một hai", "ba"]


@pytest.mark.parametrize(
    ("html", "align"),
    [
        ('<p style="text-align:right">x</p>', "right"),
        ('<p style="TEXT-ALIGN : Center;">x</p>', "center"),
        ('<p align="right">x</p>', "right"),
        ('<p class="lead text-right">x</p>', "right"),
        ('<div align="right"><p>x</p></div>', "right"),
        ("<center><p>x</p></center>", "center"),
        ('<table align="center"><tr><td>x</td></tr></table>', None),
        ("<p>x</p>", None),
    ],
)
def test_alignment_comes_from_style_attribute_class_and_parents(html, align):
    assert [block.align for block in read_html(html)] == [align]


@pytest.mark.parametrize(
    ("html", "bold", "italic", "linked"),
    [
        ("<p><strong>một hai</strong></p>", True, False, False),
        ("<p><em>một</em></p>", False, True, False),
        ('<p><span style="font-weight: 700"><i>một</i></span></p>', True, True, False),
        ("<h3>một</h3>", True, False, False),
        ("<p><b>một</b> hai ba bốn</p>", False, False, False),
        ('<p><a href="/x"><b>một</b></a></p>', True, False, True),
        ('<p>xem <a href="/x">một</a></p>', False, False, False),
    ],
)
def test_a_block_is_bold_italic_or_a_link_when_nearly_all_of_it_is(html, bold, italic, linked):
    (block,) = read_html(html)

    assert (block.bold, block.italic, block.linked) == (bold, italic, linked)


def test_a_figure_is_one_block_with_its_caption():
    (block,) = read_html(
        '<figure><img src="/a.jpg"><figcaption>chú <b>thích</b></figcaption></figure>'
    )

    assert block.kind is BlockKind.FIGURE
    assert (block.images, block.text) == (("/a.jpg",), "chú thích")


def test_a_small_table_around_a_picture_is_a_figure():
    (block,) = read_html(
        "<table><tr><td><img src=/a.jpg></td></tr><tr><td>chú thích</td></tr></table>"
    )

    assert block.kind is BlockKind.FIGURE
    assert block.text == "chú thích"


def test_a_table_with_a_picture_and_an_article_in_it_is_no_figure():
    long = "Dân quân xã ra quân huấn luyện đúng kế hoạch. " * 10
    html = f"<table><tr><td><img src=/a.jpg></td></tr><tr><td>{long}</td></tr></table>"

    assert [block.kind for block in read_html(html)] == [BlockKind.TEXT, BlockKind.TEXT]


def test_a_figure_element_without_picture_is_read_as_text():
    assert texts("<figure><table><tr><td>một</td></tr></table></figure>") == ["một"]


def test_a_picture_in_a_paragraph_does_not_split_it():
    (block,) = read_html("<p>một <img src=/a.jpg> hai</p>")

    assert (block.text, block.images) == ("một hai", ("/a.jpg",))


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ('<img src="/a.jpg">', ("/a.jpg",)),
        ('<img data-src="/a.jpg" src="/blank.gif">', ("/a.jpg",)),
        ('<img src="data:image/gif;base64,AAAA">', ()),
        ('<img src="/icon.png" width="16">', ()),
        ('<img src="/1.gif" height="1px">', ()),
        ('<img alt="x">', ()),
    ],
)
def test_icons_and_inline_pictures_are_no_pictures(image, address):
    found = [block.images for block in read_html(f"<p>một {image}</p>")]

    assert found == [address]


def test_depth_does_not_matter():
    assert texts("<div>" * 20_000 + "sâu" + "</div>" * 20_000) == ["sâu"]


def test_nothing_of_a_page_waits_for_the_garbage_collector_once_its_blocks_are_read():
    def left_over():
        return [x for x in gc.get_objects() if isinstance(x, PageElement | LexborHTMLParser)]

    gc.collect()
    gc.disable()
    try:
        before = len(left_over())
        assert texts("<div><p>một <b>hai</b></p><p>ba</p></div>") == ["một hai", "ba"]
        assert len(left_over()) == before
    finally:
        gc.enable()
