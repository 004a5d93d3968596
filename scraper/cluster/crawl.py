"""One slice of a paper's crawl on a worker: lease, state, crawl, segments, and everything home before the lease goes.

Works by hand as well as by the engine: ``dqtv cluster crawl SITE``. The crawl itself is the ordinary one, in an
archive folder that begins with the site's state and lives as long as the lease.
"""

from __future__ import annotations

import logging
import shutil
import signal
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.cluster.hub import Hub
from archive.cluster.leases import Leases
from archive.cluster.postgres_lease import PostgresLease
from archive.cluster.segment import recover, seal
from archive.cluster.state import open_spool
from archive.database import make_folder
from archive.errors import ClusterUnreachable, DqtvError, HubUnreachable, SiteLocked
from archive.lease import MARGIN_SECONDS, TTL_SECONDS
from scraper.cluster.sending import Sender
from scraper.cluster.slice_end import BUSY, HUB_AWAY, INTERRUPTED, LEASE_LOST, SliceEnd
from scraper.cluster.spool import bring_home, site_folder
from scraper.cluster.troubles import Kind, Troubles
from scraper.crawl_request import CrawlRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from scraper.crawling import SiteReport
    from scraper.ledger import Ledger

logger = logging.getLogger(__name__)

#: Seconds after which what was fetched goes home: a kill costs that much, a WARC file holds that much.
SEGMENT_SECONDS: Final = 300.0
#: Seconds to wait for the archive at the beginning: for what was left here, and for a state.
HUB_WAIT_SECONDS: Final = 600.0
#: Seconds to hold the site at the end while its pages are on their way. Without hub no crawl could begin in its place.
HOME_WAIT_SECONDS: Final = 24 * 3600.0
#: The same once the crawl was told to end.
_TOLD_WAIT_S: Final = 20.0
_LOOK_S: Final = 0.2


@attrs.frozen(kw_only=True)
class Slice:
    """What to crawl, and with what."""

    site: str
    minutes: float
    #: DSN of the cluster's database, URL of the hub, folder for what is not home yet.
    database: str
    hub: str
    spool: Path
    contact: str | None = None
    backfill: str | None = None
    rechecks: str | None = None
    progress: bool = False
    segment_s: float = SEGMENT_SECONDS
    hub_wait_s: float = HUB_WAIT_SECONDS
    home_wait_s: float = HOME_WAIT_SECONDS
    ttl_s: float = TTL_SECONDS
    margin_s: float = MARGIN_SECONDS


def run_slice(wanted: Slice) -> SliceEnd:
    """Crawl one slice; how it ended. Once per process, in its main thread.

    What the cluster prevents (a site that is held, a hub or a database that is away) is said in the end; raises
    DqtvError for what needs a hand.
    """
    with _Ending() as ending:
        try:
            with site_folder(wanted.spool, wanted.site) as folder:
                return _Run(wanted, folder, ending, Hub(wanted.hub)).run()
        except SiteLocked as error:
            return SliceEnd(site=wanted.site, reason=BUSY, detail=str(error))
        except (ClusterUnreachable, HubUnreachable) as error:
            if isinstance(error, HubUnreachable):
                # seen from elsewhere all may be well
                Troubles(wanted.database).note(wanted.site, Kind.HUB_AWAY, str(error))
            return SliceEnd(site=wanted.site, reason=HUB_AWAY, detail=str(error))


class _Ending:
    """SIGTERM and Ctrl-C while no crawl runs that would hear them itself."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Ending:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        self._told.set()

    def listen(self) -> None:
        """Hear the signals again after a crawl, which leaves handlers of its own."""
        for number in self._former:
            signal.signal(number, self._hear)

    def is_told(self) -> bool:
        """True once a signal came."""
        return self._told.is_set()


class HeldLease:
    """The lease as the crawl's ledger sees it: taken before the crawl, given back after its last segment is home."""

    def __init__(self, lease: PostgresLease) -> None:
        self._lease = lease
        self.site = lease.site
        self.token: int | str = lease.token
        self.arrival_s = lease.arrival_s
        self.last_fetch_at: float | None = None

    def acquire(self) -> float | None:
        """When the site was last asked."""
        return self._lease.acquire()

    def renew(self, last_fetch_at: float | None) -> bool:
        """Note when the site was last asked; False when the lease may not be used."""
        self._note(last_fetch_at)
        return self._lease.renew(last_fetch_at)

    def may_ask(self) -> bool:
        """Whether a request may be sent now."""
        return self._lease.may_ask()

    def release(self, last_fetch_at: float | None) -> None:
        """Only note when the site was last asked."""
        self._note(last_fetch_at)

    def _note(self, last_fetch_at: float | None) -> None:
        if last_fetch_at is not None:
            self.last_fetch_at = last_fetch_at


