"""Orders: what an archivist asks of the crawler, in a table that the crawler's processes obey.

Whoever asks only writes a row; a crawler takes it, once, and says how it ended. Orders are never deleted, and
every step stands in the audit trail. Times are Unix times; each function that writes commits by itself.
"""

from __future__ import annotations

import enum
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.audit import note_deed
from archive.errors import UnknownSite, UsageError
from archive.health.alarms import find_alarm
from archive.instants import instant_of, read_instant, utc_text
from archive.order_wording import NotWritten, Said, packed, said, unpacked
from archive.processes import in_words
from archive.runs import running_crawl
from archive.schedule import Job
from archive.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from archive.transactions import Transactions

#: An order that nobody took for so long is given up: a day, in which any allowed hours come round.
EXPIRES_AFTER_S: Final = 24 * 3600.0
#: Longest texts that are taken.
_LONGEST_NAME: Final = 100
_LONGEST_NOTE: Final = 1_000
_MOST_PAGES: Final = 1_000_000
#: Orders that may be open at a time; more are a mistake or mischief.
_MOST_OPEN: Final = 100


class Kind(enum.StrEnum):
    """What is asked for."""

    #: Crawl the paper now.
    CRAWL = "crawl"
    #: End the crawl of the paper that is running, cleanly.
    STOP = "stop"
    #: Let the paper's schedule rest.
    PAUSE = "pause"
    #: Go on with it.
    RESUME = "resume"
    #: Read a few articles and count the fields that are found, as ``dqtv sites check``.
    CHECK = "check"
    #: Take note of an alarm; the note is the order's.
    ACKNOWLEDGE = "acknowledge"


class Outcome(enum.StrEnum):
    """How an order ended."""

    DONE = "done"
    #: The crawler will not do it: unknown or retired paper, nothing scheduled.
    REFUSED = "refused"
    #: It was tried.
    FAILED = "failed"
    #: Nobody took it in time.
    EXPIRED = "expired"
    #: Whoever asked took it back before it was taken.
    CANCELLED = "cancelled"


@attrs.frozen(kw_only=True)
class Options:
    """What exactly is asked for; what a kind does not know stays unset."""

    #: Of a crawl what for, the daily crawl when None; of pause and resume which entry, all when None.
    job: Job | None = None
    #: Of a backfill: days as ``FROM..TO``.
    span: str | None = None
    #: Of a crawl: pages at most.
    max_pages: int | None = None
    #: Of a crawl: also outside the hours that the schedule allows.
    any_hour: bool = False
    #: Of taking note: number of the alarm.
    alarm: int | None = None


@attrs.frozen(kw_only=True)
class Order:
    """An order as recorded."""

    id: int
    kind: Kind
    site: str
    options: Options
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    note: str | None = None
    #: Times a process died while it obeyed.
    tries: int = 0
    #: None while it waits.
    taken_at: datetime | None = None
    #: Process that took it, see `archive.processes`.
    holder: str | None = None
    #: When that process last said that it is at work on it.
    seen_at: datetime | None = None
    #: None while it is open: waiting, or being obeyed.
    finished_at: datetime | None = None
    outcome: Outcome | None = None
    #: How it ended, or why it waits.
    message: Said | None = None
    #: What a check found, see `scraper.probe.coverage.Coverage`.
    result: Any | None = None
    #: The run it led to; of a stop the run that is stopped.
    run_id: str | None = None

    @property
    def is_open(self) -> bool:
        """True until it is finished."""
        return self.finished_at is None

    @property
    def is_waiting(self) -> bool:
        """True while no process has taken it."""
        return self.finished_at is None and self.taken_at is None


_COLUMNS: Final = tuple(field.name for field in attrs.fields(Order))
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM orders"  # noqa: S608 - own names


# -- asking -----------------------------------------------------------------------------------------


