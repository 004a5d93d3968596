"""Puts jobs into the engine's queue from outside of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import procrastinate
from procrastinate import exceptions

from archive.cluster.leases import Leases
from archive.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procrastinate.jobs import Job


def put_in_queue(dsn: str, jobs: Sequence[Job]) -> list[int]:
    """Put *jobs* into the queue, all or none; their numbers. Raises ClusterUnreachable."""
    if not jobs:
        return []
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=dsn, min_size=1, max_size=1)
    )
    try:
        with app.open():
            return [int(job.id) for job in app.job_manager.batch_defer_jobs(list(jobs))]
    except exceptions.ConnectorException as error:
        raise ClusterUnreachable(
            f"{Leases(dsn).name} took no jobs ({error}); see whether PostgreSQL runs there"
        ) from error
