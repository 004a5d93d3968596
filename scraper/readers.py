"""Processes that read pages, so that a second core helps: unpacking and process() run in them, and nothing else.

A reader knows the site files. It never opens the database: it is given what it needs and gives back
outcomes, in the order asked for and without the pages' bytes. It ends with the process that started
it, however that one ended.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Self, TypeVar

import attrs

from archive.captures import read_capture
from archive.errors import ReaderDied, RecordUnreadable
from archive.model import Accepted, Capture, Outcome, RecordLocation, Rejected
from scraper.process import make_ready, process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from archive.frontier import LeasedUrl
    from archive.readings import StoredCapture
    from archive.template import Template
    from scraper.sites.load import Registry

_T = TypeVar("_T")

#: Stored pages given to a reader at a time.
_PAGES_AT_ONCE: Final = 8
#: What a page says; for one whose record cannot be read, why.
Read = Accepted | Rejected | RecordUnreadable

logger = logging.getLogger(__name__)

#: The site files of this process, when it is a reader.
_known: list[Registry] = []


@attrs.frozen(kw_only=True)
class StoredPage:
    """A page in the archive's WARC files."""

    capture: StoredCapture
    #: Where the payload of a revisit lies.
    payload: RecordLocation | None = None


class Readers:
    """*processes* readers, or none: then the caller's own process reads. A context manager."""

    def __init__(self, registry: Registry, *, processes: int) -> None:
        self._registry = registry
        self._to_begin = processes
        self._pool: ProcessPoolExecutor | None = None
        self._handed = _hand_over(registry) if processes else None
        if self._handed is not None:
            # a process with threads and an open database must not be forked
            self._pool = ProcessPoolExecutor(
                processes, multiprocessing.get_context("spawn"), _begin, (self._handed,)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the readers; what waits for them is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._handed is not None:
            self._handed.unlink(missing_ok=True)

    def read(self, leased: LeasedUrl, capture: Capture, template: Template) -> Future[Outcome]:
        """What an article's page, as it was sent, means for its address; the outcome's capture is without its body.

        The page is unpacked in the reader: it goes there at a fifth of its size. Raises ReaderDied when one of
        them was killed or ran out of memory.
        """
        if self._pool is None:
            return _done(_answer(self._registry, leased, capture, template))
        with _watched(), _without_main():
            self._begin_all(self._pool)
            return self._pool.submit(_answer_there, leased, capture, template)

    def _begin_all(self, pool: ProcessPoolExecutor) -> None:
        """Start every process with the first page.

        The executor would start them one by one as pages come, and one that it starts while another dies is
        waited for and never ended: the whole program hangs (CPython 3.11.7, measured).
        """
        while self._to_begin:
            self._to_begin -= 1
            pool.submit(_nothing)

    def read_stored(
        self, folder: Path, pages: Sequence[StoredPage], template: Template
    ) -> list[tuple[Sequence[StoredPage], Future[list[Read]]]]:
        """Read pages of the WARC *folder*, all of them with this *template*; a few in a row at a time.

        Where a reader dies, the readings under way and those not begun raise BrokenProcessPool.
        """
        parts = [pages[at : at + _PAGES_AT_ONCE] for at in range(0, len(pages), _PAGES_AT_ONCE)]
        return [(part, self._read_part(folder, part, template)) for part in parts]

    def _read_part(
        self, folder: Path, pages: Sequence[StoredPage], template: Template
    ) -> Future[list[Read]]:
        if self._pool is None:
            return _done(_read_stored(self._registry, folder, pages, template))
        try:
            with _without_main():
                self._begin_all(self._pool)
                return self._pool.submit(_read_stored_there, folder, pages, template)
        except BrokenProcessPool as error:
            broken: Future[list[Read]] = Future()
            broken.set_exception(error)
            return broken


def read_stored_page(
    registry: Registry, folder: Path, page: StoredPage, template: Template
) -> Accepted | Rejected:
    """What a stored page says to the reader of today. Raises RecordUnreadable, UnknownSite."""
    stored = page.capture
    capture = read_capture(
        folder,
        stored.location,
        site=stored.site,
        url=stored.url,
        find_payload=lambda _: page.payload,
    )
    return _read(registry, attrs.evolve(capture, id=stored.id), template)


def died() -> ReaderDied:
    """The error to raise for a BrokenProcessPool."""
    return ReaderDied(
        "a process that reads pages was killed or ran out of memory; what was written before stays,"
        " the rest follows when the command is run again"
    )


@contextmanager
def _watched() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise died() from error


@contextmanager
def _without_main() -> Iterator[None]:
    """Let a process that is started meanwhile not run the main module anew.

    For the command line that means all of its imports, a second of CPU (measured), and a reader needs none of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _hand_over(registry: Registry) -> Path | None:
    """A file with the site files, for readers to begin with; None, which is reported, where it cannot be written.

    What a new process is given is written into a pipe of 64 KB that its parent holds open at both ends: with
    more than that, the parent would wait for ever where the process dies before it has read it all (measured).
    """
    written = None
    try:
        with tempfile.NamedTemporaryFile(prefix="dqtv-readers-", delete=False) as file:
            written = Path(file.name)
            pickle.dump(registry, file)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        logger.warning(
            "pages are read by this process alone: what other processes begin with cannot be written to %s (%s);"
            " check its free space and permissions, or name another folder with TMPDIR",
            written or tempfile.gettempdir(),
            error.strerror,
        )
        return None
    return written


def _begin(handed: Path) -> None:
    """Make this process a reader: it leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(handed,), daemon=True).start()
    _known.append(pickle.loads(handed.read_bytes()))  # noqa: S301 - our parent's, and open to its user only
    # as in a crawl: every page makes thousands of short-lived objects
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _end_with_parent(handed: Path) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    # one that was killed has left it
    handed.unlink(missing_ok=True)
    os._exit(1)


def _nothing() -> None:
    """Keep a reader's first task short."""


def _answer_there(leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
    return _answer(_known[0], leased, capture, template)


def _read_stored_there(folder: Path, pages: Sequence[StoredPage], template: Template) -> list[Read]:
    return _read_stored(_known[0], folder, pages, template)


def _answer(registry: Registry, leased: LeasedUrl, capture: Capture, template: Template) -> Outcome:
    from scraper.answers import article_outcome  # noqa: PLC0415  it brings Scrapy, which the readers of a replay do without

    site = registry.site(capture.site)
    family = registry.family_of(site)
    make_ready(site, family)
    outcome = article_outcome(leased, capture, site, family=family, template=template)
    return attrs.evolve(outcome, capture=attrs.evolve(capture, body=b""))


def _read(registry: Registry, capture: Capture, template: Template) -> Accepted | Rejected:
    site = registry.site(capture.site)
    family = registry.family_of(site)
    make_ready(site, family)
    outcome = process(capture, site, family, template)
    return attrs.evolve(outcome, capture=attrs.evolve(capture, body=b""))


def _read_stored(
    registry: Registry, folder: Path, pages: Sequence[StoredPage], template: Template
) -> list[Read]:
    read: list[Read] = []
    for page in pages:
        try:
            read.append(read_stored_page(registry, folder, page, template))
        except RecordUnreadable as error:
            read.append(error)
    return read


def _done(value: _T) -> Future[_T]:
    future: Future[_T] = Future()
    future.set_result(value)
    return future
