"""The hub: where workers leave segments for the archive, and the archive the states of papers for workers.

One fsspec URL (``file://``, ``s3://``, ``sftp://``) with three folders: ``inbox/<site>/<token>/<seq>/`` for segments,
``refused/`` for those that were not taken, ``state/<site>/<token>.db``. A segment is there when its manifest is.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import attrs

from archive.cluster.manifest import LONGEST, MANIFEST, key_of
from archive.cluster.places import Place
from archive.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from archive.cluster.manifest import File, Key
    from archive.cluster.places import Entry
    from archive.cluster.segment import Segment

INBOX: Final = "inbox"
REFUSED: Final = "refused"
STATE: Final = "state"
#: Beside the manifest of a refused segment: why, in English.
REASON: Final = "reason.txt"
_LONGEST_REASON: Final = 1_000


class SegmentTaken(ArchiveError):
    """Another worker has pushed a segment of the same number under the same token."""


class SegmentRefused(ArchiveError):
    """The archive did not take the segment, and will not take it again."""


@attrs.frozen(kw_only=True)
class Folder:
    """What lies there of one segment."""

    #: ``<site>/<token>/<seq>``; one that was refused again has a number behind it.
    name: str
    bytes: int
    #: Whether its manifest is there.
    is_whole: bool
    #: Unix time of the refusal or of the hand-over, by the hub's clock; else of the newest file; None where not known.
    changed_at: float | None

    @classmethod
    def of(cls, name: str, entries: Mapping[str, Entry]) -> Folder:
        """Of the files in it."""
        times = [x.changed_at for x in entries.values() if x.changed_at is not None]
        said = entries.get(REASON) or entries.get(MANIFEST)
        return cls(
            name=name,
            bytes=sum(entry.bytes for entry in entries.values()),
            is_whole=MANIFEST in entries,
            changed_at=said.changed_at if said else max(times, default=None),
        )


class Hub:
    """What lies at one URL. Raises HubUnreachable from every method; *options* are fsspec's."""

    def __init__(self, url: str, **options: object) -> None:
        self.place = Place(url, **options)

    def reach(self) -> None:
        """Ask it something small."""
        self.place.size(INBOX)

    # -- workers ------------------------------------------------------------------------------

    def push(self, segment: Segment) -> bool:
        """Hand a sealed segment over, data first; False when it was there already, as after a kill.

        Raises SegmentTaken, SegmentRefused, ArchiveError where its files were changed since they were sealed.
        """
        key = segment.key
        if self.is_refused(key):
            raise SegmentRefused(
                f"segment {key} was refused by the archive; `dqtv health` there says why. End this crawl: the next one"
                " begins with what the archive has"
            )
        if self._is_pushed(segment):
            return False
        for file in segment.manifest.files:
            _check(segment.path(file), file)
        for file in segment.manifest.files:
            self.place.put(segment.path(file), f"{_folder(key)}/{file.base}")
        try:
            self.place.create(f"{_folder(key)}/{MANIFEST}", segment.content)
        except FileExistsError:
            # of two, one was quicker, and it may have been ourselves
            return not self._is_pushed(segment)
        return True

    def is_refused(self, key: Key) -> bool:
        """Whether the archive refused a segment of this number."""
        return bool(self.place.files(f"{REFUSED}/{key}"))

    def holds(self, key: Key) -> bool:
        """Whether a segment that was pushed lies in the inbox still: neither stored nor refused."""
        return self.place.size(f"{_folder(key)}/{MANIFEST}") is not None

    def get_state(self, site: str, token: int, path: Path) -> bool:
        """Copy the state that was written for this token to *path*; False while it is not there.

        Raises ArchiveUnwritable.
        """
        try:
            self.place.fetch(f"{STATE}/{site}/{token}.db", path)
        except FileNotFoundError:
            return False
        return True

    def _is_pushed(self, segment: Segment) -> bool:
        try:
            there = self.place.read(f"{_folder(segment.key)}/{MANIFEST}", LONGEST)
        except FileNotFoundError:
            return False
        if there != segment.content:
            raise SegmentTaken(
                f"another worker has pushed a segment {segment.key}: two crawls have the same token, as after the"
                " database of leases was restored from a backup. End this crawl; `dqtv ingest` raises the tokens"
            )
        return True

    # -- the archive --------------------------------------------------------------------------

    def manifests(self) -> tuple[Key, ...]:
        """Segments that lie in the inbox, in the order in which they are to be taken."""
        names = (name.split("/") for name in self.place.files(INBOX))
        keys = {key_of(*parts[1:4]) for parts in names if parts[4:] == [MANIFEST]}
        return tuple(sorted(key for key in keys if key is not None))

    def read(self, key: Key) -> bytes:
        """Bytes of a manifest, one more than are allowed at most. Raises FileNotFoundError."""
        return self.place.read(f"{_folder(key)}/{MANIFEST}", LONGEST + 1)

    def size(self, key: Key, file: File) -> int | None:
        """Bytes of a file of a segment as it lies in the inbox; None where it does not."""
        return self.place.size(f"{_folder(key)}/{file.base}")

    def fetch(self, key: Key, file: File, path: Path) -> str:
        """Copy a file of a segment to *path*, durably; its hex SHA-256. Raises FileNotFoundError, ArchiveUnwritable."""
        return self.place.fetch(f"{_folder(key)}/{file.base}", path)

    def remove(self, key: Key) -> None:
        """Delete a segment that was stored; its manifest last, so that a kill leaves no data without one."""
        folder = _folder(key)
        for name in self._manifest_last(folder):
            self.place.remove(name)
        self.place.tidy(folder)

    def refuse(self, key: Key, reason: str) -> str:
        """Move a segment to ``refused/`` and write down why; where it lies then."""
        folder, number = f"{REFUSED}/{key}", 1
        while self.place.size(f"{folder}/{MANIFEST}") is not None:
            number += 1
            folder = f"{REFUSED}/{key}-{number}"
        with suppress(FileExistsError):
            # a kill came after it was written
            self.place.create(f"{folder}/{REASON}", reason.encode()[:_LONGEST_REASON])
        for name in self._manifest_last(_folder(key)):
            self.place.move(name, f"{folder}/{name.rpartition('/')[2]}")
        self.place.tidy(_folder(key))
        return f"{self.place.name.rstrip('/')}/{folder}"

    def reason(self, name: str) -> str | None:
        """Why a segment was refused, by its name in `refused`; None where nothing is written."""
        try:
            return self.place.read(f"{REFUSED}/{name}/{REASON}", _LONGEST_REASON).decode(
                errors="replace"
            )
        except FileNotFoundError:
            return None

    def inbox(self) -> tuple[Folder, ...]:
        """What lies in the inbox, whole or not."""
        return self._folders(INBOX)

    def refused(self) -> tuple[Folder, ...]:
        """What lies in ``refused/``."""
        return self._folders(REFUSED)

    def _folders(self, topmost: str) -> tuple[Folder, ...]:
        found: dict[str, dict[str, Entry]] = {}
        for name, entry in self.place.entries(topmost).items():
            folder, _, base = name.removeprefix(f"{topmost}/").rpartition("/")
            if folder:
                found.setdefault(folder, {})[base] = entry
        return tuple(Folder.of(name, entries) for name, entries in sorted(found.items()))

    def leftovers(self) -> tuple[Key, ...]:
        """Segments of which data lie in the inbox and no manifest: an upload under way, or one that was killed."""
        files = self.place.files(INBOX)
        keys = {key for name in files if (key := key_of(*(name.split("/") + [""] * 3)[1:4]))}
        return tuple(sorted(key for key in keys if f"{_folder(key)}/{MANIFEST}" not in files))

    def put_state(self, site: str, token: int, path: Path) -> None:
        """Offer the state of a site to the holder of *token*; those of former tokens are removed."""
        self.place.put(path, f"{STATE}/{site}/{token}.db")
        for name in self.place.files(f"{STATE}/{site}"):
            former = name.rpartition("/")[2].removesuffix(".db")
            if former.isdecimal() and int(former) < token:
                self.place.remove(name)

    def _manifest_last(self, folder: str) -> list[str]:
        return sorted(self.place.files(folder), key=lambda name: name.endswith(f"/{MANIFEST}"))


def _folder(key: Key) -> str:
    return f"{INBOX}/{key}"


def _check(path: Path, file: File) -> None:
    try:
        with path.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
    if sha256 != file.sha256:
        raise ArchiveError(
            f"{path} was changed since it was sealed: its bytes do not fit their checksum; check the disk."
            " It is not pushed; end this crawl, the next one begins with what the archive has"
        )
