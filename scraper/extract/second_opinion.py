"""A second opinion, asked where our own search for the text found nothing or doubts what it found.

The opinion is trafilatura's (https://trafilatura.readthedocs.io), a well-kept extractor for pages of any kind.
Only what it takes for the text is believed: the container that holds those paragraphs is cut from our
own tree, so captions, author lines and boxes are told apart as everywhere. Importing and running it is
slow, so it is neither imported nor run before a page needs it.
"""

from __future__ import annotations

import html
import itertools
import logging
import re
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

from selectolax.lexbor import LexborHTMLParser

from archive.vietnamese import exact_key, has_marks
from scraper.extract.body import Cut, set_role
from scraper.extract.fallback import (
    LEAST_TEXT,
    cut_at,
    elements_around,
    is_listing_of,
    is_within,
    with_ancestors,
)
from scraper.extract.weights import weigh
from scraper.sites.spec import ROLE_ATTRIBUTE, Layout, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.page import Page
    from scraper.extract.weights import Chunk, Element

SOURCE: Final = "second_opinion"
#: Our own choice is doubted when it holds a smaller share of the letters in the page's paragraphs ...
_LEAST_SHARE: Final = 0.55
#: ... and no more letters than this: beside a longer text of its own, a page's teasers easily outweigh it.
_LONGEST_DOUBTED: Final = 1_000
#: ... and given up for an opinion with so many times its letters.
_LEAST_MORE: Final = 1.5
#: Elements and characters of a page that is asked about. On news pages trafilatura took at most 45 µs for an element
#: and 0.5 µs for a character; with these it stays below 0.15 s of CPU.
_MOST_ELEMENTS: Final = 3_000
_MOST_CHARACTERS: Final = 300_000
#: Share of the title's words that the text of its article has.
_TITLE_WORDS: Final = 0.34
#: Shorter chunks are found in any text.
_SHORTEST_MATCH: Final = 25
#: The container holds this share of the letters that were found in the tree; those are this share of the opinion.
_HELD, _FOUND = 0.9, 0.6
#: Text that stands in no element (a script's data) makes an article from this length on.
_LEAST_LOOSE_TEXT: Final = 400
#: Shorter elements without any of the text stay: author lines, captions.
_LONGEST_KEPT: Final = 60
#: Where text is not looked for at first, and may stand when an element was never closed.
_ASIDE: Final = "aside, nav, footer"
_MOST_ASIDE: Final = 10
_WORD: Final = re.compile(r"\w{2,}")


def load() -> None:
    """Import the other extractor now: it takes 0.2 s, which else the first page that asks it would pay."""
    with suppress(ImportError):
        import_module("trafilatura")


def reconsidered(page: Page, own: Cut | None, title: str) -> Cut | None:
    """*own*, or the container that the second opinion names, where *own* is None or doubtful.

    Cuts found by a rule are never doubted. Whatever goes wrong in the other extractor, *own* stands.
    """
    if not _is_doubtful(own) or why_not_asked(page) is not None:
        return own
    text = _opinion(page)
    if not text or not _fits_title(text, title):
        return own
    if own is not None and len(text) < _LEAST_MORE * own.letters:
        return own
    return _located(page, text) or own


def why_not_asked(page: Page) -> str | None:
    """Why no second opinion is asked about a page of this size; None where it would be."""
    body = page.tree.body
    if body is None:
        return "the page is empty"
    size = len(page.tree.html or "")
    if size > _MOST_CHARACTERS:
        return f"{size:,} characters are too many for a second opinion"
    if any(True for _ in itertools.islice(body.traverse(), _MOST_ELEMENTS, None)):
        return f"more than {_MOST_ELEMENTS:,} elements are too many for a second opinion"
    return None


def _is_doubtful(own: Cut | None) -> bool:
    return own is None or (
        own.source != "rule"
        and own.letters < min(_LONGEST_DOUBTED, _LEAST_SHARE * own.letters_on_page)
    )


def _opinion(page: Page) -> str | None:
    """What the other extractor takes for the page's text, a line for every paragraph."""
    try:
        from trafilatura import extract  # noqa: PLC0415  it takes 0.2 s, which most runs never need

        # it reports pages that it finds nothing on
        logging.getLogger("trafilatura").setLevel(logging.CRITICAL + 1)
        found: str | None = extract(page.tree.html or "", fast=True, include_comments=False)
    except Exception:  # noqa: BLE001  a page must not fail because of an opinion on it
        return None
    return found if found and len(found) >= LEAST_TEXT else None


