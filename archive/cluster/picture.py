"""What goes on in a cluster, for those who only look: ``dqtv cluster status`` and the archivists' page show the same.

`read_database` asks PostgreSQL, `read_inbox` the hub: each can be away while the other is there. Every question is
bounded by the server, but not the hub's answers: who must not wait asks in a thread (``archive.desk.cluster_look``).
Ages are seconds by the server's clock, so that a wrong clock here changes nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.lease import REPLAY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import psycopg

    from archive.cluster.hub import Folder, Hub
    from archive.cluster.manifest import Key

#: A worker that gave no sign of life for so long is taken for dead, as the engine does (`stalled_s`).
SILENT_AFTER_S: Final = 90.0
#: A worker's clock that is further off is worth a look: runs and captures carry its time, leases do not.
CLOCK_OFF_S: Final = 60.0
#: Sites with jobs, and refused segments, that are listed at most; how many there are is told in any case.
MOST_SITES: Final = 200
MOST_REFUSED: Final = 20
#: Seconds for making the connection, and for each question.
_ANSWER_S: Final = 3

_JOBS: Final = """
SELECT status::text AS status, count(*) AS number FROM procrastinate_jobs
WHERE task_name = %s GROUP BY 1
"""
#: Tasks of the engine (``scraper.cluster.engine``).
_CRAWL: Final = "crawl_site"
_READ: Final = "read_parcel"
_SITES: Final = f"""
SELECT args->>'site' AS site,
    count(*) FILTER (WHERE status = 'todo') AS waiting,
    count(*) FILTER (WHERE status = 'doing') AS running,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    coalesce(max(attempts) FILTER (WHERE status IN ('todo', 'doing')), 0) AS attempts,
    extract(epoch FROM clock_timestamp() - min(
        (SELECT max(at) FROM procrastinate_events WHERE job_id = jobs.id)
    ) FILTER (WHERE status IN ('todo', 'doing')))::float8 AS since_s
FROM procrastinate_jobs AS jobs
WHERE task_name = 'crawl_site' AND status IN ('todo', 'doing', 'failed')
GROUP BY 1 ORDER BY running DESC, waiting DESC, site LIMIT {MOST_SITES}
"""  # noqa: S608 - our own text
_WORKERS: Final = """
SELECT name, host, slots, software, state, clock_off_s,
    extract(epoch FROM clock_timestamp() - seen_at)::float8 AS seen_s
FROM dqtv_workers ORDER BY host, name
"""
_TROUBLES: Final = """
SELECT site, kind, detail, holder, extract(epoch FROM clock_timestamp() - seen_at)::float8 AS seen_s
FROM dqtv_troubles ORDER BY seen_at DESC
"""
_DRAINING: Final = (
    "SELECT extract(epoch FROM clock_timestamp() - since)::float8 AS since_s FROM dqtv_drain"
)
_LEASES: Final = """
SELECT site, token, holder, acked, holder IS NOT NULL AND until > clock_timestamp() AS is_held,
    extract(epoch FROM until - clock_timestamp())::float8 AS left_s,
    extract(epoch FROM clock_timestamp() - taken_at)::float8 AS age_s,
    extract(epoch FROM clock_timestamp() - last_fetch_at)::float8 AS asked_s
FROM dqtv_leases WHERE left(site, length(%s)) <> %s ORDER BY is_held DESC, site
"""


@attrs.frozen(kw_only=True)
class SiteJobs:
    """The jobs of one site that are open or failed."""

    site: str
    waiting: int
    running: int
    #: Of the last 30 days: older ones are forgotten.
    failed: int
    #: How often the open one was begun before.
    attempts: int
    #: Seconds since the longest open job changed its state; None where none is open.
    since_s: float | None


@attrs.frozen(kw_only=True)
class Held:
    """One site's lease."""

    site: str
    token: int
    #: See `archive.processes`; None when it was given back.
    holder: str | None
    #: Last segment of this token that is stored.
    acked: int
    is_held: bool
    #: Seconds until another may take it; below 0 since then.
    left_s: float
    #: Seconds since it was taken.
    age_s: float
    #: Seconds since the site's last request that is known; None for none.
    asked_s: float | None


@attrs.frozen(kw_only=True)
class Worker:
    """A process that takes jobs."""

    name: str
    host: str
    #: Crawls it does side by side.
    slots: int
    software: str
    #: ``working`` or ``draining``.
    state: str
    #: Seconds its clock is ahead of the server's.
    clock_off_s: float
    #: Seconds since its last sign of life.
    seen_s: float

    @property
    def is_silent(self) -> bool:
        """True when its jobs are given to others."""
        return self.seen_s > SILENT_AFTER_S

    @property
    def is_clock_off(self) -> bool:
        """True when its clock is worth a look."""
        return abs(self.clock_off_s) > CLOCK_OFF_S


@attrs.frozen(kw_only=True)
class Trouble:
    """What a worker says goes wrong."""

    site: str
    kind: str
    detail: str
    holder: str
    seen_s: float


