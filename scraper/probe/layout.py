"""Propose a layout for a CMS that no family covers, and keep it only where it reads the pages better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key
from scraper.probe.container import body_selector, inside, within
from scraper.probe.fields import (
    byline_selector,
    sapo_selector,
    section_selector,
    tag_selector,
    title_selector,
)
from scraper.probe.moments import date_rule
from scraper.probe.samples import read_samples
from scraper.probe.selectors import first_with_text
from scraper.process import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archive.model import Article, Capture
    from scraper.probe.samples import Sample
    from scraper.sites.spec import SiteSpec

#: So many of a page's paragraphs must be kept, on so many of the pages.
_MOST_LOST: Final = 0.8
#: Letters by which a paragraph is found again (a dateline may be cut off others).
_BEGINNING: Final = 60


def propose_layout(
    captures: Sequence[Capture],
    own_names: Sequence[str],
    headlines: Mapping[str, str],
    site_with: Callable[[dict[str, object] | None], SiteSpec],
) -> dict[str, object] | None:
    """The layout as a site file writes it, or None where the generic path reads the pages as well.

    *headlines* are texts of links by address; *site_with* builds the proposed site with a layout or
    without one.
    """
    samples = read_samples(captures, own_names, headlines)
    body = body_selector(samples)
    if body is None:
        return None
    generic = _read(samples, site_with(None))
    for layout in _variants(samples, body):
        articles = _read(samples, site_with(layout))
        kept = sum(_keeps(sample, x) for sample, x in zip(samples, articles, strict=True))
        if _dated(articles) >= _dated(generic) and kept >= _MOST_LOST * len(samples):
            return layout
    return None


def _read(samples: Sequence[Sample], site: SiteSpec) -> list[Article | None]:
    """Read the pages as a crawl of *site*, a paper without family, would."""
    return [process(x.capture, site, None).article for x in samples]


def _dated(articles: Sequence[Article | None]) -> int:
    return sum(x is not None and x.published_at is not None for x in articles)


def _keeps(sample: Sample, article: Article | None) -> bool:
    """True when the page's own paragraphs are all in the article, or nearly all."""
    if article is None:
        return False
    printed = (article.sapo, *article.body, article.byline, *(x.caption for x in article.figures))
    keys = exact_key("\n".join(filter(None, printed)))
    kept = sum(key[:_BEGINNING] in keys for key in sample.paragraphs)
    return kept >= _MOST_LOST * len(sample.paragraphs)


def _variants(samples: Sequence[Sample], body: str) -> list[dict[str, object]]:
    """The whole layout, and the same without what it drops, should that have been too much."""
    title, sapo = title_selector(samples), sapo_selector(samples)
    rule = date_rule(samples)
    section, tags = section_selector(samples), tag_selector(samples)
    byline = byline_selector(samples)
    printed = [
        x
        for x in (title, rule.select if rule and not rule.select.startswith("meta") else None)
        if x
    ]
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
    containers = [(x, node) for x in samples if (node := first_with_text(x, body)) is not None]
    return [layout, layout | {"drop": within(containers, printed), "figure": []}]


def _listed(selector: str | None) -> list[str]:
    return [selector] if selector else []
