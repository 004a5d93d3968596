"""The generic path: find the article where no layout says where it is.

Works on the parsed tree alone. Every paragraph gives points to the elements around it; the element
whose own paragraphs weigh most, few of them links, is the container. What stands around it is read
in ``surroundings.py``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scraper.extract.body import Cut, set_role
from scraper.extract.page import line_text
from scraper.extract.reader_comments import comment_boxes, mark_comments
from scraper.extract.weights import Chunk, Element, weigh
from scraper.sites.spec import Layout, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.page import Page

#: An element is no container when more of its letters than this are links.
MOST_LINKED: Final = 0.4
#: Letters that a container holds at least.
LEAST_TEXT: Final = 140
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
#: So many linked headlines over a paragraph of this length make a list, if this share of the letters is below one.
_LEAST_TEASERS: Final = 3
_SHORTEST_TEASER: Final = 60
_MOST_TEASED: Final = 0.8
#: Names that CMSs give to the text of an article, and to what readers write below it.
_BODY_NAME: Final = re.compile(
    r"(?:article|entry|post|story|detail|news)[-_]{0,2}(?:body|content|text)|noi-?dung",
    re.IGNORECASE,
)
_COMMENTS: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|disqus|binh-?luan)(?:$|[\s_-])", re.IGNORECASE
)
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
#: Of the best elements so many may be comments or hidden.
_MOST_ASIDE: Final = 30
#: So many lines from the headline on may be none of the text.
_MOST_TOP_LINES: Final = 8
#: A line with this share of link text is a link to another article; shorter ones may be anything.
_LEAST_LINKED: Final = 0.7
_SHORTEST_LINK: Final = 12
SHORTEST_SAPO: Final = 50
SENTENCE_ENDS: Final = (".", "!", "?", "…", "”", '"', ")")
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
        '[id*="comment"]', '[id*="related"]', "ins", '[class*="newsletter"]', '[class*="subscribe"]', '[class*="promo"]',
        '[class*="sidebar"]', '[class*="trending"]', '[class*="most-read"]', '[class*="recommend"]', '[class*="breadcrumb"]',
        '[class*="toolbar"]', '[class*="author-bio"]', '[class*="pagination"]', '[class*="read-more"]', '[class*="readmore"]',
    ),
)  # fmt: skip
#: All in one search of the container.
_DROPPED, _CAPTIONS = ", ".join(_GENERIC.drop), ", ".join(_GENERIC.caption)
#: Of the elements that fit, so many are looked at, which bounds the work.
_MOST_MARKED: Final = 500
#: A dropped block may hold at most this share of the container's text.
_MOST_DROPPED: Final = 0.3


def cut_by_text(page: Page) -> Cut | None:
    """The container found by the weight of its text, or None when the page has no running text."""
    body = page.tree.body
    chunks = list(weigh(body)) if body is not None else []
    elements = list(with_ancestors(chunks))
    best = _container(chunks, elements)
    return cut_at(best, chunks, elements, source=SOURCE) if best is not None else None


def cut_at(container: Element, chunks: list[Chunk], elements: list[Element], *, source: str) -> Cut:
    """Cut at the *container* (one of *elements*) and mark what in it is no text."""
    inside = [x for x in chunks if is_within(x.element, container)]
    _mark_links(container, inside)
    _mark_top(container, inside)
    mark_comments(container, inside)
    _mark_generic(container.node)
    _mark_link_boxes(container.node, elements)
    return Cut(
        node=container.node,
        layout=_GENERIC,
        source=source,
        letters=_paragraph_letters(inside),
        letters_on_page=_paragraph_letters(chunks),
    )


def is_listing_of(container: Element, chunks: list[Chunk]) -> bool:
    """True for a container of other articles' headlines and teasers, unless its name says otherwise."""
    inside = [x for x in chunks if is_within(x.element, container)]
    is_list = _is_list(container) or _is_row_of_teasers(inside)
    return is_list and not _is_named_body(container)


def _paragraph_letters(chunks: list[Chunk]) -> int:
    return sum(
        len(x.text)
        for x in chunks
        if len(x.text) >= _SHORTEST_TEASER and x.share_linked <= MOST_LINKED
    )


def _container(chunks: list[Chunk], elements: list[Element]) -> Element | None:
    candidates = [x for x in elements if x.points and x.share_linked <= MOST_LINKED]
    candidates.sort(key=_score, reverse=True)
    best = _best(candidates, comment_boxes(chunks))
    if best is None or best.letters - best.linked < LEAST_TEXT or is_listing_of(best, chunks):
        return None
    return best


def _best(candidates: list[Element], comments: set[Element]) -> Element | None:
    """The first of the elements that is no comment and not hidden, widened, but not to include such."""
    passed: set[Element] = set()
    for element in candidates[:_MOST_ASIDE]:
        around = list(elements_around(element))
        if any(x in comments or _is_aside(x.node) for x in around[:-1]):
            passed.update(around)
        else:
            return _widened(element, passed)
    return None


