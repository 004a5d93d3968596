"""A container's HTML cleaned as a whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.subtree import clean_subtree

FIRST = "Sáng 12/9, Ban Chỉ huy Quân sự xã Nà Phạc khai mạc huấn luyện dân quân năm thứ nhất cho 45 chiến sĩ."
SECOND = "Trong bảy ngày, các chiến sĩ học điều lệnh đội ngũ, kỹ thuật chiến đấu bộ binh và cách giúp dân phòng tránh lũ."


def clean(html, *, title="Khai mạc huấn luyện", sapo=None, dateline=None):
    container = LexborHTMLParser(html).body
    return clean_subtree(
        container, base_url="https://bao.example/", title=title, sapo=sapo, dateline=dateline
    )


def test_the_title_printed_again_above_the_text_is_dropped():
    assert clean(f"<h1>KHAI MẠC HUẤN LUYỆN</h1><p>{FIRST}</p>").paragraphs == (FIRST,)


def test_a_sapo_copied_as_first_paragraph_stays_the_sapo_only():
    body = clean(f"<p>{FIRST}</p><p>{SECOND}</p>", sapo=FIRST)

    assert (body.sapo, body.paragraphs) == (FIRST, (SECOND,))


@pytest.mark.parametrize("cut", [FIRST[:60], f"{FIRST} {SECOND[:40]}", f"{FIRST[:50]}..."])
def test_a_sapo_that_is_the_beginning_of_the_text_cut_off_is_none(cut):
    body = clean(f"<p>{FIRST}</p><p>{SECOND}</p>", sapo=cut)

    assert (body.sapo, body.paragraphs) == (None, (FIRST, SECOND))


@pytest.mark.parametrize("end", ["", " ...", "…"])
def test_a_lead_that_was_cut_somewhere_in_the_second_paragraph_does_not_open_the_text(end):
    cut = f"{FIRST} {SECOND[:60]}{end}"

    assert clean(f"<div>{cut}</div><p>{FIRST}</p><p>{SECOND}</p>").paragraphs == (FIRST, SECOND)


def test_two_paragraphs_that_begin_alike_both_stay():
    other = f"{FIRST[:60]}, đoàn công tác của tỉnh đến thăm, tặng quà các chiến sĩ đang huấn luyện."

    assert clean(f"<p>{other}</p><p>{FIRST}</p>").paragraphs == (other, FIRST)


@pytest.mark.parametrize(
    "line", ["Thứ Bảy, 07/03/2026 - 10:33", "(12/9/2025)", "Cập nhật lúc 10:33 ngày 7/3/2026"]
)
def test_the_title_goes_with_the_date_printed_in_its_line(line):
    body = clean(f"<font size=5>Khai mạc huấn luyện</font><br><font>{line}</font><p>{FIRST}</p>")

    assert body.paragraphs == (FIRST,)


def test_a_first_paragraph_that_begins_with_the_title_stays():
    text = f"Khai mạc huấn luyện từ ngày 12/9/2025 là việc mới của xã. {SECOND}"

    assert clean(f"<p>{text}</p>").paragraphs == (text,)


@pytest.mark.parametrize("mark", ["(CTO) -", "(BVT) –", "(Baothanhhoa.vn) -"])
def test_the_dateline_leaves_the_first_paragraph(mark):
    body = clean(f"<p>{mark} {FIRST}</p>")

    assert (body.dateline, body.paragraphs) == (mark, (FIRST,))


def test_the_dateline_leaves_the_sapo_where_that_comes_first():
    body = clean(f"<p>{SECOND}</p>", sapo=f"(CTO) - {FIRST}")

    assert (body.dateline, body.sapo, body.paragraphs) == ("(CTO) -", FIRST, (SECOND,))


def test_the_layouts_own_dateline_rule_replaces_the_general_one():
    body = clean(f"<p>BVD: {FIRST}</p>", dateline=re.compile(r"BVD:"))

    assert (body.dateline, body.paragraphs) == ("BVD:", (FIRST,))


def test_a_bracket_that_opens_a_sentence_is_no_dateline():
    text = "(Trích báo cáo tổng kết) - năm qua, dân quân xã góp 310 ngày công."

    assert clean(f"<p>{text}</p>").dateline is None


def test_an_encoded_body_is_never_kept_as_text():
    body = clean(f"<p>{'TGF1IGRhbiBxdWFu' * 20}==</p><p>{FIRST}</p>")

    assert body.is_encoded
    assert body.paragraphs == (FIRST,)


def test_a_long_address_in_a_paragraph_is_no_encoded_body():
    text = f"{FIRST} https://bao.example/{'dan-quan-' * 12}1.html"

    body = clean(f"<p>{text}</p>")

    assert not body.is_encoded
    assert body.paragraphs == (text,)


def test_byline_leaves_the_text():
    body = clean(
        f"<p>{FIRST}</p><p>{SECOND}</p><p align=right><b>Tin, ảnh: P.Y</b></p><p>Chia sẻ</p>"
    )

    assert (body.byline, body.paragraphs) == ("Tin, ảnh: P.Y", (FIRST, SECOND))


@given(st.text(alphabet=st.sampled_from("<>/pdivbr=\"' aâ&;!-tableimgspn"), max_size=400))
def test_any_markup_gives_non_empty_single_lines(html):
    for paragraph in clean(html).paragraphs:
        assert paragraph
        assert paragraph == " ".join(paragraph.split())


def test_an_author_line_above_the_text_is_the_byline_and_no_paragraph():
    body = clean(f"<p><i>Phóng viên: Lan Anh</i></p><p>{FIRST}</p><p>{SECOND}</p>")

    assert (body.byline, body.signed_above) == ("Phóng viên: Lan Anh", True)
    assert body.paragraphs == (FIRST, SECOND)


def test_the_author_line_at_the_end_goes_before_one_above():
    body = clean(f"<p>Theo TTXVN</p><p>{FIRST}</p><p align=right>Lan Anh</p>")

    assert (body.byline, body.signed_above) == ("Lan Anh", False)
