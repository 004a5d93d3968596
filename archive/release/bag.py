"""A BagIt bag around a release (RFC 8493): the release becomes the payload in ``data/``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from archive.release.checksums import digests, lines

if TYPE_CHECKING:
    from pathlib import Path

    from archive.release.facts import Facts


def bag(folder: Path, facts: Facts) -> None:
    """Move what is in *folder* to ``data/`` and write the bag's own files beside it."""
    payload = folder.with_name(f"{folder.name}.payload")
    folder.rename(payload)
    folder.mkdir()
    payload.rename(folder / "data")
    sums = {f"data/{name}": value for name, value in digests(folder / "data", facts.sums).items()}
    octets = sum((folder / name).stat().st_size for name in sums)
    info = [
        f"Bag-Software-Agent: {facts.snapshot.software}",
        f"Bagging-Date: {facts.day}",
        f"External-Identifier: {facts.name}",
        f"Internal-Sender-Identifier: {facts.snapshot.id}",
        f"Payload-Oxum: {octets}.{len(sums)}",
    ]
    tags = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "\n".join([*info, ""]),
        "manifest-sha256.txt": lines(sums),
    }
    made = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tags.items()}
    tags["tagmanifest-sha256.txt"] = lines(made)
    for name, text in tags.items():
        (folder / name).write_bytes(text.encode())
