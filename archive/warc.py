"""Write WARC 1.1 files (ISO 28500:2017): one gzip member per record, ``.open`` until closed.

An exchange becomes a response (or revisit) record and its request record. Bytes of a record are
built and compressed in one call each: measured, a quarter of the cost of warcio's own writer
(docs/design-notes.md#capture). Responses are kept with status line and headers as sent; what the HTTP
client changes is in the warcinfo record.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs
from warcio.recordbuilder import RecordBuilder

from archive.asked import ASKED_FIELD, asked_text
from archive.instants import compact_text, utc_text
from archive.model import CaptureKind, RecordLocation
from archive.records import (
    HTTP_REQUEST,
    HTTP_RESPONSE,
    http_payload,
    one_line,
    record_bytes,
    request_head,
    response_head,
    urn,
)
from archive.recovery import Recovered, recover_open_files, trim_tail
from archive.warc_files import ClosedFile, create_file, publish_file, refusals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.model import Asked
    from archive.records import Pairs

__all__ = [
    "ClosedFile",
    "Exchange",
    "Recovered",
    "WarcWriter",
    "Written",
    "recover_open_files",
    "trim_tail",
]

#: A file that has grown so large is closed, and a new one begun.
MAX_BYTES: Final = 1_000_000_000
#: Shorter payloads are written in full: a revisit record would not be smaller.
REVISIT_FROM_BYTES: Final = 65
_NOT_MODIFIED_PROFILE: Final = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_NOT_MODIFIED: Final = 304


@attrs.frozen(kw_only=True)
class Exchange:
    """One HTTP request and its answer, as the HTTP client reports them."""

    #: UUID of the record to be written, also the capture's id.
    id: str
    url: str
    #: Aware.
    fetched_at: datetime
    method: str = "GET"
    #: Header values are bytes read as latin-1, which keeps every byte.
    request_headers: Pairs = ()
    status: int
    #: Reason phrase of the status line.
    reason: str | None = None
    #: ``HTTP/1.1``, ``HTTP/1.0``; ``h2`` is noted in WARC-Protocol and written as HTTP/1.1.
    http_version: str = "HTTP/1.1"
    response_headers: Pairs = ()
    #: Body as sent: content coding kept, chunking removed by the HTTP client.
    payload: bytes = attrs.field(default=b"", repr=False)
    ip: str | None = None
    #: URL and instant of the capture whose validators were sent, for a 304.
    refers_to: tuple[str, datetime] | None = None
    #: What the crawl took the address for; None for robots.txt.
    asked: Asked | None = None


@attrs.frozen(kw_only=True)
class Written:
    """Where and how a response was written."""

    location: RecordLocation
    kind: CaptureKind
    #: Hex; None for a 304, which has no payload of its own.
    payload_sha256: str | None


@attrs.define(kw_only=True)
class _OpenFile:
    """The file being written."""

    name: str
    path: Path
    stream: BinaryIO
    opened_at: datetime
    warcinfo_id: str
    offset: int = 0
    digest: hashlib._Hash = attrs.field(factory=hashlib.sha256)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())


class WarcWriter:
    """Writes the captures of one site and run into files of its own.

    *folder* is the archive's ``warc`` folder. The first file is made by the first record, further
    ones whenever *max_bytes* are reached. *known_payload* (``Store.known_payload``) decides what
    becomes a revisit. *source* names the file that records are copied from. Raises ArchiveUnwritable from every method when the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        site: str,
        run_id: str,
        operator: str,
        software: str,
        robots_policy: str,
        command: str = "crawl",
        source: str | None = None,
        max_bytes: int = MAX_BYTES,
        known_payload: Callable[[str], tuple[str, datetime] | None],
        clock: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        self._folder = folder
        self._site = site
        self._run_id = run_id
        self._info = {
            "software": software,
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "operator": operator,
            "robots": robots_policy,
            "isPartOf": run_id,
            "site": site,
            "command": command,
            "description": "response headers as sent; chunked coding removed, its header renamed to"
            " X-Archive-Orig-Transfer-Encoding; request line and Host rebuilt",
        }
        if source is not None:
            self._info["source"] = source
        self._max_bytes = max_bytes
        self._known_payload = known_payload
        self._clock = clock
        self._new_id = new_id
        self._open: _OpenFile | None = None
        self._closed: list[ClosedFile] = []

    def write_exchange(self, exchange: Exchange) -> Written:
        """Write the response (or revisit) record, then the request record that led to it."""
        sha256 = hashlib.sha256(exchange.payload).hexdigest()
        fields, kind = self._response_fields(exchange, sha256)
        block = response_head(
            exchange.http_version, exchange.status, exchange.reason, exchange.response_headers
        )
        if kind is CaptureKind.RESPONSE:
            block += exchange.payload
        location = self._write(fields, block, content_type=HTTP_RESPONSE)
        request = {
            "WARC-Type": "request",
            "WARC-Record-ID": urn(self._new_id()),
            "WARC-Date": utc_text(exchange.fetched_at),
            "WARC-Target-URI": exchange.url,
            "WARC-Concurrent-To": urn(exchange.id),
        }
        self._write(
            request,
            request_head(exchange.method, exchange.url, exchange.request_headers),
            content_type=HTTP_REQUEST,
            rotate=False,
        )
        not_modified = exchange.status == _NOT_MODIFIED
        return Written(
            location=location, kind=kind, payload_sha256=None if not_modified else sha256
        )

    def copy_record(
        self, *, record_id: str, url: str, date: str, http_bytes: bytes, ip: str | None = None
    ) -> Written:
        """Take over a response record of another archive: id, date and HTTP bytes stay verbatim.

        *record_id* is the UUID, or the whole URI where the record is not named by a UUID.
        """
        sha256 = hashlib.sha256(http_payload(http_bytes)).hexdigest()
        fields = {
            "WARC-Type": "response",
            "WARC-Record-ID": urn(record_id),
            "WARC-Date": date,
            "WARC-Target-URI": url,
            "WARC-Payload-Digest": f"sha256:{sha256}",
        }
        if ip is not None:
            fields["WARC-IP-Address"] = ip
        location = self._write(fields, http_bytes, content_type=HTTP_RESPONSE)
        return Written(location=location, kind=CaptureKind.IMPORT, payload_sha256=sha256)

    def copy_revisit(
        self,
        *,
        record_id: str,
        url: str,
        date: str,
        http_bytes: bytes,
        payload_sha256: str,
        refers_to: tuple[str, datetime],
        ip: str | None = None,
    ) -> Written:
        """Take over a revisit record of another archive, as one of a capture of this archive.

        *payload_sha256* and *refers_to* (URL and instant) are those of the record that holds its payload.
        """
        fields = {
            "WARC-Type": "revisit",
            "WARC-Record-ID": urn(record_id),
            "WARC-Date": date,
            "WARC-Target-URI": url,
            "WARC-Payload-Digest": f"sha256:{payload_sha256}",
            "WARC-Profile": RecordBuilder.REVISIT_PROFILE_1_1,
            "WARC-Refers-To-Target-URI": refers_to[0],
            "WARC-Refers-To-Date": utc_text(refers_to[1]),
        }
        if ip is not None:
            fields["WARC-IP-Address"] = ip
        location = self._write(fields, http_bytes, content_type=HTTP_RESPONSE)
        return Written(location=location, kind=CaptureKind.REVISIT, payload_sha256=payload_sha256)

    def flush(self, *, durable: bool) -> None:
        """Hand all records to the operating system; with *durable*, to the disk (fdatasync)."""
        if self._open is None:
            return
        with refusals(self._open.path):
            self._open.stream.flush()
            if durable:
                os.fdatasync(self._open.stream.fileno())

    def rotate(self) -> tuple[ClosedFile, ...]:
        """Close and rename the file being written, so that the next record begins another.

        Gives the files closed since the last call, oldest first; neither it nor ``close`` names them again.
        """
        self._close_current()
        closed, self._closed = tuple(self._closed), []
        return closed

    def close(self) -> tuple[ClosedFile, ...]:
        """Close and rename the file being written; all files that were not given yet, oldest first."""
        self._close_current()
        return tuple(self._closed)

    def _response_fields(
        self, exchange: Exchange, sha256: str
    ) -> tuple[dict[str, str], CaptureKind]:
        fields = {
            "WARC-Type": "response",
            "WARC-Record-ID": urn(exchange.id),
            "WARC-Date": utc_text(exchange.fetched_at),
            "WARC-Target-URI": exchange.url,
        }
        if exchange.ip is not None:
            fields["WARC-IP-Address"] = exchange.ip
        if not exchange.http_version.startswith("HTTP/"):
            fields["WARC-Protocol"] = exchange.http_version
        if exchange.asked is not None:
            fields[ASKED_FIELD] = asked_text(exchange.asked)
        if exchange.status == _NOT_MODIFIED:
            profile, original = _NOT_MODIFIED_PROFILE, exchange.refers_to
        else:
            fields["WARC-Payload-Digest"] = f"sha256:{sha256}"
            long_enough = len(exchange.payload) >= REVISIT_FROM_BYTES
            original = self._known_payload(sha256) if long_enough else None
            if original is None:
                return fields, CaptureKind.RESPONSE
            profile = RecordBuilder.REVISIT_PROFILE_1_1
        fields |= {"WARC-Type": "revisit", "WARC-Profile": profile}
        if original is not None:
            fields["WARC-Refers-To-Target-URI"] = original[0]
            fields["WARC-Refers-To-Date"] = utc_text(original[1])
        return fields, CaptureKind.REVISIT

    def _write(
        self, fields: dict[str, str], block: bytes, *, content_type: str, rotate: bool = True
    ) -> RecordLocation:
        file = self._current(rotate=rotate)
        fields = fields | {"WARC-Warcinfo-ID": urn(file.warcinfo_id)}
        return _append(file, record_bytes(fields, block, content_type))

    def _current(self, *, rotate: bool) -> _OpenFile:
        if rotate and self._open is not None and self._open.offset >= self._max_bytes:
            self._close_current()
        if self._open is None:
            self._open = self._open_file()
        return self._open

    def _open_file(self) -> _OpenFile:
        opened_at = self._clock()
        folder = self._folder / self._site / f"{opened_at.astimezone(UTC):%Y}"
        run = self._run_id.rsplit("-", 1)[-1]
        stem = f"{self._site}-{compact_text(opened_at)}-{run}"
        with refusals(folder):
            folder.mkdir(parents=True, exist_ok=True)
            path, stream = create_file(folder, stem)
        file = _OpenFile(
            name=path.relative_to(self._folder).as_posix(),
            path=path,
            stream=stream,
            opened_at=opened_at,
            warcinfo_id=self._new_id(),
        )
        _append(file, self._warcinfo(file))
        return file

    def _warcinfo(self, file: _OpenFile) -> bytes:
        fields = {
            "WARC-Type": "warcinfo",
            "WARC-Record-ID": urn(file.warcinfo_id),
            "WARC-Date": utc_text(file.opened_at),
            "WARC-Filename": file.path.name,
        }
        lines = "".join(f"{key}: {one_line(value)}\r\n" for key, value in self._info.items())
        return record_bytes(fields, lines.encode(), "application/warc-fields")

    def _close_current(self) -> None:
        file, self._open = self._open, None
        if file is None:
            return
        with refusals(file.path), file.stream:
            file.stream.flush()
            publish_file(file.path, file.stream.fileno())
        self._closed.append(
            ClosedFile(
                name=file.name,
                site=self._site,
                run_id=self._run_id,
                opened_at=file.opened_at,
                closed_at=self._clock(),
                length=file.offset,
                sha256=file.digest.hexdigest(),
            )
        )


def _append(file: _OpenFile, member: bytes) -> RecordLocation:
    location = RecordLocation(warc_file=file.name, offset=file.offset, length=len(member))
    with refusals(file.path):
        file.stream.write(member)
    file.digest.update(member)
    file.offset += len(member)
    return location
