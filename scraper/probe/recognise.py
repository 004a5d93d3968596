"""Name the CMS family of a paper by its fingerprints on several pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from selectolax.lexbor import SelectolaxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scraper.extract.page import Page
    from scraper.sites.spec import Family

#: Of the article pages, so many must carry the family's marks.
_SHARE: Final = 0.6


@attrs.frozen(kw_only=True)
class Recognition:
    """A family and how sure it is."""

    family: Family
    #: Pages with at least one mark of the family, and pages looked at.
    pages: int
    looked_at: int
    #: The marks that were seen.
    marks: tuple[str, ...]


def recognise(pages: Sequence[Page], families: Mapping[str, Family]) -> Recognition | None:
    """The family whose fingerprints most of the article *pages* carry and whose layout finds their text.

    Where several fit, the one with more marks; None when the CMS is unknown.
    """
    found = [_look_for(family, pages) for family in families.values()]
    sure = [
        x for x in found if pages and x.pages >= _SHARE * len(pages) and _reads(x.family, pages)
    ]
    return max(
        sure, key=lambda x: (len(x.marks) / len(x.family.fingerprints), x.pages), default=None
    )


def _look_for(family: Family, pages: Sequence[Page]) -> Recognition:
    seen = [[mark for mark in family.fingerprints if has_mark(page, mark)] for page in pages]
    marks = tuple(dict.fromkeys(mark for row in seen for mark in row))
    return Recognition(family=family, pages=sum(map(bool, seen)), looked_at=len(pages), marks=marks)


def has_mark(page: Page, mark: str) -> bool:
    """True when the fingerprint, a CSS selector or a string, is on the page."""
    try:
        if page.tree.css_first(mark) is not None:
            return True
    except SelectolaxError:
        pass  # no selector, so a string
    return mark in (page.tree.html or "")


def _reads(family: Family, pages: Iterable[Page]) -> bool:
    """True when a layout of the family finds the text's container on most pages."""
    selectors = [css for layout in family.layouts for css in layout.body]
    hits = [any(page.tree.css_first(css) is not None for css in selectors) for page in pages]
    return sum(hits) >= _SHARE * len(hits)
