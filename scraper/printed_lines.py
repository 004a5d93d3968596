"""The short lines around an article's text, cleaned: author line, tags, section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from scraper.clean.bylines import is_person_account, looks_like_byline, people, signs_itself
from scraper.clean.subtree import holds_blob
from scraper.clean.text import clean_and_tell, clean_line
from scraper.extract import metadata
from scraper.extract.metadata import Found

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.model import TextChange
    from scraper.clean.subtree import CleanBody
    from scraper.extract.page import Page
    from scraper.extract.surroundings import Surroundings
    from scraper.sites.spec import Layout, SiteSpec


@attrs.frozen(kw_only=True)
class Authorship:
    """Who wrote an article, as its page says."""

    #: Verbatim.
    byline: str | None = None
    #: The people in it.
    authors: tuple[str, ...] = ()
    source: str | None = None
    changes: tuple[TextChange, ...] = ()


def authorship(
    page: Page, site: SiteSpec, layout: Layout | None, body: CleanBody, around: Surroundings
) -> Authorship:
    """Byline and the people in it; a name from the head only when it is a person's."""
    own = (site.name, *site.own_names)
    found = first_clean(metadata.bylines(page, layout)) if layout else None
    byline = found.text if found else body.byline
    if byline is not None:
        place = "body:first-line" if body.signed_above else "body:last-line"
        source = found.source if found else place
        changes = found.changes if found else ()
        return Authorship(
            byline=byline, authors=people(byline, own), source=source, changes=changes
        )
    for line in around.bylines:
        name, changes = clean_and_tell(line.text)
        if name and looks_like_byline(name) and (names := people(name, own)) and _spelt(names[0]):
            return Authorship(byline=name, authors=names, source=line.source, changes=changes)
    for line in around.lines:
        name, changes = clean_and_tell(line.text)
        if name and signs_itself(name):
            return Authorship(
                byline=name, authors=people(name, own), source=line.source, changes=changes
            )
    for account in metadata.account_names(page):
        name = clean_line(account.text)
        if name and is_person_account(name, own):
            return Authorship(authors=(name,), source=account.source)
    return Authorship()


def _spelt(name: str) -> bool:
    """False for letters alone: the buttons for smaller and larger print (A- A+)."""
    return any(len(word) > 1 for word in name.split())


def clean_tags(raw: Iterable[str]) -> tuple[tuple[str, ...], tuple[TextChange, ...]]:
    """Tags as found, cleaned, each once; and what was changed in them."""
    told = [clean_and_tell(tag.replace("#", " ")) for tag in raw]
    tags = (line.strip(" ,;") for line, _ in told if line)
    changes = tuple(change for _, changes in told for change in changes)
    return tuple(dict.fromkeys(tag for tag in tags if tag)), changes


def first_clean(candidates: Iterable[Found]) -> Found | None:
    """The first candidate that holds text, with that text cleaned."""
    for found in candidates:
        text, changes = clean_and_tell(found.text)
        if text and not holds_blob(text):
            return Found(text=text, source=found.source, changes=changes)
    return None
