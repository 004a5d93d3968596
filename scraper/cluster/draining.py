"""Let a whole cluster come to rest, and go on."""

from __future__ import annotations

import time
from typing import Final

from scraper.cluster.database import connected
from scraper.cluster.engine import CRAWL_TASK
from scraper.cluster.worker import check_prepared

_LOOK_S: Final = 0.5
_DOING: Final = (
    "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE task_name = %s AND status = 'doing'"
)


def begin(dsn: str) -> None:
    """Tell all workers, those of tomorrow too, to take no jobs. Raises ClusterUnreachable, UsageError."""
    check_prepared(dsn)
    with connected(dsn) as connection:
        connection.execute("INSERT INTO dqtv_drain DEFAULT VALUES ON CONFLICT DO NOTHING")


def end(dsn: str) -> None:
    """Let workers take jobs again."""
    check_prepared(dsn)
    with connected(dsn) as connection:
        connection.execute("DELETE FROM dqtv_drain")


def wait(dsn: str, seconds: float) -> int:
    """Wait until no crawl runs, *seconds* at most; number of those that still do."""
    give_up = time.monotonic() + seconds
    with connected(dsn) as connection:
        while True:
            row = connection.execute(_DOING, (CRAWL_TASK,)).fetchone()
            left = int(row["jobs"]) if row else 0
            if not left or time.monotonic() >= give_up:
                return left
            time.sleep(_LOOK_S)
