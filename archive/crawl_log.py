"""The crawl log: one line for every request of every run, with what became of it.

Lines are written in the transaction that holds the outcome itself, so log and archive never disagree.
Counts and intervals are read from the lines: a run that was killed has them as well.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict, Unpack

import attrs

from archive.instants import read_instant
from archive.model import Failed, Redirected, Rejected
from archive.page_reading import NOT_READ
from archive.run_counts import RunCounts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

    from archive.model import Capture, Outcome
    from archive.page_reading import PageReading

#: Kind of a line that no found URL stands behind.
ROBOTS: Final = "robots"
#: Outcome of a try that is to be repeated.
RETRY: Final = "retry"

_COLUMNS: Final = (
    "run_id", "position", "site", "url", "kind", "outcome", "reason", "status", "capture_id", "asked_at",
    "seconds", "bytes", "fields", "body_source", "characters", "layout", "charset", "published_at", "listed",
)  # fmt: skip
_INSERT: Final = (
    f"INSERT INTO crawl_log ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - own names
)


@attrs.frozen(kw_only=True)
class Timing:
    """One request on the network."""

    #: When it was handed over, as ``utc_text`` writes it.
    at: str
    #: To the last byte of the answer, or to the failure.
    seconds: float | None
    #: Length of the answer's body as transferred; None without an answer.
    bytes: int | None


@attrs.frozen(kw_only=True)
class LogLine:
    """One request and what became of it."""

    run_id: str
    #: Order within the run, from 1.
    position: int
    site: str
    url: str
    #: An ``UrlKind``, or ``robots``.
    kind: str
    #: What ``Store.store_outcome`` answered, ``retry``, or what a robots.txt meant.
    outcome: str
    reason: str | None = None
    #: HTTP status code; None when no answer came.
    status: int | None = None
    capture_id: str | None = None
    #: ``utc_text``; None when nothing was sent, as where robots.txt forbids it.
    asked_at: str | None = None
    #: To the last byte of the answer, or to the failure.
    seconds: float | None = None
    #: Length of the answer's body as transferred.
    bytes: int | None = None
    #: What the page gave, see `archive.page_reading.PageReading`.
    fields: str | None = None
    body_source: str | None = None
    characters: int | None = None
    layout: str | None = None
    charset: str | None = None
    published_at: str | None = None
    listed: int | None = None


class LineParts(TypedDict):
    """What is known of a request and its answer."""

    url: str
    kind: str
    outcome: str
    reason: str | None
    capture: Capture | None
    asked: Timing | None
    reading: NotRequired[PageReading]


def line_of(*, run_id: str, position: int, site: str, **parts: Unpack[LineParts]) -> LogLine:
    """A line of the log."""
    capture, asked = parts["capture"], parts["asked"]
    return LogLine(
        run_id=run_id,
        position=position,
        site=site,
        url=parts["url"],
        kind=parts["kind"],
        outcome=parts["outcome"],
        reason=parts["reason"],
        status=None if capture is None else capture.status,
        capture_id=None if capture is None else capture.id,
        asked_at=None if asked is None else asked.at,
        seconds=None if asked is None else asked.seconds,
        bytes=None if asked is None else asked.bytes,
        **attrs.asdict(parts.get("reading", NOT_READ)),
    )


@attrs.frozen(kw_only=True)
class Pace:
    """How closely the requests of one site followed each other."""

    requests: int
    #: Seconds between two requests; None with fewer than two.
    smallest_s: float | None
    median_s: float | None
    #: Seconds until the answers had come; None without any.
    median_answer_s: float | None


def reason_of(outcome: Outcome) -> str | None:
    """The word, or for a redirect the sentence, that says why."""
    match outcome:
        case Rejected():
            return outcome.reason.value
        case Failed():
            return outcome.reason
        case Redirected():
            return outcome.detail
        case _:
            return None


class CrawlLog:
    """The ``crawl_log`` table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, line: LogLine) -> None:
        """Write one line (inside a transaction)."""
        self._connection.execute(
            _INSERT,
            (line.run_id, line.position, line.site, line.url, line.kind, line.outcome, line.reason,
             line.status, line.capture_id, line.asked_at, line.seconds, line.bytes, line.fields,
             line.body_source, line.characters, line.layout, line.charset, line.published_at, line.listed),
        )  # fmt: skip

    def lines(self, run_id: str, *, outcome: str | None = None) -> Iterator[LogLine]:
        """The run's lines in order, one after the other; with *outcome*, of that outcome or reason only."""
        rows = self._connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM crawl_log WHERE run_id = ?1"  # noqa: S608 - own names
            " AND (?2 IS NULL OR outcome = ?2 OR reason = ?2) ORDER BY position",
            (run_id, outcome),
        )
        for row in rows:
            yield LogLine(**dict(zip(_COLUMNS, row, strict=True)))

    def page(self, run_id: str, *, after: int, limit: int) -> list[LogLine]:
        """The run's next *limit* lines after the position *after*, in order."""
        rows = self._connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM crawl_log WHERE run_id = ? AND position > ?"  # noqa: S608 - own names
            " ORDER BY position LIMIT ?",
            (run_id, after, limit),
        )
        return [LogLine(**dict(zip(_COLUMNS, row, strict=True))) for row in rows.fetchall()]

    def counts(self, run_id: str) -> RunCounts:
        """What the run did as far as its lines say; how many addresses it found, they do not."""
        tally: Counter[str] = Counter()
        rejected: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for outcome, reason, answered, number in self._connection.execute(
            "SELECT outcome, reason, capture_id IS NOT NULL, count(*) FROM crawl_log"
            " WHERE run_id = ? AND kind <> ? AND outcome <> ? GROUP BY 1, 2, 3",
            (run_id, ROBOTS, RETRY),
        ):
            tally[outcome] += number
            tally["fetched"] += number * answered
            if outcome == "rejected":
                rejected[reason] += number
            elif outcome in {"failed", "takedown"}:
                failed[reason] += number
        return RunCounts(
            fetched=tally["fetched"],
            accepted=tally["new"] + tally["new_version"],
            unchanged=tally["unchanged"],
            rejected=dict(rejected),
            failed=dict(failed),
        )

    def outcomes(self, run_id: str) -> dict[str, int]:
        """Outcome -> lines."""
        return dict(
            self._connection.execute(
                "SELECT outcome, count(*) FROM crawl_log WHERE run_id = ? GROUP BY 1 ORDER BY 1",
                (run_id,),
            )
        )

    def pace(self, run_id: str) -> dict[str, Pace]:
        """Site -> how closely its requests followed each other, robots.txt included."""
        asked: dict[str, list[datetime]] = {}
        answers: dict[str, list[float]] = {}
        for site, at, seconds in self._connection.execute(
            "SELECT site, asked_at, seconds FROM crawl_log"
            " WHERE run_id = ? AND asked_at IS NOT NULL ORDER BY site, asked_at",
            (run_id,),
        ):
            asked.setdefault(site, []).append(read_instant(at))
            if seconds is not None:
                answers.setdefault(site, []).append(seconds)
        return {site: _pace(times, answers.get(site, [])) for site, times in asked.items()}


def _pace(times: list[datetime], answers: list[float]) -> Pace:
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    return Pace(
        requests=len(times),
        smallest_s=min(gaps, default=None),
        median_s=statistics.median(gaps) if gaps else None,
        median_answer_s=statistics.median(answers) if answers else None,
    )
