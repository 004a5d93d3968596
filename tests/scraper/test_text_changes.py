"""What was changed in the text of an article is told, from one line to the whole page."""

from __future__ import annotations

import re
import unicodedata

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import ChangeKind, TextChange
from scraper.clean.changes import of_whole_page, together
from scraper.clean.text import clean_and_tell, clean_line
from scraper.process import process
from scraper.sites.spec import DateRule, Layout, SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province="Thử",
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
    layouts=(
        Layout(
            title=("h1",),
            sapo=(".sapo",),
            body=("#b",),
            byline=(".author",),
            published=(DateRule(select=".date"),),
            section=(".muc",),
            tags=(".the a",),
            caption=(".chu-thich",),
        ),
    ),
)
FIELDS = {
    "title": "Dân quân xã Nà Phạc ra quân huấn luyện",
    "sapo": "Sáng nay, dân quân xã Nà Phạc ra quân huấn luyện năm thứ nhất trên bãi bồi cạnh suối.",
    "text": "Ban Chỉ huy Quân sự xã mở lớp huấn luyện cho sáu mươi chiến sĩ dân quân tại chỗ.",
    "caption": "Chiến sĩ dân quân tập lấp hố bom mìn.",
    "author": "Lò Thị Mai",
    "section": "Quốc phòng",
    "tag": "dân quân",
}


def page(**changes):
    x = FIELDS | changes
    return (
        f'<html><head><meta charset="utf-8"></head><body><div class="muc">{x["section"]}</div><h1>{x["title"]}</h1>'
        f'<p class="date">12/09/2024 06:45</p><div class="sapo">{x["sapo"]}</div><div id="b"><p>{x["text"]}</p>'
        f'<figure><img src="/1.jpg"><p class="chu-thich">{x["caption"]}</p></figure><p>Bãi tập rộng hai héc-ta.</p></div>'
        f'<div class="author">{x["author"]}</div><div class="the"><a>{x["tag"]}</a></div></body></html>'
    )


@pytest.fixture
def changes_of(capture_of):
    def read(body, **options):
        article = process(capture_of(body, **options), SITE, None).article
        return {change.kind: change.count for change in article.text_changes}

    return read


def misread(text):
    return text.encode().decode("sloppy-windows-1252")


TONES = "\u0300\u0301\u0303\u0309\u0323"


def in_1258(text):
    """Bytes as the code page writes them: vowels with their marks, tones behind them."""
    parts = []
    for letter in text:
        marks = unicodedata.normalize("NFD", letter)
        tone = "".join(x for x in marks if x in TONES)
        parts.append(
            unicodedata.normalize("NFC", "".join(x for x in marks if x not in TONES)) + tone
        )
    return "".join(parts).encode("cp1258")


@pytest.mark.parametrize(
    ("damaged", "changes"),
    [
        ("Lực lượng d&amp;acirc;n qu&amp;acirc;n", [("entities", 2)]),
        (misread("dân quân tự vệ"), [("mojibake", 4)]),
        ("“Lực lượng” dĂ¢n quĂ¢n", [("mojibake", 2)]),
        ("ngƣời dân đƣợc Ðảng", [("look_alikes", 3)]),
        ("dân\u200b qu\u00adân", [("invisible", 2)]),
        ("dân quân\x00\x07", [("controls", 2)]),
        (unicodedata.normalize("NFD", "dân quân"), [("nfc", 2)]),
        ("ﬁlm về ＤＱＴＶ", [("letter_forms", 6)]),
        ("dân quân {{ title }}", [("debris", 9)]),
        ("ngƣời\u200b dân", [("look_alikes", 1), ("invisible", 1)]),
    ],
)  # fmt: skip
def test_each_kind_of_change_in_a_line_is_told_with_its_characters(damaged, changes):
    assert clean_and_tell(damaged)[1] == tuple(TextChange(*x) for x in changes)


