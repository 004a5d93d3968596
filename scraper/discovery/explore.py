"""Read a fetched feed, sitemap or listing into the outcome that the frontier stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.model import Capture, Explored, Failed, FoundUrl, UrlKind
from scraper.discovery.feeds import read_feed
from scraper.discovery.json_listings import UnreadableJson, read_json_listing
from scraper.discovery.listings import read_listing
from scraper.discovery.sitemaps import read_sitemap
from scraper.discovery.xml import UnreadableXml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scraper.sites.spec import Seed, SiteSpec

#: Listings are read before articles, so that what is new is known early.
DISCOVERY_PRIORITY = 10


def seed_urls(site: SiteSpec) -> tuple[FoundUrl, ...]:
    """The addresses a run of *site* starts from."""
    return tuple(
        FoundUrl(
            url=seed.page_url(seed.first_page),
            kind=seed.kind,
            seed=seed.id,
            page=seed.first_page if "{page}" in seed.url else None,
            priority=DISCOVERY_PRIORITY,
        )
        for seed in site.seeds
    )


def explore(capture: Capture, site: SiteSpec, url: FoundUrl) -> Explored | Failed:
    """Article addresses (and further listings) on a fetched discovery page.

    *url* says what the page was fetched as. A page that cannot be read is Failed, not an exception.
    """
    try:
        return _read(capture, site, url)
    except (UnreadableXml, UnreadableJson) as error:
        return Failed(
            reason="unreadable_" + url.kind.value, detail=f"{url.url}: {error}", capture=capture
        )


def _read(capture: Capture, site: SiteSpec, url: FoundUrl) -> Explored:
    seed = site.seed(url.seed)
    match url.kind:
        case UrlKind.FEED:
            return Explored(
                capture=capture, found=_articles(site, read_feed(capture.body, capture.url))
            )
        case UrlKind.SITEMAP:
            return _sitemap(capture, site, url)
        case UrlKind.JSON_LISTING:
            items = seed.items if seed and seed.items else "data[].link"
            return _listing(
                capture, site, seed, url, read_json_listing(capture.body, site.homepage, items)
            )
        case _:
            links = seed.links if seed else None
            return _listing(
                capture, site, seed, url, read_listing(capture.body, capture.url, links)
            )


def _sitemap(capture: Capture, site: SiteSpec, url: FoundUrl) -> Explored:
    sitemap = read_sitemap(capture.body, capture.url)
    further = tuple(
        FoundUrl(url=address, kind=UrlKind.SITEMAP, seed=url.seed, priority=DISCOVERY_PRIORITY)
        for address in sitemap.sitemaps
        if site.owns(address)
    )
    return Explored(capture=capture, found=(*further, *_articles(site, sitemap.pages)))


def _listing(
    capture: Capture, site: SiteSpec, seed: Seed | None, url: FoundUrl, links: list[str]
) -> Explored:
    return Explored(
        capture=capture, found=_articles(site, links), next_page=_next_page(site, seed, url)
    )


def _next_page(site: SiteSpec, seed: Seed | None, url: FoundUrl) -> FoundUrl | None:
    if seed is None or url.page is None:
        return None
    following = url.page + 1
    if following - seed.first_page >= seed.max_pages:
        return None
    address = seed.page_url(following)
    return FoundUrl(
        url=address, kind=url.kind, seed=seed.id, page=following, priority=DISCOVERY_PRIORITY
    ) if site.owns(address) else None  # fmt: skip


def _articles(site: SiteSpec, links: Iterable[str]) -> tuple[FoundUrl, ...]:
    return tuple(FoundUrl(url=link) for link in dict.fromkeys(links) if site.is_article(link))
