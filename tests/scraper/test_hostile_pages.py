"""Whatever arrives, process() answers with an outcome and in bounded time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Accepted, Rejected, RejectReason
from scraper.process import process
from scraper.sites.load import load_registry

CAPTURES = Path(__file__).parents[1] / "captures"
SENTENCE = "Dân quân xã Nà Phạc ra quân huấn luyện năm thứ nhất, với tinh thần quyết tâm cao, đạt kết quả tốt. "
TITLE = "<title>Dân quân Nà Phạc</title>"
CONTAINER = TITLE + "<div id=content-detail>"

HOSTILE = {
    "empty": "",
    "zeros": b"\x00" * 1000,
    "all bytes": bytes(range(256)) * 100,
    "100,000 nested div": "<html>" + "<div>" * 100_000 + SENTENCE * 50,
    "100,000 nested span in the container": CONTAINER + "<span>" * 100_000 + "x",
    "30,000 nested tables": CONTAINER + "<table><tr><td>" * 30_000 + "x",
    "14,000 nested div in the container": CONTAINER + "<div>" * 14_000 + SENTENCE * 5,
    "unclosed formatting": CONTAINER + "<p><b>" * 8_000 + "x",
    "nested figures": CONTAINER + "<figure><img src=x>" * 7_000,
    "100,000 attributes": "<div id=content-detail " + "a=1 " * 100_000 + ">x",
    "links only": TITLE + "<a href=/x-1.html>Tin hay nhất trong ngày hôm nay</a>" * 20_000,
    "links home": TITLE + "<div><a href=/>Trang chủ</a></div>" * 7_000 + f"<p>{SENTENCE}</p>" * 9,
    "nested share boxes": TITLE + f"<div><p>{SENTENCE}</p><p>{SENTENCE}</p>" + "<div class=share>" * 12_000,
    "headings": TITLE + "<h1 class=title>" * 12_000 + f"<p>{SENTENCE}</p>" * 9,
    "JSON-LD brackets": '<script type="application/ld+json">"@type": "NewsArticle"' + "[" * 50_000 + "</script>" + CONTAINER + "a",
    "one long word": CONTAINER + "ờ" * 500_000,
    "credits": CONTAINER + "Ảnh: " * 100_000,
    "line breaks": CONTAINER + "a<br>" * 50_000,
    "entities": CONTAINER + "&amp;#7921;" * 50_000,
    "TCVN3": CONTAINER + "<p>" + "Lùc l\u00adîng d©n qu©n tù vÖ " * 20_000,
    "TCVN3 without spaces": CONTAINER + "<p>Lùc l\u00adîng d©n qu©n tù vÖ</p>" + "©" * 500_000,
    "VNI": CONTAINER + "<p>" + "Löïc löôïng daân quaân töï veä " * 20_000,
    "VIQR marks": CONTAINER + "a^ e^ o^ u+ o+ " + "^" * 200_000 + ".a^" * 100_000,
    "VIQR letters": CONTAINER + "lu+o+.ng da^n qua^n tu+. ve^. " * 9 + "a" * 500_000,
    "tags in attributes of TCVN3": CONTAINER + "<p>Lùc l\u00adîng d©n qu©n tù vÖ</p>" + "<b title='<script'>" * 5_000,
    "question marks": CONTAINER + "a" * 300_000 + "?" * 300_000,
    "template marks": CONTAINER + "{{" * 200_000,
    "Word comments": CONTAINER + "&lt;!--[if gte mso 9]>" * 50_000,
    "one blob": CONTAINER + "A1b" * 500_000,
    "blobs in attributes": CONTAINER + "<i data-x='" + "A1b" * 30 + "'></i>" * 5_000,
}  # fmt: skip


def answer(registry, capture, site_id):
    site = registry.site(site_id)
    return process(capture, site, registry.family_of(site))


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("site", ["baocaobang", "demo-bienxanh"])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_gets_an_outcome(registry, capture_of, body, site):
    assert isinstance(answer(registry, capture_of(body), site), Accepted | Rejected)


@pytest.mark.parametrize("name", ["100,000 nested div", "100,000 attributes"])
def test_a_page_that_would_stop_the_parser_is_unreadable(registry, capture_of, name):
    outcome = answer(registry, capture_of(HOSTILE[name]), "baocaobang")

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.UNREADABLE


def test_cut_and_flipped_pages_get_an_outcome(registry, capture_of):
    """Every stored page with random damage, the same damage on every run."""
    luck = random.Random(7)
    for path in sorted(CAPTURES.glob("*/*/page.html")):
        whole = path.read_bytes()
        for _ in range(15):
            page = bytearray(whole[: luck.randrange(1, len(whole) + 1)])
            for _ in range(luck.randrange(60)):
                page[luck.randrange(len(page))] ^= 1 << luck.randrange(8)

            outcome = answer(registry, capture_of(bytes(page)), path.parents[1].name)

            assert isinstance(outcome, Accepted | Rejected)


@settings(max_examples=150)
@given(body=st.binary(max_size=300))
def test_any_bytes_get_an_outcome(registry, capture_of, body):
    page = b"<title>x y</title><div id=content-detail><p>" + body

    assert isinstance(answer(registry, capture_of(page), "baocaobang"), Accepted | Rejected)
