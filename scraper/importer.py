"""Take in WARC and WACZ files written by others: known hosts' pages go through the same process() as a crawl.

Each page of a known site is copied into a WARC file of this archive with its id, date and bytes, so
that its row can name the raw page. What is already in the archive is skipped, and how far a file was
read is written down with its pages, so an import that was interrupted is simply run again.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from archive.captures import read_capture
from archive.cdxj import index_closed_files
from archive.errors import SiteLocked
from archive.foreign import ForeignWarc, warc_members
from archive.imports import (
    begin_import,
    find_original,
    finish_import,
    remember_position,
    remember_record,
    source_of,
)
from archive.locks import SiteLock
from archive.manifest import register_closed
from archive.model import Accepted, Explored, Outcome, Rejected
from archive.origin import IMPORT_POLICY
from archive.recovery import recover_open_files
from archive.run_counts import RunCounts
from archive.runs import finish_run, new_run_id, start_run
from archive.warc import WarcWriter
from scraper.process import make_ready, process
from scraper.sites.row import site_row
from scraper.versions import rule_digests, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.foreign import ForeignRecord
    from archive.foreign_stream import Bad
    from archive.imports import Source
    from archive.model import Capture
    from archive.store import Store
    from scraper.sites.load import Registry
    from scraper.sites.spec import SiteSpec

#: Pages in one transaction, and bytes of pages at most.
GROUP_SIZE: Final = 64
GROUP_BYTES: Final = 32 << 20
#: Responses of others after which the place in the file is written down all the same.
_FOREIGN_GROUP: Final = 1000
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_PAGE_TYPES: Final = ("text/", "application/xhtml", "application/html")


@attrs.frozen(kw_only=True)
class ImportReport:
    """What became of one file."""

    path: Path
    #: Hex SHA-256 of the file.
    sha256: str
    #: True when an import that was interrupted went on.
    resumed: bool
    #: Responses and revisits read.
    responses: int
    #: Of hosts that no site file knows.
    foreign: int
    #: Of known hosts, but no page of an article (by address, status and type); kept with *all_pages*.
    other: int
    #: In the archive already.
    known: int
    #: Revisits of a page that neither the file nor the archive holds.
    unresolved: int
    counts: RunCounts
    #: Places that could not be read, and records of wanted pages that are not sound; ``bad`` has the first of them.
    bad_count: int
    bad: tuple[Bad, ...]
    #: Whole records that are not sound, of pages nobody asked for; of them too the first.
    unwanted_bad_count: int
    unwanted_bad: tuple[Bad, ...]


@attrs.define
class _Import:
    """One import under way."""

    store: Store
    registry: Registry
    source: Source
    run_id: str
    software: str
    operator: str
    all_pages: bool
    import_id: int = 0
    position: int = 0
    writers: dict[str, WarcWriter] = attrs.field(factory=dict)
    locks: list[SiteLock] = attrs.field(factory=list)
    group: list[tuple[Outcome, ForeignRecord]] = attrs.field(factory=list)
    ids: set[str] = attrs.field(factory=set)
    group_bytes: int = 0
    since_commit: int = 0
    seen: Counter[str] = attrs.field(factory=Counter)
    results: Counter[str] = attrs.field(factory=Counter)
    rejected: Counter[str] = attrs.field(factory=Counter)

    def take(self, record: ForeignRecord) -> None:
        """Look at one response or revisit, and keep it if it is a page of ours."""
        self.seen["responses"] += 1
        self.since_commit += 1
        self._sort(record)
        if record.is_start:
            self.position = record.offset
        full = len(self.group) >= GROUP_SIZE or self.group_bytes >= GROUP_BYTES
        if full or self.since_commit >= _FOREIGN_GROUP:
            self.commit()

    def wants(self, url: str) -> bool:
        """Whether the page at *url* would be taken if it were sound, as far as its address tells."""
        site = self.registry.site_for_url(url)
        return site is not None and (self.all_pages or _fits(url, site))

    def _sort(self, record: ForeignRecord) -> None:
        site = self.registry.site_for_url(record.url)
        if site is None:
            self.seen["foreign"] += 1
            return
        is_page = looks_like_an_article(record, site)
        if not is_page and (not self.all_pages or record.status == _NOT_MODIFIED):
            self.seen["other"] += 1
        elif record.id in self.ids or self.store.has_capture(record.id):
            self.seen["known"] += 1
        else:
            capture = (
                self._copy_revisit(record, site) if record.is_revisit else self._copy(record, site)
            )
            if capture is None:
                self.seen["unresolved"] += 1
            else:
                self._keep(capture, record, site, is_page=is_page)

    def _copy(self, record: ForeignRecord, site: SiteSpec) -> Capture:
        written = self._writer(site).copy_record(
            record_id=record.id, url=record.url, date=record.date, http_bytes=record.http_bytes, ip=record.ip
        )  # fmt: skip
        return record.as_capture(site=site.id, written=written, run_id=self.run_id)

    def _copy_revisit(self, record: ForeignRecord, site: SiteSpec) -> Capture | None:
        """The revisit with the page it refers to, None when that is not in the archive."""
        original = find_original(self.store, record)
        if original is None and self.group:
            # it may be among the pages not stored yet
            self.commit()
            original = find_original(self.store, record)
        if original is None:
            return None
        written = self._writer(site).copy_revisit(
            record_id=record.id, url=record.url, date=record.date, http_bytes=record.http_bytes, ip=record.ip,
            payload_sha256=original.payload_sha256, refers_to=(original.url, original.fetched_at),
        )  # fmt: skip
        page = read_capture(self.store.warc_folder, original.location, site=original.site)
        capture = record.as_capture(site=site.id, written=written, run_id=self.run_id)
        return attrs.evolve(capture, body=page.body, headers=record.headers or page.headers)

    def _keep(
        self, capture: Capture, record: ForeignRecord, site: SiteSpec, *, is_page: bool
    ) -> None:
        if is_page:
            family, template = self.registry.family_of(site), self.store.template(site.id)
            make_ready(site, family)
            outcome: Outcome = process(capture, site, family, template)
        else:
            outcome = Explored(capture=capture)
        self.group.append((outcome, record))
        self.ids.add(record.id)
        self.group_bytes += len(capture.body) + len(record.http_bytes)

    def _writer(self, site: SiteSpec) -> WarcWriter:
        if site.id not in self.writers:
            self._lock(site.id)
            self.writers[site.id] = WarcWriter(
                self.store.warc_folder,
                site=site.id,
                run_id=self.run_id,
                operator=self.operator,
                software=self.software,
                robots_policy=IMPORT_POLICY,
                command="import",
                source=f"{self.source.path.name} sha256:{self.source.sha256}",
                known_payload=self.store.known_payload,
            )
            with self.store.transaction():
                self.store.sync_site(site_row(site))
        return self.writers[site.id]

    def _lock(self, site: str) -> None:
        """Keep crawls and other imports of *site* out. Raises SiteLocked; what is read is stored then."""
        lock = SiteLock(self.store, site)
        try:
            lock.acquire()
        except SiteLocked:
            self.commit()
            raise
        self.locks.append(lock)

    def commit(self) -> None:
        """Records to the disk, then rows, provenance and the place in the file in one transaction."""
        for writer in self.writers.values():
            writer.flush(durable=True)
        with self.store.transaction():
            for lock in self.locks:
                if not lock.renew(None):
                    raise SiteLocked(
                        f"{lock.site} was taken over by another process while this import stood still;"
                        " run it again, it goes on where it was"
                    )
            for outcome, record in self.group:
                self._count(outcome, self.store.store_outcome(outcome))
                remember_record(self.store, self.import_id, record)
            remember_position(self.store, self.import_id, self.position)
        self.seen["kept"] += len(self.group)
        self.group.clear()
        self.ids.clear()
        self.group_bytes = self.since_commit = 0

    def _count(self, outcome: Outcome, stored: str) -> None:
        if isinstance(outcome, Rejected):
            self.rejected[outcome.reason.value] += 1
        elif isinstance(outcome, Accepted):
            self.results[stored] += 1

    def close_files(self) -> None:
        """Close the WARC files of this import, write them down and index them."""
        for writer in self.writers.values():
            register_closed(self.store, writer.close())
        index_closed_files(self.store, sites=self.writers)

    def unlock(self) -> None:
        """Give the locks back."""
        for lock in self.locks:
            lock.release(None)

    def counts(self) -> RunCounts:
        """The import as a run record has it."""
        unchanged = self.results["unchanged"]
        return RunCounts(
            fetched=self.seen["kept"],
            accepted=self.results.total() - unchanged,
            unchanged=unchanged,
            rejected=dict(self.rejected),
        )


def looks_like_an_article(record: ForeignRecord, site: SiteSpec) -> bool:
    """Whether a response of *site* is worth reading: status 200, text, the address of an article."""
    content_type = next((y for x, y in record.headers if x.lower() == "content-type"), "")
    is_text = not content_type.strip() or content_type.strip().lower().startswith(_PAGE_TYPES)
    return record.status == _OK and is_text and _fits(record.url, site)


def _fits(url: str, site: SiteSpec) -> bool:
    return not site.article_url or site.fits_article(url)


def import_warc(
    store: Store,
    registry: Registry,
    path: Path,
    *,
    software: str,
    operator: str,
    all_pages: bool = False,
    on_record: Callable[[int], None] | None = None,
) -> ImportReport:
    """Take the pages of the WARC or WACZ file *path* into the archive; *on_record* hears of each response.

    Only pages that look like articles of a known site are taken, with *all_pages* all else of known
    hosts too, as captures. Raises NotAWarc when the file is none, nothing is stored then;
    SiteLocked while one of its papers is crawled or imported by another process.
    """
    recover_open_files(store)
    members = warc_members(path)
    run_id = new_run_id(datetime.now(UTC))
    job = _Import(
        store=store, registry=registry, source=source_of(path), run_id=run_id, software=software,
        operator=operator, all_pages=all_pages,
    )  # fmt: skip
    start_run(
        store, run_id, site=path.name, command="import",
        versions=versions(), rules=rule_digests(registry, registry.sites),
    )  # fmt: skip
    resumed, reason = False, "error"
    read: list[ForeignWarc] = []
    with ExitStack() as ending:
        ending.callback(lambda: finish_run(store, run_id, reason, job.counts()))
        ending.callback(job.unlock)
        ending.callback(job.close_files)
        for member in members:
            begun = begin_import(store, job.source, member, all_pages=all_pages)
            job.import_id, job.position = begun.id, begun.position
            resumed = resumed or begun.position > 0
            warc = ForeignWarc(path, member=member, start=begun.position, wants=job.wants)
            _read(job, warc, on_record)
            finish_import(store, begun.id)
            read.append(warc)
        reason = "damaged file" if any(warc.bad_count for warc in read) else "finished"
    seen = job.seen
    return ImportReport(
        path=path, sha256=job.source.sha256, resumed=resumed, responses=seen["responses"],
        foreign=seen["foreign"], other=seen["other"], known=seen["known"],
        unresolved=seen["unresolved"], counts=job.counts(),
        bad_count=sum(x.bad_count for x in read), bad=tuple(bad for x in read for bad in x.bad),
        unwanted_bad_count=sum(x.unwanted_bad_count for x in read),
        unwanted_bad=tuple(bad for x in read for bad in x.unwanted_bad),
    )  # fmt: skip


def _read(job: _Import, warc: ForeignWarc, on_record: Callable[[int], None] | None) -> None:
    for record in warc:
        job.take(record)
        if on_record is not None:
            on_record(job.seen["responses"])
    job.commit()
