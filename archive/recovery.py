"""Bring WARC files left by a killed process into order: cut the torn tail, close, write down."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs

from archive.errors import ArchiveError, unwritable
from archive.manifest import MANIFEST_NAME, read_manifest, register_closed
from archive.origin import read_origin
from archive.warc_files import OPEN_SUFFIX, ClosedFile, publish_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from archive.store import Store

logger = logging.getLogger(__name__)

#: Small, as what follows a member is copied once for each member in a piece.
_CHUNK: Final = 1 << 16


@attrs.frozen(kw_only=True)
class Recovered:
    """What was done with one file."""

    #: Relative to the archive's ``warc`` folder, without ``.open``.
    name: str
    #: Torn bytes cut from its end.
    cut: int
    #: None when not one whole record was left, and the file was removed.
    closed: ClosedFile | None

    def __str__(self) -> str:
        if self.closed is None:
            return f"{self.name}: removed, a killed run left no whole record in it"
        torn = f", {self.cut} torn bytes at its end cut" if self.cut else ""
        return f"{self.name}: left open by a killed run, now closed{torn}"


def recover_open_files(
    store: Store, *, sites: Iterable[str] | None = None
) -> tuple[Recovered, ...]:
    """Close every file that no living process writes, of some sites or of all; sorted by name.

    Records without a row stay: they are true captures. Files renamed but not yet written down by
    a killed process are written down. A closed file that is none of ours is named in a warning and
    left alone. Raises ArchiveError when a file is shorter than its rows say (data loss: nothing is
    repaired), ArchiveUnwritable when the disk refuses.
    """
    folders = (
        [store.warc_folder / site for site in sites] if sites is not None else [store.warc_folder]
    )
    report: list[Recovered | None] = []
    for folder in folders:
        for pattern in (f"*.warc.gz{OPEN_SUFFIX}", "*.warc.gz"):
            report += [
                recover_file(store, path)
                for path in sorted(folder.rglob(pattern))
                if not _is_foreign(store, path)
            ]
    done = (file for file in report if file is not None)
    return tuple(sorted(done, key=lambda file: file.name))


def _is_foreign(store: Store, path: Path) -> bool:
    """Whether a closed file was put there by somebody else; a warning names it then."""
    name = path.relative_to(store.warc_folder).as_posix()
    if path.name.endswith(OPEN_SUFFIX) or store.has_closed_file(name):
        return False
    if name in read_manifest(store.warc_folder / name.partition("/")[0]):
        return False
    try:
        read_origin(path, store.warc_folder)
    except ArchiveError as error:
        logger.warning("%s; it is left alone", error)
        return True
    return False


def recover_file(store: Store, path: Path) -> Recovered | None:
    """Bring one file into order; None when there is nothing to do, or a living process writes it.

    Raises what ``recover_open_files`` raises, and ArchiveError for a file that is none of ours.
    """
    if path.name.endswith(OPEN_SUFFIX):
        return _recover(store, path)
    name = path.relative_to(store.warc_folder).as_posix()
    if store.has_closed_file(name):
        return None
    return Recovered(name=name, cut=0, closed=_write_down(store, path))


def trim_tail(path: Path, known_end: int) -> int:
    """Cut *path* after its last whole gzip member; returns the bytes cut.

    *known_end* is where the last record with a row ends: a member begins there, and nothing before
    it is looked at. Raises ArchiveError when the file is shorter than that, ArchiveUnwritable.
    """
    size = path.stat().st_size
    if size < known_end:
        raise ArchiveError(
            f"{path} has {size} bytes, but captures are on record up to byte {known_end}: data was"
            " lost; keep the file as it is and restore it from a backup"
        )
    try:
        with path.open("r+b") as file:
            end = known_end
            for end in whole_members(file, known_end):  # noqa: B007 - the last one counts
                pass
            if end < size:
                file.truncate(end)
                os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error
    return size - end


def whole_members(file: BinaryIO, start: int) -> Iterator[int]:
    """End of each whole gzip member from byte *start* on, up to the first that is not whole."""
    file.seek(start)
    at, pending = start, b""
    while True:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        used = 0
        while not decoder.eof:
            pending = pending or file.read(_CHUNK)
            if not pending:
                return
            try:
                decoder.decompress(pending)
            except zlib.error:
                return
            used += len(pending) - len(decoder.unused_data)
            pending = decoder.unused_data
        at += used
        yield at


def _recover(store: Store, path: Path) -> Recovered | None:
    """Trim and close one file; None when a living process writes it."""
    final = path.with_name(path.name.removesuffix(OPEN_SUFFIX))
    name = final.relative_to(store.warc_folder).as_posix()
    try:
        with path.open("r+b") as file:
            if not _lock(file):
                return None
            cut = trim_tail(path, store.known_end(name))
            if path.stat().st_size == 0:
                path.unlink()
                return Recovered(name=name, cut=cut, closed=None)
            publish_file(final, file.fileno())
    except FileNotFoundError:
        # closed and renamed by its writer in the meantime
        return None
    except OSError as error:
        raise unwritable(path, error) from error
    return Recovered(name=name, cut=cut, closed=_write_down(store, final))


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_down(store: Store, path: Path) -> ClosedFile:
    """Register a file that is whole but has no row; a checksum noted outside the database must fit."""
    name = path.relative_to(store.warc_folder).as_posix()
    origin = read_origin(path, store.warc_folder)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    folder = store.warc_folder / name.partition("/")[0]
    noted = read_manifest(folder).get(name, sha256)
    if noted != sha256:
        raise ArchiveError(
            f"{path} is not the file whose checksum stands in {folder / MANIFEST_NAME}: its bytes"
            " were changed; keep it as it is and restore it from a backup"
        )
    closed = ClosedFile(
        name=name,
        site=origin.site,
        run_id=origin.run_id,
        opened_at=origin.opened_at,
        closed_at=datetime.now(UTC),
        length=path.stat().st_size,
        sha256=sha256,
    )
    register_closed(store, (closed,))
    return closed
