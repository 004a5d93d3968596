"""A limit on log-ins that fail, for each reader and each name, so that nobody tries passwords in bulk."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds in which failures count together.
WINDOW_S: Final = 900.0
#: Failures one reader may have in that time.
FOR_A_READER: Final = 10
#: Failures one name may have, from wherever. More than one reader's, so that a single one who knows a name
#: cannot keep its owner out.
FOR_A_NAME: Final = 30
#: Keys remembered; the one without a failure for the longest time is forgotten first.
_REMEMBERED: Final = 20_000


class Attempts:
    """Log-ins that failed lately; *clock* gives seconds that never run back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait(self, reader: str, name: str) -> float:
        """Seconds until *reader* may try *name* again; 0 for now."""
        waits = (
            self._wait(("reader", reader), FOR_A_READER),
            self._wait(("name", name), FOR_A_NAME),
        )
        return max(waits)

    def failed(self, reader: str, name: str) -> None:
        """Count a failure. A try counts as one before it is checked: many at once are no way around."""
        for key in (("reader", reader), ("name", name)):
            self._failures.setdefault(key, deque()).append(self._clock())
            self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, reader: str, name: str) -> None:
        """Take the last failure of both back: the try was none."""
        for key in (("reader", reader), ("name", name)):
            times = self._failures.get(key)
            if times:
                times.pop()

    def _wait(self, key: tuple[str, str], most: int) -> float:
        times = self._failures.get(key)
        if times is None:
            return 0.0
        now = self._clock()
        while times and now - times[0] >= WINDOW_S:
            times.popleft()
        return WINDOW_S - (now - times[0]) if len(times) >= most else 0.0
