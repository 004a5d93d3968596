"""The clock of a crawl: the machine's, or some time ahead of it to try out what happens on later days."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from archive.clock import steady_time
from archive.instants import instant_of

if TYPE_CHECKING:
    from datetime import datetime


@attrs.frozen
class Clock:
    """What time it is for the frontier, captures and run records of one crawl."""

    #: Seconds it is ahead of the machine's clock; negative: behind.
    ahead_s: float = 0.0

    def unix(self) -> float:
        """Unix time in seconds, for waiting: setting the machine's clock does not change it."""
        return steady_time() + self.ahead_s

    def utc(self) -> datetime:
        """Now as an aware UTC datetime, for what is written down."""
        return instant_of(time.time() + self.ahead_s)
