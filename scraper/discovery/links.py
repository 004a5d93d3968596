"""Make links absolute: one that is no address is skipped, and takes no other with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Characters; longer links are traps (the longest known article address has 300).
LONGEST: Final = 2_000


def absolute(base_url: str, link: str) -> str | None:
    """*link* as seen from *base_url*; None for what is no address or longer than one."""
    if len(link) > LONGEST:
        return None
    try:
        return urljoin(base_url, link.strip())
    except ValueError:
        return None


def all_absolute(base_url: str, links: Iterable[str]) -> list[str]:
    """Those of *links* that are addresses, absolute, in their order."""
    return [url for link in links if (url := absolute(base_url, link)) is not None]
