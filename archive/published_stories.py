"""The stories of a snapshot: which of its articles are one text, written while it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.syndication import METHOD, Print, find_stories, runs

if TYPE_CHECKING:
    import sqlite3

    from archive.syndication import Shingles

_TABLE: Final = """
CREATE TABLE stories (
    id TEXT UNIQUE NOT NULL, articles INTEGER NOT NULL, papers INTEGER NOT NULL,
    origin_id TEXT, origin_source TEXT, first_published TEXT
)
"""
_PRINT: Final = """
SELECT id, paper, published_at, published_precision, first_captured_at, byline
FROM main.articles WHERE docid = ?
"""
_SIGNATURES: Final = """
SELECT a.docid, s.signature FROM work.text_signatures AS s JOIN main.articles AS a ON a.id = s.article_id
WHERE s.signature IS NOT NULL AND s.method = ? AND s.text_sha256 = a.text_sha256 ORDER BY a.docid
"""


def write_stories(connection: sqlite3.Connection) -> None:
    """Fill ``stories`` and ``articles.story_id`` of a snapshot under construction.

    The working database is attached as ``work``, and its texts are signed.
    """
    signatures: dict[int, bytes] = dict(connection.execute(_SIGNATURES, (METHOD,)))

    def runs_of(docid: int) -> Shingles:
        sql = "SELECT sapo, body FROM main.articles WHERE docid = ?"
        return runs(*connection.execute(sql, (docid,)).fetchone())

    stories = find_stories(_Prints(connection), signatures, runs_of)
    connection.execute(_TABLE)
    for story in stories:
        connection.executemany(
            "UPDATE main.articles SET story_id = ? WHERE id = ?",
            [(story.id, article_id) for article_id in story.article_ids],
        )
        connection.execute(
            "INSERT INTO stories SELECT ?, ?, ?, ?, ?, min(published_at) FROM main.articles WHERE story_id = ?",
            (
                story.id, len(story.article_ids), story.papers, story.origin_id, story.origin_source,
                story.id,
            ),
        )  # fmt: skip
    connection.execute(
        "CREATE INDEX articles_by_story ON articles (story_id) WHERE story_id IS NOT NULL"
    )


class _Prints(dict[int, Print]):
    """Reads an article's part when it is asked for: most stand in no story."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, docid: int) -> Print:
        row = self._connection.execute(_PRINT, (docid,)).fetchone()
        self[docid] = Print(
            article_id=row[0], paper=row[1], published_at=row[2], precision=row[3],
            captured_at=row[4], byline=row[5],
        )  # fmt: skip
        return self[docid]
