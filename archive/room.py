"""Free space on the archive's disk: pages are taken in only while some is left to end cleanly."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE: Final = 1_000_000


def shortage(folder: Path, least_mb: int) -> str | None:
    """What to say when fewer than *least_mb* megabytes (10^6 bytes) are free at *folder*; None when there are more.

    Raises OSError.
    """
    free = shutil.disk_usage(folder).free
    if free >= least_mb * MEGABYTE:
        return None
    return (
        f"{free / MEGABYTE:.0f} MB are free at {folder}, fewer than {least_mb}: free some space, move the"
        " archive to a larger disk, or set DQTV_MIN_FREE_MB"
    )
