"""Found words marked in the original text, safely: SQLite puts marker characters, we escape.

Markers are private-use characters. A text may hold them by chance, so marked text is read into
segments first and can never open what it does not close.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
from markupsafe import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

OPEN: Final = "\ue0f0"
CLOSE: Final = "\ue0f1"
ELLIPSIS: Final = "…"

_MARKER: Final = re.compile(f"([{OPEN}{CLOSE}])")


@attrs.frozen
class Segment:
    """A piece of text that was found, or lies between two that were."""

    text: str
    found: bool


@attrs.frozen
class Marked:
    """A text with the found words in it."""

    segments: tuple[Segment, ...]

    @property
    def found(self) -> bool:
        """True when anything in the text was found."""
        return any(segment.found for segment in self.segments)

    @property
    def text(self) -> str:
        """The text alone."""
        return "".join(segment.text for segment in self.segments)

    def __html__(self) -> str:
        """The text as HTML: escaped, found words in ``<mark>``."""
        return "".join(
            f"<mark>{escape(segment.text)}</mark>" if segment.found else escape(segment.text)
            for segment in self.segments
        )


def read_marked(text: str) -> Marked:
    """Read what FTS5's highlight() or snippet() returned with the markers above."""
    segments = []
    found = False
    for piece in _MARKER.split(text):
        if piece in {OPEN, CLOSE}:
            found = piece == OPEN
        elif piece:
            segments.append(Segment(piece, found))
    return Marked(tuple(segments))


def mark_terms(text: str, terms: Iterable[str]) -> Marked:
    """A text with whole words or phrases marked where they stand, whatever their capitals."""
    longest_first = sorted({term for term in terms if term}, key=lambda term: (-len(term), term))
    if not longest_first:
        return unmarked(text)
    any_term = "|".join(map(re.escape, longest_first))
    pieces = re.split(rf"(?<![^\W_])({any_term})(?![^\W_])", text, flags=re.IGNORECASE)
    # split() gives text and found term in turn
    return Marked(
        tuple(
            Segment(_MARKER.sub("", piece), found=place % 2 == 1)
            for place, piece in enumerate(pieces)
            if piece
        )
    )


def unmarked(text: str) -> Marked:
    """A text in which nothing was found."""
    return Marked((Segment(_MARKER.sub("", text), found=False),))
