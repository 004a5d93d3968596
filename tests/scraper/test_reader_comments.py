"""Readers' comments in an article's container."""

from __future__ import annotations

import pytest

from scraper.clean.subtree import clean_subtree
from scraper.extract.fallback import cut_by_text

TITLE = "Dân quân xã Nà Phạc giúp dân gặt lúa"
TEXT = (
    "Sáng sớm, khi sương còn phủ kín cánh đồng Nà Luông, tiếng cười nói đã rộn ràng khắp các thửa ruộng bậc thang.",
    "Anh Hoàng Văn Tú, thôn đội trưởng, chia tổ của mình làm ba mũi: mũi gặt, mũi tuốt và mũi gánh thóc về nhà văn hóa.",
    "Bà Lục Thị Vân, nhà có hai héc-ta lúa chín rũ, kể rằng nếu không có anh em dân quân thì vụ này coi như mất trắng.",
    "Đến chiều ngày thứ ba, hơn 20 héc-ta lúa của 31 hộ đã được đưa về kho an toàn, trước khi cơn bão đổ bộ vào đất liền.",
)
TALK = (
    "Đọc bài mà thương bà con vùng bão, mong các cấp sớm hỗ trợ giống lúa để kịp gieo vụ sau.",
    "Anh em dân quân xã tôi cũng thế, việc gì khó là có mặt, không nề hà ngày nghỉ hay đêm hôm.",
    "Xin hỏi tòa soạn, muốn gửi quà ủng hộ các hộ bị thiệt hại thì liên hệ với ai ở xã Nà Phạc?",
)
ITEMS = "".join(f"<div><b>Bạn đọc {n}</b><p>{x}</p></div>" for n, x in enumerate(TALK))
ARTICLE = "".join(f"<p>{x}</p>" for x in TEXT)


@pytest.fixture
def paragraphs(page_of):
    """Reads the text of a page with this body."""

    def read(body):
        page = page_of(f"<html><body><main><h1>{TITLE}</h1>{body}</main></body></html>")
        cut = cut_by_text(page)
        return clean_subtree(cut.node, base_url=page.url, title=TITLE, sapo=None).paragraphs

    return read


@pytest.mark.parametrize(
    "heading",
    [
        "Bình luận (3)", "Ý kiến bạn đọc", "BẠN ĐỌC VIẾT", "Phản hồi", "3 bình luận", "Ý kiến của bạn đọc:", "Bình luận",
        "Gửi bình luận của bạn", "Ý kiến độc giả (3)", "Comments (3)",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "form",
    [
        "<article>{text}<section><h3>{heading}</h3>{items}</section></article>",
        "<article>{text}<div><div><h4>{heading}</h4></div><div>{items}</div></div></article>",
        "<article>{text}<h4>{heading}</h4>{items}</article>",
    ],
    ids=["box", "box with a head", "beside the text"],
)
def test_comments_under_their_heading_are_no_text(paragraphs, heading, form):
    body = form.format(text=ARTICLE, heading=heading, items=ITEMS)

    assert paragraphs(body) == TEXT


def test_more_comments_than_text_are_no_text_either(paragraphs):
    body = f"<article>{ARTICLE}<section><h3>Bình luận</h3>{ITEMS * 6}</section></article>"

    assert paragraphs(body) == TEXT


def test_a_label_above_the_text_takes_nothing_away(paragraphs):
    body = f"<article><div><span>Bình luận (3)</span></div>{ARTICLE}</article>"

    assert paragraphs(body) == TEXT


@pytest.mark.parametrize("tag", ["h3", "p", "div"])
def test_a_subheading_of_the_same_words_in_the_text_takes_nothing_away(paragraphs, tag):
    first, *rest = (f"<p>{x}</p>" for x in TEXT)
    second, third, fourth = rest
    body = f"<article>{first}{second}<{tag}>Tiếng nói từ bản</{tag}>{third}{fourth}</article>"
    asked = body.replace("Tiếng nói từ bản", "Ý kiến bạn đọc")

    assert paragraphs(body) == (*TEXT[:2], "Tiếng nói từ bản", *TEXT[2:])
    assert paragraphs(asked) == TEXT


def test_text_that_speaks_of_comments_stays(paragraphs):
    said = "Bình luận (3) là số ý kiến mà bản tin của xã nhận được trong ngày đầu, nhiều nhất từ trước tới nay."
    body = f"<div>{ARTICLE}<p>{said}</p></div>"

    assert paragraphs(body) == (*TEXT, said)
