"""Challenge pages, pages that are not there, and listings."""

from __future__ import annotations

import re

import attrs
import pytest

from archive.model import Rejected, RejectReason
from scraper.extract.outsiders import (
    article_links,
    is_challenge,
    is_challenge_capture,
    is_listing,
    says_not_found,
)
from scraper.process import process
from scraper.sites.spec import Layout, SiteSpec

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


SHELLS = {
    "cookie and reload": "<script>document.cookie='D1N=1';window.location.reload(true);</script>",
    "cookie and address": "<script>document.cookie = 'a=1'; location.href='/x'</script><p>Đang chuyển</p>",
    "cookie and refresh": "<meta http-equiv='refresh' content='0'><script>document.cookie='k='+Date.now()</script>",
    "Cloudflare": '<title>Just a moment...</title><div id="cf-challenge"></div>',
    "Cloudflare platform": '<script src="/cdn-cgi/challenge-platform/h/g/orchestrate/jsch/v1"></script>',
    "Cloudflare block": '<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1><a href="/5xx">x</a>',
    "Cloudflare 1020": '<title>Access denied</title><div class="cf-error-details">Error 1020 Ray ID: 8c1</div>',
    "Turnstile": '<form><div class="cf-turnstile" data-sitekey="0x"></div></form>',
    "reCAPTCHA": '<form><div class="g-recaptcha"></div><p>Vui lòng xác nhận bạn không phải là robot</p></form>',
    "hCaptcha alone": '<script src="https://js.hcaptcha.com/1/api.js"></script><form></form>',
    "captcha home": "<title>Trang chủ</title><form><img src=/captcha.png><input name=captcha></form>",
    "Akamai": "<TITLE>Access Denied</TITLE><H1>Access Denied</H1>You don't have permission to access this server.<P>Reference #18.2",
    "Incapsula": '<iframe src="/_Incapsula_Resource?SWUDNSAI=9">Request unsuccessful. Incapsula incident ID: 1</iframe>',
    "F5": "The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 17",
    "DDoS-Guard": "<title>DDOS-GUARD</title><script src='https://check.ddos-guard.net/check.js'></script>",
    "403 as success": "<title>403 Forbidden</title><center><h1>403 Forbidden</h1></center><hr><center>nginx</center>",
    "no script": "<noscript>Please enable JavaScript and cookies to continue</noscript>",
    "person": "<h1>Xác minh bạn là con người</h1>",
    "unusual": "<p>Hệ thống phát hiện lưu lượng truy cập bất thường từ mạng của bạn.</p>",
    "refused": "<h2>Truy cập của bạn đã bị từ chối</h2><p>Mã sự cố: 81-22</p>",
    "address": "<p>Địa chỉ IP của bạn đã bị chặn do gửi quá nhiều yêu cầu.</p>",
    "browser": "<p>Đang kiểm tra trình duyệt của bạn, vui lòng chờ 5 giây...</p>",
    "cookies": "<p>Vui lòng bật JavaScript và cookie để tiếp tục xem trang.</p>",
    "code": "<p>Quý khách vui lòng nhập mã trong hình để tiếp tục.</p><input name=ma>",
}  # fmt: skip


@pytest.mark.parametrize("html", SHELLS.values(), ids=SHELLS)
def test_a_shell_is_a_challenge(page_of, capture_of, html):
    source = f"<html><body>{html}</body></html>"

    assert is_challenge(page_of(source))
    assert is_challenge_capture(capture_of(source, url="https://bao.example/quoc-phong"))


