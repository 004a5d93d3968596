"""Walk through a WARC file of any origin, whole or torn, and hand out its responses."""

from __future__ import annotations

import gzip
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs
from warcio.archiveiterator import WARCIterator
from warcio.exceptions import ArchiveLoadFailed

from archive.decoding import decoded_body
from archive.errors import NotAWarc
from archive.instants import read_instant
from archive.model import Capture
from archive.records import MAX_RECORD_BYTES, parse_response, plain_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from warcio.recordloader import ArcWarcRecord

    from archive.records import Pairs
    from archive.warc import Written

_GZIP_MAGIC: Final = b"\x1f\x8b"


@attrs.frozen(kw_only=True)
class ForeignRecord:
    """One HTTP response of a WARC file that this archive did not write."""

    #: UUID, or the whole URI where the record is not named by a UUID.
    id: str
    url: str
    #: WARC-Date as it stands.
    date: str
    fetched_at: datetime
    status: int
    headers: Pairs
    #: Status line, headers and payload verbatim.
    http_bytes: bytes = attrs.field(repr=False)
    #: Payload with chunking and content coding removed.
    body: bytes = attrs.field(repr=False)
    ip: str | None = None

    def as_capture(self, *, site: str, written: Written, run_id: str) -> Capture:
        """The capture of *site* that this record is, once ``WarcWriter.copy_record`` took it over."""
        return Capture(
            id=self.id,
            site=site,
            url=self.url,
            fetched_at=self.fetched_at,
            status=self.status,
            headers=self.headers,
            body=self.body,
            kind=written.kind,
            payload_sha256=written.payload_sha256,
            location=written.location,
            run_id=run_id,
            ip=self.ip,
            robots="not_consulted",
        )


class ForeignWarc:
    """The responses of a WARC file, read one after the other; iterate once.

    Raises NotAWarc at the first step when the file is none. What came before a torn or damaged
    place is handed out; then ``damage`` says what was met.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Responses handed out.
        self.responses = 0
        #: Other records (requests, revisits, warcinfo ...) and responses that are no HTTP page.
        self.skipped = 0
        #: What is wrong with the end of the file; None when it was read to its last byte.
        self.damage: str | None = None

    def __iter__(self) -> Iterator[ForeignRecord]:
        with _opened(self.path) as file:
            stream = _Stream(file)
            with closing(WARCIterator(stream, no_record_parse=True)) as records:
                yield from self._walk(records)
            if stream.damage is not None:
                self.damage = stream.damage
        if self.responses + self.skipped == 0:
            raise NotAWarc(f"{self.path} holds no WARC record ({self.damage or 'it is empty'})")

    def _walk(self, records: WARCIterator) -> Iterator[ForeignRecord]:
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except ArchiveLoadFailed as error:
                self._stopped_at(str(error))
                return
            found = self._read(record)
            if found is None:
                self.skipped += 1
            else:
                self.responses += 1
                yield found
            if self.damage is not None:
                return

    def _stopped_at(self, why: str) -> None:
        if self.responses + self.skipped == 0:
            raise NotAWarc(
                f"{self.path} is no WARC file: its first line is not WARC/1.0 or WARC/1.1;"
                " give files that end in .warc or .warc.gz"
            )
        self.damage = (
            f"what follows record {self.responses + self.skipped} is no record: {why[:80]}"
        )

    def _read(self, record: ArcWarcRecord) -> ForeignRecord | None:
        """The response in *record*; None when it is something else, or the file ends inside it."""
        length = record.length
        if record.rec_type != "response" or length is None or length > MAX_RECORD_BYTES:
            if length is None:
                self.damage = "the last record has no length: the file was cut off"
            return None
        block = record.raw_stream.read()
        if len(block) < length:
            self.damage = f"the last record ends after {len(block)} of {length} bytes"
            return None
        return _foreign_record(record, block)


def iter_captures(path: Path) -> ForeignWarc:
    """Stream the responses of *path* (.warc or .warc.gz); see ``ForeignWarc``."""
    return ForeignWarc(path)


class _Stream:
    """Hands out what can be decompressed; the end of that is the end of the stream."""

    def __init__(self, file: BinaryIO | gzip.GzipFile) -> None:
        self._file = file
        self._at = 0
        self.damage: str | None = None

    def read(self, size: int) -> bytes:
        try:
            # read1: an error further on must not take the bytes before it along
            part = self._file.read1(size)  # type: ignore[union-attr]
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            self.damage = f"the file is cut off or damaged: {error}"
            return b""
        self._at += len(part)
        return part

    def tell(self) -> int:
        return self._at


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotAWarc(f"cannot read {path}: {error.strerror}") from error
    if file.peek(2)[:2] != _GZIP_MAGIC:
        return file
    file.close()
    # not isal's reader, which drops what it has decompressed when it meets a torn end
    return gzip.GzipFile(path, "rb")


def _foreign_record(record: ArcWarcRecord, block: bytes) -> ForeignRecord | None:
    fields = record.rec_headers
    url = fields.get_header("WARC-Target-URI") or ""
    record_id = fields.get_header("WARC-Record-ID")
    date = fields.get_header("WARC-Date")
    if not url.startswith(("http://", "https://")) or record_id is None or date is None:
        return None
    try:
        message = parse_response(block)
        fetched_at = read_instant(date)
    except ValueError:
        # also MalformedRecord: a response record without an HTTP message
        return None
    return ForeignRecord(
        id=plain_id(record_id),
        url=url,
        date=date,
        fetched_at=fetched_at,
        status=message.status,
        headers=message.headers,
        http_bytes=block,
        body=decoded_body(message.headers, message.payload),
        ip=fields.get_header("WARC-IP-Address"),
    )
