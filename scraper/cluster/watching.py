"""What goes on in a cluster, and what is wrong with it: read from the database and the hub, nothing is written.

Each way in which a cluster fails shows as a problem of its own; see `Problem`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.cluster.hub import INBOX, REFUSED, Hub
from archive.cluster.manifest import MANIFEST, REPLAY, BadManifest, read_manifest
from archive.errors import ClusterUnreachable, HubUnreachable
from archive.processes import in_words
from scraper.cluster import tables
from scraper.cluster.database import connected
from scraper.cluster.engine import CRAWL_TASK, READ_TASK
from scraper.cluster.troubles import Kind

if TYPE_CHECKING:
    import psycopg

    from archive.cluster.manifest import Key

#: Seconds by which a worker's clock may be off: dates of pages come from it, leases do not.
CLOCK_OFF_S: Final = 60.0
#: Seconds without a sign of life after which a worker counts as gone.
GONE_S: Final = 90.0
#: Seconds after which what lies in the inbox should have been taken in.
INBOX_OLD_S: Final = 3600.0

_JOBS: Final = "SELECT status::text AS status, count(*) AS jobs FROM procrastinate_jobs WHERE task_name = %s GROUP BY 1 ORDER BY 1"
_LEASES: Final = """
SELECT site, token, holder, holder IS NOT NULL AND until > clock_timestamp() AS is_held, acked, state_token,
       extract(epoch FROM until - clock_timestamp())::float8 AS left_s,
       extract(epoch FROM clock_timestamp() - last_fetch_at)::float8 AS asked_s
FROM dqtv_leases ORDER BY site
"""
_WORKERS: Final = """
SELECT name, host, slots, software, state, clock_off_s,
       extract(epoch FROM clock_timestamp() - seen_at)::float8 AS seen_s
