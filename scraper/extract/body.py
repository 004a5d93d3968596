"""Cut the article's container out of the page by the selectors of a layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from scraper.extract.page import is_whole_line, line_text
from scraper.sites.spec import ROLE_ATTRIBUTE, Layout, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from scraper.extract.page import Page

#: The longest byline met has 60 characters; longer text under a byline selector is something else.
LONGEST_BYLINE: Final = 120
#: Pictures written into the page itself; nobody reads their bytes here.
_DATA_URI: Final = re.compile(r'="data:[^"]{64,}"')
#: Adverts come in frames as well, but not from these.
_PLAYERS: Final = (
    'video, audio, iframe[src*="youtube"], iframe[src*="video"], iframe[src*="player"],'
    ' iframe[data-src*="youtube"], [class*="video-player"], [class*="video-embed"]'
)


@attrs.frozen(kw_only=True)
class Cut:
    """The article's container with role marks, and what it was found by."""

    layout: Layout
    #: ``rule``, ``fallback`` or ``second_opinion``.
    source: str
    node: LexborNode = attrs.field(eq=False, repr=False)
    #: Letters of the paragraphs in the container, and of all on the page; counted where no rule found it.
    letters: int = 0
    letters_on_page: int = 0

    @property
    def html(self) -> str:
        """The container as HTML, without pictures written into the page."""
        return _DATA_URI.sub('=""', self.node.html or "")


def cut_by_layout(page: Page, layouts: Iterable[Layout]) -> Cut | None:
    """The container of the first layout that fits the page, or None.

    A layout fits when one of its ``body`` selectors finds an element, be it empty: a page that has
    the container and no text in it has no text anywhere else.
    """
    for layout in layouts:
        for selector in layout.body:
            node = page.first(selector) or page.tree.css_first(selector)
            if node is not None:
                mark_roles(node, layout)
                return Cut(node=node, layout=layout, source="rule")
    return None


def holds_player(cut: Cut) -> bool:
    """True when the container shows a film or plays a sound."""
    return cut.node.css_first(_PLAYERS) is not None


def mark_roles(container: LexborNode, layout: Layout) -> None:
    """Set the role of what the layout names in *container*; sapo and byline are kept elsewhere, so dropped.

    Only the container is searched: on the whole page this was a tenth of the time of a page (measured).
    """
    for selectors, role in (
        (layout.figure, Role.FIGURE),
        (layout.caption, Role.CAPTION),
        (layout.drop, Role.DROP),
    ):
        for selector in selectors:
            for node in container.css(selector):
                set_role(node, role)
    for selector in layout.sapo:
        for node in container.css(selector):
            if is_whole_line(node):
                set_role(node, Role.DROP)
    for selector in layout.byline:
        byline = byline_node(container, selector)
        if byline is not None:
            set_role(byline, Role.DROP)


def set_role(node: LexborNode, role: Role) -> None:
    """Mark one element."""
    node.attrs[ROLE_ATTRIBUTE] = role.value


def byline_node(place: LexborNode | LexborHTMLParser, selector: str) -> LexborNode | None:
    """The last element of *place* that fits and is short enough: bylines close the text."""
    for node in reversed(place.css(selector)):
        if 0 < len(line_text(node).strip()) <= LONGEST_BYLINE:
            return node
    return None
