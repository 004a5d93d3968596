"""``dqtv sites new``: from an address to a proposed site file, nothing written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.errors import BadAddress, UsageError
from scraper.guard import ALLOW_PRIVATE, Guard, web_address
from scraper.probe.fetch import PoliteFetcher
from scraper.probe.look import look_at
from scraper.probe.proposal import propose
from scraper.sites.known import new_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.probe.proposal import Proposal
    from scraper.sites.load import Registry

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@attrs.frozen(kw_only=True)
class Wish:
    """What the user asked for."""

    url: str
    site_id: str | None = None
    delay_s: float
    user_agent: str
    allow_private: bool = False


def explore_paper(
    wish: Wish, registry: Registry, *, on_request: Callable[[str], object]
) -> Proposal:
    """Look at the paper and propose its site file; *on_request* is told of every request.

    Raises UsageError (BadAddress) for what can be refused before asking or leads to a private or
    claimed host, NotExplored where the visit found no newspaper.
    """
    address = web_address(wish.url)
    if wish.site_id is not None:
        _check_id(wish.site_id, registry)
    _check_claim(registry, address)
    fetcher = PoliteFetcher(
        user_agent=wish.user_agent,
        guard=Guard(
            exempt=registry.demo_hosts, named={urlsplit(address).netloc}, way_out=ALLOW_PRIVATE,
            allow_private=wish.allow_private,
        ),
        delay_s=wish.delay_s,
        on_request=on_request,
    )  # fmt: skip
    look = look_at(fetcher, address, on_home=lambda found: _check_claim(registry, found))
    proposal = propose(
        look, registry.families, site_id=wish.site_id, delay_s=wish.delay_s,
        requests=fetcher.requests, on_day=f"{datetime.now(UTC):%Y-%m-%d}",
    )  # fmt: skip
    if wish.site_id is None:
        _check_id(proposal.site.id, registry)
    return proposal


def _check_id(site_id: str, registry: Registry) -> None:
    if not _ID.fullmatch(site_id):
        raise UsageError(f"--id {site_id}: use lower-case letters, digits and hyphens")
    if site_id in registry.sites:
        raise UsageError(
            f"{site_id} is the id of {registry.sites[site_id].name} already; choose another with --id"
        )
    if new_file(site_id).exists():
        raise UsageError(f"{new_file(site_id)} exists already; choose another --id")


def _check_claim(registry: Registry, url: str) -> None:
    site = registry.site_for_url(url)
    if site is not None:
        family = f", family {site.family}" if site.family else ""
        raise BadAddress(
            f"{urlsplit(url).netloc} belongs to {site.id} ({site.name}{family}) already;"
            f" see `dqtv sites show {site.id}`"
        )
