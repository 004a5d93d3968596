"""Which stored captures were read as articles or rejected, so that they can be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.model import RecordLocation

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_OK: Final = 200
_CAPTURE: Final = "c.id, c.site, c.url, c.warc_file, c.offset, c.length, iif(c.kind = 'revisit', c.payload_sha256, NULL)"
#: Captures of every address of one article: those noted for it, and those its versions were read from.
_OF_ARTICLE: Final = (
    "SELECT url FROM article_addresses WHERE article_id = ?1 UNION SELECT k.url FROM captures AS k"
    " JOIN article_versions AS v ON v.capture_id = k.id WHERE v.article_id = ?1"
)


@attrs.frozen(kw_only=True)
class StoredCapture:
    """Where a capture can be read back."""

    id: str
    site: str
    url: str
    location: RecordLocation
    #: Hex, of a revisit: its payload lies in the record of an earlier capture.
    payload_elsewhere: str | None = None


@attrs.frozen(kw_only=True)
class StoredArticle:
    """What is stored of an article, as far as another reading is compared with it."""

    id: str
    site: str
    title: str
    level: int
    relevance: float
    text_sha256: str
    #: Page its current version was read from.
    capture: StoredCapture
    #: Newest page of any of its addresses when that is a later one: the same text, or no article.
    newest: StoredCapture | None


@attrs.frozen(kw_only=True)
class StoredRejection:
    """What is stored of a page that did not become an article."""

    site: str
    url: str
    reason: str
    #: Capture the row names.
    judged_id: str
    #: Every page of this address, oldest first; the last one is judged.
    captures: tuple[StoredCapture, ...]


def sites_with_readings(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Sites that have an article or a rejected page, sorted."""
    rows = connection.execute("SELECT site FROM articles UNION SELECT site FROM rejections")
    return tuple(sorted(site for (site,) in rows))


def article_ids(connection: sqlite3.Connection, site: str) -> list[str]:
    """Ids of a site's articles, sorted."""
    rows = connection.execute("SELECT id FROM articles WHERE site = ? ORDER BY id", (site,))
    return [article_id for (article_id,) in rows]


def rejected_urls(connection: sqlite3.Connection, site: str) -> list[str]:
    """Addresses of a site's rejected pages, sorted."""
    rows = connection.execute("SELECT url FROM rejections WHERE site = ? ORDER BY url", (site,))
    return [url for (url,) in rows]


def stored_article(connection: sqlite3.Connection, article_id: str) -> StoredArticle | None:
    """The article with this id, None when it is gone."""
    row = connection.execute(
        f"SELECT a.id, a.site, a.title, a.level, a.relevance, a.text_sha256, c.fetched_at, {_CAPTURE}"  # noqa: S608 - own names
        " FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    if row is None:
        return None
    newest = connection.execute(
        f"SELECT {_CAPTURE} FROM captures AS c WHERE c.site = ?2 AND c.status = {_OK}"  # noqa: S608 - own names
        f" AND c.fetched_at > ?3 AND c.url IN ({_OF_ARTICLE})"
        " ORDER BY c.fetched_at DESC, c.id DESC LIMIT 1",
        (article_id, row[1], row[6]),
    ).fetchone()
    return StoredArticle(
        id=row[0], site=row[1], title=row[2], level=row[3], relevance=row[4], text_sha256=row[5],
        capture=_capture(row[7:]), newest=_capture(newest) if newest else None,
    )  # fmt: skip


def earlier_versions(connection: sqlite3.Connection, article_id: str) -> list[StoredCapture]:
    """Pages that the versions of an article before its current one were read from, newest first."""
    rows = connection.execute(
        f"SELECT {_CAPTURE} FROM article_versions AS v JOIN captures AS c ON c.id = v.capture_id"  # noqa: S608 - own names
        " WHERE v.article_id = ?1 AND v.version < (SELECT version FROM articles WHERE id = ?1)"
        " ORDER BY v.version DESC",
        (article_id,),
    )
    return [_capture(row) for row in rows]


def stored_rejection(connection: sqlite3.Connection, site: str, url: str) -> StoredRejection | None:
    """The rejection of this address, None when it is gone.

    Pages are captures with status 200; where there is none, the one the row names.
    """
    row = connection.execute(
        "SELECT reason, capture_id FROM rejections WHERE site = ? AND url = ?", (site, url)
    ).fetchone()
    if row is None:
        return None
    captures = (
        connection.execute(
            f"SELECT {_CAPTURE} FROM captures AS c WHERE c.site = ? AND c.url = ? AND c.status = {_OK}"  # noqa: S608 - own names
            " ORDER BY c.fetched_at, c.id",
            (site, url),
        ).fetchall()
        or connection.execute(
            f"SELECT {_CAPTURE} FROM captures AS c WHERE c.id = ?",  # noqa: S608 - own names
            (row[1],),
        ).fetchall()
    )
    return StoredRejection(
        site=site, url=url, reason=row[0], judged_id=row[1], captures=tuple(map(_capture, captures))
    )


def _capture(row: Sequence[Any]) -> StoredCapture:
    capture_id, site, url, warc_file, offset, length, payload = row
    place = RecordLocation(warc_file=warc_file, offset=offset, length=length)
    return StoredCapture(
        id=capture_id, site=site, url=url, location=place, payload_elsewhere=payload
    )
