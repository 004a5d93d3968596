"""The demo press: fictional provincial papers, each on a local port of its own, with fault switches.

``python -m scraper.demo.press --port N`` runs it as a process of its own.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import click

from archive.errors import DqtvError, UnknownSite, UsageError
from scraper.demo.edition import Edition
from scraper.demo.faults import Fault, FaultSwitch, Withdrawal, read_fault, read_faults
from scraper.demo.mastheads import MASTHEADS
from scraper.demo.newsroom import Newsroom
from scraper.demo.ports import free_base, listen, listen_all
from scraper.demo.request_log import RequestLine, RequestLog
from scraper.demo.scale import generate, generate_day
from scraper.demo.server import Connection
from scraper.demo.stories import load_stories
from scraper.demo.truth import TrueArticle, true_article

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping
    from datetime import date
    from types import TracebackType

    from scraper.demo.stories import Story

#: The papers listen on the ports after this one.
DEMO_PORT = 8010

#: Small, so that a handful of articles needs several pages.
_PAGE_SIZE = 5
_SCALE_PAGE_SIZE = 50


class DemoPress:
    """The papers and their servers; a context manager that serves from a background thread.

    *port* is the base port (0 takes any free block; ``port`` tells which); *scale* adds that many
    generated articles to each friendly paper; *faults* maps site ids to names of ``Fault``; *delay* is the
    wait of the fault ``slow`` in seconds; *log_file* receives one JSON object per request.
    Raises UnknownSite or UsageError for faults that do not exist; starting raises PortInUse
    or, for an address that cannot be used at all, UsageError.
    """

    def __init__(
        self,
        *,
        port: int = DEMO_PORT,
        host: str = "127.0.0.1",
        scale: int = 0,
        faults: Mapping[str, str] | None = None,
        delay: float = 0.3,
        log_file: Path | None = None,
    ) -> None:
        self.port = port or free_base(host, (x.port_offset for x in MASTHEADS))
        self.host = host
        self._scale = scale
        self._delay = delay
        self._faults = read_faults(faults or {})
        for paper in self._faults:
            _check_paper(paper)
        self._log = RequestLog(log_file)
        self._newsrooms: dict[str, Newsroom] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._servers: dict[str, asyncio.Server] = {}
        self._connections: dict[Connection, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def papers(self) -> tuple[str, ...]:
        """Site ids of all papers, hostile ones included."""
        return tuple(masthead.id for masthead in MASTHEADS)

    @property
    def friendly(self) -> tuple[str, ...]:
        """Site ids of the papers that mean well: those of the demo tour."""
        return tuple(masthead.id for masthead in MASTHEADS if not masthead.hostile)

    @property
    def log(self) -> tuple[RequestLine, ...]:
        """Every request so far, oldest first; stays readable after the end."""
        return self._log.lines()

    def clear_log(self) -> None:
        """Forget the requests so far."""
        self._log.clear()

    def origin(self, paper: str) -> str:
        """``http://host:port`` of *paper*; raises UnknownSite."""
        masthead = next((x for x in MASTHEADS if x.id == paper), None)
        if masthead is None:
            raise UnknownSite(paper, self.papers)
        return f"http://{self.host}:{self.port + masthead.port_offset}"

    def truth(self) -> tuple[TrueArticle, ...]:
        """What every paper has printed, paper by paper, newest first."""
        self._print()
        editions = [newsroom.edition for newsroom in self._newsrooms.values()]
        return tuple(
            true_article(edition, story) for edition in editions for story in edition.stories
        )

    def newsroom(self, paper: str) -> Newsroom:
        """What answers the requests of *paper*, without any socket; raises UnknownSite."""
        _check_paper(paper)
        self._print()
        return self._newsrooms[paper]

    def set_fault(self, paper: str, fault: str | None) -> None:
        """Put a fault in force, from its beginning, or end it with None; works while serving."""
        _check_paper(paper)
        chosen = None if fault is None else read_fault(fault)
        self._print()
        self._faults.pop(paper, None)
        if chosen is not None:
            self._faults[paper] = chosen
        self._newsrooms[paper].switch.set(chosen)
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._follow_fault(paper), self._loop).result()

    def revise(self, paper: str, article: int, **changes: Any) -> None:  # noqa: ANN401  fields of Story
        """Print *article* (its number) of *paper* anew, with other values of ``Story``; works while serving.

        A new title changes the boxes of other pages too (their furniture, not their text), and the
        address of the article: the old one leads to the new one for good.
        """
        newsroom = self.newsroom(paper)
        edition = newsroom.edition
        if article not in edition.by_number:
            raise UsageError(f"{paper} has no article {article}")
        stories = (
            attrs.evolve(story, **changes) if story.number == article else story
            for story in edition.stories
        )
        old = self._path(paper, article)
        newsroom.reprint(attrs.evolve(edition, stories=tuple(stories)))
        new = self._path(paper, changes.get("number", article))
        if new != old:
            newsroom.switch.move(old, new)

    def print_day(self, day: date, count: int = 3) -> None:
        """Let every friendly paper print *count* new articles of *day*; works while serving."""
        for masthead in MASTHEADS:
            if not masthead.hostile:
                newsroom = self.newsroom(masthead.id)
                old = newsroom.edition.stories
                new = _newest_first([*old, *generate_day(masthead, day, count)])
                newsroom.reprint(attrs.evolve(newsroom.edition, stories=new))

    def withdraw(self, paper: str, number: int, how: str | None = "404") -> None:
        """Take article *number* away (``Withdrawal``: 404, 410, home, notice), or put it back with None."""
        self.newsroom(paper).switch.withdraw(number, None if how is None else Withdrawal(how))

    def thin_out(self, paper: str, keep: int = 2) -> None:
        """Let *paper* have printed only every *keep*-th of its articles."""
        newsroom = self.newsroom(paper)
        stories = newsroom.edition.stories[::keep]
        newsroom.reprint(attrs.evolve(newsroom.edition, stories=stories))

    def move(self, paper: str, number: int, to: int) -> None:
        """Give article *number* the number *to*; its old address leads to the new one for good."""
        self.revise(paper, number, number=to)

    def _path(self, paper: str, number: int) -> str:
        edition = self.newsroom(paper).edition
        return edition.masthead.cms.article_paths(edition.by_number[number])[0]

    def start(self) -> None:
        """Listen; returns when every paper answers. Raises PortInUse."""
        self._print()
        if self._scale:
            for newsroom in self._newsrooms.values():
                newsroom.warm()
        ports = [self.port + masthead.port_offset for masthead in MASTHEADS]
        sockets = dict(zip(self.papers, listen_all(self.host, ports), strict=True))
        self._log.open()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="demo-press", daemon=True
        )
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(sockets), self._loop).result()

    def stop(self) -> None:
        """Close every connection and free the ports; does nothing when not serving."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None
        self._log.close()

    def _print(self) -> None:
        """Make the papers, once the base port is known."""
        if self._newsrooms:
            return
        stories = load_stories()
        for masthead in MASTHEADS:
            own = [story for story in stories if story.paper == masthead.key]
            if not masthead.hostile:
                own += generate(masthead, self._scale)
            edition = Edition(
                masthead=masthead,
                origin=self.origin(masthead.id),
                stories=_newest_first(own),
                page_size=_SCALE_PAGE_SIZE if self._scale else _PAGE_SIZE,
            )
            switch = FaultSwitch(lowest_number=min(edition.by_number), slow_s=self._delay)
            switch.set(self._faults.get(masthead.id))
            self._newsrooms[masthead.id] = Newsroom(edition, switch)

    async def _serve(self, sockets: Mapping[str, socket.socket]) -> None:
        for paper, listener in sockets.items():
            await self._listen(paper, listener)
            await self._follow_fault(paper)

    async def _listen(self, paper: str, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._servers[paper] = await loop.create_server(
            lambda: self._connect(paper), sock=listener, backlog=256
        )

    def _connect(self, paper: str) -> Connection:
        connection = Connection(self._newsrooms[paper], self._log.add, self._connections.pop)
        self._connections[connection] = paper
        return connection

    async def _follow_fault(self, paper: str) -> None:
        """Close or open the paper's port as its fault asks."""
        refuses = self._faults.get(paper) is Fault.REFUSED
        if refuses and paper in self._servers:
            await self._close_paper(paper)
        elif not refuses and paper not in self._servers:
            masthead = next(x for x in MASTHEADS if x.id == paper)
            await self._listen(paper, listen(self.host, self.port + masthead.port_offset))

    async def _close(self) -> None:
        for paper in tuple(self._servers):
            await self._close_paper(paper)
        # Aborted transports tell their connections in the next turn of the loop.
        await asyncio.sleep(0)

    async def _close_paper(self, paper: str) -> None:
        server = self._servers.pop(paper)
        server.close()
        for connection in [x for x, owner in self._connections.items() if owner == paper]:
            connection.abort()
        await server.wait_closed()


