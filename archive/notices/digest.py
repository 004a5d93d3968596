"""The week in numbers: crawls, new articles, alarms, months without articles, room on the disk, what comes next."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.health.alarms import closed_since, open_alarms
from archive.instants import VIETNAM, instant_of, utc_text
from archive.locks import held_sites
from archive.runs import GOOD_REASONS, KILLED
from archive.schedule_table import ScheduleTable
from archive.timing import DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.health.alarms import Alarm
    from archive.store import Store

WEEK_S: Final = 7 * DAY_S
#: Whole months before this one in which a paper without an article is named.
_MONTHS: Final = 12
#: Coming jobs that are listed.
_NEXT: Final = 5


@attrs.frozen(kw_only=True)
class PaperWeek:
    """One paper in the week."""

    site: str
    name: str | None
    crawls: int = 0
    #: Crawls that ended as asked.
    good: int = 0
    #: Pages fetched.
    fetched: int = 0
    #: Articles about the militia that were not known before.
    new_articles: int = 0
    #: How the newest crawl that did not end as asked ended; None when all did.
    last_trouble: str | None = None
    is_scheduled: bool = False
    #: Months (2026-03) of the last year without an article, since the paper's first one.
    gaps: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Coming:
    """A job that comes next."""

    at: datetime
    site: str
    job: str


@attrs.frozen(kw_only=True)
class Digest:
    """What happened from *since* to *until*, both aware, and how things stand then."""

    since: datetime
    until: datetime
    papers: tuple[PaperWeek, ...]
    open: tuple[Alarm, ...]
    #: Open alarms that began in the week.
    opened: int
    closed: tuple[Alarm, ...]
    #: Articles in the archive.
    articles: int
    free_mb: float
    archive_mb: float
    next: tuple[Coming, ...]
    #: Jobs that are due for more than a day.
    overdue: int
    paused: int

    @property
    def names(self) -> dict[str, str]:
        """Site -> name of the paper, where it is known."""
        return {one.site: one.name for one in self.papers if one.name}


def look_back(store: Store, now: float) -> Digest:
    """The seven days before *now* (Unix time)."""
    since, until = instant_of(now - WEEK_S), instant_of(now)
    alarms = tuple(open_alarms(store.connection))
    planned = ScheduleTable(store).all()
    active = [one for one in planned if not one.entry.is_paused]
    disk = shutil.disk_usage(store.root)
    [articles], [stored] = (
        store.connection.execute(query).fetchone()
        for query in (
            "SELECT count(*) FROM articles",
            "SELECT ifnull(sum(bytes), 0) FROM warc_files",
        )
    )
    coming = sorted(active, key=lambda one: (one.next_at, one.entry.site))[:_NEXT]
    return Digest(
        since=since,
        until=until,
        papers=tuple(_papers(store, since, until)),
        open=alarms,
        opened=sum(alarm.opened_at >= since for alarm in alarms),
        closed=tuple(closed_since(store.connection, since)),
        articles=articles,
        free_mb=disk.free / 1e6,
        archive_mb=(stored + store.path.stat().st_size) / 1e6,
        next=tuple(
            Coming(at=instant_of(one.next_at), site=one.entry.site, job=one.entry.job.value)
            for one in coming
        ),
        overdue=sum(now - one.next_at > DAY_S for one in active),
        paused=len(planned) - len(active),
    )


def _papers(store: Store, since: datetime, until: datetime) -> Iterator[PaperWeek]:
    """Papers that are scheduled, were crawled in the week, or lack months."""
    db = store.connection
    names: dict[str, str | None] = dict(db.execute("SELECT id, name FROM sites"))
    scheduled = {one.entry.site for one in ScheduleTable(store).all() if not one.entry.is_paused}
    new = dict(
        db.execute(
            "SELECT site, count(*) FROM articles WHERE first_captured_at >= ? AND first_captured_at < ? GROUP BY site",
            (utc_text(since), utc_text(until)),
        )
    )
    crawls = _crawls(store, since, until)
    gaps = months_without(store, until)
    for site in sorted(scheduled | crawls.keys() | new.keys() | gaps.keys()):
        yield PaperWeek(
            site=site, name=names.get(site), new_articles=new.get(site, 0), is_scheduled=site in scheduled,
            gaps=gaps.get(site, ()), **crawls.get(site, {}),
        )  # fmt: skip


def _crawls(store: Store, since: datetime, until: datetime) -> dict[str, dict[str, Any]]:
    """Site -> its crawls that began in the week and are over, in numbers."""
    rows = store.connection.execute(
        "SELECT site, reason, counts, finished_at FROM runs WHERE command = 'crawl'"
        " AND started_at >= ? AND started_at < ? ORDER BY started_at",
        (utc_text(since), utc_text(until)),
    ).fetchall()
    held = held_sites(store.connection)
    found: dict[str, dict[str, Any]] = {}
    for site, said, counts, finished_at in rows:
        if finished_at is None and site in held:
            continue
        reason = KILLED if finished_at is None else said
        one = found.setdefault(site, {"crawls": 0, "good": 0, "fetched": 0, "last_trouble": None})
        one["crawls"] += 1
        one["fetched"] += orjson.loads(counts)["fetched"] if counts else 0
        if reason in GOOD_REASONS:
            one["good"] += 1
        else:
            one["last_trouble"] = reason
    return found


def months_without(store: Store, until: datetime) -> dict[str, tuple[str, ...]]:
    """Paper -> whole months of the last year without an article, since its first one; papers without such are left out."""
    months = last_whole_months(until)
    held: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    for site, month, earliest in store.connection.execute(
        "SELECT site, substr(published_at, 1, 7) AS month, min(published_at) FROM articles"
        " WHERE published_at IS NOT NULL GROUP BY site, month"
    ):
        held.setdefault(site, set()).add(month)
        first[site] = min(first.get(site, earliest), earliest)
    found = {
        site: tuple(x for x in months if x > first[site][:7] and x not in own)
        for site, own in held.items()
    }
    return {site: gaps for site, gaps in found.items() if gaps}


def last_whole_months(until: datetime) -> list[str]:
    """The twelve whole months before the one of *until*, oldest first, on Vietnam's clock."""
    day = until.astimezone(VIETNAM).replace(day=1)
    months: list[str] = []
    for _ in range(_MONTHS):
        day = (day - timedelta(days=1)).replace(day=1)
        months.append(f"{day:%Y-%m}")
    return months[::-1]
