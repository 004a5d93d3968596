"""The archive's side of the parcels of a replay: lays them ready at the hub, with jobs that read them, and looks what came home."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Final

import attrs

from archive.cluster import parcel
from archive.cluster.parcel import Order
from archive.errors import ClusterUnreachable, HubUnreachable
from archive.warc_files import refusals
from scraper.cluster.read_jobs import defer_readings, open_jobs
from scraper.versions import reading_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive.cluster.hub import Hub
    from archive.cluster.replay_book import Parcel, ReplayBook, ReplayProgress
    from archive.store import Store
    from scraper.sites.load import Registry

logger = logging.getLogger(__name__)

#: Parcels at the hub at a time: as many as some tens of cores read between two looks.
MOST_OUT: Final = 64
#: Jobs of one parcel that may end without a result; then its pages are read here.
_TRIES: Final = 3
#: Seconds after which it is told that nothing comes home.
_QUIET_S: Final = 180.0
LOOK_S: Final = 0.5
_RECORDS_COPY: Final = "replay-records.part"
_ORDER_COPY: Final = "replay-order.part"


@attrs.define(kw_only=True)
class Post:
    """Sends parcels out and looks what came home."""

    store: Store
    registry: Registry
    hub: Hub
    dsn: str
    book: ReplayBook
    told: Callable[[ReplayProgress], None]
    _looked_at: float = attrs.field(default=-math.inf, init=False)
    _trouble: str = attrs.field(default="", init=False)
    _home: int = attrs.field(default=-1, init=False)
    _quiet_since: float = attrs.field(default=math.inf, init=False)

    def wait(self, site: str) -> None:
        """Send out until all parcels of *site* are home; those of other papers go out beside them."""
        self.glance(0.0)
        while not self.book.is_home(site):
            time.sleep(LOOK_S)
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
        progress = self.book.progress()
        self.told(progress)
        self._wonder(progress)

    def _wonder(self, progress: ReplayProgress) -> None:
        """Say so, once for each such time, when nothing comes home."""
        now = time.monotonic()
        if progress.home != self._home or not progress.out:
            self._home, self._quiet_since = progress.home, now
        elif now - self._quiet_since > _QUIET_S:
            logger.warning(
                "nothing came home for %.0f s: does `dqtv ingest` run here, and a worker somewhere?"
                " `dqtv cluster status` says what is wrong",
                now - self._quiet_since,
            )
            self._quiet_since = math.inf

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
