"""What one run showed of its site, counted by SQL over the run's lines in the crawl log."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.crawl_log import ROBOTS
from archive.instants import paper_text, read_instant, utc_text

if TYPE_CHECKING:
    import sqlite3

#: What a run was for; only daily runs are compared with each other.
DAILY: Final = "daily"
#: Layouts and charsets of which the pages are counted; the others are rare.
_MOST_KINDS: Final = 6
#: A date later than this after the run is a mistake of the page's.
_AHEAD: Final = timedelta(days=1)
#: Lines of articles that were read for the first time: looking again at known ones says nothing of today's pages.
_READ: Final = "run_id = ?1 AND fields IS NOT NULL AND outcome IN ('new', 'rejected')"


@attrs.frozen(kw_only=True)
class Measures:
    """What one run showed of its site."""

    run_id: str
    site: str
    #: ``daily``, ``rechecks`` or ``backfill``.
    kind: str
    started_at: datetime
    reason: str
    #: New addresses.
    found: int
    fetched: int
    #: Articles about the militia, new or in a new version.
    accepted: int
    #: Pages read as articles for the first time, about the militia or not; all below but for the failures and lists is of these.
    articles: int
    #: Publication of the newest article known by then; None when none is dated.
    newest_at: datetime | None = None
    #: Field -> pages on which it was found.
    fields: dict[str, int] = attrs.field(factory=dict)
    #: Pages with a text, and those among them on which the layout's rule found it.
    with_text: int = 0
    by_rule: int = 0
    #: Characters of the middle one of the texts.
    characters: int | None = None
    #: Digest of the layout, or charset -> pages.
    layouts: dict[str, int] = attrs.field(factory=dict)
    charsets: dict[str, int] = attrs.field(factory=dict)
    #: Addresses asked for, each try counted, also those that robots.txt forbids.
    asked: int = 0
    #: reason -> tries that failed.
    failures: dict[str, int] = attrs.field(factory=dict)
    #: reason -> pages that were read and rejected.
    rejected: dict[str, int] = attrs.field(factory=dict)
    #: Lists, feeds and sitemaps that were read, those without an article, articles named by all of them.
    lists: int = 0
    lists_empty: int = 0
    listed: int = 0
    #: What the last robots.txt meant, and the SHA-256 of its text.
    robots: str | None = None
    robots_sha256: str | None = None


#: What has a column of its own; everything else is in ``measures``.
_COLUMNS: Final = (
    "run_id", "site", "kind", "started_at", "reason", "found", "fetched", "accepted", "articles", "newest_at",
)  # fmt: skip


def measure(connection: sqlite3.Connection, run_id: str, kind: str) -> Measures:
    """Count what the finished run *run_id* showed. Raises LookupError when there is no such run, or it goes on."""
    row = connection.execute(
        "SELECT site, started_at, reason, counts, robots FROM runs WHERE id = ? AND counts IS NOT NULL",
        (run_id,),
    ).fetchone()
    if row is None:
        raise LookupError(f"run {run_id} has not ended")
    site, started, reason, counts, robots = row
    numbers, started_at = orjson.loads(counts), read_instant(started)
    last_robots = (orjson.loads(robots) if robots else None) or [{}]
    return Measures(
        run_id=run_id,
        site=site,
        kind=kind,
        started_at=started_at,
        reason=reason,
        **{name: numbers[name] for name in ("found", "fetched", "accepted")},
        newest_at=_newest(connection, run_id, site, started_at),
        robots=last_robots[-1].get("said"),
        robots_sha256=last_robots[-1].get("sha256"),
        **_of_pages(connection, run_id),
        **_of_requests(connection, run_id),
    )


def _of_pages(connection: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    fields: Counter[str] = Counter()
    articles = 0
    for names, number in connection.execute(
        f"SELECT fields, count(*) FROM crawl_log WHERE {_READ} GROUP BY 1",  # noqa: S608 - own text
        (run_id,),
    ):
        articles += number
        for name in names.split():
            fields[name] += number
    with_text, by_rule = connection.execute(
        f"SELECT count(body_source), ifnull(sum(body_source = 'rule'), 0) FROM crawl_log WHERE {_READ}",  # noqa: S608 - own text
        (run_id,),
    ).fetchone()
    middle = connection.execute(
        f"SELECT characters FROM crawl_log WHERE {_READ} ORDER BY characters LIMIT 1 OFFSET ?2",  # noqa: S608 - own text
        (run_id, articles // 2),
    ).fetchone()
    return {
        "articles": articles,
        "fields": dict(fields),
        "with_text": with_text,
        "by_rule": by_rule,
        "characters": middle[0] if middle else None,
        "layouts": _kinds(connection, run_id, "layout"),
        "charsets": _kinds(connection, run_id, "charset"),
    }


def _kinds(connection: sqlite3.Connection, run_id: str, column: str) -> dict[str, int]:
    return dict(
        connection.execute(
            f"SELECT {column}, count(*) FROM crawl_log WHERE {_READ} AND {column} IS NOT NULL"  # noqa: S608 - own names
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?2",
            (run_id, _MOST_KINDS),
        ).fetchall()
    )


def _of_requests(connection: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    asked = 0
    failures: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for outcome, reason, number in connection.execute(
        "SELECT outcome, reason, count(*) FROM crawl_log WHERE run_id = ? AND kind <> ? GROUP BY 1, 2",
        (run_id, ROBOTS),
    ):
        asked += number
        if outcome in {"failed", "retry"}:
            failures[reason] += number
        elif outcome == "rejected":
            rejected[reason] += number
    lists, empty, listed = connection.execute(
        "SELECT count(*), ifnull(sum(listed = 0), 0), ifnull(sum(listed), 0) FROM crawl_log"
        " WHERE run_id = ? AND listed IS NOT NULL",
        (run_id,),
    ).fetchone()
    return {
        "asked": asked,
        "failures": dict(failures),
        "rejected": dict(rejected),
        "lists": lists,
        "lists_empty": empty,
        "listed": listed,
    }


def _newest(
    connection: sqlite3.Connection, run_id: str, site: str, started_at: datetime
) -> datetime | None:
    known = connection.execute(
        "SELECT newest_at FROM site_health WHERE site = ? AND started_at < ? AND newest_at IS NOT NULL"
        " ORDER BY started_at DESC LIMIT 1",
        (site, utc_text(started_at)),
    ).fetchone()
    (seen,) = connection.execute(
        "SELECT max(published_at) FROM crawl_log WHERE run_id = ? AND published_at <= ?",
        (run_id, paper_text(started_at + _AHEAD)),
    ).fetchone()
    dates = [x for x in (known[0] if known else None, seen) if x is not None]
    return read_instant(max(dates)) if dates else None


def keep(connection: sqlite3.Connection, measures: Measures) -> None:
    """Write down what a run showed (inside a transaction)."""
    values = attrs.asdict(measures)
    row = [values.pop(name) for name in _COLUMNS]
    row[_COLUMNS.index("started_at")] = utc_text(measures.started_at)
    if measures.newest_at is not None:
        row[_COLUMNS.index("newest_at")] = paper_text(measures.newest_at)
    connection.execute(
        f"INSERT OR REPLACE INTO site_health ({', '.join(_COLUMNS)}, measures)"  # noqa: S608 - own names
        f" VALUES ({', '.join('?' * len(row))}, ?)",
        (*row, orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()),
    )


def past_runs(
    connection: sqlite3.Connection, site: str, *, since: datetime, before: datetime | None = None
) -> list[Measures]:
    """Measures of the site's daily runs that began from *since* until *before* (aware), oldest first."""
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)}, measures FROM site_health"  # noqa: S608 - own names
        " WHERE site = ?1 AND kind = ?2 AND started_at >= ?3 AND (?4 IS NULL OR started_at < ?4)"
        " ORDER BY started_at",
        (site, DAILY, utc_text(since), utc_text(before) if before else None),
    )
    return [_measures(row) for row in rows]


def last_measures(connection: sqlite3.Connection) -> dict[str, Measures]:
    """Site -> what its newest run of any kind showed."""
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)}, measures, max(started_at) FROM site_health GROUP BY site"  # noqa: S608 - own names
    )
    return {row[1]: _measures(row[:-1]) for row in rows}


def _measures(row: tuple[Any, ...]) -> Measures:
    *columns, rest = row
    values = dict(zip(_COLUMNS, columns, strict=True)) | orjson.loads(rest)
    values["started_at"] = read_instant(values["started_at"])
    if values["newest_at"] is not None:
        values["newest_at"] = read_instant(values["newest_at"])
    return Measures(**values)
