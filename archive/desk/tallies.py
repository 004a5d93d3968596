"""What recent searches found: a snapshot never changes, so it is found once for every page and order."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Hashable

T = TypeVar("T")

#: Searches remembered; the hits of one take 40 kilobytes for each of its tiers, and seldom more than two.
KEPT: Final = 250


class Tallies(Generic[T]):
    """Remembers what was last asked for, by snapshot; safe for Datasette's threads."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, connection: sqlite3.Connection, key: Hashable, find: Callable[[], T]) -> T:
        """What *find* gives for *key* on the snapshot of *connection*, found at most once in a while.

        Two threads that ask at the same time both find it; what raises is not remembered.
        """
        snapshot = connection.execute("SELECT id FROM snapshot").fetchone()[0]
        own = (snapshot, key)
        with self._lock:
            if own in self._known:
                self._known.move_to_end(own)
                return self._known[own]
        found = find()
        with self._lock:
            self._known[own] = found
            if len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found
