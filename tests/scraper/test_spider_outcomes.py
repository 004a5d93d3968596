"""What the spider makes of answers and failures that are no page."""

from __future__ import annotations

import errno
import gzip
import re
from datetime import UTC, datetime

import attrs
import brotli
import pytest
from scrapy import exceptions
from scrapy.crawler import Crawler
from twisted.internet.error import ConnectError

from archive.decoding import zstd
from archive.errors import BadAddress, UsageError
from archive.frontier import MAX_HOPS, LeasedUrl, Purpose
from archive.model import Capture, Failed, NotModified, Redirected, Rejected, RejectReason, UrlKind
from archive.validators import Validators
from scraper.answers import not_modified_outcome, redirect_outcome, status_outcome, unpacked
from scraper.downloads import HeadTooLarge
from scraper.middlewares.politeness import retry_after_seconds
from scraper.middlewares.robots import RobotsForbidden, RobotsUnreachable
from scraper.settings import DOWNLOAD_MAXSIZE, DQTV_PAGE_BUDGET
from scraper.sites.spec import SiteSpec
from scraper.spiders.newspaper import (
    OUT_OF_HANDLES,
    NewspaperSpider,
    failure_outcome,
    read_purpose,
)
from scraper.tls import CertificateRefused

SITE = SiteSpec(
    id="baovidu",
    name="Báo Ví Dụ",
    province=None,
    homepage="https://baovidu.example/",
    domains=("baovidu.example", "www.baovidu.example"),
    article_url=(re.compile(r"-(?P<id>\d+)\.html$"),),
)


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def answer(status: int, *headers: tuple[str, str]) -> Capture:
    return Capture(
        id="c",
        site="baovidu",
        url="https://baovidu.example/a-1.html",
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=status,
        headers=headers,
    )


def leased(hops: int = 0) -> LeasedUrl:
    return LeasedUrl(
        id=1, site="baovidu", url="https://baovidu.example/a-1.html", kind=UrlKind.ARTICLE, seed=None,
        page=None, priority=0, hops=hops, attempts=0, key="article:1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        (404, "not_found", False),
        (410, "not_found", False),
        (403, "http_status", False),
        (204, "http_status", False),
        (408, "server_error", True),
        (429, "slow_down", True),
        (500, "server_error", True),
        (503, "slow_down", True),
    ],
)
def test_each_status_has_its_reason_and_is_retried_only_where_that_helps(status, reason, retry):
    outcome = status_outcome(answer(status))
    assert (outcome.reason, outcome.retry) == (reason, retry)


def test_retry_after_reaches_the_outcome():
    assert status_outcome(answer(429, ("retry-after", "17"))).retry_after == 17.0


@pytest.mark.parametrize(
    ("error", "reason", "retry"),
    [
        (RobotsForbidden("x"), "robots", False),
        (RobotsUnreachable("x"), "robots_unreachable", True),
        (exceptions.CannotResolveHostError("x"), "dns", True),
        (exceptions.DownloadTimeoutError("x"), "timeout", True),
        (exceptions.ResponseDataLossError("x"), "data_loss", True),
        (exceptions.DownloadConnectionRefusedError("x"), "connection", True),
        (exceptions.DownloadFailedError("x"), "connection", True),
        (exceptions.DownloadCancelledError("x"), "too_large", False),
        (HeadTooLarge(), "too_large", False),
        (BadAddress("x"), "address_refused", False),
        (ConnectError(string="No route to host"), "connection", True),
        (RuntimeError("x"), "internal", True),
    ],
)
def test_each_failure_has_its_reason_and_is_retried_only_where_that_helps(error, reason, retry):
    outcome = failure_outcome(error)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry) == (reason, retry)


def redirect(location: str | None, hops: int = 0) -> Redirected:
    headers = () if location is None else (("Location", location),)
    return redirect_outcome(SITE, leased(hops), answer(301, *headers))


def test_a_redirect_inside_the_site_is_followed_one_hop_further():
    target = redirect("/chinh-tri/a-1.html", hops=2).target
    assert (target.url, target.hops) == ("https://baovidu.example/chinh-tri/a-1.html", 3)


@pytest.mark.parametrize(
    ("location", "hops", "said"),
    [
        (None, 0, "without a Location"),
        ("https://quangcao.example/", 0, "outside the site"),
        ("https://quangcao.example/", MAX_HOPS, "outside the site"),
    ],
)
def test_a_redirect_that_is_not_followed_says_why(location, hops, said):
    outcome = redirect(location, hops)
    assert outcome.target is None
    assert said in outcome.detail


