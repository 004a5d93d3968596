"""Tell when a paper's whole site has moved: nothing answers at its own hosts, everything leads to another."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import attrs

from archive.model import Explored, NotModified, Redirected

if TYPE_CHECKING:
    from archive.model import Capture, Outcome

#: Redirects that are meant to last (RFC 9110, 15.4.2 and 15.4.9).
PERMANENT = frozenset({301, 308})


@attrs.define
class HostWatch:
    """What one run has seen of one paper's hosts."""

    _answered: bool = False
    _led_to: Counter[str] = attrs.field(factory=Counter)
    _last: Capture | None = None

    def see(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if isinstance(outcome, Redirected):
            self._redirected(outcome)
        elif isinstance(outcome, Explored | NotModified) or outcome.capture is not None:
            self._answered = True

    def _redirected(self, outcome: Redirected) -> None:
        capture = outcome.capture
        location = capture.header("Location")
        if outcome.target is not None or location is None or capture.status not in PERMANENT:
            self._answered = True
            return
        host = urlsplit(urljoin(capture.url, location)).netloc.lower()
        if host and host != urlsplit(capture.url).netloc.lower():
            self._led_to[host] += 1
            self._last = capture

    def moved(self) -> tuple[str, Capture] | None:
        """The host everything led to, and a capture that shows it; None while anything else answers."""
        if self._answered or len(self._led_to) != 1 or self._last is None:
            return None
        return next(iter(self._led_to)), self._last
