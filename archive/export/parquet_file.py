"""Parquet: typed columns, zstd, row groups of a fixed size, nothing in it from the clock.

Instants are timestamps in microseconds: captures in UTC, publication at +07:00. Lists are lists of
strings. The snapshot's id is in the key-value metadata of the file, descriptions in its fields'.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from archive.export.sheet import BATCH
from archive.export.tables import Kind
from archive.instants import read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from archive.export.sheet import Sheet
    from archive.export.tables import Column

#: Rows in a group: some 20 MB of articles, which bounds the memory.
ROW_GROUP: Final = 5_000


def write_parquet(sheet: Sheet, path: Path) -> int:
    """Write a sheet as Parquet 2.6."""
    import pyarrow as pa  # noqa: PLC0415  a fifth of a second to import
    from pyarrow import parquet  # noqa: PLC0415  the same

    # arrow's own keeps what is freed: a sixth more memory and processor time
    pa.set_memory_pool(pa.system_memory_pool())
    types = {
        Kind.TEXT: pa.string(),
        Kind.JSON: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.LIST: pa.list_(pa.string()),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
        Kind.PAPER_TIME: pa.timestamp("us", tz="+07:00"),
    }
    schema = pa.schema(
        [
            pa.field(
                column.name,
                types[column.kind],
                nullable=not column.required,
                metadata={"description": column.description},
            )
            for column in sheet.columns
        ],
        metadata=dict(sheet.facts),
    )
    rows = iter(sheet.rows)
    count = 0
    # a file of our own: a full disk is an OSError with its number
    with (
        path.open("wb") as file,
        parquet.ParquetWriter(file, schema, compression="zstd", compression_level=3) as writer,
    ):
        while group := _group(islice(rows, ROW_GROUP), sheet.columns, schema):
            table = pa.Table.from_batches(group).combine_chunks()
            # the group's rows are in the table: both at once would be held for nothing
            group.clear()
            writer.write_table(table, row_group_size=ROW_GROUP)
            count += table.num_rows
    return count


def _group(
    rows: Iterator[tuple[Any, ...]], columns: tuple[Column, ...], schema: pa.Schema
) -> list[pa.RecordBatch]:
    """The rows as columns, some hundred at a time, so that few are held in both forms."""
    import pyarrow as pa  # noqa: PLC0415  a fifth of a second to import

    group = []
    while batch := list(islice(rows, BATCH)):
        arrays = [
            pa.array(_values(column, values), type=field.type)
            for column, values, field in zip(columns, zip(*batch, strict=True), schema, strict=True)
        ]
        group.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return group


def _instant(value: str | bytes) -> datetime:
    return read_instant(value if isinstance(value, str) else value.decode())


_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.LIST: orjson.loads,
    Kind.INSTANT: _instant,
    Kind.PAPER_TIME: _instant,
}


def _values(column: Column, values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - what the column holds
    read = _READERS.get(column.kind)
    return values if read is None else [None if x is None else read(x) for x in values]
