"""Tools for tests that use the program as a user does: its command, and the demo press on free ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

from scraper.demo.mastheads import MASTHEADS
from scraper.demo.ports import free_base
from scraper.demo.press import DemoPress

REPOSITORY = Path(__file__).parents[1]
#: Real pages lie beside the checkout on the maintainers' machines; tests that read them skip elsewhere.
SHARED = Path(os.environ.get("DQTV_SHARED") or REPOSITORY.parent / "shared")


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


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real pages are not on this machine")
    return SHARED
