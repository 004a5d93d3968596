"""The generic path: find the article where no layout says where it is.

Works on the parsed tree alone. Every paragraph gives points to the elements around it; the element
whose own paragraphs weigh most, few of them links, is the container. Dates and sapo are looked for
between title and container only, where no related card stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.extract.body import Cut, set_role
from scraper.extract.metadata import Found, is_home
from scraper.extract.page import line_text
from scraper.extract.weights import Chunk, Element, weigh
from scraper.sites.spec import Layout, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.page import Page

#: An element is no container when more of its letters than this are links.
_MOST_LINKED: Final = 0.4
#: Letters that a container holds at least.
_LEAST_TEXT: Final = 140
#: An element around the best one is the container when it has this much more text, in at least two
#: further paragraphs, without a greater share of links (but for this much).
_WIDER: Final = 1.3
_MORE_LINKED: Final = 0.05
_MOST_CLIMBS: Final = 4
#: So many headline-like links, half as many as paragraphs, make a list.
_LIST_HEADLINES: Final = 4
#: In a list at least this share of the letters is linked, and a headline has fewer letters of text with it.
_LIST_LINKED: Final = 0.18
_LIST_TEASER: Final = 400
_LONGEST_DATE_LINE: Final = 120
_SHORTEST_SAPO: Final = 50
_SENTENCE_ENDS: Final = (".", "!", "?", "…", "”", '"', ")")
_HEADINGS: Final = (
    "h1, h2, h3, h4",
    '[class*="title"], [class*="tieu-de"], [class*="headline"], [class*="tua"]',
)
_MOST_HEADINGS: Final = 200
_BREADCRUMB_LEVELS: Final = 3
_MOST_STEPS: Final = 5
_MOST_ROWS: Final = 50
_TAG_BOXES: Final = '[class*="tag"], [class*="tu-khoa"], [class*="keyword"]'
#: Where what this module finds comes from, as an article says it.
SOURCE: Final = "fallback"

#: Blocks inside a container that are no text, and captions, by the names that CMSs give them.
_GENERIC: Final = Layout(
    caption=(
        '[class*="caption"]', '[class*="chu-thich"]', '[class*="chuthich"]', '[class*="photo-desc"]',
        '[class*="image-desc"]', '[class*="img-desc"]', '[class*="note-image"]', "figcaption",
    ),
    drop=(
        "nav", "aside", "footer", "form", '[class*="related"]', '[class*="lien-quan"]', '[class*="lienquan"]',
        '[class*="share"]', '[class*="chia-se"]', '[class*="social"]', '[class*="comment"]', '[class*="binh-luan"]',
        '[class*="tu-khoa"]', '[class*="hashtag"]', '[class*="banner"]', '[class*="advert"]', '[class*="quang-cao"]',
        '[id*="comment"]', '[id*="related"]', "ins",
    ),
)  # fmt: skip
#: Of the elements that fit one selector, so many are looked at, which bounds the work.
_MOST_MARKED: Final = 100
#: A dropped block may hold at most this share of the container's text.
_MOST_DROPPED: Final = 0.3
_TAG_LABEL: Final = re.compile(r"^\s*(?:từ khóa|từ khoá|tags?|chủ đề)\s*:?", re.IGNORECASE)
_MOST_TAGS: Final = 20


@attrs.frozen(kw_only=True)
class Surroundings:
    """What stands around a container that no layout describes: candidates as found."""

    dates: tuple[Found, ...] = ()
    sapos: tuple[Found, ...] = ()
    sections: tuple[Found, ...] = ()
    tags: tuple[str, ...] = ()


def cut_by_text(page: Page) -> Cut | None:
    """The container found by the weight of its text, or None when the page has no running text."""
    node = _container(page)
    if node is None:
        return None
    _mark_generic(node)
    return Cut(node=node, layout=_GENERIC, source=SOURCE)


def look_around(page: Page, cut: Cut, title: str) -> Surroundings:
    """Date lines and sapo between *title* (clean) and the container, section and tags beside them.

    Empty for a container found by a layout: there the layout's rules are all that counts.
    """
    if cut.source != SOURCE:
        return Surroundings()
    lines = _lines_before(page, cut.node, title)
    return Surroundings(
        dates=tuple(
            Found(text=line.text, source="fallback:near-title")
            for line in lines
            if len(line.text) <= _LONGEST_DATE_LINE and any(x.isdigit() for x in line.text)
        ),
        sapos=tuple(_sapos(lines)),
        sections=tuple(_sections(page)),
        tags=_tags(page),
    )


def _container(page: Page) -> LexborNode | None:
    body = page.tree.body
    if body is None:
        return None
    elements = {id(x): x for x in _with_ancestors(list(weigh(body)))}
    candidates = [x for x in elements.values() if x.points and x.share_linked <= _MOST_LINKED]
    best = max(candidates, key=_score, default=None)
    if best is None:
        return None
    best = _widened(best)
    is_article = best.letters - best.linked >= _LEAST_TEXT and not _is_list(best)
    return best.node if is_article else None


def _with_ancestors(chunks: list[Chunk]) -> Iterator[Element]:
    seen: set[int] = set()
    for chunk in chunks:
        element: Element | None = chunk.element
        while element is not None and id(element) not in seen:
            seen.add(id(element))
            yield element
            element = element.parent


def _score(element: Element) -> float:
    return element.points * (1.0 - element.share_linked)


def _widened(element: Element) -> Element:
    """The element, or one around it when the article's paragraphs are spread over several children."""
    best = element
    outer = element.parent
    for _ in range(_MOST_CLIMBS):
        if outer is None:
            break
        if _is_wider(best, outer):
            best = outer
        outer = outer.parent
    return best


