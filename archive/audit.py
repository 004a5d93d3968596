"""The audit trail: who asked for what, what was done about it, and what it changed. Rows are only added."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.instants import instant_of, read_instant, utc_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_COLUMNS: Final = "id, at, who, action, site, order_id, detail, before, after"


@attrs.frozen(kw_only=True)
class Deed:
    """One line of the trail."""

    id: int
    at: datetime
    #: The person who asked, or the process that obeyed, in words.
    who: str
    #: ``asked``, ``cancelled``, ``taken``, ``put back``, ``finished``, ``scheduled``, ``paused``, ``resumed``,
    #: ``unscheduled`` or ``acknowledged``.
    action: str
    site: str | None
    order_id: int | None
    detail: str | None
    #: What a schedule was before and after; None where none was changed.
    before: Any | None
    after: Any | None


def whoever_types() -> str:
    """Who gives a command here: ``user@machine``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def note_deed(
    db: sqlite3.Connection,
    action: str,
    *,
    who: str,
    now: float,
    site: str | None = None,
    order_id: int | None = None,
    detail: str | None = None,
    before: object = None,
    after: object = None,
) -> None:
    """Add a line (inside a transaction); *now* is Unix time, *before* and *after* become JSON."""
    db.execute(
        "INSERT INTO audit (at, who, action, site, order_id, detail, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (utc_text(instant_of(now)), who, action, site, order_id, detail, _packed(before), _packed(after)),
    )  # fmt: skip


def read_trail(
    db: sqlite3.Connection, *, order_id: int | None = None, limit: int = 100
) -> list[Deed]:
    """The newest lines, of one order or of all, newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE ?1 IS NULL OR order_id = ?1"  # noqa: S608 - own names
        " ORDER BY id DESC LIMIT ?2",
        (order_id, limit),
    )
    return [_deed(row) for row in rows.fetchall()]


def _deed(row: tuple[Any, ...]) -> Deed:
    number, at, who, action, site, order_id, detail, before, after = row
    return Deed(
        id=number, at=read_instant(at), who=who, action=action, site=site, order_id=order_id, detail=detail,
        before=_unpacked(before), after=_unpacked(after),
    )  # fmt: skip


def _packed(value: object) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _unpacked(text: str | None) -> Any:  # noqa: ANN401 - JSON
    return None if text is None else orjson.loads(text)
