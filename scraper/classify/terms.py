"""Where terms of the lexicon stand in a text: whole syllables, overlaps resolved."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from scraper.classify.lexicon import Automaton, Term


@attrs.frozen
class Hit:
    """A term at ``text[start:end]``."""

    start: int
    end: int
    term: Term


def holds_any(automaton: Automaton, text: str) -> bool:
    """True when *text* (an exact key) holds a term of *automaton* as whole syllables."""
    return any(_is_whole(text, hit) for hit in _raw_hits(automaton, text))


def find_terms(automaton: Automaton, text: str) -> list[Hit]:
    """Terms of *automaton* in *text* (an exact key), in order and without overlap.

    Of overlapping terms the one that begins first stays, then the longer one.
    """
    whole = [hit for hit in _raw_hits(automaton, text) if _is_whole(text, hit)]
    whole.sort(key=attrgetter("end"), reverse=True)
    whole.sort(key=attrgetter("start"))
    return _without_overlap(whole)


def _raw_hits(automaton: Automaton, text: str) -> list[Hit]:
    return [Hit(last + 1 - len(term.key), last + 1, term) for last, term in automaton.iter(text)]


def _is_whole(text: str, hit: Hit) -> bool:
    before = hit.start == 0 or not text[hit.start - 1].isalnum()
    return before and not text[hit.end : hit.end + 1].isalnum()


def _without_overlap(hits: list[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    free_from = 0
    for hit in hits:
        if hit.start >= free_from:
            kept.append(hit)
            free_from = hit.end
    return kept
