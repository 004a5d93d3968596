"""Look an archive over: what is wrong, what will be, and what to do about each. Changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import ArchiveError, DqtvError, NothingPublished
from archive.instants import instant_of, read_instant
from archive.locks import held_sites
from archive.orders import open_orders
from archive.processes import is_alive
from archive.room import MEGABYTE, shortage
from archive.runs import last_runs
from archive.schedule_table import ScheduleTable
from archive.snapshot import newest_snapshot
from archive.store import Store
from archive.timing import DAY_S, HOUR_S, vietnam_text
from archive.verify import left_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: A snapshot older than the newest article by more than this wants publishing.
_STALE_SNAPSHOT: Final = timedelta(days=7)
#: Every file is to be read again after so long a time (our choice: four times a year).
_VERIFIED_WITHIN: Final = timedelta(days=90)
#: A file or run from further ahead than this says that the clock is wrong now, or was then.
_CLOCK_SLACK_S: Final = 300.0
#: Nobody looked at the schedule for so long: it is not called.
_NOT_LOOKED_S: Final = 2 * HOUR_S
_FAILURES: Final = 3
#: So many times the room below which a crawl ends is worth a word.
_TIGHT: Final = 4


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that was looked at."""

    #: What was looked at: ``disk``, ``clock`` ...
    check: str
    #: False when it needs a hand.
    is_good: bool
    what: str
    #: What to do about it; None when nothing is to be done.
    todo: str | None = None


@attrs.frozen(kw_only=True)
class Patient:
    """What is looked over, and by what."""

    root: Path
    now: float
    #: Megabytes that are to stay free.
    least_mb: int
    #: Name -> version of what is installed.
    versions: Mapping[str, str]


def examine(patient: Patient) -> list[Finding]:
    """Every check, in one fixed order. Raises ArchiveError where there is no archive."""
    path = patient.root / "archive.db"
    if not path.exists():
        raise ArchiveError(
            f"there is no archive at {patient.root} (no archive.db); name another folder with --archive,"
            " restore a backup, or build it from the WARC files with `dqtv repair --rebuild`"
        )
    findings = [*_disk(patient), *_database(path)]
    if not all(one.is_good for one in findings if one.check == "database"):
        return findings
    try:
        store = Store.open(patient.root, create=False)
    except DqtvError as error:
        return [*findings, _bad("database", str(error), "see the message")]
    checks: tuple[Callable[[Store, Patient], Iterator[Finding]], ...] = (
        _clock, _versions, _locks, _tails, _snapshot, _schedule, _orders, _verified,
    )  # fmt: skip
    with store:
        return [*findings, *(one for check in checks for one in check(store, patient))]


def _good(check: str, what: str) -> Finding:
    return Finding(check=check, is_good=True, what=what)


def _bad(check: str, what: str, todo: str) -> Finding:
    return Finding(check=check, is_good=False, what=what, todo=todo)


def _disk(patient: Patient) -> Iterator[Finding]:
    if short := shortage(patient.root, patient.least_mb):
        what, _, todo = short.partition(": ")
        yield _bad("disk", what, todo)
    elif shortage(patient.root, patient.least_mb * _TIGHT):
        what = f"fewer than {patient.least_mb * _TIGHT} MB are free at {patient.root}"
        yield _bad(
            "disk",
            what,
            f"make room soon: crawls end below {patient.least_mb} MB (DQTV_MIN_FREE_MB)",
        )
    else:
        yield _good("disk", f"more than {patient.least_mb * _TIGHT} MB are free")


def _database(path: Path) -> Iterator[Finding]:
    """SQLite's own check of every page, on a connection that can change nothing."""
    restore = (
        "stop all crawls, keep the file, restore the newest backup or run `dqtv repair --rebuild`"
    )
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            said = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        said = [str(error)]
    if said == ["ok"]:
        size = path.stat().st_size / MEGABYTE
        yield _good("database", f"archive.db is sound ({size:.0f} MB)")
    else:
        yield _bad("database", f"archive.db is damaged: {'; '.join(said)}", restore)


def _clock(store: Store, patient: Patient) -> Iterator[Finding]:
    newest = store.path.stat().st_mtime
    for (text,) in store.connection.execute(
        "SELECT max(ifnull(finished_at, started_at)) FROM runs"
    ):
        newest = max(newest, read_instant(text).timestamp() if text else 0.0)
    (seen,) = store.connection.execute("SELECT max(seen_at) FROM schedule_clock").fetchone()
    newest = max(newest, seen or 0.0)
    if newest > patient.now + _CLOCK_SLACK_S:
        what = f"the clock shows {vietnam_text(patient.now)} (UTC+7), but the archive was written at {vietnam_text(newest)}"
        yield _bad(
            "clock",
            what,
            "set the clock (`timedatectl set-ntp true`); if it was wrong before, later runs put the schedule right",
        )
    else:
        yield _good("clock", f"{vietnam_text(patient.now)} (UTC+7), after everything on file")


def _versions(store: Store, patient: Patient) -> Iterator[Finding]:
    last = next((run for run in last_runs(store, limit=20) if run.versions), None)
    changed = [
        f"{name} {old} to {patient.versions[name]}"
        for name, old in (last.versions if last else {}).items()
        if patient.versions.get(name, old) != old
    ]
    said = f"changed since the last run: {', '.join(changed)}" if changed else "as in the last run"
    yield _good("versions", said if last else "no run so far")


