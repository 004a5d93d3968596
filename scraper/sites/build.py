"""From TOML tables to Family and SiteSpec values, with the rules a single file must keep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from archive.model import UrlKind
from scraper.sites.spec import DateRule, Family, Layout, Seed, SiteSpec, SiteStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.sites.tables import Table

#: Seconds between two requests where the site file names none (our choice: a reader's pace).
DEFAULT_DELAY_S: Final = 5.0
#: Shorter delays need a reason in ``note``.
SHORTEST_DELAY_S: Final = 1.0
_NEVER: Final = re.compile(r"(?!)")
_LISTINGS: Final = (UrlKind.LISTING, UrlKind.JSON_LISTING)


def build_family(table: Table) -> Family:
    """The family a file describes; mistakes go to the table's problems."""
    family = Family(
        id=table.slug("id"),
        description=table.text("description"),
        article_url=_required_article_url(table),
        layouts=_layouts(table),
        fingerprints=table.texts("fingerprints"),
    )
    table.close()
    return family


def build_site(table: Table, families: Mapping[str, Family]) -> SiteSpec:
    """The site a file describes; mistakes go to the table's problems.

    A site without ``article_url`` has its family's.
    """
    family_id = table.text_or_none("family")
    if family_id is not None and family_id not in families:
        table.mistake("family", f"unknown family {family_id!r}; known: {', '.join(families)}")
    family = families.get(family_id or "")
    domains = table.host_names("domains")
    site = SiteSpec(
        id=table.slug("id"),
        name=table.text("name"),
        province=table.text_or_none("province"),
        homepage=table.url("homepage"),
        domains=domains,
        status=table.choice("status", SiteStatus, SiteStatus.ACTIVE) or SiteStatus.ACTIVE,
        note=table.text_or_none("note"),
        family=family_id,
        languages=table.texts("languages") or ("vi",),
        delay_s=table.seconds("delay_s", DEFAULT_DELAY_S),
        seeds=_seeds(table, domains),
        article_url=table.pattern("article_url", group="id")
        or (family.article_url if family else None),
        exclude=table.patterns("exclude"),
        layouts=_layouts(table),
        own_names=table.texts("own_names"),
    )
    _check_site(table, site)
    return site


def _required_article_url(table: Table) -> re.Pattern[str]:
    if table.values.get("article_url") is None:
        table.text("article_url")
    return table.pattern("article_url", group="id") or _NEVER


def _check_site(table: Table, site: SiteSpec) -> None:
    _check_port_offset(table, site)
    _check_homepage(table, site)
    _check_delay(table, site)
    if site.article_url is None and "article_url" not in table.values:
        table.mistake("article_url", "is required for a site without a family")
    table.close()


def _check_port_offset(table: Table, site: SiteSpec) -> None:
    if site.status is SiteStatus.DEMO:
        if table.values.get("port_offset") is None:
            table.mistake("port_offset", "is required for a demo paper")
        table.integer("port_offset", 0, least=1)
    elif "port_offset" in table.values:
        table.integer("port_offset", 0, least=1)
        table.mistake("port_offset", "belongs to demo papers only")


def _check_homepage(table: Table, site: SiteSpec) -> None:
    if site.homepage and site.domains and not site.owns(site.homepage):
        table.mistake("homepage", f"{site.homepage} is on none of the site's domains")


def _check_delay(table: Table, site: SiteSpec) -> None:
    if site.delay_s < SHORTEST_DELAY_S and site.status is not SiteStatus.DEMO and site.note is None:
        table.mistake("delay_s", f"{site.delay_s:g} s is below 1 s: give the reason in 'note'")


def _seeds(table: Table, domains: tuple[str, ...]) -> tuple[Seed, ...]:
    seeds: list[Seed] = []
    for entry in table.tables("seeds"):
        seed = _seed(entry)
        if seed.id and any(seed.id == other.id for other in seeds):
            entry.mistake("id", f"{seed.id!r} is the id of another seed already")
        _check_seed(entry, seed, domains)
        entry.close()
        seeds.append(seed)
    return tuple(seeds)


