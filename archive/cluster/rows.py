"""Which rows of ``archive.db`` travel from a worker to the archive, and how they are told apart there.

A worker's numbers (``frontier.id``, ``backfills.id`` ...) mean nothing elsewhere. Rows are known by their
natural keys, and a number that refers to another row travels as that row's natural key, in JSON.
"""

from __future__ import annotations

from typing import Final

import attrs

#: What ``frontier.polled_in`` begins with where a backfill, and no run, stands in it.
PASS_OF_BACKFILL: Final = "backfill "  # noqa: S105 - one look at all lists, no secret
#: What a number of a backfill travels as.
BACKFILL_KEY: Final = ("site", "first_day", "last_day", "started_at")
#: Ids of articles begin with the site and a colon; a semicolon is the character after it.
_OF_ARTICLES: Final = "article_id >= ?1 || ':' AND article_id < ?1 || ';'"


@attrs.frozen(kw_only=True)
class Table:
    """A table whose rows travel."""

    name: str
    #: Columns by which a row is known everywhere.
    key: tuple[str, ...]
    #: Columns by which the worker's database finds a row of its journal; *key* where there is no number.
    local_key: tuple[str, ...] = attrs.Factory(lambda self: self.key, takes_self=True)
    #: Whether *key* is a UNIQUE constraint.
    is_unique: bool = True
    #: Columns that stay at home.
    left_out: frozenset[str] = frozenset()
    #: Whether a crawl deletes rows.
    shrinks: bool = False
    #: Whether a row that is there stays as it is.
    is_written_once: bool = False
    #: Column -> expression of SQL for the value it gets instead of the new one, over ``excluded`` and the row that is there.
    merged: dict[str, str] = attrs.field(factory=dict)
    #: Condition on the rows of one site, for a copy of them; ``?`` is the site.
    of_site: str = "site = ?"


def _parts(name: str, *, key: str = "position", shrinks: bool = True) -> Table:
    """A table of parts of articles."""
    return Table(name=name, key=("article_id", key), shrinks=shrinks, of_site=_OF_ARTICLES)


_OF_BACKFILL: Final = "backfill_id IN (SELECT id FROM backfills WHERE site = ?)"
_FIRST: Final = (
    "min(ifnull(sites.first_captured_at, excluded.first_captured_at), excluded.first_captured_at)"
)
_LAST: Final = (
    "max(ifnull(sites.last_captured_at, excluded.last_captured_at), excluded.last_captured_at)"
)

#: In the order in which rows are written, so that what they refer to is there; deleted in the opposite one.
TABLES: Final = (
    Table(
        name="sites", key=("id",), of_site="id = ?",
        merged={"first_captured_at": f"coalesce({_FIRST}, sites.first_captured_at)",
                "last_captured_at": f"coalesce({_LAST}, sites.last_captured_at)"},
    ),
    Table(name="runs", key=("id",)),
    # checked again where it lies
    Table(name="warc_files", key=("name",), left_out=frozenset({"verified_at"})),
    Table(name="captures", key=("id",), is_written_once=True),
    Table(name="articles", key=("id",), shrinks=True),
    _parts("article_versions", key="version"),
    _parts("article_addresses", key="url", shrinks=False),
    _parts("figures"),
    _parts("evidence"),
    _parts("removed_blocks"),
    Table(
        name="events", key=("site", "url", "article_id", "kind", "detail", "capture_id", "happened_at"),
        local_key=("id",), is_unique=False, left_out=frozenset({"id"}), is_written_once=True,
    ),
    Table(name="rejections", key=("site", "url"), shrinks=True),
    Table(
        name="backfills", key=BACKFILL_KEY, local_key=("id",), is_unique=False, left_out=frozenset({"id"}),
    ),
    Table(name="backfill_seeds", key=("backfill_id", "seed"), of_site=_OF_BACKFILL),
    Table(name="backfill_pages", key=("backfill_id", "seed", "page"), of_site=_OF_BACKFILL),
    Table(name="frontier", key=("site", "url_key"), left_out=frozenset({"id"})),
    Table(
        name="template_pages", key=("site", "layout", "article_id"), left_out=frozenset({"id"}), shrinks=True,
    ),
    Table(name="template_blocks", key=("site", "layout", "block"), shrinks=True),
    Table(name="crawl_log", key=("run_id", "position")),
    Table(name="site_health", key=("run_id",)),
)  # fmt: skip
BY_NAME: Final = {table.name: table for table in TABLES}
#: Tables that a crawl writes and does not read: a worker begins without those of former runs.
WRITTEN_ONLY: Final = frozenset({"runs", "warc_files", "crawl_log", "site_health"})
#: Columns whose numbers travel as natural keys.
BACKFILL_COLUMNS: Final = frozenset({"backfill_id", "polled_in"})
