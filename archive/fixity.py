"""Check one closed WARC file: its checksum, every member and record, and the rows that name places in it."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs

from archive.instants import read_instant, utc_text
from archive.records import MalformedRecord, parse_response, plain_id
from archive.repacking import changed_places
from archive.walk import Damage, Walk

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from archive.repacking import Traces
    from archive.walk import Member

RESTORE: Final = "restore the file from a backup"
REPAIR: Final = "run `dqtv repair`"
#: Problems of one file that are listed; the rest is counted.
MOST_PROBLEMS: Final = 100


@attrs.frozen(kw_only=True)
class Problem:
    """One thing that is wrong, and what to do about it."""

    #: Relative to the archive's ``warc`` folder.
    file: str
    #: ``length``, ``checksum``, ``damaged``, ``record``, ``row``, ``payload``, ``missing``, ``unreadable``,
    #: ``unknown``, ``foreign``, ``open`` or ``manifest``.
    kind: str
    #: Byte at which it begins; None where it is no place in the file.
    offset: int | None = None
    #: Bytes from there in which it lies.
    length: int | None = None
    what: str
    todo: str

    def __str__(self) -> str:
        place = "" if self.offset is None else f", byte {self.offset}"
        return f"{self.file}{place}: {self.what}; {self.todo}"


@attrs.frozen(kw_only=True)
class Expected:
    """What a file should be, as the database or the manifest beside the files has it."""

    name: str
    #: None where nothing is written down.
    sha256: str | None = None
    length: int | None = None


@attrs.define(kw_only=True)
class FileCheck:
    """What was found in one file."""

    name: str
    #: Bytes read.
    bytes: int = 0
    sha256: str | None = None
    records: int = 0
    #: Rows of ``captures`` that were compared.
    rows: int = 0
    #: Captures in the file that have no row, as a killed run leaves them.
    without_row: int = 0
    problems: list[Problem] = attrs.field(factory=list)
    #: Problems beyond those listed.
    more: int = 0

    @property
    def is_sound(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems

    def add(
        self,
        kind: str,
        what: str,
        todo: str = RESTORE,
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> None:
        """Note a problem."""
        if len(self.problems) >= MOST_PROBLEMS:
            self.more += 1
            return
        self.problems.append(
            Problem(file=self.name, kind=kind, offset=offset, length=length, what=what, todo=todo)
        )


def check_file(
    folder: Path,
    expected: Expected,
    connection: sqlite3.Connection | None = None,
    *,
    on_bytes: Callable[[int], None] | None = None,
) -> FileCheck:
    """Read the file from its first to its last byte; *folder* is the ``warc`` folder.

    With *connection*, every row of ``captures`` that names the file is compared with its record.
    *on_bytes* hears how far it is. Never writes; raises nothing for what is wrong with the file.
    """
    check = FileCheck(name=expected.name)
    path = folder / expected.name
    try:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            _read(file, check, expected, connection, on_bytes)
    except FileNotFoundError:
        check.add("missing", "there is no such file")
    except OSError as error:
        todo = f"see that this user may read it and that the disk is sound, else {RESTORE}"
        check.add("unreadable", f"it cannot be read ({error.strerror})", todo)
    return check


def _read(
    file: BinaryIO,
    check: FileCheck,
    expected: Expected,
    connection: sqlite3.Connection | None,
    on_bytes: Callable[[int], None] | None,
) -> None:
    walk = Walk(file)
    with closing(_Rows(check, connection)) as rows:
        for part in walk:
            if isinstance(part, Damage):
                lost = rows.skip(part.offset + part.length)
                check.add(
                    "damaged", part.why + lost, offset=part.offset, length=part.length
                )  # fmt: skip
            else:
                _check_member(check, part, rows)
            if on_bytes is not None:
                on_bytes(walk.length)
        check.bytes, check.sha256 = walk.length, walk.sha256
        rows.skip_rest()
    _compare(file, check, expected)


def _check_member(check: FileCheck, member: Member, rows: _Rows) -> None:
    check.records += 1
    if member.problem is not None:
        lost = rows.skip(member.offset + member.length)
        check.add("record", member.problem + lost, offset=member.offset, length=member.length)
    elif member.is_capture:
        rows.compare(member)


def _compare(file: BinaryIO, check: FileCheck, expected: Expected) -> None:
    """Compare length and checksum; where only these differ, say where."""
    if expected.length is not None and check.bytes != expected.length:
        cut = check.bytes < expected.length
        what = (
            f"the file ends here, {expected.length - check.bytes} bytes are missing"
            if cut
            else f"{check.bytes - expected.length} bytes follow the end it had when it was closed"
        )
        check.add("length", what, offset=min(check.bytes, expected.length))
    elif expected.sha256 is not None and check.sha256 != expected.sha256:
        _find_changes(file, check, f"its SHA-256 is {check.sha256}, not {expected.sha256}")


def _find_changes(file: BinaryIO, check: FileCheck, what: str) -> None:
    """Name the bytes that were changed, where the file's checksum is wrong, or say what is known."""
    traces, others = changed_places(file), bool(check.problems)
    for offset in traces.headers:
        check.add("checksum", f"this byte of a record's gzip header was changed, which means nothing to a reader: {what}", offset=offset, length=1)  # fmt: skip
    packed = () if others else traces.packed
    for offset in packed:
        check.add("checksum", f"this byte was changed, though the record is whole: {what}", offset=offset, length=1)  # fmt: skip
    if traces.headers or packed:
        return
    if others:
        known, first = "see the places named above", check.problems[0].offset
    else:
        known, first = _without_a_place(traces), 0
    check.add("checksum", f"{what} ({known})", offset=first, length=check.bytes)


