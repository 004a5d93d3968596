"""A crawl whose leases end after so many questions, as a process of its own: ARCHIVE PORT '{"SITE": NUMBER, ...}' [SECONDS].

SECONDS is the time in which what is sent must have arrived.

Says on stdout how each run ended.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import attrs

from scraper.crawl_request import CrawlRequest
from scraper.crawling import crawl


@attrs.define
class CountedLease:
    """Lets so many requests be sent; renewals change nothing."""

    site: str
    left: int
    arrival_s: float | None = None
    token: int = 1

    def acquire(self) -> None:
        return None

    def renew(self, _last_fetch_at: float | None) -> bool:
        return True

    def may_ask(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def release(self, _last_fetch_at: float | None) -> None:
        pass


def main() -> None:
    archive, port, allowed, *arrival = sys.argv[1:]
    arrival_s = float(arrival[0]) if arrival else None
    left = json.loads(allowed)
    request = CrawlRequest(
        sites=tuple(left), root=Path(archive), demo_port=int(port), progress=False, contact="https://test.example"
    )  # fmt: skip
    reports = crawl(request, leases=lambda _store, site: CountedLease(site, left[site], arrival_s))
    sys.stdout.write(json.dumps({x.site: [x.reason, x.waiting, dict(x.counts.failed)] for x in reports}))  # fmt: skip


if __name__ == "__main__":
    main()
