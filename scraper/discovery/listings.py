"""Section pages in HTML: bytes to the links of the list proper."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from scraper.discovery.links import absolute


def read_listing(body: bytes, base_url: str, links: str | None) -> list[str]:
    """Absolute addresses of the links on a listing page, in page order, each once.

    *links* is the CSS selector of the list's own links (papers mix lists with side boxes, measured:
    165 links, 78 distinct); None takes every link of the page.
    """
    tree = LexborHTMLParser(body)
    base = tree.css_first("base[href]")
    root = absolute(base_url, (base.attributes.get("href") or "") if base else "") or base_url
    found: dict[str, None] = {}
    for node in tree.css(links or "a[href]"):
        href = node.attributes.get("href")
        if href and not href.startswith(("#", "javascript:", "mailto:", "tel:")):
            url = absolute(root, href)
            if url is not None:
                found[url.partition("#")[0]] = None
    return list(found)