def _locks(store: Store, patient: Patient) -> Iterator[Finding]:  # noqa: ARG001 - the signature of a check
    held = held_sites(store.connection)
    rows = store.connection.execute("SELECT site FROM site_locks WHERE holder != '' ORDER BY site")
    orphans = [site for (site,) in rows if site not in held]
    if orphans:
        what = (
            f"left by processes that are gone: {', '.join(orphans)}; the next crawl takes them over"
        )
        yield _good("locks", what)
    else:
        yield _good("locks", f"{len(held)} papers are being crawled" if held else "none is held")


def _tails(store: Store, patient: Patient) -> Iterator[Finding]:  # noqa: ARG001 - the signature of a check
    left = left_open(store.warc_folder)
    if left:
        what = f"{len(left)} WARC files were left open by killed runs, their last record may be torn: {left[0]}"
        yield _bad("warc", what, "`dqtv repair` closes them; so does the next crawl of each paper")
    else:
        yield _good("warc", "no file was left open")


def _snapshot(store: Store, patient: Patient) -> Iterator[Finding]:
    (newest,) = store.connection.execute("SELECT max(first_captured_at) FROM articles").fetchone()
    if newest is None:
        yield _good("snapshot", "no article is stored so far")
        return
    try:
        snapshot = newest_snapshot(patient.root)
    except NothingPublished:
        yield _bad("snapshot", "nothing is published", "run `dqtv publish`")
        return
    except ArchiveError as error:
        yield _bad("snapshot", str(error), "run `dqtv publish`")
        return
    if read_instant(newest) - snapshot.built_at > _STALE_SNAPSHOT:
        what = (
            f"the newest snapshot is of {snapshot.built_at:%Y-%m-%d}, articles are of {newest[:10]}"
        )
        yield _bad(
            "snapshot",
            what,
            "run `dqtv publish`, best after every crawl (`dqtv run-due --publish`)",
        )
    else:
        yield _good(
            "snapshot", f"of {snapshot.built_at:%Y-%m-%d %H:%M} UTC, {snapshot.articles} articles"
        )


def _schedule(store: Store, patient: Patient) -> Iterator[Finding]:
    planned = [one for one in ScheduleTable(store).all() if not one.entry.is_paused]
    if not planned:
        yield _good("schedule", "nothing is scheduled")
        return
    (seen,) = store.connection.execute("SELECT max(seen_at) FROM schedule_clock").fetchone()
    oldest = min(one.next_at for one in planned)
    if patient.now - max(seen or 0.0, oldest) > _NOT_LOOKED_S:
        when = f"since {vietnam_text(seen)}" if seen else "ever"
        what = f"nothing has looked at the schedule {when}, though {vietnam_text(oldest)} is past"
        yield _bad(
            "schedule",
            what,
            "see `systemctl list-timers dqtv-run-due.timer`, `crontab -l` or that `dqtv watch` runs; `dqtv schedule install`",
        )
    good = True
    for one in planned:
        name = f"{one.entry.site} {one.entry.job.value}"
        if one.failures >= _FAILURES:
            good = False
            yield _bad(
                "schedule",
                f"{name} failed {one.failures} times in a row; next {vietnam_text(one.next_at)}",
                f"see `dqtv runs {one.entry.site}` and `dqtv sites check {one.entry.site}`",
            )
        elif patient.now - one.next_at > DAY_S and seen and patient.now - seen < _NOT_LOOKED_S:
            good = False
            yield _bad(
                "schedule",
                f"{name} is due since {vietnam_text(one.next_at)}",
                "see `dqtv run-due`: it says why",
            )
    if good:
        yield _good("schedule", f"{len(planned)} jobs, none drifts")


def _orders(store: Store, patient: Patient) -> Iterator[Finding]:
    orders = open_orders(store.connection)
    stale = [
        one
        for one in orders
        if one.is_waiting
        and one.message is None
        and patient.now - one.asked_at.timestamp() > _NOT_LOOKED_S
    ]
    lost = [one for one in orders if one.holder is not None and not is_alive(one.holder)]
    for one in (*stale, *lost):
        asked_at = vietnam_text(one.asked_at.timestamp())
        why = "nobody has taken it" if one.is_waiting else "the process that obeyed it is gone"
        what = f"order {one.id} ({one.kind} {one.site}, {one.asked_by}, {asked_at}): {why}"
        todo = f"call `dqtv run-due`, see that `dqtv watch` runs, or `dqtv orders cancel {one.id}`"
        yield _bad("orders", what, todo)
    if not (stale or lost):
        yield _good("orders", f"{len(orders)} are open" if orders else "none is open")


def _verified(store: Store, patient: Patient) -> Iterator[Finding]:
    before = (instant_of(patient.now) - _VERIFIED_WITHIN).isoformat()
    [total], [old] = (
        store.connection.execute(
            f"SELECT count(*) FROM warc_files WHERE closed_at IS NOT NULL{condition}", values  # noqa: S608 - own text
        ).fetchone()
        for condition, values in (
            ("", ()), (" AND ifnull(verified_at, closed_at) < ?", (before,)),
        )
    )  # fmt: skip
    if old:
        days = _VERIFIED_WITHIN.days
        what = f"{old} of {total} WARC files were not read for more than {days} days"
        yield _bad("verify", what, "run `dqtv verify`, or `dqtv verify --sample 10%` every week")
    else:
        yield _good(
            "verify",
            f"all of {total} WARC files were written or read in the last {_VERIFIED_WITHIN.days} days",
        )
