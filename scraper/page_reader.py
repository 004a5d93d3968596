"""Reads a crawl's pages in a process of its own, and outlives that process.

A page may kill its reader: by its memory, or by a fault of a library. Nobody can say which one did, of
those that were with it. So each of them is read again, one at a time, in a second process. What was
innocent costs a repeated reading; a page that kills there again is given up and named.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import ReaderDied
from archive.model import Failed
from scraper.readers import died

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.leases import LeasedUrl
    from archive.model import Capture, Outcome
    from archive.template import Template
    from scraper.readers import Readers

logger = logging.getLogger(__name__)

#: Reason of a page that killed its reader, also when it was read alone.
READER_DIED: Final = "reader_died"
#: Readings alone that a page gets: the first death may have been the machine's, short of memory.
_TRIES_ALONE: Final = 2
#: Pages given up one after another, none read between them: then it is not the pages.
_MOST_IN_A_ROW: Final = 3


class PageReader:
    """*processes* readers for one crawl; *begin* makes readers, so many processes of them."""

    def __init__(self, begin: Callable[..., Readers], *, processes: int) -> None:
        # begun with the first reader it would let signals through again behind itself
        resource_tracker.ensure_running()
        self._begin = begin
        self._processes = processes
        self._readers = begin(processes=processes)
        #: Reads, one at a time, the pages that were with a reader when it died.
        self._second: Readers | None = None
        self._one_at_a_time = asyncio.Lock()
        self._given_up = 0
        self._is_closed = False

    async def read(self, leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
        """What an article's page, as sent, means for its address, its capture without the body; Failed when reading it kills its reader.

        Raises ReaderDied when readers die whatever they read, or the crawl is over.
        """
        readers = self._readers
        try:
            read = await _read(readers, leased, capture, template)
        except (BrokenProcessPool, ReaderDied):
            self._begin_anew(readers)
        else:
            self._given_up = 0
            return read
        async with self._one_at_a_time:
            return await self._read_alone(leased, capture, template)

    def close(self) -> None:
        """End the readers; what waits for them is dropped."""
        self._is_closed = True
        self._readers.close()
        if self._second is not None:
            self._second.close()

    def _begin_anew(self, dead: Readers) -> None:
        """Put new readers in the place of those that died, once for all pages that were with them."""
        self._check()
        if dead is self._readers:
            logger.warning(
                "a process that reads pages was killed or ran out of memory; its pages are read again"
            )
            dead.close()
            self._readers = self._begin(processes=self._processes)

    def _check(self) -> None:
        """Begin no further reader in a crawl that ends, nor where they die of anything."""
        if self._is_closed or self._given_up > _MOST_IN_A_ROW:
            raise died()

    async def _read_alone(self, leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
        for _ in range(_TRIES_ALONE):
            self._check()
            second = self._second = self._second or self._begin(processes=1)
            try:
                read = await _read(second, leased, capture, template)
            except (BrokenProcessPool, ReaderDied):
                second.close()
                self._second = None
            else:
                self._given_up = 0
                return read
        self._given_up += 1
        self._check()
        detail = f"the process that reads pages died {_TRIES_ALONE + 1} times with this page"
        logger.warning("%s: %s", capture.url, detail)
        return Failed(reason=READER_DIED, detail=detail, capture=attrs.evolve(capture, body=b""))


async def _read(
    readers: Readers, leased: LeasedUrl, capture: Capture, template: Template
) -> Outcome:
    # a process begun meanwhile would die of a Ctrl-C before it can leave it to its parent
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        reading = readers.read(leased, capture, template)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return await asyncio.wrap_future(reading)
