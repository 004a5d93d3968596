"""Give the jobs of workers that died to others, and forget old jobs: the engine does neither by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import attrs
from procrastinate import exceptions
from procrastinate.jobs import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

logger = logging.getLogger(__name__)

#: Care for the queue runs beside the crawls, never behind them.
CARE_QUEUE: Final = "care"
#: Finished jobs are forgotten after so many hours.
KEEP_HOURS: Final = 30 * 24
#: Every minute. Of six fields the seconds come last: ``*/5 * * * * *`` is every second of every fifth minute.
EVERY_MINUTE: Final = "* * * * *"
_DAILY: Final = "17 19 * * *"


@attrs.frozen(kw_only=True)
class Reaped:
    """Numbers of the jobs a round found at workers that no longer give a sign of life."""

    retried: tuple[int, ...] = ()
    #: Another job of the same name waits already, so this one is over.
    failed: tuple[int, ...] = ()


def add_reaper(app: Any, *, stalled_s: float, cron: str = EVERY_MINUTE) -> None:  # noqa: ANN401 - the engine's app
    """Let the workers of *app* look for such jobs, by the cron expression *cron*, and tidy up daily."""

    async def reap(timestamp: int) -> None:  # noqa: ARG001 - the engine hands it in
        await reap_stalled(app, stalled_s)

    async def tidy(timestamp: int) -> None:  # noqa: ARG001 - the engine hands it in
        await app.job_manager.delete_old_jobs(
            nb_hours=KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )

    _periodic(app, cron, reap)
    _periodic(app, _DAILY, tidy)


def _periodic(app: Any, cron: str, work: Callable[[int], Coroutine[Any, Any, None]]) -> None:  # noqa: ANN401 - the engine's app
    task = app.task(name=work.__name__, queue=CARE_QUEUE)(work)
    app.periodic(cron=cron, periodic_id=work.__name__)(task)


async def reap_stalled(app: Any, stalled_s: float) -> Reaped:  # noqa: ANN401 - the engine's app
    """Put back every job whose worker gave no sign of life for *stalled_s* seconds."""
    retried, failed = [], []
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s):
        try:
            await app.job_manager.retry_job(job)
        except exceptions.UniqueViolation:
            # a job with a queueing lock of which another waits: put back it would block the lock for ever
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
            failed.append(job.id)
        except exceptions.ConnectorException as error:
            logger.info("job %s ended while it was to be put back: %s", job.id, error)
        else:
            retried.append(job.id)
            logger.warning("job %s of a worker that is gone waits again", job.id)
    return Reaped(retried=tuple(retried), failed=tuple(failed))
