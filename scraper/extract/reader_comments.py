"""What readers wrote below an article, where it stands in the article's container: found by its heading.

Comments are paragraphs like those of the text; on pages whose names say nothing only the heading above
them tells them from it, and the short lines (names, dates, "Trả lời") that stand between them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key
from scraper.extract.body import set_role
from scraper.sites.spec import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.extract.weights import Chunk, Element

_HEADING: Final = re.compile(
    r"(?:(?:các )?(?:ý kiến|bình luận|phản hồi|comments?)(?: (?:của|từ))?(?: (?:bạn đọc|độc giả|người đọc|bạn))?"
    r"|bạn đọc (?:viết|bình luận|phản hồi|góp ý)|(?:gửi|viết) (?:bình luận|ý kiến|phản hồi)(?: của bạn)?"
    r"|\d{1,4} (?:bình luận|ý kiến|phản hồi|comments?))(?: ?\(?\d{1,4}\)?)?\W*"
)
_LONGEST_HEADING: Final = 40
#: Shorter chunks are no paragraphs.
_SHORTEST_PARAGRAPH: Final = 60
#: Letters of paragraphs above the heading: a label above the text is no heading of comments.
_LEAST_ABOVE: Final = 140


def mark_comments(container: Element, chunks: Sequence[Chunk]) -> None:
    """Drop the readers' comments among the *chunks* of the *container*."""
    for at in _headings(chunks):
        box = _box(chunks[at], chunks[at - 1], container)
        if box.letters > len(chunks[at].text):
            set_role(box.node, Role.DROP)
            return
        if box is not container and _alternate(chunks[at + 1 :]):
            _drop_from(box)
            return


def comment_boxes(chunks: Sequence[Chunk]) -> set[Element]:
    """The boxes of comments on the page (its *chunks*), which may outweigh the article."""
    boxes: set[Element] = set()
    for at in _headings(chunks):
        box = _box(chunks[at], chunks[at - 1], None)
        inside = [x for x in chunks[at + 1 :] if _stands_in(x.element, box)]
        # a section's name above its article is no heading of comments
        if inside and _alternate(inside):
            boxes.add(box)
    return boxes


def _headings(chunks: Sequence[Chunk]) -> Iterator[int]:
    """Places of the headings of comments; none above the first paragraphs."""
    above = 0
    for at, chunk in enumerate(chunks):
        if len(chunk.text) >= _SHORTEST_PARAGRAPH:
            above += len(chunk.text)
        elif above >= _LEAST_ABOVE and _is_heading(chunk):
            yield at


def _is_heading(chunk: Chunk) -> bool:
    return (
        len(chunk.text) <= _LONGEST_HEADING
        and chunk.element.letters == len(chunk.text)
        and _says_comments(chunk.text)
    )


@lru_cache(maxsize=512)  # menus and footers are the same on every page of a paper
def _says_comments(line: str) -> bool:
    return _HEADING.fullmatch(exact_key(line)) is not None


def _box(heading: Chunk, before: Chunk, container: Element | None) -> Element:
    """The outermost element that begins with the heading: nothing of *before* stands in it."""
    earlier = set()
    outer: Element | None = before.element
    while outer is not None:
        earlier.add(outer)
        outer = outer.parent
    box = heading.element
    while box.parent is not None and box.parent is not container and box.parent not in earlier:
        box = box.parent
    return box


def _alternate(chunks: Sequence[Chunk]) -> bool:
    """True where every paragraph has a short line of its own, as comments have and a text has not."""
    long = sum(len(x.text) >= _SHORTEST_PARAGRAPH for x in chunks)
    return bool(chunks) and len(chunks) - long >= long


def _stands_in(element: Element, box: Element) -> bool:
    outer: Element | None = element
    while outer is not None and outer is not box:
        outer = outer.parent
    return outer is box


def _drop_from(box: Element) -> None:
    """Drop the element and all that follow it beside it."""
    node = box.node
    set_role(node, Role.DROP)
    while (following := node.next) is not None:
        node = following
        if node.is_element_node:
            set_role(node, Role.DROP)