@pytest.mark.parametrize(
    ("location", "reason", "said"),
    [
        ("http://127.0.0.1/", "address_refused", "private"),
        ("//169.254.169.254/latest/", "address_refused", "private"),
        ("ftp://baovidu.example/", "address_refused", "no http"),
        ("http://[::1", "address_refused", "Invalid"),
        ("https://baovidu.example:22/", "address_refused", "port 22"),
        ("/a-2.html", "too_many_redirects", f"more than {MAX_HOPS} redirects"),
    ],
)
def test_a_redirect_that_must_not_be_followed_is_a_failure_with_its_page(location, reason, said):
    outcome = redirect(location, MAX_HOPS)
    assert (outcome.reason, outcome.retry, outcome.capture.status) == (reason, False, 301)
    assert said in outcome.detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 3 ", 3.0),
        ("Tue, 24 Nov 2026 00:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 00:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    now = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    assert retry_after_seconds(value, now=now) == seconds


def test_a_date_to_wait_for_is_counted_from_the_answers_own_date():
    an_hour_wrong = datetime(2026, 11, 24, 1, tzinfo=UTC).timestamp()
    until, sent = "Tue, 24 Nov 2026 00:01:00 GMT", "Tue, 24 Nov 2026 00:00:20 GMT"
    assert retry_after_seconds(until, sent=sent, now=an_hour_wrong) == 40
    assert retry_after_seconds(until, sent="yesterday", now=an_hour_wrong) == 0


def test_only_hosts_whose_site_file_gives_a_reason_are_spared_the_certificate_check(
    tmp_path, monkeypatch
):
    paper = """
id = "bao-{0}"
name = "Báo"
homepage = "https://bao-{0}.example/"
domains = ["bao-{0}.example", "www.bao-{0}.example"]
article_url = '-(?P<id>\\\\d+)$'
"""
    (tmp_path / "bao-mot.toml").write_text(
        paper.format("mot") + 'tls_exception = "expired, seen in 2026"', encoding="utf-8"
    )
    (tmp_path / "bao-hai.toml").write_text(paper.format("hai"), encoding="utf-8")
    monkeypatch.setenv("DQTV_SITES", str(tmp_path))
    crawler = Crawler(NewspaperSpider, {"DQTV_TLS_EXCEPTIONS": ["x.example"]})

    NewspaperSpider.from_crawler(crawler, site="bao-mot,bao-hai")

    assert crawler.settings.getlist("DQTV_TLS_EXCEPTIONS") == [
        "x.example", "bao-mot.example", "www.bao-mot.example",
    ]  # fmt: skip


def test_a_certificate_that_is_refused_is_a_failure_of_its_own_that_may_pass():
    outcome = failure_outcome(CertificateRefused("expired"))
    assert (outcome.reason, outcome.retry) == ("tls", True)


# known articles

KNOWN = {"article_id": "baovidu:1", "recheck": True}


def known(**changes) -> LeasedUrl:
    return attrs.evolve(leased(), **(KNOWN | changes))


@pytest.mark.parametrize("location", ["/", "/quoc-phong/", "/404.html?aspxerrorpath=/a-1.html"])
def test_a_known_article_that_leads_to_no_article_is_missing(location):
    outcome = redirect_outcome(SITE, known(), answer(302, ("Location", location)))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.capture.status) == ("missing", 302)
    assert location in outcome.detail


def test_an_address_nothing_is_held_from_may_lead_anywhere():
    outcome = redirect_outcome(SITE, leased(), answer(302, ("Location", "/")))
    assert isinstance(outcome, Redirected)


def test_a_redirect_with_a_query_may_be_a_step_on_the_way():
    outcome = redirect_outcome(SITE, known(), answer(302, ("Location", "/chuyen?den=1")))
    assert isinstance(outcome, Redirected)


@pytest.mark.parametrize(
    ("status", "location", "moved_to"),
    [
        (301, "/b-2.html", "https://baovidu.example/b-2.html"),
        (308, "https://baomoi.example/b-2.html", "https://baomoi.example/b-2.html"),
        (302, "/b-2.html", None),
        # another address of the same page
        (301, "/ten-moi-1.html", None),
        (301, "https://baomoi.example/", None),
    ],
)
def test_a_known_article_moves_by_a_permanent_redirect_to_another_article(
    status, location, moved_to
):
    outcome = redirect_outcome(SITE, known(), answer(status, ("Location", location)))
    assert isinstance(outcome, Redirected)
    assert outcome.moved_to == moved_to


