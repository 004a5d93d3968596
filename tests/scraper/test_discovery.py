"""Feeds, sitemaps and listings: bytes to the addresses that the frontier stores."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, date, datetime

import attrs
import pytest

from archive.model import Capture, DaySpan, Explored, Failed, FoundUrl, UrlKind
from scraper.discovery.explore import DEEPEST_SITEMAP, explore, seed_urls, sitemap_urls
from scraper.discovery.feeds import read_feed
from scraper.discovery.json_listings import UnreadableJson, read_json_listing
from scraper.discovery.listings import read_listing
from scraper.discovery.sitemaps import read_sitemap
from scraper.discovery.xml import UnreadableXml
from scraper.sites.spec import Scope, Seed, SiteSpec

HOME = "https://baovidu.example/"

RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><link>https://baovidu.example/</link>
<item><title>Một</title><link>/mot-1.html</link></item>
<item><title>Hai</title><link><![CDATA[ https://baovidu.example/hai-2.html ]]></link></item>
<item><guid>https://baovidu.example/ba-3.html</guid></item>
<item><guid isPermaLink="false">tag:4</guid></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://baovidu.example/"/>
<entry><link rel="self" href="/api/1"/><link rel="alternate" href="/mot-1.html"/></entry>
<entry><link href="/hai-2.html"/></entry></feed>"""

SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://baovidu.example/mot-1.html</loc><news:news><news:title>Một</news:title></news:news></url>
<url><loc> https://baovidu.example/hai-2.html </loc></url></urlset>"""

INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://baovidu.example/sitemap-1.xml</loc></sitemap></sitemapindex>"""


def make_site(**changes) -> SiteSpec:
    values = {
        "id": "baovidu",
        "name": "Báo Ví Dụ",
        "province": None,
        "homepage": HOME,
        "domains": ("baovidu.example",),
        "article_url": (re.compile(r"-(?P<id>\d+)\.html$"),),
        "exclude": (re.compile("^/print/"),),
        "seeds": (
            Seed(
                id="list",
                kind=UrlKind.LISTING,
                url=HOME + "tin?p={page}",
                first_url=HOME + "tin/",
                max_pages=3,
            ),
            Seed(
                id="json",
                kind=UrlKind.JSON_LISTING,
                url=HOME + "api?page={page}",
                items="data[].link",
            ),
            Seed(id="feed", kind=UrlKind.FEED, url=HOME + "rss"),
            Seed(id="map", kind=UrlKind.SITEMAP, url=HOME + "sitemap.xml"),
        ),
    }
    return SiteSpec(**(values | changes))


CAPTURE = Capture(
    id="c",
    site="baovidu",
    url=HOME + "x",
    fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
    status=200,
)


def read(
    body: str | bytes,
    kind: UrlKind,
    seed: str,
    page: int | None = None,
    *,
    scope=Scope.EVERYTHING,
    span=None,
) -> Explored | Failed:
    raw = body.encode() if isinstance(body, str) else body
    capture = attrs.evolve(CAPTURE, body=raw)
    found = FoundUrl(url=HOME + "x", kind=kind, seed=seed, page=page)
    return explore(capture, make_site(), found, scope=scope, span=span)


def test_rss_gives_links_and_permalinks_in_order():
    assert read_feed(RSS.encode(), HOME) == [
        HOME + name for name in ("mot-1.html", "hai-2.html", "ba-3.html")
    ]


def test_atom_gives_the_alternate_link_of_each_entry():
    assert read_feed(ATOM.encode(), HOME) == [HOME + "mot-1.html", HOME + "hai-2.html"]


def test_a_feed_cut_off_in_the_middle_gives_what_it_holds():
    assert HOME + "mot-1.html" in read_feed(RSS.encode()[:230], HOME)


def test_a_sitemap_gives_pages_even_inside_gzip():
    pages = (HOME + "mot-1.html", HOME + "hai-2.html")
    for body in (SITEMAP.encode(), gzip.compress(SITEMAP.encode())):
        assert tuple(entry.url for entry in read_sitemap(body, HOME).pages) == pages


def test_a_sitemap_index_gives_further_sitemaps():
    (entry,) = read_sitemap(INDEX.encode(), HOME).sitemaps
    assert entry.url == HOME + "sitemap-1.xml"


@pytest.mark.parametrize("body", [b"", b"   ", b"\x1f\x8bbroken", b"no xml at all"])
def test_what_is_no_xml_is_said_to_be_unreadable(body):
    with pytest.raises(UnreadableXml):
        read_feed(body, HOME)


def test_an_xml_bomb_is_not_unfolded():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><rss><item><link>&b;</link></item></rss>'
    assert read_feed(bomb, HOME) == []


def test_a_listing_gives_the_links_of_the_list_proper_against_its_base():
    html = '<base href="/static/"><ul class="list"><li><a href="/mot-1.html#c">x</a></ul><aside><a href="/hai-2.html">y</a></aside>'
    assert read_listing(html.encode(), HOME, ".list a") == [HOME + "mot-1.html"]
    assert read_listing(html.encode(), HOME, None) == [HOME + "mot-1.html", HOME + "hai-2.html"]


