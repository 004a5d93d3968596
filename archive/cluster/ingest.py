"""The single writer: takes the segments that workers leave in the inbox into the archive, in order, each once.

A segment is stored when its token is the newest of its site, its files fit their checksums, and all before it are
stored. Its rows, and the note of it in ``ingested_segments``, are one transaction, committed while nobody can take the
site; then it is acknowledged and deleted. After a kill the next look goes by what is on record, not by what is acknowledged.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from archive.cluster.complaints import Complaints, Why
from archive.cluster.lending import lend
from archive.cluster.manifest import BadManifest, digest, read_manifest, says_newer
from archive.cluster.replay_inbox import ReplayInbox
from archive.cluster.state import write_state
from archive.cluster.storing import BadSegment, Stored, store_rows
from archive.database import make_folder
from archive.errors import SiteLocked
from archive.health.check import judge_run
from archive.instants import read_instant, utc_text
from archive.locks import SiteLock
from archive.manifest import complete_manifest
from archive.schema import MIGRATIONS
from archive.warc_files import refusals, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from archive.cluster.hub import Hub
    from archive.cluster.leases import LeaseRow
    from archive.cluster.manifest import File, Key, Manifest
    from archive.store import Store

#: Where a rows file lies while it is read, in the archive's folder.
_ROWS_COPY: Final = "ingest-rows.part"
_STATE_COPY: Final = "ingest-state.part"


class Judgement(Protocol):
    """What a token is worth, while nobody can take its site."""

    #: The site's newest token; None where nobody ever took it.
    newest: int | None
    #: Last segment of the newest token that was acknowledged.
    acked: int
    is_current: bool

    def mark(self, seq: int) -> None:
        """Acknowledge all segments up to *seq*; committed at the end of the judging."""


class Leases(Protocol):
    """What is wanted of the leases, see ``archive.cluster.leases``."""

    def judging(self, site: str, token: int) -> AbstractContextManager[Judgement]:
        """Keep others from taking *site* until the block ends."""

    def rows(self) -> Iterable[LeaseRow]:
        """All leases."""

    def without_state(self) -> Iterable[tuple[str, int]]:
        """Sites and tokens whose holders wait for a state."""

    def has_state(self, site: str, token: int) -> None:
        """Note that the state for *token* lies ready."""

    def raise_tokens(self, at_least: Mapping[str, int]) -> None:
        """Replace all holders: tokens that were given are above those on record."""


class _Refusal(Exception):
    """A segment that will never be taken, and why."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class _Wait(Exception):
    """A segment that cannot be taken yet, and why; None where that is in the order of things."""

    def __init__(self, detail: str, why: Why | None = None) -> None:
        super().__init__(detail)
        self.why = why


@attrs.define(kw_only=True)
class Report:
    """What one look through the inbox did."""

    #: Segments stored, and their rows, pages' files and bytes.
    stored: int = 0
    rows: int = 0
    files: int = 0
    bytes: int = 0
    #: Segments that had been stored before and were only acknowledged.
    known: int = 0
    refused: int = 0
    #: Segments left for a later look.
    waiting: int = 0
    #: States written for workers.
    states: int = 0
    #: One line for each segment refused, and for what kept segments waiting.
    notes: list[str] = attrs.field(factory=list)

    @property
    def did_anything(self) -> bool:
        """Whether another look is worth while at once."""
        return bool(self.stored or self.known or self.refused or self.states)


