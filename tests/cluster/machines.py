"""Several machines on one: a hub, an archive, workers whose crawls are processes, and a press that notes who asks when."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import attrs

from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.leases import Leases
from archive.errors import ArchiveError
from archive.store import Store
from scraper.cluster import tables
from scraper.cluster.database import connected
from scraper.cluster.engine import Asked
from scraper.cluster.feed import defer

HERE = Path(__file__).parent
PAPER = "demo-bienxanh"


@attrs.define
class Cluster:
    """A hub, an archive, a press; what is started ends with the test."""

    dsn: str
    folder: Path
    port: int
    children: list = attrs.field(factory=list)
    refused: int = 0
    _ended: threading.Event = attrs.field(factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def root(self):
        return self.folder / "archive"

    @property
    def hub(self):
        return f"file://{self.folder / 'hub'}"

    def settings(self, machine="one", **more):
        return {
            "database": self.dsn, "hub": self.hub, "spool": str(self.folder / machine), "segment_s": 1.0,
            "hub_wait_s": 60.0, "ttl_s": 6.0, "margin_s": 2.0,
        } | more  # fmt: skip

    def start(self, site=PAPER, *, minutes=1.0, machine="one", **more):
        words = [
            sys.executable,
            HERE / "slice_process.py",
            json.dumps(self.settings(machine, **more)),
            site,
        ]
        return self.launch(machine, [*words, "--minutes", str(minutes), "--json"])

    def launch(self, machine, words):  # noqa: ARG002 - here all machines are one
        """A process on a machine."""
        child = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"DQTV_DEMO_PORT": str(self.port)},
        )  # fmt: skip
        self.children.append(child)
        return child

    def end_of(self, child):
        out, said = child.communicate(timeout=120)
        assert out, said.decode()
        return json.loads(out.splitlines()[-1])

    @contextmanager
    def standing_still(self, child):
        """What happens within happens while *child* is under way, however fast or slow the machine is."""
        child.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            child.send_signal(signal.SIGCONT)

    def ingesting(self):
        """Take in what comes, from now on."""
        self._thread = threading.Thread(target=self._ingest)
        self._thread.start()

    def _ingest(self):
        with Store.open(self.root) as store, Leases(self.dsn) as leases:
            ingest = Ingest(store, Hub(self.hub), leases)
            while not self._ended.wait(0.1):
                with suppress(ArchiveError):
                    self.refused += ingest.step().refused

    def push(self, machine="one"):
        """`dqtv cluster push`."""
        return subprocess.run(
            [sys.executable, "-m", "scraper", "cluster", "push", "--database", self.dsn, "--hub", self.hub,
             "--spool", self.folder / machine],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def stop_ingesting(self):
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.kill()
            child.communicate()
        self.stop_ingesting()

    def rows(self, sql):
        with closing(sqlite3.connect(self.root / "archive.db")) as connection:
            return connection.execute(sql).fetchall()

    def query(self, sql):
        with connected(self.dsn) as connection:
            return connection.execute(sql).fetchall()

    def run_sql(self, sql):
        with connected(self.dsn) as connection:
            connection.execute(sql)

    def leases(self):
        return self.query("SELECT * FROM dqtv_leases")

    def left(self, machine="one"):
        return [path.name for path in (self.folder / machine / PAPER).iterdir() if path.is_dir()]

    # -- the engine --------------------------------------------------------------------------------

    def worker(self, machine, **more):
        """A worker whose crawls end with it."""
        slice_settings = self.settings(machine, ends_with_parent=True, **more)
        values = {
            "database": slice_settings["database"], "command": [sys.executable, str(HERE / "slice_process.py"), json.dumps(slice_settings)],
            "heartbeat_s": 0.5, "stalled_s": 6.0, "grace_s": 0.1, "reap": "* * * * * *", "busy_s": 0.5, "poll_s": 0.2,
            "slots": 4, "minutes": 1.0,
        }  # fmt: skip
        return self.launch(
            machine, [sys.executable, HERE / "worker_process.py", json.dumps(values)]
        )

    def defer(self, *sites):
        defer(self.dsn, [Asked(site=site) for site in sites or (PAPER,)])

    def crawls_of(self, worker):
        """Process ids of the crawls that *worker* has begun and that live."""
        with suppress(OSError):
            text = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
            return [int(word) for word in text.split()]
        return []

    def are_done(self):
        rows = self.query(
            "SELECT status::text AS status FROM procrastinate_jobs WHERE task_name = 'crawl_site'"
        )
        return {row["status"] for row in rows} == {"succeeded"}

    def token(self):
        rows = self.leases()
        return rows[0]["token"] if rows else 0

    # -- what came of it ---------------------------------------------------------------------------

    def articles(self):
        """(id, version, digest of the text) of each version stored."""
        return sorted(self.rows("SELECT article_id, version, text_sha256 FROM article_versions"))

    def segments(self, place):
        """Tokens of which a segment lies in ``inbox`` or ``refused``."""
        return {
            int(path.parts[-3]) for path in (self.folder / "hub" / place).rglob("manifest.json")
        }

    def waiting(self):
        return self.rows("SELECT count(*) FROM frontier WHERE state IN ('found', 'leased')")[0][0]


def smallest_gap(press, paper=PAPER):
    times = [line.monotonic for line in press.log if line.paper == paper]
    return min(later - earlier for earlier, later in itertools.pairwise(times))


def until(is_so, seconds=120.0, what=""):
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def prepared(dsn):
    with connected(dsn) as connection, Leases(dsn) as leases:
        leases.prepare()
        tables.prepare(connection)
