"""A replay whose pages are read by workers of the cluster: the archive's side of it.

Parcels of stored pages lie at the hub, a bounded number at a time, each with a job of the engine; `dqtv ingest` takes
what is said of them into the replay's book (``archive.cluster.replay_book``). Here the ordinary replay runs, and asks
the book instead of readers of its own: so it writes what it would write had it read the pages itself. Of what the
book does not know, it reads the page here: one that a crawl stored meanwhile, one whose record is damaged, one of a
version before the current one.
"""

from __future__ import annotations

import logging
import math
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Self

import attrs

from archive.cluster import parcel
from archive.cluster.leases import Leases
from archive.cluster.manifest import REPLAY_PREFIX
from archive.cluster.parcel import Order, ParcelPage
from archive.cluster.replay_book import ReplayBook, discard
from archive.errors import ClusterUnreachable, HubUnreachable, ReplayBusy, UsageError
from archive.locks import REPLAY_LOCK, alone
from archive.readings import (
    StoredArticle,
    StoredRejection,
    article_ids,
    rejected_urls,
    sites_with_readings,
    stored_article,
    stored_rejection,
)
from archive.runs import new_run_id
from archive.warc_files import refusals
from scraper.cluster.read_jobs import defer_readings, open_jobs, withdraw_waiting
from scraper.cluster.said import from_json
from scraper.readers import Readers
from scraper.replay import replay
from scraper.stored_reader import StoredReader, stored_page
from scraper.versions import reading_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from archive.cluster.hub import Hub
    from archive.cluster.replay_book import Parcel, ReplayProgress
    from archive.readings import StoredCapture
    from archive.store import Store
    from scraper.replay_report import ReplayReport
    from scraper.sites.load import Registry
    from scraper.stored_reader import Said

logger = logging.getLogger(__name__)

#: Parcels at the hub at a time: as many as some tens of cores read between two looks.
MOST_OUT: Final = 64
#: Pages of a parcel: many, as a process that begins to read costs as much as some hundred pages; not too many, as a
#: kill costs so much, and of a small archive each worker shall get some.
_LEAST_PAGES: Final = 250
_MOST_PAGES: Final = 4000
_PARCELS: Final = 32
#: Jobs of one parcel that may end without a result; then its pages are read here.
_TRIES: Final = 3
_LOOK_S: Final = 0.5
_LOOK_WHILE_WRITING_S: Final = 5.0
_RECORDS_COPY: Final = "replay-records.part"
_ORDER_COPY: Final = "replay-order.part"


@attrs.frozen(kw_only=True)
class ClusterReplayed:
    """What a replay with workers did."""

    report: ReplayReport
    #: How its pages were read.
    progress: ReplayProgress


def cluster_replay(
    store: Store,
    registry: Registry,
    hub: Hub,
    dsn: str,
    *,
    sites: Sequence[str] = (),
    dry_run: bool = False,
    anew: bool = False,
    on_reading: Callable[[ReplayProgress], None] = lambda _: None,
    on_page: Callable[[int, int], None] | None = None,
) -> ClusterReplayed:
    """Replay *sites* (all when empty) with the cluster's readers; what comes out is what `scraper.replay.replay` gives.

    Goes on where a killed one ended; with *anew* that one is dropped. One at a time in an archive. *on_reading*
    hears how far the readers are, *on_page* how far the writing is. Raises UnknownSite, UsageError where a replay of
    other papers or with other rules is under way, ClusterUnreachable, HubUnreachable, ReaderDied.
    """
    for site_id in sites:
        registry.site(site_id)
    if anew:
        discard(store.root)
    with _book(store, registry, sites, dry_run=dry_run, tidy=partial(_tidy, hub, dsn)) as book:
        post = _Post(store=store, registry=registry, hub=hub, dsn=dsn, book=book, told=on_reading)
        with BookReader(store, registry, post) as reader:
            report = replay(
                store, registry, sites=sites, dry_run=dry_run, on_page=on_page, reader=reader
            )
        progress = book.progress()
    discard(store.root)
    try:
        _tidy(hub, dsn)
    except (ClusterUnreachable, HubUnreachable) as error:
        logger.warning("%s; what is left there is removed when the next replay begins", error)
    return ClusterReplayed(report=report, progress=progress)


