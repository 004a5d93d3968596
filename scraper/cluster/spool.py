"""A machine's spool: ``<spool>/<site>/<token>/``, one archive folder for each lease, gone when its pages are home.

The lock of a site's folder is held by its crawl and freed by the system however that ends, so that whoever gets it
knows that all that lies there was left behind.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from archive.cluster.leases import Leases
from archive.cluster.segment import recover
from archive.cluster.state import open_spool
from archive.database import make_folder
from archive.errors import ArchiveError, ClusterUnreachable, HubUnreachable, SiteLocked
from archive.warc_files import refusals
from scraper.cluster.sending import LOOK_S, Sender
from scraper.cluster.troubles import Kind, Troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.cluster.hub import Hub

logger = logging.getLogger(__name__)

_LOCK: Final = "crawl.lock"


@contextmanager
def site_folder(spool: Path, site: str) -> Iterator[Path]:
    """The folder of *site*, for this process alone. Raises SiteLocked, ArchiveUnwritable."""
    folder = spool / site
    make_folder(folder)
    path = folder / _LOCK
    with refusals(path):
        file = path.open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SiteLocked(
                f"another process on this machine crawls {site} in {folder}"
            ) from error
        yield folder


def sites_in(spool: Path) -> list[str]:
    """Sites of which something lies in *spool*."""
    if not spool.is_dir():
        return []
    return sorted(path.name for path in spool.iterdir() if path.is_dir() and spools(path))


def spools(folder: Path) -> list[tuple[int, Path]]:
    """(token, folder) of each lease of which something lies in a site's *folder*, oldest first."""
    return sorted((int(path.name), path) for path in folder.iterdir() if path.name.isdecimal())


def bring_home(
    folder: Path, *, database: str, hub: Hub, wait_s: float, is_told: Callable[[], bool] = lambda: False
) -> int:  # fmt: skip
    """Bring home what killed crawls left in a site's *folder*; number of spools that had to stay.

    To be called before the site's lease is taken: as long as nobody took it since, what is left is still welcome.
    Waits *wait_s* seconds at most for the archive. Raises ClusterUnreachable, HubUnreachable.
    """
    site, give_up, kept = folder.name, time.monotonic() + wait_s, 0
    for token, root in spools(folder):
        if not (root / "archive.db").exists():
            # killed before its state had come
            shutil.rmtree(root)
            continue
        try:
            left = _bring_home(
                root, site, token, give_up, database=database, hub=hub, is_told=is_told
            )
        except (ClusterUnreachable, HubUnreachable):
            raise
        except ArchiveError as error:
            # of another version, damaged, or two of one token: for a person to look at
            logger.warning("%s is left as it is: %s", root, error)
            Troubles(database).note(site, Kind.LEFT_BEHIND, f"{root}: {error}")
            kept += 1
            continue
        if left:
            kept += 1
        else:
            shutil.rmtree(root)
    if not kept:
        Troubles(database).over(site, Kind.LEFT_BEHIND)
    return kept


def _bring_home(
    root: Path, site: str, token: int, give_up: float, *, database: str, hub: Hub, is_told: Callable[[], bool]
) -> int:  # fmt: skip
    """Send what one spool holds until the time *give_up*; number of its segments that are not home then."""
    with Leases(database) as leases, closing(open_spool(root, site=site, token=token)) as store:
        sender = Sender(
            root, site=site, token=token, hub=hub, leases=leases, troubles=Troubles(database)
        )
        recover(store)
        sender.step(store)
        while sender.left and time.monotonic() < give_up and not is_told():
            time.sleep(LOOK_S)
            sender.step(store)
        return sender.left


def bring_all_home(spool: Path, *, database: str, hub: Hub, wait_s: float) -> dict[str, int]:
    """Bring home what lies in *spool*, of whatever site; site -> spools that had to stay. Raises as `bring_home`.

    Sites that are being crawled on this machine are passed over.
    """
    kept = {}
    for site in sites_in(spool):
        try:
            with site_folder(spool, site) as folder:
                left = bring_home(folder, database=database, hub=hub, wait_s=wait_s)
        except SiteLocked:
            continue
        if left:
            kept[site] = left
    return kept
