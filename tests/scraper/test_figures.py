"""Pictures and captions apart from the text."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.blocks import read_blocks
from scraper.clean.figures import separate_figures, split_credit
from scraper.sites.spec import ROLE_ATTRIBUTE


def read_html(html):
    """Blocks of *html* as of a container."""
    return read_blocks(LexborHTMLParser(html).body)


BASE = "https://bao.example/tin/bai.html"
CAPTION = "Dân quân xã Nà Phạc giúp dân gặt lúa."


def separated(html):
    result = separate_figures(read_html(html), BASE)
    return [block.text for block in result.texts], [
        (x.url, x.caption, x.credit) for x in result.figures
    ]


@pytest.mark.parametrize(
    ("line", "caption", "credit"),
    [
        ("Khử khuẩn. Ảnh: TTXVN", "Khử khuẩn.", "Ảnh: TTXVN"),
        ("Khử khuẩn (Ảnh: Lan Anh)", "Khử khuẩn", "Ảnh: Lan Anh"),
        ("Khử khuẩn. (Ảnh: Lan Anh).", "Khử khuẩn.", "Ảnh: Lan Anh"),
        ("Khử khuẩn. Ảnh: R.C.P", "Khử khuẩn.", "Ảnh: R.C.P"),
        ("Khử khuẩn. Ảnh: AFP/TTXVN", "Khử khuẩn.", "Ảnh: AFP/TTXVN"),
        ("Khử khuẩn. ẢNH: MINH KHÔI", "Khử khuẩn.", "ẢNH: MINH KHÔI"),
        ("Khử khuẩn. Ảnh minh họa", "Khử khuẩn.", "Ảnh minh họa"),
        ("Khử khuẩn - Ảnh tư liệu", "Khử khuẩn -", "Ảnh tư liệu"),
        ("Khử khuẩn. Nguồn: Bộ CHQS tỉnh", "Khử khuẩn.", "Nguồn: Bộ CHQS tỉnh"),
        ("Ảnh: một góc làng. Ảnh: TTXVN", "Ảnh: một góc làng.", "Ảnh: TTXVN"),
        ("Ảnh: P.V", None, "Ảnh: P.V"),
        ("Ảnh chụp lúc rạng đông.", "Ảnh chụp lúc rạng đông.", None),
        ("Bức ảnh quý của đơn vị", "Bức ảnh quý của đơn vị", None),
        (
            "Trong ảnh: Đồng chí Nam. Ông nói nhiều điều.",
            "Trong ảnh: Đồng chí Nam. Ông nói nhiều điều.",
            None,
        ),
    ],
)
def test_the_credit_at_the_end_of_a_caption_is_split_off_verbatim(line, caption, credit):
    assert split_credit(line) == (caption, credit)


@pytest.mark.parametrize(
    "html",
    [
        f'<figure><img src="/a.jpg"><figcaption>{CAPTION}</figcaption></figure>',
        f'<table><tr><td><img src="/a.jpg"></td></tr><tr><td>{CAPTION}</td></tr></table>',
        f'<div {ROLE_ATTRIBUTE}="figure"><img src="/a.jpg"><p>{CAPTION}</p></div>',
        f'<div><img src="/a.jpg"><p {ROLE_ATTRIBUTE}="caption">{CAPTION}</p></div>',
        f'<p style="text-align:center"><img src="/a.jpg"></p><p style="text-align:center"><em>{CAPTION}</em></p>',
        f'<p><img src="/a.jpg"></p><p><em>{CAPTION}</em></p>',
        f'<p style="text-align:center"><img src="/a.jpg"><br><em>{CAPTION}</em></p>',
        f'<p><img src="/a.jpg"></p><p style="text-align:center">{CAPTION}</p>',
    ],
)
def test_the_caption_belongs_to_the_picture_and_not_to_the_text(html):
    texts, figures = separated(f"<p>Một đoạn.</p>{html}<p>Hai đoạn.</p>")

    assert texts == ["Một đoạn.", "Hai đoạn."]
    assert figures == [("https://bao.example/a.jpg", CAPTION, None)]


def test_a_paragraph_that_repeats_a_caption_is_dropped():
    figure = f'<figure><img src="/a.jpg"><figcaption>{CAPTION} Ảnh: Lan Anh</figcaption></figure>'

    texts, _ = separated(
        f"{figure}<p>Một.</p><p>{CAPTION} Ảnh: Lan Anh</p><p>{CAPTION.upper()}</p><p>Hai.</p>"
    )

    assert texts == ["Một.", "Hai."]


def test_an_italic_paragraph_away_from_a_picture_stays_text():
    texts, figures = separated("<p>Một.</p><p><em>Hai.</em></p>")

    assert (texts, figures) == (["Một.", "Hai."], [])


def test_a_long_italic_paragraph_after_a_picture_stays_text():
    long = "Dân quân xã ra quân huấn luyện đúng kế hoạch. " * 8

    texts, figures = separated(f"<p><img src=/a.jpg></p><p><em>{long}</em></p>")

    assert texts == [long.strip()]
    assert figures == [("https://bao.example/a.jpg", None, None)]


def test_only_the_line_right_after_a_picture_is_its_caption():
    texts, figures = separated("<p><img src=/a.jpg></p><p>Một.</p><p><em>Hai.</em></p>")

    assert texts == ["Một.", "Hai."]
    assert figures == [("https://bao.example/a.jpg", None, None)]


def test_figures_are_numbered_in_the_order_of_the_page():
    result = separate_figures(read_html("<p><img src=/a.jpg></p><p><img src=/b.jpg></p>"), BASE)

    assert [(x.position, x.url) for x in result.figures] == [
        (1, "https://bao.example/a.jpg"),
        (2, "https://bao.example/b.jpg"),
    ]


def test_an_address_that_is_none_leaves_the_figure_without():
    _, figures = separated("<p><img src='http://[::1'></p>")

    assert figures == [(None, None, None)]
