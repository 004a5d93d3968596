"""A first look at a paper: home page, feeds, sitemaps, one section and a few articles, politely."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.errors import BadAddress, NotExplored
from scraper.discovery.feeds import read_feed
from scraper.discovery.sitemaps import read_sitemap
from scraper.discovery.xml import UnreadableXml
from scraper.extract.hazards import why_not_parsed
from scraper.extract.page import is_html, join_url, read_page
from scraper.probe.addresses import Link, infer_article_address
from scraper.probe.fetch import BudgetSpent, Forbidden, NotFetched
from scraper.probe.sections import Section, find_sections, paging_of
from scraper.probe.tree import spaced_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from selectolax.lexbor import LexborNode

    from archive.model import Capture
    from scraper.extract.page import Page
    from scraper.probe.addresses import ArticleAddress
    from scraper.probe.fetch import PoliteFetcher

#: Article pages that are looked at, and tried for.
ARTICLES: Final = 6
_MOST_TRIED: Final = 9
_FEWEST_ARTICLES: Final = 3
_MOST_FEEDS: Final = 2
_MOST_SITEMAPS: Final = 2
#: Where three bots look for nearly every paper's feed; tried only when the home page names none.
_GUESSED_FEED: Final = "/rss/home.rss"
_OK: Final = 200
_FEED_TYPES: Final = re.compile(r"application/(?:rss|atom)\+xml", re.IGNORECASE)
_FEED_PATH: Final = re.compile(r"(?:\.rss|\.atom|/feed/?|/rss/?[\w/-]*\.?\w*)$", re.IGNORECASE)
_OF_ARTICLES: Final = re.compile(r"news|post|article|bai|tin", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Look:
    """What was seen of a paper."""

    home: Capture
    #: Hosts whose pages are the paper's.
    domains: tuple[str, ...]
    feeds: tuple[str, ...]
    sitemaps: tuple[str, ...]
    sections: tuple[Section, ...]
    address: ArticleAddress
    articles: tuple[Capture, ...]


def look_at(fetcher: PoliteFetcher, url: str, *, on_home: Callable[[str], object] = str) -> Look:
    """Visit the paper whose home page is *url* (checked).

    *on_home* is told where the home page was found in the end, and may raise. Raises NotExplored with the reason when nothing answers, robots.txt forbids the visit, or no
    articles are found; BadAddress when it leads to a private address.
    """
    home = _home(fetcher, url)
    on_home(home.url)
    page = read_page(home)
    visit = _Visit(fetcher, home, _domains(url, home, page))
    links = list(visit.links_of(page))
    feeds, listed = visit.feeds(page)
    sitemaps, mapped = visit.sitemaps()
    links += listed + mapped
    sections = find_sections(links, infer_article_address(links))
    sections, more = visit.section_page(sections)
    links += more
    address = infer_article_address(links)
    if address is None:
        raise NotExplored(
            f"{home.url} is no newspaper: no links that look like articles were found"
        )
    return Look(
        home=home, domains=visit.domains, feeds=feeds, sitemaps=sitemaps, address=address,
        sections=tuple(x for x in sections if x.url not in address.urls),
        articles=visit.articles(address),
    )  # fmt: skip


def _home(fetcher: PoliteFetcher, url: str) -> Capture:
    try:
        home = fetcher.get(url)
    except NotFetched as error:
        raise NotExplored(str(error)) from error
    if home.status != _OK:
        raise NotExplored(f"{home.url} answered {home.status}")
    if not is_html(home) or why_not_parsed(home.body):
        kind = home.header("Content-Type") or "no content type"
        raise NotExplored(f"{home.url} is no web page ({kind})")
    return home


def _domains(url: str, home: Capture, page: Page) -> tuple[str, ...]:
    """The host asked for, the one it leads to, and its twin with or without ``www.`` if links name it."""
    hosts = [urlsplit(home.url).netloc, urlsplit(url).netloc]
    bare = hosts[0].removeprefix("www.")
    linked = {
        _host(join_url(page.base_url, x.attributes.get("href") or ""))
        for x in page.tree.css("a[href], link[rel=canonical]")
    }
    hosts += [x for x in (bare, f"www.{bare}") if x in linked]
    return tuple(dict.fromkeys(hosts))


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").netloc.lower()
    except ValueError:
        return ""


@attrs.define
class _Visit:
    """The fetching after the home page; what does not answer is passed over."""

    fetcher: PoliteFetcher
    home: Capture
    domains: tuple[str, ...]

    def get(self, url: str) -> Capture | None:
        """The answer, or None when there is none to read."""
        try:
            capture = self.fetcher.get(url)
        except (NotFetched, BadAddress):
            return None
        return capture if capture.status == _OK else None

    def owns(self, url: str | None) -> bool:
        """True for a web address on one of the paper's hosts."""
        host = _host(url)
        return (
            url is not None
            and url.lower().startswith(("http://", "https://"))
            and host in self.domains
        )

    def links_of(self, page: Page) -> Iterator[Link]:
        """The page's links to the paper's own pages."""
        for node in page.tree.css("a[href]"):
            address = join_url(page.base_url, node.attributes.get("href") or "")
            if address and self.owns(address):
                yield Link(url=address.partition("#")[0], text=_link_text(node))

    def feeds(self, page: Page) -> tuple[tuple[str, ...], list[Link]]:
        """Feeds that answer, and the articles they list."""
        named = [
            join_url(page.base_url, x.attributes.get("href") or "")
            for x in page.tree.css("link[href]")
            if _FEED_TYPES.search(x.attributes.get("type") or "")
        ]
        named += [x.url for x in self.links_of(page) if _FEED_PATH.search(urlsplit(x.url).path)]
        known = list(dict.fromkeys(x for x in named if x and self.owns(x)))[:_MOST_FEEDS]
        found: dict[str, None] = {}
        links: list[Link] = []
        for address in known or [join_url(self.home.url, _GUESSED_FEED) or ""]:
            entries = self._entries(address)
            if entries:
                found[address] = None
                links += [Link(url=x, listed=True) for x in entries]
        return tuple(found), links

    def _entries(self, address: str) -> list[str]:
        capture = self.get(address)
        try:
            entries = read_feed(capture.body, capture.url) if capture else []
        except UnreadableXml:
            return []
        return [x for x in entries if self.owns(x)]

    def sitemaps(self) -> tuple[tuple[str, ...], list[Link]]:
        """Sitemaps that answer, and the pages they name (sections may be among them)."""
        named = [x for x in self.fetcher.sitemaps(self.home.url) if self.owns(x)]
        guessed = [join_url(self.home.url, "/sitemap.xml") or ""]
        found: dict[str, None] = {}
        links: list[Link] = []
        for address in (named or guessed)[:_MOST_SITEMAPS]:
            pages, further = self._mapped(address)
            if pages or further:
                found[address] = None
            if not pages and further:
                child = next((x for x in further if _OF_ARTICLES.search(x)), further[0])
                pages, _ = self._mapped(child)
            links += [Link(url=x) for x in pages]
        return tuple(found), links

    def _mapped(self, address: str) -> tuple[list[str], list[str]]:
        capture = self.get(address)
        if capture is None or is_html(capture):
            return [], []
        try:
            sitemap = read_sitemap(capture.body, capture.url)
        except UnreadableXml:
            return [], []
        pages, further = ([x.url for x in entries] for entries in (sitemap.pages, sitemap.sitemaps))
        return [x for x in pages if self.owns(x)], [x for x in further if self.owns(x)]

    def section_page(self, sections: Sequence[Section]) -> tuple[tuple[Section, ...], list[Link]]:
        """The sections with the way their pages are numbered, read from the first; its links."""
        if not sections:
            return (), []
        capture = self.get(sections[0].url)
        if capture is None or not is_html(capture) or why_not_parsed(capture.body):
            return tuple(sections), []
        links = list(self.links_of(read_page(capture)))
        paging = paging_of(sections[0].url, links)
        return tuple(attrs.evolve(x, paging=paging) for x in sections), links

    def articles(self, address: ArticleAddress) -> tuple[Capture, ...]:
        """A few article pages, from all over the list so that sections and authors differ."""
        found: list[Capture] = []
        why: NotFetched | None = None
        for url in spread(address.urls, _MOST_TRIED):
            if len(found) == ARTICLES:
                break
            try:
                capture = self.fetcher.get(url)
            except BadAddress:
                continue
            except BudgetSpent as error:
                why = error
                break
            except NotFetched as error:
                why = error
                continue
            if capture.status == _OK and is_html(capture) and not why_not_parsed(capture.body):
                found.append(capture)
        if len(found) < _FEWEST_ARTICLES:
            raise _too_few(self.home.url, len(found), why)
        return tuple(found)


def _link_text(node: LexborNode) -> str:
    """What a link says: its text, else its title or what its picture shows."""
    image = node.css_first("img[alt]")
    said = (spaced_text(node), node.attributes.get("title"), image and image.attributes.get("alt"))
    return next((" ".join(x.split()) for x in said if x and x.strip()), "")


def spread(urls: Sequence[str], count: int) -> list[str]:
    """*count* addresses evenly from the whole list; the order keeps any beginning of it spread too."""
    if len(urls) <= count:
        return list(urls)
    chosen = [urls[at * len(urls) // count] for at in range(count)]
    return chosen[::2] + chosen[1::2]


def _too_few(url: str, count: int, why: NotFetched | None) -> NotExplored:
    if isinstance(why, Forbidden):
        return NotExplored(f"robots.txt forbids the articles of {url}: {why}")
    reason = f": {why}" if why else ""
    return NotExplored(f"{url}: only {count} article pages could be read{reason}")
