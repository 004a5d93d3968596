"""Bring a spool's sealed segments home: push each to the hub, and delete it when the archive says that it has it.

A thread of its own does it, with connections of its own, so that neither hub nor database ever holds up a request.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from archive.cluster.hub import SegmentRefused, SegmentTaken
from archive.cluster.segment import discard, sealed
from archive.cluster.state import open_spool
from archive.errors import ArchiveError, ClusterUnreachable
from scraper.cluster.troubles import Kind, Troubles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.cluster.hub import Hub
    from archive.cluster.leases import Leases
    from archive.cluster.segment import Segment
    from archive.store import Store

logger = logging.getLogger(__name__)

#: Seconds between two looks whether something was sealed or acknowledged.
LOOK_S: Final = 0.5


class Sender:
    """Sends the segments of one spool; `step` once, or as a thread from `start` to `stop`."""

    def __init__(
        self, root: Path, *, site: str, token: int, hub: Hub, leases: Leases, troubles: Troubles
    ) -> None:  # fmt: skip
        """*root* is the spool of the lease *token*; *leases* and *troubles* are for this sender alone."""
        self.site = site
        self.token = token
        self._root = root
        self._hub = hub
        self._leases = leases
        self._troubles = troubles
        self._pushed: set[int] = set()
        self._ended = threading.Event()
        self._looked = threading.Condition()
        #: Looks that reached hub and database: what is left is known since the last one only.
        self._looks = 0
        self._thread = threading.Thread(target=self._go_on, name=f"segments of {site}", daemon=True)
        #: Segments on record that the archive has not acknowledged.
        self.left = 0
        self.acked = 0
        #: What ends the crawl: the archive takes nothing more of it.
        self.fatal: ArchiveError | None = None

    # -- one look -------------------------------------------------------------------------------------

    def step(self, store: Store) -> None:
        """Push what was sealed and delete what was acknowledged. Raises ClusterUnreachable, HubUnreachable."""
        segments = sealed(store)
        for segment in segments:
            if segment.key.seq not in self._pushed:
                self._push(segment)
        self.acked = self._handled(store)
        discard(store, self.acked)
        self.left = len(sealed(store))

    def _push(self, segment: Segment) -> None:
        try:
            self._hub.push(segment)
        except (SegmentRefused, SegmentTaken) as error:
            self.fatal = self.fatal or error
            if isinstance(error, SegmentTaken):
                self._troubles.note(self.site, Kind.TWO_WRITERS, str(error))
                raise
        self._pushed.add(segment.key.seq)

    def _handled(self, store: Store) -> int:
        """Number of the last segment that the archive has stored or refused, all before it being so as well."""
        row = self._leases.row(self.site)
        acked = row.acked if row is not None and row.token == self.token else 0
        for segment in sealed(store):
            number = segment.key.seq
            if number <= acked:
                continue
            if number not in self._pushed or self._hub.holds(segment.key):
                break
            # pushed, and gone from the inbox: stored under a lease that was taken since, or refused
            acked = number
        return acked

    # -- as a thread ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look again and again."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the look under way."""
        self._ended.set()
        self._thread.join()

    def wait(self, seconds: float, is_told: Callable[[], bool] = lambda: False) -> bool:
        """Wait until all that is sealed now is seen to be acknowledged; False when *seconds* were not enough."""
        give_up = time.monotonic() + seconds
        with self._looked:
            after = self._looks + 1
            while not (self._looks > after and not self.left):
                left = give_up - time.monotonic()
                if left <= 0 or is_told():
                    return False
                self._looked.wait(min(left, LOOK_S))
        return True

    def _go_on(self) -> None:
        store = open_spool(self._root, site=self.site, token=self.token)
        try:
            while not self._ended.wait(LOOK_S):
                self._look(store)
        finally:
            store.close()

    def _look(self, store: Store) -> None:
        try:
            self.step(store)
        except ClusterUnreachable as error:
            logger.warning("%s: %s", self.site, error)
        except ArchiveError as error:
            logger.warning("%s: segments stay here for now: %s", self.site, error)
            self._troubles.note(self.site, Kind.HUB_AWAY, str(error))
        else:
            self._troubles.over(self.site, Kind.HUB_AWAY)
            with self._looked:
                self._looks += 1
                self._looked.notify_all()
