"""Read a fetched feed, sitemap or listing into the outcome that the frontier stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.model import Capture, Explored, Failed, FoundUrl, UrlKind
from scraper.discovery.days import is_before, is_older, is_within, may_be_of
from scraper.discovery.feeds import read_feed
from scraper.discovery.home import read_home
from scraper.discovery.json_listings import UnreadableJson, read_json_listing
from scraper.discovery.listings import read_listing
from scraper.discovery.sitemaps import read_sitemap
from scraper.discovery.xml import UnreadableXml
from scraper.sites.spec import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.model import DaySpan
    from scraper.sites.spec import Seed, SiteSpec

#: Listings are read before articles, so that what is new is known early.
DISCOVERY_PRIORITY = 10
#: Steps from the first sitemap, redirects included, at which an index leads no further: an index lists no
#: indexes (sitemaps.org), and one that goes on for ever is a trap.
DEEPEST_SITEMAP = 4
#: Names, in place of a seed's, of what robots.txt and the home page lead to.
ROBOTS_SEED = "robots.txt"
HOME_SEED = "home"


def seed_urls(site: SiteSpec, scope: Scope) -> tuple[FoundUrl, ...]:
    """The addresses a run of *site* starts from when it asks for *scope*.

    Where everything is asked for, the home page is among them: it names the paper's feeds.
    """
    chosen = [
        seed for seed in site.seeds if scope is Scope.EVERYTHING or seed.scope is Scope.DEFENCE
    ]
    urls = [
        FoundUrl(
            url=seed.page_url(seed.first_page),
            kind=seed.kind,
            seed=seed.id,
            page=seed.first_page if "{page}" in seed.url else None,
            priority=DISCOVERY_PRIORITY,
            guess=seed.guess,
        )
        for seed in chosen
    ]
    if scope is Scope.EVERYTHING and not any(seed.kind is UrlKind.HOME for seed in chosen):
        home = FoundUrl(
            url=site.homepage, kind=UrlKind.HOME, seed=HOME_SEED, priority=DISCOVERY_PRIORITY
        )
        urls.append(home)
    return tuple(urls)


def sitemap_urls(site: SiteSpec, addresses: Iterable[str]) -> tuple[FoundUrl, ...]:
    """The sitemaps a paper's robots.txt names, as far as they are on its own hosts."""
    return tuple(
        FoundUrl(url=address, kind=UrlKind.SITEMAP, seed=ROBOTS_SEED, priority=DISCOVERY_PRIORITY)
        for address in dict.fromkeys(addresses)
        if site.owns(address)
    )


def explore(
    capture: Capture, site: SiteSpec, url: FoundUrl, *, scope: Scope, span: DaySpan | None = None
) -> Explored | Failed:
    """Article addresses (and further feeds, sitemaps, listings) on a fetched discovery page.

    *url* says what the page was fetched as, *span* (of a backfill) which days are wanted: an article
    whose address or sitemap says that it is of another time is left out. A page that cannot be read,
    and a home page or section that links to no article at all (papers that build their lists in the
    browser), is Failed, not an exception.
    """
    try:
        explored = _read(capture, site, url, scope, span)
    except (UnreadableXml, UnreadableJson) as error:
        return Failed(
            reason="unreadable_" + url.kind.value, detail=f"{url.url}: {error}", capture=capture
        )
    if not explored.listed and _is_filled_by_script(capture, site, url):
        detail = (
            f"{url.url}: no article links in the page as sent; it may fill its list in the browser"
        )
        return Failed(reason="empty_listing", detail=detail, capture=capture)
    return explored


def _is_filled_by_script(capture: Capture, site: SiteSpec, url: FoundUrl) -> bool:
    """True for a home page or a section's first page that links to no article of the site at all.

    A section without articles still shows those of others beside its list; a search may find nothing.
    """
    seed = site.seed(url.seed)
    is_first = url.page is None or (seed is not None and url.page == seed.first_page)
    if seed is None or not is_first or url.kind not in {UrlKind.HOME, UrlKind.LISTING}:
        return False
    return not any(map(site.is_article, read_listing(capture.body, capture.url, None)))


