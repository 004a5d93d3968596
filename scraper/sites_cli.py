"""The verbs of ``dqtv sites``: which papers the program knows, how good it knows them, and new ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.cli import json_option, print_json, wide_console
from archive.errors import UsageError
from scraper.contact import contact_option
from scraper.guard import ALLOW_PRIVATE, Guard
from scraper.probe.coverage import FIELDS, Coverage, check_site
from scraper.probe.fetch import Budget, PoliteFetcher
from scraper.probe.new import Wish, explore_paper
from scraper.probe.preview import preview_rows, preview_table
from scraper.probe.site_file import write_new
from scraper.report import one_line
from scraper.settings import user_agent
from scraper.sites.build import DEFAULT_DELAY_S, SHORTEST_DELAY_S
from scraper.sites.known import known_sites, new_file
from scraper.sites.spec import SiteStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.probe.proposal import Proposal
    from scraper.sites.load import Registry
    from scraper.sites.spec import Layout, Seed, SiteSpec

#: Columns in which no paper of the project needs a second line.
_ONE_LINE_A_PAPER: Final = 170


@click.group("sites")
def sites_group() -> None:
    """Show the papers this program knows, check them, add new ones."""


@sites_group.command("list")
@json_option
def sites_list(*, as_json: bool) -> None:
    """List every paper: id, name, province then and now, CMS family, status, ways of discovery."""
    registry = known_sites()
    if as_json:
        print_json([_site_for_json(site) for site in registry.sites.values()])
        return
    table = Table(box=SIMPLE_HEAD)
    for heading in ("id", "name", "province then", "province now", "family", "status", "discovery"):
        table.add_column(heading)
    for site in registry.sites.values():
        table.add_row(
            site.id, site.name, site.province_then or "-", site.province_today or "-",
            site.family or "-", site.status.value, ", ".join(site.discovery) or "-",
        )  # fmt: skip
    wide_console(_ONE_LINE_A_PAPER).print(table)


@sites_group.command("show")
@click.argument("site_id", metavar="SITE")
@json_option
def sites_show(site_id: str, *, as_json: bool) -> None:
    """Show all that is known of one paper."""
    values = _site_for_json(known_sites().site(site_id))
    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        if isinstance(value, list):
            click.echo(f"{key}:")
            for item in value:
                click.echo(f"  {item if isinstance(item, str) else one_line(item)}")
        else:
            click.echo(f"{key}: {'' if value is None else value}")


def _site_for_json(site: SiteSpec) -> dict[str, object]:
    return {
        "id": site.id,
        "name": site.name,
        "province": site.province,
        "province_then": site.province_then,
        "province_today": site.province_today,
        "homepage": site.homepage,
        "status": site.status.value,
        "successor": site.successor,
        "note": site.note,
        "family": site.family,
        "languages": list(site.languages),
        "domains": list(site.domains),
        "former_domains": list(site.former_domains),
        "delay_s": site.delay_s,
        "tls_exception": site.tls_exception,
        "scope": site.scope.value,
        "discovery": list(site.discovery),
        "article_url": [pattern.pattern for pattern in site.article_url],
        "copies": [pattern.pattern for pattern in site.copies],
        "exclude": [pattern.pattern for pattern in site.exclude],
        "examples": list(site.examples),
        "own_names": list(site.own_names),
        "layouts": [_layout_for_json(layout) for layout in site.layouts],
        "seeds": [_seed_for_json(seed) for seed in site.seeds],
    }


def _seed_for_json(seed: Seed) -> dict[str, object]:
    values = attrs.asdict(seed)
    return values | {"kind": seed.kind.value, "scope": seed.scope.value}


def _layout_for_json(layout: Layout) -> dict[str, object]:
    values = attrs.asdict(layout)
    return values | {
        "valid_from": layout.valid_from.isoformat() if layout.valid_from else None,
        "dateline": layout.dateline.pattern if layout.dateline else None,
    }


# -- new --------------------------------------------------------------------------------------------


@sites_group.command("new")
@click.argument("url")
@click.option("--write", is_flag=True, help="Write the file; without this it is only shown.")
@click.option("--id", "site_id", help="Id of the paper; made from its host when not given.")
@click.option(
    "--delay",
    type=click.FloatRange(0, 3600),
    default=DEFAULT_DELAY_S,
    show_default=True,
    help="Seconds between two requests; robots.txt may make it longer.",
)
@click.option(
    "--allow-private",
    is_flag=True,
    help="Visit a server on this machine or a private network, such as a demo press of your own.",
)
@contact_option
@json_option
def sites_new(
    url: str, site_id: str | None, delay: float, contact: str | None,
    *, write: bool, allow_private: bool, as_json: bool,
) -> None:  # fmt: skip
    """Look at a paper and propose a site file for it.

    Asks for robots.txt, the home page, feeds, sitemaps, one section and a few articles: at most 20
    requests, one at a time, none that robots.txt forbids. Shows the file and what five pages give when
    read by it. Nothing is stored, and nothing is written without --write.
    """
    if delay < SHORTEST_DELAY_S and not allow_private:
        raise UsageError("--delay below 1 s is for servers of your own (--allow-private)")
    proposal = explore_paper(
        Wish(
            url=url, site_id=site_id, delay_s=delay, user_agent=user_agent(contact),
            allow_private=allow_private,
        ),
        known_sites(),
        on_request=_show_request,
    )  # fmt: skip
    path = new_file(proposal.site.id)
    if write:
        write_new(path, proposal.text)
    if as_json:
        print_json({
            "id": proposal.site.id, "family": proposal.site.family, "requests": proposal.requests,
            "file": str(path), "written": write, "toml": proposal.text,
            "preview": preview_rows(proposal.outcomes),
        })  # fmt: skip
        return
    _show_proposal(proposal)
    click.echo(
        f"Written: {path}\nNext: read it, look at the province, then `dqtv sites check {proposal.site.id}`."
        if write
        else f"Nothing is written. With --write this becomes {path}."
    )


def _show_request(url: str) -> None:
    click.echo(f"dqtv: asking {url}", err=True)


def _show_proposal(proposal: Proposal) -> None:
    seen = proposal.recognition
    click.echo(proposal.text)
    if seen is None:
        click.echo("Family: none that is known")
    else:
        click.echo(
            f"Family: {seen.family.id} ({seen.pages} of {seen.looked_at} pages bear its marks)"
        )
    click.echo(f"Requests: {proposal.requests}")
    wide_console().print(preview_table(preview_rows(proposal.outcomes)))


# -- check ------------------------------------------------------------------------------------------


@sites_group.command("check")
@click.argument("sites", nargs=-1, metavar="SITE...")
@click.option(
    "--pages",
    type=click.IntRange(1, 20),
    default=5,
    show_default=True,
    help="Articles to read of each paper.",
)
@click.option(
    "--allow-private", is_flag=True, help="Visit papers on this machine or a private network."
)
@contact_option
@json_option
def sites_check(
    sites: tuple[str, ...], pages: int, contact: str | None, *, allow_private: bool, as_json: bool
) -> None:
    """Read a few articles of each paper and show which fields are found.

    All active papers when none is named. Keeps each paper's delay and robots.txt; stores nothing.
    Exits 1 when a field that the paper's layout names (title, body and date always) is missing on most
    pages, or nothing could be read; a lead, byline or picture must be missing on every page to count.
    """
    registry = known_sites()
    reports: list[Coverage] = []
    for site in _to_check(registry, sites):
        fetcher = PoliteFetcher(
            user_agent=user_agent(contact),
            guard=Guard(
                exempt=registry.demo_hosts, named=site.domains, way_out=ALLOW_PRIVATE,
                allow_private=allow_private,
            ),
            delay_s=site.delay_s,
            budget=Budget(requests=2 * pages + 12, seconds=1800.0),
            unverified=site.domains if site.tls_exception else (),
            on_request=_show_request,
        )  # fmt: skip
        reports.append(check_site(fetcher, site, registry.family_of(site), pages=pages))
    if as_json:
        print_json({"sites": [attrs.asdict(report) for report in reports]})
    else:
        _show_coverage(reports)
    if any(report.problems for report in reports):
        sys.exit(1)


def _to_check(registry: Registry, ids: Sequence[str]) -> list[SiteSpec]:
    if not ids:
        return [x for x in registry.sites.values() if x.status is SiteStatus.ACTIVE]
    chosen = [registry.site(site_id) for site_id in ids]
    for site in chosen:
        if site.status in {SiteStatus.OFF, SiteStatus.FORMER}:
            why = site.note or f"see {site.successor}"
            raise UsageError(f"{site.id} is not visited (status {site.status.value}): {why}")
    return chosen


def _show_coverage(reports: Sequence[Coverage]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("paper", "pages", *FIELDS, "rule/fallback"):
        table.add_column(heading)
    for report in reports:
        cells = [str(report.found[field]) for field in FIELDS]
        table.add_row(
            report.site, str(report.pages), *cells, f"{report.by_rule}/{report.by_fallback}"
        )
    wide_console().print(table)
    for report in reports:
        for problem in report.problems:
            click.echo(f"{report.site}: {problem}")
