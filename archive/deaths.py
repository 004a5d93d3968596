"""Addresses that were being fetched when the process died: which of them may be the cause."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from archive.instants import utc_text

if TYPE_CHECKING:
    import sqlite3

#: An address whose fetch saw the process die this often may be the cause: it then waits for all others and is
#: fetched alone, so that a death tells it from those that were fetched beside it.
SUSPECT: Final = 10
#: After this many deaths, those beyond `SUSPECT` while it was fetched alone, it is given up for a week.
MAX_INTERRUPTED: Final = 50


def put_back(connection: sqlite3.Connection, site: str) -> int:
    """Put back the frontier rows that a dead process of *site* held (inside a transaction); their number."""
    held = connection.execute(
        "SELECT id FROM frontier WHERE site = ? AND state = 'leased'", (site,)
    ).fetchall()
    # of several that were under way, none is known to be the cause
    most = MAX_INTERRUPTED if len(held) == 1 else SUSPECT
    connection.executemany(
        "UPDATE frontier SET state = 'found', interrupted = max(interrupted, min(interrupted + 1, ?))"
        " WHERE id = ?",
        [(most, row[0]) for row in held],
    )
    connection.execute(
        "UPDATE frontier SET state = 'failed', outcome = 'interrupted', settled_at = ?,"
        " detail = 'the process died each time this address was fetched'"
        " WHERE site = ? AND state = 'found' AND interrupted >= ?",
        (utc_text(datetime.now(UTC)), site, MAX_INTERRUPTED),
    )
    return len(held)
