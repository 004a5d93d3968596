"""What a writer is given: the rows of one table, in order, and what is known about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Protocol

    from archive.export.tables import Column

    class Writer(Protocol):
        """Writes a sheet to a new file, or a new folder, and says how many rows it had."""

        def __call__(self, sheet: Sheet, path: Path, /) -> int:
            """Stream *sheet* to *path*. Raises OSError, or sqlite3.DatabaseError for a full disk."""


#: Rows that are asked of the snapshot at once.
BATCH: Final = 500


@attrs.frozen(kw_only=True)
class Sheet:
    """Rows of one table on their way into a file."""

    table: str
    columns: tuple[Column, ...]
    #: Values in the order of the columns, as SQLite holds them; JSON and instants are text. Long texts are
    #: bytes of UTF-8 where the format takes that.
    rows: Iterable[tuple[Any, ...]]
    #: Columns that name a row.
    key: tuple[str, ...] = ()
    #: Written into the file where the format has room: ``snapshot``, ``table``, ``software``.
    facts: Mapping[str, str] = attrs.field(factory=dict)
