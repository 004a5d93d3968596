"""The article's title without the paper's name behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEPARATOR: Final = re.compile(r"\s+(?:[-–—|»·]|::)\s+")
_EDITION: Final = re.compile(r"(?:\s+(?:điện tử|online))+$")


def own_title(line: str, own_names: Iterable[str]) -> str | None:
    """*line* (clean) without ``- Báo Cao Bằng điện tử`` and the like; None when only a name is left.

    Only a closing part that is one of *own_names* (with or without "điện tử", "Online") is cut, so that
    "Quốc phòng - An ninh" stays.
    """
    names = {_name_key(name) for name in own_names}
    while True:
        if _name_key(line) in names:
            return None
        separators = list(_SEPARATOR.finditer(line))
        if not separators or _name_key(line[separators[-1].end() :]) not in names:
            return line
        line = line[: separators[-1].start()].rstrip()


def _name_key(name: str) -> str:
    return _EDITION.sub("", exact_key(name).strip())
