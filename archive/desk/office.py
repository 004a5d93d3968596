"""What a desk beside its archive knows more than a published snapshot says: accounts, status, orders.

Only ``dqtv serve`` opens one. It outlives the snapshots, so that nobody is logged out when a new one is published.
A Datasette without an office has none of the pages that need it. The private database is never one of Datasette's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from archive.accounts import Accounts
from archive.desk.attempts import Attempts
from archive.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from datasette.app import Datasette

    from archive.desk.public_health import PublicHealth

#: Characters of a token; short secrets are guessed.
SHORTEST_TOKEN: Final = 16
#: Questions to the private database at once; each takes a thread for as long as it lasts.
_AT_ONCE: Final = 2


class Office:
    """The archive at *root* as the desk's log-in, status pages and orders use it.

    *metrics_token* lets a program read ``/-/metrics`` without logging in.
    """

    def __init__(self, root: Path, *, metrics_token: str | None = None) -> None:
        self.root = root
        self.metrics_token = metrics_token
        self.accounts = Accounts(root)
        self.attempts = Attempts()
        #: One password is checked at a time: each takes 32 MB and 0.3 s of a processor.
        self.checking = asyncio.Lock()
        self.asking = asyncio.Semaphore(_AT_ONCE)
        #: What everybody may know, with the time (monotonic) it was read; one reads it for all who ask.
        self.summing = asyncio.Lock()
        self.summed: tuple[float, PublicHealth | None] | None = None


def read_office(root: Path, metrics_token: str | None) -> Office | None:
    """The office of the archive at *root*; None where a snapshot lies without its archive.

    Raises UsageError for a token that is too short.
    """
    if metrics_token is not None and len(metrics_token) < SHORTEST_TOKEN:
        raise UsageError(
            f"the metrics token has {len(metrics_token)} characters; make one of {SHORTEST_TOKEN} or more,"
            " such as by `openssl rand -hex 32`"
        )
    is_there = (root / "archive.db").is_file()
    return Office(root, metrics_token=metrics_token) if is_there else None


_OFFICES: WeakKeyDictionary[Any, Office] = WeakKeyDictionary()


def open_office(datasette: Datasette, office: Office) -> None:
    """Give *datasette* the pages that need *office*."""
    _OFFICES[datasette] = office


def office_of(datasette: Datasette) -> Office | None:
    """The office of this Datasette; None where it only shows a snapshot."""
    return _OFFICES.get(datasette)
