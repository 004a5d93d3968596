"""The CDXJ lines of one WARC file, made by cdxj-indexer."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from cdxj_indexer.main import CDXJIndexer
from warcio.exceptions import ArchiveLoadFailed

from archive.errors import RecordUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from warcio.recordloader import ArcWarcRecord


def index_lines(path: Path, folder: Path) -> list[bytes]:
    """Sorted lines for the responses and revisits of *path*, which they name relative to *folder*.

    Raises RecordUnreadable when the file is missing or no WARC file.
    """
    lines = StringIO()
    try:
        _Indexer(lines, str(path), dir_root=str(folder)).process_all()
    except (OSError, EOFError, ArchiveLoadFailed) as error:
        raise RecordUnreadable(
            f"{path} cannot be indexed ({error}); restore it from a backup"
        ) from error
    return sorted(lines.getvalue().encode().splitlines(keepends=True))


class _Indexer(CDXJIndexer):  # type: ignore[misc]  # cdxj-indexer ships no type information
    def _get_digest(self, record: ArcWarcRecord, name: str) -> str | None:
        """What the record says; the digest of nothing, made up for a 304, would mislead players."""
        found: str | None = record.rec_headers.get(name)
        return found
