"""Where an element of a parsed page stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.extract.page import line_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """The elements around *node*, the nearest first, up to ``body``."""
    outer = node.parent
    while outer is not None and outer.tag not in {"html", "-undef", "-document"}:
        yield outer
        outer = outer.parent


def is_below(node: LexborNode, outer: LexborNode) -> bool:
    """True when *node* is inside *outer*."""
    return any(x.mem_id == outer.mem_id for x in ancestors(node))


def is_inside(node: LexborNode, tags: frozenset[str]) -> bool:
    """True when *node* or an element around it has one of *tags*."""
    return node.tag in tags or any(x.tag in tags for x in ancestors(node))


def spaced_text(node: LexborNode) -> str:
    """Text of an element on one line, single spaces."""
    return " ".join(line_text(node).split())
