"""JSON Lines: one object a line in UTF-8, lists as lists, missing values as null."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from archive.export.sheet import BATCH
from archive.export.tables import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.export.sheet import Sheet

_STORED_AS_JSON: Final = {Kind.LIST, Kind.JSON}


def write_jsonl(sheet: Sheet, path: Path) -> int:
    """Write a sheet as JSON Lines (https://jsonlines.org); keys in the order of the columns."""
    keys = [orjson.dumps(column.name) + b":" for column in sheet.columns]
    starts = [(b"," if place else b"{") + key for place, key in enumerate(keys)]
    values = [_stored if column.kind in _STORED_AS_JSON else _value for column in sheet.columns]
    rows = iter(sheet.rows)
    count = 0
    with path.open("wb") as file:
        while batch := list(islice(rows, BATCH)):
            file.write(b"".join([_line(starts, values, row) for row in batch]))
            count += len(batch)
    return count


def _line(
    starts: list[bytes], values: list[Callable[[object], bytes]], row: tuple[Any, ...]
) -> bytes:
    cells = [
        start + written(value) for start, written, value in zip(starts, values, row, strict=True)
    ]
    return b"".join(cells) + b"}\n"


def _stored(value: object) -> bytes:
    if value is None:
        return b"null"
    return value if isinstance(value, bytes) else str(value).encode()


def _value(value: object) -> bytes:
    if value is None:
        return b"null"
    if not isinstance(value, bytes):
        return orjson.dumps(value)
    # the bytes of a text are written as they are wherever they can be: making it a str first took half the time
    if _SPECIAL.search(value) is None:
        return b'"' + value + b'"'
    if len(value.translate(None, _RARE)) != len(value):
        return orjson.dumps(value.decode())
    for char, written in _ESCAPES:
        value = value.replace(char, written)
    return b'"' + value + b'"'


_SPECIAL: Final = re.compile(rb'[\x00-\x1f"\\]')
_ESCAPES: Final = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"))
_RARE: Final = bytes(code for code in range(0x20) if code != ord("\n"))
