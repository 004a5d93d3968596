"""Pages that would keep a reader busy for long: seen in the bytes before any parsing, or by their text after it."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

#: The saved pages of provincial papers have 11 to 160 KB; what is larger than this is no article.
MAX_PAGE_BYTES: Final = 8 << 20

#: Measured with lexbor: 15,000 nested div elements take 0.3 s, 100,000 take 13 s (the time grows with
#: the square). Pages with fewer tags need no closer look; the largest saved one has 3,000.
_HARMLESS_TAGS: Final = 6_000
_DEEPEST: Final = 3_000
#: Measured as well: 20,000 attributes in one tag take 0.7 s, 100,000 take 17 s.
_HARMLESS_BYTES: Final = 36 << 10
_MOST_ATTRIBUTES: Final = 5_000
#: All the work after parsing grows with tags and text, by 10 to 20 µs a tag and 0.5 µs a character (measured).
#: Two and a half times the tags of the largest saved and public pages (3,229), and many times its text, stay under 0.3 s.
_MOST_TAGS: Final = 8_000
MOST_TEXT: Final = 400_000

_TAG: Final = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_LONG_TAG: Final = re.compile(rb"<[a-zA-Z][^<>]{32768,}")
#: Wherever such a tag stands, it holds one whole piece of this size, counted from the beginning.
_PIECE: Final = 16384
_VALUE: Final = re.compile(rb"=\s*(?:\"[^\"]*\"|'[^']*')")
_ATTRIBUTE: Final = re.compile(rb"[^\s/]+")
#: Elements without end tag, or whose end tag is left out so often that counting them misleads.
_UNCOUNTED: Final = frozenset({
    b"area", b"base", b"br", b"col", b"dd", b"dt", b"embed", b"hr", b"img", b"input", b"li", b"link", b"meta",
    b"option", b"p", b"param", b"path", b"source", b"td", b"th", b"tr", b"track", b"wbr",
})  # fmt: skip


def why_not_parsed(body: bytes) -> str | None:
    """Why *body* must not be given to the parser, for people; None when nothing is wrong with it."""
    if len(body) > MAX_PAGE_BYTES:
        return f"{len(body):,} bytes are no newspaper page (at most {MAX_PAGE_BYTES:,})"
    if (tags := body.count(b"<")) > _HARMLESS_TAGS:
        if _is_too_deep(body):
            return f"elements nested more than {_DEEPEST:,} deep"
        if tags > _MOST_TAGS:
            return f"{tags:,} tags (at most {_MOST_TAGS:,})"
    if len(body) > _HARMLESS_BYTES and _may_hold_long_tag(body):
        for tag in _LONG_TAG.finditer(body):
            # no space need stand between two attributes
            if len(_ATTRIBUTE.findall(_VALUE.sub(b" ", tag[0]))) > _MOST_ATTRIBUTES:
                return f"a tag with more than {_MOST_ATTRIBUTES:,} attributes"
    return None


def why_not_read(text: str) -> str | None:
    """Why *text*, all that a parsed page shows, is too long to be looked at; None when it is not."""
    if len(text) > MOST_TEXT:
        return f"{len(text):,} characters of text (at most {MOST_TEXT:,})"
    return None


def _may_hold_long_tag(body: bytes) -> bool:
    """A quick look: False where ``_LONG_TAG`` finds nothing. Pages of all kinds have a sign in every piece."""
    return any(
        body.find(b"<", at, at + _PIECE) < 0 and body.find(b">", at, at + _PIECE) < 0
        for at in range(0, len(body) - _PIECE + 1, _PIECE)
    )


def _is_too_deep(body: bytes) -> bool:
    """True when more than ``_DEEPEST`` elements are open at once, by counting the first ``_MOST_TAGS`` tags.

    A page with more tags is refused in any case, so the others need no look: a million of them took 0.4 s.
    """
    depth = 0
    for tag in islice(_TAG.finditer(body), _MOST_TAGS):
        if tag[2].lower() in _UNCOUNTED:
            continue
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        if depth > _DEEPEST:
            return True
    return False
