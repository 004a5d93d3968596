"""Every address under which an article was met; none is fetched twice because of it.

Rows may come before their article: a listing names an address before anybody has read the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

#: What the keys of frontier rows of articles with a number begin with (``SiteSpec.key``).
ARTICLE_KEY: Final = "article:"


class ArticleAddresses:
    """The ``article_addresses`` table. Methods must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def remember(self, article_id: str, urls: Iterable[str], *, source: str, now: str) -> None:
        """Note *urls* of one article; what is known stays as it was first noted.

        *source* is ``found``, ``captured``, ``named`` or ``redirect``; *now* ISO 8601 in UTC.
        """
        self._connection.executemany(
            "INSERT INTO article_addresses (article_id, url, source, first_seen_at)"
            " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(article_id, url, source, now) for url in urls],
        )


def article_of_key(site: str, key: str | None) -> str | None:
    """Id of the article that a frontier key stands for, or None for any other page."""
    if key is None or not key.startswith(ARTICLE_KEY):
        return None
    return f"{site}:{key.removeprefix(ARTICLE_KEY)}"
