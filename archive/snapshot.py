"""Published snapshots in ``public/``: which one is served, and how it takes the place of the last."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.errors import ArchiveError, NothingPublished
from archive.instants import read_instant, utc_text
from archive.warc_files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

CURRENT: Final = "current.json"
_KEPT: Final = 3


@attrs.frozen(kw_only=True)
class Snapshot:
    """One published database."""

    #: ``20261124T031500Z-1a2b3c4d``: instant of the build and digest of the content.
    id: str
    path: Path
    built_at: datetime
    articles: int
    #: Hex SHA-256 of the file.
    sha256: str
    #: Length of the file.
    bytes: int


def newest_snapshot(root: Path) -> Snapshot:
    """The snapshot named in ``public/current.json`` of the archive at *root*.

    Raises NothingPublished when there is none yet, ArchiveError when the record or the file it
    names is damaged or missing.
    """
    record = root / "public" / CURRENT
    try:
        values = orjson.loads(record.read_bytes())
        path = record.with_name(values["snapshot"])
        snapshot = Snapshot(
            id=values["id"],
            path=path,
            built_at=read_instant(values["built_at"]),
            articles=int(values["articles"]),
            sha256=values["sha256"],
            bytes=int(values["bytes"]),
        )
        size = path.stat().st_size
    except FileNotFoundError as error:
        if not record.exists():
            raise NothingPublished(
                f"nothing is published in {root} yet; run `dqtv publish --archive {root}`"
            ) from error
        raise ArchiveError(f"{record} names a file that is gone; {_AGAIN}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"{record} cannot be read ({error}); {_AGAIN}") from error
    if size != snapshot.bytes:
        raise ArchiveError(
            f"{path} has {size} bytes instead of {snapshot.bytes}, it was changed or cut; {_AGAIN}"
        )
    return snapshot


def current_mark(root: Path) -> tuple[int, int] | None:
    """What changes whenever another snapshot of *root* becomes current; None while there is none."""
    try:
        status = (root / "public" / CURRENT).stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino


_AGAIN: Final = "run `dqtv publish` to build a new snapshot"


def put_in_place(built: Path, *, snapshot_id: str, built_at: datetime, articles: int) -> Snapshot:
    """Make the finished database *built* the current snapshot of its folder and drop old ones.

    Every step is atomic: a kill at any time leaves the former or the new snapshot current.
    """
    folder = built.parent
    path = folder / f"dqtv-{snapshot_id}.db"
    if path.exists():
        # the same content, published within the same second: what may be served already is not replaced
        built.unlink()
        built = path
    with built.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    snapshot = Snapshot(
        id=snapshot_id,
        path=path,
        built_at=built_at,
        articles=articles,
        sha256=sha256,
        bytes=built.stat().st_size,
    )
    if built != path:
        built.rename(path)
    sync_folder(folder)
    _name_current(snapshot)
    for old in _superseded(snapshot):
        old.unlink(missing_ok=True)
    return snapshot


def _name_current(snapshot: Snapshot) -> None:
    values = {
        "snapshot": snapshot.path.name,
        "id": snapshot.id,
        "built_at": utc_text(snapshot.built_at),
        "sha256": snapshot.sha256,
        "bytes": snapshot.bytes,
        "articles": snapshot.articles,
    }
    folder = snapshot.path.parent
    draft = folder / f".{CURRENT}.new"
    with draft.open("wb") as file:
        file.write(orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / CURRENT)
    sync_folder(folder)


def _superseded(current: Snapshot) -> Iterator[Path]:
    """All but the newest snapshots (names sort by time), never the current one."""
    others = sorted(current.path.parent.glob("dqtv-*.db"), reverse=True)
    others.remove(current.path)
    yield from others[_KEPT - 1 :]
