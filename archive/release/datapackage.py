"""``datapackage.json``: the release for programs (Frictionless Data Package v1).

https://specs.frictionlessdata.io/data-package/ - the desk's downloads page is made from it, by way
of the block ``dqtv``, which the standard leaves to us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.export.tables import Kind
from archive.release.facts import KEYWORDS, MAKER, MEDIA_TYPES, TITLE
from archive.release.rights import LICENCE, LICENCE_URL

if TYPE_CHECKING:
    from archive.export.tables import Column, Table
    from archive.release.facts import DataFile, Facts


_TYPES: Final[dict[Kind, dict[str, str]]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.LIST: {"type": "array"},
    Kind.JSON: {"type": "any"},
    Kind.INSTANT: {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S.%fZ"},
    Kind.PAPER_TIME: {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z"},
}


def datapackage(facts: Facts) -> dict[str, object]:
    """The descriptor of a release."""
    return {
        "profile": "data-package",
        "name": facts.name,
        "title": TITLE,
        "description": facts.described,
        "version": facts.version,
        "created": f"{facts.day}T00:00:00Z",
        "keywords": list(KEYWORDS),
        "licenses": [
            {
                "name": "other-closed",
                "path": "RIGHTS.md",
                "title": "What the papers wrote: all rights are theirs, their authors' and agencies'",
            },
            {"name": LICENCE, "path": LICENCE_URL, "title": "What the archive adds"},
        ],
        "sources": [_source(paper.name, paper.homepage) for paper in facts.papers],
        "contributors": [{"title": MAKER, "role": "author"}],
        "dqtv": {
            "date": facts.day,
            "snapshot": attrs.asdict(facts.snapshot),
            "with_text": facts.with_text,
            "formats": list(facts.formats),
        },
        "resources": [_resource(facts, file) for file in facts.files],
    }


def _source(title: str, path: str | None) -> dict[str, str]:
    return {"title": title, "path": path} if path else {"title": title}


def _resource(facts: Facts, file: DataFile) -> dict[str, object]:
    values: dict[str, object] = {
        "name": file.path.rpartition("/")[2].lower().replace(".", "-"),
        "path": file.path,
        "format": file.format,
        "mediatype": MEDIA_TYPES[file.format],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    if file.table is None:
        return {**values, "type": "file"}
    table = facts.table(file.table)
    values |= {
        "title": table.name,
        "description": table.description,
        "dqtv": {"table": table.name, "rows": file.rows},
        "schema": schema(table),
    }
    if file.format == "csv":
        dialect = {"delimiter": ",", "quoteChar": '"', "doubleQuote": True}
        tabular = {"profile": "tabular-data-resource", "encoding": "utf-8", "dialect": dialect}
        return {**values, **tabular, "rows": file.rows}
    # frictionless checks the bytes of these, and rows of CSV only
    return {**values, "type": "file"}


def schema(table: Table) -> dict[str, object]:
    """The table's columns as a Table Schema."""
    return {
        "fields": [_field(column, is_key=column.name in table.key) for column in table.columns],
        "missingValues": [""],
        "primaryKey": list(table.key),
    }


def _field(column: Column, *, is_key: bool) -> dict[str, object]:
    field: dict[str, object] = {
        "name": column.name,
        **_TYPES[column.kind],
        "description": column.description,
    }
    # To readers of CSV an empty text, such as the body of a page that sends it encoded, is a missing value.
    if column.required and (column.kind is not Kind.TEXT or is_key):
        field["constraints"] = {"required": True}
    return field
