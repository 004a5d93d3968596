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
    values = list(row)
    for place in json_places:
        if (text := values[place]) is not None:
            values[place] = [] if text == "[]" else orjson.Fragment(text)
    return orjson.dumps(dict(zip(names, values, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
