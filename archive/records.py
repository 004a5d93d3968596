"""The bytes of one WARC record and of the HTTP message inside it, in both directions."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import urlsplit

import attrs
from isal import igzip
from warcio.statusandheaders import StatusAndHeaders

Pairs = tuple[tuple[str, str], ...]

HTTP_RESPONSE: Final = "application/http; msgtype=response"
HTTP_REQUEST: Final = "application/http; msgtype=request"
#: Ends the named fields of a record, and the headers of an HTTP message as we write it.
END_OF_HEAD: Final = b"\r\n\r\n"
NO_RECORD: Final = "no WARC record begins there"
#: No page is larger; more would only fill the memory.
MAX_RECORD_BYTES: Final = 128 << 20
#: Measured: a ninth of the time of gzip level 6 for files 15 % larger (docs/design-notes.md#capture).
ISAL_LEVEL: Final = 1
#: How ISA-L begins each of our gzip members (RFC 1952, 2.3): no flags, no time, level and system unsaid.
GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class MalformedRecord(ValueError):
    """Bytes that are not one whole WARC record, or no HTTP message."""


@attrs.frozen(kw_only=True)
class HttpMessage:
    """An HTTP response as stored."""

    status: int
    reason: str | None
    #: In the order sent; bytes read as latin-1.
    headers: Pairs
    #: Body as stored, nothing decoded.
    payload: bytes = attrs.field(repr=False)


def record_bytes(fields: dict[str, str], block: bytes, content_type: str) -> bytes:
    """One compressed WARC record (a whole gzip member); block digest and length are added."""
    pairs = [(name, one_line(value)) for name, value in fields.items()]
    pairs += [
        ("WARC-Block-Digest", f"sha256:{hashlib.sha256(block).hexdigest()}"),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    head: bytes = StatusAndHeaders("", pairs, protocol="WARC/1.1").to_bytes(encoding="utf-8")
    member: bytes = igzip.compress(head + block + b"\r\n\r\n", ISAL_LEVEL, mtime=0)
    return member


def parse_record(content: bytes) -> tuple[dict[str, str], bytes]:
    """Named fields (names in lower case) and block of one decompressed record of ours.

    Raises MalformedRecord unless *content* is exactly one record.
    """
    head, separator, rest = content.partition(END_OF_HEAD)
    fields = record_fields(head) if separator else {}
    if not fields:
        raise MalformedRecord(NO_RECORD)
    length = fields.get("content-length", "")
    if not length.isdecimal() or rest[int(length) :] != b"\r\n\r\n":
        raise MalformedRecord(
            f"the record's length ({length or 'none'}) is not that of its content"
        )
    return fields, rest[: int(length)]


def record_fields(head: bytes) -> dict[str, str]:
    """Named fields, names in lower case, of the lines before a record's first blank line.

    Raises MalformedRecord when they are not those of a WARC record.
    """
    first_line, _, lines = head.partition(b"\r\n")
    if not first_line.startswith(b"WARC/1."):
        raise MalformedRecord(NO_RECORD)
    try:
        text = lines.decode()
    except UnicodeDecodeError as error:
        raise MalformedRecord(f"its named fields are no UTF-8: {error}") from error
    pairs = (line.partition(":") for line in text.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def response_head(version: str, status: int, reason: str | None, headers: Pairs) -> bytes:
    """Status line and headers up to and with the blank line; versions beyond 1.1 become HTTP/1.1."""
    version = version if version.startswith("HTTP/1.") else "HTTP/1.1"
    return _http_head(f"{version} {status} {reason or ''}", headers)


def request_head(method: str, url: str, headers: Pairs) -> bytes:
    """Request line and headers up to and with the blank line; Host is added when missing."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not any(name.lower() == "host" for name, _ in headers):
        headers = (("Host", parts.netloc.rpartition("@")[2]), *headers)
    return _http_head(f"{method} {target} HTTP/1.1", headers)


def parse_response(http_bytes: bytes) -> HttpMessage:
    """Read a stored HTTP response. Raises MalformedRecord when there is no status line."""
    end, body_at = end_of_http_head(http_bytes)
    lines = http_bytes[:end].decode("latin-1").replace("\r\n", "\n").split("\n")
    version, _, rest = lines[0].partition(" ")
    code, _, reason = rest.strip().partition(" ")
    if not version.startswith("HTTP/") or not code.isdecimal():
        raise MalformedRecord(f"no HTTP status line: {lines[0][:60]!r}")
    return HttpMessage(
        status=int(code),
        reason=reason.strip() or None,
        headers=_headers(lines[1:]),
        payload=http_bytes[body_at:],
    )


def http_payload(http_bytes: bytes) -> bytes:
    """What follows the head of an HTTP message; empty when there is none."""
    return http_bytes[end_of_http_head(http_bytes)[1] :]


def urn(record_id: str) -> str:
    """A record id as WARC writes it; an id that is a URI already stays one."""
    return f"<{record_id}>" if ":" in record_id else f"<urn:uuid:{record_id}>"


def plain_id(named: str) -> str:
    """The id inside ``<urn:uuid:...>``, or the whole URI when it is no UUID."""
    return named.strip().removeprefix("<").removesuffix(">").removeprefix("urn:uuid:")


def one_line(text: str) -> str:
    """The text without line ends, so that no value can begin a header of its own."""
    return text.replace("\r", " ").replace("\n", " ")


def _http_head(first_line: str, headers: Pairs) -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return b"\r\n".join(_latin(one_line(line)) for line in lines)


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def end_of_http_head(http_bytes: bytes | bytearray) -> tuple[int, int]:
    """Where the head ends and the body begins; some crawlers store bare line feeds."""
    ends = [
        (http_bytes.find(mark), len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if mark in http_bytes
    ]
    if not ends:
        return len(http_bytes), len(http_bytes)
    at, width = min(ends)
    return at, at + width


def _headers(lines: list[str]) -> Pairs:
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and headers:
            # folded line of the old standard (RFC 9112, 5.2)
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
        elif ":" in line[1:]:
            # the pseudo-headers of HTTP/2, such as ":status", are no headers
            name, _, value = line.partition(":")
            if not name:
                continue
            headers.append((name.strip(), value.strip()))
    return tuple(headers)
