"""Article pages of one paper as the search for its selectors needs them: parsed, with landmarks."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.clean.text import clean_line
from scraper.extract.jsonld import texts
from scraper.extract.page import line_text, read_page
from scraper.probe.running_text import running_texts
from scraper.probe.tree import is_below, is_inside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from selectolax.lexbor import LexborNode

    from archive.model import Capture
    from scraper.extract.page import Page

#: Parts of a title element: headline, section, paper.
TITLE_SEPARATOR: Final = re.compile(r"\s+(?:[-–—|»·]|::)\s+")
_HEADINGS: Final = (
    "h1", "h2", "h3", "h4", '[class*="title" i]', '[class*="tieu" i]', '[class*="tua" i]',
    '[class*="head" i]', '[itemprop="headline"]',
    "b", "strong", "font", "td", "div", "span", "p",
)  # fmt: skip
_MOST_NODES: Final = 3_000
_SHORTEST_TITLE: Final = 12
_LONGEST_TITLE: Final = 300
#: Share of the title that a heading must hold to be it.
_WHOLE_TITLE: Final = 0.5
_OUTSIDE: Final = frozenset({"a", "nav", "aside", "footer", "head", "noscript", "template"})


@attrs.frozen(kw_only=True, slots=False, eq=False)
class Sample:
    """One article page."""

    capture: Capture
    page: Page
    #: What the head, or a link to the page, says the headline is, the paper's name cut off; None when nothing does.
    head_title: str | None
    #: The element that holds the text; None where none was found.
    container: LexborNode | None
    #: Keys of the paragraphs that are surely the article's own.
    paragraphs: frozenset[str]

    @cached_property
    def order(self) -> dict[int, int]:
        """Place of every element in the order of reading, by mem_id."""
        root = self.page.tree.root
        if root is None:
            return {}
        return {node.mem_id: at for at, node in enumerate(root.traverse(include_text=False))}

    @cached_property
    def title_node(self) -> LexborNode | None:
        """The element that prints the headline; None where the head gives no headline to look for."""
        wanted = exact_key(self.head_title or "")
        if len(wanted) < _SHORTEST_TITLE:
            return None
        for selector in _HEADINGS:
            for node in self.page.tree.css(selector)[:_MOST_NODES]:
                key = line_key(node, _LONGEST_TITLE)
                is_title = key == wanted or (
                    len(key) >= _WHOLE_TITLE * len(wanted) and key in wanted
                )
                if is_title and not is_inside(node, _OUTSIDE):
                    return node
        return None

    def place(self, node: LexborNode) -> int:
        """Where *node* stands in the order of reading."""
        return self.order.get(node.mem_id, 0)

    def in_container(self, node: LexborNode) -> bool:
        """True for elements below the container."""
        return self.container is not None and is_below(node, self.container)


def read_samples(
    captures: Sequence[Capture], own_names: Sequence[str], headlines: Mapping[str, str]
) -> tuple[Sample, ...]:
    """Parse the pages; *own_names* are what titles may end with, *headlines* texts of links to them."""
    pages = [read_page(capture) for capture in captures]
    return tuple(
        Sample(
            capture=capture,
            page=page,
            head_title=_head_title(page, own_names) or headlines.get(capture.url),
            container=text.container,
            paragraphs=text.keys,
        )
        for capture, page, text in zip(captures, pages, running_texts(pages), strict=True)
    )


def own_endings(captures: Sequence[Capture]) -> tuple[str, ...]:
    """What the title elements of several pages have in common at their end: names of the paper."""
    lines = [title for capture in captures if (title := _title_line(read_page(capture)))]
    rows = [TITLE_SEPARATOR.split(line) for line in lines]
    found: dict[str, None] = {}
    for row in rows:
        for ending in (row[-1], " - ".join(row[-2:])):
            sharing = sum(line.endswith(ending) for line in lines)
            if len(lines) > 1 and sharing == len(lines) and len(ending) <= _LONGEST_TITLE:
                found[ending] = None
    return tuple(found)


def line_key(node: LexborNode, longest: int) -> str:
    """The comparing key of an element's text, empty for text longer than *longest*."""
    text = line_text(node)
    return exact_key(" ".join(text.split())) if len(text) <= 4 * longest else ""


def _head_title(page: Page, own_names: Sequence[str]) -> str | None:
    """The longest of og:title, JSON-LD's headline and the title element, without the paper's names."""
    lines = (page.meta("og:title"), *texts(page.linked_data.get("headline")), _title_line(page))
    for line in lines:
        text = _without_names(clean_line(line or "") or "", own_names)
        if len(text) >= _SHORTEST_TITLE:
            return text
    return None


def _without_names(line: str, own_names: Sequence[str]) -> str:
    keys = {exact_key(name) for name in own_names}
    parts = TITLE_SEPARATOR.split(line)
    while parts and exact_key(parts[-1]) in keys:
        line = line[: line.rindex(parts.pop())].rstrip(" -–—|»·:")
    while parts and exact_key(parts[0]) in keys:
        line = line[len(parts.pop(0)) :].lstrip(" -–—|»·:")
    return "" if exact_key(line) in keys else line


def _title_line(page: Page) -> str | None:
    node = page.tree.css_first("head title") or page.tree.css_first("title")
    return clean_line(line_text(node)) if node is not None else None
