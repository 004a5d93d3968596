"""One connection to the cluster's database, with errors a user can act on."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from archive.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds after which a server that does not answer counts as away.
CONNECT_TIMEOUT_S: Final = 5


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection whose every statement is a transaction of its own. Raises ClusterUnreachable."""
    with unreachable(dsn), closing(
        psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True, row_factory=dict_row)
    ) as connection:  # fmt: skip
        yield connection


@contextmanager
def unreachable(dsn: str) -> Iterator[None]:
    """Turn the database's refusals into ClusterUnreachable, which names it without its password."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise ClusterUnreachable(
            f"the cluster's database {in_words(dsn)} is away ({' '.join(str(error).split())});"
            " start it, or give another with --database or DQTV_CLUSTER_DATABASE"
        ) from error


def in_words(dsn: str) -> str:
    """Where the database is, for people: never its password."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "(its address cannot be read)"
    return f"{parts.get('dbname', '')} at {parts.get('host', 'this machine')}:{parts.get('port', 5432)}"
