"""Backfills: a paper's past by date range, page by page, resumable, with the reason why it stopped.

A backfill is a row of the archive. Feeds, sitemaps and listings that are read for one carry its number
in the frontier, so a killed run goes on where it was; each page is read once per backfill.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Final

import attrs

from archive.model import DaySpan

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

#: No list is followed further than this: 5,000 pages of 12 are more articles than a section has printed,
#: and a list without end must end somewhere (our choice).
MOST_PAGES: Final = 5_000

REACHED_FIRST_DAY: Final = "reached the first day asked for"
END_OF_LIST: Final = "the list ends here"
REPEATS: Final = "the list repeats itself"
PAGE_BOUND: Final = f"more than {MOST_PAGES} pages"
NO_FURTHER_PAGES: Final = "the site file names no further pages"


@attrs.frozen(kw_only=True)
class SeedProgress:
    """How far back one seed of a backfill was followed."""

    seed: str
    #: Pages read.
    pages: int
    #: Articles listed on them.
    articles: int
    #: Day of the oldest dated article among them; None when none has a date.
    oldest: str | None
    #: Why it goes back no further; None while it does.
    reason: str | None


@attrs.frozen(kw_only=True)
class BackfillProgress:
    """A backfill as it stands."""

    first_day: str
    last_day: str
    finished: bool
    seeds: tuple[SeedProgress, ...]


class Backfills:
    """The backfill tables. Methods that write must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def open(self, site: str, span: DaySpan, *, now: str) -> int:
        """Number of the unfinished backfill of *site* over *span*, begun now if there is none."""
        days = (span.first.isoformat(), span.last.isoformat())
        row = self._connection.execute(
            "SELECT id FROM backfills WHERE site = ? AND first_day = ? AND last_day = ?"
            " AND finished_at IS NULL ORDER BY id DESC LIMIT 1",
            (site, *days),
        ).fetchone()
        if row is not None:
            return int(row[0])
        return int(
            self._connection.execute(
                "INSERT INTO backfills (site, first_day, last_day, started_at)"
                " VALUES (?, ?, ?, ?) RETURNING id",
                (site, *days, now),
            ).fetchone()[0]
        )

    def span(self, backfill_id: int) -> DaySpan:
        """The days asked for."""
        first, last = self._connection.execute(
            "SELECT first_day, last_day FROM backfills WHERE id = ?", (backfill_id,)
        ).fetchone()
        return DaySpan(first=date.fromisoformat(first), last=date.fromisoformat(last))

    def note_page(self, backfill_id: int, seed: str, page: int | None, keys: Sequence[str]) -> None:
        """Note which articles a page listed; a page without number (feed, sitemap) adds to page 0."""
        number = page or 0
        held = self._keys(backfill_id, seed, number) if page is None else []
        self._connection.execute(
            "INSERT INTO backfill_pages (backfill_id, seed, page, keys) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET keys = excluded.keys",
            (backfill_id, seed, number, json.dumps([*dict.fromkeys([*held, *keys])])),
        )
        # a reason noted when a page could not be read is over once one is
        self._connection.execute(
            "INSERT INTO backfill_seeds (backfill_id, seed) VALUES (?1, ?2)"
            " ON CONFLICT DO UPDATE SET reason = iif(?3, NULL, reason)",
            (backfill_id, seed, page is not None),
        )

    def why_stop(self, backfill_id: int, site: str, seed: str, page: int) -> str | None:
        """Why the page after *page* (just noted) need not be read; None when it must be."""
        keys = self._keys(backfill_id, seed, page)
        if not keys:
            return END_OF_LIST
        if self._listed_before(backfill_id, seed, page, keys):
            return REPEATS
        if page >= MOST_PAGES:
            return PAGE_BOUND
        first_day = self.span(backfill_id).first.isoformat()
        # the articles of this very page are still to be fetched; those of the one before are dated by now
        newest = self._days(site, self._keys(backfill_id, seed, page - 1))[1]
        return REACHED_FIRST_DAY if newest is not None and newest < first_day else None

    def stop(self, backfill_id: int, seed: str, reason: str) -> None:
        """Note why *seed* is followed no further; what went wrong is kept before the plain end."""
        self._connection.execute(
            "INSERT INTO backfill_seeds (backfill_id, seed, reason) VALUES (?1, ?2, ?3)"
            " ON CONFLICT DO UPDATE SET reason = iif(?3 = ?4, ifnull(reason, ?3), ?3)",
            (backfill_id, seed, reason, END_OF_LIST),
        )

    def finish(self, backfill_id: int, *, now: str) -> None:
        """Note the end of a backfill."""
        self._connection.execute(
            "UPDATE backfills SET finished_at = ? WHERE id = ?", (now, backfill_id)
        )

    def progress(self, backfill_id: int) -> BackfillProgress:
        """How far it got."""
        site, first_day, last_day, finished_at = self._connection.execute(
            "SELECT site, first_day, last_day, finished_at FROM backfills WHERE id = ?",
            (backfill_id,),
        ).fetchone()
        seeds = self._connection.execute(
            "SELECT seed, reason FROM backfill_seeds WHERE backfill_id = ? ORDER BY seed",
            (backfill_id,),
        ).fetchall()
        return BackfillProgress(
            first_day=first_day,
            last_day=last_day,
            finished=finished_at is not None,
            seeds=tuple(self._seed(backfill_id, site, seed, reason) for seed, reason in seeds),
        )

    def _seed(self, backfill_id: int, site: str, seed: str, reason: str | None) -> SeedProgress:
        pages = self._connection.execute(
            "SELECT keys FROM backfill_pages WHERE backfill_id = ? AND seed = ?",
            (backfill_id, seed),
        ).fetchall()
        keys = {key for (text,) in pages for key in json.loads(text)}
        return SeedProgress(
            seed=seed,
            pages=len(pages),
            articles=len(keys),
            oldest=self._days(site, keys)[0],
            reason=reason,
        )

    def _keys(self, backfill_id: int, seed: str, page: int) -> list[str]:
        row = self._connection.execute(
            "SELECT keys FROM backfill_pages WHERE backfill_id = ? AND seed = ? AND page = ?",
            (backfill_id, seed, page),
        ).fetchone()
        return json.loads(row[0]) if row else []

    def _listed_before(self, backfill_id: int, seed: str, page: int, keys: Iterable[str]) -> bool:
        """True when an earlier page listed the very same articles: past its end, a list repeats one."""
        row = self._connection.execute(
            "SELECT 1 FROM backfill_pages WHERE backfill_id = ? AND seed = ? AND page < ? AND keys = ?",
            (backfill_id, seed, page, json.dumps([*keys])),
        ).fetchone()
        return row is not None

    def _days(self, site: str, keys: Iterable[str]) -> tuple[str | None, str | None]:
        """Oldest and newest day of publication among the articles with *keys* that have one."""
        oldest, newest = self._connection.execute(
            "SELECT min(published_at), max(published_at) FROM frontier WHERE site = ?"
            " AND url_key IN (SELECT value FROM json_each(?))",
            (site, json.dumps([*keys])),
        ).fetchone()
        return (oldest and oldest[:10], newest and newest[:10])
