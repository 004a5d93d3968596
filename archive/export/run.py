"""Export a selection of a published snapshot: one read transaction, a draft, then the final name."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from archive.database import translated_errors
from archive.errors import ArchiveError, UsageError, unwritable
from archive.export.formats import read_format
from archive.export.selection import choose
from archive.export.sheet import BATCH, Sheet
from archive.export.tables import TABLES, Table, count_statement, read_table, statement
from archive.export.text_files import CHANGES, INDEX
from archive.warc_files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.export.formats import Format
    from archive.export.selection import Selection

#: With formats that hold several tables: every table there is.
ALL_TABLES: Final = "all"


class Progress(Protocol):
    """Told how far an export is."""

    def __call__(self, table: str, done: int, total: int, /) -> None:
        """*done* of *total* rows of *table* are written."""


@attrs.frozen(kw_only=True)
class Exported:
    """What an export wrote."""

    path: Path
    format: str
    table: str
    #: Rows written, of all tables.
    rows: int
    #: Length of the file; of a folder, of all its files.
    bytes: int
    #: Hex SHA-256 of the file; of a folder, of the lines ``<sha256>  <path>`` of its files in order.
    sha256: str
    #: Snapshot it was read from.
    snapshot: str


def export(
    snapshot_path: Path,
    selection: Selection,
    *,
    table: str = "articles",
    format: str,  # noqa: A002 - the word users know
    target: Path,
    progress: Progress | None = None,
    with_text: bool = True,
) -> Exported:
    """Write the selected rows of one table to the new file or folder *target*.

    The same snapshot and selection give the same bytes. A file that is there is replaced in one
    step, once the new one is complete; whatever fails leaves nothing under the final name. Without
    *with_text* the columns that carry the papers' text are left out. ``table="all"`` puts every
    table into a format that can hold several.

    Raises UsageError (unknown format, table, paper; nothing selected; a target that may not be
    replaced), ArchiveUnwritable (disk, permission) or ArchiveError (the snapshot is gone, changed
    or damaged).
    """
    form = read_format(format)
    names = _tables(form, table)
    check_target(form, target)
    with open_snapshot(snapshot_path) as connection, draft_of(target) as draft:
        before = file_state(snapshot_path)
        ids = choose(connection, selection)
        snapshot = str(connection.execute("SELECT id FROM snapshot").fetchone()[0])
        chosen = ids or "SELECT 1 FROM articles"
        if not connection.execute(f"SELECT EXISTS ({chosen})").fetchone()[0]:
            raise UsageError(
                f"nothing is selected: snapshot {snapshot} has no article that fits; leave a condition"
                " out, or write the words of --query otherwise"
            )
        rows = 0
        for name in names:
            shown = read_table(connection, name, with_text=with_text)
            sheet = _sheet(connection, shown, ids, progress or _silent, as_bytes=form.takes_bytes)
            rows += form.write(sheet, draft)
        check_unchanged(snapshot_path, before)
        put_in_place(form, draft, target)
    size, digest = measure(target)
    return Exported(
        path=target,
        format=format,
        table=table,
        rows=rows,
        bytes=size,
        sha256=digest,
        snapshot=snapshot,
    )


@contextmanager
def open_snapshot(path: Path, *, or_export: bool = False) -> Iterator[sqlite3.Connection]:
    """A read-only connection in one transaction, for as long as the context lasts.

    With *or_export* the file may be an SQLite file that was exported or released from a snapshot.

    Raises ArchiveError when the file is gone, no snapshot, damaged, or was changed meanwhile.
    """
    try:
        file_state(path)
    except FileNotFoundError as error:
        raise ArchiveError(
            f"snapshot {path} is gone, newer ones took its place; run the command again"
        ) from error
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with translated_errors(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN")
        marks = ("snapshot", "export_info") if or_export else ("snapshot",)
        found = connection.execute("SELECT name FROM main.sqlite_master").fetchall()
        if not {name for (name,) in found}.intersection(marks):
            raise ArchiveError(f"{path} is no published snapshot; make one with `dqtv publish`")
        yield connection


def check_unchanged(path: Path, before: tuple[int, int, int]) -> None:
    """Raise ArchiveError when the file at *path* is no longer what it was.

    That its name is gone is no fault: newer snapshots took its place, and what was open stayed whole.
    """
    if path.exists() and file_state(path) != before:
        raise ArchiveError(
            f"{path} was changed while it was read; run `dqtv publish` and export again"
        )


def measure(path: Path) -> tuple[int, str]:
    """Length and hex SHA-256 of a file, or of a folder as ``Exported`` says."""
    if not path.is_dir():
        with path.open("rb") as stream:
            return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
    total, whole = 0, hashlib.sha256()
    for file in sorted(x for x in path.rglob("*") if x.is_file()):
        content = file.read_bytes()
        total += len(content)
        name = file.relative_to(path).as_posix()
        whole.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return total, whole.hexdigest()


def _silent(table: str, done: int, total: int) -> None:
    """Report nothing."""


def _tables(form: Format, table: str) -> tuple[str, ...]:
    if table != ALL_TABLES:
        return (table,)
    if not form.many_tables:
        raise UsageError(
            f"a file of the format {form.name} holds one table; known tables: {', '.join(TABLES)}"
        )
    return TABLES


def check_target(form: Format, target: Path) -> None:
    """Raise UsageError when *target* cannot be made or may not be replaced, such as a device."""
    if str(target) == "-":
        raise UsageError("an export goes into a file, not to standard output; name it with --out")
    if not target.parent.is_dir():
        raise UsageError(
            f"cannot write {target}: there is no folder {target.parent}; make it first"
        )
    if not target.exists():
        return
    if not (target.is_dir() if form.is_folder else target.is_file()):
        kind = "folder" if form.is_folder else "file"
        raise UsageError(f"{target} is there and no {kind}; give another name with --out")
    ours = any((target / name).is_file() for name in (INDEX, CHANGES))
    if form.is_folder and any(target.iterdir()) and not ours:
        raise UsageError(f"the folder {target} holds other files; give another name with --out")


@contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """A name beside the target; whatever is there at the end is removed.

    Errors of the disk come out as ArchiveUnwritable naming the target.
    """
    draft = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        _remove(draft)
        with _refusals(target):
            yield draft
    finally:
        _remove(draft)


@contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """Errors of the disk while writing, as errors a user can act on."""
    try:
        with translated_errors(target):
            yield
    except OSError as error:
        raise unwritable(target, error) from error


def _sheet(
    connection: sqlite3.Connection,
    shown: Table,
    ids: str | None,
    progress: Progress,
    *,
    as_bytes: bool,
) -> Sheet:
    return Sheet(
        table=shown.name,
        columns=shown.columns,
        rows=_rows(connection, shown, ids, progress, as_bytes=as_bytes),
        key=shown.key,
        facts=sheet_facts(connection, shown),
    )


def sheet_facts(connection: sqlite3.Connection, shown: Table) -> dict[str, str]:
    """What is written into a file about where it is from."""
    snapshot = connection.execute("SELECT id FROM snapshot").fetchone()[0]
    software = f"dqtv-archive {version('dqtv-archive')}"
    return {"snapshot": str(snapshot), "table": shown.name, "software": software}


def _rows(
    connection: sqlite3.Connection,
    shown: Table,
    ids: str | None,
    progress: Progress,
    *,
    as_bytes: bool,
) -> Iterator[tuple[Any, ...]]:
    total = int(connection.execute(count_statement(shown, ids)).fetchone()[0])
    cursor = connection.execute(statement(shown, ids, as_bytes=as_bytes))
    done = 0
    progress(shown.name, done, total)
    while batch := cursor.fetchmany(BATCH):
        yield from batch
        done += len(batch)
        progress(shown.name, done, total)


def put_in_place(form: Format, draft: Path, target: Path) -> None:
    """Give a complete draft its final name."""
    if not form.is_folder:
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    else:
        old = target.with_name(f".{target.name}.old-{os.getpid()}")
        if target.exists():
            target.rename(old)
        draft.rename(target)
        _remove(old)
    sync_folder(target.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def file_state(path: Path) -> tuple[int, int, int]:
    """Inode, length and time of change of a file. Raises FileNotFoundError."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
