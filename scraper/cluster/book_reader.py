"""A replay's reader that asks the replay's book for what workers said, and holds the paper while its results are written."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, Self

import attrs

from archive.cluster.leases import Leases
from archive.cluster.postgres_lease import PostgresLease
from archive.errors import ClusterUnreachable, SiteLocked
from scraper.cluster.parcel_post import LOOK_S
from scraper.cluster.said import from_json
from scraper.readers import Readers
from scraper.stored_reader import StoredReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from archive.readings import StoredCapture
    from archive.store import Store
    from scraper.cluster.parcel_post import Post
    from scraper.sites.load import Registry
    from scraper.stored_reader import Said

logger = logging.getLogger(__name__)

_LOOK_WHILE_WRITING_S: Final = 5.0


class BookReader:
    """A replay's reader that asks the book, and reads here what the book does not know."""

    def __init__(self, store: Store, registry: Registry, post: Post, dsn: str | None) -> None:
        """*dsn* is the database of the leases; None where nothing is written."""
        self._post = post
        self._dsn = dsn
        self._lease: PostgresLease | None = None
        # begun with the first page; apart, as a page may kill its reader
        self._here = StoredReader(store, partial(Readers, registry), processes=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_back()
        self._here.__exit__(kind, error, trace)

    def begin_site(self, site_id: str) -> None:
        """Wait until workers have read all of its pages, then until no worker crawls it.

        A crawl under way began with the paper's rows as they were, and would bring some of them back.
        """
        self._give_back()
        self._post.wait(site_id)
        if self._dsn is not None:
            self._lease = self._taken(site_id, self._dsn)

    def before_writing(self, site_id: str) -> None:
        """Nothing: the paper's lease is ours, taken when no worker had it."""

    def _taken(self, site_id: str, dsn: str) -> PostgresLease:
        """The paper's lease."""
        told = ""
        while True:
            leases = Leases(dsn)
            lease = PostgresLease(leases, site_id)
            try:
                lease.acquire()
                with Leases(dsn) as ours:
                    # it is no worker that would wait for one
                    ours.has_state(site_id, lease.token)
            except (SiteLocked, ClusterUnreachable) as error:
                leases.close()
                if str(error) != told:
                    logger.warning("%s; its results are written after that", error)
                told = str(error)
            else:
                return lease
            self._post.glance(LOOK_S)
            time.sleep(LOOK_S)

    def _give_back(self) -> None:
        if self._lease is not None:
            self._lease.release(None)
            self._lease = None

    def ask(self, captures: Sequence[StoredCapture], site_id: str) -> _BookReadings:
        """What the book says of pages of one site."""
        self._post.glance(_LOOK_WHILE_WRITING_S)
        known = self._post.book.said([capture.id for capture in captures])
        found = {x.id: _understood(known[x.id], x) for x in captures if x.id in known}
        return _BookReadings(self._here, captures, site_id, found)


def _understood(text: bytes, stored: StoredCapture) -> Said | None:
    """What a worker says of a page; None where the page has to be read here."""
    try:
        return from_json(text, stored)
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("%s: what a worker says of it makes no sense (%r)", stored.url, error)
        return None


@attrs.frozen
class _BookReadings:
    """Pages that are asked for."""

    here: StoredReader
    captures: Sequence[StoredCapture]
    site: str
    known: dict[str, Said | None]

    def results(self) -> list[Said]:
        """What each page says, in the order asked for. Raises ReaderDied when readers die whatever they read."""
        rest = [x for x in self.captures if self.known.get(x.id) is None]
        read = iter(self.here.ask(rest, self.site).results() if rest else ())
        return [
            said if (said := self.known.get(x.id)) is not None else next(read)
            for x in self.captures
        ]
