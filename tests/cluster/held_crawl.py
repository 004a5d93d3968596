"""A crawl that holds its paper in PostgreSQL, as a process of its own: ARCHIVE SITE PORT DSN TTL gate|no-gate.

Waits until the paper is free. Says on stdout how the run ended. Without the gate it takes every lease for
good, so that a test can show what the gate is for.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path

from archive.cluster.leases import Leases
from archive.cluster.postgres_lease import PostgresLease
from archive.errors import SiteLocked
from scraper.crawl_request import CrawlRequest
from scraper.crawling import crawl


def main() -> None:
    archive, site, port, dsn, ttl, gate = sys.argv[1:]
    if gate == "no-gate":
        PostgresLease.may_ask = PostgresLease.renew = lambda *_: True
    new_lease = partial(PostgresLease, site=site, ttl=float(ttl), margin=float(ttl) / 4)
    give_up = time.monotonic() + 60
    while True:
        lease = new_lease(Leases(dsn))
        try:
            lease.acquire()
            break
        except SiteLocked:
            assert time.monotonic() < give_up, "the paper did not become free in 60 s"
            time.sleep(0.05)
    request = CrawlRequest(
        sites=(site,), root=Path(archive), demo_port=int(port), progress=False, contact="https://test.example"
    )  # fmt: skip
    [report] = crawl(request, leases=lambda _store, _site: lease)
    ended = {"reason": report.reason, "detail": report.detail, "token": lease.token, "fetched": report.counts.fetched, "failed": dict(report.counts.failed)}  # fmt: skip
    sys.stdout.write(json.dumps(ended))


if __name__ == "__main__":
    main()
