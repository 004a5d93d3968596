"""A new snapshot takes the place of the served one: no restart, no request lost, no page made of both.

Each request is answered by one Datasette over one snapshot from its start to its end. The next
snapshot is opened and asked for its first page before any reader sees it, and the former one is
closed once its last reader is done.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

from archive.errors import DqtvError
from archive.snapshot import current_mark, newest_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datasette.app import Datasette

    from archive.desk.security import App, Message, Receive, Send
    from archive.snapshot import Snapshot

#: Seconds between two looks at which snapshot is current.
LOOK_EVERY: Final = 2.0
#: Seconds the threads of a new Datasette may take to open the snapshot.
_OPENING: Final = 30.0
_LOG: Final = logging.getLogger(__name__)


class Changeover:
    """An ASGI application over whichever snapshot of the archive *root* is current.

    *build* makes the Datasette of a snapshot. ``open`` has to be awaited before the first request,
    ``follow`` goes on until it is cancelled, ``close`` comes last.
    """

    def __init__(self, root: Path, build: Callable[[Path], Datasette]) -> None:
        self._root = root
        self._build = build
        self._serving: _Serving | None = None
        self._mark: object = None
        self._refused: str | None = None

    async def open(self) -> None:
        """Open the current snapshot. Raises NothingPublished or ArchiveError when there is none to open."""
        self._mark = current_mark(self._root)
        self._serving = await _Serving.of(newest_snapshot(self._root), self._build)

    async def follow(self, every: float = LOOK_EVERY) -> None:
        """Look for a newer snapshot every *every* seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            await self.look()

    async def look(self) -> bool:
        """Serve the current snapshot if it is another one by now; True when it was taken.

        A snapshot that cannot be opened is logged once and the former one stays.
        """
        mark = current_mark(self._root)
        if mark == self._mark:
            return False
        try:
            snapshot = newest_snapshot(self._root)
            former = self._serving
            if former is not None and snapshot.path == former.snapshot.path:
                self._mark = mark
                return False
            self._serving = await _Serving.of(snapshot, self._build)
        except (DqtvError, OSError, sqlite3.Error) as error:
            self._refuse(str(error))
            return False
        self._mark, self._refused = mark, None
        if former is not None:
            await former.retire()
        return True

    def _refuse(self, reason: str) -> None:
        if reason != self._refused:
            _LOG.warning("the desk stays with the former snapshot: %s", reason)
        self._refused = reason

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request with the snapshot that is current when it comes."""
        serving = self._serving
        if serving is None:
            raise RuntimeError("the desk was asked before it was opened")
        await serving.answer(scope, receive, send)

    async def close(self) -> None:
        """Close the snapshot that is served."""
        if self._serving is not None:
            await self._serving.retire()
            self._serving = None


class _Serving:
    """One snapshot, its Datasette and how many requests it is answering."""

    def __init__(self, snapshot: Snapshot, datasette: Datasette) -> None:
        self.snapshot = snapshot
        self._datasette = datasette
        self._app: App = datasette.app()
        self._requests = 0
        self._retired = False

    @classmethod
    async def of(cls, snapshot: Snapshot, build: Callable[[Path], Datasette]) -> _Serving:
        """Open *snapshot* in every thread and answer a first page, so that no reader waits for either."""
        serving = cls(snapshot, build(snapshot.path))
        try:
            await _open_in_all_threads(serving._datasette)
            await _ask_first_page(serving._app)
        except BaseException:
            await serving.retire()
            raise
        return serving

    async def answer(self, scope: Message, receive: Receive, send: Send) -> None:
        self._requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._requests -= 1
            await self._close_when_done()

    async def retire(self) -> None:
        self._retired = True
        await self._close_when_done()

    async def _close_when_done(self) -> None:
        if self._retired and not self._requests:
            await asyncio.to_thread(close_app, self._datasette)


def close_app(app: Datasette) -> None:
    """End the threads of a Datasette and close its connections; again does nothing."""
    app.executor.shutdown()
    for database in app.databases.values():
        database.close()


async def _open_in_all_threads(datasette: Datasette) -> None:
    """Open the snapshot once in each thread: publishing removes old files, and open ones stay readable."""
    threads = datasette.setting("num_sql_threads")
    together = threading.Barrier(threads)

    def wait(_: sqlite3.Connection) -> None:
        together.wait(_OPENING)

    for name, database in datasette.databases.items():
        # _internal is Datasette's own catalogue, in memory
        if name != "_internal":
            await asyncio.gather(*(database.execute_fn(wait) for _ in range(threads)))


async def _ask_first_page(app: App) -> None:
    """Datasette counts rows and calls plugins at its first request; its answer goes nowhere."""
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/",
        "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    await app(scope, receive, send)
