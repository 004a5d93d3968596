"""The archive's own lock of a site, lent to the worker that holds the site: nothing here works on it meanwhile.

Crawls, imports and replays on the archive's machine know only ``site_locks``. So whoever takes in segments
keeps a row there for each site that a worker holds, and gives a worker nothing to begin with while the
site is locked here. A row outlives the last look at the leases by `LENT_SECONDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.clock import steady_time
from archive.errors import SiteLocked
from archive.lease import REPLAY_PREFIX
from archive.locks import LENT, held_by_others

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.cluster.leases import LeaseRow
    from archive.store import Store

#: Longer than it takes to store a large segment.
LENT_SECONDS: Final = 300.0


def lend(store: Store, leases: Iterable[LeaseRow]) -> tuple[dict[str, int], list[SiteLocked]]:
    """Lend the locks of all sites that are held, take back those that no longer are.

    Site -> token it is lent for, and what was said of sites that a process here works on.
    """
    lent: dict[str, int] = {}
    refused: list[SiteLocked] = []
    with store.transaction():
        for lease in leases:
            if not lease.is_held or lease.holder is None or lease.site.startswith(REPLAY_PREFIX):
                continue
            try:
                _lend(store, lease.site, lease.token, lease.holder)
            except SiteLocked as error:
                refused.append(error)
            else:
                lent[lease.site] = lease.token
        _take_back(store, lent)
    return lent, refused


def _lend(store: Store, site: str, token: int, holder: str) -> None:
    held_by_others(store, site, lent_is_ours=True)
    now = steady_time()
    store.connection.execute(
        "INSERT INTO site_locks (site, token, holder, acquired_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (site) DO UPDATE SET token = ?2, holder = ?3, acquired_at = ?4, expires_at = ?5"
        # not at every look
        " WHERE token <> ?2 OR holder <> ?3 OR expires_at < ?6 OR expires_at > ?5",
        (site, f"{LENT}{token}", holder, now, now + LENT_SECONDS, now + LENT_SECONDS / 2),
    )


def _take_back(store: Store, lent: dict[str, int]) -> None:
    rows = store.connection.execute(
        "SELECT site FROM site_locks WHERE holder <> '' AND token GLOB ?", (f"{LENT}*",)
    ).fetchall()
    for (site,) in rows:
        if site not in lent:
            store.connection.execute(
                "UPDATE site_locks SET holder = '', expires_at = 0 WHERE site = ?", (site,)
            )
