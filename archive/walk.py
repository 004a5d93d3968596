"""Walk through one of our WARC files to its very last byte: every member whole, nothing between or after.

Memory stays within a few MiB whatever the file or a record in it holds. Damage ends nothing: the walk
goes on at the next place where a record begins.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs
from isal import isal_zlib
from isal.igzip_lib import IsalError

from archive.digests import StatedDigest
from archive.records import (
    END_OF_HEAD,
    NO_RECORD,
    MalformedRecord,
    end_of_http_head,
    record_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP: Final = zlib.MAX_WBITS | 16
#: How a gzip member begins: magic number and deflate, then a byte of flags (RFC 1952, 2.3.1).
_MAGIC: Final = b"\x1f\x8b\x08"
#: Flags that must not be set; our decoder does not look at them, others refuse them.
_RESERVED_FLAGS: Final = 0xE0
#: Small, as what follows a member is copied once for each member in a piece.
_READ_BYTES: Final = 1 << 16
#: What one step decompresses at most.
_STEP_BYTES: Final = 1 << 20
#: Named fields of a record, or headers of a response, beyond which none of ours go.
MAX_HEAD_BYTES: Final = 1 << 20
#: Packed bytes that are enough to see how a record begins.
_GLANCE_BYTES: Final = 1 << 10
_FIRST_WORD: Final = b"WARC/1."


@attrs.frozen(kw_only=True)
class Member:
    """One whole gzip member, and the record in it."""

    offset: int
    length: int
    #: Named fields, names in lower case; empty when there is no record in it.
    fields: dict[str, str]
    #: Status line and headers of a response or revisit record, and the blank line; None elsewhere.
    http_head: bytes | None = attrs.field(default=None, repr=False)
    #: What is wrong with the record; None when nothing is.
    problem: str | None = None

    @property
    def is_capture(self) -> bool:
        """True for a response or revisit record."""
        return self.fields.get("warc-type") in {"response", "revisit"}


@attrs.frozen(kw_only=True)
class Damage:
    """Bytes that are no whole gzip member."""

    offset: int
    #: Up to the next record, or the end of the file.
    length: int
    why: str


class Walk:
    """One pass over an open file; iterate once, then ask for ``length`` and ``sha256`` of the whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        #: Bytes from the start that are in the digest.
        self._digested = 0
        #: Where the file is read next.
        self._at = 0

    @property
    def length(self) -> int:
        """Bytes read so far: those of the file, once the walk has ended."""
        return self._digested

    @property
    def sha256(self) -> str:
        """Hex digest of what was read so far."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Member | Damage]:
        start, pending = 0, b""
        while pending := pending or self._read():
            record = _Record()
            end, pending, why = self._member(start, pending, record)
            if why is None:
                yield record.member(start, end - start)
            else:
                end = self._next_record(start + 1)
                pending = b""
                yield Damage(offset=start, length=end - start, why=why)
            start = end

    def _member(self, start: int, pending: bytes, record: _Record) -> tuple[int, bytes, str | None]:
        """End of the member that begins with *pending*, what follows it, and why it is none."""
        while len(pending) <= len(_MAGIC) and (more := self._read()):
            pending += more
        if not pending.startswith(_MAGIC):
            return start, b"", "no record begins there"
        if len(pending) > len(_MAGIC) and pending[len(_MAGIC)] & _RESERVED_FLAGS:
            return start, b"", "the bytes of a record are damaged (reserved flags of gzip are set)"
        decoder = isal_zlib.decompressobj(_GZIP)
        used = 0
        while not decoder.eof:
            if not pending:
                pending = self._read()
            if not pending:
                return start, b"", "the file ends within a record"
            try:
                content = decoder.decompress(pending, _STEP_BYTES)
            except IsalError as error:  # type: ignore[misc]  # its stub says it is a value
                return start, b"", f"the bytes of a record are damaged ({error})"
            rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            used += len(pending) - len(rest)
            pending = rest
            record.feed(content)
        return start + used, pending, None

    def _read(self) -> bytes:
        piece = self._file.read(_READ_BYTES)
        self._at += len(piece)
        if self._at > self._digested:
            self._digest.update(piece[len(piece) - (self._at - self._digested) :])
            self._digested = self._at
        return piece

    def _next_record(self, start: int) -> int:
        """Where the next record begins at or after byte *start*; the end of the file when none does."""
        self._seek(start)
        at, piece = start, self._read()
        while piece:
            found = piece.find(_MAGIC)
            if found < 0:
                # the magic may lie across the border of two pieces
                kept = piece[-len(_MAGIC) + 1 :]
                at += len(piece) - len(kept)
                more = self._read()
                piece = kept + more if more else b""
                continue
            at += found
            piece = piece[found:]
            if len(piece) < _GLANCE_BYTES:
                piece += self._read()
            if _begins_record(piece[:_GLANCE_BYTES]):
                self._seek(at)
                return at
            at += 1
            piece = piece[1:]
        self._seek(self._digested)
        return self._digested

    def _seek(self, at: int) -> None:
        self._file.seek(at)
        self._at = at


def _begins_record(packed: bytes) -> bool:
    try:
        content = zlib.decompressobj(_GZIP).decompress(packed, len(_FIRST_WORD))
    except zlib.error:
        return False
    return content == _FIRST_WORD


class _Record:
    """Takes in the decompressed bytes of one member and says what is wrong with the record."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._fields: dict[str, str] = {}
        self._is_in_block = False
        self._left = 0
        self._tail = b""
        self._problem: str | None = None
        self._block = StatedDigest(None)
        self._payload: StatedDigest | None = None
        #: Start of the HTTP message, until its headers end.
        self._http: bytearray | None = None
        self._http_head: bytes | None = None

    def feed(self, content: bytes) -> None:
        if not self._is_in_block:
            content = self._read_head(content)
        part = content[: self._left]
        if part:
            self._left -= len(part)
            self._block.update(part)
            self._read_http(part)
        # four bytes belong there; one more is enough to see that something else follows
        self._tail += content[len(part) :][: len(END_OF_HEAD) + 1 - len(self._tail)]

    def _read_head(self, content: bytes) -> bytes:
        """Read the named fields once they are whole; what follows them."""
        self._head += content
        end = self._head.find(END_OF_HEAD)
        if self._problem is not None:
            self._head.clear()
            return b""
        if end < 0:
            if len(self._head) > MAX_HEAD_BYTES:
                self._problem = NO_RECORD
            return b""
        rest = bytes(self._head[end + len(END_OF_HEAD) :])
        try:
            self._fields = record_fields(bytes(self._head[:end]))
        except MalformedRecord as error:
            self._problem = str(error)
        self._head.clear()
        length = self._fields.get("content-length", "")
        if not length.isdecimal():
            self._problem = self._problem or "the record does not say how long it is"
            return b""
        self._is_in_block = True
        self._left = int(length)
        self._block = StatedDigest(self._fields.get("warc-block-digest"))
        if self._fields.get("warc-type") in {"response", "revisit"}:
            self._http = bytearray()
        return rest

    def _read_http(self, part: bytes) -> None:
        if self._payload is not None:
            self._payload.update(part)
        if self._http is None:
            return
        self._http += part
        end, body_at = end_of_http_head(self._http)
        if body_at < len(self._http) or end < body_at:
            self._end_http_head(body_at)
        elif len(self._http) > MAX_HEAD_BYTES:
            # nothing says where the payload begins; the digest of the block covers it
            self._http_head, self._http = bytes(self._http), None

    def _end_http_head(self, body_at: int) -> None:
        message = bytes(self._http or b"")
        self._http_head, self._http = message[:body_at], None
        if self._fields["warc-type"] == "response":
            self._payload = StatedDigest(self._fields.get("warc-payload-digest"))
            self._payload.update(message[body_at:])

    def member(self, offset: int, length: int) -> Member:
        if self._http is not None:
            self._end_http_head(len(self._http))
        return Member(
            offset=offset,
            length=length,
            fields=self._fields,
            http_head=self._http_head,
            problem=self._problem or self._wrong(),
        )

    def _wrong(self) -> str | None:
        if not self._is_in_block:
            return NO_RECORD
        if self._left or self._tail != END_OF_HEAD:
            return "the record's length is not that of its content"
        if not self._block.fits:
            return f"its content does not fit its digest {self._block.stated}"
        if self._payload is not None and not self._payload.fits:
            return f"its payload does not fit its digest {self._payload.stated}"
        missing = [
            name
            for name in ("warc-record-id", "warc-date", "warc-target-uri")
            if self._fields.get("warc-type") in {"response", "revisit"} and name not in self._fields
        ]
        return f"it has no {missing[0]}" if missing else None
