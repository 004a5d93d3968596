"""The thread that looks for orders while the main one does what is due."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from archive.errors import ArchiveError, DqtvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.obeying import Obeyer

#: Seconds between two looks at the table.
LOOK_SECONDS: Final = 3.0


class ObeyingThread:
    """Looks at the table every few seconds while the main thread does what is due.

    As a context manager: at its end, orders that waited for others are begun as well, and what is at work is waited
    for; once the crawler is told to stop, nothing more is begun.
    """

    def __init__(self, obeyer: Obeyer, *, on_error: Callable[[DqtvError], None]) -> None:
        self._obeyer = obeyer
        self._on_error = on_error
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orders", daemon=True)

    def __enter__(self) -> ObeyingThread:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._obeyer.close()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()
        failures = 0
        # an order may have waited for another one of its paper, or for the crawl by the schedule
        while failures < 3:  # noqa: PLR2004 - then the next process takes it up
            failures += not self._look()
            if not self._obeyer.is_at_work:
                return
            time.sleep(LOOK_SECONDS / 10)

    def _look(self) -> bool:
        try:
            self._obeyer.look()
        except (DqtvError, OSError) as error:
            told = error if isinstance(error, DqtvError) else ArchiveError(str(error))
            self._on_error(told)
            return False
        return True
