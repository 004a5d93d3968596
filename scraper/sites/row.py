"""A site as a row of the archive's ``sites`` table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.sites.spec import SiteSpec


def site_row(site: SiteSpec) -> dict[str, object]:
    """The site as ``Store.sync_site`` takes it."""
    return {
        "id": site.id,
        "name": site.name,
        "province": site.province_today,
        "homepage": site.homepage,
        "family": site.family,
        "languages": site.languages,
        "status": site.status.value,
    }
