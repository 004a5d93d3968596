"""At the end of a run: what it showed is kept, judged by the site's past, and told to the alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from archive.health import alarms as book
from archive.health.alarms import Finding, Kind
from archive.health.examples import example
from archive.health.history import DAYS
from archive.health.judge import DISK_FULL, Case, judge
from archive.health.measures import DAILY, keep, measure, past_runs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from archive.health.alarms import Alarm
    from archive.health.measures import Measures
    from archive.health.reading import Reading
    from archive.store import Store

#: Runs before this one whose lists are looked at.
_LISTS_OF_RUNS: Final = 10
#: What was taken note of may count as usual after this time.
_USUAL_AFTER: Final = timedelta(days=14)


def check_run(store: Store, run_id: str, kind: str, now: datetime) -> None:
    """Measure a finished run; open, renew and close its site's alarms. *kind* is that of ``Measures``; commits.

    Raises LookupError when there is no such run, ArchiveUnwritable.
    """
    with store.transaction():
        run = judge_run(store.connection, run_id, kind, now)
        _settle_disk(store.connection, run, now)


def judge_run(db: sqlite3.Connection, run_id: str, kind: str, now: datetime) -> Measures:
    """The same inside a transaction, and but for the disk: that of a run on another machine is not the archive's."""
    run = measure(db, run_id, kind)
    keep(db, run)
    if kind == DAILY:
        case = case_of(db, run)
        settle(db, case, judge(case), now)
    return run


def case_of(db: sqlite3.Connection, run: Measures) -> Case:
    """The run with everything that is known of the time before it."""
    since = run.started_at - timedelta(days=DAYS)
    past = past_runs(db, run.site, since=since, before=run.started_at)
    before: dict[str, list[int]] = {}
    for earlier in past[-_LISTS_OF_RUNS:]:
        for url, number in _lists(db, earlier.run_id).items():
            if number is not None:
                before.setdefault(url, []).append(number)
    return Case(
        run=run,
        past=past,
        lists=_lists(db, run.run_id),
        lists_before=before,
        alarms=book.open_alarms(db, [run.site]),
    )


def _lists(db: sqlite3.Connection, run_id: str) -> dict[str, int | None]:
    return dict(
        db.execute(
            "SELECT url, max(listed) FROM crawl_log WHERE run_id = ? AND kind NOT IN ('article', 'robots')"
            " AND outcome IN ('explored', 'failed') GROUP BY url",
            (run_id,),
        ).fetchall()
    )


def settle(db: sqlite3.Connection, case: Case, readings: Sequence[Reading], now: datetime) -> None:
    """Open, renew and close the alarms of the case's site (inside a transaction)."""
    site, run_id = case.run.site, case.run.run_id
    known = {alarm.key: alarm for alarm in case.alarms}
    findings, over = [], []
    for reading in readings:
        alarm = known.get((site, reading.kind, reading.field))
        if alarm is not None and _is_over(reading, alarm, now):
            over.append(alarm.id)
        elif reading.is_out or (alarm is not None and reading.now is not None):
            # an open alarm lasts until things are as before, also where that has become usual
            findings.append(_finding(reading, site, example(db, run_id, site, reading)))
    book.see(db, findings, now)
    book.close(db, over, now)


def _is_over(reading: Reading, alarm: Alarm, now: datetime) -> bool:
    """What somebody took note of is over as well when it has become usual."""
    if reading.ends(alarm):
        return True
    noted = alarm.acknowledged_at
    return noted is not None and now - noted > _USUAL_AFTER and not reading.is_out


def _finding(reading: Reading, site: str, url: str | None) -> Finding:
    return Finding(
        site=site, kind=reading.kind, field=reading.field, before=reading.before, now=reading.now, example_url=url
    )  # fmt: skip


def _settle_disk(db: sqlite3.Connection, run: Measures, now: datetime) -> None:
    disk = [x for x in book.open_alarms(db) if x.kind is Kind.DISK_FULL]
    if run.reason == DISK_FULL:
        book.see(db, [Finding(site=None, kind=Kind.DISK_FULL)], now)
    else:
        book.close(db, [x.id for x in disk], now)
