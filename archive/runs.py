"""Records of runs: one row for each crawl, import or replay, from its start to its end."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.instants import compact_text, read_instant, utc_text
from archive.processes import is_alive, this_process
from archive.run_counts import RunCounts

if TYPE_CHECKING:
    from archive.store import Store

#: Reason shown for a run that never said how it ended.
KILLED: Final = "killed"


@attrs.frozen(kw_only=True)
class Run:
    """One run as recorded."""

    id: str
    site: str
    #: ``crawl``, ``import`` or ``replay``.
    command: str
    started_at: datetime
    #: None while it runs, and for ever after a kill.
    finished_at: datetime | None
    #: ``finished``, ``interrupted`` ...; ``killed`` when its process is gone; None while it runs.
    reason: str | None
    counts: RunCounts


def new_run_id(now: datetime) -> str:
    """Start instant in UTC and a random part: ``20261124T030955Z-1a2b3c4d``. *now* is aware."""
    return f"{compact_text(now)}-{secrets.token_hex(4)}"


def start_run(
    store: Store, run_id: str, *, site: str, command: str, now: datetime | None = None
) -> None:
    """Record that this process begins a run; commits at once. Raises ArchiveUnwritable."""
    started = utc_text(now or datetime.now(UTC))
    with store.transaction():
        store.connection.execute(
            "INSERT INTO runs (id, site, command, holder, started_at) VALUES (?, ?, ?, ?, ?)",
            (run_id, site, command, this_process(), started),
        )


def finish_run(
    store: Store, run_id: str, reason: str, counts: RunCounts, *, now: datetime | None = None
) -> None:
    """Record how a run ended; commits at once.

    Raises LookupError when no such run was started, ArchiveUnwritable.
    """
    packed = orjson.dumps(attrs.asdict(counts), option=orjson.OPT_SORT_KEYS).decode()
    finished = utc_text(now or datetime.now(UTC))
    with store.transaction():
        done = store.connection.execute(
            "UPDATE runs SET finished_at = ?, reason = ?, counts = ? WHERE id = ?",
            (finished, reason, packed, run_id),
        )
        if done.rowcount == 0:
            raise LookupError(f"run {run_id} was never started")


def last_runs(store: Store, *, site: str | None = None, limit: int = 20) -> tuple[Run, ...]:
    """The newest runs of one site or of all, newest first."""
    rows = store.connection.execute(
        "SELECT id, site, command, holder, started_at, finished_at, reason, counts FROM runs"
        " WHERE ?1 IS NULL OR site = ?1 ORDER BY started_at DESC, id DESC LIMIT ?2",
        (site, limit),
    )
    return tuple(_run(row) for row in rows)


def _run(row: tuple[str, str, str, str, str, str | None, str | None, str | None]) -> Run:
    run_id, site, command, holder, started, finished, reason, counts = row
    if finished is None:
        reason = None if is_alive(holder) else KILLED
    return Run(
        id=run_id,
        site=site,
        command=command,
        started_at=read_instant(started),
        finished_at=read_instant(finished) if finished else None,
        reason=reason,
        counts=RunCounts(**orjson.loads(counts)) if counts else RunCounts(),
    )
