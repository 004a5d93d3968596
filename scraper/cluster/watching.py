"""What is wrong with a cluster, judged from its picture (``archive.cluster.picture``); nothing is written.

Each way in which a cluster fails shows as a problem of its own; see `Problem`.
"""

from __future__ import annotations

import enum
from typing import Final

import attrs

from archive.cluster.hub import REASON, REFUSED, Hub
from archive.cluster.manifest import BadManifest, read_manifest
from archive.cluster.picture import Inbox, Picture, look_into, read_database
from archive.errors import ClusterNotPrepared, ClusterUnreachable, HubUnreachable
from archive.processes import in_words
from scraper.cluster.troubles import Kind

#: Seconds after which what lies in the inbox should have been taken in.
INBOX_OLD_S: Final = 3600.0


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
    """What was seen; None where it could not be looked at."""

    database: Picture | None = None
    inbox: Inbox | None = None
    problems: list[Said] = attrs.field(factory=list)

    def say(self, kind: Problem, text: str, site: str | None = None) -> None:
        """Note a problem, once."""
        said = Said(kind=kind, site=site, text=text)
        if said not in self.problems:
            self.problems.append(said)


def watch(dsn: str, hub_url: str) -> Watched:
    """Look at the cluster. What is away is a problem, not an error. Raises UsageError for an address that is none."""
    seen = Watched()
    try:
        seen.database = read_database(dsn)
    except ClusterNotPrepared as error:
        seen.say(Problem.NOT_PREPARED, str(error))
    except ClusterUnreachable as error:
        seen.say(Problem.DATABASE_AWAY, str(error))
    else:
        _judge_database(seen.database, seen)
    try:
        hub = Hub(hub_url)
        seen.inbox = look_into(hub)
        _judge_inbox(hub, seen.inbox, seen)
    except HubUnreachable as error:
        seen.say(Problem.HUB_AWAY, str(error))
    return seen


# -- the database ---------------------------------------------------------------------------------


_PROBLEM_OF: Final = {
    Kind.HUB_AWAY: Problem.HUB_AWAY,
    Kind.NO_STATE: Problem.NO_STATE,
    Kind.TWO_WRITERS: Problem.TWO_WRITERS,
    Kind.OTHER_RULES: Problem.OTHER_RULES,
    Kind.LEFT_BEHIND: Problem.LEFT_BEHIND,
}


def _judge_database(found: Picture, seen: Watched) -> None:
    for trouble in found.troubles:
        kind = _PROBLEM_OF[Kind(trouble.kind)]
        seen.say(kind, f"{in_words(trouble.holder)}: {trouble.detail}", trouble.site)
    for one in found.workers:
        who = in_words(one.name)
        if one.is_silent:
            seen.say(
                Problem.WORKER_GONE,
                f"{who} gave no sign of life for {one.seen_s:.0f} s; its jobs go to others. Start it again, or leave"
                " it: it is forgotten after a week",
            )
        elif one.is_clock_off:
            seen.say(
                Problem.CLOCK_OFF,
                f"the clock of {who} is {one.clock_off_s:+.0f} s off the database's; leases do not mind, but the dates"
                " of its captures are wrong: set it (timedatectl set-ntp true)",
            )
    waiting = found.jobs.get("todo") or found.readings.get("todo")
    if all(one.is_silent for one in found.workers) and waiting:
        seen.say(
            Problem.NO_WORKER,
            "jobs wait and no worker is there; start `dqtv cluster worker` on a machine",
        )


# -- the hub --------------------------------------------------------------------------------------


def _judge_inbox(hub: Hub, found: Inbox, seen: Watched) -> None:
    if found.refused_number:
        seen.say(
            Problem.REFUSED,
            f"{found.refused_number} segments were refused and lie in {found.name}/{REFUSED}, each with a {REASON}: stale"
            " ones were fetched again by others; delete them when you have looked",
        )
    for name in found.incomplete:
        seen.say(
            Problem.NO_MANIFEST,
            f"data of segment {name} lie in the inbox without a manifest: an upload under way, or one that was killed and"
            " is begun again by the next crawl on that machine",
            name.partition("/")[0],
        )
    if (found.oldest_s or 0.0) > INBOX_OLD_S:
        seen.say(
            Problem.INBOX_OLD,
            f"the oldest segment has waited {found.oldest_s:.0f} s; does `dqtv ingest` run beside the archive?",
        )
    _judge_first(hub, seen)
    _judge_tokens(found, seen)


def _judge_first(hub: Hub, seen: Watched) -> None:
    """Whether the files of each site's first segment are all there."""
    first = {key.site: key for key in reversed(hub.manifests())}
    for key in first.values():
        try:
            manifest = read_manifest(hub.read(key), key)
        except (FileNotFoundError, BadManifest):
            continue  # taken in meanwhile, or refused in a moment
        missing = [file.base for file in manifest.files if hub.size(key, file) is None]
        if missing and hub.holds(key):
            seen.say(
                Problem.NO_DATA,
                f"segment {key} waits: its manifest is in the inbox, {', '.join(missing)} is not; push it again from the"
                " machine that has it, or move the folder away",
                key.site,
            )


def _judge_tokens(found: Inbox, seen: Watched) -> None:
    if seen.database is None:
        return
    newest = {lease.site: lease.token for lease in seen.database.leases}
    for site, token in found.tokens.items():
        if token > newest.get(site, 0):
            seen.say(
                Problem.TOKENS_WENT_BACK,
                f"a segment of token {token} waits, and the lease has {newest.get(site, 0)}: the database was restored"
                " from a backup; `dqtv ingest` raises the tokens at its next look",
                site,
            )
