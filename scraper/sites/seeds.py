"""From ``[[seeds]]`` tables to Seed values: one for each word of tag pages and searches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import attrs

from archive.model import UrlKind
from archive.vietnamese import fold
from scraper.sites.spec import Scope, Seed

if TYPE_CHECKING:
    from scraper.sites.tables import Table

#: What the force is called; a paper's own search is asked for each.
MILITIA_TERMS: Final = (
    "dân quân tự vệ",
    "dân quân",
    "tự vệ",
    "dân quân thường trực",
    "dân quân cơ động",
    "dân quân biển",
)
_PAGED: Final = frozenset({UrlKind.LISTING, UrlKind.JSON_LISTING, UrlKind.TAG, UrlKind.SEARCH})
_BY_TERM: Final = frozenset({UrlKind.TAG, UrlKind.SEARCH})
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")


def build_seeds(table: Table, domains: tuple[str, ...]) -> tuple[Seed, ...]:
    """The seeds of the site *table* describes; mistakes go to the table's problems."""
    seeds: list[Seed] = []
    for entry in table.tables("seeds"):
        seed = _seed(entry)
        if seed.id and any(seed.id == other.id for other in seeds):
            entry.mistake("id", f"{seed.id!r} is the id of another seed already")
        _check_seed(entry, seed, domains)
        entry.close()
        seeds.append(seed)
    return tuple(one for seed in seeds for one in _by_term(seed))


def term_slug(term: str) -> str:
    """*term* as papers write it in addresses: ``dân quân tự vệ`` is ``dan-quan-tu-ve``."""
    return _NOT_SLUG.sub("-", fold(term)).strip("-")


def _seed(table: Table) -> Seed:
    kind = table.choice("kind", UrlKind, None)
    if kind is UrlKind.ARTICLE:
        table.mistake("kind", f"must be one of {', '.join(x for x in UrlKind if x.is_discovery)}")
    return Seed(
        id=table.slug("id"),
        kind=kind or UrlKind.FEED,
        url=_page_pattern(table),
        scope=table.choice("scope", Scope, Scope.DEFENCE) or Scope.DEFENCE,
        guess=table.flag("guess"),
        terms=table.texts("terms"),
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
        plain = url
        for mark in ("{page}", "{term}", "{slug}"):
            plain = plain.replace(mark, "1")
        table.values = {**table.values, "url": plain}
        table.url("url")
    return url


def _by_term(seed: Seed) -> tuple[Seed, ...]:
    """The seed itself, or one for each of its words."""
    if seed.kind not in _BY_TERM or not _has_term(seed.url):
        return (seed,)
    return tuple(
        attrs.evolve(
            seed,
            id=f"{seed.id}-{term_slug(term)}",
            terms=(term,),
            url=_filled(seed.url, term),
            first_url=_filled(seed.first_url, term) if seed.first_url else None,
        )
        for term in seed.terms or MILITIA_TERMS
    )


def _filled(url: str, term: str) -> str:
    return url.replace("{term}", quote(term)).replace("{slug}", term_slug(term))


def _has_term(url: str) -> bool:
    return "{term}" in url or "{slug}" in url


def _check_seed(table: Table, seed: Seed, domains: tuple[str, ...]) -> None:
    is_paged = seed.kind in _PAGED
    has_page = "{page}" in seed.url
    if is_paged and not has_page and seed.max_pages > 1 and seed.url:
        table.mistake(
            "url", "a listing's address needs {page} (or max_pages = 1 where it has no pages)"
        )
    if not is_paged and has_page:
        table.mistake("url", f"{{page}} is for listings, not for a {seed.kind}")
    for key in ("url", "first_url"):
        _check_host(table, key, domains)
    _check_terms(table, seed)
    _check_keys_of_kind(table, seed)


def _check_terms(table: Table, seed: Seed) -> None:
    if _has_term(seed.url) and seed.kind not in _BY_TERM:
        table.mistake("url", f"{{term}} and {{slug}} are for tag and search, not for a {seed.kind}")
    if seed.kind is UrlKind.SEARCH and seed.url and not _has_term(seed.url):
        table.mistake("url", "a search needs {term} or {slug} in its address")
    if seed.terms and not _has_term(seed.url):
        table.mistake("terms", "makes sense only beside an address with {term} or {slug}")


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
    if seed.links is not None and seed.kind not in _PAGED - {UrlKind.JSON_LISTING}:
        table.mistake("links", f"is for listings, not for a {seed.kind}")
    if seed.items is not None and seed.kind is not UrlKind.JSON_LISTING:
        table.mistake("items", f"is for JSON listings, not for a {seed.kind}")
    if seed.first_url is not None and "{page}" not in seed.url:
        table.mistake("first_url", "makes sense only beside an address with {page}")
