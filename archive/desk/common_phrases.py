"""The articles that have a common phrase, as they were found when the snapshot was built."""

from __future__ import annotations

import zlib
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.plan import FORM_OF
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3

    from archive.desk.plan import Piece, Step

#: By snapshot: whether it has common phrases, and the sets last asked for.
_HAS: Final[Tallies[bool]] = Tallies(kept=2)
_SETS: Final[Tallies[int | None]] = Tallies()


@attrs.frozen(kw_only=True)
class Known:
    """What common phrases tell of a piece of a search."""

    #: The articles that have a common phrase of it.
    articles: int
    #: FTS5 expression of what they do not tell; empty where they tell all.
    unknown: str


def articles_with(connection: sqlite3.Connection, step: Step, piece: Piece) -> Known:
    """What common phrases tell of a piece of *step*."""
    articles, unknown = 0, []
    for match, phrase in piece.any_of:
        having = None if phrase is None else _having(connection, FORM_OF[step.index].name, phrase)
        if having is None:
            unknown.append(match)
        else:
            articles |= having
    return Known(articles=articles, unknown=" OR ".join(unknown))


def commonly_found(connection: sqlite3.Connection, step: Step) -> tuple[int, Step | None]:
    """Hits of *step* as far as common phrases tell them, and a step that finds all others, if there can be any.

    A hit has every piece of any alternative, so a common phrase tells hits where it stands alone.
    """
    if step.refused or step.without_exact or not step.alternatives:
        return 0, step
    found, unknown = 0, []
    for pieces in step.alternatives:
        known = [articles_with(connection, step, piece) for piece in pieces]
        if len(known) == 1 or not any(part.unknown for part in known):
            found |= reduce(and_, (part.articles for part in known))
            unknown += [part.unknown for part in known if part.unknown]
        else:
            unknown.append(" AND ".join(f"({piece.match})" for piece in pieces))
    if unknown and not found:
        return 0, step
    rest = " OR ".join(f"({match})" for match in unknown)
    return found, attrs.evolve(step, match=rest) if rest else None


def _having(connection: sqlite3.Connection, form: str, phrase: str) -> int | None:
    """The articles that have *phrase* in a form; None where it is not common.

    It is written as ``archive.phrases.forms.Form.phrase`` writes it.
    """
    if not _HAS.get(connection, None, lambda: _has_any(connection)):
        return None
    return _SETS.get(connection, (form, phrase), lambda: _read(connection, form, phrase))


def _read(connection: sqlite3.Connection, form: str, phrase: str) -> int | None:
    pieces = connection.execute(
        "SELECT p.id, a.first_docid, a.docids FROM common_phrases AS p"
        " LEFT JOIN common_phrase_articles AS a ON a.phrase_id = p.id WHERE p.form = ? AND p.phrase = ?",
        (form, phrase),
    ).fetchall()
    if not pieces:
        return None
    found = 0
    for _, first_docid, docids in pieces:
        if docids is not None:
            found |= int.from_bytes(zlib.decompress(docids), "little") << first_docid
    return found


def _has_any(connection: sqlite3.Connection) -> bool:
    # a snapshot of an earlier version has none
    sql = "SELECT count(*) FROM sqlite_master WHERE name = 'common_phrase_articles'"
    return bool(connection.execute(sql).fetchone()[0])
