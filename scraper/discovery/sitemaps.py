"""Sitemaps, sitemap indexes and news sitemaps (sitemaps.org 0.9): bytes to addresses."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from archive.instants import VIETNAM
from scraper.discovery.links import absolute
from scraper.discovery.xml import local_name, parse_xml

if TYPE_CHECKING:
    from lxml import etree


@attrs.frozen(kw_only=True)
class Entry:
    """One address a sitemap lists, with what it says of its age."""

    url: str
    #: Aware; None when the sitemap does not say.
    modified_at: datetime | None = None
    #: Publication as a news sitemap gives it; aware, or None.
    published_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Sitemap:
    """Addresses a sitemap lists: pages, and further sitemaps when it is an index."""

    pages: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()


def read_sitemap(body: bytes, base_url: str) -> Sitemap:
    """Read a sitemap, news sitemap or sitemap index, gzip-compressed or not.

    Raises UnreadableXml when the bytes are no XML.
    """
    pages: list[Entry] = []
    sitemaps: list[Entry] = []
    for node in parse_xml(body).iter():
        name = local_name(node)
        if name not in {"url", "sitemap"}:
            continue
        entry = _entry(node, base_url)
        if entry is not None:
            (pages if name == "url" else sitemaps).append(entry)
    return Sitemap(pages=tuple(pages), sitemaps=tuple(sitemaps))


def _entry(node: etree._Element, base_url: str) -> Entry | None:
    said = {
        local_name(inner): (inner.text or "").strip()
        for inner in node.iterdescendants()
        if local_name(inner) in {"lastmod", "publication_date"}
    }
    # images and videos of a page have a loc of their own, deeper down
    location = next((x.text for x in node if local_name(x) == "loc" and x.text), "").strip()
    url = absolute(base_url, location) if location else None
    if url is None:
        return None
    return Entry(
        url=url,
        modified_at=_instant(said.get("lastmod")),
        published_at=_instant(said.get("publication_date")),
    )


def _instant(text: str | None) -> datetime | None:
    """A W3C date or date and time; without a zone it is the paper's own clock."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=VIETNAM)