def _is_wider(inner: Element, outer: Element) -> bool:
    return (
        outer.letters - outer.linked >= _WIDER * (inner.letters - inner.linked)
        and outer.paragraphs >= inner.paragraphs + 2
        and outer.share_linked <= inner.share_linked + _MORE_LINKED
        and not _is_list(outer)
    )


def _is_list(element: Element) -> bool:
    """True when headlines stand between the paragraphs: a section page, not an article.

    Links to related articles stand there as well, but there is more text for each of them.
    """
    return (
        element.headlines >= _LIST_HEADLINES
        and element.headlines * 2 >= element.paragraphs
        and element.share_linked >= _LIST_LINKED
        and element.letters - element.linked < _LIST_TEASER * element.headlines
    )


def _mark_generic(container: LexborNode) -> None:
    whole = len(line_text(container))
    for selector in _GENERIC.drop:
        for node in container.css(selector)[:_MOST_MARKED]:
            if node.mem_id != container.mem_id and len(line_text(node)) <= whole * _MOST_DROPPED:
                set_role(node, Role.DROP)
    for selector in _GENERIC.caption:
        for node in container.css(selector)[:_MOST_MARKED]:
            if node.css_first("img") is None and len(line_text(node)) <= whole * _MOST_DROPPED:
                set_role(node, Role.CAPTION)


def _heading(page: Page, title: str) -> LexborNode | None:
    """The element on the page that prints the title."""
    wanted = exact_key(title)
    for selector in _HEADINGS:
        for node in page.tree.css(selector)[:_MOST_HEADINGS]:
            if exact_key(" ".join(line_text(node).split())) == wanted:
                return node
    return None


def _region(heading: LexborNode, container: LexborNode) -> LexborNode | None:
    """The innermost element around both."""
    around = set()
    node: LexborNode | None = container.parent
    while node is not None:
        around.add(node.mem_id)
        node = node.parent
    node = heading.parent
    while node is not None and node.mem_id not in around:
        node = node.parent
    return node


def _lines_before(page: Page, container: LexborNode, title: str) -> list[Chunk]:
    """Lines between the printed title and the container; none where the title is not printed."""
    heading = _heading(page, title)
    region = _region(heading, container) if heading is not None else None
    if heading is None or region is None:
        return []
    lines = list(weigh(region, until=container))
    begins = (at for at, x in enumerate(lines) if x.element.node.mem_id == heading.mem_id)
    return lines[next(begins, len(lines)) + 1 :]


def _sapos(lines: list[Chunk]) -> Iterator[Found]:
    for chunk in lines:
        if (
            len(chunk.text) >= _SHORTEST_SAPO
            and chunk.share_linked < _MOST_LINKED
            and chunk.text.endswith(_SENTENCE_ENDS)
        ):
            yield Found(text=chunk.text, source="fallback:before-body")


def _sections(page: Page) -> Iterator[Found]:
    """The step after home in the breadcrumb: the shortest row of links that begins at the home page.

    Menus begin there too, but have more links.
    """
    rows = [_steps_from(link) for link in page.tree.css("a[href]") if is_home(link.text())]
    for steps in sorted(filter(None, rows[:_MOST_ROWS]), key=len)[:1]:
        yield Found(text=steps[1], source="fallback:breadcrumb")


def _steps_from(home: LexborNode) -> list[str]:
    """Texts of the links in the row that begins with the link *home*; empty when there is no such row."""
    row = home.parent
    for _ in range(_BREADCRUMB_LEVELS):
        if row is None:
            break
        steps = [
            x for x in (line_text(node) for node in row.css("a")[: _MOST_STEPS + 1]) if x.strip()
        ]
        if 1 < len(steps) <= _MOST_STEPS and is_home(steps[0]):
            return steps
        row = row.parent
    return []


def _tags(page: Page) -> tuple[str, ...]:
    marked = page.tree.css('a[rel~="tag"]')
    if not marked:
        for box in page.tree.css(_TAG_BOXES):
            if _TAG_LABEL.match(line_text(box)):
                marked = box.css("a")
                break
    return tuple(line_text(node) for node in marked[:_MOST_TAGS])
