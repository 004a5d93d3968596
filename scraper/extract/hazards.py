"""Pages that would keep a parser busy for minutes; recognised in the bytes, before any parsing."""

from __future__ import annotations

import re
from typing import Final

#: The saved pages of provincial papers have 11 to 160 KB; what is larger than this is no article.
MAX_PAGE_BYTES: Final = 8 << 20

#: Measured with lexbor: 15,000 nested div elements take 0.3 s, 100,000 take 13 s (the time grows with
#: the square). Pages with fewer tags need no closer look; the largest saved one has 3,000.
_HARMLESS_TAGS: Final = 15_000
_DEEPEST: Final = 3_000
#: Measured as well: 20,000 attributes in one tag take 0.7 s, 100,000 take 17 s.
_HARMLESS_BYTES: Final = 256 << 10
_MOST_SPACES: Final = 5_000

_TAG: Final = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_LONG_TAG: Final = re.compile(rb"<[a-zA-Z][^<>]{32768,}")
#: Elements without end tag, or whose end tag is left out so often that counting them misleads.
_UNCOUNTED: Final = frozenset({
    b"area", b"base", b"br", b"col", b"dd", b"dt", b"embed", b"hr", b"img", b"input", b"li", b"link", b"meta",
    b"option", b"p", b"param", b"path", b"source", b"td", b"th", b"tr", b"track", b"wbr",
})  # fmt: skip


def why_not_parsed(body: bytes) -> str | None:
    """Why *body* must not be given to the parser, for people; None when nothing is wrong with it."""
    if len(body) > MAX_PAGE_BYTES:
        return f"{len(body):,} bytes are no newspaper page (at most {MAX_PAGE_BYTES:,})"
    if body.count(b"<") > _HARMLESS_TAGS and (depth := _depth(body)) > _DEEPEST:
        return f"elements nested {depth:,} deep (at most {_DEEPEST:,})"
    if len(body) > _HARMLESS_BYTES:
        for tag in _LONG_TAG.finditer(body):
            if len(tag[0].split()) > _MOST_SPACES:
                return f"a tag with more than {_MOST_SPACES:,} attributes"
    return None


def _depth(body: bytes) -> int:
    """Greatest number of elements open at once, by counting tags."""
    depth = deepest = 0
    for closing, name in _TAG.findall(body):
        if name.lower() in _UNCOUNTED:
            continue
        depth = max(depth - 1, 0) if closing else depth + 1
        deepest = max(deepest, depth)
    return deepest
