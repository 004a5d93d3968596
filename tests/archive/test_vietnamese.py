"""Comparing forms of Vietnamese text."""

import sqlite3
import unicodedata
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.vietnamese import (
    collation_key,
    exact_key,
    fold,
    has_marks,
    nfc,
    normalise_tone,
    spelling_key,
    syllables,
)

VIETNAMESE = (
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
)
vietnamese_text = st.text(
    alphabet=VIETNAMESE + VIETNAMESE.upper() + " ,.“”-–0123456789", max_size=60
)
# Few letters, so that every meeting of glide, tone and final comes up.
glides = st.text(alphabet="oòóuùủaàáeèyỳýêqQnhcUÝOÀ .", max_size=12)
any_text = st.text(max_size=40)


@pytest.mark.parametrize(
    ("published", "key"),
    [
        ("hoà", "hòa"),
        ("thuỷ", "thủy"),
        ("khoẻ", "khỏe"),
        ("uỷ ban", "ủy ban"),
        ("Oà khóc", "Òa khóc"),
        ("HOÀ BÌNH", "HÒA BÌNH"),
        ("Thuỵ Điển", "Thụy Điển"),
        ("hoạ, loá; nguỵ.", "họa, lóa; ngụy."),
        ("tòan", "toàn"),
        ("hòan thành", "hoàn thành"),
        ("TÒAN DÂN", "TOÀN DÂN"),
        ("xóay", "xoáy"),
        ("ngòeo", "ngoèo"),
        ("Hùynh", "Huỳnh"),
        ("khủyu", "khuỷu"),
        ("thùyên", "thuyền"),
        ("qúy", "quý"),
        ("qủa", "quả"),
        ("Qúyên góp", "Quyến góp"),
    ],
)
def test_tone_moves_to_its_one_place(published, key):
    assert normalise_tone(published) == key


@pytest.mark.parametrize(
    "text",
    [
        "quý",
        "quả",
        "quỳ",
        "quỹ",
        "Quý",
        "Huỳnh",
        "thuở",
        "khuỷu",
        "toàn",
        "hoàn",
        "hoài",
        "xoáy",
        "khoét",
        "ngoèo",
        "tuýt",
        "hòa",
        "thủy",
        "QUỶ",
        "ngoại",
        "Đoàn",
        "Góes",
    ],
)
def test_tone_stays_where_it_belongs(text):
    assert normalise_tone(text) == text


def test_exact_key_is_the_same_for_both_placements_and_both_cases():
    assert (
        exact_key("HOÀ BÌNH, Thuỷ lợi") == exact_key("Hòa bình, thủy LỢI") == "hòa bình, thủy lợi"
    )


@pytest.mark.parametrize("text", ["H\u0331", "J\u030c", "W\u030a", "\u0130\u0316"])
def test_small_letters_are_composed_with_marks_that_capitals_have_apart(text):
    key = exact_key(text)

    assert key == nfc(key) == exact_key(key)


def test_exact_key_keeps_marks_and_quotation_marks():
    assert exact_key("“Dân quân” Đắk Lắk") == "“dân quân” đắk lắk"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kỹ thuật", "kĩ thuật"),
        ("lý do", "lí do"),
        ("chiến sỹ", "chiến sĩ"),
        ("Mỹ Lâm", "Mĩ Lâm"),
        ("hy vọng", "hi vọng"),
        ("TỶ LỆ", "tỉ lệ"),
        ("Quy Nhơn", "Qui Nhơn"),
        ("quý, quỹ", "quí, quĩ"),
        ("quay về Qúy", "quay về Quí"),
    ],
)
def test_spelling_key_is_the_same_for_i_and_y(one, other):
    assert exact_key(one) != exact_key(other)
    assert spelling_key(one) == spelling_key(other)


@pytest.mark.parametrize(
    "text",
    [
        "thủy",
        "yêu",
        "y tế",
        "ý kiến",
        "vy",
        "quyết",
        "quýt",
        "tây",
        "huy",
        "mỹlâm",
        "kyoto",
        "ly\u030c",
    ],
)
def test_spelling_key_leaves_every_other_y(text):
    assert spelling_key(text) == exact_key(text)


def test_fold_removes_every_mark_and_folds_d():
    assert fold("Lực lượng dân quân tự vệ Đắk Lắk, Điện Biên") == (
        "luc luong dan quan tu ve dak lak, dien bien"
    )


