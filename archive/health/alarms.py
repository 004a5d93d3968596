"""Alarms: opened, seen again, closed by themselves, acknowledged, told at most once a day.

Of each site, kind and field one alarm is open at most. Functions that write want a transaction around
them; the clock is passed in.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.audit import note_deed
from archive.errors import UsageError
from archive.instants import read_instant, utc_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

#: An open alarm is told again after this time; a little less than a day, so that a daily round repeats it.
REPEAT_AFTER: Final = timedelta(hours=23)


class Kind(enum.StrEnum):
    """What is out of the ordinary, with the meaning of the numbers ``before`` and ``now``."""

    #: A field is found on fewer pages: share of the pages that have it.
    FIELD_MISSING = "field_missing"
    #: The layout's rule finds the text on fewer pages: share.
    FALLBACK = "fallback"
    #: Texts are shorter: characters of the middle one.
    BODY_SHORT = "body_short"
    #: Fewer new addresses: number a day.
    FEWER_FOUND = "fewer_found"
    #: Fewer pages read as articles: number a day; field ``accepted`` for articles about the militia.
    FEWER_ARTICLES = "fewer_articles"
    #: The newest article is old: its age in days, holidays not counted; before: the oldest it used to get.
    NOTHING_NEW = "nothing_new"
    #: A list or feed, the field, holds no article: share of runs in which it held some, and 0.
    LIST_EMPTY = "list_empty"
    #: Pages are built otherwise: share of pages in a layout that was known before.
    LAYOUT_CHANGED = "layout_changed"
    #: Pages declare another charset, the field: its share of the pages.
    CHARSET_CHANGED = "charset_changed"
    #: Challenge pages instead of articles: share of the addresses asked for.
    BLOCKED = "blocked"
    #: robots.txt forbids addresses it allowed, or cannot be read: share of the addresses that were due.
    ROBOTS_CHANGED = "robots_changed"
    #: The certificate is not accepted: share of the addresses asked for.
    TLS_CHANGED = "tls_changed"
    #: More addresses fail for the reason in ``field``: share of the addresses asked for.
    ERRORS = "errors"
    #: Crawls fail one after the other: how many.
    NEVER_WORKS = "never_works"
    #: The archive's disk is nearly full; no numbers.
    DISK_FULL = "disk_full"
    #: What workers on other machines left was not taken, or cannot be yet, for the reason in ``field``: how many segments.
    SEGMENT_REFUSED = "segment_refused"


@attrs.frozen(kw_only=True)
class Alarm:
    """One alarm as recorded."""

    id: int
    #: None for the archive as a whole.
    site: str | None
    kind: Kind
    field: str | None
    opened_at: datetime
    last_seen_at: datetime
    #: None while it is open.
    closed_at: datetime | None = None
    #: See ``Kind`` for their meaning; None where there is no number.
    before: float | None = None
    now: float | None = None
    example_url: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    #: None when it was never told.
    told_at: datetime | None = None

    @property
    def key(self) -> tuple[str | None, Kind, str | None]:
        """What it is about."""
        return self.site, self.kind, self.field


@attrs.frozen(kw_only=True)
class Finding:
    """Something out of the ordinary, as one run shows it."""

    site: str | None
    kind: Kind
    field: str | None = None
    before: float | None = None
    now: float | None = None
    example_url: str | None = None

    @property
    def key(self) -> tuple[str | None, Kind, str | None]:
        """What it is about."""
        return self.site, self.kind, self.field


_COLUMNS: Final = tuple(x.name for x in attrs.fields(Alarm))
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM alarms"  # noqa: S608 - own names


def open_alarms(db: sqlite3.Connection, sites: Iterable[str] = ()) -> list[Alarm]:
    """Alarms that are open, of all or of these sites; those of the whole archive first, then by site."""
    wanted = set(sites)
    rows = db.execute(f"{_SELECT} WHERE closed_at IS NULL ORDER BY site, kind, field").fetchall()
    return [alarm for alarm in map(_alarm, rows) if not wanted or alarm.site in wanted]


def past_alarms(db: sqlite3.Connection, site: str, limit: int = 20) -> list[Alarm]:
    """The newest alarms of a site, closed ones as well, newest first."""
    rows = db.execute(
        f"{_SELECT} WHERE site = ? ORDER BY opened_at DESC, id DESC LIMIT ?", (site, limit)
    )
    return [_alarm(row) for row in rows.fetchall()]


def closed_since(db: sqlite3.Connection, since: datetime) -> list[Alarm]:
    """Alarms that were over at *since* (aware) or later, oldest first."""
    rows = db.execute(f"{_SELECT} WHERE closed_at >= ? ORDER BY closed_at, id", (utc_text(since),))
    return [_alarm(row) for row in rows.fetchall()]


def find_alarm(db: sqlite3.Connection, alarm_id: int) -> Alarm:
    """One alarm. Raises UsageError when there is none of this number."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (alarm_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no alarm {alarm_id}; `dqtv health` lists those that are open")
    return _alarm(row)


