"""All hits of a search in their order, and what their files say of each article.

Without words it is a list too: all articles that pass the filters, the newest first.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.citations import CitedArticle
from archive.desk.filters import condition
from archive.desk.hits import found
from archive.desk.notes import gone_among
from archive.desk.plan import Step, plan
from archive.desk.problems import SearchTooSlow
from archive.desk.query import parse
from archive.desk.search import OPENING, check_names, hits_of, in_order, opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.desk.filters import Query

#: Most articles of one file, and of one list without words.
MOST: Final = 10_000


@attrs.frozen(kw_only=True)
class Part:
    """Hits of one tier in their order."""

    #: None in a list without words.
    step: Step | None
    docids: Sequence[int]


@attrs.frozen(kw_only=True)
class HitList:
    """The hits of a search, at most ``MOST``."""

    parts: tuple[Part, ...]
    #: True when the search has more hits.
    more: bool

    @property
    def total(self) -> int:
        """Number of hits in the list."""
        return sum(len(part.docids) for part in self.parts)

    def pieces(self, size: int) -> Iterator[tuple[int, Part]]:
        """The list cut into parts of at most *size* hits, each with the place of its first, from 1."""
        place = 1
        for part in self.parts:
            for start in range(0, len(part.docids), size):
                piece = part.docids[start : start + size]
                yield place, Part(step=part.step, docids=piece)
                place += len(piece)


@attrs.frozen(kw_only=True)
class ListedArticle:
    """An article of a list. Instants are ISO 8601 text, as stored."""

    docid: int
    id: str
    url: str
    site: str
    paper: str
    province: str | None
    province_today: str | None
    section: str | None
    title: str
    sapo: str | None
    byline: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    published_at: str | None
    published_precision: str | None
    first_captured_at: str
    #: When the page behind the current text was captured.
    captured_at: str
    word_count: int
    level: int
    relevance: float
    #: ``takedown``, ``missing`` or None, as in ``forms``.
    gone: str | None

    def cited(self, permalink: str, snapshot: str) -> CitedArticle:
        """What a citation says of it."""
        return CitedArticle(
            id=self.id,
            title=self.title,
            paper=self.paper,
            authors=self.authors or ((self.byline,) if self.byline else ()),
            section=self.section,
            sapo=self.sapo,
            tags=self.tags,
            url=self.url,
            permalink=permalink,
            published_at=self.published_at,
            captured_at=self.captured_at,
            snapshot=snapshot,
        )


def list_hits(connection: sqlite3.Connection, query: Query) -> HitList:
    """The hits of *query* in its order, best tier first; ``page`` says nothing here.

    Raises BadQuery when its text or a filter cannot be read, SearchTooSlow when a time limit set on
    the connection interrupted it.
    """
    steps = plan(parse(query.text), exact_only=query.exact_only, expand=query.expand) if query.text else ()  # fmt: skip
    check_names(connection, query)
    try:
        if not query.text:
            return _without_words(connection, query)
        tiers = found(connection, query, steps)
        parts = [Part(step=x.step, docids=in_order(connection, query, x)) for x in tiers]
        return _cut(parts, more=any(tier.capped for tier in tiers))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise SearchTooSlow from error
        raise


def _without_words(connection: sqlite3.Connection, query: Query) -> HitList:
    narrowing, values = condition(query)
    where = f" WHERE {narrowing}" if narrowing else ""
    rows = connection.execute(
        f"SELECT docid FROM article_facts AS facts{where} ORDER BY docid DESC LIMIT {MOST + 1}",  # noqa: S608 - built of constants
        values,
    )
    return _cut([Part(step=None, docids=[row[0] for row in rows])], more=False)


def _cut(parts: list[Part], *, more: bool) -> HitList:
    kept, left = [], MOST
    for part in parts:
        kept.append(Part(step=part.step, docids=part.docids[:left]))
        more = more or len(part.docids) > left
        left -= len(kept[-1].docids)
    return HitList(parts=tuple(part for part in kept if part.docids), more=more)


_COLUMNS: Final = (
    "id", "url", "site", "paper", "province", "section", "title", "sapo", "byline", "published_at",
    "published_precision", "first_captured_at", "captured_at", "word_count", "level", "relevance",
)  # fmt: skip


def read_articles(
    connection: sqlite3.Connection, docids: Sequence[int]
) -> tuple[ListedArticle, ...]:
    """The articles with these docids, in their order."""
    columns = ", ".join(f"a.{name}" for name in _COLUMNS)
    rows = connection.execute(
        f"SELECT a.docid, a.authors, a.tags, f.province_today, {columns} FROM articles AS a"  # noqa: S608 - our names
        " LEFT JOIN article_facts AS f ON f.docid = a.docid"
        f" WHERE a.docid IN ({', '.join('?' * len(docids))})",
        list(docids),
    ).fetchall()
    by_docid = {row[0]: row for row in rows}
    ids = [row[4] for row in rows]
    gone = gone_among(connection, ids)
    return tuple(_listed(by_docid[docid], gone) for docid in docids)


def _listed(row: tuple[Any, ...], gone: dict[str, str]) -> ListedArticle:
    docid, authors, tags, province_today, *others = row
    values = dict(zip(_COLUMNS, others, strict=True))
    return ListedArticle(
        docid=docid,
        authors=tuple(json.loads(authors)),
        tags=tuple(json.loads(tags)),
        province_today=province_today,
        gone=gone.get(values["id"]),
        **values,
    )


def read_excerpts(connection: sqlite3.Connection, part: Part) -> dict[str, str]:
    """Article id -> passages with the words found, or the text's opening in a list without words."""
    if not part.docids:
        return {}
    if part.step is not None:
        return {
            hit.id: " ".join(excerpt.text for excerpt in hit.excerpts)
            for hit in hits_of(connection, part.step, part.docids)
        }
    marks = ", ".join("?" * len(part.docids))
    sql = f"SELECT id, substr(coalesce(sapo, body), 1, {OPENING + 1}) FROM articles WHERE docid IN ({marks})"  # noqa: S608 - question marks only
    rows = connection.execute(sql, list(part.docids))
    return {article_id: opening(text) for article_id, text in rows}
