"""Build a release from the newest snapshot: everything in a draft folder, then its final name."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.database import translated_errors
from archive.errors import ArchiveError, UsageError, unwritable
from archive.export.formats import FORMATS
from archive.export.sheet import Sheet
from archive.release import changes as comparing
from archive.release.bag import bag
from archive.release.checksums import NAME as SUMS
from archive.release.checksums import digests, lines, sha256_of
from archive.release.citation import citation_cff, citation_line, zenodo
from archive.release.croissant import croissant
from archive.release.datapackage import datapackage
from archive.release.dataset_card import dataset_card
from archive.release.facts import DataFile, Facts, read_papers, read_source
from archive.release.rights import SHORT, rights_csv, rights_md
from archive.release.ro_crate import NAME as CRATE
from archive.release.ro_crate import ro_crate
from archive.release.tables import Released, released, rows
from archive.release.takedowns import takedowns, takedowns_csv
from archive.snapshot import newest_snapshot
from archive.warc_files import sync_folder
from archive.withdrawals import read_withdrawals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from archive.snapshot import Snapshot

FORMATS_HELD: Final = ("csv", "jsonl", "parquet", "sqlite")
#: Name of the database when tables are released as SQLite.
DATABASE: Final = "data/dqtv.db"


@attrs.frozen(kw_only=True)
class Wish:
    """What a release is to hold."""

    date: date
    formats: tuple[str, ...] = FORMATS_HELD
    with_text: bool = True
    bagged: bool = False
    #: Folder of the release before.
    previous: Path | None = None


@attrs.frozen(kw_only=True)
class Release:
    """A release that was built."""

    path: Path
    name: str
    snapshot: str
    articles: int
    #: Of all its files.
    bytes: int
    added: int
    changed: int
    withdrawn: int
    #: False where the same release stood there already.
    is_new: bool


def build_release(
    root: Path,
    out: Path,
    wish: Wish,
    *,
    pack: Callable[[Path], object] | None = None,
    progress: Callable[[str], object] = str,
) -> Release:
    """Build ``dqtv-YYYY.MM.DD`` in *out* from the newest snapshot of the archive *root*.

    *pack* writes WACZ files into the folder it is given. One read transaction, so that all tables
    agree; the same snapshot and wish give the same bytes. Raises UsageError (unknown format, *out*
    is no folder, *previous* is no release), NothingPublished, ArchiveError (snapshot damaged or
    replaced meanwhile, another build at work, another release of that name) or ArchiveUnwritable.
    Whatever happens, nothing incomplete stands under the final name.
    """
    check_formats(wish.formats)
    earlier = comparing.read_earlier(wish.previous) if wish.previous else None
    snapshot = newest_snapshot(root)
    withdrawn = tuple(read_withdrawals(root))
    name = f"dqtv-{wish.date:%Y.%m.%d}"
    target = out / name
    try:
        with _draft(out, name) as draft:
            before = _identity(snapshot)
            facts, found = _fill(
                draft,
                snapshot,
                wish,
                earlier=earlier,
                withdrawn=withdrawn,
                pack=pack,
                progress=progress,
            )
            if _identity(snapshot) != before:
                raise ArchiveError(
                    f"the snapshot {snapshot.path} was replaced while the release was built; run the"
                    " same command again"
                )
            if wish.bagged:
                bag(draft, facts)
            is_new = _put_in_place(draft, target)
    except OSError as error:
        raise unwritable(target, error) from error
    return Release(
        path=target,
        name=name,
        snapshot=snapshot.id,
        articles=snapshot.articles,
        bytes=sum(x.stat().st_size for x in target.rglob("*") if x.is_file()),
        added=len(found.added),
        changed=len(found.changed),
        withdrawn=len(found.withdrawn),
        is_new=is_new,
    )


def check_formats(formats: Sequence[str]) -> None:
    """Raise UsageError for a format that a release cannot hold, or for none."""
    unknown = [x for x in formats if x not in FORMATS_HELD]
    if unknown or not formats:
        raise UsageError(
            f"unknown format {', '.join(map(repr, unknown)) or 'of nothing'}; a release holds"
            f" {', '.join(FORMATS_HELD)}"
        )


def _identity(snapshot: Snapshot) -> tuple[int, int, int]:
    try:
        found = snapshot.path.stat()
    except OSError as error:
        raise ArchiveError(
            f"the snapshot {snapshot.path} was removed while the release was built; run the same"
            " command again"
        ) from error
    return found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _draft(out: Path, name: str) -> Iterator[Path]:
    """An empty folder in *out*, removed at the end if it is still there; what killed builds left too."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".release.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveError(
                f"another `dqtv release` is building in {out}; wait for it to finish"
            ) from error
        for leftover in out.glob(".building-*"):
            shutil.rmtree(leftover)
        draft = out / f".building-{name}"
        draft.mkdir()
        try:
            yield draft
        finally:
            for left in out.glob(".building-*"):
                shutil.rmtree(left, ignore_errors=True)


