"""Query text becomes alternatives of words and phrases, and always well-formed FTS5."""

import sqlite3
from contextlib import closing
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.desk.plan import Tier, plan
from archive.desk.query import MAX_CHARACTERS, MAX_UNITS, ParsedQuery, Unit, parse
from archive.errors import BadQuery


def wanted(text):
    return [[unit.text for unit in units] for units in parse(text).alternatives]


def test_words_of_a_query_are_one_alternative():
    assert wanted("dân quân tự vệ") == [["dân", "quân", "tự", "vệ"]]


def test_or_separates_whole_runs_of_words():
    assert wanted("dân quân OR tự vệ") == [["dân", "quân"], ["tự", "vệ"]]


def test_lower_case_or_is_a_word():
    assert wanted("dân or quân") == [["dân", "or", "quân"]]


def test_and_between_words_says_nothing_new():
    assert parse("dân AND quân") == parse("dân quân")


@pytest.mark.parametrize("text", ["dân -quân", "dân NOT quân", "NOT quân dân"])
def test_not_and_minus_leave_out_the_next_word(text):
    query = parse(text)
    assert (wanted(text), query.unwanted) == ([["dân"]], (Unit("quân"),))


def test_minus_before_a_phrase_leaves_out_the_phrase():
    assert parse('dân -"hội thao"').unwanted == (Unit("hội thao", quoted=True),)


@pytest.mark.parametrize("text", ["ngày 28-3", "Quốc phòng - An ninh"])
def test_hyphen_inside_a_word_or_between_spaces_leaves_nothing_out(text):
    assert parse(text).unwanted == ()


@pytest.mark.parametrize("text", ['"dân quân"', "“dân quân”", "«dân quân»", '"dân quân'])
def test_any_quotation_marks_make_a_phrase_even_unclosed(text):
    assert parse(text) == ParsedQuery(alternatives=((Unit("dân quân", quoted=True),),))


@pytest.mark.parametrize("text", ["huấn*", '"dân quân"*', '"dân quân*"'])
def test_star_makes_a_prefix(text):
    [[unit]] = parse(text).alternatives
    assert unit.prefix


@pytest.mark.parametrize("short", ["d", "th"])
def test_prefix_of_one_or_two_letters_is_refused_with_the_letters_named(short):
    with pytest.raises(BadQuery, match=f"three letters before it, not just “{short}”"):
        parse(f"huấn luyện {short}*")


@pytest.mark.parametrize("text", ["", "   ", "***", '""', "OR", "AND NOT", "🙂", "\x00", "-", "()"])
def test_query_without_a_word_is_refused(text):
    with pytest.raises(BadQuery, match="no word to look for"):
        parse(text)


def test_query_with_only_unwanted_words_is_refused():
    with pytest.raises(BadQuery, match="only words to leave out"):
        parse("-quân NOT dân")


def test_too_long_query_is_refused():
    with pytest.raises(BadQuery, match=str(MAX_CHARACTERS)):
        parse("a" * (MAX_CHARACTERS + 1))


def test_query_with_too_many_words_is_refused():
    with pytest.raises(BadQuery, match=str(MAX_UNITS)):
        parse("a " * (MAX_UNITS + 1))


def tiers(text, *, exact_only=False):
    return [step.tier for step in plan(parse(text), exact_only=exact_only)]


def test_marked_words_are_tried_in_all_four_tiers():
    assert tiers("dân quân") == [1, 2, 3, 4]


def test_quoted_phrase_has_phrase_tiers_only():
    assert tiers('"Điện Biên"') == [Tier.EXACT_PHRASE, Tier.FOLDED_PHRASE]


def test_single_syllable_has_word_tiers_only():
    assert tiers("quân") == [Tier.EXACT_WORDS, Tier.FOLDED_WORDS]


def test_unmarked_words_are_exact_as_a_phrase_only():
    assert tiers("quan khu") == [1, 3, 4]


def test_exact_only_has_both_exact_tiers_even_without_marks():
    assert tiers("quan khu", exact_only=True) == [1, 2]


def test_tone_placement_and_normal_form_do_not_change_the_plan():
    modern, old = '"hòa bình"', '"hoà bình"'
    assert plan(parse(modern)) == plan(parse(old)) == plan(parse(normalize("NFD", old)))


@pytest.fixture(scope="module")
def index():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE texts USING fts5(title, tokenize='unicode61 remove_diacritics 0')"
        )
        connection.execute("INSERT INTO texts VALUES ('dân quân tự vệ')")
        yield connection


OPERATORS = [
    "OR",
    "AND",
    "NOT",
    "NEAR(",
    ")",
    "(",
    '"',
    "*",
    "-",
    "^",
    ":",
    "+",
    "'",
    ",",
    "title:",
]
QUERIES = st.lists(
    st.sampled_from([*OPERATORS, "dân", "quân", "\x00", "🙂", "שלום", "\ud800", "\u202e"])
    | st.text(max_size=5),
    max_size=12,
)


@given(QUERIES, st.sampled_from([" ", ""]))
def test_any_text_is_refused_or_becomes_expressions_fts5_accepts(index, pieces, glue):
    try:
        steps = plan(parse(glue.join(pieces)))
    except BadQuery:
        return
    assert steps
    for step in steps:
        for expression in (step.match, step.highlight, step.without_exact):
            if expression is not None:
                sql = "SELECT count(*) FROM texts WHERE texts MATCH ?"
                assert index.execute(sql, [expression]).fetchone()[0] >= 0
