"""Propose a layout for a CMS that no family covers, and keep it only where it reads the pages better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from scraper.probe.container import body_selector, inside
from scraper.probe.fields import (
    byline_selector,
    sapo_selector,
    section_selector,
    tag_selector,
    title_selector,
)
from scraper.probe.moments import date_rule
from scraper.probe.samples import read_samples
from scraper.process import process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive.model import Article, Capture
    from scraper.probe.samples import Sample
    from scraper.sites.spec import SiteSpec

#: A layout that keeps less of the generic path's text than this drops paragraphs.
_MOST_LOST: Final = 0.8


@attrs.frozen(kw_only=True)
class Reading:
    """How pages were read: one article, or None, for each."""

    articles: tuple[Article | None, ...]

    @property
    def dated(self) -> int:
        """Pages with title and date."""
        return sum(x is not None and x.published_at is not None for x in self.articles)

    @property
    def letters(self) -> tuple[int, ...]:
        """Letters of text on each page, lead and body."""
        return tuple(sum(map(len, x.body)) + len(x.sapo or "") if x else 0 for x in self.articles)


def read_all(captures: Sequence[Capture], site: SiteSpec) -> Reading:
    """Read the pages as a crawl of *site*, a paper without family, would."""
    return Reading(articles=tuple(process(x, site, None).article for x in captures))


def propose_layout(
    captures: Sequence[Capture],
    own_names: Sequence[str],
    site_with: Callable[[dict[str, object] | None], SiteSpec],
) -> dict[str, object] | None:
    """The layout as a site file writes it, or None where the generic path reads the pages as well.

    *site_with* builds the proposed site with a layout or without one.
    """
    samples = read_samples(captures, own_names)
    body = body_selector(samples)
    if body is None:
        return None
    generic = read_all(captures, site_with(None))
    for layout in _variants(samples, body):
        reading = read_all(captures, site_with(layout))
        kept = sum(
            mine >= _MOST_LOST * theirs
            for mine, theirs in zip(reading.letters, generic.letters, strict=True)
        )
        if reading.dated >= generic.dated and kept >= _MOST_LOST * len(captures):
            return layout
    return None


def _variants(samples: Sequence[Sample], body: str) -> list[dict[str, object]]:
    """The whole layout, and the same without what it drops, should that have been too much."""
    title, sapo = title_selector(samples), sapo_selector(samples)
    rule = date_rule(samples)
    section, tags = section_selector(samples), tag_selector(samples)
    byline = byline_selector(samples)
    printed = [x for x in (title, rule.select if rule and not rule.attribute else None) if x]
    found = inside(samples, body, printed)
    published: dict[str, object] = (
        {"select": rule.select, "attribute": rule.attribute} if rule else {}
    )
    layout: dict[str, object] = {
        "title": _listed(title), "sapo": _listed(sapo), "body": [body], "byline": _listed(byline),
        "published": [published] if published else [], "section": _listed(section),
        "tags": _listed(tags), "figure": list(found.figure), "caption": list(found.caption),
        "drop": list(found.drop),
    }  # fmt: skip
    return [layout, layout | {"drop": printed, "figure": []}]


def _listed(selector: str | None) -> list[str]:
    return [selector] if selector else []
