"""The book of a replay that several machines read: which parcels there are, and what was said of their pages.

A database of its own beside ``archive.db``, begun with the replay and deleted with it, so that what lies in it for
hours leaves no hole behind. Whoever takes results in writes them here; the replay writes them into the archive.
"""

from __future__ import annotations

import sqlite3
import zlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
import orjson

from archive.cluster.parcel import ParcelPage, read_template, template_values
from archive.database import BUSY_TIMEOUT_S, translated_errors
from archive.lease import REPLAY_PREFIX
from archive.model import RecordLocation
from archive.readings import StoredCapture
from archive.transactions import Transactions
from archive.warc_files import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from archive.template import Template

FILE: Final = "replay.db"
#: Bytes of a parcel at most; beyond it a worker waits for the network rather than for its core.
_MOST_BYTES: Final = 64 << 20
#: With this share of its pages a parcel ends at the end of a WARC file.
_ENOUGH: Final = 0.25
#: Capture ids asked for at once.
_BATCH: Final = 500
_SCHEMA: Final = """
CREATE TABLE replay (id TEXT NOT NULL, sites TEXT NOT NULL, dry_run INTEGER NOT NULL, rules TEXT NOT NULL);
CREATE TABLE templates (site TEXT PRIMARY KEY, template BLOB NOT NULL);
CREATE TABLE parcels (
    number INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    pages INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'out', 'home')),
    job INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    is_tidy INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT
);
CREATE INDEX parcels_by_state ON parcels (state, number);
CREATE TABLE pages (capture_id TEXT PRIMARY KEY, parcel INTEGER NOT NULL, page BLOB NOT NULL, said BLOB);
CREATE INDEX pages_by_parcel ON pages (parcel);
"""
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal")


@attrs.frozen(kw_only=True)
class Parcel:
    """A parcel as the book has it."""

    number: int
    site: str
    pages: int
    #: Number of the engine's job that reads it; None before there is one.
    job: int | None
    #: Jobs that ended without a result.
    tries: int


@attrs.frozen(kw_only=True)
class ReplayProgress:
    """How far the reading is."""

    id: str
    #: Papers asked for; empty for all.
    sites: tuple[str, ...]
    dry_run: bool
    #: Parcels in all, with workers, and home.
    parcels: int
    out: int
    home: int
    #: Pages in all, and those of which something is said.
    pages: int
    read: int
    #: Pages in parcels that no worker brought home: they are read here.
    left: int


