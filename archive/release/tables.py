"""The tables of a release: those of the snapshot under their readers' names, and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.export import tables as exported
from archive.export.tables import Column, Kind, Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

#: Name in the release -> name in the snapshot.
NAMES: Final = {
    "articles": "articles",
    "versions": "article_versions",
    "figures": "figures",
    "evidence": "evidence",
    "stories": "stories",
    "papers": "sites",
}
#: Tables whose rows belong to one article each, which their first column names.
OF_ARTICLES: Final = ("articles", "versions", "figures", "evidence")

_COVERAGE: Final = """
SELECT site, ifnull(month, 'unknown'), count(*), sum(level = 2), sum(word_count) FROM articles
GROUP BY 1, 2 ORDER BY 1, 2
"""


def _column(name: str, kind: Kind, description: str) -> Column:
    sql_type = "INTEGER" if kind is Kind.INTEGER else "TEXT"
    return Column(
        name=name, kind=kind, sql_type=sql_type, required=name != "syllables", description=description, sql=""
    )  # fmt: skip


_COVERAGE_TABLE: Final = Table(
    name="coverage",
    description="Articles of each paper and month.",
    columns=(
        _column("site", Kind.TEXT, "Paper."),
        _column("month", Kind.TEXT, "Month of publication, such as 2024-03; unknown where no day is known."),
        _column("articles", Kind.INTEGER, "Articles that mention or are about the militia."),
        _column("about", Kind.INTEGER, "Those of them that are about it (level 2)."),
        _column("syllables", Kind.INTEGER, "Syllables in their leads and bodies."),
    ),
    key=("site", "month"),
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Released:
    """A table of a release and the SQL of its rows, in the order of its key."""

    table: Table
    sql: str
    #: The same with the papers' texts as UTF-8.
    sql_of_bytes: str

    @property
    def name(self) -> str:
        """Its name in the release."""
        return self.table.name


def released(connection: sqlite3.Connection, *, with_text: bool) -> tuple[Released, ...]:
    """The tables of a release of the snapshot; without the papers' texts unless *with_text*.

    Raises UsageError for a snapshot of an older version that lacks one.
    """
    found = []
    for name, source in NAMES.items():
        table = exported.read_table(connection, source, with_text=with_text)
        sql, of_bytes = (exported.statement(table, None, as_bytes=x) for x in (False, True))
        found.append(Released(table=attrs.evolve(table, name=name), sql=sql, sql_of_bytes=of_bytes))
    return (*found, Released(table=_COVERAGE_TABLE, sql=_COVERAGE, sql_of_bytes=_COVERAGE))


def rows(
    connection: sqlite3.Connection, table: Released, *, as_bytes: bool = False
) -> Iterator[tuple[object, ...]]:
    """The rows of a table, streamed; with *as_bytes* the papers' texts come as UTF-8."""
    return iter(connection.execute(table.sql_of_bytes if as_bytes else table.sql))