def _fits_title(text: str, title: str) -> bool:
    """True for a text in the title's language that has some of its words: no notice, no other page's."""
    if has_marks(title) and not has_marks(text):
        return False
    words = set(_WORD.findall(exact_key(title)))
    return len(words & set(_WORD.findall(exact_key(text)))) >= _TITLE_WORDS * len(words)


def _located(page: Page, text: str) -> Cut | None:
    """The cut at the element that holds the *text*; a container of its own where none does."""
    whole = exact_key(" ".join(text.split()))
    best: list[Chunk] = []
    chunks: list[Chunk] = []
    for place in _places(page):
        weighed = list(weigh(place))
        found = [x for x in weighed if _is_part(x, whole)]
        if _letters(found) > _letters(best):
            best, chunks = found, weighed
    if _letters(best) < _FOUND * len(whole):
        return _loose(text)
    container = _innermost(best)
    if is_listing_of(container, chunks):
        return None
    own_marks = [(x, x.attributes[ROLE_ATTRIBUTE]) for x in _marked(page)]
    _take_back(best)
    _drop_others(container, chunks, best)
    cut = cut_at(container, chunks, list(with_ancestors(chunks)), source=SOURCE)
    if _still_holds(best):
        return cut
    # our own cut stands, and its marks with it
    for node in _marked(page):
        del node.attrs[ROLE_ATTRIBUTE]
    for node, role in own_marks:
        node.attrs[ROLE_ATTRIBUTE] = role
    return None


def _marked(page: Page) -> list[LexborNode]:
    return page.tree.css(f"[{ROLE_ATTRIBUTE}]")


def _places(page: Page) -> Iterator[LexborNode]:
    if page.tree.body is not None:
        yield page.tree.body
    yield from page.tree.css(_ASIDE)[:_MOST_ASIDE]


def _is_part(chunk: Chunk, whole: str) -> bool:
    return len(chunk.text) >= _SHORTEST_MATCH and exact_key(chunk.text) in whole


def _letters(chunks: list[Chunk]) -> int:
    return sum(len(x.text) for x in chunks)


def _innermost(chunks: list[Chunk]) -> Element:
    """The innermost element around nearly all of the chunks."""
    held: dict[Element, int] = {}
    for chunk in chunks:
        for element in elements_around(chunk.element):
            held[element] = held.get(element, 0) + len(chunk.text)
    enough = _HELD * _letters(chunks)
    return min((x for x, letters in held.items() if letters >= enough), key=lambda x: x.letters)


def _drop_others(container: Element, chunks: list[Chunk], wanted: list[Chunk]) -> None:
    """Drop the elements of the container that hold none of the text, but for short lines."""
    needed = {element for x in wanted for element in elements_around(x.element)}
    for chunk in chunks:
        if chunk.element in needed or not is_within(chunk.element, container):
            continue
        outermost = chunk.element
        while outermost.parent is not None and outermost.parent not in needed:
            outermost = outermost.parent
        if outermost.letters > _LONGEST_KEPT:
            set_role(outermost.node, Role.DROP)


def _take_back(wanted: list[Chunk]) -> None:
    """Take away the marks that our own search, which looked at the page before, has set on the text."""
    for element in {x for chunk in wanted for x in elements_around(chunk.element)}:
        if ROLE_ATTRIBUTE in element.node.attributes:
            del element.node.attrs[ROLE_ATTRIBUTE]


def _still_holds(wanted: list[Chunk]) -> bool:
    """True when most of the text is left after cleaning by the names of its boxes."""
    around = {x for chunk in wanted for x in elements_around(chunk.element)}
    marked = {x for x in around if ROLE_ATTRIBUTE in x.node.attributes}
    kept = [x for x in wanted if marked.isdisjoint(elements_around(x.element))]
    return _letters(kept) >= _FOUND * _letters(wanted)


def _loose(text: str) -> Cut | None:
    """A container made of the text, where it stands in a script and not on the page."""
    if len(text) < _LEAST_LOOSE_TEXT:
        return None
    lines = "".join(f"<p>{html.escape(x)}</p>" for x in text.splitlines() if x.strip())
    node = LexborHTMLParser(lines).body
    return Cut(node=node, layout=Layout(), source=SOURCE) if node is not None else None
