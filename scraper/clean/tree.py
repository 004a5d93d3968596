"""The cut subtree as a BeautifulSoup tree, built from the nodes lexbor has already parsed.

Serialising the subtree and parsing it a second time cost a fifth of the time of a page (measured:
0.36 ms against 0.21); the tree that comes out is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

_TEXT: Final = "-text"
#: Lexbor's names of comments, doctypes and other nodes that are neither text nor element.
_NO_ELEMENT: Final = ("-", "!", "_")


def soup_of(container: LexborNode) -> BeautifulSoup:
    """BeautifulSoup tree of *container* and all it holds, without comments; depth does not matter."""
    return BeautifulSoup("", builder=_SubtreeBuilder(container))


class _SubtreeBuilder(HTMLTreeBuilder):
    """Feeds BeautifulSoup from nodes instead of markup."""

    NAME = "lexbor-subtree"

    def __init__(self, container: LexborNode) -> None:
        super().__init__(multi_valued_attributes={})
        self._container = container

    def prepare_markup(self, *_: object, **__: object) -> Iterable[tuple[str, None, None, bool]]:
        yield "", None, None, False

    def feed(self, markup: object) -> None:  # noqa: ARG002  there is none; the nodes are fed
        soup = self.soup
        assert soup is not None  # noqa: S101  BeautifulSoup has just set it
        pending: list[tuple[str, Iterator[LexborNode]]] = []
        self._enter(soup, self._container, pending)
        while pending:
            name, children = pending[-1]
            node = next(children, None)
            if node is None:
                pending.pop()
                soup.handle_endtag(name)
            elif node.tag == _TEXT:
                soup.handle_data(node.text_content or "")
            elif not (node.tag or "-").startswith(_NO_ELEMENT):
                self._enter(soup, node, pending)

    def _enter(
        self,
        soup: BeautifulSoup,
        node: LexborNode,
        pending: list[tuple[str, Iterator[LexborNode]]],
    ) -> None:
        name = node.tag or ""
        attributes = {key: value or "" for key, value in node.attributes.items()}
        soup.handle_starttag(name, None, None, attributes)
        pending.append((name, node.iter(include_text=True)))
