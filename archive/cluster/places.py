"""Files at an fsspec URL, written so that nothing half-written is ever seen under its name.

On a disk and over SFTP a file is written beside its place and renamed; an object store shows an object when it
is whole. Here alone stands what differs between them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import urlsplit

import attrs

from archive.errors import HubUnreachable, UsageError
from archive.warc_files import refusals, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Schemes -> what has to be installed for them; others were not tried.
_EXTRAS: Final = {"file": "cluster", "local": "cluster", "s3": "s3", "s3a": "s3", "sftp": "sftp", "ssh": "sftp"}  # fmt: skip
#: Errors of the libraries below fsspec that are no OSError: module -> names.
_FOREIGN_ERRORS: Final = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "aiohttp": ("ClientError",),
    "paramiko": ("SSHException",),
}
#: Files that are being written; whoever lists a folder passes them over.
PART: Final = ".part-"
#: Bytes of one part of an upload to an object store; ten are in memory at once (s3fs: 50 MB each by itself).
_UPLOAD_PART: Final = 8 << 20
#: Bytes read at once.
_BLOCK: Final = 4 << 20


@attrs.frozen(kw_only=True)
class Entry:
    """A file as its folder lists it."""

    bytes: int
    #: Unix time by the clock over there; None where it does not tell.
    changed_at: float | None


class Place:
    """The files at one URL. Raises UsageError for a URL that cannot be used, HubUnreachable from every method.

    Where something is read and not there, FileNotFoundError passes as it is.
    """

    def __init__(self, url: str, **options: object) -> None:
        #: Without user and password.
        self.name = _without_password(url)
        scheme = urlsplit(url).scheme if "://" in url else "file"
        if scheme not in _EXTRAS:
            raise UsageError(
                f"{self.name}: {scheme}:// is not known; give file://, s3:// or sftp://"
            )
        try:
            if scheme in {"sftp", "ssh"}:
                from archive.cluster.known_hosts import KnownServer  # noqa: PLC0415  as below

                opened = KnownServer.at
            else:
                from fsspec.core import url_to_fs  # noqa: PLC0415  only those with several machines have it

                opened = url_to_fs
            if scheme in {"s3", "s3a"}:
                # other machines write there as well
                options = {"use_listings_cache": False, **options}
            with self._told("reach"):
                self._fs, root = opened(url, **options)
        except ImportError as error:
            raise UsageError(
                f"{self.name} needs a part that is not installed ({error});"
                f" pip install 'dqtv-archive[{_EXTRAS[scheme]}]'"
            ) from error
        self._root = str(root).rstrip("/")
        self._is_disk = scheme in {"file", "local"}
        self._has_rename = self._is_disk or scheme in {"sftp", "ssh"}

    def put(self, local: Path, name: str) -> None:
        """Copy the file *local* to *name*, over what is there. On a disk of ours it is durable afterwards."""
        target = self._path(name)
        with self._told("write", name):
            if not self._has_rename:
                self._fs.put_file(str(local), target, chunksize=_UPLOAD_PART)
                return
            with self._beside(target) as part:
                self._fs.put_file(str(local), part)
                self._rename(part, target)

    def create(self, name: str, content: bytes) -> None:
        """Write *content* to *name*. Raises FileExistsError when there is something already, whoever was first."""
        target = self._path(name)
        with self._told("write", name):
            if not self._has_rename:
                self._fs.pipe_file(target, content, mode="create")
                return
            with self._beside(target) as part:
                self._fs.pipe_file(part, content)
                self._rename(part, target, exclusive=True)

    def move(self, name: str, target: str) -> None:
        """Move a file; nothing happens when it is gone already."""
        source, goal = self._path(name), self._path(target)
        with self._told("move", name), suppress(FileNotFoundError):
            if self._has_rename:
                self._fs.makedirs(goal.rpartition("/")[0], exist_ok=True)
                self._rename(source, goal)
            else:
                self._fs.copy(source, goal)
                self._fs.rm_file(source)

    def remove(self, name: str) -> None:
        """Delete a file; nothing happens when it is gone already."""
        with self._told("delete", name), suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def fetch(self, name: str, local: Path) -> str:
        """Copy the file *name* to *local*, durably; its hex SHA-256. Raises FileNotFoundError, ArchiveUnwritable."""
        digest = hashlib.sha256()
        with self._told("read", name):
            remote = self._fs.open(self._path(name), "rb", block_size=_BLOCK)
        with remote, refusals(local), local.open("wb") as file:
            while chunk := self._chunk(remote, name):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return digest.hexdigest()

    def _chunk(self, remote: BinaryIO, name: str) -> bytes:
        with self._told("read", name):
            return remote.read(_BLOCK)

    def read(self, name: str, most: int) -> bytes:
        """The first *most* bytes of a file. Raises FileNotFoundError."""
        with self._told("read", name), self._fs.open(self._path(name), "rb") as file:
            content = file.read(most)
            assert isinstance(content, bytes)  # noqa: S101 - fsspec is not typed
            return content

    def files(self, folder: str) -> dict[str, int]:
        """Files below *folder*, relative to the URL -> bytes; empty where there is no such folder."""
        return {name: entry.bytes for name, entry in self.entries(folder).items()}

    def entries(self, folder: str) -> dict[str, Entry]:
        """The same with more than the bytes."""
        found: dict[str, Entry] = {}
        with self._told("list", folder):
            for path, info in self._listed(self._path(folder)).items():
                name = str(path).removeprefix(self._root).strip("/")
                if PART not in name and info["type"] == "file" and name != folder:
                    found[name] = Entry(bytes=int(info["size"]), changed_at=_changed_at(info))
        return found

    def _listed(self, folder: str) -> dict[str, Any]:
        if self._has_rename:
            return self._walk(folder)
        try:
            entries: dict[str, Any] = self._fs.find(folder, detail=True)
        except FileNotFoundError:
            return {}
        return entries

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        with self._told("look at", name):
            try:
                return int(self._fs.info(self._path(name))["size"])
            except FileNotFoundError:
                return None

    def tidy(self, folder: str) -> None:
        """Remove an empty folder, and those above it that are empty then, but not the topmost one."""
        if not self._has_rename:
            return
        parts = folder.split("/")
        with self._told("delete", folder), suppress(OSError):
            for entry in self._fs.ls(self._path(folder), detail=False):
                if PART in str(entry):
                    # left by an upload that was killed
                    self._drop(str(entry))
            while len(parts) > 1:
                self._fs.rmdir(self._path("/".join(parts)))
                parts.pop()

    def _walk(self, folder: str) -> dict[str, Any]:
        """Files below a folder; unlike fsspec's own, it does not pass over what cannot be listed."""
        found: dict[str, Any] = {}
        waiting = [folder]
        while waiting:
            # somebody else may tidy up meanwhile
            with suppress(FileNotFoundError):
                for info in self._fs.ls(waiting.pop(), detail=True):
                    if info["type"] == "directory":
                        waiting.append(info["name"])
                    else:
                        found[info["name"]] = info
        return found

    @contextmanager
    def _beside(self, target: str) -> Iterator[str]:
        """A name beside *target* to write to; what is left there is dropped."""
        folder, _, name = target.rpartition("/")
        part = f"{folder}/{name}{PART}{secrets.token_hex(4)}"
        self._fs.makedirs(folder, exist_ok=True)
        try:
            yield part
        finally:
            self._drop(part)

    def _rename(self, source: str, target: str, *, exclusive: bool = False) -> None:
        if self._is_disk:
            _rename_on_disk(Path(source), Path(target), exclusive=exclusive)
        elif exclusive:
            # the rename of SFTP's version 3 refuses where there is something (draft-ietf-secsh-filexfer-02, 6.5)
            try:
                self._fs.ftp.rename(source, target)
            except OSError as error:
                if self._fs.ftp.stat(target):
                    raise FileExistsError(target) from error
                raise
        else:
            self._fs.mv(source, target)

    def _drop(self, part: str) -> None:
        with suppress(OSError):
            self._fs.rm_file(part)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _told(self, verb: str, name: str = "") -> Iterator[None]:
        """Raise HubUnreachable for what goes wrong inside, with the place and the way out."""
        try:
            yield
        except FileExistsError:
            raise
        except _errors() as error:
            if isinstance(error, FileNotFoundError) and verb != "write":
                raise
            place = f"{self.name.rstrip('/')}/{name}" if name else self.name
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise HubUnreachable(
                f"cannot {verb} {place}: {why}; check address, network, access rights and free space there."
                " Nothing is lost: what was not handed over is kept and tried again"
            ) from error


def _changed_at(info: dict[str, Any]) -> float | None:
    """When a file was written: a disk says so in seconds, SFTP and S3 by an instant."""
    said = info.get("mtime", info.get("LastModified"))
    if isinstance(said, datetime):
        return said.timestamp()
    return float(said) if isinstance(said, int | float) else None


def _rename_on_disk(source: Path, target: Path, *, exclusive: bool) -> None:
    sync_file(source)
    if exclusive:
        # unlike a rename, a link never takes the place of another file
        os.link(source, target)
    else:
        source.replace(target)
    sync_folder(target.parent)


def _errors() -> tuple[type[Exception], ...]:
    """What the system, and the libraries that are loaded, raise when a place cannot be reached or takes nothing."""
    foreign = (
        getattr(sys.modules[module], name)
        for module, names in _FOREIGN_ERRORS.items()
        if module in sys.modules
        for name in names
    )
    return (OSError, EOFError, *foreign)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