def _seed(table: Table) -> Seed:
    kind = table.choice("kind", UrlKind, None)
    if kind is UrlKind.ARTICLE:
        table.mistake("kind", "must be feed, sitemap, listing or json_listing")
    return Seed(
        id=table.slug("id"),
        kind=kind or UrlKind.FEED,
        url=_page_pattern(table),
        first_url=table.url_or_none("first_url"),
        first_page=table.integer("first_page", 1, least=0),
        max_pages=table.integer("max_pages", 50, least=1),
        links=table.selector_or_none("links"),
        items=table.text_or_none("items"),
        headers=table.text_map("headers"),
        section=table.text_or_none("section"),
    )


def _page_pattern(table: Table) -> str:
    url = table.text("url")
    if url:
        table.values = {**table.values, "url": url.replace("{page}", "1")}
        table.url("url")
    return url


def _check_seed(table: Table, seed: Seed, domains: tuple[str, ...]) -> None:
    is_listing = seed.kind in _LISTINGS
    has_page = "{page}" in seed.url
    if is_listing and not has_page and seed.max_pages > 1 and seed.url:
        table.mistake(
            "url", "a listing's address needs {page} (or max_pages = 1 where it has no pages)"
        )
    if not is_listing and has_page:
        table.mistake("url", f"{{page}} is for listings, not for a {seed.kind}")
    for key in ("url", "first_url"):
        _check_host(table, key, domains)
    _check_keys_of_kind(table, seed)


def _check_host(table: Table, key: str, domains: tuple[str, ...]) -> None:
    address = table.values.get(key)
    if not isinstance(address, str) or not domains:
        return
    try:
        host = urlsplit(address).netloc
    except ValueError:
        return
    if host and host not in domains:
        table.mistake(key, f"{host} is none of the site's domains")


def _check_keys_of_kind(table: Table, seed: Seed) -> None:
    if seed.links is not None and seed.kind is not UrlKind.LISTING:
        table.mistake("links", f"is for listings, not for a {seed.kind}")
    if seed.items is not None and seed.kind is not UrlKind.JSON_LISTING:
        table.mistake("items", f"is for JSON listings, not for a {seed.kind}")
    if seed.first_url is not None and "{page}" not in seed.url:
        table.mistake("first_url", "makes sense only beside an address with {page}")


def _layouts(table: Table) -> tuple[Layout, ...]:
    entries = table.tables("layouts")
    layouts = tuple(_layout(entry) for entry in entries)
    for newer, older, entry in zip(layouts, layouts[1:], entries[1:], strict=False):
        is_newer = newer.valid_from is not None and (
            older.valid_from is None or older.valid_from < newer.valid_from
        )
        if not is_newer:
            entry.mistake(
                "valid_from", "layouts must stand newest first, only the last without a day"
            )
    return layouts


def _layout(table: Table) -> Layout:
    layout = Layout(
        valid_from=table.day_or_none("valid_from"),
        title=table.selectors("title"),
        sapo=table.selectors("sapo"),
        body=table.selectors("body"),
        byline=table.selectors("byline"),
        published=tuple(_date_rule(entry) for entry in table.tables("published")),
        section=table.selectors("section"),
        tags=table.selectors("tags"),
        figure=table.selectors("figure"),
        caption=table.selectors("caption"),
        drop=table.selectors("drop"),
        dateline=table.pattern("dateline"),
    )
    if "body" not in table.values:
        table.mistake("body", "is required: at least one selector of the article's container")
    table.close()
    return layout


def _date_rule(table: Table) -> DateRule:
    rule = DateRule(
        select=table.selector("select"),
        attribute=table.text_or_none("attribute"),
        before=table.text_or_none("before"),
    )
    table.close()
    return rule
