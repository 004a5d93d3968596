"""Who reads on when a process that reads pages has died.

A page may kill its reader: by its memory, or by a fault of a library. Nobody can say which one did, of
those that were with it. So each of them is read again, one at a time, in a second process. What was
innocent costs a repeated reading; a page that kills there again is given up and named.
"""

from __future__ import annotations

import logging
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Final

from scraper.readers import died

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.readers import Readers

logger = logging.getLogger(__name__)

#: Reason of a page that killed its reader, also when it was read alone.
READER_DIED: Final = "reader_died"
#: Readings alone that a page gets: the first death may have been the machine's, short of memory.
TRIES_ALONE: Final = 2
#: Pages given up one after another, none read between them: then it is not the pages.
_MOST_IN_A_ROW: Final = 3


class Succession:
    """*processes* readers, and those that follow them; *begin* makes readers, so many processes of them."""

    def __init__(self, begin: Callable[..., Readers], *, processes: int) -> None:
        if processes:
            # begun with the first reader it would let signals through again behind itself
            resource_tracker.ensure_running()
        self._begin = begin
        self._processes = processes
        #: Those at work.
        self.readers = begin(processes=processes)
        #: Reads, one at a time, the pages that were with a reader when it died.
        self._second: Readers | None = None
        self._given_up = 0
        self._is_closed = False

    def begin_anew(self, dead: Readers) -> None:
        """Put new readers in the place of those that died, once for all pages that were with them. Raises ReaderDied."""
        self.check()
        if dead is self.readers:
            logger.warning(
                "a process that reads pages was killed or ran out of memory; its pages are read again"
            )
            dead.close()
            self.readers = self._begin(processes=self._processes)

    def alone(self) -> Readers:
        """The reader of the pages that are read again. Raises ReaderDied."""
        self.check()
        self._second = self._second or self._begin(processes=1)
        return self._second

    def died_alone(self) -> None:
        """The reader that `alone` gave has died."""
        if self._second is not None:
            self._second.close()
            self._second = None

    def was_read(self) -> None:
        """A page was read: it is not that readers die of anything."""
        self._given_up = 0

    def give_up(self, url: str) -> str:
        """Why a page is given up that killed each reader it was with. Raises ReaderDied when it is not the pages."""
        self._given_up += 1
        self.check()
        detail = f"the process that reads pages died {TRIES_ALONE + 1} times with this page"
        logger.warning("%s: %s", url, detail)
        return detail

    def check(self) -> None:
        """Begin no further reader when all is over, nor where they die of anything. Raises ReaderDied."""
        if self._is_closed or self._given_up > _MOST_IN_A_ROW:
            raise died()

    def close(self) -> None:
        """End the readers; what waits for them is dropped."""
        self._is_closed = True
        self.readers.close()
        if self._second is not None:
            self._second.close()
