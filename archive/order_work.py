"""How the crawler's processes obey orders: each is taken once, and none is lost when a process dies.

Times are Unix times; each function commits by itself. An order stays open until it is said how it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.audit import note_deed
from archive.instants import instant_of, utc_text
from archive.order_wording import packed, said
from archive.orders import Kind, Outcome, end_order, open_orders
from archive.processes import in_words, is_alive, is_elsewhere, this_process
from archive.runs import running_crawl

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from archive.order_wording import Said
    from archive.orders import Order
    from archive.transactions import Transactions

#: An order is given up when so many processes have died at it.
MOST_TRIES: Final = 3
#: A process on another machine that has said nothing for so long is taken to be gone.
OUT_OF_SIGHT_S: Final = 300.0


def take(store: Transactions, order_id: int, *, now: float) -> bool:
    """Take an order for this process; False when another one was faster or it is over."""
    db = store.connection
    with store.transaction():
        row = db.execute(
            "UPDATE orders SET taken_at = ?1, seen_at = ?1, holder = ?2, message = NULL"
            " WHERE id = ?3 AND taken_at IS NULL AND finished_at IS NULL RETURNING site",
            (utc_text(instant_of(now)), this_process(), order_id),
        ).fetchone()
        if row is not None:
            note_deed(db, "taken", who=_me(), now=now, site=row[0], order_id=order_id)
    return row is not None


def finish(
    store: Transactions,
    order_id: int,
    outcome: Outcome,
    message: Said,
    *,
    now: float,
    result: object = None,
    run_id: str | None = None,
) -> bool:
    """Say how an order ended; False when it was over already, which stays as it is."""
    db = store.connection
    with store.transaction():
        site = end_order(db, order_id, outcome, message, now, result=result, run_id=run_id)
        if site is not None:
            note_deed(
                db, "finished", who=_me(), now=now, site=site, order_id=order_id,
                detail=packed(said("finished", message, outcome=outcome.value)),
            )  # fmt: skip
    return site is not None


def note_wait(store: Transactions, order: Order, why: Said) -> None:
    """Say why a waiting order is not begun."""
    if order.message == why:
        return
    with store.transaction():
        store.connection.execute(
            "UPDATE orders SET message = ? WHERE id = ? AND taken_at IS NULL AND finished_at IS NULL",
            (packed(why), order.id),
        )


def put_back(
    store: Transactions, order: Order, why: Said, *, now: float, died: bool = False
) -> None:
    """Let an order that was taken wait again; *died* counts a process that died at it."""
    db = store.connection
    with store.transaction():
        changed = db.execute(
            "UPDATE orders SET taken_at = NULL, holder = NULL, seen_at = NULL, message = ?1,"
            " tries = tries + ?2 WHERE id = ?3 AND taken_at IS NOT NULL AND finished_at IS NULL",
            (packed(why), int(died), order.id),
        )
        if changed.rowcount:
            note_deed(
                db,
                "put back",
                who=_me(),
                now=now,
                site=order.site,
                order_id=order.id,
                detail=packed(why),
            )


def stay_at_work(store: Transactions, *, now: float) -> None:
    """Say that this process is still at work on the orders it has taken."""
    with store.transaction():
        store.connection.execute(
            "UPDATE orders SET seen_at = ? WHERE holder = ? AND finished_at IS NULL",
            (utc_text(instant_of(now)), this_process()),
        )


def _me() -> str:
    return in_words(this_process())


def expire(store: Transactions, *, now: float) -> list[Order]:
    """Close the orders that nobody took in time; which they were."""
    expired = [
        one
        for one in open_orders(store.connection)
        if one.is_waiting and one.expires_at.timestamp() <= now
    ]
    for one in expired:
        why = said("nobody, because", one.message) if one.message else said("nobody")
        finish(store, one.id, Outcome.EXPIRED, why, now=now)
    return expired


def take_up(store: Transactions, *, now: float) -> list[Order]:
    """Let the orders whose process is gone wait again, or end as failed after `MOST_TRIES`; which they were."""
    lost = [
        one
        for one in open_orders(store.connection)
        if one.holder is not None and _is_gone(one, now)
    ]
    for one in lost:
        put_back_or_fail(store, one, said("died", by=in_words(one.holder or "")), now=now)
    return lost


def put_back_or_fail(store: Transactions, order: Order, why: Said, *, now: float) -> None:
    """Let an order at which a process died wait again, unless that happened too often."""
    if order.kind is Kind.STOP:
        finish(store, order.id, Outcome.DONE, said("over", why), now=now)
    elif order.tries + 1 >= MOST_TRIES:
        finish(store, order.id, Outcome.FAILED, said("given up", why, n=order.tries), now=now)
    else:
        put_back(store, order, said("taken up", why), now=now, died=True)


def _is_gone(order: Order, now: float) -> bool:
    holder = order.holder or ""
    if not is_elsewhere(holder):
        return not is_alive(holder)
    seen = order.seen_at.timestamp() if order.seen_at else 0.0
    # in both directions: a clock may have been set back
    return abs(now - seen) > OUT_OF_SIGHT_S


def close_idle_stops(store: Transactions, *, now: float) -> None:
    """Close the stops of crawls that have ended by themselves."""
    for one in open_orders(store.connection):
        if one.kind is Kind.STOP and one.run_id != running_crawl(store.connection, one.site):
            finish(store, one.id, Outcome.DONE, said("ended before"), now=now)


def stops_for(db: sqlite3.Connection, runs: Mapping[str, str]) -> list[Order]:
    """Stops that wait for the crawls of one process; *runs* maps sites to run ids."""
    return [
        one
        for one in open_orders(db)
        if one.kind is Kind.STOP and one.is_waiting and runs.get(one.site) == one.run_id
    ]
