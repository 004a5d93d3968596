"""From TOML tables to Family and SiteSpec values, with the rules a single file must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.provinces import is_province, nearest_name, province_today
from scraper.sites.seeds import build_seeds
from scraper.sites.spec import DateRule, Family, Layout, Scope, SiteSpec, SiteStatus
from scraper.sites.tables import is_web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.sites.tables import Table

#: Seconds between two requests where the site file names none (our choice: a reader's pace).
DEFAULT_DELAY_S: Final = 5.0
#: Shorter delays need a reason in ``note``.
SHORTEST_DELAY_S: Final = 1.0
_NUMBER_OR_SLUG: Final = ("id", "slug")


def build_family(table: Table) -> Family:
    """The family a file describes; mistakes go to the table's problems."""
    family = Family(
        id=table.slug("id"),
        description=table.text("description"),
        article_url=table.patterns("article_url", groups=("id",)),
        copies=table.patterns("copies", groups=("id",)),
        layouts=_layouts(table),
        fingerprints=table.texts("fingerprints"),
    )
    if "article_url" not in table.values:
        table.mistake("article_url", "is required")
    table.close()
    return family


def build_site(table: Table, families: Mapping[str, Family]) -> SiteSpec:
    """The site a file describes; mistakes go to the table's problems.

    A site without ``article_url`` has its family's; copies are those of both.
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
        former_domains=table.host_names("former_domains", least=0),
        successor=table.text_or_none("successor"),
        status=table.choice("status", SiteStatus, SiteStatus.ACTIVE) or SiteStatus.ACTIVE,
        note=table.text_or_none("note"),
        family=family_id,
        languages=table.texts("languages") or ("vi",),
        delay_s=table.seconds("delay_s", DEFAULT_DELAY_S),
        tls_exception=table.text_or_none("tls_exception"),
        scope=table.choice("scope", Scope, Scope.EVERYTHING) or Scope.EVERYTHING,
        seeds=build_seeds(table, domains),
        article_url=table.patterns("article_url", groups=_NUMBER_OR_SLUG)
        or (family.article_url if family else ()),
        copies=(
            *table.patterns("copies", groups=("id",)),
            *(family.copies if family else ()),
        ),
        examples=table.texts("examples"),
        exclude=table.patterns("exclude"),
        layouts=_layouts(table),
        own_names=table.texts("own_names"),
    )
    _check_site(table, site)
    return site


def _check_site(table: Table, site: SiteSpec) -> None:
    _check_port_offset(table, site)
    _check_homepage(table, site)
    _check_delay(table, site)
    _check_status(table, site)
    _check_province(table, site)
    _check_examples(table, site)
    # the addresses of a paper nobody crawls need not be known
    if not site.article_url and "article_url" not in table.values and is_crawled(site):
        table.mistake("article_url", "is required for a site without a family")
    table.close()


def is_crawled(site: SiteSpec) -> bool:
    """True for a paper that `dqtv crawl` may ask."""
    return site.status in {SiteStatus.ACTIVE, SiteStatus.DEMO}


def _check_status(table: Table, site: SiteSpec) -> None:
    if site.status is SiteStatus.OFF and site.note is None:
        table.mistake("note", "is required for a paper that is off: say why")
    if site.status is SiteStatus.FORMER and site.successor is None:
        table.mistake("successor", "is required for a former paper: the id it was merged into")
    if site.status is not SiteStatus.FORMER and site.successor is not None:
        table.mistake("successor", "belongs to former papers only")


def _check_province(table: Table, site: SiteSpec) -> None:
    """Real papers serve real provinces: a former one under the name it had, others under today's."""
    if site.province is None or site.status is SiteStatus.DEMO:
        return
    if not is_province(site.province):
        nearest = nearest_name(site.province)
        table.mistake("province", f"{site.province!r} is no province; the nearest is {nearest!r}")
        return
    today = province_today(site.province)
    if site.status is not SiteStatus.FORMER and site.province != today:
        table.mistake("province", f"{site.province!r} is {today!r} today")


def _check_examples(table: Table, site: SiteSpec) -> None:
    for at, example in enumerate(site.examples):
        if not is_web_address(example):
            table.mistake(f"examples[{at}]", f"must be an absolute address, not {example!r}")
        elif not site.knows(example):
            table.mistake(f"examples[{at}]", f"{example} is on none of the site's hosts")
        elif site.number(example) is None and not site.fits_article(example):
            table.mistake(f"examples[{at}]", f"{example} fits neither article_url nor copies")


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
