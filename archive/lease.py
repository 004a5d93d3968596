"""A site's lease: the right to ask one site for pages, kept by being renewed, and its end by our own clock.

Whoever grants leases (the archive's database on one machine, PostgreSQL for several) lets one end a fixed
time after its last renewal. The holder cannot know when that is by the granter's clock, but it knows when
it asked for the renewal: counted from then, and a margin less, its own end always comes first. Nothing is
asked of the site past that end, however long the process stood still or the network was cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from archive.store import Store

#: Before the name of a parcel of a replay, where else a site stands.
REPLAY_PREFIX: Final = "replay:"
#: Seconds a lease outlives its last renewal.
TTL_SECONDS: Final = 60.0
#: Seconds by which a holder stops before that: what was sent last is answered, or given up, by then.
MARGIN_SECONDS: Final = 15.0
#: Of the margin, for which TCP may try to bring over what was sent last: it counts from its second try, at most some
#: three seconds after the first (RFC 6298).
ARRIVAL_SHARE: Final = 0.8
#: Renewals within `TTL_SECONDS`: three may be lost on the way.
RENEWALS: Final = 4
#: Reason of a site's run that ended because its lease did.
LEASE_LOST: Final = "lease_lost"

# It counts while the machine sleeps, unlike Linux's monotonic clock; elsewhere that one does so itself.
_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease(Protocol):
    """The right to crawl one site, from `acquire` to `release`."""

    @property
    def site(self) -> str:
        """Id of the site."""

    @property
    def token(self) -> int | str:
        """What tells this holder from those before and after it."""

    @property
    def arrival_s(self) -> float | None:
        """Seconds within which what is sent must have reached the site; None: at any time, it stays ours till then."""

    def acquire(self) -> float | None:
        """Take the lease; returns the Unix time of the site's last request, if one is known.

        Raises SiteLocked when another holder has it.
        """

    def renew(self, last_fetch_at: float | None) -> bool:
        """Hold it for another term; False when it was lost, for good.

        *last_fetch_at* is the Unix time of the site's last request. Called inside a transaction of the store.
        """

    def may_ask(self) -> bool:
        """Whether a request may be sent now; asked before each of them, outside a transaction."""

    def release(self, last_fetch_at: float | None) -> None:
        """Give it back, leaving the time of the last request to the next holder."""


#: Makes the lease of one site of an archive; it is not taken yet.
LeaseFactory: TypeAlias = Callable[["Store", str], Lease]


def boot_time() -> float:
    """Seconds since some instant, the machine's sleep included; nobody can set it."""
    return time.clock_gettime(_BOOT_CLOCK)


class Term:
    """How long a lease may be used, by our own clock; none before the first `extend`."""

    def __init__(
        self,
        ttl: float = TTL_SECONDS,
        margin: float = MARGIN_SECONDS,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        """*ttl* is what is asked of the granter, *margin* what is kept from it, both in seconds.

        Raises ValueError for a margin that leaves no time.
        """
        if not 0 <= margin < ttl:
            raise ValueError(f"a margin of {margin} s leaves nothing of a lease of {ttl} s")
        self.ttl = ttl
        self.clock = clock
        self._usable = ttl - margin
        self._until = float("-inf")
        self._is_lost = False

    def extend(self, asked_at: float) -> None:
        """Note that a renewal was granted that was asked for at *asked_at*, read from `clock` before it was sent."""
        self._until = max(self._until, asked_at + self._usable)

    def lose(self) -> None:
        """End it for good: another holder has the lease, or it was given back."""
        self._is_lost = True

    @property
    def is_lost(self) -> bool:
        """True once it ended for good."""
        return self._is_lost

    @property
    def is_over(self) -> bool:
        """True when the lease may not be used now."""
        return self._is_lost or self.clock() >= self._until
