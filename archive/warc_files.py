"""WARC files on disk: made under a name of their own, locked while open, renamed when finished."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs

from archive.errors import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

#: A file being written carries this suffix; whoever sees it knows the tail may be torn.
OPEN_SUFFIX: Final = ".open"
#: Larger than a commit group, so that a kill rarely leaves half a record (docs/design-notes.md#capture).
_BUFFER_BYTES: Final = 4 << 20


@attrs.frozen(kw_only=True)
class ClosedFile:
    """A WARC file that will never be written again."""

    #: Relative to the archive's ``warc`` folder.
    name: str
    site: str
    run_id: str
    opened_at: datetime
    closed_at: datetime
    #: Bytes.
    length: int
    #: Hex, of the whole file; None for a damaged one of which nobody knows what it was.
    sha256: str | None


def publish_file(path: Path, descriptor: int) -> None:
    """Make a finished file durable under its final name: fsync, rename, fsync the folder."""
    os.fsync(descriptor)
    (path.parent / (path.name + OPEN_SUFFIX)).rename(path)
    sync_folder(path.parent)


def create_file(folder: Path, stem: str) -> tuple[Path, BinaryIO]:
    """A new file in *folder*, locked; never one that was there before, open or closed.

    Gives its final path; until ``publish_file`` it carries ``OPEN_SUFFIX``.
    """
    number = 1
    while True:
        suffix = f"-{number}" if number > 1 else ""
        path = folder / f"{stem}{suffix}.warc.gz"
        number += 1
        if path.exists():
            continue
        try:
            stream = (folder / (path.name + OPEN_SUFFIX)).open("xb", buffering=_BUFFER_BYTES)
        except FileExistsError:
            continue
        # taken over by nobody while this process lives: see recovery
        fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink == 0:
            # a recovery was quicker and has removed the empty file
            stream.close()
            continue
        sync_folder(folder)
        return path, stream


def sync_folder(folder: Path) -> None:
    """Make names in *folder* durable."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make the content of a file that is written, or of a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Raise ArchiveUnwritable naming *path* for what the operating system refuses inside."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error