def _fill(
    draft: Path,
    snapshot: Snapshot,
    wish: Wish,
    *,
    earlier: comparing.Earlier | None,
    withdrawn: Sequence[str],
    pack: Callable[[Path], object] | None,
    progress: Callable[[str], object],
) -> tuple[Facts, comparing.Changes]:
    progress("snapshot")
    sha256 = sha256_of(snapshot.path)
    if sha256 != snapshot.sha256:
        raise ArchiveError(
            f"{snapshot.path} is not the file that was published (its SHA-256 is another one); run"
            " `dqtv publish` to build a new snapshot"
        )
    uri = f"{snapshot.path.absolute().as_uri()}?mode=ro"
    with (
        translated_errors(snapshot.path),
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN")
        _refuse_withdrawn(connection, withdrawn)
        tables = released(connection, with_text=wish.with_text)
        files = _write_tables(
            draft,
            connection,
            tables,
            formats=wish.formats,
            snapshot=snapshot.id,
            progress=progress,
        )
        if pack is not None:
            progress("wacz")
            files += _packages(draft, pack)
        progress("changes")
        known = comparing.write_fingerprints(
            draft / comparing.FINGERPRINTS, comparing.fingerprints(connection, tables)
        )
        facts = Facts(
            date=wish.date,
            snapshot=read_source(connection, sha256),
            papers=read_papers(connection),
            tables=tuple(x.table for x in tables),
            files=tuple(files),
            formats=wish.formats,
            with_text=wish.with_text,
        )
        gone = takedowns(connection)
    found = comparing.compare(earlier, known)
    progress("descriptions")
    _write_documents(draft, facts, earlier, found, gone)
    return facts, found


def _refuse_withdrawn(connection: sqlite3.Connection, withdrawn: Sequence[str]) -> None:
    for article_id in withdrawn:
        if connection.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
            raise ArchiveError(
                f"the snapshot still holds {article_id}, which was withdrawn after it was built; run"
                " `dqtv publish` first"
            )


def _write_tables(
    draft: Path,
    connection: sqlite3.Connection,
    tables: Sequence[Released],
    *,
    formats: Sequence[str],
    snapshot: str,
    progress: Callable[[str], object],
) -> list[DataFile]:
    (draft / "data").mkdir()
    files = []
    facts = {"snapshot": snapshot, "software": f"dqtv-archive {version('dqtv-archive')}"}
    for format_name in formats:
        form = FORMATS[format_name]
        for table in tables:
            progress(f"{table.name} as {format_name}")
            path = DATABASE if form.many_tables else f"data/{table.name}{form.suffix}"
            sheet = Sheet(
                table=table.name,
                columns=table.table.columns,
                rows=rows(connection, table, as_bytes=form.takes_bytes),
                key=table.table.key,
                facts={**facts, "table": table.name},
            )
            count = form.write(sheet, draft / path)
            if not form.many_tables:
                files.append(_data_file(draft, path, format_name, table.name, count))
        if form.many_tables:
            files.append(_data_file(draft, DATABASE, format_name, None, None))
    return files


def _data_file(
    draft: Path, path: str, format_name: str, table: str | None, count: int | None
) -> DataFile:
    return DataFile(
        path=path,
        format=format_name,
        table=table,
        rows=count,
        bytes=(draft / path).stat().st_size,
        sha256=sha256_of(draft / path),
    )


def _packages(draft: Path, pack: Callable[[Path], object]) -> list[DataFile]:
    folder = draft / "wacz"
    folder.mkdir()
    pack(folder)
    names = sorted(x.name for x in folder.glob("*.wacz"))
    return [_data_file(draft, f"wacz/{name}", "wacz", None, None) for name in names]


def _write_documents(
    draft: Path,
    facts: Facts,
    earlier: comparing.Earlier | None,
    found: comparing.Changes,
    gone: list[tuple[str | None, ...]],
) -> None:
    documents: dict[str, object] = {
        "README.md": dataset_card(facts),
        "RIGHTS.md": rights_md(facts, len(gone)),
        "rights.csv": rights_csv(facts),
        "takedowns.csv": takedowns_csv(gone),
        "CHANGES.md": comparing.changes_md(facts, earlier, found),
        "changes.json": comparing.changes_json(facts, earlier, found),
        "CITATION.cff": citation_cff(facts),
        ".zenodo.json": zenodo(facts, rights=SHORT),
        "datapackage.json": datapackage(facts),
        "croissant.json": croissant(facts, citation=citation_line(facts), rights=SHORT),
    }
    documents[CRATE] = ro_crate(facts, sorted([*documents, comparing.FINGERPRINTS, SUMS]))
    for name, content in documents.items():
        text = content.encode() if isinstance(content, str) else _json(content)
        (draft / name).write_bytes(text)
    (draft / SUMS).write_bytes(lines(digests(draft, facts.sums)).encode())


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _put_in_place(draft: Path, target: Path) -> bool:
    """Give the draft its name; False where the same release is there already."""
    if target.exists():
        if target.is_dir() and digests(target) == digests(draft):
            return False
        raise ArchiveError(
            f"{target} is there already and differs; a release never changes: give another --date,"
            " another --out, or move that one away"
        )
    for path in sorted(draft.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    draft.rename(target)
    sync_folder(target.parent)
    return True
