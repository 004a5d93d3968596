"""Counters of the blocks that recur on a site's article pages: learned from outcomes, read as a Template.

Only the ``WINDOW`` newest pages of a layout count, by when they were fetched and whatever the order they are learned
in, so that what a paper no longer prints is forgotten and reading old pages again forgets nothing.
An article has one vote, however often it is fetched. A page most of whose text stands on other
articles as well is a copy of one of them and has none: reprints must not teach each other away.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson

from archive.template import LEAST_ARTICLES, LayoutTemplate, is_furniture

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from archive.template import Lesson, PageBlock, Template

#: Articles of one layout that are remembered.
WINDOW: Final = 200
#: A page is a copy when more than this share of its blocks and of its characters stands on other articles ...
_COPIED: Final = 0.5
#: ... or, with however few blocks, this share of its characters.
_WHOLLY_COPIED: Final = 0.8
#: A template is read anew after this share of the articles it was read from has been learned on top.
_STALE: Final = 0.05
_NEWEST_FIRST: Final = "WHERE site = ? AND layout = ? ORDER BY seen_at DESC, article_id DESC"


class TemplateCounts:
    """Tables ``template_pages`` and ``template_blocks``. ``learn`` must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._read: dict[str, Template] = {}
        self._learned: Counter[str] = Counter()

    def template(self, site: str) -> Template:
        """What is known of the site; a recent state of it, kept in memory."""
        known = self._read.get(site)
        if known is not None:
            articles = sum(len(layout.voters) for layout in known.values())
            if self._learned[site] <= _STALE * articles:
                return known
        self._learned[site] = 0
        self._read[site] = self._load(site)
        return self._read[site]

    def _load(self, site: str) -> Template:
        voters: dict[str, set[str]] = {}
        for layout, article_id in self._connection.execute(
            "SELECT layout, article_id FROM template_pages WHERE site = ? AND votes = 1", (site,)
        ):
            voters.setdefault(layout, set()).add(article_id)
        counts: dict[str, dict[str, int]] = {layout: {} for layout in voters}
        for layout, block, articles in self._connection.execute(
            "SELECT layout, block, articles FROM template_blocks WHERE site = ? AND articles >= ?",
            (site, LEAST_ARTICLES),
        ):
            counts.setdefault(layout, {})[block] = articles
        return {
            layout: LayoutTemplate(voters=frozenset(voters.get(layout, ())), counts=blocks)
            for layout, blocks in counts.items()
        }

    def learn(self, site: str, lesson: Lesson, seen_at: str) -> None:
        """Count the blocks of one article's page, instead of what was counted of it before."""
        place = (site, lesson.layout)
        texts = {block.digest: block.text for block in lesson.blocks}
        blocks = orjson.dumps(list(texts)).decode()
        known = self._connection.execute(
            "SELECT id, blocks, votes, seen_at FROM template_pages"
            " WHERE site = ? AND layout = ? AND article_id = ?",
            (*place, lesson.article_id),
        ).fetchone()
        if known is not None:
            if known[1] == blocks or seen_at < known[3]:
                return
            self._forget(place, *known[:3])
        elif self._is_older_than_all(place, lesson.article_id, seen_at):
            return
        votes = bool(texts) and not self._is_copy(place, lesson.blocks)
        self._connection.execute(
            "INSERT INTO template_pages (site, layout, article_id, blocks, votes, seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*place, lesson.article_id, blocks, votes, seen_at),
        )
        if votes:
            # the text is of use once a second article has it, and not worth its room before
            self._connection.executemany(
                "INSERT INTO template_blocks (site, layout, block, articles) VALUES (?1, ?2, ?3, 1)"
                " ON CONFLICT DO UPDATE SET articles = articles + 1, text = ?4",
                [(*place, digest, text) for digest, text in texts.items()],
            )
        self._forget_oldest(place)
        self._learned[site] += 1

    def _is_copy(self, place: tuple[str, str], blocks: Iterable[PageBlock]) -> bool:
        lengths = {block.digest: len(block.text) for block in blocks}
        marks = ", ".join("?" * len(lengths))
        counts: dict[str, int] = dict(
            self._connection.execute(
                "SELECT block, articles FROM template_blocks WHERE site = ? AND layout = ?"  # noqa: S608 - marks only
                f" AND block IN ({marks})",
                (*place, *lengths),
            ).fetchall()
        )
        if not counts:
            return False
        voters = self._connection.execute(
            "SELECT count(*) FROM template_pages WHERE site = ? AND layout = ? AND votes = 1", place
        ).fetchone()[0]
        own = {
            digest: length
            for digest, length in lengths.items()
            if not is_furniture(counts.get(digest, 0), voters, length)
        }
        repeated = [length for digest, length in own.items() if digest in counts]
        share = sum(repeated) / max(1, sum(own.values()))
        return share > _WHOLLY_COPIED or (share > _COPIED and len(repeated) > _COPIED * len(own))

    def _is_older_than_all(self, place: tuple[str, str], article_id: str, seen_at: str) -> bool:
        """True when as many pages as count are remembered, and each is newer."""
        oldest = self._connection.execute(
            f"SELECT seen_at, article_id FROM template_pages {_NEWEST_FIRST} LIMIT 1 OFFSET ?",  # noqa: S608 - own text
            (*place, WINDOW - 1),
        ).fetchone()
        return oldest is not None and (seen_at, article_id) < tuple(oldest)

    def _forget_oldest(self, place: tuple[str, str]) -> None:
        oldest = self._connection.execute(
            f"SELECT id, blocks, votes FROM template_pages {_NEWEST_FIRST} LIMIT -1 OFFSET ?",  # noqa: S608 - own text
            (*place, WINDOW),
        ).fetchall()
        for row in oldest:
            self._forget(place, *row)

    def _forget(self, place: tuple[str, str], number: int, blocks: str, votes: int) -> None:
        self._connection.execute("DELETE FROM template_pages WHERE id = ?", (number,))
        if not votes:
            return
        gone = [(*place, digest) for digest in orjson.loads(blocks)]
        where = "WHERE site = ? AND layout = ? AND block = ?"
        self._connection.executemany(
            f"UPDATE template_blocks SET articles = articles - 1 {where}",  # noqa: S608 - own text
            gone,
        )
        self._connection.executemany(
            f"DELETE FROM template_blocks {where} AND articles < 1",  # noqa: S608 - own text
            gone,
        )
