"""How one slice of a crawl ended, as the crawl's process tells the engine: one line of JSON on stdout."""

from __future__ import annotations

from typing import Final

import attrs
import orjson

from archive.runs import GOOD_REASONS, HOURS_OVER

#: Another crawl holds the lease of the site.
BUSY: Final = "busy"
#: The lease ran out, or went to another machine.
LEASE_LOST: Final = "lease_lost"
#: The hub, its state of the site, or the database was away.
HUB_AWAY: Final = "hub away"
#: A signal ended it; what was fetched came home.
INTERRUPTED: Final = "interrupted"


@attrs.frozen(kw_only=True)
class SliceEnd:
    """How a slice ended."""

    site: str
    #: As of any crawl (``finished``, ``unreachable`` ...), or one of the above.
    reason: str
    detail: str | None = None
    #: Token of the lease it ran under; None when it got none.
    token: int | None = None
    fetched: int = 0
    accepted: int = 0
    #: Addresses that wait.
    waiting: int = 0
    #: True for a backfill that has more to read.
    is_unfinished: bool = False
    #: Segments sealed and segments acknowledged by the hub.
    segments: int = 0
    acked: int = 0

    @property
    def is_good(self) -> bool:
        """True when the site was crawled as asked."""
        return self.reason in GOOD_REASONS

    @property
    def goes_on(self) -> bool:
        """True when its time was over before its work was: the rest is for another slice."""
        return self.reason == HOURS_OVER and (self.waiting > 0 or self.is_unfinished)

    @property
    def is_to_be_tried_again(self) -> bool:
        """True when the cluster, not the site, prevented it."""
        return self.reason in {BUSY, LEASE_LOST, HUB_AWAY, INTERRUPTED}

    def to_json(self) -> bytes:
        """One line."""
        return orjson.dumps(attrs.asdict(self), option=orjson.OPT_APPEND_NEWLINE)


def read_slice_end(out: bytes) -> SliceEnd | None:
    """What the last line of *out* says; None when the process ended without saying anything."""
    lines = out.splitlines()
    if not lines:
        return None
    try:
        return SliceEnd(**orjson.loads(lines[-1]))
    except (orjson.JSONDecodeError, TypeError):
        return None
