"""One article of the snapshot with everything its page shows: text, figures, capture, evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.desk.highlight import CLOSE, OPEN, Marked, read_marked, unmarked
from archive.desk.query import Step, parse, plan
from archive.errors import BadQuery
from archive.model import Evidence, Figure, RecordLocation

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@attrs.frozen(kw_only=True)
class Version:
    """One text of an article."""

    version: int
    seen_at: str
    title: str
    sapo: str | None
    paragraphs: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ShownArticle:
    """An article as published in the snapshot. Instants are ISO 8601 text, as stored."""

    id: str
    site: str
    paper: str
    url: str
    title: Marked
    sapo: Marked | None
    paragraphs: tuple[Marked, ...]
    byline: str | None
    authors: tuple[str, ...]
    dateline: str | None
    section: str | None
    tags: tuple[str, ...]
    province: str | None
    published_at: str | None
    published_precision: str | None
    #: Where the date was read.
    date_source: str | None
    #: ``rule``, ``fallback`` or ``second_opinion``.
    body_source: str | None
    body_state: str
    first_captured_at: str
    last_captured_at: str
    #: When the page behind the current version was captured, UTC.
    captured_at: str
    location: RecordLocation
    word_count: int
    level: int
    relevance: float
    evidence: tuple[Evidence, ...]
    figures: tuple[Figure, ...]
    version: int
    #: All versions, oldest first.
    versions: tuple[Version, ...]


_COLUMNS: Final = (
    "id", "site", "paper", "url", "byline", "dateline", "section", "province", "published_at",
    "published_precision", "date_source", "body_source", "body_state", "first_captured_at",
    "last_captured_at", "captured_at", "word_count", "level", "relevance", "version",
)  # fmt: skip
_MORE: Final = (
    "docid", "title", "sapo", "body", "authors", "tags", "warc_file", "warc_offset", "warc_length",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_COLUMNS + _MORE)} FROM articles WHERE id = ?"  # noqa: S608 - our names


def load_article(
    connection: sqlite3.Connection, article_id: str, *, found_by: str | None = None
) -> ShownArticle | None:
    """The article with this id, or None.

    *found_by* is the search text that led to it; what it finds is marked in title, sapo and body.
    A text that cannot be read as a search marks nothing.
    """
    values = connection.execute(_SELECT, [article_id]).fetchone()
    if values is None:
        return None
    row = dict(zip(_COLUMNS + _MORE, values, strict=True))
    title, sapo, body = _texts(connection, row, found_by)
    return ShownArticle(
        **{name: row[name] for name in _COLUMNS},
        title=title,
        sapo=sapo,
        paragraphs=body,
        authors=tuple(json.loads(row["authors"])),
        tags=tuple(json.loads(row["tags"])),
        location=RecordLocation(
            warc_file=row["warc_file"], offset=row["warc_offset"], length=row["warc_length"]
        ),
        evidence=tuple(_evidence(connection, article_id)),
        figures=tuple(_figures(connection, article_id)),
        versions=tuple(_versions(connection, article_id)),
    )


def _texts(
    connection: sqlite3.Connection, row: dict[str, Any], found_by: str | None
) -> tuple[Marked, Marked | None, tuple[Marked, ...]]:
    found = _found(connection, row["docid"], found_by) if found_by else None
    read = unmarked if found is None else read_marked
    title, sapo, body = found or (row["title"], row["sapo"], row["body"])
    paragraphs = tuple(read(part) for part in body.split("\n\n") if part.strip())
    return read(title), read(sapo) if sapo else None, paragraphs


def _found(
    connection: sqlite3.Connection, docid: object, found_by: str
) -> tuple[str, str | None, str] | None:
    try:
        steps = plan(parse(found_by))
    except BadQuery:
        return None
    for step in steps:
        row = connection.execute(_highlighted(step), [step.highlight, docid]).fetchone()
        if row is not None:
            return row[0], row[1], row[2]
    return None


def _highlighted(step: Step) -> str:
    columns = ", ".join(f"highlight({step.index}, {n}, '{OPEN}', '{CLOSE}')" for n in range(3))
    return f"SELECT {columns} FROM {step.index} WHERE {step.index} MATCH ? AND rowid = ?"  # noqa: S608 - built of constants


def _evidence(connection: sqlite3.Connection, article_id: str) -> Iterator[Evidence]:
    rows = connection.execute(
        "SELECT part, term, count, weight FROM evidence WHERE article_id = ? ORDER BY position",
        [article_id],
    )
    for part, term, count, weight in rows:
        yield Evidence(part=part, term=term, count=count, weight=weight)


def _figures(connection: sqlite3.Connection, article_id: str) -> Iterator[Figure]:
    rows = connection.execute(
        "SELECT position, url, caption, credit FROM figures WHERE article_id = ? ORDER BY position",
        [article_id],
    )
    for position, url, caption, credit in rows:
        yield Figure(position=position, url=url, caption=caption, credit=credit)


def _versions(connection: sqlite3.Connection, article_id: str) -> Iterator[Version]:
    rows = connection.execute(
        "SELECT version, seen_at, title, sapo, body FROM article_versions"
        " WHERE article_id = ? ORDER BY version",
        [article_id],
    )
    for version, seen_at, title, sapo, body in rows:
        paragraphs = tuple(part for part in body.split("\n\n") if part.strip())
        yield Version(
            version=version, seen_at=seen_at, title=title, sapo=sapo, paragraphs=paragraphs
        )
