"""Reads a crawl's pages in a process of its own, and outlives that process; what follows a death: ``reader_deaths``."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

import attrs

from archive.errors import ReaderDied
from archive.model import Failed
from scraper.reader_deaths import READER_DIED, TRIES_ALONE, Succession

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.leases import LeasedUrl
    from archive.model import Capture, Outcome
    from archive.template import Template
    from scraper.readers import Readers


class PageReader:
    """*processes* readers for one crawl; *begin* makes readers, so many processes of them."""

    def __init__(self, begin: Callable[..., Readers], *, processes: int) -> None:
        self._succession = Succession(begin, processes=processes)
        self._one_at_a_time = asyncio.Lock()

    async def read(self, leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
        """What an article's page, as sent, means for its address, its capture without the body; Failed when reading it kills its reader.

        Raises ReaderDied when readers die whatever they read, or the crawl is over.
        """
        readers = self._succession.readers
        try:
            read = await _read(readers, leased, capture, template)
        except (BrokenProcessPool, ReaderDied):
            self._succession.begin_anew(readers)
        else:
            self._succession.was_read()
            return read
        async with self._one_at_a_time:
            return await self._read_alone(leased, capture, template)

    def close(self) -> None:
        """End the readers; what waits for them is dropped."""
        self._succession.close()

    async def _read_alone(self, leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
        for _ in range(TRIES_ALONE):
            second = self._succession.alone()
            try:
                read = await _read(second, leased, capture, template)
            except (BrokenProcessPool, ReaderDied):
                self._succession.died_alone()
            else:
                self._succession.was_read()
                return read
        detail = self._succession.give_up(capture.url)
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
