"""Repairing and tidying one line of text."""

import unicodedata

import ftfy
import ftfy.bad_codecs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.clean.text import clean_line, unescape_twice

PHRASE = "Lực lượng dân quân tự vệ Đảng ủy Đề Thám, xã Hưng Đạo à ì"


def misread(text, encoding):
    """UTF-8 bytes of *text* read in a Windows code page, unassigned bytes as control characters."""
    return text.encode().decode(f"sloppy-{encoding}" if encoding != "latin-1" else encoding)


@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1", "windows-1258"])
def test_utf8_read_in_another_code_page_is_repaired(encoding):
    assert clean_line(misread(PHRASE, encoding)) == PHRASE


def test_utf8_misread_twice_is_repaired():
    assert clean_line(misread(misread(PHRASE, "windows-1252"), "windows-1252")) == PHRASE


def test_a_misread_word_among_sound_ones_is_repaired():
    assert clean_line("“Lực lượng” dĂ¢n quĂ¢n tá»± vá»‡") == "“Lực lượng” dân quân tự vệ"


def test_a_single_misread_word_is_repaired():
    assert clean_line(misread("dân", "windows-1258")) == "dân"


@pytest.mark.parametrize(
    ("damaged", "clean"),
    [
        ("Ðảng bộ, ðường làng", "Đảng bộ, đường làng"),
        ("ÐẮK LẮK", "ĐẮK LẮK"),
        ("HÐND tỉnh, NÐ-CP, QÐND", "HĐND tỉnh, NĐ-CP, QĐND"),
        ("Guðmundur và Sigurðsson", "Guðmundur và Sigurðsson"),
        ("ngƣời dân đƣợc", "người dân được"),
        ("TRƢỜNG SA", "TRƯỜNG SA"),
        ("lƣ\u0323c", "lực"),
    ],
)
def test_look_alike_letters_become_vietnamese_ones(damaged, clean):
    assert clean_line(damaged) == clean


@pytest.mark.parametrize("mark", ["\u200b", "\u200c", "\u200d", "\u00ad", "\ufeff", "\u2060"])
def test_invisible_characters_are_removed(mark):
    assert clean_line(f"dân{mark} quân{mark}") == "dân quân"


def test_a_letter_split_by_an_invisible_mark_is_composed():
    assert clean_line("a\u00ad\u0301o") == "áo"


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u3000", "\t", "\n", " \r\n "])
def test_every_space_becomes_one_plain_space(space):
    assert clean_line(f"{space}dân{space}{space}quân{space}") == "dân quân"


def test_decomposed_text_becomes_composed():
    assert clean_line(unicodedata.normalize("NFD", PHRASE)) == PHRASE


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u200b\ufeff", "\n\t"])
def test_nothing_left_is_none(text):
    assert clean_line(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "“Ba sẵn sàng” – khẩu hiệu của ‘dân quân’ năm 1965…",
        "MÔ HÌNH “DÂN QUÂN XÃ” Ở NÚI NGÀN",
        "“CHỦ TỊCH XÃ”",
        "Hoà bình, thuỷ lợi, khoẻ mạnh",
        "Hòa bình, thủy lợi, khỏe mạnh",
        "kỹ sư, kĩ sư, lý do, lí do, Qui Nhơn",
        "12 m², 30°C, 5.000 ₫, ½ công",
        "R&D và AT&T",
        "a < b, c > d",
        "Ê Đê, Ba Na, M’nông, Xơ-đăng",
    ],
)
def test_sound_text_stays_as_published(text):
    assert clean_line(text) == text


def test_a_lone_surrogate_does_not_survive():
    assert clean_line("dân \ud83d quân") == "dân \ufffd quân"


def test_control_characters_do_not_survive():
    assert clean_line("dân\x00 \x1b[31mquân\x7f") == "dân quân"


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("d&acirc;n qu&acirc;n", "dân quân"),
        ("d&amp;acirc;n", "dân"),
        ("t&#7921; v&#x1EC7;", "tự vệ"),
        ("&amp;amp;acirc;", "&acirc;"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("R&D; x", "R&D; x"),
        ("a &lt; b", "a < b"),
    ],
)
def test_entities_are_unescaped_at_most_twice(escaped, plain):
    assert unescape_twice(escaped) == plain


def test_leftover_entities_are_resolved_in_a_line():
    assert clean_line("d&amp;acirc;n&nbsp;qu&acirc;n") == "dân quân"


_LETTERS = "aàáảãạăắâấậeèéêếiìíoóòõôốơờuúùưựyýđxctnhgb"
_SYMBOLS = "“”‘’«»–—…• .,!?0\u00a0"
usual_text = st.text(alphabet=_LETTERS + _LETTERS.upper() + _SYMBOLS, max_size=30)
REPAIR = ftfy.TextFixerConfig(uncurl_quotes=False, unescape_html=False, explain=False)


def tidy(text):
    return " ".join(text.split()) or None


@given(usual_text.filter(lambda text: not set(text) & set("ÂÃ")))
def test_lines_judged_sound_are_those_ftfy_would_not_change(text):
    """The short way gives what calling ftfy on every line gives, capital XÃ” apart."""
    assert clean_line(text) == tidy(ftfy.fix_text(text, REPAIR))


@given(st.text(alphabet=_LETTERS + " ", min_size=1, max_size=30))
def test_misread_vietnamese_words_come_back(text):
    words = " ".join(f"ự{word}" for word in text.split())
    assert clean_line(misread(words, "windows-1258")) == tidy(words)


@given(st.text(max_size=40))
def test_the_result_is_none_or_one_tidy_composed_line(text):
    line = clean_line(text)
    if line is not None:
        assert line == " ".join(line.split())
        assert unicodedata.is_normalized("NFC", line)
        assert line.encode()


@given(st.text(alphabet=_LETTERS + _LETTERS.upper() + " ,.–“”0", max_size=30))
def test_cleaning_twice_changes_nothing(text):
    once = clean_line(text)
    assert once is None or clean_line(once) == once
