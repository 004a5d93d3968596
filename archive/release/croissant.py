"""``croissant.json``: the release for machine-learning tools (MLCommons Croissant 1.0).

https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.export.tables import Kind
from archive.release.facts import KEYWORDS, MAKER, MEDIA_TYPES, TITLE
from archive.release.rights import LICENCE_URL

if TYPE_CHECKING:
    from archive.export.tables import Column
    from archive.release.facts import DataFile, Facts

_CONTEXT: Final[dict[str, object]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "equivalentProperty": "cr:equivalentProperty",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "samplingRate": "cr:samplingRate",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES: Final = {
    Kind.INTEGER: "sc:Integer",
    Kind.NUMBER: "sc:Float",
    Kind.INSTANT: "sc:DateTime",
    Kind.PAPER_TIME: "sc:DateTime",
}
#: Format -> kinds of columns that hold lists in it; elsewhere a list is a JSON text.
_LISTS: Final = {"parquet": {Kind.LIST}, "jsonl": {Kind.LIST, Kind.JSON}}


def croissant(facts: Facts, *, citation: str, rights: str) -> dict[str, object]:
    """The descriptor; *citation* is how to cite the release, *rights* what may be done with it."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "alternateName": TITLE,
        "description": facts.described,
        "url": "README.md",
        "version": facts.version,
        "datePublished": facts.day,
        "citeAs": citation,
        "license": ["RIGHTS.md", LICENCE_URL],
        "usageInfo": rights,
        "inLanguage": ["vi"],
        "keywords": list(KEYWORDS),
        "creator": {"@type": "sc:Organization", "name": MAKER},
        "isLiveDataset": False,
        "distribution": [_file_object(file) for file in facts.files],
        "recordSet": [_record_set(facts, x) for x in facts.files_of(facts.main_format) if x.rows],
    }


def _file_object(file: DataFile) -> dict[str, object]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "encodingFormat": MEDIA_TYPES[file.format]
        .replace("vnd.apache.parquet", "x-parquet")
        .replace("x-ndjson", "jsonlines"),
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
    }


def _record_set(facts: Facts, file: DataFile) -> dict[str, object]:
    assert file.table is not None  # noqa: S101 - files_of() gives tables only
    table = facts.table(file.table)
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
        "field": [_field(table.name, column, file) for column in table.columns],
    }


def _field(table: str, column: Column, file: DataFile) -> dict[str, object]:
    field: dict[str, object] = {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": column.description,
        "dataType": _TYPES.get(column.kind, "sc:Text"),
        "source": {"fileObject": {"@id": file.path}, "extract": {"column": column.name}},
    }
    if column.kind in _LISTS.get(file.format, set()):
        field["repeated"] = True
    return field