@attrs.frozen(kw_only=True)
class Picture:
    """What PostgreSQL knows; instants are its own."""

    read_at: datetime
    #: State of the engine (``todo``, ``doing``, ``succeeded``, ``failed`` ...) -> crawls.
    jobs: Mapping[str, int]
    #: The same of parcels of a replay.
    readings: Mapping[str, int]
    #: Those that run first; `MOST_SITES` at most.
    sites: tuple[SiteJobs, ...]
    #: Those of papers, held ones first; the leases of a replay go with it.
    leases: tuple[Held, ...]
    workers: tuple[Worker, ...]
    #: Newest first.
    troubles: tuple[Trouble, ...]
    #: Seconds since workers were asked to take no more jobs; None when they were not.
    draining_s: float | None


@attrs.frozen(kw_only=True)
class Refused:
    """A segment that the archive did not take."""

    #: ``<site>/<token>/<seq>`` as it lies at the hub.
    place: str
    site: str
    #: As the archive said when it refused it; None where it was killed before it could.
    reason: str | None
    #: Seconds since; None where the hub does not tell.
    age_s: float | None


@attrs.frozen(kw_only=True)
class Inbox:
    """What lies at the hub."""

    #: The hub's address without password.
    name: str
    #: Segments that wait, and their bytes.
    waiting: int
    bytes: int
    #: Seconds that the oldest of them has waited; None where none waits.
    oldest_s: float | None
    #: Names of segments that are on their way, or whose upload was killed.
    incomplete: tuple[str, ...]
    #: Site -> highest token among those that wait.
    tokens: Mapping[str, int]
    #: How many were refused and lie there still.
    refused_number: int
    #: The newest of them, `MOST_REFUSED` at most.
    refused: tuple[Refused, ...]


def read_database(dsn: str) -> Picture:
    """What the cluster's database knows.

    Raises ClusterUnreachable, also where it is slow (ClusterNotPrepared where it has no tables of a cluster), UsageError
    for a *dsn* that cannot be read, and ImportError where psycopg is not installed.
    """
    from archive.cluster.leases import Leases  # noqa: PLC0415  the desk of a single machine has no psycopg

    with Leases(dsn, answer_s=_ANSWER_S) as leases, leases.reading() as connection:
        return Picture(
            read_at=_rows(connection, "SELECT clock_timestamp() AS now")[0]["now"],
            jobs=_jobs(connection, _CRAWL),
            readings=_jobs(connection, _READ),
            sites=tuple(SiteJobs(**row) for row in _rows(connection, _SITES)),
            leases=tuple(
                Held(**row) for row in _rows(connection, _LEASES, REPLAY_PREFIX, REPLAY_PREFIX)
            ),
            workers=tuple(Worker(**row) for row in _rows(connection, _WORKERS)),
            troubles=tuple(Trouble(**row) for row in _rows(connection, _TROUBLES)),
            draining_s=next((row["since_s"] for row in _rows(connection, _DRAINING)), None),
        )


def _jobs(connection: psycopg.Connection[Any], task: str) -> dict[str, int]:
    return {row["status"]: row["number"] for row in _rows(connection, _JOBS, task)}


def _rows(connection: psycopg.Connection[Any], sql: str, *values: str) -> list[dict[str, Any]]:
    found = connection.execute(sql, values or None)
    names = [column.name for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found]


def read_inbox(url: str) -> Inbox:
    """What lies at the hub *url*. Raises HubUnreachable, UsageError; may take long where it is slow."""
    from archive.cluster.hub import Hub  # noqa: PLC0415  as above

    return look_into(Hub(url))


def _keys(folders: Iterable[Folder]) -> Iterator[Key]:
    from archive.cluster.manifest import key_of  # noqa: PLC0415  as above

    for folder in folders:
        key = key_of(*folder.name.split("/"))
        if key is not None:
            yield key


def look_into(hub: Hub) -> Inbox:
    """The same for a hub that is open."""
    now = time.time()
    inbox, refused = hub.inbox(), hub.refused()
    whole = [folder for folder in inbox if folder.is_whole]
    since = [folder.changed_at for folder in whole if folder.changed_at is not None]
    newest = sorted(refused, key=lambda folder: folder.changed_at or 0.0, reverse=True)
    return Inbox(
        name=hub.place.name,
        waiting=len(whole),
        bytes=sum(folder.bytes for folder in whole),
        oldest_s=max(0.0, now - min(since)) if since else None,
        incomplete=tuple(folder.name for folder in inbox if not folder.is_whole),
        # in the order of their tokens
        tokens={
            key.site: key.token
            for key in sorted(_keys(whole))
            if not key.site.startswith(REPLAY_PREFIX)
        },
        refused_number=len(refused),
        refused=tuple(
            Refused(
                place=folder.name,
                site=folder.name.partition("/")[0],
                reason=hub.reason(folder.name),
                age_s=None if folder.changed_at is None else max(0.0, now - folder.changed_at),
            )
            for folder in newest[:MOST_REFUSED]
        ),
    )