def elements_around(element: Element) -> Iterator[Element]:
    """The element and those around it, the innermost first."""
    outer: Element | None = element
    while outer is not None:
        yield outer
        outer = outer.parent


def _is_aside(node: LexborNode) -> bool:
    """True for a box of what readers wrote, and for one that nobody sees."""
    attributes = node.attributes
    if _HIDDEN.search(attributes.get("style") or ""):
        return True
    names = " ".join(filter(None, (attributes.get("class"), attributes.get("id"))))
    return _COMMENTS.search(names) is not None


def _is_named_body(element: Element) -> bool:
    return _BODY_NAME.search(names_of(element.node)) is not None


def names_of(node: LexborNode) -> str:
    """What the element is called: its classes, id and itemprop."""
    attributes = node.attributes
    return " ".join(filter(None, (attributes.get(key) for key in ("class", "id", "itemprop"))))


def _mark_links(container: Element, chunks: list[Chunk]) -> None:
    """Drop lines that are (but for a word before it) one link: other articles, advertised in this one."""
    for chunk in chunks:
        element = chunk.element
        if (
            element is not container
            and chunk.share_linked >= _LEAST_LINKED
            and len(chunk.text) == element.letters
            and len(chunk.text) >= _SHORTEST_LINK
            and element.node.css_first("img") is None
        ):
            set_role(element.node, Role.DROP)


def _mark_top(container: Element, chunks: list[Chunk]) -> None:
    """Drop the headline and the short lines around it: breadcrumb, authors, date."""
    at = next((at for at, x in enumerate(chunks) if x.element.node.tag == "h1"), None)
    if at is None or any(_is_sentence(x) for x in chunks[:at]):
        return
    for chunk in chunks[: at + _MOST_TOP_LINES]:
        if _is_sentence(chunk) and chunk is not chunks[at]:
            return
        if chunk.element is not container and len(chunk.text) == chunk.element.letters:
            set_role(chunk.element.node, Role.DROP)


def _is_sentence(chunk: Chunk) -> bool:
    return len(chunk.text) >= SHORTEST_SAPO or chunk.text.endswith(SENTENCE_ENDS)


def is_within(element: Element, container: Element) -> bool:
    """True for the *container* itself and what stands in it."""
    outer: Element | None = element
    while outer is not None and outer is not container:
        outer = outer.parent
    return outer is container


def with_ancestors(chunks: list[Chunk]) -> Iterator[Element]:
    """The elements of the chunks and those around them, each once."""
    seen: set[int] = set()
    for chunk in chunks:
        element: Element | None = chunk.element
        while element is not None and id(element) not in seen:
            seen.add(id(element))
            yield element
            element = element.parent


def _score(element: Element) -> float:
    return element.points * (1.0 - element.share_linked)


def _widened(element: Element, without: set[Element]) -> Element:
    """The element, or one around it when the article's paragraphs are spread over several children.

    None *without* (which stand around something else) is taken.
    """
    best = element
    outer = element.parent
    for _ in range(_MOST_CLIMBS):
        if outer is None or outer in without:
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


def _is_row_of_teasers(chunks: list[Chunk]) -> bool:
    """True when nearly every paragraph, from the first on, has the linked headline of its article above it.

    Long teasers have few links for their letters; an article with links between its paragraphs begins
    with a paragraph of its own, and has more of them.
    """
    headlines = covered = paragraphs = 0
    is_below = False
    for chunk in chunks:
        if len(chunk.text) >= _SHORTEST_LINK and chunk.share_linked >= _LEAST_LINKED:
            is_below = True
        elif len(chunk.text) >= _SHORTEST_TEASER:
            if not paragraphs and not is_below:
                return False
            headlines += is_below
            covered += is_below * len(chunk.text)
            paragraphs += len(chunk.text)
            is_below = False
    return headlines >= _LEAST_TEASERS and covered >= paragraphs * _MOST_TEASED


def _mark_generic(container: LexborNode) -> None:
    whole = len(line_text(container))
    for node in container.css(_DROPPED)[:_MOST_MARKED]:
        if node.mem_id != container.mem_id and len(line_text(node)) <= whole * _MOST_DROPPED:
            set_role(node, Role.DROP)
    for node in container.css(_CAPTIONS)[:_MOST_MARKED]:
        if node.css_first("img") is None and len(line_text(node)) <= whole * _MOST_DROPPED:
            set_role(node, Role.CAPTION)


def _mark_link_boxes(container: LexborNode, elements: list[Element]) -> None:
    """Drop boxes of headlines in the container; one that holds others is dropped with them."""
    for element in elements:
        if element.is_link_box and element.node.mem_id != container.mem_id:
            set_role(element.node, Role.DROP)
