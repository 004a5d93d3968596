"""Serve the newest published snapshot with Datasette and this plugin, safe for the open internet."""

from __future__ import annotations

import errno
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Final

import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm

from archive.desk.releases import KEY as RELEASES
from archive.desk.viewer import KEY, PLUGIN, read_viewer
from archive.errors import ArchiveError, PortInUse, UsageError
from archive.snapshot import newest_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
#: Characters with a meaning of their own in file URIs.
_IN_URIS: Final = frozenset("?#%")
_LAST_PORT: Final = 65_535
_OWN_HANDLER: Final = "datasette.handle_exception"


def build_app(
    snapshot_path: Path, *, viewer_url: str | None = None, releases: Path | None = None
) -> Datasette:
    """A Datasette over one snapshot, opened immutable, with the settings above.

    *viewer_url* is the collection of a viewer that shows stored pages; articles then link to it.
    *releases* is a folder with releases to download.
    Raises ArchiveError for a path that Datasette would misread, UsageError for a *viewer_url* that is
    no address.
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
    plugin = {KEY: read_viewer(viewer_url)} if viewer_url else {}
    if releases is not None:
        plugin[RELEASES] = str(releases.absolute())
    return Datasette(
        immutables=[str(snapshot_path)], settings=SETTINGS, metadata={"plugins": {PLUGIN: plugin}}
    )


def serve(
    root: Path,
    *,
    host: str,
    port: int,
    viewer_url: str | None = None,
    releases: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the newest snapshot of the archive *root* in the foreground until Ctrl-C.

    *releases* is the folder with releases to download, by default ``exports/`` of the archive.
    *on_ready* is called with the desk's address once it answers; port 0 takes a free one. Raises
    NothingPublished when there is no snapshot, PortInUse when another program listens there, and
    UsageError when the address cannot be used for another reason.
    """
    snapshot = newest_snapshot(root)
    with closing(_listen(host, port)) as listener:
        app = build_app(snapshot.path, viewer_url=viewer_url, releases=releases or root / "exports")
        config = uvicorn.Config(app.app(), log_level="warning", lifespan="on", server_header=False)
        server = _Server(config, lambda: on_ready and on_ready(_address(listener)))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return  # the server has shut down in order; Ctrl-C is how a reader ends it
        finally:
            close_app(app)


def close_app(app: Datasette) -> None:
    """End the threads of a Datasette and close its connections."""
    app.executor.shutdown()
    for database in app.databases.values():
        database.close()


def check_port(host: str, port: int) -> None:
    """Raise PortInUse or UsageError now when ``serve`` would, before long work is done in vain."""
    _listen(host, port).close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


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


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
