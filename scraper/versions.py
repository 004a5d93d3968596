"""What a run is made with: versions of the software, digests of the rules."""

from __future__ import annotations

import hashlib
import platform
import sqlite3
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scraper.sites.load import Registry

#: Distributions that fetch, read, judge or write pages.
_DISTRIBUTIONS: Final = (
    "dqtv-archive", "scrapy", "twisted", "protego", "selectolax", "beautifulsoup4", "ftfy", "pyahocorasick",
    "warcio", "isal", "sqlite-utils",
)  # fmt: skip
#: Those that decide what a stored page says.
_READING: Final = (
    "dqtv-archive",
    "selectolax",
    "beautifulsoup4",
    "lxml",
    "trafilatura",
    "ftfy",
    "pyahocorasick",
)
_HERE: Final = Path(__file__).parent
#: Rules that hold for every paper.
_SHARED_RULES: Final = ("classify/lexicon.toml", "clean/boilerplate.toml")


@cache
def versions() -> dict[str, str]:
    """Name -> version of the program, of Python and SQLite, and of the libraries that matter."""
    return {name: version(name) for name in _DISTRIBUTIONS} | {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def rule_digests(registry: Registry, sites: Iterable[str]) -> dict[str, str]:
    """File -> hex SHA-256 of everything *sites* are read and judged by; what no site file knows is left out."""
    digests = {name: _digest(_HERE / name) for name in _SHARED_RULES}
    for site in sites:
        digests |= registry.rules.get(site, {})
    return dict(sorted(digests.items()))


def reading_rules(registry: Registry, sites: Iterable[str]) -> dict[str, str]:
    """Everything that decides what stored pages of *sites* say: files and programs -> digest or version."""
    return rule_digests(registry, sites) | {name: version(name) for name in _READING}


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
