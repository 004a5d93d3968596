"""The decompressed bytes of a plain, gzip or zstd file, in bounded memory, and where its members begin.

A WARC file may hold one gzip member or zstd frame for each record (WARC 1.1, annex D), one for all of
them, or none at all.
"""

from __future__ import annotations

import re
import sys
import zlib
from typing import TYPE_CHECKING, Final

from archive.records import MAX_RECORD_BYTES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from typing import BinaryIO

#: The first line of a record.
VERSION: Final = re.compile(rb"WARC/\d\.\d+\s*")
#: Bytes that ``line`` and ``peek`` look ahead at most.
MAX_HEAD: Final = 1 << 16
_CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b\x08"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
#: Magic of a skippable frame with the dictionary of all frames after it (warc-zstd specification).
_ZSTD_DICTIONARY: Final = b"\x5d\x2a\x4d\x18"


class _Gunzip:
    """Decompresses one gzip member, a bounded part of it with each call."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def feed(self, data: bytes) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, 16 * _CHUNK)

    @property
    def is_hungry(self) -> bool:
        return not self._decoder.unconsumed_tail


class _Unzstd:
    """Decompresses one zstd frame in the same way."""

    def __init__(self, dictionary: zstd.ZstdDict | None) -> None:
        self._decoder = zstd.ZstdDecompressor(zstd_dict=dictionary)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def feed(self, data: bytes) -> bytes:
        return self._decoder.decompress(data, 16 * _CHUNK)

    @property
    def is_hungry(self) -> bool:
        return self._decoder.needs_input


class Damaged(Exception):
    """The bytes cannot be decompressed; ``at`` is where the member begins."""

    def __init__(self, at: int, reason: str) -> None:
        self.at = at
        super().__init__(reason)


class Unpacked:
    """The decompressed bytes of a file, and where its members begin."""

    def __init__(self, file: BinaryIO, start: int = 0) -> None:
        self._file = file
        file.seek(0)
        magic = file.read(4)
        self._dictionary: zstd.ZstdDict | None = None
        self._magic = b""
        if magic.startswith(_GZIP):
            self._magic = _GZIP
        elif magic in {_ZSTD, _ZSTD_DICTIONARY}:
            self._magic = _ZSTD
            start = max(start, self._read_dictionary(magic))
        self._begin(start)

    def _read_dictionary(self, magic: bytes) -> int:
        """Read the dictionary at the head of the file; gives where the frames begin."""
        if magic != _ZSTD_DICTIONARY:
            return 0
        length = int.from_bytes(self._file.read(4), "little")
        content = self._file.read(min(length, MAX_RECORD_BYTES))
        try:
            if content.startswith(_ZSTD):
                content = zstd.decompress(content)
            self._dictionary = zstd.ZstdDict(content)
        except (zstd.ZstdError, ValueError) as error:
            raise Damaged(0, f"its zstd dictionary cannot be read: {error}") from error
        return 8 + length

    def _begin(self, at: int) -> None:
        self._file.seek(at)
        self._raw = b""
        self._raw_at = at
        #: Where the member begins that the next byte is in; for a plain file, where the record does.
        self.member = at
        #: True when the next byte is the first of its member, or the file is plain.
        self.is_start = True
        self._out = b""
        self._at = 0
        self._decoder: _Gunzip | _Unzstd | None = None

    def peek(self, size: int) -> bytes:
        """The next bytes, at most *size*; fewer at the end. Raises Damaged."""
        while self._at_hand < size and not self._ahead():
            if not self._fill():
                break
        return self._out[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """Up to *size* bytes, none only at the end of the file. Raises Damaged."""
        if not self._at_hand and not self._fill():
            return b""
        part = self._out[self._at : self._at + size]
        self._at += len(part)
        if not self._magic:
            self.member += len(part)
        elif part:
            self.is_start = False
        return part

    def line(self) -> bytes:
        """Up to and with the next line feed, cut off at the longest head a record may have."""
        parts: list[bytes] = []
        length = 0
        while length < MAX_HEAD:
            if not self._at_hand and not self._fill():
                break
            end = self._out.find(b"\n", self._at) + 1
            parts.append(self.read((end or len(self._out)) - self._at))
            length += len(parts[-1])
            if end:
                break
        return b"".join(parts)

    def skip_member(self, at: int) -> bool:
        """Go to the first member after byte *at* in which a record begins; False when there is none."""
        wanted = self._magic or b"WARC/"
        while (found := self._search(wanted, at + 1)) is not None:
            at = found
            self._begin(found)
            try:
                if VERSION.fullmatch(self.peek(_CHUNK).partition(b"\n")[0]):
                    return True
            except Damaged:
                continue
        return False

    def _search(self, wanted: bytes, at: int) -> int | None:
        self._file.seek(at)
        kept = b""
        while piece := self._file.read(_CHUNK):
            window = kept + piece
            found = window.find(wanted)
            if found >= 0:
                return at - len(kept) + found
            at += len(piece)
            kept = window[-len(wanted) + 1 :]
        return None

    def _ahead(self) -> bool:
        """Whether more bytes belong to another member, which peek() leaves alone."""
        return bool(self._at_hand) and bool(self._magic) and self._decoder is None

    @property
    def _at_hand(self) -> int:
        return len(self._out) - self._at

    def _add(self, piece: bytes) -> None:
        self._out, self._at = self._out[self._at :] + piece, 0

    def _fill(self) -> bool:
        """Add to the bytes at hand; False at the end of the file."""
        if not self._magic:
            piece = self._file.read(_CHUNK)
            self._add(piece)
            return bool(piece)
        while True:
            if self._decoder is None and not self._next_member():
                return False
            out = self._decompress()
            if out:
                self._add(out)
                return True

    def _next_member(self) -> bool:
        self._raw = self._raw or self._file.read(_CHUNK)
        while self._raw and not self._raw.strip(b"\0"):
            # padding at the end of a file
            self._raw_at += len(self._raw)
            self._raw = self._file.read(_CHUNK)
        if not self._raw:
            return False
        self.member, self.is_start = self._raw_at, True
        if len(self._raw) < len(self._magic):
            self._raw += self._file.read(_CHUNK)
        if not self._raw.startswith(self._magic):
            raise Damaged(self.member, "no record begins there")
        self._decoder = _Gunzip() if self._magic == _GZIP else _Unzstd(self._dictionary)
        return True

    def _decompress(self) -> bytes:
        decoder = self._decoder
        assert decoder is not None  # noqa: S101 - set by the only caller
        fresh = b""
        if decoder.is_hungry:
            fresh, self._raw = self._raw or self._file.read(_CHUNK), b""
            if not fresh:
                raise Damaged(self.member, "the file is cut off inside this record")
            self._raw_at += len(fresh)
        try:
            out = decoder.feed(fresh)
        except (zlib.error, zstd.ZstdError, EOFError) as error:
            raise Damaged(self.member, f"its bytes are damaged: {error}") from error
        if decoder.eof:
            self._raw = decoder.unused_data
            self._raw_at -= len(self._raw)
            self._decoder = None
        return out
