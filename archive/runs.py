"""Records of runs: one row for each crawl, import or replay, from its start to its end.

A row says with what the run was made: versions, rules, politeness, what robots.txt said. What it did
stands in the crawl log, line by line.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.crawl_log import CrawlLog
from archive.errors import UsageError
from archive.instants import compact_text, read_instant, utc_text
from archive.processes import is_alive, is_elsewhere, this_process
from archive.run_counts import RunCounts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from archive.store import Store

#: Reason shown for a run that never said how it ended: its process is gone.
KILLED: Final = "ended without saying so"
#: The same for an import or replay on another machine, of which nothing here tells whether it lives.
OUT_OF_SIGHT: Final = "on another machine, end not known"
#: Reason of a crawl that ended because the site's allowed hours did.
HOURS_OVER: Final = "hours over"
#: Reason of a crawl that an archivist had ended.
STOPPED: Final = "stopped by order"
#: Reasons that mean the site was crawled as asked.
GOOD_REASONS: Final = frozenset({"finished", "page limit", HOURS_OVER})

_COLUMNS: Final = "id, site, command, holder, started_at, finished_at, reason, counts, versions, rules, politeness, robots"
#: Columns a run may fill while it goes on.
_NOTES: Final = frozenset({"politeness", "robots"})


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
    #: ``finished``, ``interrupted`` ...; `KILLED` when its process is gone; None while it runs.
    reason: str | None
    #: Of a run that has not finished: what its crawl log says so far.
    counts: RunCounts
    #: Name -> version of the program, Python and libraries; empty for runs before these were kept.
    versions: dict[str, str] = attrs.field(factory=dict)
    #: File of rules -> hex SHA-256.
    rules: dict[str, str] = attrs.field(factory=dict)
    #: Delays and waits in seconds.
    politeness: dict[str, Any] = attrs.field(factory=dict)
    #: One entry for each robots.txt read.
    robots: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def seconds(self) -> float | None:
        """How long it took; None when it has no end."""
        return (
            None
            if self.finished_at is None
            else (self.finished_at - self.started_at).total_seconds()
        )

    @property
    def is_good(self) -> bool:
        """True while it runs and when it ended as asked."""
        return self.reason is None or self.reason in GOOD_REASONS


@attrs.frozen(kw_only=True)
class Unfinished:
    """A run that goes on."""

    id: str
    site: str
    #: ``crawl``, ``import`` or ``replay``.
    command: str
    #: See `archive.processes`.
    holder: str
    started_at: datetime


def new_run_id(now: datetime) -> str:
    """Start instant in UTC and a random part: ``20261124T030955Z-1a2b3c4d``. *now* is aware."""
    return f"{compact_text(now)}-{secrets.token_hex(4)}"


def start_run(
    store: Store,
    run_id: str,
    *,
    site: str,
    command: str,
    now: datetime | None = None,
    versions: Mapping[str, str] | None = None,
    rules: Mapping[str, str] | None = None,
) -> None:
    """Record that this process begins a run; commits at once. Raises ArchiveUnwritable."""
    started = utc_text(now or datetime.now(UTC))
    with store.transaction():
        store.connection.execute(
            "INSERT INTO runs (id, site, command, holder, started_at, versions, rules)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run_id, site, command, this_process(), started, _packed(versions), _packed(rules)),
        )


def note_run(store: Store, run_id: str, notes: Mapping[str, object]) -> None:
    """Fill the columns ``politeness`` or ``robots`` of a run (inside a transaction)."""
    for column in notes.keys() & _NOTES:
        store.connection.execute(
            f"UPDATE runs SET {column} = ? WHERE id = ?",  # noqa: S608 - one of two names
            (_packed(notes[column]), run_id),
        )


def finish_run(
    store: Store, run_id: str, reason: str, counts: RunCounts, *, now: datetime | None = None
) -> None:
    """Record how a run ended; commits at once.

    Raises LookupError when no such run was started, ArchiveUnwritable.
    """
    finished = utc_text(now or datetime.now(UTC))
    with store.transaction():
        done = store.connection.execute(
            "UPDATE runs SET finished_at = ?, reason = ?, counts = ? WHERE id = ?",
            (finished, reason, _packed(attrs.asdict(counts)), run_id),
        )
        if done.rowcount == 0:
            raise LookupError(f"run {run_id} was never started")


def last_runs(store: Store, *, site: str | None = None, limit: int = 20) -> tuple[Run, ...]:
    """The newest runs of one site or of all, newest first."""
    return newest_runs(store.connection, site=site, limit=limit)


def newest_runs(
    connection: sqlite3.Connection, *, site: str | None = None, limit: int = 20
) -> tuple[Run, ...]:
    """The same on any connection, also one that only reads."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE ?1 IS NULL OR site = ?1"  # noqa: S608 - own names
        " ORDER BY started_at DESC, id DESC LIMIT ?2",
        (site, limit),
    ).fetchall()
    return tuple(_run(connection, row) for row in rows)


