"""A command in a process that ends with the process that started it: ``python -m scraper.cluster.child PARENT ...``.

Linux sends the signal when the *thread* that started the process ends (prctl(2), PR_SET_PDEATHSIG), so whoever
starts one does so from a thread that lives as long as its process.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from typing import Final

#: From linux/prctl.h.
_PR_SET_PDEATHSIG: Final = 1
#: Seconds a child that was asked to end may take: a page under way, a last segment on its way to the hub.
PATIENCE_S: Final = 120.0


def command(*arguments: str) -> tuple[str, ...]:
    """The command line that runs ``dqtv`` with *arguments* in a process that ends with this one."""
    return (sys.executable, "-m", "scraper.cluster.child", str(os.getpid()), *arguments)


def end_with_parent(parent: int) -> None:
    """Ask the system for SIGTERM when the process *parent*, which started this one, ends; end at once if it has.

    Does nothing where there is no prctl: there an orphan stops by its lease alone.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before the system was asked
        raise SystemExit(1)


async def run(arguments: tuple[str, ...], *, patience_s: float = PATIENCE_S) -> tuple[int, bytes]:
    """Run a command; its exit code (negative: the signal that killed it) and what it wrote to stdout.

    When the task is cancelled the command gets SIGTERM, is waited for, and CancelledError goes on; one that takes
    longer than *patience_s* is killed, and what it did not bring home is left to the next crawl on this machine.
    """
    # a session of its own: Ctrl-C of the terminal would reach it beside our SIGTERM
    child = await asyncio.create_subprocess_exec(
        *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )  # fmt: skip
    talking = asyncio.ensure_future(child.communicate())
    try:
        out, _ = await asyncio.shield(talking)
    except asyncio.CancelledError:
        await _end(child, talking, patience_s)
        raise
    return int(child.returncode or 0), out


async def _end(
    child: asyncio.subprocess.Process, talking: asyncio.Future[tuple[bytes, bytes]], patience_s: float
) -> None:  # fmt: skip
    if child.returncode is None:
        child.terminate()
    _, waiting = await asyncio.wait({talking}, timeout=patience_s)
    if waiting:
        child.kill()
        await talking


def main() -> None:
    """Run ``dqtv`` with the arguments after the first, which names the parent."""
    end_with_parent(int(sys.argv.pop(1)))
    from scraper.cli import main as dqtv  # noqa: PLC0415  the parent may end while it is imported

    dqtv()


if __name__ == "__main__":
    main()
