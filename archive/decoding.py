"""Undo the transfer and content coding of a stored HTTP body."""

from __future__ import annotations

import sys
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Final

import brotli  # type: ignore[import-untyped]  # ships no type information

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.records import Pairs

#: A page decoded further than this is cut there: a bomb, or no page.
MAX_BODY_BYTES: Final = 64 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
#: Codings on top of one another, and gzip files behind one another; no page has that many.
_MOST_LAYERS: Final = 3
_MOST_MEMBERS: Final = 1000


def decoded_body(headers: Pairs, payload: bytes, *, limit: int | None = None) -> bytes:
    """The entity body with chunking, gzip, deflate, br and zstd removed (RFC 9110, 8.4).

    Never fails: what cannot be decoded is returned as it is, a body cut short as far as it goes, an
    unknown coding untouched, and so is what lies under more than three codings. At most *limit* bytes
    (``MAX_BODY_BYTES``); no step on the way unpacks more.
    """
    room = MAX_BODY_BYTES if limit is None else limit
    if "chunked" in _codings(headers, "transfer-encoding"):
        payload = _unchunked(payload)
    for coding in _codings(headers, "content-encoding")[: -_MOST_LAYERS - 1 : -1]:
        decode = _DECODERS.get(coding)
        if decode is None:
            break
        payload = decode(payload, room)
    return payload[:room]


def without_undeclared_gzip(payload: bytes, *, limit: int | None = None) -> bytes:
    """*payload* unpacked as often as it is a gzip file that no header announced (at most three times).

    Some servers send stored gzip files as pages, some pack twice and say so once. Unpacks at most *limit*
    bytes (``MAX_BODY_BYTES``).
    """
    for _ in range(_MOST_LAYERS):
        if not payload.startswith(_GZIP_MAGIC):
            break
        payload = _gunzipped(payload, MAX_BODY_BYTES if limit is None else limit)
    return payload


def _codings(headers: Pairs, name: str) -> list[str]:
    values = ",".join(value for key, value in headers if key.lower() == name)
    return [coding.strip().lower() for coding in values.split(",") if coding.strip()]


def _unchunked(payload: bytes) -> bytes:
    """Body without chunk sizes; *payload* itself where the client had removed them already."""
    parts: list[bytes] = []
    at = 0
    while True:
        line_end = payload.find(b"\r\n", at)
        size = _chunk_size(payload[at:line_end]) if line_end >= 0 else None
        if size is None:
            return b"".join(parts) if parts else payload
        if size == 0:
            return b"".join(parts)
        start = line_end + 2
        parts.append(payload[start : start + size])
        at = start + size + 2


def _chunk_size(line: bytes) -> int | None:
    digits = line.split(b";")[0].strip()
    if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):  # noqa: PLR2004 - 8 digits: 4 GB
        return None
    return int(digits, 16)


def _gunzipped(payload: bytes, room: int) -> bytes:
    return _inflated(payload, zlib.MAX_WBITS | 16, room)


def _deflated(payload: bytes, room: int) -> bytes:
    """``deflate`` means zlib (RFC 9110, 8.4.1.2); some servers send the bare stream."""
    wrapped = payload[:1] == b"\x78"
    return _inflated(payload, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, room)


def _inflated(payload: bytes, wbits: int, room: int) -> bytes:
    """The stream unpacked, and gzip files behind it (RFC 1952, 2.2)."""
    decoder = zlib.decompressobj(wbits)
    parts: list[bytes] = []
    members, pending = 1, b""
    try:
        # in steps, so that an error in the middle keeps what came before it
        for at in range(0, len(payload), _STEP):
            pending += payload[at : at + _STEP]
            while pending and room > 0:
                parts.append(decoder.decompress(pending, room))
                room -= len(parts[-1])
                pending = decoder.unconsumed_tail
                if decoder.eof:
                    pending = decoder.unused_data
                    if members >= _MOST_MEMBERS or not pending.startswith(_GZIP_MAGIC[:1]):
                        return b"".join(parts)
                    decoder, members = zlib.decompressobj(wbits), members + 1
            if room <= 0:
                break
    except zlib.error:
        pass
    return b"".join(parts) or payload


def _unbrotlied(payload: bytes, room: int) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    try:
        for at in range(0, len(payload), _STEP):
            part = decoder.process(payload[at : at + _STEP], output_buffer_limit=room)
            parts.append(part)
            room -= len(part)
            if room <= 0:
                break
    except brotli.error:
        pass
    return b"".join(parts) or payload


def _unzstded(payload: bytes, room: int) -> bytes:
    try:
        with zstd.ZstdFile(BytesIO(payload)) as stream:
            return stream.read(room) or payload
    except (zstd.ZstdError, EOFError):
        return payload


def _unchanged(payload: bytes, _room: int) -> bytes:
    return payload


_STEP: Final = 1 << 16
_DECODERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": _unbrotlied,
    "zstd": _unzstded,
    "identity": _unchanged,
}
