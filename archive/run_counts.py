"""What a run did, in numbers."""

from __future__ import annotations

from typing import Self

import attrs


@attrs.frozen(kw_only=True)
class RunCounts:
    """What a run did, in numbers; the end report and the ``runs`` table show the same."""

    found: int = 0
    fetched: int = 0
    accepted: int = 0
    unchanged: int = 0
    #: reason -> count
    rejected: dict[str, int] = attrs.field(factory=dict)
    failed: dict[str, int] = attrs.field(factory=dict)
    #: Known articles looked at again: what came of it -> count.
    rechecked: dict[str, int] = attrs.field(factory=dict)

    def plus(self, other: Self) -> RunCounts:
        """Both counts together."""
        return RunCounts(
            found=self.found + other.found,
            fetched=self.fetched + other.fetched,
            accepted=self.accepted + other.accepted,
            unchanged=self.unchanged + other.unchanged,
            rejected=_sum_by_key(self.rejected, other.rejected),
            failed=_sum_by_key(self.failed, other.failed),
            rechecked=_sum_by_key(self.rechecked, other.rechecked),
        )


def _sum_by_key(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in sorted(left.keys() | right.keys())}
