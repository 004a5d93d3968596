"""What template engines and Word leave in the text."""

from __future__ import annotations

from time import process_time

import pytest

from scraper.clean.debris import may_hold_debris, without_debris
from scraper.clean.text import clean_line

WORD_SETTINGS = "Normal 0 false false false EN-US X-NONE X-NONE MicrosoftInternetExplorer4"
STYLES = '/* Style Definitions */ table.MsoNormalTable {mso-style-name:"Table Normal"; mso-padding-alt:0in 5.4pt;} p.Mso {margin:0in}'


@pytest.mark.parametrize(
    "line",
    [
        "{{article.title}}",
        "{{ item.related | safe }}",
        "{{{raw}}}",
        '{% include "box.html" %}',
        "{{never closed",
        "<_o3a_p></_o3a_p>",
        "<o:p>&nbsp;</o:p>",
        "&lt;o:p&gt;&amp;nbsp;&lt;/o:p&gt;",
        '<?xml:namespace prefix = o ns = "urn:schemas-microsoft-com:office:office" />',
        "<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->",
        "<![if !supportLists]><![endif]>",
        "<!--[endif]-->",
        WORD_SETTINGS,
        STYLES,
        f"<!-- {STYLES} -->",
        f"{WORD_SETTINGS} {STYLES}",
    ],
)
def test_a_line_of_nothing_but_debris_is_none(line):
    assert clean_line(line) is None


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("Dân quân {{ads}} xã Nà Phạc", "Dân quân xã Nà Phạc"),
        ("Dân quân xã Nà Phạc.<o:p></o:p>", "Dân quân xã Nà Phạc."),
        ("Dân quân <st1:place w:st=\"on\">Nà Phạc</st1:place>", "Dân quân Nà Phạc"),
        ("Dân quân<_o3a_p></_o3a_p> xã", "Dân quân xã"),
        (f"{WORD_SETTINGS} Sáng nay, xã họp.", "Sáng nay, xã họp."),
        (f"{STYLES} Sáng nay, xã họp.", "Sáng nay, xã họp."),
    ],
)  # fmt: skip
def test_debris_within_a_line_is_cut_out(line, clean):
    assert clean_line(line) == clean


@pytest.mark.parametrize(
    "line",
    [
        "a < b, c > d",
        "Tập hợp {1, 2, 3} và {x}",
        "Normal 0 giờ",
        "Ông nói: “true, false đều là tiếng Anh”",
        "Đề thi: <trắc nghiệm> 40 câu",
        "0 false alarm",
        "Bình luận [if] của bạn đọc /* ghi chú */",
    ],
)
def test_other_text_stays(line):
    assert clean_line(line) == line


def test_the_quick_look_passes_ordinary_lines_by():
    line = "Dân quân xã Nà Phạc ra quân huấn luyện [ảnh]"

    assert not may_hold_debris(line)
    assert without_debris(line) == line


@pytest.mark.parametrize(
    "mark", ["{{", "<!--[if ", "<o:p ", "/* Style Definitions */ a", "{%", "<!--[if a]>"]
)
def test_debris_without_end_takes_no_time(mark):
    start = process_time()
    clean_line(mark * 60_000)
    assert process_time() - start < 10
