"""What a reader is told of an article that was withdrawn from publication."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from archive.desk import answers
from archive.desk.dates import show_instant
from archive.desk.language import say

if TYPE_CHECKING:
    from datasette.utils.asgi import Response

    from archive.desk.served import Served
    from archive.desk.visit import Visit


def tombstone(connection: sqlite3.Connection, article_id: str) -> tuple[str, str] | None:
    """Reason and instant of an article's withdrawal; None when it is not withdrawn."""
    try:
        row = connection.execute(
            "SELECT reason, withdrawn_at FROM withdrawals WHERE id = ?", [article_id]
        ).fetchone()
    except sqlite3.OperationalError:
        # a snapshot from before there were withdrawals
        return None
    return (row[0], row[1]) if row else None


async def withdrawn_answer(
    visit: Visit, snapshot: Served, article_id: str, *, json: bool = False
) -> Response | None:
    """The page for a withdrawn article, HTTP 410; None when the article is not withdrawn."""
    database = visit.datasette.get_database(snapshot.database)
    found = await database.execute_fn(partial(tombstone, article_id=article_id))
    if found is None:
        return None
    reason, at = found
    when = show_instant(visit.language, at)
    return await answers.error(
        visit,
        snapshot,
        status=410,
        title=say(visit.language, "error.withdrawn"),
        text=say(
            visit.language, "error.withdrawn_text", id=article_id[:100], reason=reason, when=when
        ),
        json=json,
    )
