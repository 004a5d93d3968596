"""Answer bodies made of pieces that are compressed once and joined for every answer.

A provincial paper's page is mostly the same furniture around a small article. Each piece is kept
raw and as a raw-deflate block ended by a full flush, so pieces can be joined into one valid gzip
stream (RFC 1951, RFC 1952) without compressing again: serving a page costs a join and a CRC.
"""

from __future__ import annotations

import struct
import zlib
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
#: The final, empty deflate block.
_DEFLATE_END = b"\x03\x00"


@attrs.frozen
class Segment:
    """A constant piece of a page."""

    raw: bytes = attrs.field(repr=False)
    #: Raw deflate, ended by a full flush.
    packed: bytes = attrs.field(repr=False)


@attrs.frozen
class Clock:
    """A piece that shows the time of the fetch."""

    show: Callable[[datetime], str]


Part = str | Segment | Clock


def seal(text: str | bytes, *, level: int = 6) -> Segment:
    """Compress *text* (UTF-8) into a piece."""
    raw = text.encode() if isinstance(text, str) else text
    engine = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Segment(raw, engine.compress(raw) + engine.flush(zlib.Z_FULL_FLUSH))


@attrs.frozen(slots=False)
class Payload:
    """A whole answer body."""

    pieces: tuple[Segment | Clock, ...]

    @cached_property
    def shows_time(self) -> bool:
        """True when two fetches may differ although the content is the same."""
        return any(isinstance(piece, Clock) for piece in self.pieces)

    @cached_property
    def tag(self) -> str:
        """Hexadecimal mark of the content, fetch times apart; part of the ETag."""
        segments = [piece.raw for piece in self.pieces if isinstance(piece, Segment)]
        return f"{_crc(segments):08x}-{sum(map(len, segments)):x}"

    def identity(self, now: datetime) -> bytes:
        """The body as plain bytes."""
        return b"".join(segment.raw for segment in self._at(now))

    def gzipped(self, now: datetime) -> bytes:
        """The body as one gzip member."""
        segments = self._at(now)
        size = sum(len(segment.raw) for segment in segments)
        trailer = struct.pack("<II", _crc(segment.raw for segment in segments), size & 0xFFFFFFFF)
        packed = (segment.packed for segment in segments)
        return b"".join((_GZIP_HEAD, *packed, _DEFLATE_END, trailer))

    def _at(self, now: datetime) -> list[Segment]:
        return [
            seal(piece.show(now), level=0) if isinstance(piece, Clock) else piece
            for piece in self.pieces
        ]


def assemble(parts: Iterable[Part], *, level: int = 1) -> Payload:
    """Join *parts*; neighbouring strings are compressed together at *level*."""
    pieces: list[Segment | Clock] = []
    loose: list[str] = []
    for part in parts:
        if isinstance(part, str):
            loose.append(part)
            continue
        _flush(loose, pieces, level)
        pieces.append(part)
    _flush(loose, pieces, level)
    return Payload(tuple(pieces))


def _flush(loose: list[str], pieces: list[Segment | Clock], level: int) -> None:
    if loose:
        pieces.append(seal("".join(loose), level=level))
        loose.clear()


def _crc(chunks: Iterable[bytes]) -> int:
    crc = 0
    for chunk in chunks:
        crc = zlib.crc32(chunk, crc)
    return crc
