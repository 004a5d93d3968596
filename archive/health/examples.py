"""An address that shows what an alarm says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.crawl_log import ROBOTS
from archive.health.alarms import Kind

if TYPE_CHECKING:
    import sqlite3

    from archive.health.reading import Reading

_READ: Final = "fields IS NOT NULL AND outcome IN ('new', 'rejected')"
_COMMON_LAYOUT: Final = (
    f"SELECT layout FROM crawl_log WHERE run_id = ?1 AND {_READ} AND layout IS NOT NULL"  # noqa: S608 - own text
    " GROUP BY layout ORDER BY count(*) DESC LIMIT 1"
)
#: Condition on a line of the run's log, and the order in which the first is taken; ?2 is the reading's field.
_SHOWS: Final = {
    Kind.FIELD_MISSING: f"{_READ} AND instr(' ' || fields || ' ', ' ' || ?2 || ' ') = 0 ORDER BY position",
    Kind.FALLBACK: f"{_READ} AND body_source <> 'rule' ORDER BY position",
    Kind.BODY_SHORT: f"{_READ} ORDER BY characters, position",
    Kind.LAYOUT_CHANGED: f"{_READ} AND layout = ({_COMMON_LAYOUT}) ORDER BY position",
    Kind.CHARSET_CHANGED: f"{_READ} AND charset <> ?2 ORDER BY position",
    Kind.BLOCKED: "reason = 'blocked' ORDER BY position",
    Kind.TLS_CHANGED: "reason = 'tls' ORDER BY position",
    Kind.ROBOTS_CHANGED: "reason = 'robots' ORDER BY position",
    Kind.ERRORS: "reason = ?2 ORDER BY position",
    Kind.NEVER_WORKS: "outcome IN ('failed', 'retry') ORDER BY position",
    Kind.NOTHING_NEW: f"{_READ} AND published_at IS NOT NULL ORDER BY published_at DESC",
}


def example(connection: sqlite3.Connection, run_id: str, site: str, reading: Reading) -> str | None:
    """The first address of the run that shows the reading; else the paper's front page."""
    if reading.example_url is not None:
        return reading.example_url
    found = None
    if reading.kind in _SHOWS:
        found = connection.execute(
            "SELECT url FROM crawl_log WHERE run_id = ?1 AND ?2 IS ?2 AND kind <> ?3"  # noqa: S608 - own text
            f" AND {_SHOWS[reading.kind]} LIMIT 1",
            (run_id, reading.field, ROBOTS),
        ).fetchone()
    found = (
        found or connection.execute("SELECT homepage FROM sites WHERE id = ?", (site,)).fetchone()
    )
    return found[0] if found else None
