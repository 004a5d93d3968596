"""Bodies that the paper sends encoded and its page script decodes: found, never decoded.

baophutho.vn and baothanhhoa.vn do so. In running text ``clean`` finds the lines; here are the other
places: scripts, hidden fields and elements, attributes. Only looked at when a page has hardly any text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.extract.body import Cut
    from scraper.extract.page import Page

_RUN: Final = re.compile(r"(?<!base64,)(?<![\w+/=%-])[A-Za-z0-9+/=_%-]{60,}")
#: Characters in such runs; an article of two paragraphs has more. Elsewhere on the page keys and
#: pictures are written so, too.
_IN_CONTAINER: Final = 200
_ON_PAGE: Final = 600
_HYPHENS: Final = 0.05
_HIDDEN: Final = (
    'input[type="hidden"], textarea, [hidden], [style*="display:none"], [style*="display: none"]'
)
_MOST_PLACES: Final = 200


def holds_encoded_body(page: Page, cut: Cut | None) -> bool:
    """True when the container, a script or a hidden element holds a long text in base64 or escapes."""
    if cut is not None and _encoded(cut.html) >= _IN_CONTAINER:
        return True
    return any(_encoded(text) >= _ON_PAGE for text in _hidden_texts(page))


def _hidden_texts(page: Page) -> Iterator[str]:
    for node in page.tree.css("script:not([src])")[:_MOST_PLACES]:
        if "json" not in (node.attributes.get("type") or ""):
            yield node.text()
    for node in page.tree.css(_HIDDEN)[:_MOST_PLACES]:
        yield node.attributes.get("value") or node.text()


def _encoded(text: str) -> int:
    """Characters of *text* in runs that look encoded."""
    return sum(len(run) for run in _RUN.findall(text) if _looks_encoded(run))


def _looks_encoded(run: str) -> bool:
    """Base64, hexadecimal digits or percent escapes; not the slug of an address."""
    if run.count("-") + run.count("_") > _HYPHENS * len(run) or run.count("/") > len(run) / 10:
        return False
    kinds = (str.isupper, str.islower, str.isdigit)
    is_hex = not run.strip("0123456789abcdefABCDEF")
    return is_hex or all(any(map(kind, run)) for kind in kinds)
