"""The verbs of ``dqtv sites``: which papers the program knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.cli import json_option, print_json, wide_console
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from scraper.sites.spec import Layout, Seed, SiteSpec

#: Columns in which no paper of the project needs a second line.
_ONE_LINE_A_PAPER: Final = 170


@click.group("sites")
def sites_group() -> None:
    """Show the papers this program knows."""


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


def one_line(value: object) -> str:
    """A value of a table as one line: tables as their pairs, lists with bars between."""
    if isinstance(value, dict):
        pairs = ((key, item) for key, item in value.items() if _says_something(item))
        return ", ".join(f"{key} {one_line(item)}" for key, item in pairs)
    if isinstance(value, list | tuple):
        return " | ".join(map(one_line, value))
    return str(value)


def _says_something(item: object) -> bool:
    return item is not False and item not in (None, {}, (), [], "")


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
