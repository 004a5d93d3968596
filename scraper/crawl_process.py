"""A crawl in a process of its own: Twisted's reactor starts once per process, a scheduler crawls again and again.

The request goes in as JSON on stdin, how each site ended comes out as JSON on stdout.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
import orjson

from archive.errors import DqtvError
from archive.processes import own_environment, own_module
from archive.schedule import INTERRUPTED
from scraper.crawl_request import CrawlRequest
from scraper.due import NOT_BEGUN, SiteEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from scraper.crawling import SiteReport

#: Seconds between two signs of life of a check that goes on.
TICK_SECONDS: Final = 20.0


class Foreman:
    """The machine's clock and crawls in other processes, all ended by Ctrl-C or SIGTERM.

    As a context manager it takes over both signals: the crawls get one to end cleanly, a second one
    ends them at once. Several threads may crawl at a time.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Foreman:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        self._stop.set()
        for child in tuple(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)

    @property
    def is_stopped(self) -> bool:
        """True once a signal came."""
        return self._stop.is_set()

    def now(self) -> float:
        """Unix time."""
        return time.time()

    def wait(self, seconds: float) -> bool:
        """Wait so long; True, at once, when a signal came."""
        return self._stop.wait(max(0.0, seconds))

    def crawl(self, request: CrawlRequest) -> tuple[SiteEnd, ...]:
        """Crawl the sites of *request* in another process; how each ended."""
        if self.is_stopped:
            return _all(request, INTERRUPTED)
        # a session of its own: Ctrl-C of the terminal would reach it a second time
        child = subprocess.Popen(  # noqa: S603 - our own module
            own_module("scraper.crawl_process"), env=own_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        with self._minded(child):
            out, _ = child.communicate(_packed(request))
        try:
            return tuple(SiteEnd(**values) for values in orjson.loads(out))
        except orjson.JSONDecodeError:
            return _all(request, INTERRUPTED if self.is_stopped else NOT_BEGUN)

    def check(
        self, site: str, contact: str | None, on_tick: Callable[[], None]
    ) -> subprocess.CompletedProcess[bytes]:
        """Check the site's file in another process, see ``dqtv sites check``; *on_tick* is called meanwhile."""
        command = [*own_module("scraper"), "sites", "check", site, "--json"]
        if contact is not None:
            command.append(f"--contact={contact}")
        child = subprocess.Popen(  # noqa: S603 - our own interpreter, and an id of a site file
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, env=own_environment(),
        )  # fmt: skip
        with self._minded(child):
            while True:
                try:
                    out, said = child.communicate(timeout=TICK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    on_tick()
        return subprocess.CompletedProcess(command, child.returncode, out, said)

    @contextmanager
    def _minded(self, child: subprocess.Popen[bytes]) -> Iterator[None]:
        """Hand on signals to *child* while it lives, also one that came while it was started."""
        self._children.add(child)
        try:
            with child:
                if self.is_stopped:
                    child.send_signal(signal.SIGTERM)
                yield
        finally:
            self._children.discard(child)


def _all(request: CrawlRequest, reason: str, detail: str | None = None) -> tuple[SiteEnd, ...]:
    return tuple(SiteEnd(site=site, reason=reason, detail=detail) for site in request.sites)


def _packed(request: CrawlRequest) -> bytes:
    return orjson.dumps(attrs.asdict(request), default=str)


def read_request(data: bytes) -> CrawlRequest:
    """The request that was written as JSON."""
    values = orjson.loads(data)
    return CrawlRequest(**values | {"sites": tuple(values["sites"]), "root": Path(values["root"])})


def ends_of(reports: Sequence[SiteReport]) -> tuple[SiteEnd, ...]:
    """What a scheduler needs of the reports of a crawl."""
    return tuple(
        SiteEnd(
            site=report.site,
            reason=report.reason,
            detail=report.detail,
            fetched=report.counts.fetched,
            accepted=report.counts.accepted,
            is_unfinished=report.backfill is not None and not report.backfill.finished,
        )
        for report in reports
    )


def main() -> None:
    """Crawl what stdin asks for."""
    from scraper.crawling import crawl  # noqa: PLC0415  loads Scrapy, which the schedulers need not

    request = read_request(sys.stdin.buffer.read())
    try:
        ends = ends_of(crawl(request))
    except DqtvError as error:
        click.echo(f"dqtv: {error}", err=True)
        ends = _all(request, NOT_BEGUN, str(error))
    sys.stdout.buffer.write(orjson.dumps([attrs.asdict(end) for end in ends]))


if __name__ == "__main__":
    main()
