"""A cluster on one machine: Debian's PostgreSQL in a temporary folder, a hub, workers, feed and ingest as processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from archive.schedule import Entry, Job
from archive.schedule_table import ScheduleTable
from archive.store import Store
from archive.timing import read_every

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Debian keeps the server's programs out of the path.
_DEBIAN = Path("/usr/lib/postgresql")
MISSING = (
    "This needs a PostgreSQL server's programs, and none were found. On Debian and Ubuntu: apt install postgresql\n"
    "and the extra of the program: .venv/bin/pip install 'dqtv-archive[cluster]'"
)
_READY_S = 60.0


def is_possible() -> bool:
    """Whether server and extra are here."""
    try:
        import fsspec  # noqa: F401, PLC0415 - only looked for
        import procrastinate  # noqa: F401, PLC0415
        import psycopg  # noqa: F401, PLC0415
    except ImportError:
        return False
    return _programs() is not None


def _programs() -> Path | None:
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return Path(there).resolve().parent if there else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server on a socket in *folder*, as the user ``postgres`` for root, whom it refuses; its DSN."""
    programs = _programs()
    assert programs is not None  # noqa: S101 - see is_possible
    whom = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.getuid() == 0
        else []
    )
    place = folder / "postgres"
    place.mkdir()
    if whom:
        shutil.chown(place, "postgres", "postgres")
    quiet: dict[str, Any] = {
        "cwd": place,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    subprocess.run(
        [*whom, programs / "initdb", "-D", place / "data", "-U", "dqtv", "-A", "trust", "--locale=C", "-E", "UTF8", "-N"],
        check=True, **quiet,
    )  # fmt: skip
    # so that SIGTERM stops it as well, by the block's end
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # a session of its own: Ctrl-C is for us, who stop it when nothing needs it any more
    server = subprocess.Popen(
        [*whom, programs / "postgres", "-D", place / "data", "-c", "listen_addresses=", "-k", place],
        start_new_session=True, **quiet,
    )  # fmt: skip
    try:
        _wait(
            lambda: (
                subprocess.run([programs / "pg_isready", "-q", "-h", place], check=False).returncode
                == 0
            )
        )
        yield f"host={place} user=dqtv dbname=postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _wait(is_so: Any, seconds: float = _READY_S) -> None:  # noqa: ANN401 - a function
    give_up = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > give_up:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.5)


@attrs.define
class Cluster:
    """The processes of one cluster; all end with the block."""

    folder: Path
    dsn: str
    press_port: int
    _opened: ExitStack = attrs.field(factory=ExitStack)

    def __enter__(self) -> Cluster:
        (self.folder / "hub").mkdir(parents=True)
        self.run("cluster", "prepare")
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def root(self) -> Path:
        """Folder of the archive."""
        return self.folder / "archive"

    @property
    def hub(self) -> str:
        """URL of the hub."""
        return f"file://{self.folder / 'hub'}"

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "DQTV_ARCHIVE": str(self.root), "DQTV_CLUSTER_DATABASE": self.dsn, "DQTV_CLUSTER_HUB": self.hub,
            "DQTV_DEMO_PORT": str(self.press_port), "DQTV_CONTACT": "https://example.org/demo",
        }  # fmt: skip

    def run(self, *words: str, is_checked: bool = True) -> str:
        """What a command writes."""
        done = subprocess.run(
            [sys.executable, "-m", "scraper", *words], env=self._environment, text=True, stdout=subprocess.PIPE,
            check=is_checked,
        )  # fmt: skip
        return done.stdout

    def start(self, *words: str, machine: str = "hub") -> subprocess.Popen[bytes]:
        """A command that goes on until the block ends; *machine* names its spool and its log."""
        log = self._opened.enter_context((self.folder / f"{machine}-{words[-1]}.log").open("wb"))
        child = subprocess.Popen(
            [sys.executable, "-m", "scraper", *words], start_new_session=True, stdout=log, stderr=log,
            env=self._environment | {"DQTV_CLUSTER_SPOOL": str(self.folder / machine)},
        )  # fmt: skip
        self._opened.callback(_end, child)
        return child

    def schedule(self, sites: Sequence[str]) -> None:
        """Let each site be due now."""
        now = time.time()
        with Store.open(self.root) as store:
            for site in sites:
                entry = Entry(site=site, job=Job.CRAWL, timing=read_every(24))
                ScheduleTable(store).set(entry, now - 25 * 3600)

    def status(self) -> dict[str, Any]:
        """What ``dqtv cluster status --json`` says."""
        found = orjson.loads(self.run("cluster", "status", "--json", is_checked=False))
        assert isinstance(found, dict)  # noqa: S101 - our own command
        return found

    def wait_for_jobs(self, jobs: int, seconds: float) -> None:
        """Wait until *jobs* crawl jobs have ended well. Raises TimeoutError."""

        def are_home() -> bool:
            # None while the database did not answer
            database = self.status()["database"]
            return database is not None and database["jobs"] == {"succeeded": jobs}

        _wait(are_home, seconds)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(60)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
