"""Alarms about segments that were not taken, or cannot be yet."""

from __future__ import annotations

import enum
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from archive.health.alarms import Finding, Kind, close, open_alarms, see

if TYPE_CHECKING:
    from archive.health.alarms import Alarm
    from archive.store import Store

#: What was refused is over when so long nothing more was.
_OVER_AFTER: Final = timedelta(days=1)


class Why(enum.StrEnum):
    """Why a segment was not taken: the field of the alarm (``archive.health.wording``)."""

    #: Its token is not the newest of its site.
    STALE = "stale"
    #: Its bytes do not fit their checksums.
    DAMAGED = "damaged"
    #: Its manifest cannot be read, or names what it must not.
    UNREADABLE = "unreadable"
    #: Its rows cannot be stored.
    BAD_ROWS = "bad_rows"
    #: Another segment of the same number is stored.
    DOUBLED = "doubled"
    #: Files are missing: waited for.
    INCOMPLETE = "incomplete"
    #: Made by a newer version of this program: waited with, until this one is updated.
    NEWER_VERSION = "newer_version"


#: Those that are looked at again.
WAITING: Final = (Why.INCOMPLETE, Why.NEWER_VERSION)


class Complaints:
    """The alarms of kind ``segment_refused`` of one archive. Every method commits by itself."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: Counter[tuple[str, Why]] = Counter()

    def refused(self, site: str, why: Why, place: str) -> None:
        """One more segment of *site* was refused, and lies at *place*."""
        known = self._open().get((site, why))
        number = 1 + (known.now or 0 if known else 0)
        self._see(site, why, number, place)

    def waits(self, site: str, why: Why) -> None:
        """A segment of *site* waits; counted until ``settle``."""
        self._waiting[site, why] += 1

    def settle(self) -> None:
        """After a look through the inbox: tell what waits, close what is over."""
        known = self._open()
        for (site, why), number in self._waiting.items():
            alarm = known.get((site, why))
            if alarm is None or alarm.now != number:
                self._see(site, why, number, None)
        now = datetime.now(UTC)
        over = [
            alarm.id
            for (site, why), alarm in known.items()
            if (
                (site, why) not in self._waiting
                if why in WAITING
                else now - alarm.last_seen_at > _OVER_AFTER
            )
        ]
        if over:
            with self._store.transaction():
                close(self._store.connection, over, now)
        self._waiting.clear()

    def _see(self, site: str, why: Why, number: float, place: str | None) -> None:
        finding = Finding(
            site=site, kind=Kind.SEGMENT_REFUSED, field=why.value, now=number, example_url=place
        )
        with self._store.transaction():
            see(self._store.connection, [finding], datetime.now(UTC))

    def _open(self) -> dict[tuple[str, Why], Alarm]:
        return {
            (alarm.site or "", Why(alarm.field)): alarm
            for alarm in open_alarms(self._store.connection)
            if alarm.kind is Kind.SEGMENT_REFUSED and alarm.field is not None
        }
