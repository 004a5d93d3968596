"""Found words marked in the original text, safely: SQLite puts marker characters, we escape.

Markers are private-use characters. A text may hold them by chance, so marked text is read into
segments first and can never open what it does not close.
"""

from __future__ import annotations

import re
from typing import Final

import attrs
from markupsafe import Markup, escape

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
        return str(
            Markup("").join(
                Markup("<mark>{}</mark>").format(segment.text)
                if segment.found
                else escape(segment.text)
                for segment in self.segments
            )
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


def unmarked(text: str) -> Marked:
    """A text in which nothing was found."""
    return Marked((Segment(_MARKER.sub("", text), found=False),))
