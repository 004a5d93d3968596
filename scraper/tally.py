"""Running counts of one site in one run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from archive.model import Accepted, Explored, Failed, NotModified, Redirected, Rejected
from archive.run_counts import RunCounts

if TYPE_CHECKING:
    from archive.model import Outcome


@attrs.define
class SiteTally:
    """Running counts of one site in one run."""

    found: int = 0
    fetched: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)
    failed: Counter[str] = attrs.field(factory=Counter)
    rechecked: Counter[str] = attrs.field(factory=Counter)

    def counts(self) -> RunCounts:
        """The counts as a value."""
        return RunCounts(
            found=self.found,
            fetched=self.fetched,
            accepted=self.accepted,
            unchanged=self.unchanged,
            rejected=dict(self.rejected),
            failed=dict(self.failed),
            rechecked=dict(self.rechecked),
        )

    def count(self, outcome: Outcome, stored: str) -> None:
        """Count one outcome; *stored* is what ``Store.store_outcome`` said of it."""
        match outcome:
            case Failed():
                self.failed[outcome.reason] += 1
            case Rejected() if stored == "rejected":
                self.rejected[outcome.reason.value] += 1
            case Accepted() | Rejected():
                if stored == "unchanged":
                    self.unchanged += 1
                else:
                    self.accepted += 1
            case NotModified() if stored == "unchanged":
                self.unchanged += 1
            case Explored() | NotModified() | Redirected():
                pass
        if not isinstance(outcome, Failed) or outcome.capture is not None:
            self.fetched += 1
