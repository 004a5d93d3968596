"""From capture to outcome: reasons, and what is stored of a page that was read."""

from __future__ import annotations

import re

import attrs
import pytest

from archive.model import Accepted, BodyState, Rejected, RejectReason
from scraper.process import process
from scraper.sites.spec import DateRule, Layout, SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province="Thử",
    homepage="https://bao.example/",
    domains=("bao.example",),
    own_names=("Báo Thử điện tử",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
    layouts=(
        Layout(
            title=("h1",),
            sapo=(".sapo",),
            body=("#b",),
            byline=("#b .author",),
            published=(DateRule(select=".date"),),
        ),
    ),
)
TITLE = "Dân quân xã Nà Phạc ra quân huấn luyện"
TEXT = "<p>Ban Chỉ huy Quân sự xã Nà Phạc khai mạc huấn luyện dân quân năm thứ nhất.</p>" * 2
PAGE = f'<h1>{TITLE}</h1><p class="date">12/09/2024 06:45</p><div id="b">{TEXT}</div>'


def refused(outcome):
    assert isinstance(outcome, Rejected)
    return outcome.reason


def test_an_article_about_the_militia_is_accepted_with_its_evidence(capture_of):
    outcome = process(capture_of(PAGE), SITE, None)

    assert isinstance(outcome, Accepted)
    assert outcome.verdict.level == 2
    assert outcome.verdict.evidence
    assert outcome.article.id == "bao:123"


def test_an_article_about_something_else_keeps_article_and_verdict(capture_of):
    outcome = process(
        capture_of('<h1>Hồng được mùa</h1><div id="b"><p>Hồng chín vàng.</p></div>'), SITE, None
    )

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_MILITIA
    assert outcome.article is not None
    assert outcome.article.body == ("Hồng chín vàng.",)
    assert outcome.verdict is not None
    assert outcome.verdict.level == 0


@pytest.mark.parametrize("status", [204, 301, 404, 503])
def test_another_status_than_200_is_not_read(capture_of, status):
    outcome = process(capture_of(PAGE, status=status), SITE, None)

    assert refused(outcome) is RejectReason.HTTP_STATUS
    assert outcome.detail == f"HTTP status {status}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", RejectReason.NOT_HTML),
        ("%PDF-1.7", RejectReason.NOT_HTML),
        ('<div id="b"><p>Chữ mà không có đầu đề.</p></div>', RejectReason.NO_TITLE),
        (f"<h1>{TITLE}</h1><p>x</p>", RejectReason.NO_BODY),
        (f'<h1>{TITLE}</h1><div id="b"></div>', RejectReason.NO_BODY),
        ("<title>Báo Thử điện tử</title><div id=b>x</div>", RejectReason.NO_TITLE),
        ("<div>" * 100_000, RejectReason.UNREADABLE),
        (f'<h1>{TITLE}</h1><div id="b">{"x " * (1 << 20)}.</div>', RejectReason.UNREADABLE),
    ],
    ids=[
        "empty",
        "pdf",
        "no title",
        "no container",
        "empty container",
        "only the paper's name",
        "deep",
        "huge",
    ],
)
def test_a_page_that_is_no_article_has_a_reason_and_a_sentence(capture_of, body, reason):
    outcome = process(capture_of(body), SITE, None)

    assert refused(outcome) is reason
    assert outcome.detail
    assert outcome.article is None


def test_a_section_page_under_an_articles_address_is_a_listing(capture_of):
    links = "".join(f'<li><a href="/tin-{i}.html">Tin</a></li>' for i in range(20))
    outcome = process(capture_of(f"<h1>Quốc phòng</h1><ul>{links}</ul>"), SITE, None)

    assert refused(outcome) is RejectReason.LISTING_PAGE


def test_a_lead_without_body_is_an_article_with_that_state(capture_of):
    page = f'<h1>{TITLE}</h1><p class="sapo">Dân quân xã Nà Phạc ra quân.</p><div id="b"></div>'
    outcome = process(capture_of(page), SITE, None)

    assert outcome.article is not None
    assert outcome.article.body_state is BodyState.LEAD_ONLY
    assert outcome.article.body == ()


def test_an_encoded_body_is_marked_and_not_stored(capture_of):
    page = f'<h1>{TITLE}</h1><div id="b"><p>{"QUJDREVGR0hJSktM" * 12}</p></div>'
    outcome = process(capture_of(page), SITE, None)

    assert outcome.article is not None
    assert outcome.article.body_state is BodyState.ENCODED
    assert outcome.article.body == ()


