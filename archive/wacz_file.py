"""Write one WACZ file (Web Archive Collection Zipped 1.1.1): a ZIP of records, index, pages, digests.

https://specs.webrecorder.net/wacz/1.1.1/. Nothing in it depends on the clock or on the machine: the
same content gives the same bytes. All members are stored, so that a player can read a record in place.
"""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Final, Self

import attrs
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

VERSION: Final = "1.1.1"
#: Lines of the index in one gzip member; as in the wacz program.
_LINES_PER_BLOCK: Final = 1024
_INDEX_NAME: Final = "index.cdx.gz"
#: The first day a ZIP file can name.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_INDENTED: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@attrs.frozen(kw_only=True)
class Page:
    """One line of the list of pages."""

    id: str
    url: str
    #: ISO 8601, UTC, seconds.
    ts: str
    title: str


class WaczFile:
    """A WACZ file being written into *stream*, as a context: WARC files first, then ``finish``."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)
        self._resources: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add_warc(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Add ``archive/<name>`` of *size* bytes; returns the hex SHA-256 of what was written."""
        return self._add(f"archive/{name}", size, pieces)

    def finish(
        self, *, lines: Iterable[bytes], pages: Iterable[Page], title: str, software: str
    ) -> None:
        """Add the index (sorted CDXJ *lines*), the list of pages and the description."""
        from cdxj_indexer.main import CompressedWriter  # noqa: PLC0415  a sixth of a second to import

        blocks, index = BytesIO(), StringIO()
        writer = CompressedWriter(
            index,
            blocks,
            num_lines=_LINES_PER_BLOCK,
            data_out_name=_INDEX_NAME,
            digest_records=True,
        )
        for line in lines:
            writer.write(line.decode())
        if writer.block:
            writer.flush()
        self._add_bytes(f"indexes/{_INDEX_NAME}", blocks.getvalue())
        self._add_bytes("indexes/index.idx", index.getvalue().encode())
        self._add_bytes("pages/pages.jsonl", b"".join(_page_lines(pages)))
        description = orjson.dumps(
            {
                "profile": "data-package",
                "title": title,
                "wacz_version": VERSION,
                "software": software,
                "resources": self._resources,
            },
            option=_INDENTED,
        )
        self._add_bytes("datapackage.json", description)
        digest = {"path": "datapackage.json", "hash": _hash(hashlib.sha256(description))}
        self._add_bytes("datapackage-digest.json", orjson.dumps(digest, option=_INDENTED))

    def _add_bytes(self, path: str, content: bytes) -> None:
        self._add(path, len(content), [content])

    def _add(self, path: str, size: int, pieces: Iterable[bytes]) -> str:
        entry = zipfile.ZipInfo(path, _NO_DATE)
        entry.create_system = 3  # Unix, on every machine
        entry.external_attr = 0o644 << 16
        entry.file_size = size
        digest = hashlib.sha256()
        with self._zip.open(entry, "w") as member:
            for piece in pieces:
                digest.update(piece)
                member.write(piece)
        self._resources.append(
            {
                "name": path.rpartition("/")[2].lower(),
                "path": path,
                "hash": _hash(digest),
                "bytes": size,
            }
        )
        return digest.hexdigest()


def _hash(digest: hashlib._Hash) -> str:
    return f"sha256:{digest.hexdigest()}"


def _page_lines(pages: Iterable[Page]) -> Iterator[bytes]:
    header = {"format": "json-pages-1.0", "id": "pages", "title": "Articles"}
    yield orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)
    for page in pages:
        yield orjson.dumps(attrs.asdict(page), option=orjson.OPT_APPEND_NEWLINE)