def test_a_json_listing_gives_relative_and_absolute_links():
    body = b'{"data":[{"link":"/mot-1.html"},{"link":"https://baovidu.example/hai-2.html"},{"link":null}]}'
    assert read_json_listing(body, HOME, "data[].link") == [
        HOME + "mot-1.html",
        HOME + "hai-2.html",
    ]


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"data":3}', b'{"items":[]}', b'{"data":[{"url":"x"}]}']
)
def test_json_of_another_shape_is_said_to_be_unreadable(body):
    with pytest.raises(UnreadableJson):
        read_json_listing(body, HOME, "data[].link")


def test_only_article_addresses_of_the_site_are_found_each_once():
    html = "".join(
        f'<a href="{href}">x</a>'
        for href in (
            "/mot-1.html",
            "/mot-1.html",
            "/lien-he",
            "/print/mot-1.html",
            "https://other.example/x-9.html",
        )
    )
    outcome = read(html, UrlKind.LISTING, "list", page=1)
    assert [found.url for found in outcome.found] == [HOME + "mot-1.html"]


def test_a_listing_page_names_the_next_until_the_limit():
    page = '<a href="/mot-1.html">x</a>'
    assert read(page, UrlKind.LISTING, "list", page=1).next_page.url == HOME + "tin?p=2"
    assert read("<p>", UrlKind.LISTING, "list", page=3).next_page is None


def test_further_sitemaps_are_found_as_sitemaps():
    (found,) = read(INDEX, UrlKind.SITEMAP, "map").found
    assert (found.kind, found.url) == (UrlKind.SITEMAP, HOME + "sitemap-1.xml")


def test_an_index_of_sitemaps_that_never_ends_is_left_with_the_reason():
    url = FoundUrl(url=HOME + "x", kind=UrlKind.SITEMAP, seed="map")
    for step in range(DEEPEST_SITEMAP):
        capture = attrs.evolve(CAPTURE, body=INDEX.encode())
        (url,) = explore(capture, make_site(), url, scope=Scope.EVERYTHING).found
        assert url.hops == step + 1
    outcome = explore(capture, make_site(), url, scope=Scope.EVERYTHING)
    assert outcome.reason == "unreadable_sitemap"
    assert "steps below the first" in outcome.detail


def test_an_unreadable_feed_is_a_failure_that_names_the_address():
    outcome = read("", UrlKind.FEED, "feed")
    assert (outcome.reason, outcome.retry) == ("unreadable_feed", False)
    assert HOME + "x" in outcome.detail


def test_seeds_start_at_their_first_page_before_any_article():
    urls = {found.seed: found for found in seed_urls(make_site(), Scope.DEFENCE)}
    assert (urls["list"].url, urls["list"].page) == (HOME + "tin/", 1)
    assert (urls["json"].url, urls["json"].page) == (HOME + "api?page=1", 1)
    assert urls["feed"].page is None
    assert all(found.priority > 0 for found in urls.values())


SPAN = DaySpan(first=date(2022, 3, 1), last=date(2022, 5, 31))


def test_every_address_of_an_article_is_found_with_the_key_they_share():
    html = "".join(
        f'<a href="{href}">x</a>'
        for href in ("/tin/mot-1.html", "/mot-1.html?utm_source=zalo", "/hai-2.html")
    )
    outcome = read(html, UrlKind.LISTING, "list", page=1)
    assert [found.key for found in outcome.found] == ["article:1", "article:1", "article:2"]
    assert outcome.listed == ("article:1", "article:2")


def test_the_home_page_gives_its_articles_and_when_everything_is_asked_for_its_feeds():
    html = (
        '<link rel="alternate" type="application/rss+xml" href="/rss/home.rss">'
        '<a href="/rss/thoi-su/">RSS</a><a href="/mot-1.html">x</a>'
    )
    everything = read(html, UrlKind.HOME, "home")
    assert [(x.kind, x.url) for x in everything.found] == [
        (UrlKind.FEED, HOME + "rss/home.rss"),
        (UrlKind.FEED, HOME + "rss/thoi-su/"),
        (UrlKind.ARTICLE, HOME + "mot-1.html"),
    ]
    defence = read(html, UrlKind.HOME, "home", scope=Scope.DEFENCE)
    assert [x.kind for x in defence.found] == [UrlKind.ARTICLE]


@pytest.mark.parametrize(("kind", "page"), [(UrlKind.HOME, None), (UrlKind.LISTING, 1)])
def test_a_list_that_is_filled_in_the_browser_is_a_failure_that_says_so(kind, page):
    outcome = read('<div id="app"></div><a href="/lien-he">x</a>', kind, "list", page=page)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "empty_listing"