def ask(
    store: Transactions,
    kind: Kind,
    site: str,
    *,
    asked_by: str,
    now: float,
    options: Options | None = None,
    note: str | None = None,
    known: Collection[str] | None = None,
) -> Order:
    """Write an order, to be obeyed by a crawler's process.

    *site* of taking note of an alarm is the alarm's, empty for the whole archive. *known* are the ids of papers; where None, those the archive has crawled or scheduled. Raises UnknownSite,
    UsageError (wrong options, the same is asked for already, no crawl to stop, nothing to pause), BadDateRange,
    ArchiveUnwritable.
    """
    options = options or Options()
    _check_texts(asked_by, note)
    _check_options(kind, options)
    if kind is Kind.ACKNOWLEDGE and not (note or "").strip():
        raise NotWritten("no note", most=_LONGEST_NOTE)
    db = store.connection
    with store.transaction():
        papers = known_papers(db) if known is None else known
        if kind is not Kind.ACKNOWLEDGE and site not in papers:
            raise UnknownSite(site, sorted(papers))
        run_id = _check_subject(db, kind, site, options)
        _check_number(db)
        values = (
            kind.value, site, _packed(options), asked_by.strip(), utc_text(instant_of(now)),
            utc_text(instant_of(now + EXPIRES_AFTER_S)), (note or "").strip() or None, run_id,
        )  # fmt: skip
        try:
            (number,) = db.execute(
                "INSERT INTO orders (kind, site, options, asked_by, asked_at, expires_at, note, run_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                values,
            ).fetchone()
        except sqlite3.IntegrityError as error:
            raise _same_asked(db, kind, site, _packed(options)) from error
        note_deed(
            db, "asked", who=asked_by.strip(), now=now, site=site, order_id=number,
            detail=in_short(kind, options),
        )  # fmt: skip
    return find_order(db, number)


def known_papers(db: sqlite3.Connection) -> frozenset[str]:
    """Papers that this archive has crawled or scheduled, those that are no longer visited left out."""
    rows = db.execute(
        "SELECT id FROM sites WHERE status NOT IN ('off', 'former') UNION SELECT site FROM schedules"
    )
    return frozenset(row[0] for row in rows)


def _check_texts(asked_by: str, note: str | None) -> None:
    if not asked_by.strip():
        raise UsageError("say who asks")
    if len(asked_by) > _LONGEST_NAME or len(note or "") > _LONGEST_NOTE:
        raise NotWritten("too long", name=_LONGEST_NAME, note=_LONGEST_NOTE)


def _check_options(kind: Kind, options: Options) -> None:
    """Raises UsageError for what does not belong to *kind* or is out of bounds, BadDateRange."""
    if kind is not Kind.CRAWL and (
        options.span is not None or options.max_pages is not None or options.any_hour
    ):
        raise UsageError(f"days, pages and hours are said of a crawl only, not of {kind.value}")
    if (options.alarm is not None) != (kind is Kind.ACKNOWLEDGE):
        raise UsageError("an alarm is named where it is taken note of, and nowhere else")
    if kind in {Kind.STOP, Kind.CHECK, Kind.ACKNOWLEDGE} and options.job is not None:
        raise UsageError(f"{kind.value} concerns no single job")
    if kind is not Kind.CRAWL:
        return
    if (options.job is Job.BACKFILL) != (options.span is not None):
        raise NotWritten("needs days")
    if options.span is not None:
        read_span(options.span)
    if options.max_pages is not None and not 1 <= options.max_pages <= _MOST_PAGES:
        raise NotWritten("pages", n=options.max_pages, most=_MOST_PAGES)


def _check_subject(db: sqlite3.Connection, kind: Kind, site: str, options: Options) -> str | None:
    """The run that a stop is for. Raises UsageError where there is nothing to stop or to pause."""
    if kind is Kind.STOP:
        run_id = running_crawl(db, site)
        if run_id is None:
            raise NotWritten("no crawl", site=site)
        return run_id
    if options.alarm is not None and (alarm := find_alarm(db, options.alarm)).closed_at is not None:
        raise NotWritten("alarm over", n=alarm.id)
    if kind in {Kind.PAUSE, Kind.RESUME}:
        job = options.job and options.job.value
        found = db.execute(
            "SELECT 1 FROM schedules WHERE site = ?1 AND (?2 IS NULL OR job = ?2)", (site, job)
        )
        if found.fetchone() is None:
            if job:
                raise NotWritten("job not scheduled", jobs=job, site=site)
            raise NotWritten("nothing scheduled", site=site)
    return None


def _check_number(db: sqlite3.Connection) -> None:
    (number,) = db.execute("SELECT count(*) FROM orders WHERE finished_at IS NULL").fetchone()
    if number >= _MOST_OPEN:
        raise NotWritten("many open", n=number)


