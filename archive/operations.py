"""What goes on in an archive, for those who only look: running crawls, what comes next, how the last ones ended.

Pure readings of ``archive.db`` over a connection that writes nothing; every query is bounded. *now* is Unix time.
"""

from __future__ import annotations

import enum
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.crawl_log import CrawlLog
from archive.database import BUSY_TIMEOUT_S, open_for_reading, translated_errors
from archive.health.alarms import Alarm, open_alarms
from archive.health.alarms import Kind as AlarmKind
from archive.instants import VIETNAM, instant_of, read_instant
from archive.lease import TTL_SECONDS
from archive.orders import Kind, Order, last_orders, open_orders
from archive.processes import is_surely_alive
from archive.runs import GOOD_REASONS, Run, newest_runs, unfinished_runs
from archive.schedule_table import read_schedule

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime
    from pathlib import Path

    from archive.runs import Unfinished
    from archive.schedule import Planned

#: A paper that was not crawled as asked for so long is called quiet.
QUIET_AFTER: Final = timedelta(days=7)
#: Newest runs among which the last good one is looked for.
_LOOKED_BACK: Final = 200


@attrs.frozen(kw_only=True)
class RunningCrawl:
    """A crawl, import or replay that goes on."""

    run_id: str
    #: Paper; the file of an import.
    site: str
    #: ``crawl``, ``import`` or ``replay``.
    command: str
    started_at: datetime
    host: str
    process: int
    #: True when its process is seen to live on this machine; False when it is on another one.
    is_here: bool
    #: Last sign of life: a crawl gives one every few seconds. None for imports and replays.
    seen_at: datetime | None
    #: Requests answered, robots.txt among them, and articles taken in, new or in a new version.
    requests: int
    accepted: int
    failed: int
    #: Address of the last answer and what became of it; None before the first.
    last_url: str | None
    last_outcome: str | None
    #: Crawl order it obeys, if it does.
    order_id: int | None = None
    #: Order that asks it to stop, if there is one.
    stop_order_id: int | None = None


@attrs.frozen(kw_only=True)
class Upcoming:
    """A scheduled job and when it comes."""

    site: str
    #: ``crawl``, ``rechecks`` or ``backfill``.
    job: str
    #: As ``dqtv schedule set`` takes it: ``cron 15 2 * * *``, ``every 6`` ...
    timing: str
    #: Hours in which it may run, Vietnam's time; None for the whole day.
    hours: str | None
    #: From when on it is due.
    next_at: datetime
    is_due: bool
    is_paused: bool
    #: Runs in a row that failed for a reason of the site's.
    failures: int


@attrs.frozen(kw_only=True)
class Overview:
    """All that an archivist's page shows at a glance."""

    read_at: datetime
    running: tuple[RunningCrawl, ...]
    #: What is due and what comes next, by time; paused jobs last.
    upcoming: tuple[Upcoming, ...]
    #: Site -> its newest runs, newest first.
    last_runs: dict[str, tuple[Run, ...]]
    #: Orders that wait or are being obeyed, oldest first, and the newest of all, newest first.
    open_orders: tuple[Order, ...]
    last_orders: tuple[Order, ...]
    alarms: tuple[Alarm, ...]
    #: When a crawler last looked at the schedule; None when none ever did.
    schedule_seen_at: datetime | None


class State(enum.StrEnum):
    """How a paper's crawls do, in a word."""

    #: Crawled as asked within a week, nothing out of the ordinary.
    OK = "ok"
    #: Not crawled as asked for a week, or never.
    QUIET = "quiet"
    #: An alarm is open.
    PROBLEM = "problem"


@attrs.frozen(kw_only=True)
class PublicAlarm:
    """What anybody may know of open alarms of one kind: not the field, which can be an address, nor the numbers."""

    kind: AlarmKind
    #: Day, in Vietnam, on which the oldest of them was opened.
    since: date


@attrs.frozen(kw_only=True)
class PublicPaper:
    """What anybody may know of a paper's crawls: neither addresses nor texts of errors."""

    site: str
    #: None for a paper that was never crawled.
    name: str | None
    state: State
    #: Day of the last crawl that ended as asked, in Vietnam; None when there was none lately.
    last_good_day: date | None
    articles: int
    #: The oldest first.
    alarms: tuple[PublicAlarm, ...]


@contextmanager
def reading(root: Path, *, timeout: float = BUSY_TIMEOUT_S) -> Iterator[sqlite3.Connection]:
    """A connection to the archive at *root* that can change nothing, with everything read at one instant.

    Waits *timeout* seconds for a database that is locked as a whole. Raises ArchiveError (no archive, locked for
    longer, damaged, a folder that cannot be written), SchemaMismatch for an archive of another version.
    """
    path = root / "archive.db"
    opened = closing(open_for_reading(path, timeout=timeout))
    with opened as connection, translated_errors(path, waited=timeout):
        connection.execute("BEGIN")
        yield connection


def overview(db: sqlite3.Connection, now: float, *, runs_each: int = 3) -> Overview:
    """Everything at once."""
    (seen,) = db.execute("SELECT max(seen_at) FROM schedule_clock").fetchone()
    return Overview(
        read_at=instant_of(now),
        running=tuple(running(db)),
        upcoming=tuple(upcoming(db, now)),
        last_runs=last_runs_by_site(db, each=runs_each),
        open_orders=tuple(open_orders(db)),
        last_orders=tuple(last_orders(db)),
        alarms=tuple(open_alarms(db)),
        schedule_seen_at=None if seen is None else instant_of(seen),
    )


