"""The home page: its article links, and the feeds it names (HTML Living Standard, 4.6.6.1 and rel=alternate)."""

from __future__ import annotations

import attrs
from selectolax.lexbor import LexborHTMLParser

from scraper.discovery.links import all_absolute
from scraper.discovery.listings import read_listing

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")
#: Papers link their feeds from the page, too: ``/rss/cate/thoi-su/``, ``/index.rss``.
_FEED_LINKS = (
    'a[href$=".rss"], a[href*="/rss/"], a[href$="/feed"], a[href$="/feed/"], a[href$=".atom"]'
)


@attrs.frozen(kw_only=True)
class Home:
    """What a home page leads to; absolute addresses in page order, each once."""

    links: tuple[str, ...]
    feeds: tuple[str, ...]


def read_home(body: bytes, base_url: str, links: str | None = None) -> Home:
    """Links of the page (those that fit the CSS selector *links*, else all) and its feeds."""
    tree = LexborHTMLParser(body)
    named = [
        node.attributes.get("href")
        for node in tree.css('link[rel~="alternate"][href]')
        if (node.attributes.get("type") or "").strip().lower() in _FEED_TYPES
    ]
    linked = [node.attributes.get("href") for node in tree.css(_FEED_LINKS)]
    feeds = all_absolute(base_url, filter(None, (*named, *linked)))
    return Home(links=tuple(read_listing(body, base_url, links)), feeds=tuple(dict.fromkeys(feeds)))
