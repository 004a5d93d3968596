"""WARC records of any writer from a file, one after the other, in bounded memory, around damaged places.

What cannot be read is told with its place, and the reading goes on at the next record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.digests import digest_fits
from archive.records import MAX_RECORD_BYTES
from archive.unpacking import MAX_HEAD, VERSION, Damaged, Unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_RECORD_BEGINS: Final = re.compile(rb"(?:^|\n)WARC/\d\.\d+\r?\n")
_BEGINNING: Final = b"WARC/"
_END: Final = b"\r\n\r\n"


@attrs.frozen
class Bad:
    """A place that could not be read as a record, or a record that is not sound."""

    #: Byte of the file at which the record, or the gzip member or zstd frame it is in, begins.
    offset: int
    reason: str
    #: Address that a whole record names; None where a place could not be read as a record.
    url: str | None = None


@attrs.frozen(kw_only=True)
class RawRecord:
    """One record as it stands."""

    #: Byte of the file at which it, or the gzip member or zstd frame it is in, begins.
    offset: int
    #: True when a reader may begin at *offset* and finds this record first.
    is_start: bool
    #: Named fields, names in lower case.
    fields: dict[str, str]
    #: None for the types of record that nobody asked for.
    block: bytes | None = attrs.field(repr=False)


class _Unsound(ValueError):
    """What begins there is no record, or not a whole one."""


def raw_records(
    file: BinaryIO, *, start: int = 0, wanted: Callable[[dict[str, str]], bool]
) -> Iterator[RawRecord | Bad]:
    """Walk through the records of *file* from byte *start* on; blocks are read for *wanted* ones only.

    *start* is the offset of an earlier ``RawRecord`` that ``is_start``. Never raises for any bytes.
    """
    try:
        stream = Unpacked(file, start)
    except Damaged as damage:
        yield Bad(damage.at, str(damage))
        return
    while True:
        at, is_start = stream.member, stream.is_start
        try:
            begun = _to_next_record(stream)
            at, is_start = stream.member, stream.is_start
            if not begun:
                return
            yield _read_record(stream, wanted)
        except _Unsound as error:
            if isinstance(error, _Refused):
                yield Bad(at, str(error), error.url)
                continue
            yield Bad(at, str(error))
            if not _go_on(stream, at, is_start=is_start):
                return
        except Damaged as damage:
            yield Bad(damage.at, str(damage))
            if not stream.skip_member(damage.at):
                return


def _to_next_record(stream: Unpacked) -> bool:
    """Skip the empty lines between records; False at the end of the file."""
    while True:
        head = stream.peek(1)
        if not head:
            return False
        if head not in {b"\r", b"\n"}:
            return True
        stream.read(1)


def _read_record(stream: Unpacked, wanted: Callable[[dict[str, str]], bool]) -> RawRecord:
    at, is_start = stream.member, stream.is_start
    fields = _read_fields(stream)
    length = fields.get("content-length", "")
    if not length.isdecimal():
        raise _Unsound("it has no Content-Length")
    block = None
    if wanted(fields):
        if int(length) > MAX_RECORD_BYTES:
            _skip(stream, int(length))
            _check_end(stream, at)
            raise _Refused(f"its {int(length):,} bytes are more than a page may have", fields)
        block = b"".join(_parts(stream, int(length)))
    else:
        _skip(stream, int(length))
    _check_end(stream, at)
    stated = fields.get("warc-block-digest")
    if block is not None and not digest_fits(stated, block):
        raise _Refused(f"its content does not fit its digest {stated}", fields)
    return RawRecord(offset=at, is_start=is_start, fields=fields, block=block)


class _Refused(_Unsound):
    """A whole record, and the next begins after it, but it is too large or not what its digest says."""

    def __init__(self, reason: str, fields: dict[str, str]) -> None:
        super().__init__(reason)
        self.url = target(fields)


def target(fields: dict[str, str]) -> str | None:
    """Address that a record is about, by its named fields."""
    url = fields.get("warc-target-uri")
    # wget up to 1.20 writes it in angle brackets
    return None if url is None else url.removeprefix("<").removesuffix(">")


def _read_fields(stream: Unpacked) -> dict[str, str]:
    first = stream.line()
    if not VERSION.fullmatch(first):
        raise _Unsound(f"no record begins there but {first[:40]!r}")
    fields: dict[str, str] = {}
    name, size = "", 0
    while line := stream.line():
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            return fields
        size += len(line)
        if size > MAX_HEAD:
            raise _Unsound("its head does not end")
        if text[0] in " \t" and name:
            # a continuation line, which WARC 1.0 allowed
            fields[name] = f"{fields[name]} {text.strip()}".strip()
            continue
        key, colon, value = text.partition(":")
        if not colon:
            raise _Unsound(f"{text[:40]!r} in its head is no field")
        name = key.strip().lower()
        fields[name] = value.strip()
    raise _Unsound("the file ends inside its head")


def _parts(stream: Unpacked, length: int) -> Iterator[bytes]:
    left = length
    while left:
        part = stream.read(left)
        if not part:
            raise _Unsound(f"the file ends after {length - left} of its {length} bytes")
        left -= len(part)
        yield part


def _skip(stream: Unpacked, length: int) -> None:
    for _ in _parts(stream, length):
        pass


def _check_end(stream: Unpacked, at: int) -> None:
    """Two line ends follow a record, or, since some writers forget one, the next record or nothing."""
    try:
        is_ended = stream.peek(len(_END)) == _END
        while stream.peek(1) in {b"\r", b"\n"}:
            stream.read(1)
        following = stream.peek(len(_BEGINNING))
    except Damaged as damage:
        if damage.at == at:
            raise
        # the next member is damaged, which is told when it is read
        return
    if not is_ended and not _BEGINNING.startswith(following):
        raise _Unsound("its Content-Length is not that of its content")


def _go_on(stream: Unpacked, at: int, *, is_start: bool) -> bool:
    """Go to the next record after an unsound one that began at *at*."""
    if is_start:
        return stream.skip_member(at)
    # one member for all records: no way back, so on from here
    try:
        while line := stream.peek(MAX_HEAD):
            found = _RECORD_BEGINS.search(line)
            if found is not None:
                stream.read(found.start() + (line[found.start() : found.start() + 1] == b"\n"))
                return True
            stream.read(max(1, len(line) - len(_BEGINNING)))
    except Damaged:
        return False
    return False
