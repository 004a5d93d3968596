"""The sections of a paper, from its menu, and how their pages are numbered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.vietnamese import exact_key
from scraper.probe.addresses import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.probe.addresses import ArticleAddress, Link

_LONGEST_NAME: Final = 40
_MOST_WORDS: Final = 6
_MOST_SECTIONS: Final = 8
#: Sections that write about the militia, the nearest first; the rest is read only for everything.
_DEFENCE: Final = ("quốc phòng", "quân sự", "lực lượng vũ trang", "an ninh")
_BESIDE: Final = (
    "chính trị",
    "thời sự",
    "xã hội",
    "nội chính",
    "pháp luật",
    "đời sống",
    "địa phương",
)
_OTHER: Final = (
    "kinh tế",
    "văn hóa",
    "giáo dục",
    "y tế",
    "sức khỏe",
    "thể thao",
    "thế giới",
    "quốc tế",
    "du lịch",
)
_NO_SECTION: Final = re.compile(
    r"\.(?:rss|xml|pdf|jpe?g|png)$|/(?:rss|feed|tag|tags|tim-kiem|search|lien-he|login|dang-nhap|video|author)\b",
    re.IGNORECASE,
)
_SUFFIX: Final = re.compile(r"\.(?:html?|aspx|php)$|/$")


@attrs.frozen(kw_only=True)
class Paging:
    """How the address of a further page follows from the section's."""

    #: The section's own suffix (``.html``, ``/``) is cut before the tail is added.
    cuts_suffix: bool
    #: ``?page={page}``, ``/trang-{page}.html`` ...
    tail: str

    def url(self, section: str) -> str:
        """The pattern of the section's pages."""
        return (_SUFFIX.sub("", section) if self.cuts_suffix else section) + self.tail


@attrs.frozen(kw_only=True)
class Section:
    """A section of the menu."""

    url: str
    name: str
    #: It is where articles about the militia stand.
    is_defence: bool
    paging: Paging | None = None


def find_sections(links: Sequence[Link], articles: ArticleAddress | None) -> tuple[Section, ...]:
    """Sections named like those every paper has, the militia's first."""
    taken = set(articles.urls) if articles else set()
    found: dict[str, tuple[int, Section]] = {}
    for link in links:
        name = link.text.strip(" »›>|")
        rank = _rank(name)
        is_own = path_of(link.url) != "/" and not _NO_SECTION.search(urlsplit(link.url).path)
        if rank is None or not is_own or link.url in taken or "?" in path_of(link.url):
            continue
        section = Section(url=link.url, name=name, is_defence=rank < len(_DEFENCE))
        found.setdefault(link.url, (rank, section))
    ranked = sorted(found.values(), key=lambda entry: entry[0])
    return tuple(section for _, section in ranked[:_MOST_SECTIONS])


def paging_of(section: str, links: Sequence[Link]) -> Paging | None:
    """How page 2 of *section* is addressed, from the links on its first page; None when none is there."""
    stem = _SUFFIX.sub("", section)
    for link in links:
        for base, cuts in ((section, False), (stem, True)):
            tail = link.url.removeprefix(base)
            numbers = re.findall(r"\d+", tail)
            if tail != link.url and numbers == ["2"] and re.fullmatch(r"[\w?&=/.-]{1,30}", tail):
                return Paging(cuts_suffix=cuts, tail=tail.replace("2", "{page}"))
    return None


def _rank(name: str) -> int | None:
    if not 0 < len(name) <= _LONGEST_NAME or len(name.split()) > _MOST_WORDS:
        return None
    key = exact_key(name)
    for rank, word in enumerate((*_DEFENCE, *_BESIDE, *_OTHER)):
        if exact_key(word) in key:
            return rank
    return None
