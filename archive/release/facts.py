"""What every description of a release is written from: its date, its snapshot, its papers, its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.release.rights import LICENCE

if TYPE_CHECKING:
    import sqlite3
    from datetime import date

    from archive.export.tables import Table

TITLE: Final = "DQTV Archive: Vietnam's provincial press on the militia and self-defence force"
TITLE_VI: Final = "DQTV Archive: Báo chí địa phương Việt Nam viết về dân quân tự vệ"
MAKER: Final = "The DQTV Archive maintainers"
KEYWORDS: Final = (
    "Vietnam", "newspapers", "militia", "dân quân tự vệ", "web archive", "text corpus",
)  # fmt: skip
#: Media types of the files a release may hold, by the end of their name.
MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "db": "application/vnd.sqlite3",
    "sqlite": "application/vnd.sqlite3",
    "wacz": "application/wacz",
    "json": "application/json",
    "md": "text/markdown",
    "cff": "application/yaml",
}
_PAPERS: Final = """
SELECT id, name, province, homepage, status, articles, first_published, last_published
FROM sites WHERE articles > 0 ORDER BY id
"""


@attrs.frozen(kw_only=True)
class DataFile:
    """A file of a release that holds data."""

    #: Relative to the release, with slashes.
    path: str
    #: csv, jsonl, parquet, sqlite or wacz.
    format: str
    #: Name of the table; None for a file that holds all of them, or captures.
    table: str | None
    #: Rows of the table; None where it is no table.
    rows: int | None
    bytes: int
    #: Hex.
    sha256: str


@attrs.frozen(kw_only=True)
class Paper:
    """A paper whose articles the release holds."""

    id: str
    name: str
    province: str | None
    homepage: str | None
    status: str
    articles: int
    first_published: str | None
    last_published: str | None


@attrs.frozen(kw_only=True)
class Source:
    """The snapshot a release is made from."""

    id: str
    built_at: str
    articles: int
    papers: int
    first_published: str | None
    last_published: str | None
    software: str
    #: Hex, of the snapshot's file.
    sha256: str


@attrs.frozen(kw_only=True)
class Facts:
    """A release as its descriptions tell it."""

    date: date
    snapshot: Source
    papers: tuple[Paper, ...]
    tables: tuple[Table, ...]
    files: tuple[DataFile, ...]
    formats: tuple[str, ...]
    #: False where titles are released, and leads, texts and captions are not.
    with_text: bool

    @property
    def version(self) -> str:
        """``2026.11.24``."""
        return f"{self.date:%Y.%m.%d}"

    @property
    def name(self) -> str:
        """``dqtv-2026.11.24``, also the name of the folder."""
        return f"dqtv-{self.version}"

    @property
    def day(self) -> str:
        """``2026-11-24``."""
        return self.date.isoformat()

    @property
    def sums(self) -> dict[str, str]:
        """Path -> hex SHA-256 of the files with data."""
        return {file.path: file.sha256 for file in self.files}

    @property
    def is_fictional(self) -> bool:
        """True when papers of the demo press are among the papers."""
        return any(paper.status == "demo" for paper in self.papers)

    @property
    def described(self) -> str:
        """The release in a paragraph, for every description that has one."""
        span = (
            f", published {self.snapshot.first_published[:10]} to {self.snapshot.last_published[:10]}"
            if self.snapshot.first_published and self.snapshot.last_published
            else ""
        )
        said = (
            f"{self.snapshot.articles} articles of {self.snapshot.papers} Vietnamese provincial newspapers"
            " that mention or are about the militia and self-defence force (dân quân tự vệ)"
            f"{span}. Made from the snapshot {self.snapshot.id}."
        )
        rights = (
            " Titles, leads, texts and captions belong to the papers that published them"
            if self.with_text
            else " Metadata only: leads, texts and captions are withheld, because they belong to the papers"
            " that published them, as the titles do"
        )
        rights += f"; what the archive adds is under {LICENCE}. RIGHTS.md says what may be done."
        invented = " Demonstration: papers, people, places and events are invented."
        return said + rights + (invented if self.is_fictional else "")

    @property
    def main_format(self) -> str | None:
        """The format loaders are pointed to; None where no file holds a single table."""
        single = {file.format for file in self.files if file.table is not None}
        return next((x for x in ("parquet", "jsonl", "csv") if x in single), None)

    def files_of(self, chosen: str | None) -> tuple[DataFile, ...]:
        """The tables' files in one format."""
        return tuple(x for x in self.files if x.table is not None and x.format == chosen)

    def table(self, name: str) -> Table:
        """The table *name*. Raises KeyError for another name."""
        return {table.name: table for table in self.tables}[name]


def read_source(connection: sqlite3.Connection, sha256: str) -> Source:
    """What the snapshot says of itself; *sha256* is its file's."""
    names = [field.name for field in attrs.fields(Source) if field.name != "sha256"]
    row = connection.execute(f"SELECT {', '.join(names)} FROM snapshot").fetchone()  # noqa: S608 - own names
    return Source(**dict(zip(names, row, strict=True)), sha256=sha256)


def read_papers(connection: sqlite3.Connection) -> tuple[Paper, ...]:
    """Papers with at least one article in the snapshot, by id."""
    names = [field.name for field in attrs.fields(Paper)]
    rows = connection.execute(_PAPERS)
    return tuple(Paper(**dict(zip(names, row, strict=True))) for row in rows)