def _newest_first(stories: Iterable[Story]) -> tuple[Story, ...]:
    return tuple(sorted(stories, key=lambda x: (x.published, x.number), reverse=True))


def _check_paper(paper: str) -> None:
    known = tuple(masthead.id for masthead in MASTHEADS)
    if paper not in known:
        raise UnknownSite(paper, known)


def read_fault_options(options: Iterable[str]) -> dict[str, str]:
    """Paper id -> fault name, from ``demo-culao=slow`` ...; raises UsageError without the sign."""
    pairs = [option.partition("=") for option in options]
    for paper, sign, _ in pairs:
        if not sign:
            raise UsageError(
                f"--fault {paper}: write it as PAPER=FAULT, for example demo-culao=slow"
            )
    return {paper: fault for paper, _, fault in pairs}


@click.command()
@click.option(
    "--port", default=DEMO_PORT, show_default=True, help="Base port; the papers take the next ones."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--scale", default=0, help="Generated articles to add to each paper.")
@click.option(
    "--fault", "faults", multiple=True, metavar="PAPER=FAULT", help="May be given several times."
)
@click.option("--delay", default=0.3, show_default=True, help="Seconds the fault 'slow' waits.")
@click.option(
    "--log",
    "log_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSONL file of requests.",
)
def main(
    *,
    port: int,
    host: str,
    scale: int,
    faults: tuple[str, ...],
    delay: float,
    log_file: Path | None,
) -> None:
    """Serve the demo papers until SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        press = DemoPress(
            port=port,
            host=host,
            scale=scale,
            faults=read_fault_options(faults),
            delay=delay,
            log_file=log_file,
        )
        with press:
            addresses = ", ".join(f"{paper} {press.origin(paper)}" for paper in press.papers)
            click.echo(f"demo press ready: {addresses}")
            ended.wait()
    except DqtvError as error:
        click.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
