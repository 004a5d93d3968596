"""Machines as network namespaces on a bridge in another one: what happens in them never reaches the host's own network."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import attrs

_PREFIX = "dqtv-test"
_NETWORK = "10.77.0"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=60)


@attrs.define
class Machine:
    """One namespace."""

    name: str
    addresses: tuple

    @property
    def address(self):
        return self.addresses[0]

    def command(self, *words):
        """What runs *words* there, and ends with the process that began it."""
        return ("ip", "netns", "exec", self.name, "setpriv", "--pdeathsig=KILL", *map(str, words))

    def cut_off(self, *addresses):
        """Let nothing get from here to *addresses*."""
        for address in addresses:
            ip("-n", self.name, "route", "add", "blackhole", f"{address}/32")

    def mend(self, *addresses):
        for address in addresses:
            ip("-n", self.name, "route", "del", "blackhole", f"{address}/32")

    def pull_plug(self):
        ip("-n", self.name, "link", "set", "eth0", "down")

    def put_plug_in(self):
        ip("-n", self.name, "link", "set", "eth0", "up")


class Network:
    """Namespaces of this process, removed by `close` together with those of processes that are gone."""

    def __init__(self) -> None:
        remove_left_over()
        self._numbers = count(1)
        self._names = []
        self._processes = []
        self._switch = self._new("switch")
        ip("-n", self._switch, "link", "add", "br0", "type", "bridge")
        ip("-n", self._switch, "link", "set", "br0", "up")

    def _new(self, name):
        full = f"{_PREFIX}-{os.getpid()}-{name}"
        ip("netns", "add", full)
        self._names.append(full)
        ip("-n", full, "link", "set", "lo", "up")
        return full

    def machine(self, name, *, addresses=1):
        """A machine on the switch; it has as many addresses as are asked for, one after the other."""
        full = self._new(name)
        ip("-n", self._switch, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", full)  # fmt: skip
        ip("-n", self._switch, "link", "set", f"to-{name}", "master", "br0", "up")
        own = tuple(f"{_NETWORK}.{next(self._numbers)}" for _ in range(addresses))
        for address in own:
            ip("-n", full, "address", "add", f"{address}/24", "dev", "eth0")
        ip("-n", full, "link", "set", "eth0", "up")
        return Machine(full, own)

    def start(self, machine, *words, log, env=None):
        """A process on *machine* that writes to the file *log*; killed by `close`."""
        with log.open("ab") as file:
            process = subprocess.Popen(
                machine.command(*words), stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=env
            )
        self._processes.append(process)
        return process

    @contextmanager
    def ending(self):
        """Processes that are started within the block end with it."""
        already = len(self._processes)
        try:
            yield
        finally:
            _end(self._processes[already:])
            del self._processes[already:]

    def close(self):
        """End what was started, by its id; then remove the namespaces, which would end nothing that runs in them."""
        _end(self._processes)
        for name in self._names:
            with suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)


def _end(processes):
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait(60)


def remove_left_over():
    """Remove namespaces of test processes that were killed."""
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True, timeout=60)  # fmt: skip
    for line in listed.stdout.splitlines():
        name = line.split()[0]
        parts = name.removeprefix(f"{_PREFIX}-").split("-")
        if name.startswith(f"{_PREFIX}-") and not Path(f"/proc/{parts[0]}").exists():
            ip("netns", "del", name)
