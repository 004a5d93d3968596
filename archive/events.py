"""What happened to an address: an article missing, taken down, back, moved, or off its subject; a paper moved.

A paper's server answers "not found" for many reasons, so one such answer is only noted (``missing``). A
second look, in a later run and some hours on, decides: ``takedown``, or ``found_again``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from archive.instants import read_instant, utc_text
from archive.rows import event_row

if TYPE_CHECKING:
    import sqlite3

    from archive.model import Capture, Failed, Redirected

#: Failures by which a paper says that an article is gone: HTTP 404 and 410 (RFC 9110, 15.5.5 and
#: 15.5.11), and what it answers in place of the article.
_GONE: Final = frozenset({"not_found", "missing"})
#: Time from the first such answer to the one that is believed.
SECOND_LOOK: Final = timedelta(hours=12)


class _State(NamedTuple):
    """How an article stands: its last event of this sort."""

    kind: str
    happened_at: str
    run_id: str | None


class Events:
    """Rows of the ``events`` table; a state that lasts is written once, not at every look."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def gone(self, outcome: Failed, article_id: str | None, second_look: timedelta) -> str:
        """Note that an article the archive holds is not there.

        Returns ``missing`` (suspected), ``takedown`` (now believed), ``gone`` (known to be taken down) or
        ``failed`` where *outcome* says no such thing, or of no known article.
        """
        capture = outcome.capture
        if capture is None or outcome.reason not in _GONE:
            return "failed"
        article_id = article_id or self._article_at(capture.url)
        if article_id is None:
            return "failed"
        last = self._last_state(article_id)
        if last is not None and last.kind == "takedown":
            return "gone"
        if last is None or last.kind != "missing":
            self._add("missing", capture, article_id, outcome.detail)
            return "missing"
        if not _is_second_look(last, capture, second_look):
            return "missing"
        detail = f"{outcome.detail}; missing since {last.happened_at}"
        self._add("takedown", capture, article_id, detail)
        return "takedown"

    def back(self, article_id: str, capture: Capture) -> None:
        """Note that an article missing or taken down earlier was seen again."""
        last = self._last_state(article_id, until=utc_text(capture.fetched_at))
        ending = {"takedown": "return", "missing": "found_again"}.get(last.kind if last else "")
        if ending is not None:
            self._add(ending, capture, article_id, f"HTTP {capture.status}")

    def topic(self, article_id: str, capture: Capture, *, before: int, now: int) -> None:
        """Note that a new text took an article off its subject (level 0), or back to it."""
        if (before > 0) == (now > 0):
            return
        kind = "on_topic" if now else "off_topic"
        found = self._connection.execute(
            "SELECT 1 FROM events WHERE article_id = ? AND kind = ? AND capture_id = ?",
            (article_id, kind, capture.id),
        ).fetchone()
        # an article that had left the archive comes back with all its versions
        if found is None:
            self._add(kind, capture, article_id, f"level {now} after level {before}")

    def redirected(self, outcome: Redirected, article_id: str | None) -> None:
        """Note where an address led."""
        capture = outcome.capture
        detail = outcome.target.url if outcome.target else outcome.detail
        last = self._connection.execute(
            "SELECT detail FROM events WHERE url = ? AND kind = 'redirect' ORDER BY id DESC LIMIT 1",
            (capture.url,),
        ).fetchone()
        if last is None or last[0] != detail:
            article_id = article_id or self._article_at(capture.url)
            self._add("redirect", capture, article_id, detail)

    def moved_host(self, capture: Capture, host: str) -> None:
        """Note that a paper's whole site leads to another *host*; once, until it leads elsewhere."""
        last = self._connection.execute(
            "SELECT detail FROM events WHERE site = ? AND kind = 'moved_host' ORDER BY id DESC LIMIT 1",
            (capture.site,),
        ).fetchone()
        if last is None or last[0] != host:
            self._add("moved_host", capture, None, host)

    def _article_at(self, url: str) -> str | None:
        """Id of the article with this canonical address, or read from a capture of this address."""
        row = self._connection.execute(
            "SELECT id FROM articles WHERE url = ?1 UNION SELECT a.id FROM captures AS c"
            " JOIN articles AS a ON a.capture_id = c.id WHERE c.url = ?1 LIMIT 1",
            (url,),
        ).fetchone()
        return row[0] if row else None

    def _last_state(self, article_id: str, until: str | None = None) -> _State | None:
        """How the article stands, or stood at *until*; None when nothing ever happened to it."""
        row = self._connection.execute(
            "SELECT e.kind, e.happened_at, c.run_id FROM events AS e"
            " LEFT JOIN captures AS c ON c.id = e.capture_id WHERE e.article_id = ?1"
            " AND e.kind IN ('missing', 'found_again', 'takedown', 'return')"
            " AND (?2 IS NULL OR e.happened_at <= ?2) ORDER BY e.happened_at DESC, e.id DESC LIMIT 1",
            (article_id, until),
        ).fetchone()
        return _State(*row) if row else None

    def _add(self, kind: str, capture: Capture, article_id: str | None, detail: str | None) -> None:
        row = event_row(kind, capture, article_id, detail)
        columns, marks = ", ".join(row), ", ".join(f":{column}" for column in row)
        self._connection.execute(f"INSERT INTO events ({columns}) VALUES ({marks})", row)  # noqa: S608 - own column names


def _is_second_look(first: _State, capture: Capture, wait: timedelta) -> bool:
    """True in another run and long enough after the first; or before it, by a clock set back since.

    Then the frontier's plan alone says how long it was: it follows such a clock.
    """
    passed = capture.fetched_at - read_instant(first.happened_at)
    is_later = passed >= wait or passed < timedelta(0)
    return is_later and (first.run_id is None or capture.run_id != first.run_id)
