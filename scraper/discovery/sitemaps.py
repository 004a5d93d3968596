"""Sitemaps, sitemap indexes and news sitemaps (sitemaps.org 0.9): bytes to addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

import attrs

from scraper.discovery.xml import local_name, parse_xml

if TYPE_CHECKING:
    from lxml import etree


@attrs.frozen(kw_only=True)
class Sitemap:
    """Addresses a sitemap lists: pages, and further sitemaps when it is an index."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(body: bytes, base_url: str) -> Sitemap:
    """Read a sitemap or sitemap index, gzip-compressed or not.

    Raises UnreadableXml when the bytes are no XML.
    """
    pages: list[str] = []
    sitemaps: list[str] = []
    for node in parse_xml(body).iter():
        name = local_name(node)
        if name not in {"url", "sitemap"}:
            continue
        location = _location(node)
        if location:
            (pages if name == "url" else sitemaps).append(urljoin(base_url, location))
    return Sitemap(pages=tuple(pages), sitemaps=tuple(sitemaps))


def _location(node: etree._Element) -> str | None:
    for child in node:
        if local_name(child) == "loc" and child.text:
            return child.text.strip() or None
    return None