@pytest.mark.parametrize(
    "text", [" dân  quân\n", "dân\u00a0quân", "dân\r\n\tquân", "dân\u3000quân", "“Hoà bình”", "R&D", ""]
)  # fmt: skip
def test_folded_spaces_and_sound_text_are_no_change(text):
    assert clean_and_tell(text)[1] == ()


@given(st.text(max_size=40))
def test_a_line_without_changes_is_the_text_with_single_spaces(text):
    line, changes = clean_and_tell(text)

    assert line == clean_line(text)
    if not changes:
        assert "".join((line or "").split()) == "".join(text.split())
    assert all(change.count > 0 for change in changes)


@pytest.mark.parametrize("field", FIELDS)
def test_a_change_in_any_stored_field_is_counted_once(changes_of, field):
    first, rest = FIELDS[field][0], FIELDS[field][1:]

    assert changes_of(page(**{field: f"{first}\u200b{rest}"})) == {"invisible": 1}


def test_a_sound_page_has_no_changes(changes_of):
    assert changes_of(page()) == {}


def test_what_is_changed_in_lines_left_out_does_not_count(changes_of):
    text = f"{FIELDS['text']}</p><p>Tin liên\u200b quan</p><p>Xem\u00ad thêm"

    assert changes_of(page(text=text)) == {}


def test_a_lead_that_the_text_repeats_counts_once(changes_of):
    sapo = f"{FIELDS['sapo']}\u200b"

    assert changes_of(page(sapo=sapo, text=f"{sapo}</p><p>{FIELDS['text']}")) == {"invisible": 1}


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
def test_utf8_declared_as_something_else_is_told(changes_of, declared):
    body = page().replace('<meta charset="utf-8">', "")
    changes = changes_of(body, content_type=f"text/html; charset={declared}")

    marked = sum(not x.isascii() for value in FIELDS.values() for x in value)
    assert changes == {
        "charset:utf-8": marked + sum(not x.isascii() for x in "Bãi tập rộng hai héc-ta.")
    }


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/html; charset=utf-8", "text/html; charset=iso-8859-1"]
)
def test_utf8_that_header_or_page_declare_is_no_change(changes_of, content_type):
    assert changes_of(page(), content_type=content_type) == {}


def test_vietnamese_in_windows_1258_under_a_western_name_is_told(changes_of):
    body = in_1258(page().replace("utf-8", "windows-1252"))
    changes = changes_of(body, content_type="text/html")

    # the code page writes tones as characters of their own
    assert list(changes) == ["charset:cp1258", "nfc"]


def test_windows_1258_that_the_page_declares_is_no_change(changes_of):
    body = in_1258(page().replace("utf-8", "windows-1258"))

    assert list(changes_of(body, content_type="text/html")) == ["nfc"]


def test_plain_ascii_reads_the_same_in_every_charset(changes_of):
    body = page().encode("ascii", "xmlcharrefreplace")

    assert changes_of(body, content_type="text/html; charset=windows-1252") == {}


def test_a_page_in_an_old_encoding_says_which(changes_of):
    text = "Lùc l\u00adîng d©n qu©n tù vÖ x· Hßa B×nh ®· huÊn luyÖn ®¹t kÕt qu¶ tèt"
    changes = changes_of(page(text=text))

    assert list(changes) == ["tcvn3"]


def test_changes_are_put_together_in_one_order():
    first = (TextChange("invisible", 1), TextChange("mojibake", 2))
    second = (TextChange("mojibake", 3), TextChange("charset:utf-8", 9))

    assert together(first, (), second) == (
        TextChange("charset:utf-8", 9), TextChange("mojibake", 5), TextChange("invisible", 1),
    )  # fmt: skip


def test_a_whole_page_counts_what_is_not_ascii():
    assert of_whole_page(("vni",), ("dân", None, "quan")) == (TextChange("vni", 1),)
    assert of_whole_page(("vni",), ("quan",)) == ()
    assert of_whole_page((), ("dân",)) == ()


def test_every_kind_has_its_own_word():
    assert len({attrs.astuple(TextChange(kind, 1)) for kind in ChangeKind}) == len(ChangeKind)
