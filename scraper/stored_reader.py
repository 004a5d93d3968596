"""Reads a replay's pages in processes of their own, and outlives these; what follows a death: ``reader_deaths``."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Protocol, Self

import attrs

from archive.errors import ReaderDied
from archive.locks import refuse_lent
from scraper.reader_deaths import TRIES_ALONE, Succession
from scraper.readers import StoredPage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from archive.errors import RecordUnreadable
    from archive.model import Accepted, Rejected
    from archive.readings import StoredCapture
    from archive.store import Store
    from archive.template import Template
    from scraper.readers import Read, Readers

    #: What a page says; else why its record cannot be read, or that reading it kills its reader.
    Said = Accepted | Rejected | RecordUnreadable | ReaderDied


class Readings(Protocol):
    """Pages under way."""

    def results(self) -> list[Said]:
        """What each page says, in the order asked for; waits for it. Raises ReaderDied when readers die whatever they read."""


class CaptureReader(Protocol):
    """What a replay has its pages read by. A context manager."""

    def __enter__(self) -> Self:
        """Itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is under way."""

    def begin_site(self, site_id: str) -> None:
        """Hear that pages of this site are asked for from now on."""

    def before_writing(self, site_id: str) -> None:
        """Inside a transaction, before what is said of the site changes it. Raises SiteLocked where it must not."""

    def ask(self, captures: Sequence[StoredCapture], site_id: str) -> Readings:
        """Have pages of one site read."""


def stored_page(store: Store, capture: StoredCapture) -> StoredPage:
    """All that a process without the database needs to read the page."""
    digest = capture.payload_elsewhere
    return StoredPage(capture=capture, payload=store.payload_location(digest) if digest else None)


class PageReaders:
    """*processes* readers of pages in the WARC *folder*, or none: then the caller's own process reads. A context manager.

    *begin* makes readers, so many processes of them.
    """

    def __init__(self, folder: Path, begin: Callable[..., Readers], *, processes: int) -> None:
        self._folder = folder
        self._succession = Succession(begin, processes=processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._succession.close()

    def read(self, pages: Sequence[StoredPage], template: Template) -> StoredReadings:
        """Have pages of one site read with this *template*."""
        readers = self._succession.readers
        parts = readers.read_stored(self._folder, pages, template)
        return StoredReadings(self, readers, template, parts)

    def take(
        self,
        readers: Readers,
        template: Template,
        pages: Sequence[StoredPage],
        reading: Future[list[Read]],
    ) -> Sequence[Said]:
        """What *readers* say of *pages*, else what is said of each that is read alone. Raises ReaderDied."""
        try:
            read = reading.result()
        except BrokenProcessPool:
            self._succession.begin_anew(readers)
            return [self._read_alone(page, template) for page in pages]
        self._succession.was_read()
        return read

    def _read_alone(self, page: StoredPage, template: Template) -> Said:
        for _ in range(TRIES_ALONE):
            second = self._succession.alone()
            ((_, reading),) = second.read_stored(self._folder, [page], template)
            try:
                (read,) = reading.result()
            except BrokenProcessPool:
                self._succession.died_alone()
            else:
                self._succession.was_read()
                return read
        return ReaderDied(self._succession.give_up(page.capture.url))


class StoredReader(PageReaders):
    """Readers of the pages of one archive, with its templates as they are when it is asked."""

    def __init__(self, store: Store, begin: Callable[..., Readers], *, processes: int) -> None:
        super().__init__(store.warc_folder, begin, processes=processes)
        self._store = store

    def begin_site(self, site_id: str) -> None:
        """Nothing: all of its pages are here."""

    def before_writing(self, site_id: str) -> None:
        """Raises SiteLocked while a cluster has the site."""
        refuse_lent(self._store, [site_id])

    def ask(self, captures: Sequence[StoredCapture], site_id: str) -> StoredReadings:
        """Have pages of one site read with its template as it is now."""
        pages = [stored_page(self._store, capture) for capture in captures]
        return self.read(pages, self._store.template(site_id))


@attrs.frozen
class StoredReadings:
    """Pages under way in the readers."""

    _reader: PageReaders
    _readers: Readers
    _template: Template
    _parts: Sequence[tuple[Sequence[StoredPage], Future[list[Read]]]]

    def results(self) -> list[Said]:
        """What each page says, in the order asked for; waits for it. Raises ReaderDied when readers die whatever they read."""
        return [
            said
            for pages, reading in self._parts
            for said in self._reader.take(self._readers, self._template, pages, reading)
        ]
