"""``dqtv sites check``: read a few pages of a paper as a crawl would and count what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import BadAddress
from archive.model import Explored, Rejected, UrlKind
from scraper.discovery.explore import explore, seed_urls
from scraper.probe.fetch import BudgetSpent, NotFetched
from scraper.probe.look import spread
from scraper.process import process

if TYPE_CHECKING:
    from archive.model import Accepted, Article, FoundUrl
    from scraper.probe.fetch import PoliteFetcher
    from scraper.sites.spec import Family, SiteSpec

#: Seeds asked for article addresses before the paper is given up.
_MOST_SEEDS: Final = 4
#: Addresses to choose from, for every page that is to be read.
_CHOICE: Final = 4
_OK: Final = 200
FIELDS: Final = ("title", "sapo", "body", "date", "byline", "section", "figures")
_ALWAYS: Final = ("title", "body", "date")
#: Many articles rightly have none of these: only a field missing on every page tells of a wrong selector.
_OPTIONAL: Final = frozenset({"sapo", "byline", "figures"})


@attrs.frozen(kw_only=True)
class Coverage:
    """What was found on the pages of one paper."""

    site: str
    #: Pages read.
    pages: int
    #: Number of pages with each of FIELDS.
    found: dict[str, int]
    #: Fields that the paper's layouts name, title, body and date always.
    named: tuple[str, ...]
    #: Pages whose text the layout's rule, and the generic path, found.
    by_rule: int
    by_fallback: int
    #: Why the paper is not good as it is; empty when all is well.
    problems: tuple[str, ...]


def check_site(
    fetcher: PoliteFetcher, site: SiteSpec, family: Family | None, *, pages: int
) -> Coverage:
    """Fetch up to *pages* articles of the paper, through its own seeds; stores nothing."""
    outcomes: list[Accepted | Rejected] = []
    addresses, reasons = _addresses(fetcher, site, pages)
    for url in spread(addresses, 2 * pages):
        if len(outcomes) == pages:
            break
        try:
            capture = fetcher.get(url, site=site.id)
        except (NotFetched, BadAddress) as error:
            reasons.append(str(error))
            if isinstance(error, BudgetSpent):
                break
            continue
        if capture.status != _OK:
            reasons.append(f"{url} answered {capture.status}")
            continue
        outcomes.append(process(capture, site, family))
    return _counted(site, family, outcomes, reasons)


def _addresses(fetcher: PoliteFetcher, site: SiteSpec, pages: int) -> tuple[list[str], list[str]]:
    """Article addresses from the paper's first seeds, and why a seed gave none."""
    found: dict[str, None] = {}
    reasons: list[str] = []
    if not site.seeds:
        reasons.append("the site file has no seeds")
    for seed in _sure_first(site)[:_MOST_SEEDS]:
        try:
            explored = _explored(fetcher, site, seed)
        except (NotFetched, BadAddress) as error:
            reasons.append(f"{seed.seed}: {error}")
            if isinstance(error, BudgetSpent):
                break
            continue
        if isinstance(explored, str):
            reasons.append(f"{seed.seed}: {explored}")
            continue
        articles = [x.url for x in explored.found if x.kind is UrlKind.ARTICLE]
        if not articles:
            reasons.append(f"{seed.seed}: {seed.url} names no articles")
        found |= dict.fromkeys(articles)
        if len(found) >= _CHOICE * pages:
            break
    return list(found), reasons


def _sure_first(site: SiteSpec) -> list[FoundUrl]:
    guesses = {seed.id for seed in site.seeds if seed.guess}
    return sorted(
        seed_urls(site, site.scope), key=lambda x: (x.seed in guesses, x.kind is UrlKind.SITEMAP)
    )


def _explored(fetcher: PoliteFetcher, site: SiteSpec, url: FoundUrl) -> Explored | str:
    """What the seed's page lists, a sitemap index followed one step; or why it lists nothing."""
    seed = site.seed(url.seed)
    capture = fetcher.get(url.url, site=site.id, headers=seed.headers if seed else None)
    if capture.status != _OK:
        return f"{url.url} answered {capture.status}"
    explored = explore(capture, site, url, scope=site.scope)
    if not isinstance(explored, Explored):
        return explored.detail or explored.reason
    further = [x for x in explored.found if x.kind is UrlKind.SITEMAP]
    if further and len(further) == len(explored.found):
        return _explored(fetcher, site, further[0])
    return explored


def _counted(
    site: SiteSpec,
    family: Family | None,
    outcomes: list[Accepted | Rejected],
    reasons: list[str],
) -> Coverage:
    articles = [x.article for x in outcomes if x.article is not None]
    found = {field: sum(_has(x, field) for x in articles) for field in FIELDS}
    by_rule = sum(x.body_source == "rule" for x in articles)
    named = _named(site, family)
    problems = _problems(outcomes, found, named)
    has_layout = bool(site.layouts or (family and family.layouts))
    if has_layout and articles and 2 * by_rule < len(outcomes):
        problems.append(
            f"body: the layout's selectors fit on {by_rule} of {len(outcomes)} pages; the rest was guessed"
        )
    if not outcomes:
        problems.append("nothing could be fetched: " + "; ".join(dict.fromkeys(reasons)))
    return Coverage(
        site=site.id, pages=len(outcomes), found=found, named=named, by_rule=by_rule,
        by_fallback=len(articles) - by_rule, problems=tuple(problems),
    )  # fmt: skip


def _problems(
    outcomes: list[Accepted | Rejected], found: dict[str, int], named: tuple[str, ...]
) -> list[str]:
    total = len(outcomes)
    if not total:
        return []
    problems = [
        f"{field}: found on {found[field]} of {total} pages"
        for field in named
        if (found[field] == 0 if field in _OPTIONAL else 2 * found[field] < total)
    ]
    empty = [x for x in outcomes if isinstance(x, Rejected) and x.article is None]
    problems += [f"{x.capture.url}: {x.detail or x.reason.value}" for x in empty if problems]
    return problems


def _named(site: SiteSpec, family: Family | None) -> tuple[str, ...]:
    layouts = (*site.layouts, *(family.layouts if family else ()))
    named = {
        "sapo": any(x.sapo for x in layouts),
        "byline": any(x.byline for x in layouts),
        "section": any(x.section for x in layouts),
        "figures": any(x.figure for x in layouts),
    }
    return tuple(x for x in FIELDS if x in _ALWAYS or named.get(x))


def _has(article: Article, field: str) -> bool:
    if field == "date":
        return article.published_at is not None
    return bool(getattr(article, field))
