"""Jobs of the engine that read parcels of a replay: put into the queue, asked after, taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import procrastinate

from archive.cluster.manifest import REPLAY_PREFIX
from scraper.cluster.database import connected, unreachable
from scraper.cluster.engine import READ_QUEUE, READ_TASK

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPEN: Final = (
    "SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) AND status IN ('todo', 'doing')"
)
_WITHDRAW: Final = (
    "SELECT procrastinate_cancel_job_v1(id, false, false) FROM procrastinate_jobs"
    " WHERE status = 'todo' AND starts_with(lock, %s)"
)


def defer_reading(dsn: str, parcel: str) -> int:
    """Have a parcel read by some worker; the number of the job. Raises ClusterUnreachable."""
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=dsn, min_size=1, max_size=1)
    )
    with unreachable(dsn), app.open():
        # of several jobs of one parcel only one runs
        job = app.configure_task(READ_TASK, lock=f"{REPLAY_PREFIX}{parcel}", queue=READ_QUEUE)
        return int(job.defer(parcel=parcel))


def open_jobs(dsn: str, numbers: Sequence[int]) -> set[int]:
    """Those of these jobs that wait or run. Raises ClusterUnreachable."""
    if not numbers:
        return set()
    with connected(dsn) as connection:
        return {row["id"] for row in connection.execute(_OPEN, (list(numbers),))}


def withdraw_waiting(dsn: str, prefix: str) -> None:
    """Cancel the jobs that wait and whose lock begins with *prefix*. Raises ClusterUnreachable."""
    with connected(dsn) as connection:
        connection.execute(_WITHDRAW, (prefix,))
