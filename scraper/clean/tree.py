"""The cut subtree as a BeautifulSoup tree, built from the nodes lexbor has already parsed.

Serialising the subtree and parsing it a second time cost a fifth of the time of a page. The tree that
comes out is the same, but for white space, which stays as it stands on the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder
from bs4.element import NavigableString, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bs4.element import PageElement
    from selectolax.lexbor import LexborNode

_TEXT: Final = "-text"
#: Lexbor's names of comments, doctypes and other nodes that are neither text nor element.
_NO_ELEMENT: Final = ("-", "!", "_")


def soup_of(container: LexborNode) -> BeautifulSoup:
    """BeautifulSoup tree of *container* and all it holds, without comments; depth does not matter.

    Call ``decompose()`` on it after use: its links are circles, which would otherwise stay in memory
    until the garbage collector finds them.
    """
    return BeautifulSoup("", builder=_SubtreeBuilder(container))


class _SubtreeBuilder(HTMLTreeBuilder):
    """Feeds BeautifulSoup from nodes instead of markup."""

    NAME = "lexbor-subtree"

    def __init__(self, container: LexborNode) -> None:
        super().__init__(multi_valued_attributes={})
        self._container: LexborNode | None = container

    def prepare_markup(self, *_: object, **__: object) -> Iterable[tuple[str, None, None, bool]]:
        yield "", None, None, False

    def feed(self, markup: object) -> None:  # noqa: ARG002  there is none; the nodes are fed
        """Link elements and strings one by one.

        ``handle_starttag`` and its like keep books for markup that is not well formed. A tree that is
        parsed already needs none of that, and is built in half the time (measured).
        """
        container, self._container = self._container, None
        soup = self.soup
        assert soup is not None  # noqa: S101  BeautifulSoup has just set it
        assert container is not None  # noqa: S101  a builder feeds one soup
        last: PageElement = soup
        pending = [_Open(soup, iter((container,)), NavigableString)]
        text = ""
        while pending:
            parent = pending[-1]
            node = next(parent.children, None)
            name = "" if node is None else node.tag or "-"
            if node is not None and name == _TEXT:
                text += node.text_content or ""
            elif not name.startswith(_NO_ELEMENT):
                if text:
                    last, text = _linked(parent.strings(text), parent.tag, last), ""
                if node is None:
                    pending.pop()
                    continue
                last = tag = self._tag(name, node, parent.tag, last)
                strings = self.string_containers.get(name, parent.strings)
                pending.append(_Open(tag, node.iter(include_text=True), strings))

    def _tag(self, name: str, node: LexborNode, parent: Tag, last: PageElement) -> Tag:
        attributes = {key: value or "" for key, value in node.attributes.items()}
        tag = Tag(self.soup, self, name, None, None, attributes, parent, last)
        parent.contents.append(tag)
        return tag


@attrs.define(eq=False)
class _Open:
    """An element whose children are being read, and the class of the strings in it."""

    tag: Tag
    children: Iterator[LexborNode]
    strings: type[NavigableString]


def _linked(string: NavigableString, parent: Tag, last: PageElement) -> NavigableString:
    string.setup(parent, last)
    parent.contents.append(string)
    return string
