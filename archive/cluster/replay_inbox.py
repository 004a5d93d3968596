"""Takes what workers say of a replay's pages out of the inbox, into the book of the replay.

Token and checksum are judged as those of segments (``archive.cluster.ingest``). A result lost or refused costs only
its reading: the parcel is read again.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final

import orjson

from archive.cluster.complaints import Why
from archive.cluster.manifest import BadManifest, digest, read_manifest
from archive.cluster.replay_book import ReplayBook
from archive.lease import REPLAY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from archive.cluster.complaints import Complaints
    from archive.cluster.hub import Hub
    from archive.cluster.ingest import Leases, Report
    from archive.cluster.manifest import Key, Manifest
    from archive.store import Store

#: Where a file of results lies while it is read, in the archive's folder.
_COPY: Final = "replay-rows.part"
#: The table that a manifest's ``rows`` counts.
READINGS: Final = "readings"
_FAULTS: Final[tuple[type[Exception], ...]] = (
    orjson.JSONDecodeError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, TypeError,
)  # fmt: skip


class _Refused(Exception):
    """A result that is not taken, and why."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class ReplayInbox:
    """Takes results from *hub* for the replay under way in *store*."""

    def __init__(self, store: Store, hub: Hub, leases: Leases, complaints: Complaints) -> None:
        self._store = store
        self._hub = hub
        self._leases = leases
        self._complaints = complaints

    def takes(self, name: str) -> bool:
        """Whether keys with this *name* are of a replay."""
        return name.startswith(REPLAY_PREFIX)

    def take(self, name: str, keys: Sequence[Key], report: Report) -> None:  # noqa: ARG002 - as segments of a site are taken
        """Take the results of the parcel *name*, at *keys*. Raises HubUnreachable, ClusterUnreachable, ArchiveUnwritable."""
        book = ReplayBook.open(self._store.root)
        if book is None:
            for key in keys:
                self._drop(key, report)
            return
        with closing(book):
            for key in keys:
                number = book.number_of(key.site)
                if number is None:
                    self._drop(key, report)
                else:
                    self._take(book, number, key, report)

    def _drop(self, key: Key, report: Report) -> None:
        """Delete a result that nobody waits for: its replay is over."""
        self._hub.remove(key)
        report.notes.append(f"results {key} are of a replay that is over; they were deleted")

    def _take(self, book: ReplayBook, number: int, key: Key, report: Report) -> None:
        try:
            content = self._hub.read(key)
        except FileNotFoundError:
            return
        try:
            if book.sha256(number) == digest(content):
                self._acknowledge(key)
                report.known += 1
                return
            with self._leases.judging(key.site, key.token) as judgement:
                newest = judgement.newest
            _refuse_stale(key, newest)
            manifest = _manifest(content, key)
            self._store_said(book, number, manifest, digest(content))
        except FileNotFoundError:
            # data go before the manifest: what is missing now has been taken away
            report.waiting += 1
            report.notes.append(f"results {key} wait: {manifest.rows_file.base} is not there")
            return
        except _Refused as refused:
            self._refuse(book, number, key, refused, report)
            return
        self._hub.remove(key)
        report.stored += 1
        report.rows += sum(manifest.rows.values())
        report.bytes += sum(file.size for file in manifest.files)

    def _acknowledge(self, key: Key) -> None:
        with self._leases.judging(key.site, key.token) as judgement:
            if judgement.is_current:
                judgement.mark(key.seq)
        self._hub.remove(key)

    def _store_said(
        self, book: ReplayBook, number: int, manifest: Manifest, sha256: str
    ) -> None:  # fmt: skip
        key, copy = manifest.key, self._store.root / _COPY
        try:
            if self._hub.fetch(key, manifest.rows_file, copy) != manifest.rows_file.sha256:
                raise _Refused(Why.DAMAGED, f"{manifest.rows_file.base} does not fit its checksum")
            said = _read_said(copy)
        finally:
            copy.unlink(missing_ok=True)
        if len(said) != manifest.rows.get(READINGS):
            raise _Refused(
                Why.BAD_ROWS,
                f"it says something of {len(said)} pages, and its manifest {manifest.rows}",
            )
        try:
            with ExitStack() as judged:
                with book.transaction():
                    book.take(number, sha256, said)
                    judgement = judged.enter_context(self._leases.judging(key.site, key.token))
                    _refuse_stale(key, judgement.newest)
                judgement.mark(key.seq)
        except LookupError as error:
            raise _Refused(Why.BAD_ROWS, str(error)) from error

    def _refuse(
        self, book: ReplayBook, number: int, key: Key, refused: _Refused, report: Report
    ) -> None:
        place = self._hub.refuse(key, str(refused))
        parcel = book.parcel(number)
        self._complaints.refused(parcel.site if parcel else key.site, refused.why, place)
        if refused.why is not Why.STALE:
            book.came_to_nothing(number)
        report.refused += 1
        report.notes.append(f"results {key} were refused: {refused}; they lie at {place}")


def _refuse_stale(key: Key, newest: int | None) -> None:
    if newest != key.token:
        raise _Refused(Why.STALE, f"its token is not the newest, {newest}")


def _manifest(content: bytes, key: Key) -> Manifest:
    try:
        return read_manifest(content, key)
    except BadManifest as error:
        raise _Refused(Why.UNREADABLE, f"its manifest is none: {error}") from error


def _read_said(path: Path) -> dict[str, bytes]:
    """Capture -> what is said of it: each line is a capture's id, a tab, and JSON."""
    said: dict[str, bytes] = {}
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                capture_id, tab, text = line.partition(b"\t")
                orjson.loads(text)
                if not tab or not line.endswith(b"\n"):
                    raise _Refused(Why.BAD_ROWS, "a line is cut")
                said[capture_id.decode("ascii")] = text.rstrip(b"\n")
    except _FAULTS as error:
        raise _Refused(Why.BAD_ROWS, f"its rows cannot be read ({error})") from error
    return said
