"""What goes wrong at a worker, told where `dqtv cluster status` looks: in the cluster's database."""

from __future__ import annotations

import enum
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from archive.errors import ClusterUnreachable
from archive.processes import this_process
from scraper.cluster.database import connected

if TYPE_CHECKING:
    from typing import Any

logger = logging.getLogger(__name__)

_NOTE = """
INSERT INTO dqtv_troubles (site, kind, detail, holder) VALUES (%(site)s, %(kind)s, %(detail)s, %(holder)s)
ON CONFLICT (site, kind) DO UPDATE SET detail = excluded.detail, holder = excluded.holder, seen_at = now()
"""
_OVER = "DELETE FROM dqtv_troubles WHERE site = %(site)s AND kind = %(kind)s"


class Kind(enum.StrEnum):
    """What goes wrong."""

    #: The hub cannot be reached, or takes nothing: network, access rights, a full disk.
    HUB_AWAY = "hub_away"
    #: The archive did not lay a state ready: `dqtv ingest` does not run, or not for this hub and database.
    NO_STATE = "no_state"
    #: Two crawls push under one token.
    TWO_WRITERS = "two_writers"
    #: A worker's site files or program are not those of the archive, so it leaves a replay's pages alone.
    OTHER_RULES = "other_rules"
    #: A killed crawl's pages that cannot be brought home: of another version, damaged.
    LEFT_BEHIND = "left_behind"


class Troubles:
    """Notes troubles of one process; a database that is away keeps nobody from working. For one thread."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._told: dict[tuple[str, Kind], str] = {}

    def note(self, site: str, kind: Kind, detail: str) -> None:
        """Something goes wrong; told once as long as it stays the same."""
        if self._told.get((site, kind)) != detail:
            self._do(_NOTE, site=site, kind=kind.value, detail=detail, holder=this_process())
            self._told[site, kind] = detail

    def over(self, site: str, kind: Kind) -> None:
        """It goes well again, whoever noted that it did not."""
        if (site, kind) not in self._told or self._told[site, kind]:
            self._do(_OVER, site=site, kind=kind.value)
            self._told[site, kind] = ""

    def _do(self, sql: str, **values: Any) -> None:  # noqa: ANN401 - SQL parameters
        with suppress(ClusterUnreachable), connected(self._dsn) as connection:
            connection.execute(sql, values)
