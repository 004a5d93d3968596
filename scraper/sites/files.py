"""The site and family files in use, for a backup: rules of the program, and the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.sites.load import FAMILIES, PAPERS

if TYPE_CHECKING:
    from pathlib import Path


def files_in_use(own: Path | None) -> dict[str, Path]:
    """Name such as ``papers/baocaobang.toml`` -> file; those of the folder *own* are below ``own/``."""
    folders = {"papers": PAPERS, "families": FAMILIES} | ({"own": own} if own else {})
    return {
        f"{name}/{path.name}": path
        for name, folder in folders.items()
        for path in sorted(folder.glob("*.toml"))
    }