def test_a_notice_in_place_of_a_known_article_says_that_it_is_missing(spider):
    page = "<html><head><title>Báo</title></head><body><p>Bài viết không tồn tại.</p></body></html>"
    capture = attrs.evolve(
        answer(200, ("Content-Type", "text/html; charset=utf-8")),
        site=spider_site(spider),
        body=page.encode(),
    )
    held, unknown = (
        spider._outcome(attrs.evolve(lease, site=spider_site(spider)), capture)
        for lease in (known(), leased())
    )
    assert isinstance(held, Failed)
    assert held.reason == "missing"
    assert isinstance(unknown, Rejected)
    assert unknown.reason in {RejectReason.NO_BODY, RejectReason.NO_TITLE}


def spider_site(spider) -> str:
    return next(iter(spider.sites))


@pytest.fixture
def spider():
    return NewspaperSpider(site="demo-culao")


def test_a_304_says_that_nothing_changed_since_the_page_that_is_held():
    validators = Validators(etag='"a"', refers_to=("https://baovidu.example/a-1.html", NOW))
    outcome = not_modified_outcome(known(validators=validators), answer(304))
    assert isinstance(outcome, NotModified)


def test_a_304_nobody_asked_for_is_a_failure_that_says_so():
    outcome = not_modified_outcome(known(), answer(304))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry) == ("unasked_304", False)
    assert "without conditions" in outcome.detail


def test_validators_are_sent_beside_a_seeds_own_headers(spider):
    validators = Validators(etag='"a"', last_modified="x", refers_to=("u", NOW))
    lease = attrs.evolve(leased(), site="demo-culao", validators=validators)
    headers = spider.request_for(lease).headers
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == (b'"a"', b"x")


def test_a_list_is_read_in_full_for_another_scope():
    spider = NewspaperSpider(site="demo-culao", scope="defence")
    validators = Validators(etag='"a"', refers_to=("u", NOW))
    lease = attrs.evolve(leased(), site="demo-culao", kind=UrlKind.LISTING, validators=validators)
    request = spider.request_for(lease)
    assert "If-None-Match" not in request.headers
    assert request.meta["leased"].validators is None


def test_a_backfill_looks_at_nothing_again_and_rechecks_alone_seek_nothing_new():
    assert NewspaperSpider(site="demo-culao", backfill="2024").purpose is Purpose.NO_RECHECKS
    only = NewspaperSpider(site="demo-culao", rechecks="only")
    assert only.seeds() == {"demo-culao": ()}
    assert only.sitemaps("demo-culao", ["http://127.0.0.1/sitemap.xml"]) == ()


def test_rechecks_are_asked_for_by_three_words():
    with pytest.raises(UsageError, match="yes, no, only"):
        read_purpose("maybe")


def lists(body: bytes, kind: UrlKind, *headers: tuple[str, str]):
    """What the spider makes of an answer to a request for a list."""
    spider = NewspaperSpider(site="demo-songmay")
    lease = attrs.evolve(leased(), site="demo-songmay", kind=kind)
    capture = attrs.evolve(answer(200, *headers), site="demo-songmay", body=body)
    return spider._outcome(lease, unpacked(lease, capture))


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(bytes(DOWNLOAD_MAXSIZE + 1))),
        ("br", brotli.compress(bytes(DOWNLOAD_MAXSIZE + 1), quality=3)),
        ("zstd", zstd.compress(bytes(DOWNLOAD_MAXSIZE + 1))),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(DOWNLOAD_MAXSIZE + 1)))),
    ],
)
def test_a_body_that_unpacks_to_too_much_is_too_large_and_keeps_its_capture(coding, body):
    outcome = lists(body, UrlKind.LISTING, ("Content-Encoding", coding))
    assert (outcome.reason, outcome.retry) == ("too_large", False)
    assert outcome.capture.status == 200


def test_a_list_that_would_keep_the_parser_busy_is_unreadable():
    outcome = lists(b"<div>" * 100_000, UrlKind.LISTING)
    assert (outcome.reason, outcome.retry) == ("unreadable_listing", False)
    assert "nested" in outcome.detail


def test_a_run_has_a_budget_of_pages_which_a_limit_of_the_user_replaces():
    spider = NewspaperSpider(site="demo-songmay")
    assert spider.why_enough(DQTV_PAGE_BUDGET - 1) is None
    reason, detail = spider.why_enough(DQTV_PAGE_BUDGET)
    assert (reason, "endless addresses" in detail) == ("page budget", True)
    asked = NewspaperSpider(site="demo-songmay", max_pages=30_000)
    assert asked.why_enough(DQTV_PAGE_BUDGET) is None
    assert asked.why_enough(30_000)[0] == "page limit"


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EMFILE, "x"), OSError(errno.ENFILE, "x"), ConnectError(osError=errno.EMFILE)],
)
def test_the_machines_own_trouble_is_no_failure_of_the_address(error):
    assert failure_outcome(error).reason == OUT_OF_HANDLES
