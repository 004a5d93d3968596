"""Whether the text of a page can be read: decoded where it is in an old encoding, refused where letters are lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
from selectolax.lexbor import LexborHTMLParser

from scraper.extract import legacy

if TYPE_CHECKING:
    from scraper.extract.body import Cut
    from scraper.extract.page import Page

#: A question mark (or U+FFFD) inside or before a word stands for a letter that no longer exists.
_LOST_WORD: Final = re.compile(r"[A-Za-z][?\ufffd]+[A-Za-z]|(?<!\S)[?\ufffd]+[a-z]|\ufffd")
_MOST_LOST: Final = 0.15
_FEWEST_LOST: Final = 2


def in_unicode(page: Page, cut: Cut | None) -> Page | None:
    """The page with its text decoded from TCVN3, VNI or VIQR; None when it is in none of them.

    Most pages are told apart by a quick look at title and container.
    """
    if not legacy.may_be_legacy(_sample(page, cut)):
        return None
    decoded = legacy.decoded(page.tree.html or "")
    if decoded is None:
        return None
    # the Western charset that such pages declare or lack is no choice of ours
    return attrs.evolve(
        page, tree=LexborHTMLParser(decoded.source), decoded_as=(decoded.scheme.value,)
    )


def has_lost_letters(text: str) -> bool:
    """True when so many words hold a question mark for a letter that nobody could read them."""
    if text.count("?") + text.count("\ufffd") < _FEWEST_LOST:
        return False
    lost = sum(1 for _ in _LOST_WORD.finditer(text))
    return lost >= _FEWEST_LOST and lost > _MOST_LOST * len(text.split())


def _sample(page: Page, cut: Cut | None) -> str:
    title = page.meta("og:title") or ""
    node = cut.node if cut is not None else page.tree.body
    text = node.text() if node is not None else ""
    if not text.strip():
        heading = page.tree.css_first("title")
        title += heading.text() if heading is not None else ""
    return f"{title}\n{text}"
