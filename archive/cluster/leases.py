"""Leases of sites in PostgreSQL, and the tokens by which results of former holders are told apart.

Each time a site is taken its token rises by one, and never falls: a result that carries a lower token comes
from a holder that was replaced. Whether a lease has ended is decided by the server's clock alone; instants
go over the wire as ages, so that a wrong clock here or there changes nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict

from archive.clock import steady_time
from archive.cluster.settings import DATABASE_VARIABLE
from archive.errors import ClusterNotPrepared, ClusterUnreachable, UsageError
from archive.lease import REPLAY_PREFIX, TTL_SECONDS
from archive.processes import this_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Self

#: What is added to every token after a restore: more than a standby can have missed.
TOKENS_LOST: Final = 1000
#: A dead server or a cut network is noticed within seconds; what the DSN itself says comes first.
_CONNECTION: Final[dict[str, Any]] = {
    "application_name": "dqtv",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
#: Longest wait for another's transaction on the same site.
_LOCK_TIMEOUT: Final = "30s"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS dqtv_leases (
    site text PRIMARY KEY,
    token bigint NOT NULL,
    holder text,
    until timestamptz NOT NULL,
    acked bigint NOT NULL DEFAULT 0,
    state_token bigint NOT NULL DEFAULT 0,
    last_fetch_at timestamptz,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN dqtv_leases.token IS 'Rises by one with each holder, never falls.';
COMMENT ON COLUMN dqtv_leases.holder IS 'Process that holds the site; NULL when it was given back.';
COMMENT ON COLUMN dqtv_leases.until IS 'When another may take it, by this server''s clock.';
COMMENT ON COLUMN dqtv_leases.acked IS 'Last segment of this token that is stored in the archive.';
COMMENT ON COLUMN dqtv_leases.state_token IS 'Last token for which the site''s state was laid ready.';
COMMENT ON COLUMN dqtv_leases.last_fetch_at IS 'Last request to the site.';
COMMENT ON COLUMN dqtv_leases.taken_at IS 'Since when this token is the newest.';
"""
# Two that begin at once would both find no table and both make one.
_PREPARING: Final = "SELECT pg_advisory_xact_lock(hashtextextended('dqtv_leases', 0))"
# Taken by whoever changes a token or judges by it, so that each sees what the other has committed. Renewing
# asks for nothing: a crawl must not lose its site because a large segment of it is being stored.
_TURN: Final = "SELECT pg_advisory_xact_lock(hashtextextended('dqtv_leases/' || %(site)s, 0))"
# A lease that was not given back may have been used until its end.
_TAKE: Final = """
INSERT INTO dqtv_leases AS held (site, token, holder, until)
VALUES (%(site)s, 1, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl)s))
ON CONFLICT (site) DO UPDATE SET
    token = held.token + 1, holder = excluded.holder, until = excluded.until, acked = 0, taken_at = clock_timestamp(),
    last_fetch_at = CASE WHEN held.holder IS NULL THEN held.last_fetch_at
                         ELSE greatest(held.last_fetch_at, held.until) END
WHERE held.holder IS NULL OR held.until <= clock_timestamp()
RETURNING token, extract(epoch FROM clock_timestamp() - last_fetch_at)
"""
_LAST_FETCH: Final = (
    "last_fetch_at = coalesce(clock_timestamp() - make_interval(secs => %(age)s), last_fetch_at)"
)
_RENEW: Final = f"""
UPDATE dqtv_leases SET until = clock_timestamp() + make_interval(secs => %(ttl)s), {_LAST_FETCH}
WHERE site = %(site)s AND token = %(token)s AND holder IS NOT NULL
"""  # noqa: S608 - our own text
_RELEASE: Final = f"""
UPDATE dqtv_leases SET holder = NULL, until = clock_timestamp(), {_LAST_FETCH}
WHERE site = %(site)s AND token = %(token)s
"""  # noqa: S608 - our own text
_ROWS: Final = """
SELECT site, token, holder, until, holder IS NOT NULL AND until > clock_timestamp(), acked, state_token, last_fetch_at
FROM dqtv_leases WHERE %(site)s::text IS NULL OR site = %(site)s ORDER BY site
"""
# A former holder that cannot be told may ask until its own end: so long nobody takes the site.
_RAISE: Final = """
INSERT INTO dqtv_leases AS held (site, token, state_token, holder, until)
VALUES (%(site)s, %(least)s::bigint + %(by)s, %(least)s::bigint + %(by)s, %(holder)s,
        clock_timestamp() + make_interval(secs => %(ttl)s))
ON CONFLICT (site) DO UPDATE SET
    token = greatest(held.token, %(least)s::bigint) + %(by)s,
    state_token = greatest(held.token, %(least)s::bigint) + %(by)s,
    holder = excluded.holder, until = excluded.until, acked = 0, taken_at = clock_timestamp()
"""


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make the table if it is not there; changes nothing otherwise."""
    with connection.transaction():
        connection.execute(_PREPARING)
        connection.execute(SCHEMA)


@attrs.frozen(kw_only=True)
class Taken:
    """What a new holder is told."""

    token: int
    #: Unix time by this process's clock, or None when the site was never asked for anything.
    last_fetch_at: float | None


@attrs.frozen(kw_only=True)
class LeaseRow:
    """One site's lease as it stands; instants are the server's."""

    site: str
    token: int
    #: See `archive.processes`; None when it was given back.
    holder: str | None
    until: datetime
    is_held: bool
    #: Last segment of this token that is stored.
    acked: int
    #: Last token for which a state was laid ready.
    state_token: int
    last_fetch_at: datetime | None


class Judgement:
    """What a result's token is worth, while nobody can take the site."""

    def __init__(self, connection: psycopg.Connection[Any], site: str, token: int) -> None:
        self._connection = connection
        self._key = {"site": site, "token": token}
        row = connection.execute(
            "SELECT token, acked FROM dqtv_leases WHERE site = %(site)s", self._key
        ).fetchone()
        #: The site's newest token; None for a site that nobody ever took. One below the result's own means
        #: that the database was restored from a copy: see `Leases.raise_tokens`.
        self.newest: int | None = None if row is None else int(row[0])
        #: Last segment stored of the newest token.
        self.acked: int = 0 if row is None else int(row[1])
        self.is_current: bool = self.newest == token

    def mark(self, seq: int) -> None:
        """Note that all segments up to *seq* are stored, committed at the end of the judging.

        Raises ValueError where the token is not current: nothing of it may be stored.
        """
        if not self.is_current:
            raise ValueError(f"token {self._key['token']} of {self._key['site']} is not current")
        self._connection.execute(
            "UPDATE dqtv_leases SET acked = greatest(acked, %(seq)s) WHERE site = %(site)s AND token = %(token)s",
            {**self._key, "seq": seq},
        )
        self.acked = max(self.acked, seq)


