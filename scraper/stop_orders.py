"""Lets a crawl see the orders that ask it to stop, and answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.database import translated_errors
from archive.order_wording import said
from archive.order_work import finish, stops_for, take
from archive.orders import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.orders import Order
    from scraper.ledger import Ledger
    from scraper.site_queue import SiteQueue


@attrs.define
class StopOrders:
    """The stops of one crawl process."""

    ledger: Ledger
    _obeyed: list[Order] = attrs.field(factory=list)

    def obey(self, queues: Mapping[str, SiteQueue], now: float) -> bool:
        """Take the stops that came in for the sites of *queues*, and stop them; True when there were any.

        *now* is Unix time. Raises ArchiveError.
        """
        taken = [
            order
            for order in self._waiting()
            if order.site in queues and take(self.ledger.store, order.id, now=now)
        ]
        for order in taken:
            note = f": {order.note}" if order.note else ""
            queues[order.site].stop(f"stopped by order {order.id} of {order.asked_by}{note}")
        self._obeyed += taken
        return bool(taken)

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
