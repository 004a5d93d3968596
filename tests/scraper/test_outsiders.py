"""Challenge pages and listings."""

from __future__ import annotations

import re

import pytest

from scraper.extract.outsiders import article_links, is_challenge, is_listing
from scraper.sites.spec import SiteSpec

SITE = SiteSpec(
    id="bao",
    name="Báo Thử",
    province=None,
    homepage="https://bao.example/",
    domains=("bao.example",),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
)
LINKS = "".join(
    f'<a href="/tin-{i}.html">Tin số {i}</a><a href="/anh-{i}.html"><img></a>' for i in range(10)
)


@pytest.mark.parametrize(
    "html",
    [
        "<script>document.cookie='D1N=1';window.location.reload(true);</script>",
        "<script>document.cookie = 'a=1'; location.href='/x'</script><p>Đang chuyển</p>",
        '<title>Just a moment...</title><div id="cf-challenge"></div>',
        '<form><div class="g-recaptcha"></div><p>Vui lòng xác nhận bạn không phải là robot</p></form>',
    ],
)
def test_shells_that_ask_for_a_captcha_or_set_a_cookie_are_challenges(page_of, html):
    assert is_challenge(page_of(f"<html><body>{html}</body></html>"))


def test_a_short_page_with_a_captcha_in_its_comment_form_is_none(page_of):
    head = '<meta property="og:title" content="Một bài"><link rel="canonical" href="/a-1.html">'

    assert not is_challenge(page_of(f'{head}<p>Ngắn.</p><input name="captcha">'))


def test_a_page_full_of_text_is_no_challenge(page_of):
    assert not is_challenge(
        page_of("<p>" + "Dân quân xã giúp dân. " * 60 + "</p><script>grecaptcha()</script>")
    )


def test_each_article_is_counted_once_and_the_page_itself_not(page_of):
    page = page_of(LINKS + '<a href="/x-123.html">chính bài này</a><a href="http://[">x</a>')

    assert article_links(page, SITE) == 10


def test_a_page_of_links_under_an_address_that_is_no_articles_is_a_listing(page_of):
    assert is_listing(page_of(LINKS, url="https://bao.example/quoc-phong/"), SITE)


def test_an_article_address_is_never_a_listing_by_its_links_alone(page_of):
    assert not is_listing(page_of(LINKS, url="https://bao.example/bai-99.html"), SITE)


def test_a_page_with_few_links_is_none(page_of):
    assert not is_listing(
        page_of("<a href=/a-1.html>x</a>", url="https://bao.example/gioi-thieu"), SITE
    )
