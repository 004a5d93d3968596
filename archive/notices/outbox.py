"""The table ``notices``: what is to be told, to whom it was told, and what is tried again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.instants import compact_text, instant_of, read_instant, utc_text
from archive.notices.message import Letter, Message
from archive.timing import DAY_S, HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.store import Store

#: Wait after the first failure; three times as long after each further one, up to half a day.
_FIRST_WAIT_S: Final = 300.0
_GROWTH: Final = 3
_LONGEST_WAIT_S: Final = 12 * HOUR_S
#: A notice under way is left alone by others for so long; longer than any try takes.
_CLAIM_S: Final = 600.0
#: Notices that were sent or given up are kept for so long.
_KEPT_S: Final = 400 * DAY_S

_COLUMNS: Final = (
    "id, channel, kind, subject, body, payload, created_at, due_at, tries, last_error, sent_at"
)


@attrs.frozen(kw_only=True)
class Notice:
    """One notice for one channel, as recorded."""

    id: int
    channel: str
    message: Message
    created_at: datetime
    #: Unix time of the next try; None when it was sent or given up.
    due_at: float | None
    tries: int
    last_error: str | None
    sent_at: datetime | None

    @property
    def letter(self) -> Letter:
        """What goes out; its id is the same at every try."""
        number = f"dqtv-{self.id}-{compact_text(self.created_at)}"
        return Letter(id=number, message=self.message, created_at=self.created_at)

    @property
    def state(self) -> str:
        """``sent``, ``waits`` or ``given up``."""
        if self.sent_at is not None:
            return "sent"
        return "given up" if self.due_at is None else "waits"


def wait_after(tries: int) -> float:
    """Seconds to wait after the *tries*-th failure."""
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * float(_GROWTH ** min(tries - 1, 10)))


class Outbox:
    """Reads and writes the table; ``put`` belongs inside a transaction, the other writes commit by themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection = store.connection

    def put(self, message: Message, channels: Iterable[str], now: float) -> None:
        """Keep *message* for each of *channels*, due at once. Inside a transaction."""
        payload = orjson.dumps(dict(message.payload)).decode()
        self._connection.executemany(
            "INSERT INTO notices (channel, kind, subject, body, payload, created_at, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (channel, message.kind, message.subject, message.body, payload, utc_text(instant_of(now)), now)
                for channel in channels
            ],
        )  # fmt: skip

    def claim(self, channel: str, now: float) -> Notice | None:
        """The oldest notice of *channel* that is due, for this process alone; None when none is."""
        with self._store.transaction():
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM notices WHERE due_at <= ?1 AND channel = ?2 ORDER BY id LIMIT 1",  # noqa: S608 - own names
                (now, channel),
            ).fetchone()
            if row is None:
                return None
            self._connection.execute(
                "UPDATE notices SET due_at = ? WHERE id = ?", (now + _CLAIM_S, row[0])
            )
        return _notice(row)

    def sent(self, notice: Notice, remark: str | None, now: float) -> None:
        """Record that *notice* was taken; *remark* says what was not quite right."""
        with self._store.transaction():
            self._connection.execute(
                "UPDATE notices SET sent_at = ?, due_at = NULL, tries = tries + 1, last_error = ? WHERE id = ?",
                (utc_text(instant_of(now)), remark, notice.id),
            )

    def failed(self, notice: Notice, reason: str, now: float, *, days: int) -> float | None:
        """Record why *notice* was not taken; Unix time of the next try, None when *days* are over."""
        due_at: float | None = now + wait_after(notice.tries + 1)
        if due_at is not None and due_at > notice.created_at.timestamp() + days * DAY_S:
            due_at = None
        with self._store.transaction():
            self._connection.execute(
                "UPDATE notices SET due_at = ?, tries = tries + 1, last_error = ? WHERE id = ?",
                (due_at, reason, notice.id),
            )
        return due_at

    def tidy(self, channels: Iterable[str], now: float, *, days: int) -> None:
        """Give up what waits for a channel that is set up no longer, and forget what is long done.

        What a clock that was set back put off too far is planned anew.
        """
        names = json.dumps(list(channels))
        old = utc_text(instant_of(now - days * DAY_S))
        with self._store.transaction():
            self._connection.execute(
                "UPDATE notices SET due_at = NULL, last_error = ifnull(last_error, 'this channel is not set up')"
                " WHERE due_at IS NOT NULL AND created_at < ?"
                " AND channel NOT IN (SELECT value FROM json_each(?))",
                (old, names),
            )
            self._connection.execute(
                "UPDATE notices SET due_at = ?1 WHERE due_at > ?1 + ?2", (now, _LONGEST_WAIT_S)
            )
            self._connection.execute(
                "DELETE FROM notices WHERE due_at IS NULL AND created_at < ?",
                (utc_text(instant_of(now - _KEPT_S)),),
            )

    def newest(self, kind: str) -> float | None:
        """Unix time at which the newest notice of *kind* was written; None when there is none."""
        (text,) = self._connection.execute(
            "SELECT max(created_at) FROM notices WHERE kind = ?", (kind,)
        ).fetchone()
        return None if text is None else read_instant(text).timestamp()

    def waiting(self) -> int:
        """Notices that are neither sent nor given up."""
        (number,) = self._connection.execute(
            "SELECT count(*) FROM notices WHERE due_at IS NOT NULL"
        ).fetchone()
        return int(number)

    def last(self, limit: int, *, only_waiting: bool = False) -> list[Notice]:
        """The newest notices, newest first."""
        condition = "WHERE due_at IS NOT NULL" if only_waiting else ""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM notices {condition} ORDER BY id DESC LIMIT ?",  # noqa: S608 - own names
            (limit,),
        )
        return [_notice(row) for row in rows.fetchall()]


def _notice(row: tuple[Any, ...]) -> Notice:
    number, channel, kind, subject, body, payload, created_at, due_at, tries, error, sent_at = row
    return Notice(
        id=number, channel=channel,
        message=Message(kind=kind, subject=subject, body=body, payload=orjson.loads(payload)),
        created_at=read_instant(created_at), due_at=due_at, tries=tries, last_error=error,
        sent_at=None if sent_at is None else read_instant(sent_at),
    )  # fmt: skip
