"""Lets a crawl see the orders that ask it to stop, and answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.database import translated_errors
from archive.order_wording import said
from archive.order_work import finish, stops_for, take
from archive.orders import Outcome

if TYPE_CHECKING:
    from archive.orders import Order
    from scraper.ledger import Ledger


@attrs.define
class StopOrders:
    """The stops of one crawl process."""

    ledger: Ledger
    _obeyed: list[Order] = attrs.field(factory=list)

    def look(self, now: float) -> dict[str, str]:
        """Take the stops that came in; site -> who asked, in a sentence. *now* is Unix time. Raises ArchiveError."""
        stops = {}
        for order in self._waiting():
            if take(self.ledger.store, order.id, now=now):
                self._obeyed.append(order)
                note = f": {order.note}" if order.note else ""
                stops[order.site] = f"stopped by order {order.id} of {order.asked_by}{note}"
        return stops

    def close(self, now: float) -> None:
        """Answer them, once the runs are over. Raises ArchiveError."""
        for order in self._obeyed:
            finish(self.ledger.store, order.id, Outcome.DONE, said("after pages"), now=now)
        for order in self._waiting():
            finish(self.ledger.store, order.id, Outcome.DONE, said("not seen"), now=now)

    def _waiting(self) -> list[Order]:
        runs = {session.site: session.run_id for session in self.ledger.sessions.values()}
        with translated_errors(self.ledger.store.path):
            return stops_for(self.ledger.store.connection, runs)
