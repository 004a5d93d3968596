"""The cluster's own tables beside those of the engine and the leases: who works, what goes wrong, whether to drain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from procrastinate.schema import SchemaManager

if TYPE_CHECKING:
    import psycopg

#: Held while tables are made, so that two machines may do it at once; any number nobody else uses.
_PREPARING: Final = 7_317_460_126
_OWN: Final = """
CREATE TABLE IF NOT EXISTS dqtv_workers (
    name text PRIMARY KEY,
    host text NOT NULL,
    slots integer NOT NULL,
    software text NOT NULL,
    state text NOT NULL,
    clock_off_s double precision NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS dqtv_troubles (
    site text NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    holder text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, kind)
);
CREATE TABLE IF NOT EXISTS dqtv_drain (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since timestamptz NOT NULL DEFAULT now()
);
"""

#: A worker gives a sign of life; its clock is compared with the server's on the way.
SEEN: Final = """
INSERT INTO dqtv_workers (name, host, slots, software, state, clock_off_s)
VALUES (%(name)s, %(host)s, %(slots)s, %(software)s, %(state)s, %(now)s - extract(epoch FROM clock_timestamp()))
ON CONFLICT (name) DO UPDATE SET state = excluded.state, clock_off_s = excluded.clock_off_s, seen_at = now()
"""
GONE: Final = (
    "DELETE FROM dqtv_workers WHERE name = %(name)s OR seen_at < now() - interval '7 days'"
)
DRAINING: Final = "SELECT extract(epoch FROM since)::float8 AS since FROM dqtv_drain"


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make the tables of engine and cluster where they are missing; what is there stays."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_PREPARING,))
        connection.execute(_OWN)
        if not _is_there(connection, "procrastinate_jobs"):
            connection.execute(SchemaManager.get_schema())


def is_prepared(connection: psycopg.Connection[Any]) -> bool:
    """True once `prepare` has run on this database."""
    return _is_there(connection, "dqtv_drain") and _is_there(connection, "procrastinate_jobs")


def _is_there(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", (table,)).fetchone()
    return bool(row and row["there"])
