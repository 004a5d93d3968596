"""One judgement of one measure of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from archive.health.alarms import Alarm, Kind


#: A share this little higher than before is as low as before.
_NEARLY: Final = 0.05


@attrs.frozen(kw_only=True)
class Reading:
    """What a measure is now, what it used to be, and what that means."""

    kind: Kind
    field: str | None = None
    #: What it used to be, and what it is: see `Kind`.
    before: float | None = None
    now: float | None = None
    #: True when this is an alarm.
    is_out: bool
    #: True when an alarm that is open is over; None when that depends on what it was before the alarm.
    is_back: bool | None = None
    #: Where ``is_back`` is None: share of ``Alarm.before`` that ends an alarm.
    enough: float = 0.8
    #: True where higher is worse: the alarm ends when it is as low as before again.
    rises: bool = False
    example_url: str | None = None

    def ends(self, alarm: Alarm) -> bool:
        """True when *alarm*, of this kind and field, is over."""
        if self.is_out:
            return False
        if self.is_back is not None:
            return self.is_back
        if self.now is None:
            return False
        before = alarm.before or 0.0
        return self.now <= before + _NEARLY if self.rises else self.now >= self.enough * before
