"""``SHA256SUMS`` of a release, in the form ``sha256sum -c`` reads."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME: Final = "SHA256SUMS"


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Relative path -> hex SHA-256 of every file under *folder*, by path; files in *known* are not read again."""
    sums = known or {}
    return {name: sums.get(name) or sha256_of(folder / name) for name in files_under(folder)}


def files_under(folder: Path) -> list[str]:
    """Relative paths of the files under *folder*, with slashes, in order."""
    return sorted(x.relative_to(folder).as_posix() for x in folder.rglob("*") if x.is_file())


def lines(sums: Mapping[str, str]) -> str:
    """One line for each file: digest, two spaces, path."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
