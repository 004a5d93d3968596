"""A replay whose pages are read by workers of the cluster: the archive's side of it.

Parcels of stored pages lie at the hub, a bounded number at a time, each with a job of the engine; `dqtv ingest` takes
what is said of them into the replay's book (``archive.cluster.replay_book``). Here the ordinary replay runs, and asks
the book instead of readers of its own: so it writes what it would write had it read the pages itself. Of what the
book does not know, it reads the page here: one that a crawl stored meanwhile, one whose record is damaged, one of a
version before the current one.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from archive.cluster import parcel
from archive.cluster.leases import Leases
from archive.cluster.parcel import ParcelPage
from archive.cluster.replay_book import ReplayBook, discard
from archive.errors import ClusterUnreachable, HubUnreachable, ReplayBusy, UsageError
from archive.lease import REPLAY_PREFIX
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
from scraper.cluster.book_reader import BookReader
from scraper.cluster.parcel_post import Post
from scraper.cluster.read_jobs import withdraw_waiting
from scraper.replay import replay
from scraper.stored_reader import stored_page
from scraper.versions import reading_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from archive.cluster.hub import Hub
    from archive.cluster.replay_book import ReplayProgress
    from archive.readings import StoredCapture
    from archive.store import Store
    from scraper.replay_report import ReplayReport
    from scraper.sites.load import Registry

logger = logging.getLogger(__name__)

#: Pages of a parcel: many, as a process that begins to read costs as much as some hundred pages; not too many, as a
#: kill costs so much, and of a small archive each worker shall get some.
_LEAST_PAGES: Final = 500
_MOST_PAGES: Final = 4000
_PARCELS: Final = 32


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
        post = Post(store=store, registry=registry, hub=hub, dsn=dsn, book=book, told=on_reading)
        with BookReader(store, registry, post, None if dry_run else dsn) as reader:
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
