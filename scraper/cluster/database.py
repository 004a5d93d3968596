"""One connection to the cluster's database, with errors a user can act on."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.rows import dict_row

from archive.cluster.leases import Leases
from archive.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds after which a server that does not answer counts as away.
CONNECT_TIMEOUT_S: Final = 5


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection whose every statement is a transaction of its own.

    Raises ClusterUnreachable naming the database without its password, UsageError for a *dsn* that is none.
    """
    name = Leases(dsn).name
    try:
        with closing(
            psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True, row_factory=dict_row)
        ) as connection:  # fmt: skip
            yield connection
    except psycopg.OperationalError as error:
        said = str(error).strip().partition("\n")[0]
        raise ClusterUnreachable(
            f"{name} is away ({said}); see whether PostgreSQL runs there and lets this machine in (a password belongs"
            " into ~/.pgpass), or name another with --database or DQTV_CLUSTER_DATABASE"
        ) from error