def last_crawls(store: Store) -> dict[str, Run]:
    """Site -> its newest crawl."""
    rows = store.connection.execute(
        f"SELECT {_COLUMNS} FROM runs AS r WHERE command = 'crawl' AND NOT EXISTS (SELECT 1 FROM runs"  # noqa: S608 - own names
        " WHERE site = r.site AND command = 'crawl' AND (started_at, id) > (r.started_at, r.id))"
    ).fetchall()
    return {row[1]: _run(store.connection, row) for row in rows}


def unfinished_runs(connection: sqlite3.Connection, *, limit: int = 500) -> list[Unfinished]:
    """Runs that go on, as far as this machine can tell, newest first; those that were killed are left out."""
    rows = connection.execute(
        "SELECT id, site, command, holder, started_at FROM runs WHERE finished_at IS NULL"
        " ORDER BY started_at DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        Unfinished(id=run_id, site=site, command=command, holder=holder, started_at=read_instant(started))
        for run_id, site, command, holder, started in rows
        if _why_no_end(connection, site, command, holder) is None
    ]  # fmt: skip


def running_crawl(connection: sqlite3.Connection, site: str) -> str | None:
    """Id of the crawl of *site* that is running; None when there is none."""
    running = unfinished_runs(connection)
    return next((one.id for one in running if (one.site, one.command) == (site, "crawl")), None)


def find_run(store: Store, run_id: str) -> Run:
    """The run with this id, or the only one whose id ends so. Raises UsageError when there is none."""
    rows = store.connection.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE id = ?1 OR substr(id, -length(?1)) = ?1 LIMIT 2",  # noqa: S608 - own names
        (run_id,),
    ).fetchall()
    if len(rows) != 1:
        many = "more than one run has an id that ends so" if rows else "there is no such run"
        raise UsageError(f"{run_id}: {many} in {store.root}; `dqtv runs` lists them")
    return _run(store.connection, rows[0])


def run_with_id(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """The run with exactly this id, on any connection; None when there is none."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,)).fetchone()  # noqa: S608 - own names
    return None if row is None else _run(connection, row)


def _run(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Run:
    run_id, site, command, holder, started, finished, reason, counts, *made_with = row
    if finished is None:
        reason = _why_no_end(connection, site, command, holder)
    versions, rules, politeness, robots = map(_unpacked, made_with)
    return Run(
        id=run_id,
        site=site,
        command=command,
        started_at=read_instant(started),
        finished_at=read_instant(finished) if finished else None,
        reason=reason,
        counts=RunCounts(**orjson.loads(counts)) if counts else CrawlLog(connection).counts(run_id),
        versions=versions or {},
        rules=rules or {},
        politeness=politeness or {},
        robots=robots or [],
    )


def _why_no_end(connection: sqlite3.Connection, site: str, command: str, holder: str) -> str | None:
    """None while the run goes on, as far as this machine can tell."""
    if not is_elsewhere(holder):
        return None if is_alive(holder) else KILLED
    if command != "crawl":
        return OUT_OF_SIGHT
    lock = connection.execute(
        "SELECT 1 FROM site_locks WHERE site = ? AND holder = ? AND expires_at > ?",
        (site, holder, time.time()),
    )
    return None if lock.fetchone() else KILLED


def _packed(value: object) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _unpacked(text: str | None) -> Any:  # noqa: ANN401 - JSON
    return None if text is None else orjson.loads(text)
