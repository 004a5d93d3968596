"""A worker's part of a replay: fetch one parcel, read its pages as a replay does, and push what they say.

Works by hand as well as by the engine: ``dqtv cluster read PARCEL``. Nothing is kept here: what a kill ends is read
again by whoever gets the job next.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

import attrs

from archive.cluster import parcel
from archive.cluster.hub import Hub
from archive.cluster.leases import Leases
from archive.cluster.manifest import MANIFEST, ROWS, File, Key, Manifest
from archive.cluster.postgres_lease import PostgresLease
from archive.cluster.replay_inbox import READINGS
from archive.cluster.segment import SOFTWARE, Segment
from archive.database import make_folder
from archive.errors import ArchiveError, ClusterUnreachable, HubUnreachable, SiteLocked
from archive.lease import REPLAY_PREFIX
from archive.warc_files import refusals
from scraper.cluster.reading_end import DAMAGED, OTHER_RULES, OVER, READ, ReadingEnd
from scraper.cluster.said import to_json
from scraper.cluster.slice_end import BUSY, HUB_AWAY, INTERRUPTED, LEASE_LOST
from scraper.cluster.troubles import Kind, Troubles
from scraper.readers import Readers, StoredPage
from scraper.stored_reader import PageReaders
from scraper.versions import reading_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from archive.cluster.parcel import Order
    from scraper.sites.load import Registry

#: Of a parcel's lease, in seconds. Shorter than a crawl's: it spares no site, only a second reading.
TTL_S: Final = 20.0
MARGIN_S: Final = 5.0
#: Pages between two looks whether the lease still holds.
_PAGES_AT_ONCE: Final = 64
_FOLDER: Final = ".replay"
#: Seconds after which a folder was left behind by a kill.
_STALE_S: Final = 86_400
_LEVEL: Final = 1


@attrs.frozen(kw_only=True)
class Wanted:
    """What to read, and with what."""

    #: Name of the parcel.
    parcel: str
    #: DSN of the cluster's database, URL of the hub, folder for what is under way.
    database: str
    hub: str
    spool: Path
    #: Read in processes of their own, so that a page which kills its reader is found out and named. Slower to begin.
    apart: bool = False
    ttl_s: float = TTL_S
    margin_s: float = MARGIN_S


class _Told(Exception):
    """A signal came."""


def read_parcel(wanted: Wanted, registry: Registry) -> ReadingEnd:
    """Read one parcel; how it ended. Once per process, in its main thread. Raises ReaderDied, ArchiveUnwritable."""
    end = partial(ReadingEnd, parcel=wanted.parcel)
    leases = Leases(wanted.database)
    lease = PostgresLease(
        leases, f"{REPLAY_PREFIX}{wanted.parcel}", ttl=wanted.ttl_s, margin=wanted.margin_s
    )
    try:
        with _hearing(), _folder(wanted.spool) as folder:
            lease.acquire()
            try:
                return _Reading(wanted, folder, Hub(wanted.hub), lease).run(registry)
            finally:
                lease.release(None)
    except SiteLocked as error:
        return end(reason=BUSY, detail=str(error))
    except (ClusterUnreachable, HubUnreachable) as error:
        return end(reason=HUB_AWAY, detail=str(error))
    except _Told:
        return end(reason=INTERRUPTED)


@contextmanager
def _hearing() -> Iterator[None]:
    """Raise _Told in the main thread for SIGTERM and Ctrl-C."""

    def hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        for each in former:
            signal.signal(each, signal.SIG_IGN)
        raise _Told

    former = {x: signal.signal(x, hear) for x in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def _folder(spool: Path) -> Iterator[Path]:
    """A folder of this process; those that kills left long ago are removed."""
    place = spool / _FOLDER
    make_folder(place)
    with refusals(place):
        for left in place.iterdir():
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(mkdtemp(dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@attrs.frozen
class _Reading:
    """The reading of one parcel under its lease."""

    wanted: Wanted
    folder: Path
    hub: Hub
    lease: PostgresLease

    def run(self, registry: Registry) -> ReadingEnd:
        """Read and push."""
        end = partial(ReadingEnd, parcel=self.wanted.parcel)
        try:
            order = parcel.fetch(self.hub, self.wanted.parcel, self.folder)
            if order is None:
                return end(reason=OVER)
            troubles = Troubles(self.wanted.database)
            if (why := _other_rules(order, registry)) is not None:
                troubles.note(order.site, Kind.OTHER_RULES, why)
                return end(reason=OTHER_RULES, detail=why)
            troubles.over(order.site, Kind.OTHER_RULES)
            path = self.folder / "segments" / "1" / ROWS
            if not self._read(order, registry, path):
                return end(reason=LEASE_LOST)
            self.hub.push(self._sealed(path, len(order.pages)))
        except (ClusterUnreachable, HubUnreachable):
            raise
        except ArchiveError as error:
            return end(reason=DAMAGED, detail=str(error))
        return end(reason=READ, pages=len(order.pages))

    def _read(self, order: Order, registry: Registry, path: Path) -> bool:
        """Write what the pages say to *path*; False when the lease was lost."""
        begin = partial(Readers, registry)
        pages = [StoredPage(capture=page.capture, payload=page.payload) for page in order.pages]
        make_folder(path.parent)
        readers = PageReaders(self.folder, begin, processes=1 if self.wanted.apart else 0)
        with readers, refusals(path), path.open("wb") as raw:
            with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as file:
                for at in range(0, len(pages), _PAGES_AT_ONCE):
                    if not self.lease.may_ask():
                        return False
                    part = pages[at : at + _PAGES_AT_ONCE]
                    for page, said in zip(
                        part, readers.read(part, order.template).results(), strict=True
                    ):
                        file.write(page.capture.id.encode("ascii") + b"\t" + to_json(said) + b"\n")
            raw.flush()
            os.fsync(raw.fileno())
        return self.lease.may_ask()

    def _sealed(self, path: Path, pages: int) -> Segment:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        manifest = Manifest(
            key=Key(site=self.lease.site, token=self.lease.token, seq=1),
            files=(File(name=ROWS, size=path.stat().st_size, sha256=sha256),),
            rows={READINGS: pages},
            software=SOFTWARE,
            # rows of a replay go by no schema
            schema=READINGS,
            sealed_at=datetime.now(UTC),
        )
        content = manifest.to_bytes()
        (path.parent / MANIFEST).write_bytes(content)
        return Segment(manifest=manifest, content=content, root=self.folder)


def _other_rules(order: Order, registry: Registry) -> str | None:
    """Why this machine would read otherwise than the archive's own; None where it would not."""
    own = reading_rules(registry, [order.site]) if order.site in registry.sites else {}
    other = sorted(x for x in own.keys() | order.rules.keys() if own.get(x) != order.rules.get(x))
    if not other:
        return None
    return (
        f"{', '.join(other)}: not as on the archive's machine; install the same version of the program and the same"
        " site files (DQTV_SITES) here, and start the worker again"
    )
