"""Find the element that holds an article's text, by comparing pages of one paper with each other.

The generic path sees one page and must leave pages with lists of headlines alone. Here several pages
are known to be articles: what several of them print, links, comments and cards are no text of theirs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.extract.weights import Chunk, Element, weigh
from scraper.probe.tree import ancestors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode

    from scraper.extract.page import Page

_SHORTEST_PARAGRAPH: Final = 60
_MOST_LINKED: Final = 0.3
_HEAVIEST: Final = 600
_GRANDPARENT: Final = 0.4
#: An element around the best one is the container when it has this much more text in two more paragraphs.
_WIDER: Final = 1.3
_MOST_CLIMBS: Final = 4
_TEASERS: Final = ("...", "…")

#: What CMSs call the boxes around and inside an article.
JUNK_NAMES: Final = re.compile(
    r"relat|lien-?quan|share|chia-?se|social|comment|binh-?luan|y-?kien|phan-?hoi|feedback|(?:^|[-_])tags?(?:$|[-_])"
    r"|tu-?khoa|keyword|hashtag|banner|advert|(?:^|[-_])(?:ads?|qc)(?:$|[-_])|quang-?cao|print|toolbar|rating|vote"
    r"|breadcrumb|newsletter|subscribe|copyright|ban-?quyen|view-?more|read-?more|xem-?them|widget|tin-?khac|cung-?muc"
    r"|cung-?chuyen-?muc|recommend|sponsor|(?:^|[-_])other|sidebar|footer",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True, eq=False)
class RunningText:
    """The text of one page."""

    #: None where the page has no running text of its own.
    container: LexborNode | None
    #: Keys of its paragraphs.
    keys: frozenset[str]


def running_texts(pages: Sequence[Page]) -> tuple[RunningText, ...]:
    """The text of each page, by what it alone prints."""
    rows = [_chunks(page) for page in pages]
    counts = Counter(key for row in rows for key in {exact_key(x.text) for x in row})
    return tuple(_found([x for x in row if counts[exact_key(x.text)] == 1]) for row in rows)


def has_junk_name(node: LexborNode) -> bool:
    """True when class or id of the element say that it is no text."""
    names = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
    return any(JUNK_NAMES.search(name) for name in names.split())


def _chunks(page: Page) -> list[Chunk]:
    body = page.tree.body
    if body is None:
        return []
    return [
        chunk
        for chunk in weigh(body)
        if len(chunk.text) >= _SHORTEST_PARAGRAPH
        and chunk.share_linked < _MOST_LINKED
        and not chunk.text.endswith(_TEASERS)
        and not _is_in_junk(chunk.element)
    ]


def _is_in_junk(element: Element) -> bool:
    """True below an element with the name of a box; ``body`` and ``html`` carry names of the whole page."""
    node = element.node
    return has_junk_name(node) or any(
        x.tag not in {"body", "html", "form", "main", "article"} and has_junk_name(x)
        for x in ancestors(node)
    )


def _found(chunks: Sequence[Chunk]) -> RunningText:
    owned: dict[int, list[Chunk]] = defaultdict(list)
    elements: dict[int, Element] = {}
    for chunk in chunks:
        owned[id(chunk.element)].append(chunk)
        elements[id(chunk.element)] = chunk.element
    points: dict[int, float] = defaultdict(float)
    holders: dict[int, Element] = {}
    for key, own in owned.items():
        weight = float(sum(min(len(x.text), _HEAVIEST) for x in own))
        # paragraphs between line breaks: the element holds them itself
        place = elements[key] if len(own) > 1 else elements[key].parent
        for share in (1.0, _GRANDPARENT):
            if place is None:
                break
            points[id(place)] += share * weight
            holders[id(place)] = place
            place = place.parent
    best = max(holders.values(), key=lambda x: points[id(x)], default=None)
    if best is None:
        return RunningText(container=None, keys=frozenset())
    best = _widened(best, chunks)
    return RunningText(
        container=best.node, keys=frozenset(exact_key(x.text) for x in _below(best, chunks))
    )


def _widened(best: Element, chunks: Sequence[Chunk]) -> Element:
    outer = best.parent
    for _ in range(_MOST_CLIMBS):
        if outer is None:
            break
        mine, theirs = _below(best, chunks), _below(outer, chunks)
        if len(theirs) >= len(mine) + 2 and _letters(theirs) >= _WIDER * _letters(mine):
            best = outer
        outer = outer.parent
    return best


def _below(outer: Element, chunks: Sequence[Chunk]) -> list[Chunk]:
    return [x for x in chunks if any(y is outer for y in _around(x.element))]


def _around(element: Element) -> list[Element]:
    found = [element]
    while (parent := found[-1].parent) is not None:
        found.append(parent)
    return found


def _letters(chunks: Sequence[Chunk]) -> int:
    return sum(len(x.text) for x in chunks)
