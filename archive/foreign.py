"""The pages in a WARC file of any origin, whole or torn; see ``foreign_stream`` for how it is read."""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import attrs

from archive.decoding import decoded_body
from archive.errors import NotAWarc
from archive.foreign_stream import Bad, RawRecord, raw_records, target
from archive.instants import read_instant
from archive.model import Capture
from archive.records import http_payload, parse_response, plain_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from archive.records import Pairs
    from archive.warc import Written

_WARC_IN_WACZ: Final = re.compile(r"archive/[^/]+\.warc(?:\.gz|\.zst)?")
#: Bad places kept with their reasons.
_LISTED: Final = 1000
_PAGES: Final = {"response", "revisit"}


@attrs.frozen(kw_only=True)
class ForeignRecord:
    """One HTTP response, or a revisit of one, of a WARC file that this archive did not write."""

    #: UUID, or the whole URI where the record is not named by a UUID.
    id: str
    #: Byte of the file at which it, or the gzip member it is in, begins.
    offset: int
    #: True when the reading may begin there another time.
    is_start: bool
    url: str
    #: WARC-Date as it stands.
    date: str
    fetched_at: datetime
    status: int
    headers: Pairs
    #: Status line, headers and payload verbatim.
    http_bytes: bytes = attrs.field(repr=False)
    ip: str | None = None
    #: As the record states it, of whatever kind.
    payload_digest: str | None = None
    #: True when the payload lies in another record.
    is_revisit: bool = False
    #: URL and instant of the capture a revisit refers to, where it says so.
    refers_to: tuple[str, datetime] | None = None

    @property
    def body(self) -> bytes:
        """Payload with chunking and content coding removed; unpacked only for pages that are wanted."""
        return decoded_body(self.headers, http_payload(self.http_bytes))

    def as_capture(self, *, site: str, written: Written, run_id: str) -> Capture:
        """The capture of *site* that this record is, once ``WarcWriter`` took it over."""
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
    """The responses and revisits of a WARC file, read one after the other; iterate once.

    *member* names a WARC file inside the WACZ file *path*; *start* is the offset of an earlier record
    that ``is_start``. *wants* tells by its address whether a page is asked for. Raises NotAWarc when
    nothing in the file is a record. What cannot be read is left out and listed in ``bad``, or, where it
    is a whole record of a page that nobody asked for, in ``unwanted_bad``.
    """

    def __init__(
        self,
        path: Path,
        *,
        member: str | None = None,
        start: int = 0,
        wants: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.path = path
        self._wants = wants
        self._member = member
        self._start = start
        #: Responses and revisits handed out.
        self.responses = 0
        #: Other records (requests, warcinfo ...) and responses that are no HTTP page.
        self.skipped = 0
        #: The first places that could not be read, and records that are not sound; all are counted.
        self.bad: list[Bad] = []
        self.bad_count = 0
        self.unwanted_bad: list[Bad] = []
        self.unwanted_bad_count = 0

    def __iter__(self) -> Iterator[ForeignRecord]:
        with _opened(self.path, self._member) as file:
            for found in raw_records(file, start=self._start, wanted=_is_page):
                page = self._page(found)
                if page is not None:
                    self.responses += 1
                    yield page
        if self.responses + self.skipped == 0 and not self._start:
            raise NotAWarc(
                f"{self.path} is no WARC file: {self.bad[0].reason if self.bad else 'it is empty'};"
                " give files that end in .warc, .warc.gz, .warc.zst or .wacz"
            )

    def _page(self, found: RawRecord | Bad) -> ForeignRecord | None:
        if isinstance(found, Bad):
            self._note(found)
            return None
        if found.block is None:
            self.skipped += 1
            return None
        try:
            return _foreign_record(found, found.block)
        except ValueError as error:
            self._note(Bad(found.offset, str(error), target(found.fields)))
            return None

    def _note(self, bad: Bad) -> None:
        if bad.url is not None:
            self.skipped += 1
        if bad.url is None or self._wants(bad.url):
            self.bad_count += 1
            self.bad += [bad][: _LISTED - len(self.bad)]
        else:
            self.unwanted_bad_count += 1
            self.unwanted_bad += [bad][: _LISTED - len(self.unwanted_bad)]


def iter_captures(path: Path) -> ForeignWarc:
    """Stream the pages of *path* (.warc, .warc.gz or .warc.zst); see ``ForeignWarc``."""
    return ForeignWarc(path)


def warc_members(path: Path) -> tuple[str | None, ...]:
    """Names of the WARC files inside the WACZ file *path*; (None,) when it is no ZIP file.

    Raises NotAWarc for a ZIP file without any, and for what cannot be read.
    """
    try:
        if not zipfile.is_zipfile(path):
            return (None,)
        with zipfile.ZipFile(path) as package:
            names = [x for x in package.namelist() if _WARC_IN_WACZ.fullmatch(x)]
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAWarc(f"cannot read {path}: {error}") from error
    if not names:
        raise NotAWarc(
            f"{path} is a ZIP file without a WARC file in its folder archive/, so it is no WACZ file"
        )
    return tuple(sorted(names))


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[BinaryIO]:
    try:
        if member is None:
            with path.open("rb") as file:
                yield file
        else:
            with zipfile.ZipFile(path) as package, package.open(member) as inner:
                yield inner  # type: ignore[misc]  # it reads, seeks and closes, and no more is asked
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAWarc(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}"
        ) from error


def _is_page(fields: dict[str, str]) -> bool:
    """Whether a record is a capture of a web page; ``dns:`` answers are responses too."""
    address = fields.get("warc-target-uri", "").lstrip("<")
    return fields.get("warc-type") in _PAGES and address.startswith(("http://", "https://"))


def _foreign_record(raw: RawRecord, block: bytes) -> ForeignRecord:
    """The page in a record. Raises ValueError saying what it lacks."""
    fields = raw.fields
    record_id, date = fields.get("warc-record-id"), fields.get("warc-date")
    if not record_id or not date:
        raise ValueError("it has no WARC-Record-ID or no WARC-Date")
    if truncated := fields.get("warc-truncated"):
        raise ValueError(f"its writer cut it off (WARC-Truncated: {truncated})")
    is_revisit = fields["warc-type"] == "revisit"
    message = parse_response(block)
    return ForeignRecord(
        id=plain_id(record_id),
        offset=raw.offset,
        is_start=raw.is_start,
        url=target(fields) or "",
        date=date,
        fetched_at=read_instant(date),
        status=message.status,
        headers=message.headers,
        http_bytes=block,
        ip=fields.get("warc-ip-address"),
        payload_digest=fields.get("warc-payload-digest"),
        is_revisit=is_revisit,
        refers_to=_refers_to(fields) if is_revisit else None,
    )


def _refers_to(fields: dict[str, str]) -> tuple[str, datetime] | None:
    url, date = fields.get("warc-refers-to-target-uri"), fields.get("warc-refers-to-date")
    if url is None or date is None:
        return None
    return url.removeprefix("<").removesuffix(">"), read_instant(date)