def _without_a_place(traces: Traces) -> str:
    whole = (
        f"all of its {traces.members} records are whole, fit their digests and have our gzip header"
    )
    if traces.is_of_another_version:
        return f"{whole}, so no text was changed; the place cannot be named, as most were packed by another version of the compressor"  # fmt: skip
    return f"{whole}, and each is packed as this program packs it, so a whole record was changed, or it is the checksum on record that is wrong"  # fmt: skip


class _Rows:
    """Rows of ``captures`` of one file in the order of their offsets, met record by record."""

    def __init__(self, check: FileCheck, connection: sqlite3.Connection | None) -> None:
        self._check = check
        self._connection = connection
        self._cursor = (
            None
            if connection is None
            else connection.execute(
                "SELECT offset, length, id, url, fetched_at, status, kind, payload_sha256"
                " FROM captures WHERE warc_file = ? ORDER BY offset",
                (check.name,),
            )
        )
        self._next = self._fetch()

    def close(self) -> None:
        """End the reading of rows."""
        if self._cursor is not None:
            self._cursor.close()

    def _fetch(self) -> _Row | None:
        values = self._cursor.fetchone() if self._cursor is not None else None
        return _Row(*values) if values else None

    def skip(self, end: int) -> str:
        """Pass over the rows of a damaged place that ends at byte *end*; names what is lost there."""
        urls = []
        while self._next is not None and self._next.offset < end:
            urls.append(self._next.url)
            self._next = self._fetch()
        if not urls:
            return ""
        more = f" and {len(urls) - 1} more" if len(urls) > 1 else ""
        return f"; it held the capture of {urls[0]}{more}"

    def skip_rest(self) -> None:
        """Note the rows behind the last record."""
        while self._next is not None:
            self._wrong(self._next, "no record begins there, or the file ends before it")
            self._next = self._fetch()

    def compare(self, member: Member) -> None:
        """Compare a response or revisit record with its row."""
        while self._next is not None and self._next.offset < member.offset:
            self._wrong(self._next, "no capture's record begins there")
            self._next = self._fetch()
        if self._next is None or self._next.offset != member.offset:
            if self._connection is not None:
                self._check.without_row += 1
            return
        row, self._next = self._next, self._fetch()
        self._check.rows += 1
        differing = _differences(row, member)
        if differing:
            self._wrong(row, "the record there differs from it: " + ", ".join(differing))
        elif row.kind == "revisit" and row.payload_sha256 is not None:
            self._check_payload(row)

    def _wrong(self, row: _Row, why: str) -> None:
        what = f"the capture {row.id} of {row.url} is on record there, but {why}"
        self._check.add("row", what, REPAIR, offset=row.offset, length=row.length)

    def _check_payload(self, row: _Row) -> None:
        assert self._connection is not None  # noqa: S101 - a row has come from there
        found = self._connection.execute(
            "SELECT 1 FROM captures WHERE payload_sha256 = ? AND kind <> 'revisit' LIMIT 1",
            (row.payload_sha256,),
        ).fetchone()
        if found is None:
            what = f"the page of {row.url} is a revisit of a payload (sha256 {row.payload_sha256}) that no capture has"  # fmt: skip
            todo = f"{REPAIR}; if that does not help, restore the missing file from a backup"
            self._check.add("payload", what, todo, offset=row.offset, length=row.length)


@attrs.frozen
class _Row:
    offset: int
    length: int
    id: str
    url: str
    fetched_at: str
    status: int
    kind: str
    payload_sha256: str | None


def _differences(row: _Row, member: Member) -> list[str]:
    fields = member.fields
    try:
        fetched_at = utc_text(read_instant(fields["warc-date"]))
        status = parse_response(member.http_head or b"").status
    except (MalformedRecord, ValueError) as error:
        return [str(error)]
    algorithm, _, digest = fields.get("warc-payload-digest", "").partition(":")
    pairs = {
        "length": (row.length, member.length),
        "id": (row.id, plain_id(fields["warc-record-id"])),
        "address": (row.url, fields["warc-target-uri"]),
        "time": (row.fetched_at, fetched_at),
        "status": (row.status, status),
        "kind": (row.kind == "revisit", fields["warc-type"] == "revisit"),
        "payload": (row.payload_sha256, digest if algorithm == "sha256" else None),
    }
    return [f"{name} {there}, not {here}" for name, (here, there) in pairs.items() if here != there]
