"""Whether an article goes on at further addresses, which only differ by the number of a page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from scraper.extract.body import set_role
from scraper.extract.page import join_url, line_text
from scraper.sites.spec import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.body import Cut
    from scraper.extract.page import Page

_NAMES: Final = frozenset({"page", "p", "trang", "paged"})
_IN_PATH: Final = re.compile(
    r"/(?:trang|page)[-/]?(?P<a>[1-9]\d?)/?$|[-_](?:trang|page)-?(?P<b>[1-9]\d?)(?=\.\w{2,5}$)"
)
#: ``/bai-viet/2/``, as WordPress cuts a post; believed only where the head calls it the next page.
_BARE: Final = re.compile(r"(?<=[^/])/(?P<n>[1-9]\d?)/?$")
#: What a pager says besides numbers.
_PAGER: Final = re.compile(
    r"(?:\d|trang|page|bài viết|tiếp theo|tiếp|trước|sau|đầu|cuối|next|previous|prev|\W)+",
    re.IGNORECASE,
)
_LONGEST_PAGER: Final = 120
#: Links looked at on a page; each costs the text around it.
_MOST_LINKS: Final = 30
#: Boxes with pages of their own: comments, other articles.
_OTHER_BOX: Final = re.compile(
    r"comment|binh-?luan|y-?kien|relat|lien-?quan|cung-?chuyen|other|khac|news-?list|list-?news",
    re.IGNORECASE,
)


class _Place(NamedTuple):
    """An address without the number of its page, and that number."""

    host: str
    path: str
    query: str
    number: int | None


def mark_pager(page: Page, cut: Cut | None, own_addresses: Collection[str]) -> bool:
    """True when the page is one of several that hold the article; the links between them are no text of it.

    The head says so (``rel="next"``, ``rel="prev"``), or a pager in or beside the container that links
    to one of *own_addresses*. Another article's address never counts, nor do the pages of a list of
    comments.
    """
    own = _place(page.url)
    found = own is not None and any(_continues(own, x, bare=True) for x in _named_in_head(page))
    if own is None or not any(_continues(own, x) for x in own_addresses) or cut is None:
        return found
    beside = cut.node.parent or cut.node
    for link in islice(_continuing(page, beside, own), _MOST_LINKS):
        if (pager := _pager_of(link)) is not None:
            set_role(pager, Role.DROP)
            found = True
    return found


def _continuing(page: Page, place: LexborNode, own: _Place) -> Iterator[LexborNode]:
    for link in place.css("a[href]"):
        address = join_url(page.base_url, link.attributes.get("href") or "")
        if address and _continues(own, address):
            yield link


def _named_in_head(page: Page) -> Iterator[str]:
    head = page.tree.head
    for node in head.css('link[rel="next"], link[rel="prev"]') if head is not None else ():
        address = join_url(page.base_url, node.attributes.get("href") or "")
        if address:
            yield address


def _continues(own: _Place, address: str, *, bare: bool = False) -> bool:
    """True when *address* is another page of what stands at *own*."""
    other = _place(address)
    if other is None or other.host != own.host:
        return False
    if bare and other.number is None and own.number is None and (match := _BARE.search(other.path)):
        other = other._replace(path=other.path[: match.start()], number=int(match["n"]))
    same = (other.path.rstrip("/"), other.query) == (own.path.rstrip("/"), own.query)
    return same and (other.number or 1) != (own.number or 1)


def _place(address: str) -> _Place | None:
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return None
    numbers = [int(x) for key, x in pairs if key.lower() in _NAMES and _is_number(x)]
    query = urlencode([x for x in pairs if x[0].lower() not in _NAMES or not _is_number(x[1])])
    path = parts.path
    if match := _IN_PATH.search(path):
        path = path[: match.start()] + path[match.end() :]
        numbers.append(int(match["a"] or match["b"]))
    host = parts.netloc.lower().removeprefix("www.")
    return _Place(host, path, query, numbers[0] if numbers else None)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) <= 2  # noqa: PLR2004 - pages, no years or ids


def _pager_of(link: LexborNode) -> LexborNode | None:
    """The widest element around *link* that is a pager and nothing else; None in another box."""
    pager: LexborNode | None = None
    node: LexborNode | None = link
    is_pager = True
    while node is not None and node.tag != "body":
        attributes = node.attributes
        if _OTHER_BOX.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''}"):
            return None
        if is_pager:
            text = line_text(node).strip()
            is_pager = 0 < len(text) <= _LONGEST_PAGER and _PAGER.fullmatch(text) is not None
            pager = node if is_pager else pager
        node = node.parent
    return pager
