"""What a crawl is asked to do; knowing it loads no Scrapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen(kw_only=True)
class CrawlRequest:
    """What to crawl, and how."""

    sites: tuple[str, ...]
    root: Path
    #: Pages per site at most; None for no limit.
    max_pages: int | None = None
    #: Address at which a web master can reach whoever crawls.
    contact: str | None = None
    #: First port of the demo press.
    demo_port: int | None = None
    #: Days to go back to, as ``FROM..TO``; None for a daily crawl.
    backfill: str | None = None
    #: ``defence`` or ``everything`` in place of each site's own choice.
    scope: str | None = None
    #: ``yes``, ``no`` or ``only``: whether known articles are looked at again; None for the usual.
    rechecks: str | None = None
    #: Site -> Unix time from which it is asked for nothing more in this run.
    until: dict[str, float] = attrs.field(factory=dict)
    progress: bool = True
