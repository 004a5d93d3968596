"""Pages that would keep the parser busy are recognised in their bytes."""

from __future__ import annotations

from time import process_time

import pytest

from scraper.extract.hazards import MAX_PAGE_BYTES, why_not_parsed, why_not_read


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<p>" + b"x" * MAX_PAGE_BYTES, "bytes are no newspaper page"),
        (b"<div>" * 100_000, "nested more than 3,000 deep"),
        (b"<DIV CLASS=a><font>" * 50_000, "nested more than 3,000 deep"),
        (b"<div " + b"a=1 " * 100_000 + b">", "attributes"),
        (b"<div " + b"a='1'" * 10_000 + b">", "attributes"),
        (b"<div " + b"ab/" * 20_000 + b">", "attributes"),
        (b"<p>a</p>" * 20_000, "40,000 tags"),
    ],
    ids=[
        "huge",
        "deep",
        "deep, other tags",
        "attributes",
        "attributes without spaces",
        "slashes",
        "many tags",
    ],
)
def test_a_hazard_is_named(body, reason):
    assert reason in (why_not_parsed(body) or "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<div>" * 1000,
        b"<div><b>x</b></div><p>y<li>z<br>" * 1_100,
        b'<img src="data:image/png;base64,' + b"A/9+" * 600_000 + b'">',
    ],
    ids=["empty", "shallow", "many tags side by side", "picture in the page"],
)
def test_ordinary_pages_are_not(body):
    assert why_not_parsed(body) is None


def test_looking_at_the_largest_page_ends_in_bounded_time():
    start = process_time()
    assert why_not_parsed(b"<div>" * (MAX_PAGE_BYTES // 5)) is not None
    assert process_time() - start < 15


def test_a_text_longer_than_any_article_is_named():
    assert why_not_read("Dân quân. " * 40_000) is None
    assert "400,001 characters" in (why_not_read("Dân quân. " * 40_000 + "a") or "")
