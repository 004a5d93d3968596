"""What the frontier hands out, and what it says when it is given back."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from archive.model import UrlKind
    from archive.validators import Validators


@attrs.frozen(kw_only=True)
class LeasedUrl:
    """One frontier row handed out for fetching."""

    id: int
    site: str
    url: str
    kind: UrlKind
    seed: str | None
    page: int | None
    priority: int
    hops: int
    attempts: int
    #: What all addresses of the page have in common.
    key: str
    #: Backfill a feed, sitemap or listing is read for.
    backfill_id: int | None = None
    #: Only a guess.
    guess: bool = False
    #: A known article that is looked at again.
    recheck: bool = False
    #: Article the archive holds from this address.
    article_id: str | None = None
    #: What to send so that the server may answer "not modified".
    validators: Validators | None = None


class Purpose(enum.Enum):
    """What a run fetches: the ``recheck`` marks of the rows it takes."""

    EVERYTHING = (0, 1)
    RECHECKS_ONLY = (1, 1)
    NO_RECHECKS = (0, 0)


@attrs.frozen(kw_only=True)
class Settled:
    """What settling one row did to the frontier."""

    #: Articles not known before.
    new: int = 0
    #: Unix time of the next try, or None when the row is closed.
    retry_at: float | None = None
    #: The same row waits under another address (a redirect).
    goes_on: bool = False
