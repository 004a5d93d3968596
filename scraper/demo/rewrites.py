"""How a demo paper's pages look after a change that nobody told the crawler of."""

from __future__ import annotations

import re
from typing import Final

_CLASS: Final = re.compile(r"""\b(class|id)=(["'])(.*?)\2""")
_ISO_DATE: Final = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?:T[\d:.]+(?:[+-]\d\d:?\d\d|Z)?)?")
_DAY_FIRST: Final = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](20\d\d)\b")
_ENTRY: Final = re.compile(r"<(item|entry)\b.*?</\1>", re.DOTALL)
_META_CHARSET: Final = re.compile(r"""(<meta[^>]*charset=["']?)utf-8""", re.IGNORECASE)
_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_CHALLENGE: Final = (
    '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><div id="cf-challenge-running">'
    "<p>Checking your browser before accessing the site. Please verify you are human.</p></div></body></html>"
)


def rename_classes(page: str) -> str:
    """Every class and id of every element gets another name."""
    return _CLASS.sub(
        lambda x: f"{x[1]}={x[2]}{' '.join(f'n-{name}' for name in x[3].split())}{x[2]}", page
    )


def hide_dates(page: str) -> str:
    """Dates in Roman numerals: ``24.XI.26``."""
    page = _ISO_DATE.sub(lambda x: _roman(int(x[3]), int(x[2]), x[1]), page)
    return _DAY_FIRST.sub(lambda x: _roman(int(x[1]), int(x[2]), x[3]), page)


def _roman(day: int, month: int, year: str) -> str:
    return f"{day}.{_ROMAN[(month - 1) % 12]}.{year[2:]}"


def empty_feed(page: str) -> str:
    """A feed without its entries; other pages stay as they are."""
    return _ENTRY.sub("", page) if page.lstrip().startswith("<?xml") else page


def forbid_everything(_: str) -> str:
    """A robots.txt that lets nobody in."""
    return "User-agent: *\nDisallow: /\n"


def ask_for_human(_: str) -> str:
    """A page that wants to know who is there."""
    return _CHALLENGE


def declare_vietnamese(page: str) -> str:
    """The page's own word for its charset, for one that is sent in windows-1258."""
    return _META_CHARSET.sub(r"\1windows-1258", page)
