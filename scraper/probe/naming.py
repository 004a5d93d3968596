"""Name and id of a paper, from what its pages call it."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from archive.errors import NotExplored
from archive.provinces import is_province, province_today
from archive.vietnamese import exact_key
from scraper.clean.text import clean_line
from scraper.extract.metadata import is_home
from scraper.extract.page import line_text, read_page
from scraper.probe.samples import TITLE_SEPARATOR, own_endings
from scraper.sites.seeds import term_slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archive.model import Capture

_LONGEST_NAME: Final = 60
_PAPER: Final = re.compile(r"^(?:báo|tạp chí|đài|tuần báo|nhật báo)\b", re.IGNORECASE)
_EDITION: Final = re.compile(r"\s+(?:điện tử|online)$", re.IGNORECASE)
_PUBLIC_ENDINGS: Final = frozenset({"vn", "com", "org", "net", "gov", "edu", "info"})


def paper_names(home: Capture, articles: Sequence[Capture]) -> tuple[str, ...]:
    """What the paper calls itself, the best name first; empty when its pages say nothing."""
    page = read_page(home)
    node = page.tree.css_first("head title") or page.tree.css_first("title")
    title = clean_line(line_text(node)) if node is not None else None
    named = [
        *page.metas.get("og:site_name", ()),
        *(name for x in articles for name in read_page(x).metas.get("og:site_name", ())),
        *own_endings(articles),
        *_constant_titles(articles),
        *TITLE_SEPARATOR.split(title or ""),
    ]
    names = [
        name
        for text in named
        if (name := clean_line(text)) and len(name) <= _LONGEST_NAME and not is_home(name)
    ]
    distinct = list({exact_key(name): name for name in reversed(names)}.values())[::-1]
    return tuple(sorted(distinct, key=lambda name: not _PAPER.match(name)))


def _constant_titles(articles: Sequence[Capture]) -> Iterable[str]:
    """What every page gives as its og:title names the paper, not an article."""
    titles = [read_page(x).meta("og:title") for x in articles]
    if len(titles) > 1 and titles[0] and len(set(titles)) == 1:
        yield titles[0]


def plain_name(name: str) -> str:
    """*name* without "điện tử" and "Online"."""
    return _EDITION.sub("", name) or name


def province_in(names: Iterable[str]) -> str | None:
    """The province a paper is named for, under today's name: ``Cao Bằng`` of "Báo Cao Bằng"."""
    for name in names:
        bare = _PAPER.sub("", plain_name(name)).strip()
        if is_province(bare):
            return province_today(bare)
    return None


def proposed_id(host: str, name: str | None) -> str:
    """An id from the host (``baovidu`` of ``www.baovidu.com.vn``), for a bare IP address from the name.

    Raises NotExplored when neither gives one.
    """
    bare = urlsplit(f"//{host}").hostname or ""
    try:
        ipaddress.ip_address(bare)
        text = (name or "").replace(" ", "")
    except ValueError:
        labels = bare.removeprefix("www.").split(".")
        own = [x for x in labels[:-1] if x not in _PUBLIC_ENDINGS] or labels[:1]
        text = "-".join(own)
    found = term_slug(text)
    if not found:
        raise NotExplored(f"{host}: no id can be made from its host or name; give one with --id")
    return found
