"""Author lines and the people in them."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.clean.blocks import read_blocks
from scraper.clean.bylines import (
    is_person_account,
    leading_byline,
    looks_like_byline,
    people,
    signs_itself,
    trailing_byline,
)


def read_html(html):
    """Blocks of *html* as of a container."""
    return read_blocks(LexborHTMLParser(html).body)


LONG = "Kết thúc đợt huấn luyện, toàn bộ cán bộ, chiến sĩ dân quân đều đạt yêu cầu, trong đó nhiều người khá, giỏi."


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("Lan Anh - Quốc Huy", ("Lan Anh", "Quốc Huy")),
        ("Lan Anh – Quốc Huy", ("Lan Anh", "Quốc Huy")),
        ("Lan Anh, Quốc Huy và Mỹ Duyên", ("Lan Anh", "Quốc Huy", "Mỹ Duyên")),
        ("Tạ Nguyên/Báo Tin tức", ("Tạ Nguyên",)),
        ("Bài, ảnh: MINH KHÔI", ("MINH KHÔI",)),
        ("Bài và ảnh: Minh Khôi", ("Minh Khôi",)),
        ("Bài: Lan Anh; Ảnh: Quốc Huy", ("Lan Anh", "Quốc Huy")),
        ("Thực hiện: Đình Lâm - A Khuyên", ("Đình Lâm", "A Khuyên")),
        ("H'Linh Êban", ("H'Linh Êban",)),
        ("Thạch Thị Sô Phia", ("Thạch Thị Sô Phia",)),
        ("Hà Thu (tổng hợp)", ("Hà Thu",)),
        ("Đoàn Thị Hạnh", ("Đoàn Thị Hạnh",)),
        ("Lan Anh - Lan Anh", ("Lan Anh",)),
        ("P.V", ()),
        ("PV", ()),
        ("CTV", ()),
        ("Tin, ảnh: P.Y", ()),
        ("Tin, ảnh: T.H", ()),
        ("T.N (tổng hợp)", ()),
        ("Theo TTXVN", ()),
        ("Theo Hồ Hương", ()),
        ("(Theo baochinhphu.vn)", ()),
        ("Nguồn: TTXVN", ()),
        ("Báo Cao Bằng", ()),
        ("Nhóm phóng viên", ()),
        ("Ban biên tập", ()),
        ("longantv", ()),
        ("Minh", ()),
    ],
)
def test_people_are_named_people_only(byline, expected):
    assert people(byline, ("Báo Thử",)) == expected


def test_the_papers_own_names_are_no_people():
    assert people("Sông Mây - Lan Anh", ("Sông Mây",)) == ("Lan Anh",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Nguyễn Thị Hà", True), ("longantv", False), ("Tuoi Tre", False), ("Báo Lào Cai điện tử", False), ("MEDIATECH", False)],
)  # fmt: skip
def test_a_name_of_the_cms_is_a_person_only_when_it_looks_like_a_vietnamese_one(name, expected):
    assert is_person_account(name, ()) is expected


@pytest.mark.parametrize(
    "line",
    [
        "Lan Anh",
        "Tin, ảnh: P.Y",
        "Theo TTXVN",
        "Theo Báo Quân đội nhân dân",
        "Nhóm PV",
        "T.H",
        "Y THƯƠNG - Bình Minh",
    ],
)
def test_names_initials_and_credits_look_like_a_byline(line):
    assert looks_like_byline(line)


@pytest.mark.parametrize(
    "line",
    [
        "Theo kế hoạch, hội thi kéo dài ba ngày.",
        "Theo anh, đó là bài học quý.",
        "Nội dung: ôn lại truyền thống",
        "Ảnh hưởng của bão số 3",
        "Học thật để dùng thật",
        "Việt Nam thắng lợi!",
        "",
    ],
)
def test_a_sentence_does_not(line):
    assert not looks_like_byline(line)


@pytest.mark.parametrize(
    ("ending", "byline"),
    [
        ('<p style="text-align:right">Lan Anh</p>', "Lan Anh"),
        ("<p><b>Lan Anh</b></p>", "Lan Anh"),
        ("<p><em>Lan Anh - Quốc Huy</em></p>", "Lan Anh - Quốc Huy"),
        ("<p>Tin, ảnh: P.Y</p>", "Tin, ảnh: P.Y"),
        ("<p>(Theo TTXVN)</p>", "(Theo TTXVN)"),
        ("<p>Anh Dũng</p>", "Anh Dũng"),
        ("<p>P.V</p>", "P.V"),
        ("<p><b>Bài: Lan Anh</b></p><p><b>Ảnh: Quốc Huy</b></p>", "Bài: Lan Anh; Ảnh: Quốc Huy"),
    ],
)
def test_the_last_short_line_set_apart_or_naming_names_is_the_byline(ending, byline):
    blocks = read_html(f"<p>Mở đầu bài.</p><p>{LONG}</p>{ending}")

    found, lines = trailing_byline(blocks)

    assert found == byline
    assert len(blocks) - lines == 2


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{LONG}</p><p><b>Học thật để dùng thật</b></p>",
        f"<p>{LONG}</p><p>{LONG}</p>",
        "<p>Danh sách khen thưởng:</p><p>Nguyễn Văn An</p><p>Trần Thị Bình</p>",
        "<p><b>Lan Anh</b></p>",
        f'<p>{LONG}</p><p style="text-align:right">Đó là điều ai cũng nhớ mãi về những ngày ấy.</p>',
        "",
    ],
)
def test_a_text_without_author_line_has_none(html):
    assert trailing_byline(read_html(html)) == (None, 0)


@pytest.mark.parametrize(
    "line",
    [
        "Phóng viên: Lan Anh", "Bài, ảnh: MINH KHÔI", "Thực hiện: Đình Lâm - A Khuyên", "Tin, ảnh: T.H", "Theo TTXVN",
        "(Theo Reuters, Inquirer)", "Nguồn: TTXVN", "PV", "P.V", "Nhóm P.V", "Ban biên tập", "Nhóm phóng viên", "T.H", "CTV (tổng hợp)",
        "Tác giả: Hoàng Văn Tú",
    ],
)  # fmt: skip
def test_a_line_with_role_source_or_staff_mark_signs_itself(line):
    assert signs_itself(line)


@pytest.mark.parametrize(
    "line",
    [
        "Lan Anh", "Theo dõi Báo Sông Mây trên Google News", "Ảnh: Minh Khôi", "Clip, ảnh: Minh Khôi", "A- A+", "A", "In", "GMT",
        "Nguồn ảnh: Internet", "Thời sự", "Quốc phòng - An ninh", "Theo kế hoạch", "TP. HCM", "",
    ],
)  # fmt: skip
def test_other_lines_above_a_text_sign_nothing(line):
    assert not signs_itself(line)


@pytest.mark.parametrize(
    ("html", "byline"),
    [
        (f"<p>Theo TTXVN</p><p>{LONG}</p>", "Theo TTXVN"),
        (f"<p>{LONG}</p><p>Bài, ảnh: Lan Anh</p><p>{LONG}</p>", "Bài, ảnh: Lan Anh"),
        (f"<p>Ảnh: Lan Anh</p><p>{LONG}</p>", None),
        (f"<p>Lan Anh</p><p>{LONG}</p>", None),
        ("<p>Theo TTXVN</p><p>Hết</p>", None),
        (f"<p>{LONG}</p><p>{LONG}</p><p>Theo TTXVN</p><p>{LONG}</p>", None),
    ],
)
def test_the_author_line_above_a_text_stands_first_or_behind_the_lead(html, byline):
    assert leading_byline(read_html(html))[0] == byline
