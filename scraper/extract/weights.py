"""Weigh the text of a parsed page: which element holds the paragraphs, and how much of it is links.

One walk over the tree without recursion. Text between block elements (or line breaks) is a chunk; a
chunk long enough to be a paragraph gives points to the elements around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.spacing import single_spaced
from archive.vietnamese import has_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

_INLINE: Final = frozenset({
    "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "ins", "label", "mark", "o:p", "q", "s", "small",
    "span", "strong", "sub", "sup", "time", "u",
})  # fmt: skip
_UNREAD: Final = frozenset({
    "script", "style", "noscript", "template", "select", "textarea", "button", "nav", "footer", "aside", "head",
    "iframe", "svg", "title", "xml",
})  # fmt: skip

#: Shorter chunks are headings, links, captions.
_SHORTEST_PARAGRAPH: Final = 60
#: Letters beyond this add no weight: one giant block must not outweigh many paragraphs.
_HEAVIEST: Final = 600
#: Chunks with fewer letters, or with a smaller share of link text, are no headlines.
_SHORTEST_HEADLINE: Final = 15
_LEAST_LINKED_HEADLINE: Final = 0.7
#: A headline may have its date behind it: with this share of link text, that is looked for.
_MAYBE_DATED: Final = 0.4
_DATE_BEHIND: Final = re.compile(
    r"(?<=\S)[\s(\[|-]*(?:\d{1,2}:\d{2}[\s,|-]*)?\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{4})?(?:[\s,|-]*\d{1,2}:\d{2})?[\s)\]]*$"
)
#: A box of other articles has so many headlines, and so much of its letters in them.
_BOX_HEADLINES: Final = 2
_BOX_LINKED: Final = 0.5
#: Points an element gets for the paragraphs of a child, and for those of a grandchild.
_PARENT, _GRANDPARENT = 1.0, 0.4
#: A chunk that ends in dots is a teaser; one without Vietnamese marks is code or another language.
_TEASER, _UNMARKED = 0.3, 0.5
_MOST_LINKED_PARAGRAPH: Final = 0.3
_TEASER_ENDS: Final = ("...", "…")
#: Work is bounded by this many nodes; the largest saved page has about 6,000.
_MOST_NODES: Final = 300_000


@attrs.define(eq=False)
class Element:
    """A block element with the weight of the text in and below it."""

    node: LexborNode
    parent: Element | None
    points: float = attrs.field(default=0.0, init=False)
    #: Letters, letters in links, paragraphs and linked headlines in and below the element.
    letters: int = attrs.field(default=0, init=False)
    linked: int = attrs.field(default=0, init=False)
    paragraphs: int = attrs.field(default=0, init=False)
    headlines: int = attrs.field(default=0, init=False)
    #: Weight and number of its own paragraphs.
    _weight: float = attrs.field(default=0.0, init=False)
    _own_paragraphs: int = attrs.field(default=0, init=False)

    @property
    def share_linked(self) -> float:
        """Share of the letters that are link text."""
        return self.linked / self.letters if self.letters else 0.0

    @property
    def is_link_box(self) -> bool:
        """True for a list of other articles: headlines, most of its letters in them, no paragraph."""
        return (
            self.headlines >= _BOX_HEADLINES
            and not self.paragraphs
            and self.share_linked >= _BOX_LINKED
        )

    def count(self, parts: list[str], linked: int) -> Chunk | None:
        """Count a chunk made of *parts*, *linked* letters of it in links; None when it is empty."""
        text = single_spaced(parts[0] if len(parts) == 1 else "".join(parts))
        letters = len(text)
        if not letters:
            return None
        linked = min(linked, letters)
        self.letters += letters
        self.linked += linked
        share = linked / letters
        if _MAYBE_DATED <= share < _LEAST_LINKED_HEADLINE:
            share = min(1.0, linked / len(_DATE_BEHIND.sub("", text)))
        # links within a sentence are no headlines
        if share >= _LEAST_LINKED_HEADLINE:
            self.headlines += letters >= _SHORTEST_HEADLINE
        elif letters >= _SHORTEST_PARAGRAPH and share < _MOST_LINKED_PARAGRAPH:
            self.paragraphs += 1
            self._own_paragraphs += 1
            self._weight += _weight(text)
        return Chunk(self, text, share)

    def close(self) -> None:
        """Pass the numbers of the finished element on to those around it."""
        total = self._weight
        # paragraphs between line breaks: the element holds them itself
        is_container = self._own_paragraphs > 1
        if is_container:
            self.points += total
        parent = self.parent
        if parent is None:
            return
        parent.letters += self.letters
        parent.linked += self.linked
        parent.paragraphs += self.paragraphs
        if self.headlines and not self.is_link_box:
            parent.headlines += self.headlines
        if not total:
            return
        parent.points += total * (_GRANDPARENT if is_container else _PARENT)
        if parent.parent is not None and not is_container:
            parent.parent.points += total * _GRANDPARENT


@attrs.define(eq=False)
class Chunk:
    """Text between two block boundaries."""

    element: Element
    text: str
    #: Share of it that is link text.
    share_linked: float


def weigh(root: LexborNode, *, until: LexborNode | None = None) -> Iterator[Chunk]:  # noqa: C901, PLR0912  calls for each node would take a third longer
    """Chunks below *root* in reading order; their elements' numbers are complete after the last one.

    Stops before *until*. Scripts, menus, footers and sidebars (by element name) are not read.

    One loop over plain names: with objects and calls for each of a page's thousand nodes it took a
    third longer (measured).
    """
    stop = until.mem_id if until is not None else None
    # What is being read: children of a node, the innermost block element around them, whether they
    # are in a link, and whether the block ends with them (they are not those of an inline element).
    children, element, in_link, ends_block = _children(root), Element(root, None), False, True
    pending: list[tuple[Iterator[LexborNode], Element, bool, bool]] = []
    parts: list[str] = []
    linked = 0
    for _ in range(_MOST_NODES):
        node = next(children, None)
        if node is None:
            if ends_block:
                if parts and (chunk := element.count(parts, linked)) is not None:
                    yield chunk
                parts, linked = [], 0
                if element.letters:
                    element.close()
            if not pending:
                return
            children, element, in_link, ends_block = pending.pop()
            continue
        if stop is not None and node.mem_id == stop:
            return
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            if parts or not text.isspace():  # most text nodes only indent the markup
                parts.append(text)
                linked += len(text.strip()) if in_link else 0
            continue
        if tag in _UNREAD or not node.is_element_node:
            continue
        is_inline = tag in _INLINE
        if not is_inline:
            if parts and (chunk := element.count(parts, linked)) is not None:
                yield chunk
            parts, linked = [], 0
        if tag != "br":
            pending.append((children, element, in_link, ends_block))
            children, in_link, ends_block = _children(node), in_link or tag == "a", not is_inline
            element = element if is_inline else Element(node, element)


def _children(node: LexborNode) -> Iterator[LexborNode]:
    return node.iter(include_text=True)


def _weight(text: str) -> float:
    weight = float(min(len(text), _HEAVIEST))
    if text.endswith(_TEASER_ENDS):
        weight *= _TEASER
    return weight if has_marks(text) else weight * _UNMARKED
