"""From the schedule to the queue: due jobs become jobs of the engine, and what became of them goes back.

Runs beside the archive. For a site one job waits or runs at most: what falls due meanwhile stays due, as with
`dqtv run-due`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import attrs
from procrastinate.jobs import Job as EngineJob

from archive.backfill import Backfills
from archive.locks import held_sites
from archive.runs import KILLED
from archive.schedule import Job, Planned, after_run, due
from archive.schedule_table import ScheduleTable
from archive.store import Store
from scraper.cluster.database import connected
from scraper.cluster.engine import CRAWL_QUEUE, CRAWL_TASK, Asked, lock_of
from scraper.cluster.queue import put_in_queue
from scraper.due import NOT_BEGUN, USUAL_MONTHS, last_months

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import psycopg

#: Machine in the name of a run that the cluster does; no process of any machine.
CLUSTER: Final = "the cluster"
#: "Is there a todo or doing job with this lock?"
_WAITING: Final = "SELECT DISTINCT lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock IS NOT NULL"
#: Seconds by which the clocks of worker and hub may differ.
_CLOCKS_APART_S: Final = 60.0
_STATUS: Final = "SELECT status::text AS status FROM procrastinate_jobs WHERE id = %s"


@attrs.frozen(kw_only=True)
class Fed:
    """What one look at the schedule did."""

    #: Sites whose job was put into the queue, and what is done there.
    deferred: tuple[tuple[str, str], ...] = ()
    #: Sites whose job has ended, and how.
    ended: tuple[tuple[str, str], ...] = ()
    #: One sentence for each site that is scheduled and not crawled.
    problems: tuple[str, ...] = ()


def feed(
    root: Path, dsn: str, *, why_not: Callable[[str], str | None] = lambda _: None, now: float | None = None
) -> Fed:  # fmt: skip
    """Look at the schedule of the archive at *root* once.

    *why_not* says why a site is not crawled. Whoever calls it holds `archive.locks.scheduler_lock`, between two
    looks as well: `dqtv run-due` would crawl beside the cluster. Raises ClusterUnreachable, ArchiveError.
    """
    with (
        Store.open(root, create=False) as store,
        connected(dsn) as connection,
    ):
        return _Feeding(store, connection, dsn, time.time() if now is None else now, why_not).run()


@attrs.define
class _Feeding:
    store: Store
    connection: psycopg.Connection[dict[str, Any]]
    dsn: str
    now: float
    why_not: Callable[[str], str | None]
    table: ScheduleTable = attrs.field(init=False)

    def run(self) -> Fed:
        self.table = ScheduleTable(self.store)
        self.table.close_killed(self.now)
        taken = {row["lock"] for row in self.connection.execute(_WAITING)}
        ended = tuple(self._end(run) for run in self._runs() if lock_of(run.site) not in taken)
        self.table.look(self.now)
        busy = held_sites(self.store.connection)
        chosen: dict[str, Planned] = {}
        problems = []
        for planned in due(self.table.all(), self.now):
            site = planned.entry.site
            if (why := self.why_not(site)) is not None:
                problems.append(
                    f"{site} is scheduled but not crawled: {why} (`dqtv schedule remove {site}`)"
                )
            elif lock_of(site) not in taken and site not in busy:
                chosen.setdefault(site, planned)
        self._defer(list(chosen.values()))
        deferred = tuple((one.entry.site, one.entry.job.value) for one in chosen.values())
        return Fed(deferred=deferred, ended=ended, problems=tuple(dict.fromkeys(problems)))

    # -- to the queue -------------------------------------------------------------------------------

    def _defer(self, chosen: Sequence[Planned]) -> None:
        """Put jobs into the queue, then write down that they began.

        Killed in between, the jobs run all the same, and their locks keep them from being put there twice.
        """
        numbers = defer(self.dsn, [asked_for(planned, self.now) for planned in chosen])
        for planned, number in zip(chosen, numbers, strict=True):
            self.table.begin([planned], self.now, holder=holder_of(number))

    # -- and back -----------------------------------------------------------------------------------

    def _runs(self) -> list[_Run]:
        rows = self.store.connection.execute(
            "SELECT id, site, job, holder, unixepoch(started_at) FROM scheduled_runs"
            " WHERE finished_at IS NULL AND holder LIKE ? ORDER BY id",
            (f"{CLUSTER} %",),
        )
        return [_Run(*row) for row in rows.fetchall()]

    def _end(self, run: _Run) -> tuple[str, str]:
        """Write down how a run ended that has no job left."""
        reason = self._reason(run)
        planned = self.table.get(run.site, Job(run.job))
        if planned is not None:
            planned = after_run(
                planned, reason, begun_at=run.began, now=self.now, is_unfinished=self._is_unfinished(run),
                published=self.table.published(planned.entry, self.now),
            )  # fmt: skip
            self.table.end(run.id, planned, reason, self.now)
        else:
            self.table.close(run.id, reason, self.now)
        return run.site, reason

    def _reason(self, run: _Run) -> str:
        """How the newest crawl ended that came home since; else what the engine says of the job."""
        found = self.store.connection.execute(
            "SELECT reason FROM runs WHERE site = ? AND command = 'crawl' AND unixepoch(started_at) >= ?"
            " AND finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1",
            (run.site, run.began - _CLOCKS_APART_S),
        ).fetchone()
        if found is not None:
            return str(found[0])
        row = self.connection.execute(_STATUS, (run.number,)).fetchone()
        return KILLED if row is not None and row["status"] == "failed" else NOT_BEGUN

    def _is_unfinished(self, run: _Run) -> bool:
        if run.job != Job.BACKFILL.value:
            return False
        found = self.store.connection.execute(
            "SELECT id FROM backfills WHERE site = ? ORDER BY id DESC LIMIT 1", (run.site,)
        ).fetchone()
        return (
            found is not None and not Backfills(self.store.connection).progress(found[0]).finished
        )


@attrs.frozen
class _Run:
    """An open row of ``scheduled_runs`` that the cluster does."""

    id: int
    site: str
    job: str
    holder: str
    began: float

    @property
    def number(self) -> int:
        """Of the engine's job."""
        return int(self.holder.rsplit(" ", 2)[1])


def holder_of(number: int) -> str:
    """Who does a job of the engine, in the form of `archive.processes`."""
    return f"{CLUSTER} {number} job"


def asked_for(planned: Planned, now: float) -> Asked:
    """The job of the engine for a due entry of the schedule."""
    entry = planned.entry
    is_backfill = entry.job is Job.BACKFILL
    return Asked(
        site=entry.site,
        backfill=last_months(now, entry.months or USUAL_MONTHS) if is_backfill else None,
        rechecks="only" if entry.job is Job.RECHECKS else None,
        until=entry.hours.closing(now) if entry.hours else None,
    )


def defer(dsn: str, asked: Iterable[Asked]) -> list[int]:
    """Put jobs into the queue, all or none; their numbers. Raises ClusterUnreachable."""
    jobs = [
        EngineJob(
            id=None, queue=CRAWL_QUEUE, task_name=CRAWL_TASK, lock=lock_of(one.site), queueing_lock=None,
            task_kwargs=one.job(),
        )
        for one in asked
    ]  # fmt: skip
    return put_in_queue(dsn, jobs)
