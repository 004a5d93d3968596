"""The formats that a table can be exported to, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import UsageError
from archive.export.csv_file import write_csv, write_tsv
from archive.export.jsonl_file import write_jsonl
from archive.export.parquet_file import write_parquet
from archive.export.sqlite_file import write_sqlite
from archive.export.text_files import write_text

if TYPE_CHECKING:
    from archive.export.sheet import Writer


@attrs.frozen(kw_only=True)
class Format:
    """A format and its writer."""

    name: str
    write: Writer
    #: End of a file's name; empty for a folder.
    suffix: str
    media_type: str
    #: True when it makes a folder.
    is_folder: bool = False
    #: True when one file can hold several tables, each added by a call of ``write``.
    many_tables: bool = False
    #: True when its writer takes long texts as UTF-8 too, which spares decoding and encoding them.
    takes_bytes: bool = False


FORMATS: Final[dict[str, Format]] = {
    form.name: form
    for form in (
        Format(name="csv", write=write_csv, suffix=".csv", media_type="text/csv", takes_bytes=True),
        Format(
            name="jsonl",
            write=write_jsonl,
            suffix=".jsonl",
            media_type="application/x-ndjson",
            takes_bytes=True,
        ),
        Format(
            name="parquet",
            write=write_parquet,
            suffix=".parquet",
            media_type="application/vnd.apache.parquet",
            takes_bytes=True,
        ),
        Format(
            name="sqlite",
            write=write_sqlite,
            suffix=".db",
            media_type="application/vnd.sqlite3",
            many_tables=True,
        ),
        Format(name="text", write=write_text, suffix="", media_type="text/plain", is_folder=True),
        Format(
            name="tsv",
            write=write_tsv,
            suffix=".tsv",
            media_type="text/tab-separated-values",
            takes_bytes=True,
        ),
    )
}


def read_format(name: str) -> Format:
    """The format *name*. Raises UsageError when there is none."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; known formats: {', '.join(FORMATS)}")
    return FORMATS[name]