def replay_lock(root: Path) -> AbstractContextManager[None]:
    """Be the only process that replays the archive at *root* with a cluster. Raises ReplayBusy, ArchiveUnwritable."""
    return alone(root / REPLAY_LOCK, ReplayBusy, f"replays {root} with the cluster; one is enough")


def _tidy(hub: Hub, dsn: str) -> None:
    """Remove what former replays left: jobs, parcels, leases. Raises ClusterUnreachable, HubUnreachable."""
    withdraw_waiting(dsn)
    for name in sorted(parcel.names(hub)):
        parcel.remove(hub, name)
    with Leases(dsn) as leases:
        leases.forget(REPLAY_PREFIX)


@contextmanager
def _book(
    store: Store, registry: Registry, sites: Sequence[str], *, dry_run: bool, tidy: Callable[[], None]
) -> Iterator[ReplayBook]:  # fmt: skip
    """The book of this replay: the one that a kill left, else a new one. Raises UsageError for that of another."""
    book = ReplayBook.open(store.root)
    if book is not None:
        with book:
            wanted = _wanted_sites(store, registry, book.sites)
            if (book.sites, book.dry_run) != (tuple(sites), dry_run):
                words = [*book.sites, *(["--dry-run"] if book.dry_run else [])]
                raise UsageError(
                    f"a replay is under way (`dqtv cluster replay {' '.join(words)}`".rstrip() + ");"
                    " finish it with the same words, or drop it with --anew"
                )  # fmt: skip
            if book.rules == reading_rules(registry, wanted):
                yield book
                return
            raise UsageError(
                "site files or the program were changed since the replay under way began; begin it again with --anew"
            )
    tidy()
    wanted = _wanted_sites(store, registry, sites)
    book = ReplayBook.begin(
        store.root,
        new_run_id(datetime.now(UTC)),
        sites=sites,
        dry_run=dry_run,
        rules=reading_rules(registry, wanted),
        templates={site: store.template(site) for site in wanted},
        pages=(page for site in wanted for page in _pages(store, site)),
        parcel_pages=_parcel_pages(store, wanted),
    )
    with book:
        yield book


def _wanted_sites(store: Store, registry: Registry, sites: Sequence[str]) -> list[str]:
    found = sites_with_readings(store.connection)
    return [x for x in found if x in registry.sites and (not sites or x in sites)]


