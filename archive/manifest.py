"""Checksums of closed WARC files outside the database: ``warc/<paper>/SHA256SUMS``, for ``sha256sum -c``.

A line once written stays: when the database says otherwise, one of the two is wrong, and `dqtv verify`
says which one the file fits. The file is written anew as a whole, then renamed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from archive.folder_lock import folder_lock
from archive.warc_files import refusals, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from archive.store import Store
    from archive.warc_files import ClosedFile

MANIFEST_NAME: Final = "SHA256SUMS"
#: One line of sha256sum(1), text or binary.
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def register_closed(store: Store, files: Sequence[ClosedFile]) -> None:
    """Write closed files down in the database, then in the manifests of their papers.

    Raises ArchiveUnwritable; what the manifest then lacks comes with the next closed file.
    """
    with store.transaction():
        for file in files:
            store.register_closed_file(file)
    for folder in {file.name.partition("/")[0] for file in files}:
        complete_manifest(store, folder)


def read_manifest(folder: Path) -> dict[str, str]:
    """File name relative to the ``warc`` folder -> hex SHA-256, of one paper's *folder*.

    Lines that are none are passed over: `dqtv verify` reports files without one. Raises OSError.
    """
    try:
        text = (folder / MANIFEST_NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {f"{folder.name}/{line[2]}": line[1] for line in found if line}


def complete_manifest(
    store: Store, folder: str, *, corrected: Mapping[str, str] | None = None
) -> int:
    """Add what the database knows of the files in one paper's *folder*; returns the lines written anew.

    What stands there stays, except for the files in *corrected* (name -> hex SHA-256). Raises
    ArchiveUnwritable.
    """
    place = store.warc_folder / folder
    if not place.is_dir():
        return 0
    # an import and a crawl may close files of one paper at once
    with folder_lock(place), refusals(place / MANIFEST_NAME):
        before = read_manifest(place)
        rows = store.connection.execute(
            "SELECT name, sha256 FROM warc_files WHERE closed_at IS NOT NULL AND sha256 IS NOT NULL"
            " AND substr(name, 1, ?) = ?",
            (len(folder) + 1, f"{folder}/"),
        )
        sums: dict[str, str] = dict(rows.fetchall()) | before | dict(corrected or {})
        changed = sum(before.get(name) != sha256 for name, sha256 in sums.items())
        if changed:
            _write(place, sums)
        return changed


def _write(folder: Path, sums: Mapping[str, str]) -> None:
    lines = (f"{sha256}  {name.partition('/')[2]}\n" for name, sha256 in sorted(sums.items()))
    path = folder / f"{MANIFEST_NAME}.new"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    path.rename(folder / MANIFEST_NAME)
    sync_folder(folder)
