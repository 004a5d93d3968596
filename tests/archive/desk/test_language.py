"""Both languages say everything, and the reader gets the one asked for."""

import string

import pytest

from archive.desk.language import LANGUAGES, choose, number, say, say_count, strings


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys():
    assert strings("vi").keys() == strings("en").keys()


def test_no_string_is_empty_and_placeholders_are_the_same_in_both_languages():
    for key, text in strings("vi").items():
        assert text.strip()
        assert strings("en")[key].strip()
        if not key.startswith("date."):
            assert placeholders(text) == placeholders(strings("en")[key]), key


def test_vietnamese_is_translated_not_copied():
    same = {key for key, text in strings("vi").items() if text == strings("en")[key]}
    assert same == {"site.name", "site.vi", "site.en"}


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        (None, None, "vi"),
        (None, "fr, de;q=0.5", "vi"),
        (None, "en-GB,en;q=0.9,vi;q=0.8", "en"),
        (None, "en;q=0.5, vi-VN", "vi"),
        (None, "en;q=0, *;q=1", "vi"),
        (None, "en;q=x", "vi"),
        ("en", "vi", "en"),
        ("fr", "en", "en"),
    ],
)
def test_language_is_the_one_named_else_the_browsers_first_else_vietnamese(asked, header, language):
    assert choose(asked, header) == language


def test_numbers_use_the_thousands_mark_of_the_language():
    assert [number(language, 1234567) for language in LANGUAGES] == ["1.234.567", "1,234,567"]


def test_one_is_singular():
    assert say_count("en", "search.total", 1) == "1 article"
    assert say_count("en", "search.total", 2) == "2 articles"


def test_unknown_string_is_an_error():
    with pytest.raises(KeyError):
        say("vi", "no.such")
