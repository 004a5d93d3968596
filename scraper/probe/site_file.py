"""Write a site file: TOML in the order people read it, and a file that is never written over."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import SiteSpecError, UsageError
from scraper.sites.build import build_site
from scraper.sites.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scraper.sites.spec import Family, SiteSpec


def toml_text(comments: Sequence[str], values: Mapping[str, object]) -> str:
    """*values* as TOML below *comments*; empty values are left out, tables come last."""
    lines = [f"# {comment}" for comment in comments]
    lines += list(_pairs(values))
    for key, entries in values.items():
        for entry in _tables(entries):
            lines += ["", f"[[{key}]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def read_site(text: str, site_id: str, families: Mapping[str, Family]) -> SiteSpec:
    """The site a proposed file describes; raises SiteSpecError with its mistakes."""
    problems: list[str] = []
    site = build_site(Table(f"{site_id}.toml", tomllib.loads(text), problems), families)
    if problems:
        raise SiteSpecError(problems)
    return site


def write_new(path: Path, text: str) -> None:
    """Write *text* to *path* in one step; raises UsageError when the file exists or cannot be written."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.chmod(0o644)
            # a link, unlike a rename, fails where a file of this name has appeared in the meantime
            path.hardlink_to(unfinished)
        finally:
            unfinished.unlink()
    except FileExistsError as error:
        raise exists(path) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def exists(path: Path) -> UsageError:
    """What is said where the file is there already."""
    return UsageError(f"{path} exists already; nothing is written over (choose another --id)")


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        if value is not None and value not in ([], (), "") and not list(_tables(value)):
            yield f"{key} = {_written(value)}"


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    """The entries of an array of tables that deserves headings of its own; date rules stay in one line."""
    if isinstance(value, list | tuple):
        for entry in value:
            if isinstance(entry, dict) and "select" not in entry:
                yield entry


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_written(x)}" for key, x in value.items() if x is not None)
        return "{ " + inner + " }"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(value: str) -> str:
    """A literal string for what holds quotes or backslashes, else a basic one."""
    is_plain = "\\" not in value and '"' not in value
    if not is_plain and "'" not in value and value.isprintable():
        return f"'{value}'"
    # JSON's escapes are TOML's as well, but for the delete character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
