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

from archive.database import translated_errors, unwritable
from archive.errors import ArchiveError, UsageError
from archive.export.formats import read_format
from archive.export.selection import choose
from archive.export.sheet import BATCH, Sheet
from archive.export.tables import TABLES, Table, statement, table
from archive.export.text_files import INDEX
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
    table: str = "articles",  # noqa: A002 - shadowed on purpose, the word users know
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
    _check_target(form, target)
    with open_snapshot(snapshot_path) as connection, _draft(target) as draft:
        ids = choose(connection, selection)
        snapshot = str(connection.execute("SELECT id FROM snapshot").fetchone()[0])
        if _count(connection, "articles", ids) == 0:
            raise UsageError(
                f"nothing is selected: snapshot {snapshot} has no article that fits; ask for less"
            )
        rows = 0
        for name in names:
            shown = _read_table(connection, name, with_text=with_text)
            rows += form.write(_sheet(connection, shown, ids, snapshot, progress or _silent), draft)
        _put_in_place(form, draft, target)
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
