r"""CSV for spreadsheets, TSV for text tools.

CSV: RFC 4180, UTF-8 with byte order mark (Excel takes the file for another encoding without it),
CRLF, every text in quotation marks, numbers bare. A missing value is an empty field without quotation
marks, an empty text one with them. A text that a spreadsheet might compute (``= + - @``, tab or line
end first, also full-width; https://owasp.org/www-community/attacks/CSV_Injection) gets an apostrophe
in front, and so does one that begins with an apostrophe: to read the text back, take one leading
apostrophe away.

TSV: the text format of PostgreSQL's COPY with a header: no quotation marks; tab, line feed, carriage
return and backslash as ``\t \n \r \\``, a missing value as ``\N``.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from archive.export.sheet import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.export.sheet import Sheet

#: First characters that get an apostrophe in front.
GUARDED: Final = frozenset("=+-@\t\r\n'＝＋－＠")
_BOM: Final = b"\xef\xbb\xbf"


def write_csv(sheet: Sheet, path: Path) -> int:
    """Write a sheet as CSV."""
    return _write(sheet, path, line=_csv_line, start=_BOM)


def write_tsv(sheet: Sheet, path: Path) -> int:
    """Write a sheet as TSV."""
    return _write(sheet, path, line=tsv_line, start=b"")


def guarded(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet might compute it."""
    return f"'{text}" if text[:1] in GUARDED else text


def _write(sheet: Sheet, path: Path, *, line: Callable[..., bytes], start: bytes) -> int:
    rows = iter(sheet.rows)
    count = 0
    with path.open("wb") as file:
        file.write(start + line([column.name for column in sheet.columns]))
        while batch := list(islice(rows, BATCH)):
            file.write(b"".join(map(line, batch)))
            count += len(batch)
    return count


def _csv_line(row: tuple[Any, ...] | list[str]) -> bytes:
    return b",".join(map(_csv_cell, row)) + b"\r\n"


def _csv_cell(value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        return repr(value).encode()
    if value[:1] in _FIRST_BYTES and value.startswith(_GUARDED):
        value = b"'" + value
    return b'"' + value.replace(b'"', b'""') + b'"'


_GUARDED: Final = tuple(char.encode() for char in GUARDED)
_FIRST_BYTES: Final = frozenset(start[:1] for start in _GUARDED)
_ESCAPES: Final = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\r", b"\\r"))


def tsv_line(row: tuple[Any, ...] | list[Any]) -> bytes:
    """One line of TSV."""
    return b"\t".join(map(_tsv_cell, row)) + b"\n"


def _tsv_cell(value: object) -> bytes:
    if value is None:
        return b"\\N"
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        return repr(value).encode()
    for char, written in _ESCAPES:
        value = value.replace(char, written)
    return value
