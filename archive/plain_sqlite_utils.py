"""sqlite-utils without pandas and numpy.

sqlite-utils 4.2 loads both when it finds them, half a second in every command, and uses them only to
guess the types of values of theirs.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNWANTED: Final = ("numpy", "pandas")


@contextmanager
def _not_there() -> Iterator[None]:
    """Let imports of the unwanted ones fail, unless somebody has loaded them already."""
    hidden = [name for name in _UNWANTED if name not in sys.modules]
    for name in hidden:
        # None makes an import fail (Python reference, 5.3.1)
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _not_there():
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]
