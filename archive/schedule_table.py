"""The schedule in the archive: what is to run when, what ran, and the clock it was last looked at by."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.audit import note_deed
from archive.errors import UsageError
from archive.instants import instant_of, read_instant, utc_text
from archive.processes import is_alive, this_process
from archive.runs import KILLED
from archive.schedule import Entry, Job, Planned, after_run, clock_set_back, times
from archive.timing import Adaptive, read_hours, read_timing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

    from archive.store import Store

_COLUMNS: Final = (
    "site, job, timing, hours, jitter_s, priority, months, paused_at, next_at, failures"
)
#: Newest publications of a site that are looked at.
_PUBLICATIONS: Final = 2_000


@attrs.frozen(kw_only=True)
class ScheduledRun:
    """One run of a job, as recorded."""

    site: str
    job: str
    due_at: datetime
    started_at: datetime
    finished_at: datetime | None
    #: None while it runs.
    reason: str | None
    run_id: str | None


def read_schedule(connection: sqlite3.Connection) -> list[Planned]:
    """Every entry with its state, by site and job."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM schedules ORDER BY site, job")  # noqa: S608 - own names
    return [_planned(row) for row in rows.fetchall()]


class ScheduleTable:
    """The tables ``schedules``, ``scheduled_runs`` and ``schedule_clock``; each method commits by itself.

    Where *by* says who changes the schedule, the audit trail says so too, with what it was before and after.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection = store.connection

    # -- entries --------------------------------------------------------------------------------

    def all(self) -> list[Planned]:
        """Every entry with its state, by site and job."""
        return read_schedule(self._connection)

    def get(self, site: str, job: Job) -> Planned | None:
        """One entry, or None."""
        return next((one for one in self.all() if one.key == (site, job)), None)

    def set(self, entry: Entry, now: float, *, by: str | None = None) -> Planned:
        """Write an entry, new or in place of the former one, and plan its next run after *now*."""
        planned = Planned(entry=entry, next_at=self._first(entry, now))
        with self._store.transaction(), self._audited("scheduled", [planned], now, by):
            self._write(planned, now)
        return planned

    def _write(self, planned: Planned, now: float) -> None:
        entry = planned.entry
        values = (
            entry.site, entry.job.value, str(entry.timing), entry.hours and str(entry.hours), entry.jitter_s,
            entry.priority, entry.months, utc_text(instant_of(now)) if entry.is_paused else None,
            planned.next_at, 0, utc_text(instant_of(now)),
        )  # fmt: skip
        self._connection.execute(
            f"INSERT OR REPLACE INTO schedules ({_COLUMNS}, set_at)"  # noqa: S608 - own names
            f" VALUES ({', '.join('?' * len(values))})",
            values,
        )

    def upcoming(self, planned: Planned, now: float) -> Iterator[float]:
        """The next times of an entry, the planned one first."""
        yield planned.next_at
        after = max(planned.next_at, now)
        yield from times(planned.entry, after, self.published(planned.entry, now))

    def pause(
        self, chosen: Sequence[Planned], now: float, *, by: str | None = None, order_id: int | None = None
    ) -> None:  # fmt: skip
        """Let these entries rest until they are resumed."""
        with self._store.transaction(), self._audited("paused", chosen, now, by, order_id):
            self._connection.executemany(
                "UPDATE schedules SET paused_at = ifnull(paused_at, ?) WHERE site = ? AND job = ?",
                [(utc_text(instant_of(now)), *_key(one)) for one in chosen],
            )

    def resume(
        self, chosen: Sequence[Planned], now: float, *, by: str | None = None, order_id: int | None = None
    ) -> None:  # fmt: skip
        """Go on with these entries at their next regular time; what was missed meanwhile is not made up."""
        with self._store.transaction(), self._audited("resumed", chosen, now, by, order_id):
            for one in chosen:
                entry = attrs.evolve(one.entry, is_paused=False)
                self._write(Planned(entry=entry, next_at=self._first(entry, now)), now)

    def remove(self, chosen: Sequence[Planned], now: float, *, by: str | None = None) -> None:
        """Forget these entries; what ran stays on record."""
        with self._store.transaction(), self._audited("unscheduled", chosen, now, by):
            self._connection.executemany(
                "DELETE FROM schedules WHERE site = ? AND job = ?", [_key(one) for one in chosen]
            )

    @contextmanager
    def _audited(
        self, action: str, chosen: Sequence[Planned], now: float, by: str | None, order_id: int | None = None
    ) -> Iterator[None]:  # fmt: skip
        """Note in the audit trail what the schedule of each site was before and is after (inside a transaction)."""
        sites = sorted({one.entry.site for one in chosen}) if by is not None else []
        keys = {one.key for one in chosen}
        before = {site: self._states(site, keys) for site in sites}
        yield
        for site in sites:
            note_deed(
                self._connection, action, who=by or "", now=now, site=site, order_id=order_id,
                before=before[site], after=self._states(site, keys),
            )  # fmt: skip

    def _states(self, site: str, keys: Collection[tuple[str, Job]]) -> list[dict[str, object]]:
        return [
            {
                "job": one.entry.job.value, "timing": str(one.entry.timing), "hours": one.entry.hours and str(one.entry.hours),
                "jitter_s": one.entry.jitter_s, "priority": one.entry.priority, "months": one.entry.months,
                "is_paused": one.entry.is_paused, "next_at": one.next_at,
            }
            for one in self.all()
            if one.entry.site == site and one.key in keys
        ]  # fmt: skip

    def put_off(self, planned: Planned) -> None:
        """Write the state of an entry, unless it was removed."""
        with self._store.transaction():
            self._save(planned)

    def _save(self, planned: Planned) -> None:
        self._connection.execute(
            "UPDATE schedules SET next_at = ?, failures = ? WHERE site = ? AND job = ?",
            (planned.next_at, planned.failures, *_key(planned)),
        )

    def _first(self, entry: Entry, now: float) -> float:
        return next(times(entry, now, self.published(entry, now)))

    def published(self, entry: Entry, now: float) -> list[float]:
        """Unix times at which the site published what is known of it, as far as *entry* adapts to them."""
        if not isinstance(entry.timing, Adaptive):
            return []
        rows = self._connection.execute(
            "SELECT published_at FROM articles WHERE site = ?1 AND published_at > ?2 UNION ALL"
            " SELECT published_at FROM frontier WHERE site = ?1 AND published_at > ?2 AND article_id IS NULL"
            " ORDER BY published_at DESC LIMIT ?3",
            (entry.site, utc_text(instant_of(now - 30 * 86_400.0))[:10], _PUBLICATIONS),
        )
        return [at for (text,) in rows.fetchall() if (at := _unix(text)) is not None]

    # -- the clock ------------------------------------------------------------------------------

    def look(self, now: float) -> float | None:
        """Note that the schedule was looked at; returns the clock of the last look, if there was one.

        A clock that was set back since moves every plan, see `clock_set_back`.
        """
        row = self._connection.execute("SELECT seen_at FROM schedule_clock").fetchone()
        with self._store.transaction():
            if row is not None and row[0] > now:
                for one in self.all():
                    self._save(clock_set_back(one, now, row[0]))
            self._connection.execute(
                "INSERT INTO schedule_clock (id, seen_at) VALUES (1, ?)"
                " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
                (now,),
            )
        return None if row is None else float(row[0])

    # -- what ran -------------------------------------------------------------------------------

    def begin(self, chosen: Sequence[Planned], now: float, holder: str | None = None) -> list[int]:
        """Record that these jobs begin; numbers of their rows.

        *holder* is who does them, in the form of `archive.processes`, when it is not this process.
        """
        holder = holder or this_process()
        with self._store.transaction():
            return [
                int(
                    self._connection.execute(
                        "INSERT INTO scheduled_runs (site, job, due_at, started_at, holder)"
                        " VALUES (?, ?, ?, ?, ?) RETURNING id",
                        (*_key(one), utc_text(instant_of(one.next_at)), utc_text(instant_of(now)), holder),
                    ).fetchone()[0]
                )
                for one in chosen
            ]  # fmt: skip

    def end(self, row_id: int, planned: Planned, reason: str, now: float) -> None:
        """Record how a run ended, and the state of its entry after it."""
        with self._store.transaction():
            self._end(row_id, reason, now)
            self._save(planned)

    def close(self, row_id: int, reason: str, now: float) -> None:
        """Record how a run ended whose entry was removed meanwhile."""
        with self._store.transaction():
            self._end(row_id, reason, now)

    def _end(self, row_id: int, reason: str, now: float) -> None:
        self._connection.execute(
            "UPDATE scheduled_runs SET finished_at = ?1, reason = ?2, run_id = (SELECT id FROM runs AS r"
            " WHERE r.site = scheduled_runs.site AND command = 'crawl'"
            " AND r.started_at >= scheduled_runs.started_at AND r.started_at <= ?1"
            " ORDER BY r.started_at LIMIT 1) WHERE id = ?3",
            (utc_text(instant_of(now)), reason, row_id),
        )

    def close_killed(self, now: float) -> list[tuple[str, str]]:
        """Close the records of runs whose process is gone; (site, job) of each."""
        rows = self._connection.execute(
            "SELECT id, site, job, holder, started_at FROM scheduled_runs WHERE finished_at IS NULL"
        ).fetchall()
        dead = [row for row in rows if not is_alive(row[3])]
        for row_id, site, job, _, started_at in dead:
            planned = self.get(site, Job(job))
            with self._store.transaction():
                self._end(row_id, KILLED, now)
                if planned is not None:
                    begun = read_instant(started_at).timestamp()
                    self._save(after_run(planned, KILLED, begun_at=begun, now=now))
        return [(site, job) for _, site, job, _, _ in dead]

    def last(self, site: str | None = None, *, limit: int = 5) -> list[ScheduledRun]:
        """The newest runs of a site or of all, newest first."""
        rows = self._connection.execute(
            "SELECT site, job, due_at, started_at, finished_at, reason, run_id FROM scheduled_runs"
            " WHERE ?1 IS NULL OR site = ?1 ORDER BY started_at DESC, id DESC LIMIT ?2",
            (site, limit),
        ).fetchall()
        return [
            ScheduledRun(
                site=row[0], job=row[1], due_at=read_instant(row[2]), started_at=read_instant(row[3]),
                finished_at=read_instant(row[4]) if row[4] else None, reason=row[5], run_id=row[6],
            )
            for row in rows
        ]  # fmt: skip


def choose(table: ScheduleTable, sites: Sequence[str], job: Job | None) -> list[Planned]:
    """The entries of *sites*, of one *job* or of all. Raises UsageError for a site that has none."""
    found = table.all()
    for site in sites:
        if not any(one.entry.site == site and job in {None, one.entry.job} for one in found):
            what = f"no {job.value} of {site}" if job else f"nothing of {site}"
            raise UsageError(f"{what} is scheduled; `dqtv schedule list` shows what is")
    return [one for one in found if one.entry.site in sites and job in {None, one.entry.job}]


def _key(planned: Planned) -> tuple[str, str]:
    return planned.entry.site, planned.entry.job.value


def _planned(row: tuple[Any, ...]) -> Planned:
    site, job, timing, hours, jitter_s, priority, months, paused_at, next_at, failures = row
    entry = Entry(
        site=site, job=Job(job), timing=read_timing(timing), hours=read_hours(hours) if hours else None,
        jitter_s=jitter_s, priority=priority, months=months, is_paused=paused_at is not None,
    )  # fmt: skip
    return Planned(entry=entry, next_at=next_at, failures=failures)


def _unix(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
