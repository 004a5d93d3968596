"""The papers known in this environment: the package's, the demo press's, and a folder of the user's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from archive.errors import UsageError
from scraper.sites.load import DEMO_PORT, PAPERS, Registry, load_registry
from scraper.sites.spec import SiteSpec, SiteStatus

#: First port of the demo press.
DEMO_PORT_VARIABLE: Final = "DQTV_DEMO_PORT"
#: Folder with site files of the user's own.
SITES_VARIABLE: Final = "DQTV_SITES"


def known_sites(demo_port: int | None = None) -> Registry:
    """The registry as the environment asks for it; *demo_port* overrides DQTV_DEMO_PORT.

    Raises SiteSpecError with every mistake of every file, UsageError for a folder or port that is none.
    """
    return load_registry(demo_port=demo_port or _demo_port(), extra=own_folder())


def _demo_port() -> int:
    text = os.environ.get(DEMO_PORT_VARIABLE) or str(DEMO_PORT)
    if not text.isdecimal():
        raise UsageError(f"{DEMO_PORT_VARIABLE}={text} is no port number")
    return int(text)


def why_not_crawled(site: SiteSpec) -> str | None:
    """Why a paper that exists no more, or is switched off, is not crawled; None for any other."""
    if site.status not in {SiteStatus.OFF, SiteStatus.FORMER}:
        return None
    return f"status {site.status.value}: {site.note or f'it was merged into {site.successor}'}"


def new_file(site_id: str) -> Path:
    """Where a new site file belongs: the user's own folder, else among the program's papers."""
    return (own_folder() or PAPERS) / f"{site_id}.toml"


def own_folder() -> Path | None:
    """The folder that DQTV_SITES names, None when it names none; raises UsageError for what is no folder."""
    text = os.environ.get(SITES_VARIABLE)
    if not text:
        return None
    if not Path(text).is_dir():
        raise UsageError(f"{SITES_VARIABLE}={text} is no folder")
    return Path(text)