def test_an_empty_section_beside_other_articles_is_no_failure():
    site = make_site(
        seeds=(Seed(id="list", kind=UrlKind.LISTING, url=HOME + "t?p={page}", links=".list a"),)
    )
    capture = attrs.evolve(CAPTURE, body=b'<div class="list"></div><a href="/mot-1.html">x</a>')
    found = FoundUrl(url=HOME + "t?p=1", kind=UrlKind.LISTING, seed="list", page=1)
    outcome = explore(capture, site, found, scope=Scope.DEFENCE)
    assert isinstance(outcome, Explored)
    assert outcome.found == ()


def test_a_search_that_finds_nothing_is_no_failure():
    assert isinstance(read("<p>0 kết quả</p>", UrlKind.SEARCH, "list", page=1), Explored)


def test_sitemaps_of_robots_txt_are_read_on_the_papers_own_hosts_only():
    addresses = (HOME + "sitemap.xml", "https://other.example/s.xml", HOME + "sitemap.xml")
    (found,) = sitemap_urls(make_site(), addresses)
    assert (found.kind, found.url) == (UrlKind.SITEMAP, HOME + "sitemap.xml")


def test_a_paper_is_asked_for_defence_only_unless_it_wants_everything():
    site = make_site(
        seeds=(
            Seed(id="qp", kind=UrlKind.FEED, url=HOME + "qp.rss"),
            Seed(
                id="all", kind=UrlKind.FEED, url=HOME + "a.rss", scope=Scope.EVERYTHING, guess=True
            ),
        )
    )
    assert [x.seed for x in seed_urls(site, Scope.DEFENCE)] == ["qp"]
    everything = seed_urls(site, Scope.EVERYTHING)
    assert [(x.seed, x.guess) for x in everything] == [
        ("qp", False), ("all", True), ("home", False),
    ]  # fmt: skip
    assert (everything[-1].url, everything[-1].kind) == (HOME, UrlKind.HOME)


def test_a_backfill_leaves_out_what_address_or_sitemap_date_elsewhere():
    entries = "".join(
        f"<url><loc>{HOME}{path}</loc>{rest}</url>"
        for path, rest in (
            ("tin/202202/cu-1.html", ""),
            ("tin/202203/giua-2.html", ""),
            ("tin/202206/moi-3.html", ""),
            ("doi-4.html", "<lastmod>2022-02-28</lastmod>"),
            ("sua-5.html", "<lastmod>2026-01-01T08:00:00+07:00</lastmod>"),
            (
                "tin-6.html",
                "<news><publication_date>2022-06-01T00:10:00+07:00</publication_date></news>",
            ),
            ("tin-7.html", "<news><publication_date>2022-05-31</publication_date></news>"),
        )
    )
    outcome = read(f"<urlset>{entries}</urlset>", UrlKind.SITEMAP, "map", span=SPAN)
    assert [x.key for x in outcome.found] == ["article:2", "article:5", "article:7"]


def test_a_backfill_skips_sitemaps_that_have_not_changed_since():
    index = (
        "<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>2021-12-31</lastmod></sitemap>"
        "<sitemap><loc>/b.xml</loc><lastmod>2022-03-02</lastmod></sitemap></sitemapindex>"
    )
    assert [x.url for x in read(index, UrlKind.SITEMAP, "map", span=SPAN).found] == [HOME + "b.xml"]


def test_a_page_whose_articles_are_all_older_is_past_and_one_that_is_newer_is_not():
    def page(month: int) -> str:
        return f'<a href="/tin/2022{month:02}/mot-1.html">x</a>'

    assert read(page(2), UrlKind.LISTING, "list", page=2, span=SPAN).is_past
    newer = read(page(6), UrlKind.LISTING, "list", page=2, span=SPAN)
    assert not newer.is_past
    assert newer.found == ()
    assert newer.listed == ("article:1",)


def test_a_backfill_pages_on_past_the_daily_limit():
    page = '<a href="/mot-1.html">x</a>'
    assert read(page, UrlKind.LISTING, "list", page=3, span=SPAN).next_page.page == 4


BAD = ("http://[::1", "//[", "http://a\u2100b/", "/" + "x" * 3_000)


def test_a_link_that_is_no_address_takes_no_other_with_it():
    html = "".join(f'<a href="{link}">x</a>' for link in (*BAD, "/tot-1.html")).encode()
    assert read_listing(html, "http://bao.example/", None) == ["http://bao.example/tot-1.html"]
    items = "".join(f"<item><link>{link}</link></item>" for link in (*BAD, "/tot-1.html"))
    feed = f"<rss><channel>{items}</channel></rss>".encode()
    assert read_feed(feed, "http://bao.example/") == ["http://bao.example/tot-1.html"]
    urls = "".join(f"<url><loc>{link}</loc></url>" for link in (*BAD, "/tot-1.html"))
    sitemap = read_sitemap(f"<urlset>{urls}</urlset>".encode(), "http://bao.example/")
    assert [entry.url for entry in sitemap.pages] == ["http://bao.example/tot-1.html"]
