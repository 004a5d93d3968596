"""Fixed phrases of papers, dropped as whole lines only."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.blocks import read_blocks
from scraper.clean.boilerplate import is_boilerplate, without_boilerplate


def read_html(html):
    """Blocks of *html* as of a container."""
    return read_blocks(LexborHTMLParser(html).body)


def kept(html):
    return [block.text for block in without_boilerplate(read_html(html))]


@pytest.mark.parametrize(
    "line",
    [
        "Phản hồi", "Các tin khác", "Mới nhất", "Liên kết website", "Ý kiến bạn đọc", "Chia sẻ bài viết", "Từ khóa",
        "Từ khoá", "TỪ KHÓA:", "Đọc thêm", "PHẢN HỒI", "» Các tin khác", "Phản hồi:", "Ý kiến (3)", "0 / 500 ký tự",
        "Theo dõi Báo Lào Cai trên", "Theo dõi TÂY NINH trên Google News", "Từ khóa: dân quân, tự vệ", "{{ item.title }}",
        "Bản quyền của Báo Cần Thơ", "Ghi rõ nguồn khi phát hành lại thông tin", "Bút danh", "Giấy phép số 298/GP-BTTTT",
    ],
)  # fmt: skip
def test_a_fixed_phrase_is_recognised_whatever_its_case_and_marks(line):
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "Phản hồi của cử tri được xã giải quyết ngay.",
        "Tin mới nhất từ thao trường cho thấy anh em rất phấn khởi.",
        "Chia sẻ với bà con vùng lũ",
        "Theo dõi sát tình hình địa bàn",
        "Mới",
        "Dân quân tự vệ",
        "Từ khóa học này, 100% cán bộ được cấp chứng chỉ",
    ],
)
def test_a_line_of_the_article_is_not(line):
    assert not is_boilerplate(line)


def test_headings_at_the_end_are_dropped_and_paragraphs_kept():
    html = "<p>Một.</p><p>Phản hồi</p><p>Các tin khác</p><p>Mới nhất</p><p>Liên kết website</p>"

    assert kept(html) == ["Một."]


def test_headlines_under_a_related_heading_go_with_it():
    html = "<p>Một.</p><h4>Tin liên quan</h4><ul><li><a href=/1>Tin a</a></li><li><a href=/2>Tin b</a></li></ul><p>Hai.</p>"

    assert kept(html) == ["Một.", "Hai."]


def test_a_link_elsewhere_is_text():
    assert kept("<p>Một.</p><p><a href=/1>Nghị định 72</a></p>") == ["Một.", "Nghị định 72"]


def test_the_second_of_two_equal_neighbours_is_dropped():
    assert kept("<p>Một.</p><p>Một.</p><p>Hai.</p><p>Một.</p>") == ["Một.", "Hai.", "Một."]


def test_marks_alone_are_no_line():
    assert kept("<p>Một.</p><p>***</p><p>- - -</p><p>…</p>") == ["Một."]
