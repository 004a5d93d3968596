"""Where imported captures are from, and how far each file was read: the tables of imports."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from archive.errors import NotAWarc
from archive.instants import read_instant, utc_text
from archive.model import RecordLocation
from archive.records import urn

if TYPE_CHECKING:
    from pathlib import Path

    from archive.foreign import ForeignRecord
    from archive.store import Store


@attrs.frozen(kw_only=True)
class Source:
    """A file to import, known by its content."""

    path: Path
    #: Length of the file.
    bytes: int
    #: Hex, of the whole file.
    sha256: str


@attrs.frozen(kw_only=True)
class Begun:
    """The import of one WARC file, new or taken up again."""

    id: int
    #: Where to begin to read; 0 unless an earlier import was interrupted.
    position: int


@attrs.frozen(kw_only=True)
class Original:
    """A capture with a payload of its own, which a revisit refers to."""

    url: str
    fetched_at: datetime
    payload_sha256: str
    site: str
    location: RecordLocation


def source_of(path: Path) -> Source:
    """Read *path* once for its checksum. Raises NotAWarc when it cannot be read."""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Source(path=path, bytes=path.stat().st_size, sha256=sha256)
    except OSError as error:
        raise NotAWarc(f"cannot read {path}: {error.strerror}") from error


def begin_import(store: Store, source: Source, member: str | None, *, all_pages: bool) -> Begun:
    """Write down that a file (or the WARC file *member* in it) is read; commits at once.

    An import of the same content that was interrupted goes on where it was, if it asks for the same
    pages; every other one begins at the start.
    """
    with store.transaction():
        row = store.connection.execute(
            "SELECT id, position, all_pages, finished_at FROM imports"
            " WHERE sha256 = ? AND ifnull(member, '') = ifnull(?, '')",
            (source.sha256, member),
        ).fetchone()
        if row is not None:
            goes_on = row[3] is None and bool(row[2]) == all_pages
            position = int(row[1]) if goes_on else 0
            store.connection.execute(
                "UPDATE imports SET position = ?, all_pages = ?, finished_at = NULL WHERE id = ?",
                (position, all_pages, row[0]),
            )
            return Begun(id=row[0], position=position)
        added = store.connection.execute(
            "INSERT INTO imports (name, member, bytes, sha256, all_pages, started_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                source.path.name,
                member,
                source.bytes,
                source.sha256,
                all_pages,
                utc_text(datetime.now(UTC)),
            ),
        )
        assert added.lastrowid is not None  # noqa: S101 - an INSERT has one
        return Begun(id=added.lastrowid, position=0)


def remember_position(store: Store, import_id: int, position: int) -> None:
    """Note, inside a transaction, that what stands before *position* is done."""
    store.connection.execute("UPDATE imports SET position = ? WHERE id = ?", (position, import_id))


def remember_record(store: Store, import_id: int, record: ForeignRecord) -> None:
    """Note, inside a transaction, which record of the file a stored capture is from."""
    store.connection.execute(
        "INSERT INTO import_records (capture_id, import_id, record_id, offset, payload_digest)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (capture_id) DO NOTHING",
        (
            record.id,
            import_id,
            urn(record.id).strip("<>"),
            record.offset,
            record.payload_digest,
        ),
    )


def finish_import(store: Store, import_id: int) -> None:
    """Note that the file was read to its end; commits at once."""
    with store.transaction():
        store.connection.execute(
            "UPDATE imports SET finished_at = ? WHERE id = ?",
            (utc_text(datetime.now(UTC)), import_id),
        )


_ORIGINAL = (
    "SELECT c.url, c.fetched_at, c.payload_sha256, c.site, c.warc_file, c.offset, c.length"
    " FROM captures AS c {} AND c.kind <> 'revisit' AND c.payload_sha256 IS NOT NULL"
    " ORDER BY c.fetched_at, c.id LIMIT 1"
)
_BY_ADDRESS = _ORIGINAL.format("WHERE c.url = ? AND c.fetched_at = ?")
_BY_SHA256 = _ORIGINAL.format("WHERE c.payload_sha256 = ?")
_BY_FOREIGN_DIGEST = _ORIGINAL.format(
    "JOIN import_records AS r ON r.capture_id = c.id WHERE r.payload_digest = ?"
)


def find_original(store: Store, record: ForeignRecord) -> Original | None:
    """The capture in the archive that a foreign revisit refers to, by address and time or by digest."""
    questions: list[tuple[str, tuple[str, ...]]] = []
    if record.refers_to is not None:
        questions.append((_BY_ADDRESS, (record.refers_to[0], utc_text(record.refers_to[1]))))
    if record.payload_digest is not None:
        algorithm, _, value = record.payload_digest.partition(":")
        if algorithm == "sha256":
            questions.append((_BY_SHA256, (value,)))
        questions.append((_BY_FOREIGN_DIGEST, (record.payload_digest,)))
    for question, values in questions:
        row = store.connection.execute(question, values).fetchone()
        if row is not None:
            return Original(
                url=row[0],
                fetched_at=read_instant(row[1]),
                payload_sha256=row[2],
                site=row[3],
                location=RecordLocation(warc_file=row[4], offset=row[5], length=row[6]),
            )
    return None
