"""Unix time for waiting and for locks, which must not jump when somebody sets the clock."""

from __future__ import annotations

import time
from typing import Final

_BEGUN: Final = time.time() - time.monotonic()


def steady_time() -> float:
    """Unix time as it was when this process began, plus the seconds since: setting the clock changes nothing.

    For leases, delays and expiries. What is written down as an instant of history is the clock's.
    """
    return _BEGUN + time.monotonic()
