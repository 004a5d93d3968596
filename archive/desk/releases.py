"""The releases this desk offers: folders with a ``datapackage.json`` and checksums, read as they are.

Nothing is kept of them: what is in the folder is offered, under the names in its ``SHA256SUMS``.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.desk.viewer import PLUGIN

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Key of this plugin's configuration: the folder with the releases.
KEY: Final = "releases"
SUMS: Final = "SHA256SUMS"


@attrs.frozen(kw_only=True)
class ReleasedFile:
    """A file of a release."""

    #: As in the checksums, with slashes.
    path: str
    bytes: int
    #: Hex.
    sha256: str


@attrs.frozen(kw_only=True)
class FoundRelease:
    """A release as its own files tell it."""

    name: str
    #: Where its files lie: the folder, or ``data/`` of a bag.
    folder: Path
    date: str
    snapshot: str
    articles: int
    papers: int
    with_text: bool
    formats: tuple[str, ...]
    title: str
    contributor: str
    version: str
    files: tuple[ReleasedFile, ...]

    @property
    def bytes(self) -> int:
        """Length of all its files."""
        return sum(file.bytes for file in self.files)

    @property
    def data(self) -> tuple[ReleasedFile, ...]:
        """Files with data."""
        return tuple(x for x in self.files if "/" in x.path)

    @property
    def documents(self) -> tuple[ReleasedFile, ...]:
        """All other files."""
        return tuple(x for x in self.files if "/" not in x.path)

    @property
    def rights(self) -> ReleasedFile | None:
        """The file that says whose the texts are."""
        return self.file("RIGHTS.md")

    def file(self, path: str) -> ReleasedFile | None:
        """The file that the checksums name *path*, or None."""
        return next((x for x in self.files if x.path == path), None)


def folder_of(datasette: Datasette) -> Path | None:
    """The folder with releases this Datasette is configured with."""
    config = datasette.plugin_config(PLUGIN)
    text = config.get(KEY) if isinstance(config, dict) else None
    return Path(text) if isinstance(text, str) else None


def are_there(datasette: Datasette) -> bool:
    """True when at least one release can be offered; looks at names only."""
    folder = folder_of(datasette)
    places = ("dqtv-*/datapackage.json", "dqtv-*/data/datapackage.json")
    return folder is not None and any(any(folder.glob(place)) for place in places)


def find_all(datasette: Datasette) -> tuple[FoundRelease, ...]:
    """Every release that can be read, the newest first."""
    folder = folder_of(datasette)
    if folder is None or not folder.is_dir():
        return ()
    names = sorted((x.name for x in folder.glob("dqtv-*")), reverse=True)
    found = (find(datasette, name) for name in names)
    return tuple(x for x in found if x is not None)


def find(datasette: Datasette, name: str) -> FoundRelease | None:
    """The release *name*; None when there is none, or when it cannot be read."""
    folder = folder_of(datasette)
    # a name from an address: one step down, never up, never through a link
    if folder is None or not name.startswith("dqtv-") or {"/", "\\", "\0"} & set(name):
        return None
    inside = folder / name
    if inside.is_symlink() or not inside.is_dir():
        return None
    if (inside / "bagit.txt").is_file():
        inside /= "data"
    try:
        package: dict[str, Any] = orjson.loads((inside / "datapackage.json").read_bytes())
        said = package["dqtv"]
        return FoundRelease(
            name=name,
            folder=inside,
            date=date.fromisoformat(said["date"]).isoformat(),
            snapshot=said["snapshot"]["id"],
            articles=said["snapshot"]["articles"],
            papers=said["snapshot"]["papers"],
            with_text=said["with_text"],
            formats=tuple(said["formats"]),
            title=package["title"],
            contributor=package["contributors"][0]["title"],
            version=package["version"],
            files=_files(inside),
        )
    except (OSError, LookupError, TypeError, ValueError):
        return None


def _files(folder: Path) -> tuple[ReleasedFile, ...]:
    text = (folder / SUMS).read_bytes()
    found = [_file(folder, SUMS, hashlib.sha256(text).hexdigest())]
    for line in text.decode().splitlines():
        digest, _, path = line.partition("  ")
        found.append(_file(folder, path, digest))
    return tuple(file for file in found if file is not None)


def _file(folder: Path, path: str, sha256: str) -> ReleasedFile | None:
    """None for what leaves the folder, even by a link, and for what is no plain file."""
    whole = folder / path
    if whole.is_symlink() or not whole.is_file():
        return None
    if not whole.resolve().is_relative_to(folder.resolve()):
        return None
    return ReleasedFile(path=path, bytes=whole.stat().st_size, sha256=sha256)
