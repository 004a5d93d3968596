"""Take in WARC files written by others: known hosts' pages go through the same process() as a crawl.

Each response of a known site is copied into a WARC file of this archive with its id, date and bytes,
so that its row can name the raw page. What is already in the archive is skipped, so an import that was
interrupted is simply run again.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from archive.foreign import ForeignWarc
from archive.manifest import register_closed
from archive.model import Accepted, Capture, Outcome, Rejected
from archive.origin import IMPORT_POLICY
from archive.recovery import recover_open_files
from archive.run_counts import RunCounts
from archive.runs import finish_run, new_run_id, start_run
from archive.warc import WarcWriter
from scraper.process import process
from scraper.sites.row import site_row
from scraper.versions import rule_digests, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.foreign import ForeignRecord
    from archive.store import Store
    from scraper.sites.load import Registry

#: Pages in one transaction.
GROUP_SIZE: Final = 64
_OK: Final = 200


@attrs.frozen(kw_only=True)
class ImportReport:
    """What became of one file."""

    path: Path
    #: Responses read.
    responses: int
    #: Responses of hosts no site file knows, or that are no page (redirects, errors).
    foreign: int
    #: Responses that were in the archive already.
    known: int
    counts: RunCounts
    #: What is wrong with the end of the file; None when it was read to its last byte.
    damage: str | None


@attrs.define
class _Import:
    """One import under way."""

    store: Store
    registry: Registry
    run_id: str
    software: str
    operator: str
    writers: dict[str, WarcWriter] = attrs.field(factory=dict)
    group: list[Outcome] = attrs.field(factory=list)
    responses: int = 0
    foreign: int = 0
    known: int = 0
    results: Counter[str] = attrs.field(factory=Counter)
    rejected: Counter[str] = attrs.field(factory=Counter)

    def take(self, record: ForeignRecord) -> None:
        self.responses += 1
        site = self.registry.site_for_url(record.url)
        if site is None or record.status != _OK:
            self.foreign += 1
        elif self.store.has_capture(record.id) or any(
            outcome.capture is not None and outcome.capture.id == record.id
            for outcome in self.group
        ):
            self.known += 1
        else:
            written = self._writer(site.id).copy_record(
                record_id=record.id, url=record.url, date=record.date, http_bytes=record.http_bytes, ip=record.ip
            )  # fmt: skip
            capture = record.as_capture(site=site.id, written=written, run_id=self.run_id)
            self._judge(capture)

    def _judge(self, capture: Capture) -> None:
        site = self.registry.site(capture.site)
        family, template = self.registry.family_of(site), self.store.template(site.id)
        self.group.append(process(capture, site, family, template))
        if len(self.group) >= GROUP_SIZE:
            self.commit()

    def _writer(self, site_id: str) -> WarcWriter:
        if site_id not in self.writers:
            self.writers[site_id] = WarcWriter(
                self.store.warc_folder,
                site=site_id,
                run_id=self.run_id,
                operator=self.operator,
                software=self.software,
                robots_policy=IMPORT_POLICY,
                command="import",
                known_payload=self.store.known_payload,
            )
            with self.store.transaction():
                self.store.sync_site(site_row(self.registry.site(site_id)))
        return self.writers[site_id]

    def commit(self) -> None:
        for writer in self.writers.values():
            writer.flush(durable=True)
        with self.store.transaction():
            for outcome in self.group:
                self._count(outcome, self.store.store_outcome(outcome))
        self.group.clear()

    def _count(self, outcome: Outcome, stored: str) -> None:
        if isinstance(outcome, Rejected):
            self.rejected[outcome.reason.value] += 1
        elif isinstance(outcome, Accepted):
            self.results[stored] += 1

    def close_files(self) -> None:
        for writer in self.writers.values():
            register_closed(self.store, writer.close())

    def counts(self) -> RunCounts:
        unchanged = self.results["unchanged"]
        return RunCounts(
            fetched=self.responses - self.foreign - self.known,
            accepted=self.results.total() - unchanged,
            unchanged=unchanged,
            rejected=dict(self.rejected),
        )


def import_warc(
    store: Store,
    registry: Registry,
    path: Path,
    *,
    software: str,
    operator: str,
    on_record: Callable[[int], None] | None = None,
) -> ImportReport:
    """Take the pages of the WARC file *path* into the archive; *on_record* hears of each response.

    Raises NotAWarc when the file is none; nothing is stored then.
    """
    recover_open_files(store)
    run_id = new_run_id(datetime.now(UTC))
    start_run(
        store, run_id, site=path.name, command="import",
        versions=versions(), rules=rule_digests(registry, registry.sites),
    )  # fmt: skip
    job = _Import(
        store=store, registry=registry, run_id=run_id, software=software, operator=operator
    )
    warc = ForeignWarc(path)
    reason = "error"
    with ExitStack() as ending:
        ending.callback(lambda: finish_run(store, run_id, reason, job.counts()))
        ending.callback(job.close_files)
        for record in warc:
            job.take(record)
            if on_record is not None:
                on_record(job.responses)
        job.commit()
        reason = "finished" if warc.damage is None else "damaged file"
    return ImportReport(
        path=path,
        responses=job.responses,
        foreign=job.foreign,
        known=job.known,
        counts=job.counts(),
        damage=warc.damage,
    )
