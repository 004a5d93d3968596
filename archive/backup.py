"""A consistent copy of an archive, also while it is being crawled: what is needed to go on elsewhere.

The database is copied by SQLite's backup interface, so a copy is of one instant. Its WARC files are
named with their SHA-256, and linked or copied along when asked for. Everything is written under a
name of its own and renamed at the end: a folder without ``.new`` is whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.database import translated_errors
from archive.errors import ArchiveError
from archive.instants import compact_text, utc_text
from archive.manifest import MANIFEST_NAME
from archive.warc_files import OPEN_SUFFIX, refusals, sync_folder
from archive.withdrawals import FILE_NAME as WITHDRAWALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from archive.store import Store

#: In a backup: every closed WARC file with its checksum, for ``sha256sum -c`` inside ``warc``.
WARC_LIST: Final = "WARC-SHA256SUMS"
#: In a backup: what it is.
RECORD: Final = "backup.json"
_NEW: Final = ".new"
_PIECE: Final = 1 << 20


@attrs.frozen(kw_only=True)
class Backup:
    """What was copied."""

    path: Path
    made_at: str
    articles: int
    captures: int
    #: Hex SHA-256 of the copied database.
    database_sha256: str
    #: Closed WARC files, and their bytes.
    warc_files: int
    warc_bytes: int
    linked: int
    copied: int
    #: WARC files a crawl was writing, or a killed one had left open: copied up to the last record on file.
    open_files: int
    site_files: int
    removed: tuple[str, ...]
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Warc:
    name: str
    sha256: str | None
    bytes: int


@attrs.define
class _Files:
    """WARC files taken along."""

    linked: int = 0
    copied: int = 0
    open_files: int = 0
    problems: list[str] = attrs.field(factory=list)


def back_up(
    store: Store,
    target: Path,
    *,
    now: datetime,
    site_files: Mapping[str, Path],
    versions: Mapping[str, str],
    with_warc: bool,
    keep: int | None = None,
    on_file: Callable[[str, int, int], None] = lambda *_: None,
) -> Backup:
    """Write ``TARGET/dqtv-<instant>``; of older ones only the newest *keep* stay, this one included.

    *site_files* maps names below ``sites/`` to files. *on_file* hears name, number and total of the
    WARC files. Raises ArchiveError (target inside the archive, damaged database), ArchiveUnwritable.
    """
    _check_target(store.root, target)
    final = target / f"dqtv-{compact_text(now)}"
    draft = target / f"{final.name}{_NEW}"
    with refusals(target):
        target.mkdir(parents=True, exist_ok=True)
        for left in target.glob(f"dqtv-*{_NEW}"):
            shutil.rmtree(left)
        if final.exists():
            raise ArchiveError(f"{final} exists already; wait a second and try again")
        draft.mkdir()
        counts = _copy_database(store, draft / "archive.db")
        known, unfinished = _warc_files(draft / "archive.db")
        _copy_small(store, draft, site_files, known)
        files = _Files()
        if with_warc:
            files = _take_closed(store.warc_folder, draft, known, on_file)
            _take_open(store.warc_folder, draft, unfinished, files)
        sha256 = _digest(draft / "archive.db")
        result = Backup(
            path=final, made_at=utc_text(now), articles=counts[0], captures=counts[1],
            database_sha256=sha256, warc_files=len(known), warc_bytes=sum(x.bytes for x in known),
            linked=files.linked, copied=files.copied, open_files=files.open_files,
            site_files=len(site_files), removed=(), problems=tuple(files.problems),
        )  # fmt: skip
        record = attrs.asdict(result) | {"versions": dict(versions), "with_warc": with_warc, "path": final.name}  # fmt: skip
        _write(draft / RECORD, orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n")
        draft.rename(final)
        sync_folder(target)
        removed = tuple(_drop_old(target, keep)) if keep and not files.problems else ()
    return attrs.evolve(result, removed=removed)


def _check_target(root: Path, target: Path) -> None:
    if target.resolve().is_relative_to(root.resolve()):
        raise ArchiveError(f"{target} lies in the archive itself; name a folder elsewhere, best on another disk")  # fmt: skip


def _copy_database(store: Store, path: Path) -> tuple[int, int]:
    """Copy, check, and free the locks of crawls that go on in the original; articles and captures."""
    with translated_errors(path), closing(sqlite3.connect(path, isolation_level=None)) as copy:
        # all pages in one step: a copy in pieces begins anew whenever a crawl commits
        store.connection.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("UPDATE site_locks SET holder = '', expires_at = 0")
        (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise ArchiveError(
                f"{store.path} is damaged ({said}); see `dqtv doctor`, and keep the older backups"
            )
        [articles], [captures] = (
            copy.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - own names
            for table in ("articles", "captures")
        )
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return articles, captures


def _warc_files(database: Path) -> tuple[list[_Warc], dict[str, int]]:
    """Closed files, and for those that captures lie in and that were not closed: where the last record ends."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        closed = connection.execute(
            "SELECT name, sha256, bytes FROM warc_files WHERE closed_at IS NOT NULL ORDER BY name"
        ).fetchall()
        unfinished = connection.execute(
            "SELECT warc_file, max(offset + length) FROM captures WHERE warc_file NOT IN"
            " (SELECT name FROM warc_files WHERE closed_at IS NOT NULL) GROUP BY warc_file"
        ).fetchall()
    return [_Warc(name=n, sha256=s, bytes=b or 0) for n, s, b in closed], dict(unfinished)