class ReplayBook(Transactions):
    """The book of the replay under way in one archive."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self.connection = connection
        row = connection.execute("SELECT id, sites, dry_run, rules FROM replay").fetchone()
        self.id: str = row[0]
        #: Papers asked for; empty for all.
        self.sites: tuple[str, ...] = tuple(orjson.loads(row[1]))
        self.dry_run = bool(row[2])
        #: What the pages are read by: files and programs -> digest or version.
        self.rules: dict[str, str] = orjson.loads(row[3])

    @property
    def path(self) -> Path:
        """The database."""
        return self._path

    @classmethod
    def open(cls, root: Path) -> Self | None:
        """The book of the archive at *root*; None where no replay is under way."""
        path = root / FILE
        if not path.exists():
            return None
        with translated_errors(path):
            connection = _connect(path)
            try:
                if _is_begun(connection):
                    return cls(path, connection)
            except BaseException:
                connection.close()
                raise
        connection.close()
        return None

    @classmethod
    def begin(
        cls,
        root: Path,
        replay_id: str,
        *,
        sites: Sequence[str],
        dry_run: bool,
        rules: Mapping[str, str],
        templates: Mapping[str, Template],
        pages: Iterable[ParcelPage],
        parcel_pages: int,
    ) -> Self:
        """Begin a replay of *pages*, ordered by paper and place, *parcel_pages* in a parcel. Raises ArchiveUnwritable."""
        discard(root)
        path = root / FILE
        with translated_errors(path):
            connection = _connect(path)
            try:
                connection.execute("BEGIN IMMEDIATE")
                for statement in filter(str.strip, _SCHEMA.split(";\n")):
                    connection.execute(statement)
                connection.executemany(
                    "INSERT INTO templates VALUES (?, ?)",
                    [(site, orjson.dumps(template_values(x))) for site, x in templates.items()],
                )
                _add_parcels(connection, pages, parcel_pages)
                connection.execute(
                    "INSERT INTO replay VALUES (?, ?, ?, ?)",
                    (replay_id, orjson.dumps(list(sites)), dry_run, orjson.dumps(dict(rules))),
                )
                connection.execute("COMMIT")
                return cls(path, connection)
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- parcels ------------------------------------------------------------------------------------

    def name(self, number: int) -> str:
        """What a parcel is called at the hub."""
        return f"{self.id}.{number}"

    def key(self, number: int) -> str:
        """What a parcel's lease is called, and its results at the hub."""
        return f"{REPLAY_PREFIX}{self.name(number)}"

    def number_of(self, key: str) -> int | None:
        """The parcel with this key; None for one of another replay."""
        replay_id, _, number = key.removeprefix(REPLAY_PREFIX).rpartition(".")
        return int(number) if replay_id == self.id and self.parcel(int(number)) else None

    def parcel(self, number: int) -> Parcel | None:
        """The parcel with this number."""
        return next(self._parcels("number = ?", number), None)

    def in_state(self, state: str, most: int = -1) -> list[Parcel]:
        """Parcels that are ``waiting``, ``out`` or ``home``, in order, *most* of them."""
        return list(self._parcels("state = ? ORDER BY number LIMIT ?", state, most))

    def untidy(self) -> list[Parcel]:
        """Parcels that came home and still lie at the hub."""
        return list(self._parcels("state = 'home' AND NOT is_tidy ORDER BY number"))

    def is_home(self, site: str) -> bool:
        """Whether all parcels of a paper are home."""
        return not list(self._parcels("site = ? AND state != 'home' LIMIT 1", site))

    def sha256(self, number: int) -> str | None:
        """Hex SHA-256 of the manifest a parcel came home with; None while it is not, or where no worker read it."""
        row = self.connection.execute("SELECT sha256 FROM parcels WHERE number = ?", (number,))
        found = row.fetchone()
        return None if found is None else found[0]

    def pages(self, number: int) -> list[ParcelPage]:
        """Pages of a parcel, in the order in which they lie in their files."""
        site = self.connection.execute("SELECT site FROM parcels WHERE number = ?", (number,))
        (name,) = site.fetchone()
        rows = self.connection.execute(
            "SELECT capture_id, page FROM pages WHERE parcel = ? ORDER BY rowid", (number,)
        )
        return [_read_page(name, *row) for row in rows]

    def template(self, site: str) -> Template:
        """What a paper prints with its articles, as it was known at the start."""
        row = self.connection.execute("SELECT template FROM templates WHERE site = ?", (site,))
        return read_template(orjson.loads(row.fetchone()[0]))

    def went_out(self, number: int, job: int) -> None:
        """Note that a job reads a parcel, unless it has come home meanwhile."""
        self._change("state = 'out', job = ?", "number = ? AND state != 'home'", job, number)

    def came_to_nothing(self, number: int) -> None:
        """Note that a parcel's job ended without a result: another is to read it."""
        change = "state = 'waiting', job = NULL, tries = tries + 1"
        self._change(change, "number = ? AND state = 'out'", number)

    def leave(self, number: int) -> None:
        """Give a parcel up: its pages are read where the archive is."""
        self._change("state = 'home', job = NULL", "number = ? AND state != 'home'", number)

    def tidied(self, number: int) -> None:
        """Note that a parcel lies at the hub no more."""
        self._change("is_tidy = 1", "number = ?", number)

    def _change(self, change: str, where: str, *values: object) -> None:
        with self.transaction():
            self.connection.execute(f"UPDATE parcels SET {change} WHERE {where}", values)  # noqa: S608 - own names

    def _parcels(self, where: str, *values: object) -> Iterator[Parcel]:
        rows = self.connection.execute(
            f"SELECT number, site, pages, job, tries FROM parcels WHERE {where}",  # noqa: S608 - own names
            values,
        ).fetchall()
        for number, site, pages, job, tries in rows:
            yield Parcel(number=number, site=site, pages=pages, job=job, tries=tries)

    # -- what is said -------------------------------------------------------------------------------

    def take(self, number: int, sha256: str, said: Mapping[str, bytes]) -> None:
        """Write down what a worker says of a parcel's pages, inside a transaction. Raises LookupError for other pages."""
        for capture_id, text in said.items():
            changed = self.connection.execute(
                "UPDATE pages SET said = ? WHERE capture_id = ? AND parcel = ?",
                (zlib.compress(text, 1), capture_id, number),
            )
            if changed.rowcount != 1:
                raise LookupError(f"{capture_id} is no page of parcel {number}")
        self.connection.execute(
            "UPDATE parcels SET state = 'home', sha256 = ?, job = NULL WHERE number = ?",
            (sha256, number),
        )

    def said(self, capture_ids: Sequence[str]) -> dict[str, bytes]:
        """Capture -> what a worker says of it, of those of which one says something."""
        found: dict[str, bytes] = {}
        for at in range(0, len(capture_ids), _BATCH):
            part = capture_ids[at : at + _BATCH]
            marks = ", ".join("?" * len(part))
            rows = self.connection.execute(
                f"SELECT capture_id, said FROM pages WHERE capture_id IN ({marks}) AND said IS NOT NULL",  # noqa: S608 - only marks
                part,
            )
            found |= {capture_id: zlib.decompress(said) for capture_id, said in rows}
        return found

    def progress(self) -> ReplayProgress:
        """How far the reading is."""
        row = self.connection.execute(
            "SELECT count(*), ifnull(sum(state = 'out'), 0), ifnull(sum(state = 'home'), 0), ifnull(sum(pages), 0),"
            " ifnull(sum(iif(sha256 IS NOT NULL, pages, 0)), 0),"
            " ifnull(sum(iif(state = 'home' AND sha256 IS NULL, pages, 0)), 0) FROM parcels"
        ).fetchone()
        names = ("parcels", "out", "home", "pages", "read", "left")
        return ReplayProgress(
            id=self.id, sites=self.sites, dry_run=self.dry_run, **dict(zip(names, row, strict=True))
        )


