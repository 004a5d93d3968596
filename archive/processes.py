"""Processes of ours: how others are started, their names in the database, whether the one named still runs."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def own_module(name: str) -> list[str]:
    """Beginning of a command that runs our module *name*, for a process in ``own_environment()``.

    Without ``-P`` the working folder would come first, and a package in it that has our name.
    """
    return [sys.executable, "-P", "-m", name]


def own_environment() -> dict[str, str]:
    """This process's environment; modules are looked for where it looks, in the same order."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def this_process() -> str:
    """Name of this process: host, process id and start, so that a reused id is told apart."""
    pid = os.getpid()
    return f"{socket.gethostname()} {pid} {_process_start(pid)}"


def is_alive(holder: str) -> bool:
    """Whether the process named by `this_process` still runs; one on another machine is taken to."""
    host, pid, start = holder.rsplit(" ", 2)
    return host != socket.gethostname() or _process_start(int(pid)) == start


def is_elsewhere(holder: str) -> bool:
    """Whether the process named by `this_process` belongs to another machine."""
    return holder.rsplit(" ", 2)[0] != socket.gethostname()


def is_surely_alive(holder: str) -> bool:
    """Whether the process named by `this_process` is seen to run on this machine."""
    host, pid, start = holder.rsplit(" ", 2)
    return host == socket.gethostname() and start == _process_start(int(pid)) != "unknown"


def in_words(holder: str) -> str:
    """The process named by `this_process`, for people: its number and its machine."""
    host, pid, _ = holder.rsplit(" ", 2)
    return f"process {pid} on {host}"


def _process_start(pid: int) -> str:
    """When the process was started, in ticks since boot: a number used again has another start.

    ``gone`` when there is none; ``unknown`` for a live one where the system has no /proc.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "unknown" if _answers(pid) else "gone"
    # proc(5): field 22, counted after the name in parentheses, which may hold anything
    fields = stat.rpartition(")")[2].split()
    return "gone" if fields[0] == "Z" else fields[19]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
