"""A PostgreSQL server of our own on a socket in a temporary folder, and an empty database in it for each test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

# tests of this folder share `machines`
sys.path.append(str(Path(__file__).parent))

#: Debian keeps the server's programs out of the path.
_DEBIAN = Path("/usr/lib/postgresql")


def _programs() -> Path | None:
    """Folder of the newest server on this machine."""
    if (found := shutil.which("postgres")) is not None:
        return Path(found).resolve().parent
    versions = [x.parent for x in _DEBIAN.glob("*/bin/postgres")]
    return max(versions, key=lambda x: float(x.parent.name), default=None)


class Server:
    """A PostgreSQL server that can be stopped, killed and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def _run(self, *command: str, **options) -> subprocess.Popen[bytes]:
        # it refuses to run as root
        as_whom = (
            ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )
        # ends with us, whatever ends us
        return subprocess.Popen(
            ["setpriv", *as_whom, "--pdeathsig=INT", str(self._programs / command[0]), *command[1:]],
            cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options,
        )  # fmt: skip

    def make(self) -> None:
        data = str(self._folder / "data")
        made = self._run("initdb", "-D", data, "-U", "dqtv", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        assert made.wait(timeout=120) == 0

    def start(self) -> None:
        """Returns when it takes connections."""
        options = {"listen_addresses": "", "unix_socket_directories": self._folder, "fsync": "off", "max_connections": 60}  # fmt: skip
        given = [x for name, value in options.items() for x in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", "-D", str(self._folder / "data"), *given)
        give_up = time.monotonic() + 60
        while subprocess.run([self._programs / "pg_isready", "-q", "-h", self._folder, "-U", "dqtv", "-d", "postgres"], check=False).returncode:  # fmt: skip
            assert self._process.poll() is None, "PostgreSQL did not start"
            assert time.monotonic() < give_up, "PostgreSQL did not start in 60 s"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: a fast shutdown. SIGQUIT: as in a crash, connections are cut."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    @contextmanager
    def away(self):
        """Stopped for the length of the block."""
        self.stop(signal.SIGQUIT)
        try:
            yield
        finally:
            self.start()

    def new_database(self) -> str:
        """DSN of an empty database."""
        import psycopg  # noqa: PLC0415 - tests are skipped where it is missing

        name = f"test{next(self._numbers)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._dsn(name)

    def _dsn(self, database: str) -> str:
        return f"host={self._folder} user=dqtv dbname={database}"


@pytest.fixture(scope="session")
def postgres_server():
    pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")
    programs = _programs()
    if programs is None or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL is not installed on this machine (apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="dqtv-pg-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = Server(programs, folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def postgres(postgres_server) -> str:
    """DSN of an empty database."""
    return postgres_server.new_database()


@pytest.fixture
def table(postgres) -> str:
    """DSN of a database with the table of leases, all of them free."""
    from archive.cluster.leases import Leases  # noqa: PLC0415 - tests are skipped where psycopg is missing

    with Leases(postgres) as leases:
        leases.prepare()
    return postgres


@pytest.fixture
def leases(table):
    from archive.cluster.leases import Leases  # noqa: PLC0415 - tests are skipped where psycopg is missing

    with Leases(table) as leases:
        yield leases


@pytest.fixture
def cluster(postgres, tmp_path, dqtv):
    """A hub, an archive and a prepared database, see `machines`."""
    pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")
    from machines import Cluster, prepared  # noqa: PLC0415 - tests are skipped where the extra is missing

    prepared(postgres)
    (tmp_path / "hub").mkdir()
    cluster = Cluster(postgres, tmp_path, dqtv.port)
    yield cluster
    cluster.close()
