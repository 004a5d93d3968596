"""Site locks: one site is written by one process at a time, by a crawl or by an import.

A lock is a row with a random token and an expiry, renewed while the crawl lives. A lock is taken over
when its holder has died on this machine, or lives on another one and let the expiry pass. It is the lease
(`archive.lease`) of crawls on one machine. Must not know what is written. Beside them, one lock of the whole
archive for whoever does what is due.
"""

from __future__ import annotations

import fcntl
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from archive.clock import steady_time
from archive.errors import ArchiveError, IngestBusy, SchedulerBusy, SiteLocked, unwritable
from archive.lease import TTL_SECONDS, Term, boot_time
from archive.processes import in_words, is_alive, is_surely_alive, this_process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from archive.store import Store

#: Locked by the process that does what is due; it holds that process's name.
SCHEDULER_LOCK: Final = "schedule.lock"
#: Locked in the same way by the process that takes in what workers leave.
INGEST_LOCK: Final = "ingest.lock"
#: Locked in the same way by the process that replays with the workers of a cluster.
REPLAY_LOCK: Final = "replay.lock"
#: Begins the token of a lock that a worker on another machine has.
LENT: Final = "lent:"


class SiteLock:
    """The lock of one site, held from `acquire` to `release`; a `Lease`."""

    #: A process keeps its lock as long as it lives.
    arrival_s: float | None = None

    def __init__(
        self,
        store: Store,
        site: str,
        *,
        clock: Callable[[], float] = boot_time,
        lent_is_ours: bool = False,
    ) -> None:
        self.site = site
        self.token = secrets.token_hex(8)
        self._store = store
        self._term = Term(clock=clock)
        self._lent_is_ours = lent_is_ours

    def acquire(self) -> float | None:
        """Take the lock; returns the Unix time of the site's last request, if one is known.

        Raises SiteLocked when another living process holds it.
        """
        now, asked_at = steady_time(), self._term.clock()
        with self._store.transaction():
            last_fetch_at = held_by_others(self._store, self.site, lent_is_ours=self._lent_is_ours)
            self._store.connection.execute(
                "INSERT INTO site_locks (site, token, holder, acquired_at, expires_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (site) DO UPDATE SET token = excluded.token, holder = excluded.holder,"
                " acquired_at = excluded.acquired_at, expires_at = excluded.expires_at",
                (self.site, self.token, this_process(), now, now + TTL_SECONDS),
            )
        self._term.extend(asked_at)
        return last_fetch_at

    def renew(self, last_fetch_at: float | None) -> bool:
        """Hold the lock for another term (inside a transaction); False when it was lost."""
        asked_at = self._term.clock()
        changed = self._store.connection.execute(
            "UPDATE site_locks SET expires_at = ?, last_fetch_at = coalesce(?, last_fetch_at)"
            " WHERE site = ? AND token = ?",
            (steady_time() + TTL_SECONDS, last_fetch_at, self.site, self.token),
        )
        if changed.rowcount == 1:
            self._term.extend(asked_at)
        else:
            self._term.lose()
        return not self._term.is_lost

    def may_ask(self) -> bool:
        """Whether the lock is still ours; the database is only asked after a pause without renewals.

        A process that lives keeps its lock however long it stood still, so the pause alone ends nothing.
        """
        if self._term.is_over and not self._term.is_lost:
            with self._store.transaction():
                self.renew(None)
        return not self._term.is_lost

    def release(self, last_fetch_at: float | None) -> None:
        """Give the lock back, keeping the time of the last request."""
        with self._store.transaction():
            self._store.connection.execute(
                "UPDATE site_locks SET holder = '', expires_at = 0,"
                " last_fetch_at = coalesce(?, last_fetch_at) WHERE site = ? AND token = ?",
                (last_fetch_at, self.site, self.token),
            )
        self._term.lose()


def held_by_others(store: Store, site: str, *, lent_is_ours: bool) -> float | None:
    """When the site was last asked, Unix time; None when that is not known.

    *lent_is_ours*: a lock lent to a worker on another machine (``archive.cluster.lending``) hinders nobody.
    Raises SiteLocked while a living process holds the site's lock.
    """
    row = store.connection.execute(
        "SELECT holder, expires_at, last_fetch_at, token FROM site_locks WHERE site = ?", (site,)
    ).fetchone()
    if row is None:
        return None
    is_ours = lent_is_ours and row[3].startswith(LENT)
    if row[0] and not is_ours and _is_held(row[0], row[1], steady_time()):
        raise SiteLocked(
            f"{site} is being crawled or imported by another process ({in_words(row[0])}) on"
            f" the archive {store.root}; wait for it, or stop it and try again"
        )
    return None if row[2] is None else float(row[2])


def refuse_lent(store: Store, sites: Collection[str]) -> None:
    """Raise SiteLocked where the lock of one of *sites* (of any when empty) is lent to another process of a cluster.

    For what changes rows that a worker began with and would bring back. Inside the transaction that changes them no
    worker begins; a second look is needed for the next one.
    """
    rows = store.connection.execute(
        "SELECT site, holder, expires_at FROM site_locks WHERE token GLOB ? AND holder NOT IN ('', ?)",
        (f"{LENT}*", this_process()),
    )
    now = steady_time()
    for site, holder, until in rows.fetchall():
        if (not sites or site in sites) and _is_held(holder, until, now):
            raise SiteLocked(
                f"{site} is held by the cluster ({in_words(holder)}), which began with its articles as they are and would"
                " bring some of them back; use `dqtv cluster replay`, which waits for it"
            )


def _is_held(holder: str, expires_at: float, now: float) -> bool:
    """Whether *holder* still has its lock: a clock that jumps takes it from no process that is seen to live."""
    return is_alive(holder) and (expires_at > now or is_surely_alive(holder))


def held_sites(connection: sqlite3.Connection) -> dict[str, str]:
    """Sites whose lock is held -> the holder in words."""
    rows = connection.execute("SELECT site, holder, expires_at FROM site_locks WHERE holder != ''")
    now = steady_time()
    return {site: in_words(holder) for site, holder, until in rows if _is_held(holder, until, now)}


@contextmanager
def scheduler_lock(root: Path) -> Iterator[None]:
    """Be the only process that does what is due in the archive at *root*; the system frees it at a kill.

    Raises SchedulerBusy naming the process that holds it, ArchiveUnwritable.
    """
    with alone(root / SCHEDULER_LOCK, SchedulerBusy, f"is doing what is due in {root}"):
        yield


@contextmanager
def ingest_lock(root: Path) -> Iterator[None]:
    """Be the only process that takes in what workers on other machines leave for the archive at *root*.

    Raises IngestBusy naming the process that holds it, ArchiveUnwritable.
    """
    with alone(root / INGEST_LOCK, IngestBusy, f"is taking in segments for {root}; one is enough"):
        yield


@contextmanager
def alone(path: Path, busy: type[ArchiveError], does: str) -> Iterator[None]:
    """Hold the lock file *path*; raises *busy* saying which process holds it and what it *does*."""
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            name = file.read().strip()
            who = in_words(name) if len(name.split()) == 3 else "another process"  # noqa: PLR2004 - host, id, start
            raise busy(f"{who} {does}") from error
        file.truncate(0)
        file.write(this_process())
        file.flush()
        yield
