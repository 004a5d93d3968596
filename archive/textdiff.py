"""What changed between two texts of one article: word by word within paragraphs (pure).

Paragraphs are paired by how much they share, then compared by words, so that one added word is one
added word and not two different paragraphs. The longest-common-block method is Ratcliff and Obershelp's,
as the standard library's difflib has it.
"""

from __future__ import annotations

import enum
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Paragraphs that share less than this (0 to 1) are two paragraphs, not one that was changed.
_ALIKE: Final = 0.5
_WORDS: Final = re.compile(r"\S+")


class Change(enum.StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@attrs.frozen
class Piece:
    """Some words in a row, single-spaced."""

    change: Change
    text: str


@attrs.frozen
class ParagraphDiff:
    """One paragraph of the older text, of the newer one, or of both."""

    pieces: tuple[Piece, ...]

    @property
    def is_changed(self) -> bool:
        """True unless both texts have the paragraph as it is."""
        return any(piece.change is not Change.SAME for piece in self.pieces)


def diff_paragraphs(old: Sequence[str], new: Sequence[str]) -> tuple[ParagraphDiff, ...]:
    """Compare two texts, given as paragraphs, in reading order."""
    return tuple(ParagraphDiff(tuple(pieces)) for pieces in _paragraphs(old, new))


def diff_words(old: str, new: str) -> tuple[Piece, ...]:
    """Compare two paragraphs word by word."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pieces = []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Change.SAME, " ".join(before[start:end])))
            continue
        if start < end:
            pieces.append(Piece(Change.REMOVED, " ".join(before[start:end])))
        if new_start < new_end:
            pieces.append(Piece(Change.ADDED, " ".join(after[new_start:new_end])))
    return tuple(pieces)


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from ((Piece(Change.SAME, text),) for text in old[start:end])
        else:
            yield from _changed(old[start:end], new[new_start:new_end])


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    """Paragraphs that differ: pairs of alike ones compared, the others removed or added, all in order."""
    done = 0
    for text in old:
        match = next((at for at in range(done, len(new)) if _are_alike(text, new[at])), None)
        if match is None:
            yield (Piece(Change.REMOVED, text),)
            continue
        yield from ((Piece(Change.ADDED, added),) for added in new[done:match])
        yield diff_words(text, new[match])
        done = match + 1
    yield from ((Piece(Change.ADDED, added),) for added in new[done:])


def _are_alike(old: str, new: str) -> bool:
    matcher = SequenceMatcher(None, _WORDS.findall(old), _WORDS.findall(new), autojunk=False)
    # the quick ratios are upper bounds of the exact one
    return (
        matcher.real_quick_ratio() >= _ALIKE
        and matcher.quick_ratio() >= _ALIKE
        and matcher.ratio() >= _ALIKE
    )
