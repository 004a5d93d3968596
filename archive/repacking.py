"""Where a WARC file of ours was changed although every record in it still reads well.

Some bits of a gzip file can change and say the same: most of a member's header, and one of two ways to name
a repetition. Each header is compared with the one we write, each member with its content packed again.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs
from isal import igzip, isal_zlib

from archive.records import GZIP_HEADER, ISAL_LEVEL, MAX_RECORD_BYTES
from archive.walk import Member, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

_GZIP: Final = zlib.MAX_WBITS | 16


@attrs.frozen(kw_only=True)
class Traces:
    """What a second look at a file with a wrong checksum found."""

    #: Whole members looked at.
    members: int
    #: Bytes of members' headers that are not as we write them.
    headers: tuple[int, ...]
    #: First byte of each member that is packed otherwise than this program packs it; empty where most are,
    #: as the file was then written with another version of the compressor.
    packed: tuple[int, ...]
    #: True where most members are packed otherwise.
    is_of_another_version: bool


def changed_places(file: BinaryIO) -> Traces:
    """Compare all whole members of an open file with what we write."""
    file.seek(0)
    members = [part for part in Walk(file) if isinstance(part, Member)]
    found: list[tuple[int, bytes]] = []
    packed: list[int] = []
    for member in members:
        file.seek(member.offset)
        content = file.read(member.length)
        found.append((member.offset, content[: len(GZIP_HEADER)]))
        packed += [member.offset + at for at in _packed_otherwise(content)]
    other = 2 * len(packed) > len(members)
    return Traces(
        members=len(members), headers=tuple(_changed_headers(found)),
        packed=() if other else tuple(packed), is_of_another_version=other,
    )  # fmt: skip


def _changed_headers(found: Sequence[tuple[int, bytes]]) -> list[int]:
    ours = _usual([header for _, header in found])
    return [
        start + at
        for start, header in found
        for at, (byte, right) in enumerate(zip(header, ours, strict=True))
        if byte != right
    ]


def _usual(headers: Sequence[bytes]) -> bytes:
    """The header that members of this file have: ours, unless most have another one of another version."""
    for header, count in Counter(headers).most_common(1):
        if 2 * count > len(headers) > 2:  # noqa: PLR2004 - one of two is no majority
            return header
    return GZIP_HEADER


def _packed_otherwise(member: bytes) -> list[int]:
    """First byte behind the header that packing the content again would write differently, if any."""
    content = isal_zlib.decompressobj(_GZIP).decompress(member, MAX_RECORD_BYTES)
    again = igzip.compress(content, ISAL_LEVEL, mtime=0)
    begin = len(GZIP_HEADER)
    pairs = zip(member[begin:], again[begin:], strict=False)
    first = next((at for at, (a, b) in enumerate(pairs, begin) if a != b), None)
    if first is None and len(member) != len(again):
        first = min(len(member), len(again))
    return [] if first is None else [first]
