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


def _write(sheet: Sheet, path: Path, *, line: Callable[..., str], start: bytes) -> int:
    rows = iter(sheet.rows)
    count = 0
    with path.open("wb") as file:
        file.write(start + line([column.name for column in sheet.columns]).encode())
        while batch := list(islice(rows, BATCH)):
            file.write("".join(map(line, batch)).encode())
            count += len(batch)
    return count


def _csv_line(row: tuple[Any, ...] | list[str]) -> str:
    return ",".join(map(_csv_cell, row)) + "\r\n"


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    if value[:1] in GUARDED:
        value = f"'{value}"
    return f'"{value.replace(chr(34), _TWO_QUOTES)}"'


_TWO_QUOTES: Final = '""'
_ESCAPES: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def tsv_line(row: tuple[Any, ...] | list[Any]) -> str:
    """One line of TSV."""
    return "\t".join(map(_tsv_cell, row)) + "\n"


def _tsv_cell(value: object) -> str:
    if value is None:
        return "\\N"
    if not isinstance(value, str):
        return repr(value)
    for char, written in _ESCAPES:
        value = value.replace(char, written)
    return value
