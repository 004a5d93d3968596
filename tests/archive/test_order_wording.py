"""What is said of orders: in both languages, with every value, and read back as it was written."""

from __future__ import annotations

from string import Formatter

import pytest

from archive.order_wording import _SENTENCES, TEXT, Said, packed, said, sentence, unpacked


def names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(_SENTENCES))
def test_both_languages_have_each_sentence_and_its_values(code):
    english, vietnamese = _SENTENCES[code]
    assert names(vietnamese) <= names(english)
    # what to do about a full disk is the same whatever is free
    assert names(english) - names(vietnamese) <= ({"what"} if code == "disk full" else set())


def test_what_is_kept_is_read_back():
    inner = said("died", by="process 7 on bao-an")
    for what in (said("stopped"), said("given up", inner, n=2), said(TEXT, text='{"a": "{b}"}')):
        assert unpacked(packed(what)) == what


@pytest.mark.parametrize("text", ["the crawl is over", "{", "[]", "17", '{"code": "died"}', '{"code": "x", "values": {}}'])  # fmt: skip
def test_what_is_no_code_of_ours_is_kept_as_words(text):
    assert unpacked(text) == said(TEXT, text=text)
    assert sentence(unpacked(text), "vi") == text


def test_what_it_rests_on_is_said_in_the_same_language():
    what = said("given up", said("died", by="process 7 on bao-an"), n=2)
    assert str(what) == "process 7 on bao-an died at it, as 2 before it"
    assert sentence(what, "vi") == "tiến trình 7 trên máy bao-an đã chết giữa chừng, trước đó đã có 2 tiến trình như vậy"  # fmt: skip


def test_words_of_the_program_are_translated_one_by_one():
    word = {"crawl": "bài mới", "backfill": "bài cũ"}
    what = Said(code="paused", values={"jobs": "crawl, backfill"})
    assert sentence(what, "vi", lambda _, one: word[one]) == "đã tạm nghỉ: bài mới, bài cũ"


@pytest.mark.parametrize(
    ("detail", "vietnamese"),
    [
        ("stopped by order 2 of lan: máy chủ chậm", "theo lệnh 2 của lan: máy chủ chậm"),
        ("stopped after 50 pages, as asked", "được yêu cầu dừng sau 50 trang"),
        ("no answer from bao.example", "no answer from bao.example"),
    ],
)
def test_how_a_crawl_ended_is_said_in_vietnamese_where_the_words_are_ours(detail, vietnamese):
    what = said("crawled, detail", reason="x", detail=detail, fetched=3, accepted=1)
    assert sentence(what, "vi") == f"x ({vietnamese}); tải 3 trang, nhận 1 bài"
    assert detail in sentence(what, "en")
