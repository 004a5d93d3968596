"""What the working archive holds, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.frontier import GUESS_MISSED
from archive.rechecks import count_due

if TYPE_CHECKING:
    import sqlite3


@attrs.frozen(kw_only=True)
class SiteSummary:
    """The archive's numbers for one site."""

    site: str
    #: None when pages of the site are stored but its site file was never read.
    name: str | None
    articles: int
    captures: int
    #: ISO 8601 as stored; None without a dated article or a capture.
    first_published: str | None
    last_published: str | None
    last_captured: str | None
    #: Articles due to be looked at again.
    rechecks_due: int
    #: Addresses that wait to be fetched.
    waiting: int = 0
    #: reason -> addresses given up, at least for now.
    failed: dict[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Summary:
    """The archive's numbers."""

    articles: int
    captures: int
    #: reason -> pages
    rejections: dict[str, int]
    #: state -> URLs
    frontier: dict[str, int]
    #: Sorted by site id.
    sites: tuple[SiteSummary, ...]


def read_summary(connection: sqlite3.Connection, now: float) -> Summary:
    """Count the rows of the working database at *now* (Unix time)."""
    sites = tuple(_site_summaries(connection, count_due(connection, now)))
    return Summary(
        articles=sum(site.articles for site in sites),
        captures=sum(site.captures for site in sites),
        rejections=dict(
            connection.execute("SELECT reason, count(*) FROM rejections GROUP BY reason ORDER BY 1")
        ),
        frontier=dict(
            connection.execute("SELECT state, count(*) FROM frontier GROUP BY state ORDER BY 1")
        ),
        sites=sites,
    )


def _site_summaries(connection: sqlite3.Connection, due: dict[str, int]) -> list[SiteSummary]:
    names: dict[str, str | None] = dict(connection.execute("SELECT id, name FROM sites"))
    captures: dict[str, tuple[int, str]] = {
        row[0]: (row[1], row[2])
        for row in connection.execute(
            "SELECT site, count(*), max(fetched_at) FROM captures GROUP BY site"
        )
    }
    articles: dict[str, tuple[int, str | None, str | None]] = {
        row[0]: (row[1], row[2], row[3])
        for row in connection.execute(
            "SELECT site, count(*), min(published_at), max(published_at) FROM articles GROUP BY site"
        )
    }
    waiting: dict[str, int] = dict(
        connection.execute(
            "SELECT site, count(*) FROM frontier WHERE state = 'found' GROUP BY site"
        )
    )
    failed: dict[str, dict[str, int]] = {}
    for site, reason, number in connection.execute(
        "SELECT site, ifnull(outcome, 'unknown'), count(*) FROM frontier WHERE state = 'failed'"
        " AND ifnull(outcome, '') <> ? GROUP BY site, outcome",
        (GUESS_MISSED,),
    ):
        failed.setdefault(site, {})[reason] = number
    summaries = []
    for site in sorted(names.keys() | captures.keys() | articles.keys() | waiting.keys()):
        captured, last_captured = captures.get(site, (0, None))
        stored, first, last = articles.get(site, (0, None, None))
        summaries.append(
            SiteSummary(
                site=site,
                name=names.get(site),
                articles=stored,
                captures=captured,
                first_published=first,
                last_published=last,
                last_captured=last_captured,
                rechecks_due=due.get(site, 0),
                waiting=waiting.get(site, 0),
                failed=failed.get(site, {}),
            )
        )
    return summaries
