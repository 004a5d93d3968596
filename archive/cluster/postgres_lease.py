"""One site's lease among several machines: taken from PostgreSQL, renewed by a thread of its own.

The crawl's own thread never waits for the database: it only looks whether the last renewal is recent
enough. Where the database is slow, away or cut off, renewals fail and the lease ends by our own clock,
before it ends by the server's.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from archive.errors import ClusterUnreachable, SiteLocked
from archive.lease import ARRIVAL_SHARE, MARGIN_SECONDS, RENEWALS, TTL_SECONDS, Term, boot_time
from archive.processes import in_words, this_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.cluster.leases import Leases, Taken

logger = logging.getLogger(__name__)

#: Seconds that `release` waits for the database; the lease ends by itself in any case.
PATIENCE_SECONDS: Final = 10.0


class PostgresLease:
    """The lease of one site (`archive.lease.Lease`).

    Its thread has *leases* for itself from `acquire` to `release`: give each lease one of its own.
    """

    def __init__(
        self,
        leases: Leases,
        site: str,
        *,
        ttl: float = TTL_SECONDS,
        margin: float = MARGIN_SECONDS,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self.site = site
        self.arrival_s: float | None = ARRIVAL_SHARE * margin
        self._leases = leases
        self._term = Term(ttl, margin, clock)
        self._taken: Taken | None = None
        self._last_fetch_at: float | None = None
        self._given_back = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease of {site}", daemon=True)

    @property
    def token(self) -> int:
        """The number of this holder among all there were. Raises LookupError before `acquire`."""
        if self._taken is None:
            raise LookupError(f"the lease of {self.site} was not taken yet")
        return self._taken.token

    def acquire(self) -> float | None:
        """Take the lease, once; a second call only says again when the site was last asked.

        Raises SiteLocked while another process holds it, ClusterUnreachable.
        """
        if self._taken is None:
            asked_at = self._term.clock()
            taken = self._leases.take(self.site, this_process(), self._term.ttl)
            if taken is None:
                with self._leases:
                    raise SiteLocked(self._by_whom())
            self._taken = taken
            self._term.extend(asked_at)
            self._thread.start()
        return self._taken.last_fetch_at

    def _by_whom(self) -> str:
        row = self._leases.row(self.site)
        holder = f" ({in_words(row.holder)})" if row is not None and row.holder else ""
        return (
            f"{self.site} is being crawled by another process{holder}, or its results are being stored;"
            f" it is free at most {self._term.ttl:.0f} s after that one has ended: try again then"
        )

    def renew(self, last_fetch_at: float | None) -> bool:
        """Leave the time of the last request to the renewing thread; False once it found the lease lost."""
        if last_fetch_at is not None:
            self._last_fetch_at = last_fetch_at
        return not self._term.is_lost

    def may_ask(self) -> bool:
        """Whether a renewal was granted recently enough. Asks nobody."""
        return not self._term.is_over

    def release(self, last_fetch_at: float | None) -> None:
        """Give the lease back; where the database does not answer it is left to end by itself."""
        if self._taken is None:
            return
        self.renew(last_fetch_at)
        self._term.lose()
        self._given_back.set()
        self._thread.join(PATIENCE_SECONDS)
        if self._thread.is_alive():
            logger.warning("%s: the lease could not be given back; it ends by itself", self.site)

    # -- the renewing thread ------------------------------------------------------------------------

    def _keep(self) -> None:
        pause = self._term.ttl / RENEWALS
        while not self._given_back.wait(pause):
            pause = self._renewed()
            if self._term.is_lost:
                break
        self._give_back()

    def _renewed(self) -> float:
        """Renew; returns the seconds until the next time."""
        asked_at = self._term.clock()
        try:
            held = self._leases.renew(self.site, self.token, self._term.ttl, self._last_fetch_at)
        except ClusterUnreachable as error:
            logger.warning("%s: the lease could not be renewed: %s", self.site, error)
            return self._term.ttl / RENEWALS / 3
        if held:
            self._term.extend(asked_at)
        else:
            logger.warning("%s: another process has taken the lease", self.site)
            self._term.lose()
        return self._term.ttl / RENEWALS

    def _give_back(self) -> None:
        try:
            self._leases.release(self.site, self.token, self._last_fetch_at)
        except ClusterUnreachable as error:
            logger.warning("%s: the lease ends by itself: %s", self.site, error)
        self._leases.close()
