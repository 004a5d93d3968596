"""The headline that a page prints, for pages whose head says more than the title or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key
from scraper.extract.page import line_text
from scraper.extract.surroundings import HEADINGS, MOST_HEADINGS
from scraper.extract.weights import weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.body import Cut
    from scraper.extract.page import Page

_SHORTEST_TITLE: Final = 15
_MOST_CLIMBS: Final = 4


def printed_title(page: Page, cut: Cut, title: str) -> str | None:
    """The headline on the page, where *title*, that of the title element, holds more or something else.

    A headline that is part of the title element's text is the title without the names around it. Where no
    part of that text is printed as a headline, it describes the paper, and the last headline before the
    text is the title.
    """
    whole = exact_key(title)
    before: str | None = None
    for node in _headings_before(page, cut.node):
        text = " ".join(line_text(node).split())
        key = exact_key(text)
        if len(key) < _SHORTEST_TITLE or node.css_first("a") is not None:
            continue
        if key == whole:
            return None
        if key in whole:
            return text
        before = text
    return before


def _headings_before(page: Page, container: LexborNode) -> Iterator[LexborNode]:
    """Headlines in reading order, up to the text's first paragraph."""
    body = page.tree.body
    if body is None:
        return
    wanted = {node.mem_id for x in HEADINGS for node in page.tree.css(x)[:MOST_HEADINGS]}
    for chunk in weigh(body):
        node = chunk.element.node
        if node.mem_id in wanted:
            yield node
        elif chunk.element.paragraphs and _is_inside(node, container):
            return


def _is_inside(node: LexborNode, container: LexborNode) -> bool:
    around: LexborNode | None = node
    for _ in range(_MOST_CLIMBS):
        if around is None:
            return False
        if around.mem_id == container.mem_id:
            return True
        around = around.parent
    return False
