"""Where terms of the lexicon stand in a text: whole syllables, overlaps resolved."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.classify.lexicon import Automaton, Term


class Hit(NamedTuple):
    """A term at ``text[start:end]``."""

    start: int
    end: int
    term: Term


def holds_any(automaton: Automaton, text: str) -> bool:
    """True when *text* (an exact key) holds a term of *automaton* as whole syllables."""
    return any(_whole_hits(automaton, text))


def find_terms(automaton: Automaton, text: str) -> list[Hit]:
    """Terms of *automaton* in *text* (an exact key), in order and without overlap.

    Of overlapping terms the one that begins first stays, then the longer one.
    """
    whole = list(_whole_hits(automaton, text))
    whole.sort(key=attrgetter("end"), reverse=True)
    whole.sort(key=attrgetter("start"))
    return _without_overlap(whole)


def _whole_hits(automaton: Automaton, text: str) -> Iterator[Hit]:
    for last, term in automaton.iter(text):
        start, end = last + 1 - len(term.key), last + 1
        # most finds are parts of longer syllables
        if (start == 0 or not text[start - 1].isalnum()) and not text[end : end + 1].isalnum():
            yield Hit(start, end, term)


def _without_overlap(hits: list[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    free_from = 0
    for hit in hits:
        if hit.start >= free_from:
            kept.append(hit)
            free_from = hit.end
    return kept
