"""Serve the newest published snapshot with Datasette and this plugin, safe for the open internet."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import secrets
import socket
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

import uvicorn
from asgi_gzip import GZipMiddleware
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from archive.desk import public_address, robots
from archive.desk.changeover import Changeover
from archive.desk.office import Office, open_office, read_office
from archive.desk.public_address import PublicAddress
from archive.desk.rate_limit import limited
from archive.desk.releases import KEY as RELEASES
from archive.desk.viewer import KEY, PLUGIN, read_viewer
from archive.errors import ArchiveError, PortInUse, UsageError
from archive.snapshot import newest_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.desk.security import App, Message, Receive, Send

#: Datasette settings. Facets and suggestions cost one query per column over every hit and were
#: the slowest thing on a page (measured: 8 times); CSV streams are cut at 100 MB without a word
#: (datasette issue 1379), and the whole database can be downloaded instead.
SETTINGS: Final[dict[str, object]] = {
    "default_allow_sql": False,
    "allow_facet": False,
    "suggest_facets": False,
    "allow_download": True,
    "allow_csv_stream": False,
    "default_page_size": 50,
    "truncate_cells_html": 400,
    "num_sql_threads": 4,
    "sql_time_limit_ms": 1000,
    "template_debug": False,
    "trace_debug": False,
}
#: The snapshot's name in Datasette, so that its tables keep their addresses from one to the next.
DATABASE: Final = "dqtv"
#: Objects made before young ones are looked through for garbage, and how often that is until older ones are: pages
#: make some ten thousand each, and looking through all at every few pages made one in twenty wait (measured).
_COLLECTED_AFTER: Final = (10_000, 20, 20)
#: As small as level 9 to within 2 % on our pages, at a third of the work (measured).
_GZIP_LEVEL: Final = 5
#: Characters with a meaning of their own in file URIs.
_IN_URIS: Final = frozenset("?#%")
_LAST_PORT: Final = 65_535
_OWN_HANDLER: Final = "datasette.handle_exception"


def build_app(
    snapshot_path: Path,
    *,
    viewer_url: str | None = None,
    releases: Path | None = None,
    base_url: str | None = None,
    public: bool = False,
    secret: str | None = None,
    office: Office | None = None,
) -> Datasette:
    """A Datasette over one snapshot, opened immutable, with the settings above.

    *viewer_url* is the collection of a viewer that shows stored pages; articles then link to it.
    *releases* is a folder with releases to download. *base_url* is the path or the whole address
    under which readers reach the desk. *public* lets search engines in. *secret* signs cookies; they
    stay good as long as it is the same. *office* brings log-in, status and the archivists' page.
    Raises ArchiveError for a path that Datasette would misread, UsageError for a *viewer_url* or
    *base_url* that is no address.
    """
    # Datasette 0.65.5 puts the path into a URI as it is
    if _IN_URIS.intersection(str(snapshot_path)):
        raise ArchiveError(
            f"Datasette cannot open {snapshot_path}: rename the folder so that its path has none"
            f" of {' '.join(sorted(_IN_URIS))}"
        )
    # Datasette's own handler prints every missing page with all variables when rich is installed,
    # 0.3 s of work each (measured); the desk's handler answers everything it would
    if pm.has_plugin(_OWN_HANDLER):
        pm.unregister(name=_OWN_HANDLER)
    address = PublicAddress.read(base_url)
    plugin: dict[str, object] = {robots.KEY: public}
    if address.origin is not None:
        plugin[public_address.KEY] = address.origin
    if viewer_url:
        plugin[KEY] = read_viewer(viewer_url)
    if releases is not None:
        plugin[RELEASES] = str(releases.absolute())
    https = (address.origin or "").startswith("https:")
    app = Datasette(
        settings={**SETTINGS, "base_url": address.prefix, "force_https_urls": https},
        metadata={"plugins": {PLUGIN: plugin}},
        secret=secret,
    )
    if office is not None:
        open_office(app, office)
    app.remove_database("_memory")  # which Datasette adds when it is given no file
    snapshot = Database(app, path=str(snapshot_path), is_mutable=False)
    app.add_database(snapshot, name=DATABASE)
    return app


def serve(
    root: Path,
    *,
    host: str,
    port: int,
    viewer_url: str | None = None,
    releases: Path | None = None,
    base_url: str | None = None,
    public: bool = False,
    status: bool = True,
    metrics_token: str | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the newest snapshot of the archive *root* in the foreground until Ctrl-C.

    A snapshot published meanwhile is taken within seconds, without a break. *releases* is the folder
    with releases to download, by default ``exports/`` of the archive; *viewer_url* and *base_url* are
    those of ``build_app``. *public* limits how much one reader may ask for and lets search engines in.
    *status* brings log-in, status and the archivists' page where there is an archive; *metrics_token*
    opens ``/-/metrics`` to programs. *on_ready* is called with the desk's address once it answers; port 0 takes a free one. Raises
    NothingPublished when there is no snapshot, PortInUse when another program listens there, and
    UsageError when an address cannot be used for another reason.
    """
    prefix = PublicAddress.read(base_url).prefix
    build = partial(
        build_app,
        viewer_url=viewer_url,
        releases=releases or root / "exports",
        base_url=base_url,
        public=public,
        # the variable is Datasette's own; without it a login lasts as long as this server
        secret=os.environ.get("DATASETTE_SECRET") or secrets.token_hex(32),
        office=read_office(root, metrics_token) if status else None,
    )
    newest_snapshot(root)
    with closing(_listen(host, port)) as listener:
        desk = Changeover(root, build)
        app = _packed(limited(desk, prefix=prefix) if public else desk)
        config = uvicorn.Config(app, log_level="warning", lifespan="off", server_header=False)
        server = _Server(config, desk, lambda: on_ready and on_ready(_address(listener, prefix)))
        # the server has shut down in order; Ctrl-C is how a reader ends it
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def check_port(host: str, port: int) -> None:
    """Raise PortInUse or UsageError now when ``serve`` would, before long work is done in vain."""
    _listen(host, port).close()


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, desk: Changeover, on_started: Callable[[], object]
    ) -> None:
        super().__init__(config)
        self._desk = desk
        self._on_started = on_started
        self._following: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        gc.set_threshold(*_COLLECTED_AFTER)
        await self._desk.open()
        self._following = asyncio.create_task(self._desk.follow())
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._following is not None:
            self._following.cancel()
        await super().shutdown(sockets)
        await self._desk.close()


def _packed(app: App) -> App:
    """Answers in gzip where the reader takes it, but for files, which are sent in ranges."""
    gzip: App = GZipMiddleware(app, compresslevel=_GZIP_LEVEL)

    async def pack(scope: Message, receive: Receive, send: Send) -> None:
        is_file = "/-/downloads/" in scope.get("path", "") or scope.get("path", "").endswith(".db")
        await (app if is_file else gzip)(scope, receive, send)

    return pack


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; binding before anything else leaves no gap for others."""
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(f"there is no port {port}; give one from 1 to {_LAST_PORT} with --port")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port, "stop it or choose another port with --port") from error
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}; give an address of this machine"
            " with --host and a port above 1023 with --port"
        ) from error


def _address(listener: socket.socket, prefix: str) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{prefix}"
