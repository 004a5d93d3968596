"""A command under kills: started in a process of its own, killed with SIGKILL, and what that did, counted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from kill_checks import Findings

from scraper import settings
from scraper.cli import main as run_dqtv

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from scraper.demo.press import DemoPress

#: So small that a crawl begins dozens of files; the forked processes inherit it.
WARC_BYTES: Final = 120_000
os.environ["DQTV_WARC_BYTES"] = str(WARC_BYTES)
_LOOK: Final = 0.001
#: Starts each command as a process of its own, forked from one that has imported everything but has no
#: reactor yet: most of a start-up is importing, which touches no archive.
_SERVER: Final = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([
    "scraper.cli", "scraper.pipelines", "scraper.extensions.capture", "scraper.extensions.progress",
    "scraper.extensions.run_record", "scraper.middlewares.robots", "scraper.tls", "scrapy.core.engine",
    "scrapy.core.downloader.handlers.http11",
])  # fmt: skip


def _dqtv(
    arguments: tuple[str, ...], environment: dict[str, str], errors: Path, readers: int
) -> None:
    """The `dqtv` command in this process, quietly; *readers* processes read a crawl's pages."""
    os.environ.update(environment)
    # one of its own, begun when it is needed, as in any shell: ours would hold, and warn of, what killed readers had
    resource_tracker._resource_tracker._fd = None  # type: ignore[attr-defined]  # nothing public does it
    # this process has read its settings before it was forked
    settings.DQTV_EXTRACT_PROCESSES = readers  # type: ignore[misc]  # another value for this process
    for stream, target in ((sys.stdout, os.devnull), (sys.stderr, errors)):
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, stream.fileno())
    sys.argv = ["dqtv", *arguments]
    run_dqtv()


@attrs.define
class Stage:
    """What the kills in one stage of a command did."""

    kills: int = 0
    #: Runs that ended by themselves before their kill came.
    ended: int = 0
    repeated: list[int] = attrs.field(factory=list)


@attrs.define
class Trial:
    """One kind of command under kills."""

    name: str
    stages: dict[str, Stage] = attrs.field(factory=dict)
    findings: Findings = attrs.field(factory=Findings)
    seconds: float = 0.0
    #: How often a reader opened the snapshot, and how many different ones it saw.
    opened: int = 0
    snapshots: int = 0
    notes: dict[str, object] = attrs.field(factory=dict)

    @property
    def kills(self) -> int:
        """Processes that were killed."""
        return sum(stage.kills for stage in self.stages.values())

    def stage(self, name: str) -> Stage:
        """The stage of this name."""
        return self.stages.setdefault(name, Stage())


@attrs.define
class Bench:
    """The press, a folder, the dice and the hour at which everything must be over."""

    press: DemoPress
    folder: Path
    dice: random.Random
    until: float
    #: Seconds from the start of a crawl to its first request.
    start_up: float = 1.0

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def start(self, root: Path, *arguments: str, readers: int = 0) -> BaseProcess:
        """Start `dqtv` on the archive at *root*."""
        environment = {"DQTV_ARCHIVE": str(root), "DQTV_DEMO_PORT": str(self.press.port)}
        errors = self.folder / "errors.txt"
        command = _SERVER.Process(target=_dqtv, args=(arguments, environment, errors, readers))
        command.start()
        return command

    def finish(self, root: Path, *arguments: str) -> float:
        """Let `dqtv` run to its end; its seconds. Raises SystemExit when it fails."""
        begun = time.monotonic()
        command = self.start(root, *arguments)
        command.join()
        if command.exitcode != 0:
            errors = (self.folder / "errors.txt").read_text(encoding="utf-8")
            raise SystemExit(f"dqtv {' '.join(arguments)} ended with {command.exitcode}:\n{errors}")
        return time.monotonic() - begun

    def requests(self) -> int:
        """Requests the press has had."""
        return len(self.press.log)

    def pause(self, seconds: float, command: BaseProcess) -> None:
        """Wait a random instant out, or until the command ends."""
        end = time.monotonic() + seconds
        self.until_true(lambda: time.monotonic() >= end, command)

    def until_true(self, true: Callable[[], bool], command: BaseProcess) -> None:
        """Look every millisecond; come back as well when the command has ended, or time is over."""
        while not true() and command.exitcode is None and not self.is_late:
            time.sleep(_LOOK)


def kill(command: BaseProcess) -> bool:
    """Kill it; False when it had ended by itself."""
    command.kill()
    command.join()
    return command.exitcode == -signal.SIGKILL


#: Seconds in which a process whose parent was killed has to end: it may be importing, on a busy machine.
_ENDS_WITHIN: Final = 60.0


def children(command: BaseProcess) -> tuple[Path, ...]:
    """Folders in ``/proc`` of the processes that *command* has begun; none where there is no such folder."""
    listed = Path(f"/proc/{command.pid}/task/{command.pid}/children")
    try:
        return tuple(Path("/proc", pid) for pid in listed.read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return ()


def outliving(processes: tuple[Path, ...]) -> list[Path]:
    """Which of *processes* have not ended by themselves in good time."""
    until = time.monotonic() + _ENDS_WITHIN
    while (running := [x for x in processes if _runs(x)]) and time.monotonic() < until:
        time.sleep(_LOOK)
    return running


def _runs(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