def _parcel_pages(store: Store, sites: Sequence[str]) -> int:
    rows = store.connection
    about = sum(len(article_ids(rows, site)) + len(rejected_urls(rows, site)) for site in sites)
    return min(_MOST_PAGES, max(_LEAST_PAGES, about // _PARCELS))


def _pages(store: Store, site: str) -> list[ParcelPage]:
    """The pages that a replay of the site reads in any case, in the order in which they lie in their files."""
    connection = store.connection
    captures: dict[str, StoredCapture] = {}
    for article_id in article_ids(connection, site):
        stored = stored_article(connection, article_id)
        captures |= {x.id: x for x in _first_read(stored)}
    for url in rejected_urls(connection, site):
        captures |= {x.id: x for x in _first_read(stored_rejection(connection, site, url))}
    in_order = sorted(captures.values(), key=lambda x: (x.location.warc_file, x.location.offset))
    pages = (stored_page(store, x) for x in in_order)
    return [ParcelPage(capture=page.capture, payload=page.payload) for page in pages]


def _first_read(stored: StoredArticle | StoredRejection | None) -> list[StoredCapture]:
    if isinstance(stored, StoredArticle):
        return [x for x in (stored.capture, stored.newest) if x is not None]
    return [] if stored is None else list(stored.captures[-1:])


@attrs.define(kw_only=True)
class _Post:
    """Sends parcels out and looks what came home."""

    store: Store
    registry: Registry
    hub: Hub
    dsn: str
    book: ReplayBook
    told: Callable[[ReplayProgress], None]
    _looked_at: float = attrs.field(default=-math.inf, init=False)
    _trouble: str = attrs.field(default="", init=False)

    def wait(self, site: str) -> None:
        """Send out until all parcels of *site* are home; those of other papers go out beside them."""
        self.glance(0.0)
        while not self.book.is_home(site):
            time.sleep(_LOOK_S)
            self.glance(0.0)

    def glance(self, every_s: float) -> None:
        """Look when the last time is *every_s* ago; where hub or database are away, look again later."""
        if time.monotonic() - self._looked_at < every_s:
            return
        try:
            self.look()
            self._trouble = ""
        except (ClusterUnreachable, HubUnreachable) as error:
            # workers that were given something go on, and what they push is taken in
            if str(error) != self._trouble:
                logger.warning("%s; looking again", error)
            self._trouble = str(error)
        self._looked_at = time.monotonic()

    def look(self) -> None:
        """Look once. Raises ClusterUnreachable, HubUnreachable, ArchiveUnwritable."""
        for one in self.book.untidy():
            parcel.remove(self.hub, self.book.name(one.number))
            self.book.tidied(one.number)
        out = self.book.in_state("out")
        self._look_after(out)
        sent = [
            one.number
            for one in self.book.in_state("waiting", max(0, MOST_OUT - len(out)))
            if self._send(one)
        ]
        jobs = defer_readings(self.dsn, [self.book.name(number) for number in sent])
        for number, job in zip(sent, jobs, strict=True):
            self.book.went_out(number, job)
        self.told(self.book.progress())

    def _look_after(self, out: Sequence[Parcel]) -> None:
        """A parcel whose job has ended is home soon, or will never be."""
        numbers = [one.job for one in out if one.job is not None]
        # asked in this order: a result is pushed before its job ends, and taken in before it leaves the inbox
        open_now = open_jobs(self.dsn, numbers)
        pushed = {key.site for key in self.hub.manifests()}
        for one in out:
            if one.job not in open_now and self.book.key(one.number) not in pushed:
                # unless it came home meanwhile
                self.book.came_to_nothing(one.number)

    def _send(self, one: Parcel) -> bool:
        """Lay a parcel ready; False where its pages are left to this machine."""
        name, pages = self.book.name(one.number), self.book.pages(one.number)
        records, copy = self.store.root / _RECORDS_COPY, self.store.root / _ORDER_COPY
        try:
            sha256, found = parcel.cut(self.store.warc_folder, pages, records)
            if not found or one.tries >= _TRIES:
                # of a file that is missing the replay itself says so
                self.book.leave(one.number)
                return False
            order = Order(
                name=name, site=one.site, sha256=sha256, rules=reading_rules(self.registry, [one.site]),
                template=self.book.template(one.site), pages=found,
            )  # fmt: skip
            parcel.put(self.hub, order, records, copy)
        finally:
            for path in (records, copy):
                with refusals(path):
                    path.unlink(missing_ok=True)
        return True


class BookReader:
    """A replay's reader that asks the book, and reads here what the book does not know."""

    def __init__(self, store: Store, registry: Registry, post: _Post) -> None:
        self._post = post
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
        self._here.__exit__(kind, error, trace)

    def begin_site(self, site_id: str) -> None:
        """Wait until workers have read all of its pages."""
        self._post.wait(site_id)

    def ask(self, captures: Sequence[StoredCapture], site_id: str) -> _BookReadings:
        """What the book says of pages of one site."""
        self._post.glance(_LOOK_WHILE_WRITING_S)
        known = self._post.book.said([capture.id for capture in captures])
        found = {x.id: from_json(known[x.id], x) for x in captures if x.id in known}
        return _BookReadings(self._here, captures, site_id, found)


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