def discard(root: Path) -> None:
    """Delete the book of the archive at *root*. Raises ArchiveUnwritable."""
    for companion in _COMPANIONS:
        path = root / f"{FILE}{companion}"
        with refusals(path):
            path.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # what is acknowledged must outlive a power cut
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _is_begun(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'replay'").fetchone()
    return found is not None


def _add_parcels(
    connection: sqlite3.Connection, pages: Iterable[ParcelPage], parcel_pages: int
) -> None:
    number = 0
    for site, of_site in groupby(pages, key=lambda page: page.capture.site):
        for part in _parts(of_site, parcel_pages):
            number += 1
            connection.execute(
                "INSERT INTO parcels (number, site, pages) VALUES (?, ?, ?)",
                (number, site, len(part)),
            )
            connection.executemany(
                "INSERT INTO pages (capture_id, parcel, page) VALUES (?, ?, ?)",
                [(page.capture.id, number, _page_values(page)) for page in part],
            )


def _parts(pages: Iterable[ParcelPage], most: int) -> Iterator[list[ParcelPage]]:
    """The pages of one parcel after another."""
    part: list[ParcelPage] = []
    size = 0
    for page in pages:
        place = page.capture.location
        length = place.length + (page.payload.length if page.payload else 0)
        is_next_file = bool(part) and part[-1].capture.location.warc_file != place.warc_file
        is_full = len(part) >= most or size + length > _MOST_BYTES
        if part and (is_full or (is_next_file and len(part) >= _ENOUGH * most)):
            yield part
            part, size = [], 0
        part.append(page)
        size += length
    if part:
        yield part


def _page_values(page: ParcelPage) -> bytes:
    capture, payload = page.capture, page.payload
    elsewhere = None if payload is None else attrs.astuple(payload)
    return orjson.dumps(
        [capture.url, attrs.astuple(capture.location), capture.payload_elsewhere, elsewhere]
    )


def _read_page(site: str, capture_id: str, values: bytes) -> ParcelPage:
    url, place, digest, elsewhere = orjson.loads(values)
    capture = StoredCapture(
        id=capture_id, site=site, url=url, location=_location(place), payload_elsewhere=digest
    )
    return ParcelPage(capture=capture, payload=None if elsewhere is None else _location(elsewhere))


def _location(values: list[Any]) -> RecordLocation:
    warc_file, offset, length = values
    return RecordLocation(warc_file=warc_file, offset=offset, length=length)
