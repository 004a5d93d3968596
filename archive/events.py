"""What happened to an address: an article taken down, come back, or moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.instants import utc_text
from archive.rows import event_row

if TYPE_CHECKING:
    import sqlite3

    from archive.model import Capture, Redirected

#: HTTP statuses by which a paper says an article is gone (RFC 9110, 15.5.5 and 15.5.11).
_GONE = frozenset({404, 410})


class Events:
    """Rows of the ``events`` table; a state that lasts is written once, not at every look."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def gone(self, capture: Capture) -> bool:
        """Note a takedown when *capture* is a 404 or 410 of a known article; False when it is not."""
        if capture.status not in _GONE:
            return False
        article_id = self._article_at(capture.url)
        if article_id is None:
            return False
        if self._last_state(article_id, capture) != "takedown":
            self._add("takedown", capture, article_id, f"HTTP {capture.status}")
        return True

    def back(self, article_id: str, capture: Capture) -> None:
        """Note that an article taken down earlier was seen again."""
        if self._last_state(article_id, capture) == "takedown":
            self._add("return", capture, article_id, f"HTTP {capture.status}")

    def redirected(self, outcome: Redirected) -> None:
        """Note where an address led."""
        capture = outcome.capture
        detail = outcome.target.url if outcome.target else outcome.detail
        last = self._connection.execute(
            "SELECT detail FROM events WHERE url = ? AND kind = 'redirect' ORDER BY id DESC LIMIT 1",
            (capture.url,),
        ).fetchone()
        if last is None or last[0] != detail:
            self._add("redirect", capture, self._article_at(capture.url), detail)

    def _article_at(self, url: str) -> str | None:
        """Id of the article with this canonical address, or read from a capture of this address."""
        row = self._connection.execute(
            "SELECT id FROM articles WHERE url = ?1 UNION SELECT a.id FROM captures AS c"
            " JOIN articles AS a ON a.capture_id = c.id WHERE c.url = ?1 LIMIT 1",
            (url,),
        ).fetchone()
        return row[0] if row else None

    def _last_state(self, article_id: str, capture: Capture) -> str | None:
        """``takedown``, ``return`` or None: how the article stood when *capture* was taken."""
        row = self._connection.execute(
            "SELECT kind FROM events WHERE article_id = ? AND kind IN ('takedown', 'return')"
            " AND happened_at <= ? ORDER BY happened_at DESC, id DESC LIMIT 1",
            (article_id, utc_text(capture.fetched_at)),
        ).fetchone()
        return row[0] if row else None

    def _add(self, kind: str, capture: Capture, article_id: str | None, detail: str | None) -> None:
        row = event_row(kind, capture, article_id, detail)
        columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
        self._connection.execute(f"INSERT INTO events ({columns}) VALUES ({marks})", row)  # noqa: S608 - own column names
