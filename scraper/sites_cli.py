"""The verbs of ``dqtv sites``: which papers the program knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.cli import json_option, print_json, wide_console
from scraper.sites.known import known_sites

if TYPE_CHECKING:
    from scraper.sites.spec import SiteSpec


@click.group("sites")
def sites_group() -> None:
    """Show the papers this program knows."""


@sites_group.command("list")
@json_option
def sites_list(*, as_json: bool) -> None:
    """List every paper: id, name, province, CMS family, status."""
    registry = known_sites()
    if as_json:
        print_json([_site_for_json(site) for site in registry.sites.values()])
        return
    table = Table(box=SIMPLE_HEAD)
    for heading in ("id", "name", "province", "family", "status", "seeds"):
        table.add_column(heading)
    for site in registry.sites.values():
        kinds = ", ".join(dict.fromkeys(seed.kind.value for seed in site.seeds))
        table.add_row(
            site.id, site.name, site.province, site.family or "-", site.status.value, kinds
        )
    wide_console().print(table)


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
    """A value of a table as one line; tables as their pairs."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{key} {item}" for key, item in value.items() if item not in (None, {}, ""))


def _site_for_json(site: SiteSpec) -> dict[str, object]:
    return {
        "id": site.id,
        "name": site.name,
        "province": site.province,
        "homepage": site.homepage,
        "status": site.status.value,
        "note": site.note,
        "family": site.family,
        "languages": list(site.languages),
        "domains": list(site.domains),
        "delay_s": site.delay_s,
        "former_domains": list(site.former_domains),
        "successor": site.successor,
        "scope": site.scope.value,
        "tls_exception": site.tls_exception,
        "article_url": [pattern.pattern for pattern in site.article_url],
        "copies": [pattern.pattern for pattern in site.copies],
        "examples": list(site.examples),
        "seeds": [_seed_for_json(seed) for seed in site.seeds],
    }


def _seed_for_json(seed: attrs.AttrsInstance) -> dict[str, object]:
    values = attrs.asdict(seed)
    return values | {"kind": values["kind"].value, "scope": values["scope"].value}