def _same_asked(db: sqlite3.Connection, kind: Kind, site: str, options: str) -> NotWritten:
    number, who = db.execute(
        "SELECT id, asked_by FROM orders WHERE site = ? AND kind = ? AND options = ?"
        " AND finished_at IS NULL",
        (site, kind.value, options),
    ).fetchone()
    return NotWritten("same asked", who=who, n=number)


def in_short(kind: Kind, options: Options) -> str:
    """What is asked for, in a few words: ``crawl, backfill 2019..2021, 50 pages``."""
    parts = [kind.value]
    if options.job is not None and (kind is not Kind.CRAWL or options.job is not Job.CRAWL):
        parts.append(f"{options.job.value} {options.span or ''}".strip())
    if options.max_pages is not None:
        parts.append(f"{options.max_pages} pages")
    if options.any_hour:
        parts.append("at any hour")
    if options.alarm is not None:
        parts.append(f"alarm {options.alarm}")
    return ", ".join(parts)


# -- reading ----------------------------------------------------------------------------------------


def open_orders(db: sqlite3.Connection, *, limit: int = 200) -> list[Order]:
    """Orders that wait or are being obeyed, oldest first."""
    rows = db.execute(f"{_SELECT} WHERE finished_at IS NULL ORDER BY id LIMIT ?", (limit,))
    return [_order(row) for row in rows.fetchall()]


def last_orders(db: sqlite3.Connection, *, site: str | None = None, limit: int = 50) -> list[Order]:
    """The newest orders of a site or of all, finished ones as well, newest first."""
    rows = db.execute(
        f"{_SELECT} WHERE ?1 IS NULL OR site = ?1 ORDER BY id DESC LIMIT ?2", (site, limit)
    )
    return [_order(row) for row in rows.fetchall()]


def find_order(db: sqlite3.Connection, order_id: int) -> Order:
    """One order. Raises UsageError when there is none of this number."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        raise NotWritten("no order", n=order_id)
    return _order(row)


# -- taking back ------------------------------------------------------------------------------------


def cancel(store: Transactions, order_id: int, *, by: str, now: float) -> Order:
    """Take back an order that nobody has taken. Raises UsageError when it is too late, or there is none."""
    _check_texts(by, None)
    db = store.connection
    with store.transaction():
        order = find_order(db, order_id)
        if order.finished_at is not None:
            raise NotWritten("order over", n=order_id, outcome=str(order.outcome))
        if order.taken_at is not None:
            holder = in_words(order.holder or "")
            raise NotWritten("order taken", n=order_id, by=holder, site=order.site)
        end_order(db, order_id, Outcome.CANCELLED, said("taken back", by=by.strip()), now)
        note_deed(db, "cancelled", who=by.strip(), now=now, site=order.site, order_id=order_id)
    return find_order(db, order_id)


def end_order(
    db: sqlite3.Connection, order_id: int, outcome: Outcome, message: Said, now: float,
    *, result: object = None, run_id: str | None = None,
) -> str | None:  # fmt: skip
    """Close an open order (inside a transaction); its site, None when it was over already."""
    row = db.execute(
        "UPDATE orders SET finished_at = ?, outcome = ?, message = ?, result = ?, run_id = ifnull(?, run_id)"
        " WHERE id = ? AND finished_at IS NULL RETURNING site",
        (
            utc_text(instant_of(now)), outcome.value, packed(message),
            None if result is None else orjson.dumps(result, option=orjson.OPT_SORT_KEYS).decode(),
            run_id, order_id,
        ),
    ).fetchone()  # fmt: skip
    return None if row is None else str(row[0])


def _packed(options: Options) -> str:
    """As JSON without what is unset, the same text for the same options."""
    values = attrs.asdict(options) | {"job": options.job and options.job.value}
    said = {name: value for name, value in values.items() if value not in {None, False}}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


def _order(row: tuple[Any, ...]) -> Order:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = read_instant(value)
    options = orjson.loads(values["options"])
    if "job" in options:
        options["job"] = Job(options["job"])
    return Order(
        **values
        | {
            "kind": Kind(values["kind"]),
            "options": Options(**options),
            "outcome": Outcome(values["outcome"]) if values["outcome"] else None,
            "message": unpacked(values["message"]) if values["message"] else None,
            "result": orjson.loads(values["result"]) if values["result"] else None,
        }
    )
