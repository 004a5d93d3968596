"""The places of an article that decide about it, for a person who has to say what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from scraper.classify.lexicon import CORE, Group, load_lexicon
from scraper.classify.reading import read

if TYPE_CHECKING:
    from archive.model import Article

_AROUND: Final = 120
_MOST: Final = 6
_SHOWN: Final = CORE | {Group.FALSE_FRIENDS}


@attrs.frozen(kw_only=True)
class Snippet:
    """One term with what stands around it, as the paper wrote it."""

    before: str
    term: str
    after: str


def snippets(article: Article) -> tuple[Snippet, ...]:
    """The first few places that name the militia, or what looks like it; empty when none does."""
    reading = read(article, load_lexicon())
    if reading is None:
        return ()
    hits = {hit for group in _SHOWN for hit in reading.hits[group]}
    found: list[Snippet] = []
    shown_to = 0
    for hit in sorted(reading.in_text(hits), key=lambda hit: hit.start):
        if hit.start < shown_to or len(found) >= _MOST:
            continue
        start, shown_to = max(reading.text_start, hit.start - _AROUND), hit.end + _AROUND
        text = reading.shown
        found.append(
            Snippet(
                before=_line(text[start : hit.start]),
                term=text[hit.start : hit.end],
                after=_line(text[hit.end : shown_to]),
            )
        )
    return tuple(found)


def _line(text: str) -> str:
    return text.replace("\n", " / ")