@pytest.mark.parametrize("html", SHELLS.values(), ids=SHELLS)
def test_an_article_answered_with_a_shell_is_blocked(capture_of, html):
    outcome = process(capture_of(f"<html><body>{html}</body></html>"), SITE, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.BLOCKED
    assert outcome.article is None


MENU = "".join(f'<a href="/muc-{i}">Chuyên mục {i}</a>' for i in range(9))
HONEST = {
    "comment form": '<meta property="og:title" content="Một bài"><link rel="canonical" href="/a-1.html"><p>Ngắn.</p><input name="captcha">',
    "full of text": "<p>" + "Dân quân xã giúp dân. " * 60 + "</p><script>grecaptcha()</script>",
    "old short article": f"<p>{'Dân quân xã giúp dân gặt lúa chạy lũ. ' * 10}</p><form>Mã bảo vệ <input name=captcha></form>",
    "log-in form with the menu": f"{MENU}<form>Đăng nhập <input name=captcha></form>",
    "contact form with the menu": f"{MENU}<p>Gửi thư cho tòa soạn</p><div class=g-recaptcha></div>",
    "says when it was printed": '<meta property="article:published_time" content="2020-01-02"><p>Tin ngắn.</p><input name=captcha>',
    "article about hackers": f"{MENU}<h1>Trang web bị chặn</h1><p>Truy cập bị từ chối là thông báo người dùng thấy sáng nay.</p>",
    "counter with a cookie": f"<p>{'Đọc báo in hôm nay tại sạp. ' * 14}</p><script>document.cookie='v=1';var u=location.href</script>",
    "empty": "",
}


@pytest.mark.parametrize("html", HONEST.values(), ids=HONEST)
def test_a_page_of_the_papers_own_is_no_challenge(page_of, capture_of, html):
    assert not is_challenge(page_of(f"<html>{html}</html>"))
    assert not is_challenge_capture(capture_of(f"<html>{html}</html>"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'<?xml version="1.0"?><rss><channel><title>captcha</title></channel></rss>', "text/xml"),
        (b'{"data": [{"link": "/a-1.html", "title": "captcha"}]}', "application/json"),
        (b"\x89PNG captcha", "image/png"),
        (b"<html>" + b"<div>" * 60_000 + b"captcha", "text/html"),
        (b"<html><p>captcha" + b" " * 300_000, "text/html"),
    ],
)
def test_feeds_pictures_and_hostile_answers_are_no_challenges(capture_of, body, content_type):
    assert not is_challenge_capture(capture_of(body, content_type=content_type))


MISSING = [
    "<h1>Không tìm thấy trang</h1>",
    "<title>404</title>",
    "<title>Lỗi 404 - Báo Thử</title>",
    "<title>404 Not Found</title>",
    "<title>Page not found | Báo Thử</title>",
    "<h2>Trang bạn yêu cầu không tồn tại</h2>",
    "<title>Không có trang này - Báo Thử</title>",
    "<h3>Nội dung mà bạn đang tìm kiếm đã bị gỡ</h3>",
]


@pytest.mark.parametrize("html", MISSING)
def test_a_page_that_says_it_is_not_there_is_not_stored(page_of, capture_of, html):
    text = "<p>" + "Dân quân các xã ven sông trực đê suốt đêm để giúp dân khi có lũ. " * 9 + "</p>"
    source = f"<html>{html}{text}{text}</html>"
    outcome = process(capture_of(source), SITE, None)

    assert says_not_found(page_of(source))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NO_BODY
    assert "no such page" in (outcome.detail or "")
    assert outcome.article is None


@pytest.mark.parametrize(
    "notice",
    [
        "Bài viết không tồn tại hoặc đã bị xóa.",
        "Bài viết này hiện không còn trên hệ thống.",
        "Không tìm thấy bài viết bạn yêu cầu.",
    ],
)
def test_a_notice_in_place_of_the_text_is_no_article(capture_of, notice):
    source = f"<title>Báo Thử - Dân quân</title><div id=bai><p>{notice}</p></div>"
    site = attrs.evolve(SITE, layouts=(Layout(body=("#bai",)),))
    outcome = process(capture_of(source), site, None)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NO_BODY
    assert outcome.article is None


@pytest.mark.parametrize(
    "title",
    [
        "Không tìm thấy nạn nhân thứ hai trong vụ sạt lở",
        "Dân quân tìm kiếm người mất tích: vẫn không tìm thấy dấu vết",
        "Con đường 404 và đội dân quân mở núi",
        "Bài viết về dân quân được trao giải",
        "Trang bị mới cho dân quân",
    ],
)
def test_articles_about_things_not_found_are_articles(page_of, title):
    assert not says_not_found(page_of(f"<title>{title}</title><h1>{title}</h1>"), title)


def test_a_page_with_a_date_of_publication_is_there(page_of):
    page = page_of(
        '<title>Trang không tồn tại</title><meta property="article:published_time" content="2021-02-03">'
    )

    assert not says_not_found(page)


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
