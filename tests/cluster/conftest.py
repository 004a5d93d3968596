"""A PostgreSQL server of our own on a socket in a temporary folder, and an empty database in it for each test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
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

    def __init__(
        self, programs: Path, folder: Path, *, host: str = "", within: tuple[str, ...] = ()
    ) -> None:
        """*host* is an address it listens at beside its socket, *within* what its command begins with."""
        self._programs = programs
        self._folder = folder
        self._host = host
        self._within = within
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def _run(self, *command: str, **options) -> subprocess.Popen[bytes]:
        # it refuses to run as root
        as_whom = (
            ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )
        # ends with us, whatever ends us
        return subprocess.Popen(
            [*self._within, "setpriv", *as_whom, "--pdeathsig=INT", str(self._programs / command[0]), *command[1:]],
            cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options,
        )  # fmt: skip

    def make(self) -> None:
        data = str(self._folder / "data")
        made = self._run("initdb", "-D", data, "-U", "dqtv", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        assert made.wait(timeout=120) == 0
        if self._host:
            with (self._folder / "data" / "pg_hba.conf").open("a") as file:
                file.write("host all all samenet trust\n")

    def start(self) -> None:
        """Returns when it takes connections."""
        options = {"listen_addresses": self._host, "unix_socket_directories": self._folder, "fsync": "off", "max_connections": 60}  # fmt: skip
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
def new_server():
    """Makes and starts servers with the options of `Server`; stopped at the end."""
    pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")
    programs = _programs()
    if programs is None or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL is not installed on this machine (apt install postgresql)")
    with ExitStack() as stack:

        def make(**options) -> Server:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dqtv-pg-")))
            if os.getuid() == 0:
                shutil.chown(folder, "postgres", "postgres")
            server = Server(programs, folder, **options)
            server.make()
            server.start()
            stack.callback(server.stop)
            return server

        yield make


@pytest.fixture(scope="session")
def postgres_server(new_server) -> Server:
    return new_server()


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


class SmallDisk:
    """A disk of four megabytes, of which as much is free as is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def leave(self, wanted: int) -> None:
        """Have so many bytes free, in whole pages."""
        disk = os.statvfs(self._folder)
        with (self._folder / "other files").open("ab") as other:
            size = other.tell() + disk.f_bavail * disk.f_frsize - wanted
            if size > other.tell():
                os.posix_fallocate(other.fileno(), 0, size)
            else:
                other.truncate(size)


@pytest.fixture
def small_disk(tmp_path):
    """What the folder of the hub lies on; only where root may mount."""
    folder = tmp_path / "hub"
    folder.mkdir(exist_ok=True)
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
            check=False,
            capture_output=True,
        )
        if os.geteuid() == 0 and shutil.which("mount")
        else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip("a small disk is mounted by root, where that is allowed")
    yield SmallDisk(folder)
    # crawls that live may have files open there
    subprocess.run(["umount", "--lazy", folder], check=True)


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