FROM dqtv_workers ORDER BY host, name
"""
_TROUBLES: Final = """
SELECT site, kind, detail, holder, extract(epoch FROM clock_timestamp() - seen_at)::float8 AS seen_s
FROM dqtv_troubles ORDER BY site, kind
"""


class Problem(enum.StrEnum):
    """What may be wrong."""

    #: PostgreSQL does not answer.
    DATABASE_AWAY = "database_away"
    #: `dqtv cluster prepare` was not run.
    NOT_PREPARED = "not_prepared"
    #: The hub does not answer from here, or takes nothing from a worker: network, access rights, a full disk.
    HUB_AWAY = "hub_away"
    #: What lies in the inbox is old: `dqtv ingest` does not run, or is behind.
    INBOX_OLD = "inbox_old"
    #: Nobody lays states ready for workers.
    NO_STATE = "no_state"
    #: Segments were refused: stale, damaged (a wrong checksum), doubled; `dqtv health` says which.
    REFUSED = "refused"
    #: Data in the inbox without a manifest: an upload under way, or one that was killed.
    NO_MANIFEST = "data_without_manifest"
    #: A manifest of which files are missing.
    NO_DATA = "manifest_without_data"
    #: A worker's clock is wrong.
    CLOCK_OFF = "clock_off"
    #: A worker gives no sign of life.
    WORKER_GONE = "worker_gone"
    #: No worker is there and jobs wait.
    NO_WORKER = "no_worker"
    #: Two crawls push under one token, or two archives take in from one hub.
    TWO_WRITERS = "two_writers"
    #: A machine has pages of a killed crawl that it cannot bring home.
    LEFT_BEHIND = "left_behind"
    #: A segment has a higher token than its site's lease: the database was restored from a backup.
    TOKENS_WENT_BACK = "tokens_went_back"
    #: A worker's site files or program differ from the archive's, so that it reads nothing of a replay.
    OTHER_RULES = "other_rules"


@attrs.frozen(kw_only=True)
class Said:
    """One problem, in a sentence that names the way out."""

    kind: Problem
    #: None for the cluster as a whole.
    site: str | None = None
    text: str


@attrs.define(kw_only=True)
class Watched:
    """What was seen. None and empty where it could not be looked at."""

    #: Status of the engine -> number of crawl jobs.
    jobs: dict[str, int] = attrs.field(factory=dict)
    #: The same of parcels of a replay.
    readings: dict[str, int] = attrs.field(factory=dict)
    leases: list[dict[str, Any]] = attrs.field(factory=list)
    workers: list[dict[str, Any]] = attrs.field(factory=list)
    #: Since when the cluster drains, as Unix time of the server; None when it does not.
    draining_since: float | None = None
    #: Segments and bytes in the inbox and among the refused; None when the hub is away.
    inbox: int | None = None
    inbox_bytes: int | None = None
    #: Seconds since the oldest segment there was sealed, by the worker's clock.
    inbox_age_s: float | None = None
    refused: int | None = None
    problems: list[Said] = attrs.field(factory=list)

    def say(self, kind: Problem, text: str, site: str | None = None) -> None:
        """Note a problem, once."""
        said = Said(kind=kind, site=site, text=text)
        if said not in self.problems:
            self.problems.append(said)


def watch(dsn: str, hub_url: str, *, now: float) -> Watched:
    """Look at the cluster; *now* is Unix time. What is away is a problem, not an error."""
    seen = Watched()
    try:
        with connected(dsn) as connection:
            if tables.is_prepared(connection):
                _watch_database(connection, seen)
            else:
                seen.say(
                    Problem.NOT_PREPARED,
                    "the database has no tables of a cluster; run `dqtv cluster prepare`",
                )
    except ClusterUnreachable as error:
        seen.say(Problem.DATABASE_AWAY, str(error))
    try:
        _watch_hub(Hub(hub_url), seen, now)
    except HubUnreachable as error:
        seen.say(Problem.HUB_AWAY, str(error))
    return seen


# -- the database ---------------------------------------------------------------------------------


def _watch_database(connection: psycopg.Connection[dict[str, Any]], seen: Watched) -> None:
    seen.jobs, seen.readings = (
        {row["status"]: row["jobs"] for row in connection.execute(_JOBS, (task,))}
        for task in (CRAWL_TASK, READ_TASK)
    )
    seen.leases = [dict(row) for row in connection.execute(_LEASES)]
    seen.workers = [dict(row) for row in connection.execute(_WORKERS)]
    row = connection.execute(tables.DRAINING).fetchone()
    seen.draining_since = None if row is None else row["since"]
    for trouble in connection.execute(_TROUBLES):
        kind = _PROBLEM_OF[Kind(trouble["kind"])]
        seen.say(kind, f"{in_words(trouble['holder'])}: {trouble['detail']}", trouble["site"])
    _judge_workers(seen)


_PROBLEM_OF: Final = {
    Kind.HUB_AWAY: Problem.HUB_AWAY,
    Kind.NO_STATE: Problem.NO_STATE,
    Kind.TWO_WRITERS: Problem.TWO_WRITERS,
    Kind.OTHER_RULES: Problem.OTHER_RULES,
    Kind.LEFT_BEHIND: Problem.LEFT_BEHIND,
}


def _judge_workers(seen: Watched) -> None:
    alive = [one for one in seen.workers if one["seen_s"] < GONE_S]
    for one in seen.workers:
        who = in_words(one["name"])
        if one not in alive:
            seen.say(
                Problem.WORKER_GONE,
                f"{who} gave no sign of life for {one['seen_s']:.0f} s; its jobs go to others. Start it again, or leave"
                " it: it is forgotten after a week",
            )
        elif abs(one["clock_off_s"]) > CLOCK_OFF_S:
            seen.say(
                Problem.CLOCK_OFF,
                f"the clock of {who} is {one['clock_off_s']:+.0f} s off the database's; leases do not mind, but the dates"
                " of its captures are wrong: set it (timedatectl set-ntp true)",
            )
    if not alive and (seen.jobs.get("todo") or seen.readings.get("todo")):
        seen.say(
            Problem.NO_WORKER,
            "jobs wait and no worker is there; start `dqtv cluster worker` on a machine",
        )


# -- the hub --------------------------------------------------------------------------------------


def _watch_hub(hub: Hub, seen: Watched, now: float) -> None:
    files = hub.place.files(INBOX)
    keys = hub.manifests()
    seen.inbox, seen.inbox_bytes = len(keys), sum(files.values())
    seen.refused = sum(name.endswith(f"/{MANIFEST}") for name in hub.place.files(REFUSED))
    if seen.refused:
        seen.say(
            Problem.REFUSED,
            f"{seen.refused} segments were refused and lie in {hub.place.name}/{REFUSED}: stale ones were fetched again by"
            " others; `dqtv health` at the archive says why, delete them when you have looked",
        )
    for key in hub.leftovers():
        seen.say(
            Problem.NO_MANIFEST,
            f"data of segment {key} lie in the inbox without a manifest: an upload under way, or one that was killed and"
            " is begun again by the next crawl on that machine",
            key.site,
        )
    _judge_inbox(hub, keys, files, seen, now)
    _judge_tokens(keys, seen)


def _judge_inbox(
    hub: Hub, keys: tuple[Key, ...], files: dict[str, int], seen: Watched, now: float
) -> None:
    """Age of the oldest segment of each site, and whether its files are all there."""
    first = {key.site: key for key in reversed(keys)}
    for key in first.values():
        try:
            manifest = read_manifest(hub.read(key), key)
        except (FileNotFoundError, BadManifest):
            continue  # taken in meanwhile, or refused in a moment
        age = now - manifest.sealed_at.timestamp()
        seen.inbox_age_s = max(age, seen.inbox_age_s or 0.0)
        missing = [x.base for x in manifest.files if f"{INBOX}/{key}/{x.base}" not in files]
        if missing and hub.holds(key):
            seen.say(
                Problem.NO_DATA,
                f"segment {key} waits: its manifest is in the inbox, {', '.join(missing)} is not; push it again from the"
                " machine that has it, or move the folder away",
                key.site,
            )
    if (seen.inbox_age_s or 0.0) > INBOX_OLD_S:
        seen.say(
            Problem.INBOX_OLD,
            f"the oldest segment was sealed {seen.inbox_age_s:.0f} s ago; does `dqtv ingest` run beside the archive?",
        )


def _judge_tokens(keys: tuple[Key, ...], seen: Watched) -> None:
    newest = {row["site"]: row["token"] for row in seen.leases}
    if Problem.DATABASE_AWAY in {said.kind for said in seen.problems}:
        return
    for key in keys:
        # the leases of a replay go with it
        if key.kind != REPLAY and key.token > newest.get(key.site, 0):
            seen.say(
                Problem.TOKENS_WENT_BACK,
                f"segment {key} has a higher token than the lease ({newest.get(key.site, 0)}): the database was restored"
                " from a backup; `dqtv ingest` raises the tokens at its next look",
                key.site,
            )