def test_a_layout_that_no_longer_fits_leaves_the_generic_path(capture_of):
    paragraphs = "".join(
        f"<p>Đoạn {i}: dân quân xã Nà Phạc giúp bà con gặt lúa chạy bão suốt ba ngày.</p>"
        for i in range(4)
    )
    outcome = process(
        capture_of(f"<h1>{TITLE}</h1><div class='moi'>{paragraphs}</div>"), SITE, None
    )

    assert outcome.article is not None
    assert outcome.article.body_source == "fallback"
    assert len(outcome.article.body) == 4
    assert outcome.article.title_source == "rule:h1"


@pytest.mark.parametrize(
    ("og", "title", "source"),
    [
        ("Dân quân xã Nà Phạc", "Dân quân xã Nà Phạc", "meta:og:title"),
        ("Dân quân xã Nà Phạc | Báo Thử điện tử", "Dân quân xã Nà Phạc", "meta:og:title"),
        ("Dân quân xã Nà Phạc ra...", TITLE, "rule:h1"),
        ("Dân quân xã Nà Phạc, chuyện kể…", "Dân quân xã Nà Phạc, chuyện kể…", "meta:og:title"),
        ("Báo Thử", TITLE, "rule:h1"),
        ("D&acirc;n qu&amp;acirc;n", "Dân quân", "meta:og:title"),
    ],
)
def test_og_title_is_the_title_unless_it_is_cut_or_the_papers_name(capture_of, og, title, source):
    article = process(
        capture_of(f'<meta property="og:title" content="{og}">{PAGE}'), SITE, None
    ).article

    assert article is not None
    assert (article.title, article.title_source) == (title, source)


def test_a_date_that_cannot_be_read_is_none_with_no_source(capture_of):
    article = process(capture_of(PAGE.replace("12/09/2024 06:45", "lâu rồi")), SITE, None).article

    assert article is not None
    assert (
        article.published_at,
        article.published_raw,
        article.published_precision,
        article.date_source,
    ) == (None,) * 4


def test_a_name_of_a_person_in_the_head_is_the_author_where_there_is_no_byline(capture_of):
    article = process(
        capture_of(f'<meta name="author" content="Nông Thị Mến">{PAGE}'), SITE, None
    ).article

    assert article is not None
    assert (article.byline, article.authors, article.author_source) == (
        None,
        ("Nông Thị Mến",),
        "meta:author",
    )


@pytest.mark.parametrize("name", ["Báo Thử", "MEDIATECH", "baothutv", "Admin Web"])
def test_a_paper_or_account_in_the_head_is_no_author(capture_of, name):
    article = process(
        capture_of(f'<meta name="author" content="{name}">{PAGE}'), SITE, None
    ).article

    assert article is not None
    assert (article.byline, article.authors, article.author_source) == (None, (), None)


def test_the_byline_of_the_rules_goes_before_the_last_line(capture_of):
    page = PAGE.replace(
        TEXT, f'{TEXT}<p><b>Hà Nội</b></p><div class="author">Lan Anh/Báo Tin tức</div>'
    )
    article = process(capture_of(page), SITE, None).article

    assert article is not None
    assert article.byline == "Lan Anh/Báo Tin tức"
    assert article.authors == ("Lan Anh",)
    assert article.author_source == "rule:#b .author"


def test_one_article_has_one_id_whatever_address_led_to_it(capture_of):
    site = attrs.evolve(SITE, domains=("bao.example", "www.bao.example"))
    urls = (
        "https://bao.example/a-7.html",
        "https://www.bao.example/muc/a-7.html?utm_source=x",
        "http://bao.example/a-7.html",
    )

    articles = [process(capture_of(PAGE, url=url), site, None).article for url in urls]

    assert {article.id for article in articles if article} == {"bao:7"}


@pytest.mark.parametrize(
    ("province", "published", "answer"),
    [
        ("Hà Giang", "12/09/2024 06:45", "Hà Giang"),
        ("Hà Giang", "30/06/2025 23:59", "Hà Giang"),
        ("Hà Giang", "01/07/2025 00:01", "Tuyên Quang"),
        ("Huế", "31/12/2024 08:00", "Thừa Thiên Huế"),
        ("Huế", "02/01/2025 08:00", "Huế"),
        ("Cao Bằng", "không rõ ngày", "Cao Bằng"),
        ("Huế", "không rõ ngày", None),
        ("Cù Lao", "12/09/2024 06:45", "Cù Lao"),
        ("Cù Lao", "không rõ ngày", "Cù Lao"),
        (None, "12/09/2024 06:45", None),
    ],
)
def test_an_article_has_the_province_of_its_day(capture_of, province, published, answer):
    page = PAGE.replace("12/09/2024 06:45", published)

    outcome = process(capture_of(page), attrs.evolve(SITE, province=province), None)

    assert isinstance(outcome, Accepted)
    assert outcome.article.province == answer
