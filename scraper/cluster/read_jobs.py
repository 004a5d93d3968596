"""Jobs of the engine that read parcels of a replay: put into the queue, asked after, taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from procrastinate.jobs import Job

from archive.lease import REPLAY_PREFIX
from scraper.cluster.database import connected
from scraper.cluster.engine import READ_QUEUE, READ_TASK
from scraper.cluster.queue import put_in_queue

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPEN: Final = (
    "SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) AND status IN ('todo', 'doing')"
)
_WITHDRAW: Final = (
    "SELECT procrastinate_cancel_job_v1(id, false, false) FROM procrastinate_jobs"
    " WHERE status = 'todo' AND task_name = %s"
)


def defer_readings(dsn: str, parcels: Sequence[str]) -> list[int]:
    """Have parcels read by some workers, all or none; the numbers of the jobs. Raises ClusterUnreachable."""
    # of several jobs of one parcel only one runs
    jobs = [
        Job(
            id=None, queue=READ_QUEUE, task_name=READ_TASK, lock=f"{REPLAY_PREFIX}{name}", queueing_lock=None,
            task_kwargs={"parcel": name},
        )
        for name in parcels
    ]  # fmt: skip
    return put_in_queue(dsn, jobs)


def open_jobs(dsn: str, numbers: Sequence[int]) -> set[int]:
    """Those of these jobs that wait or run. Raises ClusterUnreachable."""
    if not numbers:
        return set()
    with connected(dsn) as connection:
        return {row["id"] for row in connection.execute(_OPEN, (list(numbers),))}


def withdraw_waiting(dsn: str) -> None:
    """Cancel the jobs that wait. Raises ClusterUnreachable."""
    with connected(dsn) as connection:
        connection.execute(_WITHDRAW, (READ_TASK,))
