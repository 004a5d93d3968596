"""Validators of addresses (ETag, Last-Modified), for requests that need no body when nothing changed.

RFC 9110, 8.8 and 13.1. They are kept with the capture they came with, since a 304 has no payload of its
own: without an earlier capture in the archive no such request is made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.instants import read_instant
from archive.model import CaptureKind

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from archive.model import Capture, UrlKind

#: A feed, sitemap or listing is read in full again after this time, for our own reading may have changed.
FULL_READING_EVERY: Final = timedelta(days=7)


@attrs.frozen(kw_only=True)
class Validators:
    """What to send so that the server may answer "not modified"."""

    etag: str | None = None
    #: As the server wrote it.
    last_modified: str | None = None
    #: URL and instant of the full record that holds the payload.
    refers_to: tuple[str, datetime]

    @property
    def headers(self) -> dict[str, bytes]:
        """Request headers; bytes as the server sent them."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value.encode("latin-1") for name, value in pairs.items() if value}


class KnownValidators:
    """The validators' columns of the ``frontier`` table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def remember(self, row_id: int, capture: Capture) -> None:
        """Keep the validators of a full answer (status 200), inside a transaction; none forgets the former."""
        values = (capture.header("ETag"), capture.header("Last-Modified"))
        has_any = any(values)
        self._connection.execute(
            "UPDATE frontier SET etag = ?, last_modified = ?, validator_capture = ? WHERE id = ?"
            " AND (? OR validator_capture IS NOT NULL)",
            (*values, capture.id if has_any else None, row_id, has_any),
        )

    def of(self, row_id: int, url: str, kind: UrlKind, now: datetime) -> Validators | None:
        """What to send with a request of *url*; None where nothing of it is held.

        An address that has changed since (a redirect) has none, nor has a feed, sitemap or listing
        whose last full reading is long ago.
        """
        row = self._connection.execute(
            "SELECT f.etag, f.last_modified, c.url, c.fetched_at, c.kind, c.payload_sha256"
            " FROM frontier AS f JOIN captures AS c ON c.id = f.validator_capture WHERE f.id = ?",
            (row_id,),
        ).fetchone()
        if row is None or row[2] != url:
            return None
        etag, last_modified, _, fetched_at, capture_kind, sha256 = row
        if kind.is_discovery and read_instant(fetched_at) < now - FULL_READING_EVERY:
            return None
        held = self._full_record(url, fetched_at, capture_kind, sha256)
        if held is None:
            return None
        return Validators(etag=etag, last_modified=last_modified, refers_to=held)

    def _full_record(
        self, url: str, fetched_at: str, kind: str, sha256: str | None
    ) -> tuple[str, datetime] | None:
        """Where the payload lies: who views the archive follows one reference, not a chain of them."""
        if kind != CaptureKind.REVISIT:
            return (url, read_instant(fetched_at))
        row = self._connection.execute(
            "SELECT url, fetched_at FROM captures WHERE payload_sha256 = ? AND kind <> 'revisit'"
            " ORDER BY fetched_at, id LIMIT 1",
            (sha256,),
        ).fetchone()
        return (row[0], read_instant(row[1])) if row else None
