"""Feeds, sitemaps and listings: bytes to the addresses that the frontier stores."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime

import pytest

from archive.model import Capture, Explored, Failed, FoundUrl, UrlKind
from scraper.discovery.explore import explore, seed_urls
from scraper.discovery.feeds import read_feed
from scraper.discovery.json_listings import UnreadableJson, read_json_listing
from scraper.discovery.listings import read_listing
from scraper.discovery.sitemaps import read_sitemap
from scraper.discovery.xml import UnreadableXml
from scraper.sites.spec import Seed, SiteSpec

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


def read(body: str | bytes, kind: UrlKind, seed: str, page: int | None = None) -> Explored | Failed:
    raw = body.encode() if isinstance(body, str) else body
    capture = Capture(
        id="c",
        site="baovidu",
        url=HOME + "x",
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        body=raw,
    )
    return explore(capture, make_site(), FoundUrl(url=HOME + "x", kind=kind, seed=seed, page=page))


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
    assert read_sitemap(SITEMAP.encode(), HOME).pages == pages
    assert read_sitemap(gzip.compress(SITEMAP.encode()), HOME).pages == pages


def test_a_sitemap_index_gives_further_sitemaps():
    assert read_sitemap(INDEX.encode(), HOME).sitemaps == (HOME + "sitemap-1.xml",)


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
    assert read("<p>", UrlKind.LISTING, "list", page=1).next_page.url == HOME + "tin?p=2"
    assert read("<p>", UrlKind.LISTING, "list", page=3).next_page is None


def test_further_sitemaps_are_found_as_sitemaps():
    (found,) = read(INDEX, UrlKind.SITEMAP, "map").found
    assert (found.kind, found.url) == (UrlKind.SITEMAP, HOME + "sitemap-1.xml")


def test_an_unreadable_feed_is_a_failure_that_names_the_address():
    outcome = read("", UrlKind.FEED, "feed")
    assert (outcome.reason, outcome.retry) == ("unreadable_feed", False)
    assert HOME + "x" in outcome.detail


def test_seeds_start_at_their_first_page_before_any_article():
    urls = {found.seed: found for found in seed_urls(make_site())}
    assert (urls["list"].url, urls["list"].page) == (HOME + "tin/", 1)
    assert (urls["json"].url, urls["json"].page) == (HOME + "api?page=1", 1)
    assert urls["feed"].page is None
    assert all(found.priority > 0 for found in urls.values())
