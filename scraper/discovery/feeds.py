"""RSS and Atom feeds: bytes to article addresses, newest first as the feed orders them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.discovery.links import all_absolute
from scraper.discovery.xml import local_name, parse_xml

if TYPE_CHECKING:
    from lxml import etree


def read_feed(body: bytes, base_url: str) -> list[str]:
    """Absolute addresses of the entries of an RSS 0.9x/1.0/2.0 or Atom feed.

    Raises UnreadableXml when the bytes are no XML.
    """
    root = parse_xml(body)
    entries = (node for node in root.iter() if local_name(node) in {"item", "entry"})
    return all_absolute(base_url, filter(None, map(_link, entries)))


def _link(entry: etree._Element) -> str | None:
    for child in entry:
        if local_name(child) != "link":
            continue
        href = child.get("href")
        if href and child.get("rel", "alternate") == "alternate":
            return str(href).strip()
        if child.text and child.text.strip():
            return str(child.text).strip()
    return _permalink(entry)


def _permalink(entry: etree._Element) -> str | None:
    """``guid`` of an RSS item when it says it is an address (RSS 2.0: isPermaLink defaults to true)."""
    for child in entry:
        if local_name(child) == "guid" and child.get("isPermaLink", "true").lower() == "true":
            text = (child.text or "").strip()
            return text if text.startswith(("http://", "https://")) else None
    return None
