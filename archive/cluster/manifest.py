"""The manifest of a segment: what it holds, file by file, with lengths and checksums. Its appearance hands the segment over."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.errors import ArchiveError
from archive.instants import read_instant, utc_text
from archive.lease import REPLAY_PREFIX

if TYPE_CHECKING:
    from datetime import datetime

MANIFEST: Final = "manifest.json"
ROWS: Final = "rows.jsonl.gz"
#: Of the form of the manifest and of the rows file; the columns go by ``schema``.
VERSION: Final = 1
#: A manifest is some hundred bytes for each file.
LONGEST: Final = 4 << 20
#: As ``archive.warc`` names files. What would lead out of the folder, or hide, is no such name.
_WARC: Final = re.compile(r"[a-z0-9][a-z0-9_-]*/[0-9]{4}/[A-Za-z0-9_][A-Za-z0-9_.-]*\.warc\.gz")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SITE: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PARCEL: Final = re.compile(r"replay:[A-Za-z0-9][A-Za-z0-9-]*\.[1-9][0-9]{0,8}")
CRAWL: Final = "crawl"
REPLAY: Final = "replay"
#: A token beyond it is none: one a millisecond would take a thousand centuries.
_MOST: Final = 1 << 53


class BadManifest(ArchiveError):
    """A manifest that says something it cannot mean."""


@attrs.frozen(kw_only=True)
class File:
    """One file of a segment."""

    #: ``rows.jsonl.gz``, or a WARC file relative to the ``warc`` folder.
    name: str
    #: Bytes.
    size: int
    #: Hex.
    sha256: str

    @property
    def base(self) -> str:
        """Its name in the folder of the segment."""
        return self.name.rpartition("/")[2]


@attrs.frozen(kw_only=True, order=True)
class Key:
    """Which segment of which lease: what its folder is called."""

    #: Of a replay: ``replay:`` and the parcel's name.
    site: str
    token: int
    #: From 1.
    seq: int

    @property
    def kind(self) -> str:
        """``crawl`` for pages fetched, ``replay`` for stored pages read again."""
        return REPLAY if self.site.startswith(REPLAY_PREFIX) else CRAWL

    def __str__(self) -> str:
        return f"{self.site}/{self.token}/{self.seq}"


@attrs.frozen(kw_only=True)
class Manifest:
    """What a segment holds."""

    key: Key
    #: The rows file first.
    files: tuple[File, ...]
    #: Table -> rows that are written or deleted.
    rows: dict[str, int]
    #: Program and version.
    software: str
    #: Name of the newest migration of the worker's database.
    schema: str
    #: Aware; by the worker's clock.
    sealed_at: datetime

    @property
    def warc_files(self) -> tuple[File, ...]:
        """The files with pages."""
        return tuple(file for file in self.files if file.name != ROWS)

    @property
    def rows_file(self) -> File:
        """The file with rows."""
        return next(file for file in self.files if file.name == ROWS)

    def to_bytes(self) -> bytes:
        """As it is pushed: the same manifest always gives the same bytes."""
        values = {
            "version": VERSION,
            "kind": self.key.kind,
            **attrs.asdict(self.key),
            "files": [attrs.asdict(file) for file in self.files],
            "rows": self.rows,
            "software": self.software,
            "schema": self.schema,
            "sealed_at": utc_text(self.sealed_at),
        }
        return orjson.dumps(values, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def digest(content: bytes) -> str:
    """Hex SHA-256 of a manifest's bytes."""
    return hashlib.sha256(content).hexdigest()


def says_newer(content: bytes) -> bool:
    """Whether a manifest says that its form is of a later version than is known here."""
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    version = values.get("version") if isinstance(values, dict) else None
    return type(version) is int and version > VERSION


def read_manifest(content: bytes, key: Key) -> Manifest:
    """Read the manifest found at *key*. Raises BadManifest naming what is wrong."""
    if len(content) > LONGEST:
        raise BadManifest(f"it is longer than {LONGEST} bytes")
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadManifest(f"it is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise BadManifest("it is no JSON object")
    if values.get("version") != VERSION:
        raise BadManifest(f"its version is {values.get('version')!r}, and {VERSION} is known here")
    expected = {"version", "kind", "site", "token", "seq", "files", "rows", "software", "schema", "sealed_at"}  # fmt: skip
    if values.keys() != expected:
        wrong = ", ".join(sorted(values.keys() ^ expected))
        raise BadManifest(f"keys are missing or unknown: {wrong}")
    said = Key(site=_text(values, "site"), token=_number(values, "token"), seq=_number(values, "seq"))  # fmt: skip
    if said != key:
        raise BadManifest(f"it says that it is {said}, and lies at {key}")
    if values["kind"] != key.kind:
        raise BadManifest(f"kind: {key.kind} is wanted there, not {values['kind']!r}")
    rows = values["rows"]
    if not isinstance(rows, dict):
        raise BadManifest("rows: an object of numbers is wanted")
    return Manifest(
        key=key,
        files=_files(values["files"], key.site),
        rows={name: _number(rows, name, least=0) for name in rows},
        software=_text(values, "software"),
        schema=_text(values, "schema"),
        sealed_at=_instant(_text(values, "sealed_at")),
    )


def key_of(site: str, token: str, seq: str) -> Key | None:
    """The key that three names of folders stand for; None where they are none of ours."""
    numbers = [int(x) if re.fullmatch(r"[1-9][0-9]{0,15}", x) else 0 for x in (token, seq)]
    if not (_SITE.fullmatch(site) or _PARCEL.fullmatch(site)) or not all(
        0 < number <= _MOST for number in numbers
    ):
        return None
    return Key(site=site, token=numbers[0], seq=numbers[1])


def _files(values: object, site: str) -> tuple[File, ...]:
    if not isinstance(values, list) or not all(isinstance(x, dict) for x in values):
        raise BadManifest("files: a list of objects is wanted")
    files = tuple(_file(value, site) for value in values)
    if [file.name for file in files].count(ROWS) != 1:
        raise BadManifest(f"files: exactly one {ROWS} is wanted")
    if len({file.base for file in files}) != len(files):
        raise BadManifest("files: a name stands there twice")
    return files


def _file(value: dict[str, Any], site: str) -> File:
    if value.keys() != {"name", "size", "sha256"}:
        raise BadManifest("files: each has name, size and sha256, and nothing else")
    name, sha256 = _text(value, "name"), _text(value, "sha256")
    # of a replay nothing but rows fits
    if name != ROWS and not (_WARC.fullmatch(name) and name.startswith(f"{site}/")):
        raise BadManifest(f"files: {name!r} is no name of a WARC file of {site}")
    if not _SHA256.fullmatch(sha256):
        raise BadManifest(f"files: the sha256 of {name} is none")
    return File(name=name, size=_number(value, "size", least=0), sha256=sha256)


def _text(values: dict[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or not value or not value.isprintable():
        raise BadManifest(f"{name}: a text is wanted, not {value!r}")
    return value


def _number(values: dict[str, Any], name: str, *, least: int = 1) -> int:
    value = values[name]
    if type(value) is not int or not least <= value <= _MOST:
        raise BadManifest(f"{name}: a whole number from {least} on is wanted, not {value!r}")
    return value


def _instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError as error:
        raise BadManifest(f"sealed_at: {error}") from error
