"""Pages that are no article although a request for one was answered: challenges and listings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scraper.extract.page import join_url, line_text

if TYPE_CHECKING:
    from scraper.extract.page import Page
    from scraper.sites.spec import SiteSpec

#: Letters a reader sees on a challenge page, at most; the shells met have a sentence or nothing.
_MOST_SHELL_TEXT: Final = 600
#: Distinct article links from which a page without an article counts as a listing.
_LISTING_LINKS: Final = 8

_CHALLENGE: Final = re.compile(
    r"captcha|cf[-_]chl|cf-challenge|challenge-platform|turnstile|ddos protection|just a moment"
    r"|checking your browser|attention required|are you (?:a )?human|verify you are human"
    r"|access denied|xác (?:minh|nhận|thực) (?:rằng )?bạn (?:không phải|là)|không phải là? ?(?:robot|người máy)",
    re.IGNORECASE,
)
_COOKIE: Final = re.compile(r"document\.cookie\s*=|setcookie\s*\(", re.IGNORECASE)
_RELOAD: Final = re.compile(r"location\.(?:reload|replace|href|assign)|location\s*=", re.IGNORECASE)


def is_challenge(page: Page) -> bool:
    """True for a shell that asks for a captcha, or sets a cookie and loads itself again (laodong.vn).

    A page that gives its title or address in the head is the paper's own: comment forms have captchas.
    """
    body = page.tree.body
    if body is None or page.meta("og:title") or page.canonical:
        return False
    if len(" ".join(line_text(body).split())) > _MOST_SHELL_TEXT:
        return False
    source = page.tree.html or ""
    if _CHALLENGE.search(source):
        return True
    return _COOKIE.search(source) is not None and _RELOAD.search(source) is not None


def article_links(page: Page, site: SiteSpec) -> int:
    """Number of distinct articles of the site that the page links to, itself not counted."""
    found: set[str] = set()
    for node in page.tree.css("a[href]"):
        address = join_url(page.base_url, node.attributes.get("href") or "")
        if address and _fits(site, address):
            found.add(site.article_id(address))
    return len(found - {site.article_id(page.url)})


def is_listing(page: Page, site: SiteSpec) -> bool:
    """True for a page under an address that is no article's and that links to many articles."""
    return not _fits(site, page.url) and article_links(page, site) >= _LISTING_LINKS


def links_like_a_listing(page: Page, site: SiteSpec) -> bool:
    """True when the page links to many articles, whatever its address."""
    return article_links(page, site) >= _LISTING_LINKS


def _fits(site: SiteSpec, address: str) -> bool:
    try:
        return site.is_article(address)
    except ValueError:
        return False
