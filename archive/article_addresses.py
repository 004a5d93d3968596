"""Every address under which an article was met; none is fetched twice because of it.

Rows may come before their article: a listing names an address before anybody has read the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.instants import utc_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from archive.model import Article, Capture, Redirected

#: What the keys of frontier rows of articles with a number begin with (``SiteSpec.key``).
ARTICLE_KEY: Final = "article:"


class ArticleAddresses:
    """The ``article_addresses`` table. Methods must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def remember(self, article_id: str, urls: Iterable[str], *, source: str, now: str) -> None:
        """Note *urls* of one article; what is known stays as it was first noted.

        *source* is ``found``, ``captured``, ``named``, ``redirect`` or ``moved``; *now* ISO 8601 in UTC.
        """
        self._connection.executemany(
            "INSERT INTO article_addresses (article_id, url, source, first_seen_at)"
            " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(article_id, url, source, now) for url in urls],
        )

    def redirected(self, outcome: Redirected, article_id: str | None) -> None:
        """Note the addresses of a redirect; *article_id* is held from the one that redirects."""
        target, capture = outcome.target, outcome.capture
        now = utc_text(capture.fetched_at)
        if article_id is not None and outcome.moved_to is not None:
            self._move(article_id, outcome.moved_to, now=now)
            return
        target_id = article_of_key(capture.site, target.key) if target else None
        if target_id is not None:
            self.remember(target_id, (capture.url,), source="redirect", now=now)

    def _move(self, article_id: str, url: str, *, now: str) -> None:
        """Note that the article moved to *url* for good, unless the address is another article's."""
        self._connection.execute(
            "INSERT INTO article_addresses (article_id, url, source, first_seen_at)"
            " SELECT ?1, ?2, 'moved', ?3 WHERE NOT EXISTS"
            " (SELECT 1 FROM articles WHERE url = ?2 AND id <> ?1)"
            " ON CONFLICT (article_id, url) DO UPDATE SET source = 'moved'",
            (article_id, url, now),
        )

    def moved_article(self, urls: Iterable[str]) -> str | None:
        """Id under which the article at one of *urls* is held since before it moved there; None for all others."""
        for url in urls:
            row = self._connection.execute(
                "SELECT article_id FROM article_addresses WHERE url = ? AND source = 'moved'"
                " ORDER BY first_seen_at LIMIT 1",
                (url,),
            ).fetchone()
            if row is not None:
                return str(row[0])
        return None

    def is_known(self, article: Article, capture: Capture) -> bool:
        """Whether the archive holds this article, under its own id or the one it had before it moved."""
        article_id = self.moved_article((capture.url, article.url)) or article.id
        found = self._connection.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,))
        return found.fetchone() is not None


def article_of_key(site: str, key: str | None) -> str | None:
    """Id of the article that a frontier key stands for, or None for any other page."""
    if key is None or not key.startswith(ARTICLE_KEY):
        return None
    return f"{site}:{key.removeprefix(ARTICLE_KEY)}"