@attrs.define
class _Run:
    """One call of `run_slice`."""

    wanted: Slice
    folder: Path
    ending: _Ending
    hub: Hub
    troubles: Troubles = attrs.field(init=False)
    until: float = attrs.field(init=False)

    def run(self) -> SliceEnd:
        wanted = self.wanted
        self.until = time.time() + wanted.minutes * 60
        self.troubles = Troubles(wanted.database)
        bring_home(
            self.folder, database=wanted.database, hub=self.hub, wait_s=wanted.hub_wait_s, is_told=self.ending.is_told,
        )  # fmt: skip
        if self.ending.is_told():
            return SliceEnd(site=wanted.site, reason=INTERRUPTED)
        lease = PostgresLease(
            Leases(wanted.database), wanted.site, ttl=wanted.ttl_s, margin=wanted.margin_s
        )
        lease.acquire()
        held = HeldLease(lease)
        is_home = True
        try:
            root = self.folder / str(lease.token)
            if (nothing := self._fetch_state(root, held)) is not None:
                return nothing
            is_home = False
            end = self._crawl(root, held)
            is_home = end.acked >= end.segments
            if is_home:
                shutil.rmtree(root)
            return end
        finally:
            if is_home:
                lease.release(held.last_fetch_at)
            # else it ends by itself: until then nobody takes the site, and what is on its way is still welcome

    def _fetch_state(self, root: Path, held: HeldLease) -> SliceEnd | None:
        """Wait for the site's state and begin the spool with it; how the slice ended where none came."""
        make_folder(root)
        site, token = self.wanted.site, int(held.token)
        state = root / "state.db"
        give_up = time.monotonic() + self.wanted.hub_wait_s
        while not self.hub.get_state(site, token, state):
            if self.ending.is_told():
                return SliceEnd(site=site, reason=INTERRUPTED, token=token)
            if not held.may_ask():
                return SliceEnd(site=site, reason=LEASE_LOST, token=token)
            if time.monotonic() > give_up:
                detail = (
                    "the archive laid no state of the site ready; does `dqtv ingest` run there?"
                )
                self.troubles.note(site, Kind.NO_STATE, detail)
                return SliceEnd(site=site, reason=HUB_AWAY, detail=detail, token=token)
            time.sleep(_LOOK_S)
        self.troubles.over(site, Kind.NO_STATE)
        open_spool(root, site=site, token=token, state=state).close()
        state.unlink()
        return None

    def _crawl(self, root: Path, held: HeldLease) -> SliceEnd:
        from scraper.crawling import crawl  # noqa: PLC0415  Scrapy takes a second to import

        wanted, token = self.wanted, int(held.token)
        request = CrawlRequest(
            sites=(wanted.site,), root=root, contact=wanted.contact, backfill=wanted.backfill,
            rechecks=wanted.rechecks, until={wanted.site: self.until}, progress=wanted.progress,
        )  # fmt: skip
        with self._sending(root, token) as sender:
            sealer = _Sealer(wanted.segment_s, self.ending, sender)
            failure: DqtvError | None = None
            report = None
            try:
                (report,) = crawl(request, leases=lambda *_: held, sealer=sealer)
            except DqtvError as error:
                failure = error
            self.ending.listen()
            sealed = self._seal_rest(root, token)
            is_home = self._wait_for_archive(sender, held)
            end = _end_of(wanted.site, report, failure, held)
            acked = sealed if is_home else max(0, min(sender.acked, sealed - 1))
            return attrs.evolve(end, token=token, segments=sealed, acked=acked)

    @contextmanager
    def _sending(self, root: Path, token: int) -> Iterator[Sender]:
        wanted = self.wanted
        with Leases(wanted.database) as leases:
            sender = Sender(
                root, site=wanted.site, token=token, hub=self.hub, leases=leases,
                troubles=Troubles(wanted.database),
            )  # fmt: skip
            sender.start()
            try:
                yield sender
            finally:
                sender.stop()

    def _seal_rest(self, root: Path, token: int) -> int:
        """Seal what was fetched since the last segment; number of all segments."""
        with closing(open_spool(root, site=self.wanted.site, token=token)) as store:
            # also after a crawl that could not close its files
            recover(store)
            row = store.connection.execute("SELECT count(*) FROM sealed_segments").fetchone()
            return int(row[0])

    def _wait_for_archive(self, sender: Sender, held: HeldLease) -> bool:
        """Hold the site until its pages are in the archive: what arrives after it went to another is refused."""
        wait_s = self.wanted.home_wait_s
        return sender.wait(
            wait_s, lambda: self.ending.is_told() or not held.may_ask()
        ) or sender.wait(min(_TOLD_WAIT_S, wait_s))


class _Sealer:
    """Seals a segment every few seconds, and ends a crawl that is told to or whose pages are refused."""

    def __init__(self, every_s: float, ending: _Ending, sender: Sender) -> None:
        self._every_s = every_s
        self._ending = ending
        self._sender = sender
        self._next = time.monotonic() + every_s

    def tick(self, ledger: Ledger) -> bool:
        """Seal when it is time. Raises ArchiveUnwritable."""
        if self._sender.fatal is not None:
            raise self._sender.fatal
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            for site in ledger.sessions:
                ledger.seal(site)
            seal(ledger.store)
        return self._ending.is_told()


def _end_of(
    site: str, report: SiteReport | None, failure: DqtvError | None, held: HeldLease
) -> SliceEnd:
    if report is None:
        reason = "error" if held.may_ask() else LEASE_LOST
        return SliceEnd(site=site, reason=reason, detail=str(failure) if failure else None)
    return SliceEnd(
        site=site,
        reason=report.reason,
        detail=report.detail,
        fetched=report.counts.fetched,
        accepted=report.counts.accepted,
        waiting=report.waiting,
        is_unfinished=report.backfill is not None and not report.backfill.finished,
    )