def test_fold_removes_foreign_marks_too():
    assert fold("Müller, São, Škoda, cafe\u0301") == "muller, sao, skoda, cafe"


@pytest.mark.parametrize("text", ["đ", "Đ", "dân", "tu\u0323", "TỰ", "ơ", "café"])
def test_has_marks_sees_each_kind_of_mark(text):
    assert has_marks(text)


@pytest.mark.parametrize("text", ["", "dan quan", "2.400 luot", "Müller", "“quoted”"])
def test_has_marks_is_false_without_vietnamese_marks(text):
    assert not has_marks(text)


def test_syllables_are_runs_of_letters_and_digits():
    assert syllables("Dân quân (DQTV) đạt 2,14%/tổng dân số.") == (
        ["Dân", "quân", "DQTV", "đạt", "2", "14", "tổng", "dân", "số"]
    )


@given(st.one_of(vietnamese_text, glides))
def test_normalise_tone_is_idempotent_and_keeps_the_length(text):
    once = normalise_tone(text)
    assert normalise_tone(once) == once
    assert len(once) == len(text)


@given(st.one_of(vietnamese_text, glides))
def test_normalise_tone_changes_nothing_but_the_place_of_marks(text):
    assert fold(normalise_tone(text)) == fold(text)


@given(st.one_of(any_text, vietnamese_text, glides))
def test_a_foreign_letter_elsewhere_in_a_text_changes_no_key(text):
    # texts of Vietnamese letters alone are read in a faster way
    foreign = f"{text} ★ ŭ"
    assert exact_key(foreign) == f"{exact_key(text)} ★ ŭ"
    assert fold(foreign) == f"{fold(text)} ★ u"
    assert syllables(foreign) == [*syllables(text), "ŭ"]


def test_every_letter_and_sign_has_the_keys_it_has_in_a_foreign_text():
    for code in range(0x2100):
        letter = chr(code)
        assert exact_key(f"{letter} ★") == f"{exact_key(letter)} ★"
        assert fold(f"{letter} ★") == f"{fold(letter)} ★"
        assert syllables(f"a{letter}b ★") == syllables(f"a{letter}b")


@given(st.one_of(any_text, vietnamese_text, glides))
def test_exact_key_and_fold_are_idempotent(text):
    assert exact_key(exact_key(text)) == exact_key(text)
    assert fold(fold(text)) == fold(text)


@given(st.one_of(any_text, vietnamese_text, glides))
def test_spelling_key_is_idempotent_and_as_long_as_the_exact_key(text):
    key = spelling_key(text)
    assert spelling_key(key) == key == spelling_key(exact_key(text))
    assert len(key) == len(exact_key(text))
    assert fold(key).replace("i", "y") == fold(text).replace("i", "y")


@given(
    st.sampled_from(["", "b", "h", "Th", "kh", "ng", "NG"]),
    st.sampled_from(["oa", "oe", "uy", "OA", "Uy"]),
    st.sampled_from("\u0300\u0301\u0303\u0309\u0323"),
)
def test_both_tone_placements_of_an_open_syllable_have_one_key(onset, vowels, tone):
    old, new = nfc(onset + vowels + tone), nfc(onset + vowels[0] + tone + vowels[1])

    assert old != new
    assert normalise_tone(old) == normalise_tone(new) == new
    assert exact_key(old) == exact_key(new)


@given(vietnamese_text)
def test_keys_do_not_depend_on_case(text):
    for key in (exact_key, spelling_key, fold):
        assert key(text.upper()) == key(text.lower()) == key(text)


@given(vietnamese_text)
def test_keys_of_vietnamese_text_have_its_length(text):
    assert len(exact_key(text)) == len(spelling_key(text)) == len(fold(text)) == len(text)


@given(st.one_of(any_text, vietnamese_text, glides))
def test_fold_sees_no_difference_between_a_text_and_its_exact_key(text):
    assert fold(exact_key(text)) == fold(text) == exact_key(fold(text))


@given(any_text)
def test_nfc_is_idempotent_and_the_composed_form(text):
    assert nfc(nfc(text)) == nfc(text) == unicodedata.normalize("NFC", text)


