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
_MOST_LAYERS: Final = 3


def decoded_body(headers: Pairs, payload: bytes) -> bytes:
    """The entity body with chunking, gzip, deflate, br and zstd removed (RFC 9110, 8.4).

    Never fails: what cannot be decoded is returned as it is, a body cut short as far as it goes, an
    unknown coding untouched. At most ``MAX_BODY_BYTES``.
    """
    if "chunked" in _codings(headers, "transfer-encoding"):
        payload = _unchunked(payload)
    for coding in reversed(_codings(headers, "content-encoding")):
        decode = _DECODERS.get(coding)
        if decode is None:
            break
        payload = decode(payload)
    return payload[:MAX_BODY_BYTES]


def without_undeclared_gzip(payload: bytes) -> bytes:
    """*payload* unpacked as often as it is a gzip file that no header announced (at most three times).

    Some servers send stored gzip files as pages, some pack twice and say so once.
    """
    for _ in range(_MOST_LAYERS):
        if not payload.startswith(_GZIP_MAGIC):
            break
        payload = _gunzipped(payload)
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


def _gunzipped(payload: bytes) -> bytes:
    return _inflated(payload, zlib.MAX_WBITS | 16)


def _deflated(payload: bytes) -> bytes:
    """``deflate`` means zlib (RFC 9110, 8.4.1.2); some servers send the bare stream."""
    wrapped = payload[:1] == b"\x78"
    return _inflated(payload, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _inflated(payload: bytes, wbits: int) -> bytes:
    decoder = zlib.decompressobj(wbits)
    parts: list[bytes] = []
    room = MAX_BODY_BYTES
    try:
        # in steps, so that an error in the middle keeps what came before it
        for at in range(0, len(payload), _STEP):
            parts.append(
                decoder.decompress(decoder.unconsumed_tail + payload[at : at + _STEP], room)
            )
            room -= len(parts[-1])
            if decoder.eof or room <= 0:
                break
    except zlib.error:
        pass
    return b"".join(parts) or payload


def _unbrotlied(payload: bytes) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    room = MAX_BODY_BYTES
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


def _unzstded(payload: bytes) -> bytes:
    try:
        with zstd.ZstdFile(BytesIO(payload)) as stream:
            return stream.read(MAX_BODY_BYTES) or payload
    except (zstd.ZstdError, EOFError):
        return payload


_STEP: Final = 1 << 16
_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": _unbrotlied,
    "zstd": _unzstded,
    "identity": bytes,
}