def due_to_tell(db: sqlite3.Connection, now: datetime) -> list[Alarm]:
    """Open alarms that are to be told at *now* (aware): not acknowledged, and not told for a day."""
    return [
        alarm
        for alarm in open_alarms(db)
        if alarm.acknowledged_at is None
        and (alarm.told_at is None or not timedelta(0) <= now - alarm.told_at < REPEAT_AFTER)
    ]


def mark_told(db: sqlite3.Connection, ids: Iterable[int], now: datetime) -> None:
    """Write down that these alarms were told at *now* (aware)."""
    db.executemany(
        "UPDATE alarms SET told_at = ? WHERE id = ?", [(utc_text(now), one) for one in ids]
    )


def acknowledge(
    db: sqlite3.Connection, alarm_id: int, *, by: str, note: str, now: datetime, order_id: int | None = None
) -> Alarm:  # fmt: skip
    """Take note of an open alarm, so that it is told no more; it stays open while it lasts. The audit trail says so.

    Raises UsageError when there is no such alarm, or when it is over.
    """
    alarm = find_alarm(db, alarm_id)
    if alarm.closed_at is not None:
        raise UsageError(f"alarm {alarm_id} is over since {alarm.closed_at:%Y-%m-%d %H:%M} UTC")
    db.execute(
        "UPDATE alarms SET acknowledged_at = ?, acknowledged_by = ?, note = ? WHERE id = ?",
        (utc_text(now), by, note, alarm_id),
    )
    note_deed(
        db, "acknowledged", who=by, now=now.timestamp(), site=alarm.site, order_id=order_id,
        detail=f"alarm {alarm.id} ({alarm.kind.value}): {note}",
    )  # fmt: skip
    return find_alarm(db, alarm_id)


def see(db: sqlite3.Connection, findings: Iterable[Finding], now: datetime) -> None:
    """Open an alarm for each finding, or note that the open one was seen again with a new number."""
    known = {alarm.key: alarm for alarm in open_alarms(db)}
    for finding in {finding.key: finding for finding in findings}.values():
        alarm = known.get(finding.key)
        if alarm is None:
            db.execute(
                "INSERT INTO alarms (site, kind, field, opened_at, last_seen_at, before, now, example_url)"
                " VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
                (finding.site, finding.kind.value, finding.field, utc_text(now), finding.before, finding.now,
                 finding.example_url),
            )  # fmt: skip
        else:
            # what it used to be is what it was when the alarm opened: a lasting change must not become usual
            db.execute(
                "UPDATE alarms SET last_seen_at = ?, now = ?, example_url = ifnull(?, example_url) WHERE id = ?",
                (utc_text(now), finding.now, finding.example_url, alarm.id),
            )


def close(db: sqlite3.Connection, ids: Iterable[int], now: datetime) -> None:
    """Write down that these alarms are over."""
    db.executemany(
        "UPDATE alarms SET closed_at = ? WHERE id = ? AND closed_at IS NULL",
        [(utc_text(now), one) for one in ids],
    )


def _alarm(row: tuple[Any, ...]) -> Alarm:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = read_instant(value)
    return Alarm(**values | {"kind": Kind(values["kind"])})
