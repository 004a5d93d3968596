"""Which articles are exported: papers, provinces, days, level, a search, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import date


@attrs.frozen(kw_only=True)
class Selection:
    """What is asked for; everything must hold, and of several papers or provinces any will do."""

    #: Site ids; empty: every paper.
    papers: tuple[str, ...] = ()
    #: Provinces as named on the day of publication.
    provinces: tuple[str, ...] = ()
    #: First day of publication, on the papers' clock. Undated articles pass no date filter.
    published_from: date | None = None
    #: Last day of publication, included.
    published_to: date | None = None
    #: 1 mentions the militia, 2 is about it; None: both.
    level: int | None = None
    #: A search as on the desk.
    query: str | None = None
    #: True leaves out what the search finds only without diacritics.
    exact_only: bool = False
    #: Day, snapshot or release that the export is compared with; see ``changes.py``.
    since: str | None = None

    @property
    def everything(self) -> bool:
        """True when no article is left out."""
        return attrs.evolve(self, since=None) == Selection()


def read_selection(
    *,
    papers: Sequence[str] = (),
    provinces: Sequence[str] = (),
    published_from: str | None = None,
    published_to: str | None = None,
    level: str | int | None = None,
    query: str | None = None,
    exact_only: bool = False,
    since: str | None = None,
) -> Selection:
    """A selection from what a user typed; days are YYYY, YYYY-MM or YYYY-MM-DD.

    Raises UsageError (BadDateRange, BadQuery) naming the field at fault.
    """
    first, last = _days(published_from, published_to)
    if level is not None and str(level) not in {"1", "2"}:
        raise UsageError(f"level must be 1 or 2, not {level!r}")
    if exact_only and not query:
        raise UsageError("exact_only says how a query is read, and there is no query")
    if query is not None:
        from archive.desk.query import parse  # noqa: PLC0415  Datasette takes half a second to import

        parse(query)
    return Selection(
        papers=_named("papers", papers),
        provinces=_named("provinces", provinces),
        published_from=first,
        published_to=last,
        level=None if level is None else int(level),
        query=query,
        exact_only=exact_only,
        since=_given("since", since),
    )


def _days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    if first is None and last is None:
        return None, None
    from archive.desk.filters import read_dates  # noqa: PLC0415  Datasette takes half a second to import

    return read_dates(first, last)


def _named(field: str, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_given(field, value) or "" for value in values))


def _given(field: str, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise UsageError(f"{field} is empty; leave it out, or say what is wanted")
    return value.strip() if value is not None else None


#: SELECT of the chosen articles' ids, once ``choose`` has run.
CHOSEN: Final = "SELECT id FROM temp.chosen"


def choose(connection: sqlite3.Connection, selection: Selection) -> str | None:
    """Look the selection up in a snapshot; the SELECT of its article ids, or None for all articles.

    The ids are kept in a temporary table, so that every table of one export has the same articles.
    Raises UsageError (BadQuery) for a paper or province the snapshot does not know.
    """
    if selection.everything:
        return None
    connection.execute("DROP TABLE IF EXISTS temp.chosen")
    connection.execute("CREATE TEMP TABLE chosen (id TEXT PRIMARY KEY) WITHOUT ROWID")
    for sql, values in _searches(connection, selection):
        connection.execute(
            f"INSERT OR IGNORE INTO temp.chosen SELECT id FROM articles WHERE docid IN ({sql})",  # noqa: S608 - built of constants
            values,
        )
    return CHOSEN


def _searches(
    connection: sqlite3.Connection, selection: Selection
) -> list[tuple[str, list[object]]]:
    """SQL of the docids, one statement for each full-text search."""
    from archive.desk.filters import Query, condition  # noqa: PLC0415  Datasette takes half a second to import
    from archive.desk.hits import source  # noqa: PLC0415  the same
    from archive.desk.plan import plan  # noqa: PLC0415  the same
    from archive.desk.query import parse  # noqa: PLC0415  the same

    query = Query(
        text=selection.query or "",
        papers=selection.papers,
        provinces=selection.provinces,
        levels=() if selection.level is None else (selection.level,),
        published_from=selection.published_from,
        published_to=selection.published_to,
    )
    _check_names(connection, "site", "paper", selection.papers)
    _check_names(connection, "province", "province", selection.provinces)
    if selection.query is None:
        where, values = condition(query)
        return [(f"SELECT facts.docid FROM article_facts AS facts WHERE {where}", values)]  # noqa: S608 - built of constants
    found = []
    for step in plan(parse(selection.query), exact_only=selection.exact_only):
        sql, values = source(step, query)
        found.append((f"SELECT {step.index}.rowid {sql}", values))
    return found


def _check_names(
    connection: sqlite3.Connection, column: str, kind: str, names: Sequence[str]
) -> None:
    """Raise UsageError for a name that no article has, with those there are."""
    sql = f"SELECT DISTINCT {column} FROM article_facts WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608 - own names
    known = [row[0] for row in connection.execute(sql)] if names else []
    unknown = ", ".join(repr(name) for name in names if name not in known)
    if unknown:
        raise UsageError(
            f"the snapshot has no article of the {kind} {unknown}; there are: {', '.join(known)}"
        )
