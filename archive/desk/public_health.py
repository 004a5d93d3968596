"""What everybody may know of the crawls: one reading of the archive for all the pages that tell it.

Kinds of alarms and their days are told; fields, addresses, numbers and notes are for archivists.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.private_archive import read_archive
from archive.errors import ArchiveError
from archive.health.alarms import open_alarms
from archive.instants import instant_of
from archive.operations import public_summary

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from archive.desk.office import Office
    from archive.operations import PublicPaper

#: Seconds for which one reading of the archive answers everybody.
KEPT_S: Final = 10.0


@attrs.frozen(kw_only=True)
class PublicHealth:
    """What everybody may know of the crawls."""

    read_at: datetime
    #: Of papers and of the archive as a whole.
    open_alarms: int
    #: By name; papers that were never crawled are left out.
    papers: tuple[PublicPaper, ...]

    def paper(self, site: str) -> PublicPaper | None:
        """One paper, or None when the archive does not know it."""
        return next((paper for paper in self.papers if paper.site == site), None)


async def public_health(office: Office) -> PublicHealth | None:
    """Read at most once in ``KEPT_S``, however many ask; None while the archive cannot be read."""
    async with office.summing:
        at, known = office.summed or (float("-inf"), None)
        if time.monotonic() - at < KEPT_S:
            return known
        try:
            health = await read_archive(office, _read)
        except ArchiveError:
            health = None
        office.summed = (time.monotonic(), health)
        return health


def _read(db: sqlite3.Connection) -> PublicHealth:
    now = time.time()
    named = [paper for paper in public_summary(db, now) if paper.name]
    return PublicHealth(
        read_at=instant_of(now),
        open_alarms=len(open_alarms(db)),
        papers=tuple(sorted(named, key=lambda paper: (paper.name or "", paper.site))),
    )


def paper_form(paper: PublicPaper) -> dict[str, object]:
    """A paper's state as JSON has it."""
    return {
        "state": paper.state.value,
        "last_successful_crawl": paper.last_good_day and paper.last_good_day.isoformat(),
        "alarms": [
            {"kind": alarm.kind.value, "since": alarm.since.isoformat()} for alarm in paper.alarms
        ],
    }
