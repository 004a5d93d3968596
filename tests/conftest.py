"""Tools for tests that use the program as a user does: its command, and the demo press on free ports."""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scraper.demo import ports
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.ports import free_base
from scraper.demo.press import DemoPress

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
#: Real pages lie beside the checkout on the maintainers' machines; tests that read them skip elsewhere.
SHARED = Path(os.environ.get("DQTV_SHARED") or REPOSITORY.parent / "shared")


def pytest_configure():
    """Let Ctrl-C reach what tests start: a shell has its background jobs ignore it, and so do their children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _ports_apart():
    """Two runs of tests beside each other look for free ports in different halves: found is not yet taken."""
    with (Path(tempfile.gettempdir()) / "dqtv-tests-ports.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            half = 0
        except BlockingIOError:
            half = 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ports, "_FREE_BASES", ports._FREE_BASES[half::2])
            yield


@attrs.frozen
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@attrs.frozen
class Command:
    """The ``dqtv`` command with an archive and a press of its own."""

    archive: Path
    port: int

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DQTV_ARCHIVE": str(self.archive),
            "DQTV_DEMO_PORT": str(self.port),
            "COLUMNS": "200",
        }

    def start(self, *arguments: str, **options) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "scraper", *arguments],
            env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def __call__(self, *arguments: str, code: int | None = 0, stdin: str | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "scraper", *arguments],
            env=self.environment(), text=True, capture_output=True, timeout=240, input=stdin, check=False,
        )  # fmt: skip
        if code is not None:
            assert done.returncode == code, (
                f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def new_command():
    """Makes a command with an archive in the folder given and ports nobody uses."""
    return lambda folder: Command(
        folder / "archive", free_base("127.0.0.1", (x.port_offset for x in MASTHEADS))
    )


@pytest.fixture
def dqtv(tmp_path, new_command) -> Command:
    return new_command(tmp_path)


@pytest.fixture
def press(dqtv):
    with DemoPress(port=dqtv.port) as press:
        yield press


@pytest.fixture
def until_asked(press):
    """Waits until the press has had that many more requests while a command runs.

    The press's own log is the clock: a pause in seconds would mean another stage on another machine.
    """

    def wait(command: subprocess.Popen[str], requests: int, *, seconds: float = 60.0) -> bool:
        """False when *command* ended before."""
        before, give_up = len(press.log), time.monotonic() + seconds
        while len(press.log) < before + requests:
            if command.poll() is not None:
                return False
            assert time.monotonic() < give_up, f"{requests} requests did not come in {seconds} s"
            time.sleep(0.005)
        return True

    return wait


@pytest.fixture
def stopped(dqtv):
    """Stops a command under way where it writes nothing, so that others can; the block's end lets it go on."""

    @contextmanager
    def stop(command: subprocess.Popen[str], *, seconds: float = 60.0) -> Iterator[None]:
        give_up = time.monotonic() + seconds
        command.send_signal(signal.SIGSTOP)
        try:
            while _is_written(dqtv.archive / "archive.db"):
                command.send_signal(signal.SIGCONT)
                assert time.monotonic() < give_up, f"it has been writing for {seconds} s"
                time.sleep(0.005)
                command.send_signal(signal.SIGSTOP)
            yield
        finally:
            command.send_signal(signal.SIGCONT)

    return stop


def _is_written(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0.1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real pages are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def self_signed():
    """Makes a key and a certificate for a host, signed by nobody but itself; both as PEM."""

    def make(host: str) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host), here]), critical=False)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return secret, certificate.public_bytes(serialization.Encoding.PEM)

    return make
