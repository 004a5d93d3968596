"""What can be exported: the tables of a published snapshot, their columns, types and order."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import UsageError
from archive.public_columns import TABLES as SENTENCES
from archive.public_columns import public_descriptions

if TYPE_CHECKING:
    import sqlite3


class Kind(enum.StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    #: Texts, stored as a JSON list.
    LIST = "list"
    #: Anything else stored as JSON.
    JSON = "json"
    #: ISO 8601 in UTC, ``2026-11-24T03:10:00.123456Z``.
    INSTANT = "instant"
    #: ISO 8601 on the papers' clock, ``2024-03-19T09:12:00+07:00``.
    PAPER_TIME = "paper_time"


@attrs.frozen(kw_only=True)
class Column:
    """A column of an exported table."""

    name: str
    kind: Kind
    #: SQLite's type.
    sql_type: str
    #: True when no value is missing.
    required: bool
    description: str
    #: SQL that reads it, over ``source`` of its table.
    sql: str


@attrs.frozen(kw_only=True)
class Table:
    """A table that can be exported."""

    name: str
    description: str
    columns: tuple[Column, ...]
    #: Columns that name a row; rows come in their order.
    key: tuple[str, ...]

    def column(self, name: str) -> Column:
        """The column *name*. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


@attrs.frozen(kw_only=True)
class _Facts:
    key: tuple[str, ...]
    #: Condition that holds for the rows of chosen articles; ``{ids}`` is a SELECT of their ids.
    chosen: str
    #: Columns that carry the papers' text, left out when text is withheld.
    text: tuple[str, ...] = ()


_OF_ARTICLE: Final = "article_id IN ({ids})"
_FACTS: Final[dict[str, _Facts]] = {
    "articles": _Facts(key=("id",), chosen="id IN ({ids})", text=("sapo", "body")),
    "article_versions": _Facts(
        key=("article_id", "version"), chosen=_OF_ARTICLE, text=("sapo", "body")
    ),
    "article_addresses": _Facts(key=("article_id", "url"), chosen=_OF_ARTICLE),
    "figures": _Facts(key=("article_id", "position"), chosen=_OF_ARTICLE, text=("caption",)),
    "evidence": _Facts(key=("article_id", "position"), chosen=_OF_ARTICLE),
    "removed_blocks": _Facts(key=("article_id", "position"), chosen=_OF_ARTICLE, text=("text",)),
    "stories": _Facts(
        key=("id",), chosen="id IN (SELECT story_id FROM articles WHERE id IN ({ids}))"
    ),
    "sites": _Facts(key=("id",), chosen="id IN (SELECT site FROM articles WHERE id IN ({ids}))"),
    "captures": _Facts(
        key=("id",),
        chosen="id IN (SELECT capture_id FROM articles WHERE id IN ({ids})"
        " UNION SELECT capture_id FROM article_versions WHERE article_id IN ({ids}))",
    ),
    # few, and needed by whoever holds older data: given whole whatever is selected
    "withdrawals": _Facts(key=("id",), chosen="1"),
    "snapshot": _Facts(key=("id",), chosen="1"),
}
#: Names of the tables, articles first.
TABLES: Final = tuple(_FACTS)

_LISTS: Final = {"authors", "tags", "languages"}
_JSON: Final = {"text_changes"}
_INSTANTS: Final = {
    "first_captured_at", "last_captured_at", "captured_at", "seen_at", "first_seen_at", "fetched_at",
    "built_at", "withdrawn_at",
}  # fmt: skip
_PAPER_TIMES: Final = {"published_at", "modified_at", "first_published", "last_published"}
_KINDS: Final = {"INTEGER": Kind.INTEGER, "REAL": Kind.NUMBER}
#: Numbers rows by their place in one snapshot: means nothing in another.
_LEFT_OUT: Final = {"docid"}


def read_table(connection: sqlite3.Connection, name: str, *, with_text: bool = True) -> Table:
    """The table *name* as the snapshot has it; without the papers' texts unless *with_text*.

    Raises UsageError when there is no such table.
    """
    if name not in _FACTS:
        raise UsageError(f"unknown table {name!r}; known tables: {', '.join(TABLES)}")
    facts = _FACTS[name]
    said = public_descriptions(name)
    hidden = _LEFT_OUT | (set() if with_text else set(facts.text))
    rows = connection.execute(
        'SELECT name, type, "notnull" FROM pragma_table_info(?)', (name,)
    ).fetchall()
    if not rows:
        raise UsageError(
            f"the snapshot has no table {name!r}: it was built by an older version; run `dqtv publish`"
        )
    columns = tuple(
        Column(
            name=column,
            kind=_kind(column, declared),
            sql_type=declared or "TEXT",
            required=bool(required),
            description=said[column],
            sql=f'"{column}"',
        )
        for column, declared, required in rows
        if column not in hidden
    )
    return Table(name=name, description=SENTENCES[name], columns=columns, key=facts.key)


def statement(of: Table, ids: str | None, *, as_bytes: bool = False) -> str:
    """The SELECT of the table's rows in order; *ids* selects the chosen articles' ids, None: all.

    With *as_bytes* the papers' texts come as UTF-8.
    """
    long = _FACTS[of.name].text if as_bytes else ()
    names = ", ".join(
        f"CAST({column.sql} AS BLOB)" if column.name in long else column.sql
        for column in of.columns
    )
    where = f" WHERE {_FACTS[of.name].chosen.format(ids=ids)}" if ids else ""
    order = ", ".join(f'"{name}"' for name in of.key)
    return f'SELECT {names} FROM "{of.name}"{where} ORDER BY {order}'  # noqa: S608 - own names


def count_statement(of: Table, ids: str | None) -> str:
    """The SELECT that counts the rows of ``statement``."""
    where = f" WHERE {_FACTS[of.name].chosen.format(ids=ids)}" if ids else ""
    return f'SELECT count(*) FROM "{of.name}"{where}'  # noqa: S608 - own names


def _kind(column: str, declared: str) -> Kind:
    for names, kind in (
        (_LISTS, Kind.LIST), (_JSON, Kind.JSON), (_INSTANTS, Kind.INSTANT), (_PAPER_TIMES, Kind.PAPER_TIME),
    ):  # fmt: skip
        if column in names:
            return kind
    return _KINDS.get(declared, Kind.TEXT)
