"""Read every family and paper file; report all mistakes of all files at once."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.errors import SiteSpecError, UnknownSite
from scraper.sites.build import build_family, build_site
from scraper.sites.spec import SiteStatus
from scraper.sites.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scraper.sites.spec import Family, SiteSpec

#: The demo papers listen on the ports after this one.
DEMO_PORT: Final = 8010

_HERE: Final = Path(__file__).parent
#: Site and family files of the program.
PAPERS: Final = _HERE / "papers"
FAMILIES: Final = _HERE / "families"
_DEMO_PAPERS: Final = _HERE.parent / "demo" / "papers"


@attrs.frozen(kw_only=True)
class Registry:
    """All sites and families, both sorted by id."""

    sites: dict[str, SiteSpec]
    families: dict[str, Family]
    #: Hosts with port of the demo press, on this machine: the only private ones. No site file adds to them.
    demo_hosts: frozenset[str] = frozenset()
    #: Site id -> the files it was read from, such as ``papers/baocaobang.toml``, with their hex SHA-256.
    rules: dict[str, dict[str, str]] = attrs.field(factory=dict, repr=False)
    _by_host: dict[str, SiteSpec] = attrs.field(factory=dict, alias="by_host", repr=False)

    def site(self, site_id: str) -> SiteSpec:
        """The site with this id; raises UnknownSite."""
        if site_id not in self.sites:
            raise UnknownSite(site_id, tuple(self.sites))
        return self.sites[site_id]

    def site_for_url(self, url: str) -> SiteSpec | None:
        """The site that claims the URL's host, now or formerly, or None (also for what is no URL)."""
        try:
            host = urlsplit(url).netloc.lower()
        except ValueError:
            return None
        site = self._by_host.get(host)
        return site if site is not None and site.knows(url) else None

    def family_of(self, site: SiteSpec) -> Family | None:
        """The site's family, or None when its CMS is its own."""
        return self.families.get(site.family or "")


def load_registry(*, demo_port: int = DEMO_PORT, extra: Path | None = None) -> Registry:
    """Families and papers of this package, the demo papers, and those in the folder *extra*.

    *extra* holds paper files and may hold a folder ``families``. In demo papers ``{origin}`` and
    ``{host}`` stand for the paper's address on *demo_port* + its ``port_offset``. Raises
    SiteSpecError with every mistake of every file.
    """
    problems: list[str] = []
    family_tables = _tables(FAMILIES, "families", problems)
    papers = _tables(PAPERS, "papers", problems)
    demo = _tables(_DEMO_PAPERS, "demo/papers", problems)
    papers += [_with_addresses(table, demo_port) for table in demo]
    if extra is not None:
        family_tables += _tables(extra / "families", f"{extra}/families", problems)
        papers += _tables(extra, str(extra), problems)
    families = _families(family_tables, problems)
    sites = _sites(papers, families, problems)
    by_host = _by_host(sites, problems)
    _check_successors(sites, problems)
    if problems:
        raise SiteSpecError(problems)
    return Registry(
        sites={site.id: site for _, site in sorted(sites, key=lambda entry: entry[1].id)},
        families=dict(sorted(families.items())),
        demo_hosts=frozenset(_demo_host(table, demo_port) for table in demo),
        rules=_rules(sites, papers, family_tables),
        by_host=by_host,
    )


def _rules(
    sites: Iterable[tuple[str, SiteSpec]], papers: Iterable[Table], families: Iterable[Table]
) -> dict[str, dict[str, str]]:
    by_file = {table.file: table.sha256 for table in papers}
    by_family = {str(table.values.get("id")): {table.file: table.sha256} for table in families}
    return {
        site.id: {file: by_file[file]} | by_family.get(site.family or "", {})
        for file, site in sites
    }


def _tables(folder: Path, label: str, problems: list[str]) -> list[Table]:
    tables: list[Table] = []
    for path in sorted(folder.glob("*.toml")):
        file = f"{label}/{path.name}"
        try:
            content = path.read_bytes()
            values = tomllib.loads(content.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{file}: is no TOML: {error}")
        except OSError as error:
            problems.append(f"{file}: cannot be read: {error.strerror}")
        else:
            digest = hashlib.sha256(content).hexdigest()
            tables.append(Table(file, values, problems, sha256=digest))
            _check_name(tables[-1], path)
    return tables


def _check_name(table: Table, path: Path) -> None:
    given = table.values.get("id")
    if isinstance(given, str) and given and given != path.stem:
        table.mistake("id", f"{given!r} differs from the file's name; call the file {given}.toml")


def _families(tables: Iterable[Table], problems: list[str]) -> dict[str, Family]:
    families: dict[str, Family] = {}
    for table in tables:
        family = build_family(table)
        if family.id in families:
            problems.append(f"{table.file}: id: family {family.id!r} is described twice")
        families[family.id] = family
    return families


def _sites(
    papers: Iterable[Table], families: dict[str, Family], problems: list[str]
) -> list[tuple[str, SiteSpec]]:
    sites: list[tuple[str, SiteSpec]] = []
    files: dict[str, str] = {}
    for table in papers:
        site = build_site(table, families)
        if site.id in files:
            problems.append(f"{table.file}: id: {site.id!r} is the id of {files[site.id]} already")
        files.setdefault(site.id, table.file)
        sites.append((table.file, site))
    return sites


def _by_host(sites: Iterable[tuple[str, SiteSpec]], problems: list[str]) -> dict[str, SiteSpec]:
    hosts: dict[str, SiteSpec] = {}
    files: dict[str, str] = {}
    for file, site in sites:
        for key, claimed in (("domains", site.domains), ("former_domains", site.former_domains)):
            for at, host in enumerate(claimed):
                if host in hosts:
                    problems.append(
                        f"{file}: {key}[{at}]: {host} is claimed by {files[host]} already"
                    )
                hosts.setdefault(host, site)
                files.setdefault(host, file)
    return hosts


def _check_successors(sites: list[tuple[str, SiteSpec]], problems: list[str]) -> None:
    known = {site.id for _, site in sites}
    problems.extend(
        f"{file}: successor: {site.successor!r} is no known site"
        for file, site in sites
        if site.successor is not None and site.successor not in known
    )


def _with_addresses(table: Table, demo_port: int) -> Table:
    """The table with ``{origin}`` and ``{host}`` filled in."""
    host = _demo_host(table, demo_port)
    values = {key: _filled(value, host) for key, value in table.values.items()}
    if values.get("status") != SiteStatus.DEMO:
        table.mistake("status", 'must be "demo" in this folder')
    return attrs.evolve(table, values=values)


def _demo_host(table: Table, demo_port: int) -> str:
    offset = table.values.get("port_offset")
    return f"127.0.0.1:{demo_port + (offset if isinstance(offset, int) else 0)}"


def _filled(value: object, host: str) -> object:
    if isinstance(value, str):
        return value.replace("{origin}", f"http://{host}").replace("{host}", host)
    if isinstance(value, list):
        return [_filled(entry, host) for entry in value]
    if isinstance(value, dict):
        return {key: _filled(entry, host) for key, entry in value.items()}
    return value