@given(st.one_of(any_text, vietnamese_text))
def test_composed_and_decomposed_text_have_the_same_keys(text):
    decomposed = unicodedata.normalize("NFD", text)
    assert exact_key(decomposed) == exact_key(nfc(text))
    assert spelling_key(decomposed) == spelling_key(nfc(text))
    assert fold(decomposed) == fold(nfc(text))
    assert syllables(decomposed) == syllables(nfc(text))


@given(vietnamese_text)
def test_marks_are_seen_in_either_form(text):
    assert has_marks(unicodedata.normalize("NFD", text)) == has_marks(text)


@given(st.one_of(any_text, vietnamese_text))
def test_folded_text_has_no_marks(text):
    assert not has_marks(fold(text))


@given(vietnamese_text)
def test_folded_vietnamese_is_ascii_but_for_punctuation(text):
    assert fold(text).replace("“", "").replace("”", "").replace("–", "").isascii()


class Tokenizer:
    """Tokens SQLite's own unicode61 makes of a text."""

    def __init__(self, remove_diacritics):
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute(
            "CREATE VIRTUAL TABLE t USING fts5"
            f"(x, tokenize='unicode61 remove_diacritics {remove_diacritics}')"
        )
        self.connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab('t', 'instance')")

    def close(self):
        self.connection.close()

    def tokens(self, text):
        self.connection.execute("DELETE FROM t")
        self.connection.execute("INSERT INTO t (x) VALUES (?)", (text,))
        return [
            token for (token,) in self.connection.execute('SELECT term FROM v ORDER BY "offset"')
        ]


@pytest.fixture(scope="module")
def exact_tokenizer():
    with closing(Tokenizer(0)) as tokenizer:
        yield tokenizer


@pytest.fixture(scope="module")
def folding_tokenizer():
    with closing(Tokenizer(2)) as tokenizer:
        yield tokenizer


without_nul = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40
)
_MEETINGS = "aàoòqn \u0301\u0305\u0323\u0345Ꭰꭰﬁ\ua7ae\u1c90İΣσςſßẞ\u037f-_'"
# Younger letters, marks that split words and letters whose lower case is longer.
awkward = st.text(alphabet=_MEETINGS, max_size=20)


@given(st.one_of(without_nul, vietnamese_text, awkward))
def test_exact_key_keeps_the_tokens_of_the_exact_index(exact_tokenizer, text):
    stored = nfc(text)
    assert len(exact_tokenizer.tokens(exact_key(text))) == len(exact_tokenizer.tokens(stored))


@given(st.one_of(without_nul, vietnamese_text, awkward))
def test_fold_keeps_the_tokens_of_the_folded_index(folding_tokenizer, text):
    stored = nfc(text)
    assert len(folding_tokenizer.tokens(fold(text))) == len(folding_tokenizer.tokens(stored))


def test_folded_query_meets_the_folded_index(folding_tokenizer):
    assert folding_tokenizer.tokens(fold("Điện Biên, Đắk Lắk")) == ["dien", "bien", "dak", "lak"]


def test_letters_sort_in_the_order_of_the_vietnamese_alphabet():
    words = [*"aăâbcdđeêfghiklmnoôơpqrstuưvxyz"]
    assert sorted(set(words), key=collation_key) == words


def test_tones_sort_none_huyen_hoi_nga_sac_nang():
    words = ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert sorted(set(words), key=collation_key) == words


def test_a_letter_counts_before_a_tone_and_a_syllable_before_the_next_one():
    words = [
        "12", "an ninh", "ạn", "anh", "ăn", "ân cần", "dân", "dân quân", "dân tộc", "dấn", "dẫu",
        "đại đội", "đầu", "Đầu tư", "quan", "quân", "quận", "Яма",
    ]  # fmt: skip
    assert sorted(set(words), key=collation_key) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoà", "hòa"), ("DÂN", "dân"), ("thuỷ", "thủy"), ("qu\u00e2\u0323n", "quận")],
)
def test_spellings_of_one_word_sort_together(one, other):
    assert collation_key(one) == collation_key(other)


def test_foreign_letters_sort_with_their_base_letter_behind_the_vietnamese_ones():
    words = ["mo", "mọ", "mö", "môn", "mu"]
    assert sorted(set(words), key=collation_key) == words


@given(vietnamese_text, vietnamese_text)
def test_texts_of_one_key_have_the_same_exact_syllables(one, other):
    same_words = syllables(exact_key(one)) == syllables(exact_key(other))
    assert (collation_key(one) == collation_key(other)) is same_words