def _copy_small(
    store: Store, draft: Path, site_files: Mapping[str, Path], known: list[_Warc]
) -> None:
    for name, source in site_files.items():
        _copy(source, draft / "sites" / name)
    withdrawn = store.root / WITHDRAWALS
    if withdrawn.exists():
        _copy(withdrawn, draft / WITHDRAWALS)
    for manifest in sorted(store.warc_folder.glob(f"*/{MANIFEST_NAME}")):
        _copy(manifest, draft / "warc" / manifest.parent.name / MANIFEST_NAME)
    lines = "".join(f"{x.sha256}  {x.name}\n" for x in known if x.sha256)
    _write(draft / WARC_LIST, lines.encode())


def _take_closed(
    warc_folder: Path,
    draft: Path,
    known: list[_Warc],
    on_file: Callable[[str, int, int], None],
) -> _Files:
    files = _Files()
    for number, warc in enumerate(known, start=1):
        on_file(warc.name, number, len(known))
        source, place = warc_folder / warc.name, draft / "warc" / warc.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not source.exists():
            files.problems.append(f"{warc.name}: there is no such file; see `dqtv verify`")
        elif source.stat().st_size != warc.bytes:
            files.problems.append(
                f"{warc.name}: its length is not the one on record; see `dqtv verify`"
            )
        elif _linked(source, place):
            files.linked += 1
        elif _copy(source, place) != warc.sha256:
            files.problems.append(
                f"{warc.name}: its bytes are not those on record; see `dqtv verify`"
            )
        else:
            files.copied += 1
    return files


def _take_open(warc_folder: Path, draft: Path, unfinished: dict[str, int], files: _Files) -> None:
    for name, end in unfinished.items():
        found = next((x for x in _open_or_closed(warc_folder / name) if x.exists()), None)
        place = draft / "warc" / f"{name}{OPEN_SUFFIX}"
        if found is None or found.stat().st_size < end:
            files.problems.append(
                f"{name}: captures lie in it, and it is gone or too short; see `dqtv verify`"
            )
        else:
            _copy(found, place, end)
            files.open_files += 1


def _open_or_closed(path: Path) -> Iterator[Path]:
    yield path.with_name(path.name + OPEN_SUFFIX)
    # closed in the meantime
    yield path


def _linked(source: Path, place: Path) -> bool:
    """Link a file that is never written again; False where that is impossible, as on another disk."""
    try:
        os.link(source, place)
    except OSError:
        return False
    return True


def _copy(source: Path, place: Path, length: int | None = None) -> str:
    """Copy a file, or its first *length* bytes; hex SHA-256 of what was copied."""
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), length
    with source.open("rb") as read, place.open("wb") as write:
        while piece := read.read(_PIECE if left is None else min(_PIECE, left)):
            digest.update(piece)
            write.write(piece)
            left = None if left is None else left - len(piece)
        write.flush()
        os.fsync(write.fileno())
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def backups_in(target: Path) -> list[Path]:
    """Whole backups in a folder, oldest first."""
    return sorted(x for x in target.glob("dqtv-*Z") if (x / RECORD).is_file())


def _drop_old(target: Path, keep: int) -> Iterator[str]:
    for old in backups_in(target)[:-keep]:
        # renamed first: a kill must leave no half backup that looks whole
        doomed = old.rename(old.with_name(f"{old.name}{_NEW}"))
        shutil.rmtree(doomed)
        yield old.name
