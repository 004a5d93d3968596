"""Read captures of this archive back by the place of their record."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import attrs
from warcio.archiveiterator import WARCIterator

from archive.asked import read_asked
from archive.decoding import decoded_body
from archive.digests import StatedDigest
from archive.errors import RecordUnreadable
from archive.foreign import ForeignRecord, ForeignWarc, iter_captures
from archive.instants import read_instant
from archive.model import Capture, CaptureKind, RecordLocation
from archive.records import (
    MAX_RECORD_BYTES,
    HttpMessage,
    MalformedRecord,
    parse_record,
    parse_response,
    plain_id,
)
from archive.warc_files import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ["ForeignRecord", "ForeignWarc", "iter_captures", "read_capture"]


def read_capture(
    warc_folder: Path,
    location: RecordLocation,
    *,
    site: str,
    url: str | None = None,
    find_payload: Callable[[str], RecordLocation | None] | None = None,
) -> Capture:
    """Read the capture whose record lies at *location*, content coding removed.

    The body of a revisit is read from the record it refers to: *find_payload*
    (``Store.payload_location``) names it, else the site's own files are searched. A 304 has no
    body. Raises RecordUnreadable naming file and offset when the bytes there are no whole record,
    do not fit their digests, or (with *url*) belong to another address.
    """
    record = _read_record(warc_folder, location)
    if url is not None and record.url != url:
        raise _unreadable(location, f"it holds {record.url}, not {url}")
    message = record.message
    if record.is_copy_elsewhere:
        payload = _referred_payload(warc_folder, record, site, find_payload)
        message = attrs.evolve(message, payload=payload)
    return Capture(
        id=record.id,
        site=site,
        url=record.url,
        fetched_at=record.date,
        status=message.status,
        headers=message.headers,
        body=decoded_body(message.headers, message.payload),
        kind=CaptureKind.REVISIT if record.type == "revisit" else CaptureKind.RESPONSE,
        payload_sha256=record.payload_sha256,
        location=location,
        ip=record.fields.get("warc-ip-address"),
        asked=read_asked(record.fields),
    )


@attrs.frozen(kw_only=True)
class _Record:
    """A response or revisit record of ours, read and checked."""

    location: RecordLocation
    fields: dict[str, str]
    message: HttpMessage
    date: datetime

    @property
    def type(self) -> str:
        return self.fields["warc-type"]

    @property
    def id(self) -> str:
        return plain_id(self.fields["warc-record-id"])

    @property
    def url(self) -> str:
        return self.fields["warc-target-uri"]

    @property
    def payload_sha256(self) -> str | None:
        algorithm, _, value = self.fields.get("warc-payload-digest", "").partition(":")
        return value if algorithm == "sha256" else None

    @property
    def is_copy_elsewhere(self) -> bool:
        """True for a revisit whose payload lies in an earlier record."""
        return self.type == "revisit" and self.payload_sha256 is not None


def _read_record(warc_folder: Path, location: RecordLocation) -> _Record:
    try:
        fields, block = parse_record(_read_member(warc_folder, location))
        if fields.get("warc-type") not in {"response", "revisit"}:
            raise MalformedRecord(f"it is a {fields.get('warc-type')} record")
        record = _Record(
            location=location,
            fields=fields,
            message=parse_response(block),
            date=read_instant(fields["warc-date"]),
        )
        record.url, record.id  # noqa: B018 - a record without them is no capture
    except KeyError as error:
        raise _unreadable(location, f"it has no {error.args[0]}") from error
    except ValueError as error:
        raise _unreadable(location, str(error)) from error
    _check_digest(location, fields.get("warc-block-digest"), block)
    if record.type == "response":
        _check_digest(location, fields.get("warc-payload-digest"), record.message.payload)
    return record


def _read_member(warc_folder: Path, location: RecordLocation) -> bytes:
    path = warc_folder / location.warc_file
    if not path.exists():
        # still being written, or left by a kill
        path = path.with_name(path.name + OPEN_SUFFIX)
    try:
        with path.open("rb") as file:
            file.seek(location.offset)
            packed = file.read(location.length)
    except OSError as error:
        raise _unreadable(location, error.strerror or "the file cannot be read") from error
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = decoder.decompress(packed, MAX_RECORD_BYTES)
    except zlib.error as error:
        raise MalformedRecord(f"its bytes are damaged: {error}") from error
    if not decoder.eof or decoder.unused_data or len(packed) != location.length:
        raise MalformedRecord("its bytes are cut short, or another record begins within them")
    return content


def _check_digest(location: RecordLocation, stated: str | None, content: bytes) -> None:
    digest = StatedDigest(stated)
    digest.update(content)
    if not digest.fits:
        raise _unreadable(location, f"its content does not fit its digest {stated}")


def _referred_payload(
    warc_folder: Path,
    revisit: _Record,
    site: str,
    find_payload: Callable[[str], RecordLocation | None] | None,
) -> bytes:
    sha256 = revisit.payload_sha256 or ""
    place = find_payload(sha256) if find_payload else _search_payload(warc_folder / site, sha256)
    if place is None:
        raise _unreadable(
            revisit.location, f"the payload it refers to (sha256 {sha256}) is missing"
        )
    if find_payload is None:
        place = attrs.evolve(place, warc_file=f"{site}/{place.warc_file}")
    payload = _read_record(warc_folder, place).message.payload
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise _unreadable(place, f"it does not hold the payload with sha256 {sha256}")
    return payload


def _search_payload(folder: Path, sha256: str) -> RecordLocation | None:
    """Walk through the files of *folder* for the full record with this payload."""
    for path in sorted(folder.rglob("*.warc.gz*")):
        name = path.relative_to(folder).as_posix().removesuffix(OPEN_SUFFIX)
        with path.open("rb") as file, closing(WARCIterator(file, no_record_parse=True)) as records:
            for record in records:
                found = record.rec_type == "response" and (
                    record.rec_headers.get_header("WARC-Payload-Digest") == f"sha256:{sha256}"
                )
                if found:
                    return RecordLocation(
                        warc_file=name,
                        offset=records.get_record_offset(),
                        length=records.get_record_length(),
                    )
    return None


def _unreadable(location: RecordLocation, why: str) -> RecordUnreadable:
    return RecordUnreadable(
        f"no capture at {location.warc_file}, byte {location.offset}: {why};"
        " restore that file from a backup"
    )
