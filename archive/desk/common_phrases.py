"""The articles that have a common phrase, as they were found when the snapshot was built."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3

_KEPT: Final[Tallies[bool]] = Tallies(kept=2)


def articles_with(connection: sqlite3.Connection, form: str, phrase: str) -> int | None:
    """The set of the articles that have *phrase* in a form; None where that was not kept.

    *phrase* is written as ``archive.phrases.forms.Form.phrase`` writes it.
    """
    if not _KEPT.get(connection, None, lambda: _has_any(connection)):
        return None
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
