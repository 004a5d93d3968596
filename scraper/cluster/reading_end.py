"""How the reading of one parcel of a replay ended, as its process tells the engine: one line of JSON on stdout."""

from __future__ import annotations

from typing import Final

import attrs
import orjson

READ: Final = "read"
#: The parcel is not at the hub any more: another has read it, or its replay is over.
OVER: Final = "over"
#: This machine would read the pages by other rules than those of the replay.
OTHER_RULES: Final = "other rules"
#: The parcel could not be fetched whole, or its results were not taken.
DAMAGED: Final = "damaged"


@attrs.frozen(kw_only=True)
class ReadingEnd:
    """How the reading of one parcel ended, as its process tells the engine: one line of JSON on stdout."""

    parcel: str
    reason: str
    detail: str | None = None
    pages: int = 0

    @property
    def is_to_be_tried_again(self) -> bool:
        """True when a later try, here or elsewhere, makes sense."""
        return self.reason not in {READ, OVER}

    def to_json(self) -> bytes:
        """One line."""
        return orjson.dumps(attrs.asdict(self), option=orjson.OPT_APPEND_NEWLINE)


def read_reading_end(out: bytes) -> ReadingEnd | None:
    """What the last line of *out* says; None when the process ended without saying anything."""
    lines = out.splitlines()
    if not lines:
        return None
    try:
        return ReadingEnd(**orjson.loads(lines[-1]))
    except (orjson.JSONDecodeError, TypeError):
        return None