def running(db: sqlite3.Connection) -> list[RunningCrawl]:
    """What goes on now, the newest first."""
    orders = open_orders(db)
    return [_running(db, one, orders) for one in unfinished_runs(db, limit=100)]


def _running(db: sqlite3.Connection, run: Unfinished, orders: list[Order]) -> RunningCrawl:
    host, process, _ = run.holder.rsplit(" ", 2)
    last = db.execute(
        "SELECT position, url, outcome FROM crawl_log WHERE run_id = ? ORDER BY position DESC LIMIT 1",
        (run.id,),
    ).fetchone()
    requests, url, outcome = last or (0, None, None)
    renewed = db.execute(
        "SELECT expires_at FROM site_locks WHERE site = ? AND holder = ?", (run.site, run.holder)
    ).fetchone()
    counts = CrawlLog(db).counts(run.id)
    mine = {
        one.kind: one.id
        for one in orders
        if one.site == run.site
        and (one.run_id == run.id or (one.kind is Kind.CRAWL and not one.is_waiting))
    }
    is_crawl = run.command == "crawl"
    return RunningCrawl(
        run_id=run.id,
        site=run.site,
        command=run.command,
        started_at=run.started_at,
        host=host,
        process=int(process),
        is_here=is_surely_alive(run.holder),
        seen_at=instant_of(renewed[0] - TTL_SECONDS) if renewed else None,
        requests=requests,
        accepted=counts.accepted,
        failed=sum(counts.failed.values()),
        last_url=url,
        last_outcome=outcome,
        order_id=mine.get(Kind.CRAWL) if is_crawl else None,
        stop_order_id=mine.get(Kind.STOP) if is_crawl else None,
    )


def upcoming(db: sqlite3.Connection, now: float, *, limit: int = 200) -> list[Upcoming]:
    """What is due and what comes next, by time; paused jobs last."""
    planned = sorted(read_schedule(db), key=lambda one: (one.entry.is_paused, _begins(one, now)))
    return [
        Upcoming(
            site=one.entry.site,
            job=one.entry.job.value,
            timing=str(one.entry.timing),
            hours=str(one.entry.hours) if one.entry.hours else None,
            next_at=instant_of(_begins(one, now)),
            is_due=not one.entry.is_paused and _begins(one, now) <= now,
            is_paused=one.entry.is_paused,
            failures=one.failures,
        )
        for one in planned[:limit]
    ]


def _begins(planned: Planned, now: float) -> float:
    """When an entry begins: a missed one when its hours next allow it."""
    hours = planned.entry.hours
    if planned.next_at > now or hours is None:
        return planned.next_at
    return planned.next_at if hours.hold(now) else hours.opening(now)


def last_runs_by_site(db: sqlite3.Connection, *, each: int = 3) -> dict[str, tuple[Run, ...]]:
    """Paper -> its newest runs, newest first; papers that never ran are left out."""
    found = {site: newest_runs(db, site=site, limit=each) for site in _papers(db)}
    return {site: runs for site, runs in found.items() if runs}


def _papers(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT id FROM sites UNION SELECT site FROM schedules ORDER BY 1")
    return [row[0] for row in rows.fetchall()]


def public_summary(db: sqlite3.Connection, now: float) -> list[PublicPaper]:
    """Each paper's state, by id, with nothing in it that is not for everybody."""
    names = dict(db.execute("SELECT id, name FROM sites").fetchall())
    articles = dict(db.execute("SELECT site, count(*) FROM articles GROUP BY site").fetchall())
    alarms = open_alarms(db)
    summary = []
    for site in _papers(db):
        mine = _for_everybody(alarm for alarm in alarms if alarm.site == site)
        good = _last_good(db, site)
        summary.append(
            PublicPaper(
                site=site,
                name=names.get(site),
                state=_state(bool(mine), good, now),
                last_good_day=good.astimezone(VIETNAM).date() if good else None,
                articles=articles.get(site, 0),
                alarms=mine,
            )
        )
    return summary


def _for_everybody(alarms: Iterable[Alarm]) -> tuple[PublicAlarm, ...]:
    """One for each kind, the oldest first."""
    since: dict[AlarmKind, date] = {}
    for alarm in sorted(alarms, key=lambda one: one.opened_at):
        since.setdefault(alarm.kind, alarm.opened_at.astimezone(VIETNAM).date())
    return tuple(PublicAlarm(kind=kind, since=day) for kind, day in since.items())


def _last_good(db: sqlite3.Connection, site: str) -> datetime | None:
    """End of the site's last crawl that ended as asked, among its newest runs."""
    rows = db.execute(
        "SELECT finished_at, reason FROM runs WHERE site = ? AND command = 'crawl'"
        " ORDER BY started_at DESC LIMIT ?",
        (site, _LOOKED_BACK),
    )
    ends = (read_instant(end) for end, reason in rows if end and reason in GOOD_REASONS)
    return next(ends, None)


def _state(has_alarms: bool, last_good: datetime | None, now: float) -> State:
    if has_alarms:
        return State.PROBLEM
    if last_good is None or instant_of(now) - last_good > QUIET_AFTER:
        return State.QUIET
    return State.OK
