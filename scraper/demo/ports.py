"""Ports for the demo press: one listening socket per paper, on the ports after a base port."""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
from typing import TYPE_CHECKING

from archive.errors import PortInUse, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIGHEST = 65_535
#: Leaves room for the papers' ports after it.
_HIGHEST_BASE = 65_500
#: Below the ports Linux hands out to clients, which would otherwise take a free block by chance.
_FREE_BASES = range(20_000, 32_000, 20)
_ATTEMPTS = 50
_WAY_OUT = "stop it, or choose another base port with --port N (the papers take the ports after N)"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises PortInUse, or UsageError where the address cannot be used at all."""
    if not 0 < port <= _HIGHEST:
        raise UsageError(
            f"port {port} does not exist; choose a base port between 1 and {_HIGHEST_BASE}"
        )
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port, _WAY_OUT) from error
        reason = error.strerror or error
        raise UsageError(f"cannot listen at {host}:{port} ({reason}); choose another") from error


def listen_all(host: str, ports: Iterable[int]) -> list[socket.socket]:
    """Listening sockets at all *ports* or, with the errors of ``listen``, at none."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(listen(host, port)) for port in ports]
        opened.pop_all()
    return sockets


def free_base(host: str, offsets: Iterable[int]) -> int:
    """A base port from which every port at *offsets* is free at this moment."""
    wanted = tuple(offsets)
    for _ in range(_ATTEMPTS):
        base = secrets.choice(_FREE_BASES)
        with contextlib.suppress(PortInUse):
            for listener in listen_all(host, (base + offset for offset in wanted)):
                listener.close()
            return base
    raise PortInUse(host, 0, "no block of free ports was found; choose one with --port N")