class Leases:
    """The table of leases, over one connection that is made when needed and again after a loss.

    Every method raises ClusterUnreachable when the database does not answer as it should. For one thread
    at a time.
    """

    def __init__(self, dsn: str, *, answer_s: int | None = None) -> None:
        """*dsn* is what libpq takes, an URL or ``key=value`` pairs; within *answer_s* seconds each question is answered.

        Raises UsageError when the *dsn* cannot be read.
        """
        try:
            self._options = {**_CONNECTION, **conninfo_to_dict(dsn)}
        except psycopg.ProgrammingError as error:
            # the parser's own words may repeat the password
            raise UsageError(
                f"{DATABASE_VARIABLE} cannot be read as the address of a PostgreSQL database;"
                " write it like postgresql://USER@HOST/NAME"
            ) from error
        if answer_s is not None:
            said = self._options.get("options", "")
            self._options |= {
                "connect_timeout": answer_s,
                "tcp_user_timeout": answer_s * 1000,
                "options": f"{said} -c statement_timeout={answer_s * 1000}",
            }
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def name(self) -> str:
        """The database for messages, without user and password."""
        host, port, database = (self._options.get(x) for x in ("host", "port", "dbname"))
        where = f" on {host}" if host else ""
        return (
            f"the PostgreSQL database {database or '(default)'}{where}{f':{port}' if port else ''}"
        )

    def prepare(self) -> None:
        """Make the table if it is not there."""
        with self._connected() as connection:
            prepare(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- holders ----------------------------------------------------------------------------------

    def take(self, site: str, holder: str, ttl: float) -> Taken | None:
        """Take *site* for *ttl* seconds; None when it is held, or its results are being stored for long.

        *holder* is the name of the process, see `archive.processes`.
        """
        values = {"site": site, "holder": holder, "ttl": ttl}
        with self._connected() as connection:
            try:
                with connection.transaction():
                    connection.execute(_TURN, values)
                    row = connection.execute(_TAKE, values).fetchone()
            except psycopg.errors.LockNotAvailable:
                return None
        if row is None:
            return None
        last = None if row[1] is None else steady_time() - float(row[1])
        return Taken(token=int(row[0]), last_fetch_at=last)

    def renew(self, site: str, token: int, ttl: float, last_fetch_at: float | None) -> bool:
        """Hold *site* for *ttl* seconds from now; False when another has taken it.

        A lease that has ended but was taken by nobody is held again. *last_fetch_at* is Unix time by this
        process's clock.
        """
        return self._change(_RENEW, site, token, last_fetch_at, ttl=ttl)

    def release(self, site: str, token: int, last_fetch_at: float | None) -> None:
        """Give *site* back; nothing happens when another has taken it."""
        self._change(_RELEASE, site, token, last_fetch_at)

    def _change(
        self, sql: str, site: str, token: int, last_fetch_at: float | None, **more: float
    ) -> bool:
        age = None if last_fetch_at is None else max(0.0, steady_time() - last_fetch_at)
        with self._connected() as connection:
            changed = connection.execute(sql, {"site": site, "token": token, "age": age, **more})
            return bool(changed.rowcount == 1)

    # -- whoever stores results ---------------------------------------------------------------------

    @contextmanager
    def judging(self, site: str, token: int) -> Iterator[Judgement]:
        """Say whether *token* is current, and keep others from taking *site* until the block ends.

        The holder goes on renewing meanwhile. What is marked is committed at the end, unless the block raises.
        """
        with self._connected() as connection, connection.transaction():
            connection.execute(_TURN, {"site": site})
            yield Judgement(connection, site, token)

    def without_state(self) -> list[tuple[str, int]]:
        """Sites and tokens whose holders wait for the site's state."""
        return [
            (x.site, x.token)
            for x in self.rows()
            if x.is_held and x.state_token < x.token and not x.site.startswith(REPLAY_PREFIX)
        ]

    def has_state(self, site: str, token: int) -> None:
        """Note that the state for *token* lies ready."""
        with self._connected() as connection:
            connection.execute(
                "UPDATE dqtv_leases SET state_token = %s WHERE site = %s AND state_token < %s",
                (token, site, token),
            )

    def forget(self, prefix: str) -> None:
        """Delete the leases of all names that begin with *prefix* and are never used again."""
        with self._connected() as connection:
            connection.execute("DELETE FROM dqtv_leases WHERE starts_with(site, %s)", (prefix,))

    def raise_tokens(self, at_least: Mapping[str, int], by: int = TOKENS_LOST) -> None:
        """Replace every holder after the database was restored from a copy or a standby took over.

        *at_least* holds the highest token of each site that the archive has seen. Each token rises by *by*
        above that and above what stands here; for `TTL_SECONDS` from now no site can be taken, since former
        holders may ask until they are told. Raises ValueError when *by* is not positive.
        """
        if by <= 0:
            raise ValueError(f"tokens rise; {by} would not raise them")
        with self._connected() as connection, connection.transaction():
            # waits for whoever judges or takes: both have read the table in their transactions
            connection.execute("LOCK TABLE dqtv_leases IN ACCESS EXCLUSIVE MODE")
            here = {str(row[0]) for row in connection.execute("SELECT site FROM dqtv_leases")}
            values = {"by": by, "holder": this_process(), "ttl": TTL_SECONDS}
            for site in sorted(here | at_least.keys()):
                connection.execute(_RAISE, {**values, "site": site, "least": at_least.get(site, 0)})

    # -- whoever looks ------------------------------------------------------------------------------

    def row(self, site: str) -> LeaseRow | None:
        """The lease of *site*; None when nobody ever took it."""
        return next(iter(self._rows(site)), None)

    def rows(self) -> list[LeaseRow]:
        """All leases, by site."""
        return self._rows(None)

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, for questions to the tables beside this one; each is a transaction of its own."""
        with self._connected() as connection:
            yield connection

    def _rows(self, site: str | None) -> list[LeaseRow]:
        names = [field.name for field in attrs.fields(LeaseRow)]
        with self._connected() as connection:
            return [
                LeaseRow(**dict(zip(names, row, strict=True)))
                for row in connection.execute(_ROWS, {"site": site})
            ]

    # -- the connection -----------------------------------------------------------------------------

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, with psycopg's errors as our own; a broken one is given up."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect("", autocommit=True, **self._options)
                self._connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
            yield self._connection
        except psycopg.errors.UndefinedTable as error:
            raise ClusterNotPrepared(
                f"{self.name} lacks a table of the cluster; run `dqtv cluster prepare` once"
            ) from error
        except psycopg.errors.LockNotAvailable as error:
            raise ClusterUnreachable(
                f"another process has worked on the same site in {self.name} for more than {_LOCK_TIMEOUT};"
                " is a second `dqtv ingest` running? Try again"
            ) from error
        except psycopg.Error as error:
            self.close()
            said = str(error).strip().partition("\n")[0]
            raise ClusterUnreachable(
                f"{self.name} does not answer as it should ({said}); see whether PostgreSQL runs there and"
                f" {DATABASE_VARIABLE} names it, then try again"
            ) from error
