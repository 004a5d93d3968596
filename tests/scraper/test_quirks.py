"""Oddities of whole pages: packed bytes, wrong charsets, albums, films, broken trees."""

from __future__ import annotations

import gzip
import re
import unicodedata

import attrs
import pytest

from archive.model import Accepted, BodyState, Rejected, RejectReason
from scraper.process import process
from scraper.sites.spec import Layout, SiteSpec

TITLE = "Dân quân xã Khe Lốt canh đê suốt mùa lũ"
LEAD = "Ba mươi dân quân xã Khe Lốt chia bốn ca, ngày đêm canh đoạn đê xung yếu dài hơn hai cây số ở bờ hữu."
TEXT = "Ông Mạc Văn Tỵ, xã đội trưởng, nói mỗi ca trực có hai xuồng, sáu đèn pin và một máy bộ đàm để báo về xã."
SITE = SiteSpec(
    id="bao",
    name="Báo Khe Lốt",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html?$"),),
    layouts=(Layout(body=("#bai",), title=("h1.tua",), sapo=("p.sapo",), figure=("figure",)),),
)
UNKNOWN = attrs.evolve(SITE, layouts=())


def page(inner, *, head=f'<meta property="og:title" content="{TITLE}">'):
    return f'<!DOCTYPE html><html><head>{head}<title>{TITLE}</title></head><body><div id="bai">{inner}</div></body></html>'


ARTICLE = page(f'<p class="sapo">{LEAD}</p><p>{TEXT}</p>')


def article(outcome):
    assert isinstance(outcome, Accepted), outcome
    return outcome.article


def assert_whole(outcome):
    found = article(outcome)
    assert (found.title, found.sapo, found.body) == (TITLE, LEAD, (TEXT,))


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "application/gzip", "application/octet-stream", None]
)
def test_gzip_that_no_header_announced_is_unpacked(capture_of, times, kind):
    body = ARTICLE.encode()
    for _ in range(times):
        body = gzip.compress(body)
    capture = capture_of(body, content_type=kind)
    outcome = process(capture, SITE, None)

    assert_whole(outcome)
    assert outcome.capture is capture


def test_gzip_cut_short_gives_what_came_before(capture_of):
    body = gzip.compress((ARTICLE + "<!-- " + "x" * 5000 + " -->").encode())

    assert_whole(process(capture_of(body[:-20]), SITE, None))


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08", b"\x1f\x8b\x08" + bytes(range(200)), b"\x1f\x8b"]
)
def test_bytes_that_only_begin_like_gzip_are_no_page(capture_of, body):
    outcome = process(capture_of(body), SITE, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_HTML


def test_a_bomb_is_refused(capture_of):
    outcome = process(capture_of(gzip.compress(b"<html>" + b" " * (200 << 20), 1)), SITE, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.UNREADABLE


def windows_1258(text):
    """Letters with their tone behind them where the code page has no letter for both."""
    out = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(x for x in parts[1:] if x in "\u0300\u0301\u0303\u0309\u0323")
        base = unicodedata.normalize("NFC", "".join(x for x in parts if x not in tone))
        try:
            out.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            out.append((base + tone).encode("cp1258"))
    return b"".join(out)


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "utf-8",
        "iso-8859-1",
        "windows-1252",
        "windows-1258",
        "us-ascii",
        "x-user-defined",
        "TCVN5712",
    ],
)
def test_windows_1258_is_read_whatever_is_declared(capture_of, declared):
    kind = "text/html" + (f"; charset={declared}" if declared else "")

    assert_whole(process(capture_of(windows_1258(ARTICLE), content_type=kind), SITE, None))


@pytest.mark.parametrize(
    "declared", ["iso-8859-1", "windows-1258", "gb2312", "utf8", "unknown-8bit"]
)
def test_utf8_is_read_whatever_is_declared(capture_of, declared):
    capture = capture_of(ARTICLE, content_type=f"text/html; charset={declared}")

    assert_whole(process(capture, SITE, None))


def test_decomposed_text_is_composed(capture_of):
    assert_whole(process(capture_of(unicodedata.normalize("NFD", ARTICLE)), SITE, None))


