"""One site in one run of the crawler: what the ledger holds for it from its lease to its last count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import attrs

from archive.crawl_log import LineParts, LogLine, line_of
from scraper.moved_hosts import HostWatch
from scraper.tally import SiteTally

if TYPE_CHECKING:
    from archive.lease import Lease
    from archive.warc import WarcWriter


@attrs.define
class SiteSession:
    """One site in one run: its lease, run id, open WARC file and counts."""

    site: str
    run_id: str
    lease: Lease
    writer: WarcWriter
    tally: SiteTally = attrs.field(factory=SiteTally)
    hosts: HostWatch = attrs.field(factory=HostWatch)
    #: Unix time of the last request.
    last_fetch_at: float | None = None
    #: Number of the backfill this run works on; None for a daily crawl.
    backfill_id: int | None = None
    #: Lines in the crawl log.
    logged: int = 0

    def line(self, **parts: Unpack[LineParts]) -> LogLine:
        """The next line of the run's crawl log."""
        self.logged += 1
        return line_of(run_id=self.run_id, position=self.logged, site=self.site, **parts)
