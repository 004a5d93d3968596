"""Decoding and parsing a page once."""

from __future__ import annotations

import pytest

from scraper.extract.page import is_html, line_text

TEXT = "Lực lượng dân quân tự vệ Đảng ủy Đề Thám"
LEGACY = "Lư\u0323c lươ\u0323ng dân quân tư\u0323 vê\u0323"


def paragraph(page):
    return page.tree.css_first("p").text()


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "windows-1252", "no-such-charset"])
def test_utf8_is_read_as_utf8_whatever_the_header_declares(page_of, declared):
    page = page_of(f"<p>{TEXT}</p>", content_type=f"text/html; charset={declared}")

    assert paragraph(page) == TEXT


@pytest.mark.parametrize("declared", ["utf-8", "windows-1258", "iso-8859-1"])
def test_windows_1258_is_recognised_although_utf8_is_declared(page_of, declared):
    page = page_of(
        f"<p>{LEGACY}</p>".encode("cp1258"), content_type=f"text/html; charset={declared}"
    )

    assert paragraph(page) == LEGACY


def test_charset_of_the_meta_element_counts_where_the_header_names_none(page_of):
    body = '<meta charset="koi8-r"><p>дружина</p>'.encode("koi8-r")

    assert paragraph(page_of(body, content_type="text/html")) == "дружина"


def test_a_few_bad_bytes_do_not_turn_utf8_into_something_else(page_of):
    page = page_of(f"<p>{TEXT}".encode() + b"\xff" + "dân quân</p>".encode())

    assert paragraph(page) == f"{TEXT}\ufffddân quân"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_decides(page_of, encoding):
    assert paragraph(page_of(f"<p>{TEXT}</p>".encode(encoding))) == TEXT


def test_text_behind_an_early_end_of_html_is_on_the_page(page_of):
    page = page_of(
        "<!DOCTYPE html><html>\n</html>\n<head><meta name='a' content='b'></head><body><p>còn</p></body>"
    )

    assert paragraph(page) == "còn"
    assert page.meta("a") == "b"


def test_metas_are_found_by_property_name_and_itemprop_in_page_order(page_of):
    page = page_of(
        '<meta property="Article:Tag" content="một"><meta property="article:tag" content="hai">'
        '<meta name="author" content="X"><meta itemprop="genre" content="tin"><meta name="empty" content=" ">'
    )

    assert page.metas == {"article:tag": ("một", "hai"), "author": ("X",), "genre": ("tin",)}
    assert page.meta("none") is None


def test_canonical_is_made_absolute_with_the_base_of_the_page(page_of):
    page = page_of(
        '<base href="https://cdn.example/x/"><link rel="canonical" href="/tin/a-1.html">'
    )

    assert page.canonical == "https://cdn.example/tin/a-1.html"


def test_an_address_that_is_none_gives_no_canonical(page_of):
    assert page_of('<link rel="canonical" href="http://[::1">').canonical is None


def test_line_text_leaves_scripts_out_and_sets_spaces_for_breaks(page_of):
    page = page_of("<div>một<br>hai<script>var ba;</script><p>bốn</p><style>b{}</style></div>")

    assert line_text(page.tree.css_first("div")).split() == ["một", "hai", "bốn"]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("<html><p>x</p></html>", "text/html", True),
        ("<div>x</div>", None, True),
        ("<p>x</p>", "text/plain", True),
        ("<html>", "application/xhtml+xml; charset=utf-8", True),
        ("", "text/html", False),
        ("%PDF-1.7 ...", "application/pdf", False),
        ("<html>", "image/jpeg", False),
        ('{"data": []}', "text/html", False),
        ('<?xml version="1.0"?><rss><title>x</title></rss>', "text/xml", False),
        ("\ufeff<p>x</p>".encode("utf-16-le"), "text/html", True),
        (b"\x00\x01\x02\xff" * 50, "text/html", False),
    ],
)
def test_html_is_told_by_its_bytes_and_a_header_of_another_kind(
    capture_of, body, content_type, expected
):
    assert is_html(capture_of(body, content_type=content_type)) is expected


@pytest.mark.parametrize(
    "name", ["base64", "hex", "undefined", "punycode", "idna", "utf-7", "khong-co"]
)
def test_a_declared_charset_that_is_none_is_not_believed(page_of, name):
    body = "<title>Dân quân Nà Phạc</title><p>huấn luyện".encode("cp1258", "xmlcharrefreplace")

    page = page_of(body, content_type=f"text/html; charset={name}")

    assert page.tree.css_first("title").text() == "Dân quân Nà Phạc"
