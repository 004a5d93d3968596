"""``make cluster-demo``: three workers, a feed and an ingest crawl the demo press into one archive, on this machine.

Everything lies in a temporary folder, PostgreSQL too, and ends with the demo or with Ctrl-C.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from machines import MISSING, Cluster, is_possible, postgres
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from scraper.demo.press import DemoPress

MACHINES: Final = ("one", "two", "three")
_COME_HOME: Final = """
SELECT s.site, max(s.token), count(*), sum(s.rows),
       (SELECT count(*) FROM captures AS c WHERE c.site = s.site),
       (SELECT count(*) FROM articles AS a WHERE a.site = s.site),
       (SELECT r.reason FROM runs AS r WHERE r.site = s.site ORDER BY r.started_at DESC LIMIT 1)
FROM ingested_segments AS s GROUP BY s.site ORDER BY s.site
"""


def main() -> None:
    """Run the demo."""
    if not is_possible():
        print(MISSING)
        return
    with tempfile.TemporaryDirectory(prefix="dqtv-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when root asks for it
        print(f"PostgreSQL, hub, archive and three spools are in {folder}")
        try:
            _run(folder)
        except KeyboardInterrupt:
            print("stopped")
            sys.exit(1)


def _run(folder: Path) -> None:
    with (
        DemoPress(port=0) as press,
        postgres(folder) as dsn,
        Cluster(folder, dsn, press.port) as cluster,
    ):
        cluster.schedule(press.friendly)
        cluster.start("ingest", "--every", "0.5")
        for machine in MACHINES:
            cluster.start("cluster", "worker", "--slots", "1", machine=machine)
        cluster.start("cluster", "feed")
        print(
            f"{len(press.friendly)} papers for {len(MACHINES)} workers, one crawl at a time each ..."
        )
        begun = time.monotonic()
        cluster.wait_for_jobs(len(press.friendly), 600)
        print(f"all home after {time.monotonic() - begun:.0f} s")
        print(cluster.run("cluster", "status", is_checked=False))
        _print_home(cluster)


def _print_home(cluster: Cluster) -> None:
    table = Table(title="what came home", box=SIMPLE_HEAD)
    for heading in ("paper", "token", "segments", "rows", "pages", "articles", "ended"):
        table.add_column(heading, justify="left" if heading in {"paper", "ended"} else "right")
    with closing(sqlite3.connect(cluster.root / "archive.db")) as connection:
        for row in connection.execute(_COME_HOME):
            table.add_row(*map(str, row))
    Console(width=100, highlight=False).print(table)


if __name__ == "__main__":
    main()
