"""JSON Lines: one object a line in UTF-8, lists as lists, missing values as null."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from archive.export.sheet import BATCH
from archive.export.tables import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from archive.export.sheet import Sheet

_STORED_AS_JSON: Final = {Kind.LIST, Kind.JSON}


def write_jsonl(sheet: Sheet, path: Path) -> int:
    """Write a sheet as JSON Lines (https://jsonlines.org); keys in the order of the columns."""
    names = [column.name for column in sheet.columns]
    json_places = [
        place for place, column in enumerate(sheet.columns) if column.kind in _STORED_AS_JSON
    ]
    rows = iter(sheet.rows)
    count = 0
    with path.open("wb") as file:
        while batch := list(islice(rows, BATCH)):
            lines = [_line(names, json_places, row) for row in batch]
            file.write(b"".join(lines))
            count += len(batch)
    return count


def _line(names: list[str], json_places: list[int], row: tuple[Any, ...]) -> bytes:
    values = dict(zip(names, row, strict=True))
    for place in json_places:
        if (text := row[place]) is not None:
            values[names[place]] = [] if text == "[]" else orjson.Fragment(text)
    return orjson.dumps(values, default=_long_text, option=orjson.OPT_APPEND_NEWLINE)


def _long_text(value: bytes) -> orjson.Fragment:
    """A long text in UTF-8 as JSON; making it a str first took half the time."""
    if len(value.translate(None, _RARE)) != len(value):
        return orjson.Fragment(orjson.dumps(value.decode()))
    for char, written in _ESCAPES:
        value = value.replace(char, written)
    return orjson.Fragment(b'"' + value + b'"')


_ESCAPES: Final = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"))
#: Control characters that texts hardly ever hold.
_RARE: Final = bytes(code for code in range(0x20) if code != ord("\n"))