def _read(
    capture: Capture, site: SiteSpec, url: FoundUrl, scope: Scope, span: DaySpan | None
) -> Explored:
    seed = site.seed(url.seed)
    match url.kind:
        case UrlKind.FEED:
            links = read_feed(capture.body, capture.url)
            return _listed(capture, site, links, span)
        case UrlKind.SITEMAP:
            return _sitemap(capture, site, url, span)
        case UrlKind.HOME:
            home = read_home(capture.body, capture.url, seed.links if seed else None)
            feeds = home.feeds if scope is Scope.EVERYTHING else ()
            return _listed(capture, site, home.links, span, further=_feeds(site, feeds))
        case UrlKind.JSON_LISTING:
            items = seed.items if seed and seed.items else "data[].link"
            links = read_json_listing(capture.body, site.homepage, items)
        case _:
            links = read_listing(capture.body, capture.url, seed.links if seed else None)
    next_page = _next_page(site, seed, url, bounded=span is None)
    return _listed(capture, site, links, span, next_page=next_page)


def _sitemap(capture: Capture, site: SiteSpec, url: FoundUrl, span: DaySpan | None) -> Explored:
    sitemap = read_sitemap(capture.body, capture.url)
    if sitemap.sitemaps and url.hops >= DEEPEST_SITEMAP:
        raise UnreadableXml(f"an index of sitemaps, {url.hops} steps below the first one")
    further = tuple(
        FoundUrl(
            url=entry.url, kind=UrlKind.SITEMAP, seed=url.seed, priority=DISCOVERY_PRIORITY,
            modified_at=entry.modified_at, hops=url.hops + 1,
        )
        for entry in sitemap.sitemaps
        if site.owns(entry.url) and not is_older(entry.modified_at, span)
    )  # fmt: skip
    pages = [
        entry.url
        for entry in sitemap.pages
        if not is_older(entry.modified_at, span) and is_within(entry.published_at, span)
    ]
    return _listed(capture, site, pages, span, further=further)


def _feeds(site: SiteSpec, addresses: Iterable[str]) -> tuple[FoundUrl, ...]:
    return tuple(
        FoundUrl(url=address, kind=UrlKind.FEED, seed=HOME_SEED, priority=DISCOVERY_PRIORITY)
        for address in addresses
        if site.owns(address) and not site.is_article(address)
    )


def _next_page(
    site: SiteSpec, seed: Seed | None, url: FoundUrl, *, bounded: bool
) -> FoundUrl | None:
    """The following page of a listing; only a daily crawl keeps to the seed's ``max_pages``."""
    if seed is None or url.page is None:
        return None
    following = url.page + 1
    if bounded and following - seed.first_page >= seed.max_pages:
        return None
    address = seed.page_url(following)
    return FoundUrl(
        url=address, kind=url.kind, seed=seed.id, page=following, priority=DISCOVERY_PRIORITY
    ) if site.owns(address) else None  # fmt: skip


def _listed(
    capture: Capture,
    site: SiteSpec,
    links: Iterable[str],
    span: DaySpan | None,
    *,
    further: tuple[FoundUrl, ...] = (),
    next_page: FoundUrl | None = None,
) -> Explored:
    """Every address of every article; which of them are one article, their keys say."""
    articles = [link for link in dict.fromkeys(links) if site.is_article(link)]
    wanted = (FoundUrl(url=link, key=site.key(link)) for link in articles if may_be_of(link, span))
    return Explored(
        capture=capture,
        found=(*further, *wanted),
        listed=tuple(dict.fromkeys(site.key(link) for link in articles)),
        is_past=bool(articles) and all(is_before(link, span) for link in articles),
        next_page=next_page,
    )