class Ingest:
    """Takes segments from *hub* into *store*; run one at a time (``archive.locks.ingest_lock``)."""

    def __init__(self, store: Store, hub: Hub, leases: Leases) -> None:
        self._store = store
        self._hub = hub
        self._leases = leases
        self._complaints = Complaints(store)
        self._replay = ReplayInbox(store, hub, leases, self._complaints)
        self._is_begun = False
        self._schemas = {migration.name for migration in MIGRATIONS.applied(store.database)}

    def step(self) -> Report:
        """Look through the inbox once, and write the states that workers wait for.

        Raises HubUnreachable, ClusterUnreachable, ArchiveUnwritable; what was not stored then stays in the inbox.
        """
        report = Report()
        if not self._is_begun:
            self._begin()
        lent, refused = lend(self._store, self._leases.rows())
        report.notes += [f"its workers wait: {error}" for error in refused]
        self._write_states(lent, report)
        for site, keys in groupby(self._hub.manifests(), key=lambda key: key.site):
            take = self._replay.take if self._replay.takes(site) else self._take_site
            take(site, list(keys), report)
        self._complaints.settle()
        return report

    def _begin(self) -> None:
        """Make good what kills left: of ourselves the list of checksums, of former holders files without a manifest."""
        for site in self._highest():
            complete_manifest(self._store, site)
        for key in self._hub.leftovers():
            with self._leases.judging(key.site, key.token) as judgement:
                is_over = judgement.newest is not None and judgement.newest > key.token
            if is_over:
                self._hub.remove(key)
        self._is_begun = True

    # -- states -------------------------------------------------------------------------------

    def _write_states(self, lent: Mapping[str, int], report: Report) -> None:
        """A token that was just taken shuts out those before it, so what is stored now is what its holder builds on."""
        for site, token in self._leases.without_state():
            if lent.get(site) != token:
                continue
            copy = self._store.root / _STATE_COPY
            try:
                write_state(self._store, site, copy)
                self._hub.put_state(site, token, copy)
            finally:
                copy.unlink(missing_ok=True)
            self._leases.has_state(site, token)
            report.states += 1

    # -- segments -----------------------------------------------------------------------------

    def _take_site(self, site: str, keys: list[Key], report: Report) -> None:
        lock = SiteLock(self._store, site, lent_is_ours=True)
        try:
            lock.acquire()
        except SiteLocked as error:
            report.waiting += len(keys)
            report.notes.append(str(error))
            return
        asked: str | None = None
        before = report.stored
        try:
            for key in keys:
                stored = self._take(key, lock, report)
                if stored is not None and stored.last_asked is not None:
                    asked = max(asked or "", stored.last_asked)
        finally:
            lock.release(None if asked is None else read_instant(asked).timestamp())
        if report.stored > before:
            complete_manifest(self._store, site)

    def _take(self, key: Key, lock: SiteLock, report: Report) -> Stored | None:
        try:
            content = self._hub.read(key)
        except FileNotFoundError:
            # moved away in the meantime
            return None
        try:
            if self._is_known(key, digest(content)):
                self._acknowledge(key)
                report.known += 1
                return None
            manifest = _read(content, key, self._schemas)
            stored = self._store_segment(key, manifest, digest(content), lock)
        except _Wait as wait:
            report.waiting += 1
            report.notes.append(f"segment {key} waits: {wait}")
            if wait.why is not None:
                self._complaints.waits(key.site, wait.why)
            return None
        except _Refusal as refusal:
            self._refuse(key, content, refusal, report)
            return None
        self._hub.remove(key)
        report.stored += 1
        report.rows += stored.rows
        report.files += len(manifest.warc_files)
        report.bytes += sum(file.size for file in manifest.files)
        return stored

    def _is_known(self, key: Key, sha256: str) -> bool:
        """Whether the segment is stored. Raises _Refusal, _Wait where it may not be stored now."""
        with self._leases.judging(key.site, key.token) as judgement:
            newest, acked = judgement.newest, judgement.acked
        stored = self._stored(key)
        if (
            newest is None
            or newest < key.token
            or (judgement.is_current and acked > self._last(key))
        ):
            # the database of leases, or the archive, was restored from a copy: some holder builds on what is not there
            self._leases.raise_tokens(self._highest() | {key.site: key.token})
            raise _Refusal(Why.STALE, "tokens were raised, as leases or archive are older than it")
        if stored == sha256:
            return True
        if stored is not None:
            raise _Refusal(Why.DOUBLED, "another segment of this number is stored")
        _refuse_stale(judgement)
        if key.seq != self._last(key) + 1:
            raise _Wait(f"segment {self._last(key) + 1} comes first")
        return False

    def _acknowledge(self, key: Key) -> None:
        with self._leases.judging(key.site, key.token) as judgement:
            if judgement.is_current:
                judgement.mark(key.seq)
        self._hub.remove(key)

    def _store_segment(self, key: Key, manifest: Manifest, sha256: str, lock: SiteLock) -> Stored:
        rows = self._store.root / _ROWS_COPY
        placed: list[Path] = []
        try:
            self._look_for_files(manifest)
            self._fetch(key, manifest.rows_file, rows)
            for file in manifest.warc_files:
                placed += self._place(key, file)
            with ExitStack() as judged:
                with self._store.transaction():
                    stored = store_rows(self._store.connection, rows, manifest)
                    self._note(manifest, sha256, stored)
                    lock.renew(None)
                    judgement = judged.enter_context(self._leases.judging(key.site, key.token))
                    _refuse_stale(judgement)
                judgement.mark(key.seq)
        except BadSegment as error:
            _remove(placed)
            raise _Refusal(Why.BAD_ROWS, str(error)) from error
        except (_Refusal, _Wait):
            _remove(placed)
            raise
        finally:
            rows.unlink(missing_ok=True)
        return stored

    def _look_for_files(self, manifest: Manifest) -> None:
        for file in manifest.files:
            size = self._hub.size(manifest.key, file)
            if size is None:
                raise _Wait(f"{file.base} is not there", Why.INCOMPLETE)
            if size != file.size:
                raise _Refusal(Why.DAMAGED, f"{file.base} has {size} bytes instead of {file.size}")

    def _fetch(self, key: Key, file: File, path: Path) -> None:
        """Copy a file here, durably. Raises _Refusal where its bytes are not those that were sealed."""
        try:
            sha256 = self._hub.fetch(key, file, path)
        except FileNotFoundError as error:
            raise _Wait(f"{file.base} is not there", Why.INCOMPLETE) from error
        if sha256 != file.sha256:
            raise _Refusal(Why.DAMAGED, f"{file.base} does not fit its checksum")

    def _place(self, key: Key, file: File) -> list[Path]:
        """Put a WARC file into its place; that path, or nothing where it lay there already."""
        target = self._store.warc_folder / file.name
        if target.exists():
            if _sha256(target) == file.sha256:
                # a kill came before the commit
                return []
            raise _Refusal(Why.DOUBLED, f"another file {file.name} lies in the archive")
        make_folder(target.parent)
        # no name that whoever looks for WARC files would take for one
        part = target.with_name(f".{file.base.removesuffix('.warc.gz')}.part")
        try:
            self._fetch(key, file, part)
            with refusals(target):
                part.rename(target)
                sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
        return [target]

    def _note(self, manifest: Manifest, sha256: str, stored: Stored) -> None:
        now = datetime.now(UTC)
        self._store.connection.execute(
            "INSERT INTO ingested_segments (site, token, seq, manifest_sha256, rows, files, software, sealed_at, stored_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*attrs.astuple(manifest.key), sha256, stored.rows, len(manifest.warc_files), manifest.software,
             utc_text(manifest.sealed_at), utc_text(now)),
        )  # fmt: skip
        for run_id, kind in stored.ended.items():
            # here, where the site's past is, and not by the worker
            try:
                judge_run(self._store.connection, run_id, kind, now)
            except LookupError as error:
                raise BadSegment(f"it measures run {run_id}, of which it knows nothing") from error

    def _refuse(self, key: Key, content: bytes, refusal: _Refusal, report: Report) -> None:
        with suppress(BadManifest):
            for file in read_manifest(content, key).warc_files:
                path = self._store.warc_folder / file.name
                is_ours = self._store.has_closed_file(file.name)
                if not is_ours and path.exists() and _sha256(path) == file.sha256:
                    # a kill left it in its place
                    _remove([path])
        place = self._hub.refuse(key, str(refusal))
        self._complaints.refused(key.site, refusal.why, place)
        report.refused += 1
        report.notes.append(f"segment {key} was refused: {refusal}; it lies at {place}")

    # -- what is on record --------------------------------------------------------------------

    def _stored(self, key: Key) -> str | None:
        row = self._store.connection.execute(
            "SELECT manifest_sha256 FROM ingested_segments WHERE site = ? AND token = ? AND seq = ?",
            attrs.astuple(key),
        ).fetchone()
        return None if row is None else str(row[0])

    def _last(self, key: Key) -> int:
        """Number of the last segment stored of this token."""
        row = self._store.connection.execute(
            "SELECT ifnull(max(seq), 0) FROM ingested_segments WHERE site = ? AND token = ?",
            (key.site, key.token),
        ).fetchone()
        return int(row[0])

    def _highest(self) -> dict[str, int]:
        """Site -> highest token of which something is stored."""
        return dict(
            self._store.connection.execute(
                "SELECT site, max(token) FROM ingested_segments GROUP BY site"
            ).fetchall()
        )


def _refuse_stale(judgement: Judgement) -> None:
    if not judgement.is_current:
        raise _Refusal(Why.STALE, f"its token is older than {judgement.newest}")


def _read(content: bytes, key: Key, schemas: set[str]) -> Manifest:
    """Read a manifest. Raises _Refusal, and _Wait where a newer version of this program made it."""
    newer = "it was made by a newer version of this program; update this one"
    if says_newer(content):
        raise _Wait(newer, Why.NEWER_VERSION)
    try:
        manifest = read_manifest(content, key)
    except BadManifest as error:
        raise _Refusal(Why.UNREADABLE, f"its manifest is none: {error}") from error
    if manifest.schema not in schemas:
        raise _Wait(newer, Why.NEWER_VERSION)
    return manifest


def _sha256(path: Path) -> str:
    with refusals(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with refusals(path):
            path.unlink(missing_ok=True)