@pytest.mark.parametrize("form", ["&#{};", "&amp;#{};"])
def test_numeric_entities_are_read_everywhere(capture_of, form):
    escaped = "".join(form.format(ord(x)) if ord(x) > 126 else x for x in ARTICLE)

    assert_whole(process(capture_of(escaped), SITE, None))


@pytest.mark.parametrize(
    "html",
    [
        f"<!DOCTYPE html><html></html>{ARTICLE}",
        f"<html><body></body></html>{ARTICLE}",
        page(
            f'<!DOCTYPE html><html><head><title>nháp</title></head><body><p class="sapo">{LEAD}</p></body></html><p>{TEXT}</p>'
        ),
        page(
            f'<html><body><html><body><p class="sapo">{LEAD}</p><p>{TEXT}</p></body></html></body></html>'
        ),
        ARTICLE.replace("<body>", '<body><h1>Báo Khe Lốt</h1><h1 class="muc">Quốc phòng</h1>'),
        page(f'<p class="sapo">{LEAD}</p><p>{TEXT}', head=""),
        page(
            f'<head><meta property="og:title" content="x"></head><p class="sapo">{LEAD}</p><p>{TEXT}</p>'
        ),
    ],
)
def test_broken_trees_lose_nothing(capture_of, html):
    assert_whole(process(capture_of(html), SITE, None))


def test_a_title_of_lost_letters_gives_way_to_a_sound_one(capture_of):
    html = ARTICLE.replace(
        f'content="{TITLE}"', 'content="D?n qu?n x? Khe L?t canh ?? su?t m?a l?"'
    )
    found = article(process(capture_of(html), SITE, None))

    assert (found.title, found.title_source) == (TITLE, "title")


def test_a_text_of_lost_letters_is_unreadable(capture_of):
    lost = re.sub(r"[^\x00-\x7f]", "?", TEXT)
    outcome = process(capture_of(page(f"<p>{lost}</p><p>{lost} {lost}</p>")), SITE, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.UNREADABLE
    assert "question marks" in (outcome.detail or "")


@pytest.mark.parametrize(
    "inner",
    [
        '<figure><img src="/1.jpg"></figure><figure><img src="/2.jpg"></figure>',
        '<video src="/v.mp4"></video>',
        '<iframe src="https://www.youtube.com/embed/x"></iframe>',
        '<div class="video-player" data-id="7"></div>',
    ],
)
def test_an_album_or_film_without_text_keeps_its_title(capture_of, inner):
    found = article(process(capture_of(page(inner)), SITE, None))

    assert (found.title, found.sapo, found.body) == (TITLE, None, ())
    assert found.body_state is BodyState.LEAD_ONLY


def test_a_film_takes_the_summary_in_the_head_as_its_lead(capture_of):
    head = f'<meta property="og:type" content="article"><meta property="og:description" content="{LEAD}">'
    found = article(process(capture_of(page("<video></video>", head=head)), SITE, None))

    assert (found.sapo, found.sapo_source) == (LEAD, "meta:og:description")


def test_a_page_with_text_never_takes_its_lead_from_the_head(capture_of):
    head = f'<meta property="og:type" content="article"><meta property="og:description" content="{LEAD}">'
    found = article(process(capture_of(page(f"<p>{TEXT}</p>", head=head)), SITE, None))

    assert found.sapo is None


@pytest.mark.parametrize(
    ("head", "url"),
    [
        (f'<meta property="og:description" content="{LEAD}">', "https://bao.example/a-1.html"),
        (f'<meta property="og:type" content="website"><meta name="description" content="{LEAD}">', "https://bao.example/a-1.html"),
        ('<meta property="og:type" content="article"><meta property="og:description" content="Video">', "https://bao.example/a-1.html"),
        (f'<meta property="og:type" content="article"><meta property="og:description" content="{LEAD}">', "https://bao.example/video"),
    ],
)  # fmt: skip
def test_a_description_that_need_not_be_the_articles_is_no_lead(capture_of, head, url):
    html = f"<html><head>{head}<title>{TITLE}</title></head><body><video></video></body></html>"
    outcome = process(capture_of(html, url=url), UNKNOWN, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NO_BODY


def test_an_empty_container_with_an_advert_is_no_film(capture_of):
    outcome = process(capture_of(page('<iframe src="https://ads.example/7"></iframe>')), SITE, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NO_BODY
