"""One article of the snapshot with everything its page shows: text, figures, capture, evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.desk.highlight import CLOSE, OPEN, Marked, mark_terms, read_marked, unmarked
from archive.desk.notes import Note, is_gone, read_notes
from archive.desk.plan import Step, plan
from archive.desk.query import parse
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
    #: Address of the page it was read from, and when that was captured.
    capture_url: str | None
    captured_at: str | None
    #: Where the raw page lies; None where the snapshot holds no capture of it.
    location: RecordLocation | None


@attrs.frozen(kw_only=True)
class Address:
    """An address under which the article was met."""

    url: str
    #: ``found``, ``captured``, ``named``, ``redirect`` or ``moved``.
    source: str
    first_seen_at: str


@attrs.frozen(kw_only=True)
class TextRepair:
    """A kind of change made to the text of the page: how many characters."""

    #: As in the column ``text_changes``; of a charset with its name behind a colon.
    kind: str
    count: int


@attrs.frozen(kw_only=True)
class Elsewhere:
    """Another article that prints the same text."""

    id: str
    title: str
    paper: str
    published_at: str | None
    published_precision: str | None
    #: True for the one the others were taken from.
    is_origin: bool


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
    #: Today's name of the province, or of the one it became part of.
    province_today: str | None
    published_at: str | None
    published_precision: str | None
    #: Where the date was read.
    date_source: str | None
    #: ``rule``, ``fallback`` or ``second_opinion``.
    body_source: str | None
    body_state: str
    #: Kind of page it stood on; None: read before kinds were told apart.
    page_kind: str | None
    #: What was changed in the text, spaces apart; None: read before this was kept.
    text_changes: tuple[TextRepair, ...] | None
    first_captured_at: str
    last_captured_at: str
    #: When the page behind the current version was captured, UTC.
    captured_at: str
    #: Address the page behind the current version was captured at.
    capture_url: str | None
    location: RecordLocation
    word_count: int
    level: int
    relevance: float
    evidence: tuple[Evidence, ...]
    figures: tuple[Figure, ...]
    version: int
    #: All versions, oldest first.
    versions: tuple[Version, ...]
    #: Where the same text stands, oldest first.
    elsewhere: tuple[Elsewhere, ...]
    #: True when the others were taken from this one.
    is_origin: bool
    #: Why one of them is taken for the origin: ``credit`` or ``date``; None: unknown.
    origin_source: str | None
    #: Every address it was met under, the captured ones first.
    addresses: tuple[Address, ...]
    #: What became of it at its paper, oldest first.
    notes: tuple[Note, ...]

    @property
    def is_gone(self) -> bool:
        """True when it was not at its paper when it was last looked for."""
        return is_gone(self.notes)


_COLUMNS: Final = (
    "id", "site", "paper", "url", "byline", "dateline", "section", "province", "published_at",
    "published_precision", "date_source", "body_source", "body_state", "page_kind",
    "first_captured_at", "last_captured_at", "captured_at", "word_count", "level", "relevance", "version",
)  # fmt: skip
_MORE: Final = (
    "docid", "title", "sapo", "body", "authors", "tags", "warc_file", "warc_offset", "warc_length",
    "capture_id", "story_id", "text_changes",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_COLUMNS + _MORE)} FROM articles WHERE id = ?"  # noqa: S608 - our names


def load_article(
    connection: sqlite3.Connection,
    article_id: str,
    *,
    found_by: str | None = None,
    mark_evidence: bool = False,
) -> ShownArticle | None:
    """The article with this id, or None.

    *found_by* is the search text that led to it; what it finds is marked in title, sapo and body.
    A text that cannot be read as a search marks nothing. With *mark_evidence* the words that made
    the article relevant are marked instead.
    """
    values = connection.execute(_SELECT, [article_id]).fetchone()
    if values is None:
        return None
    row = dict(zip(_COLUMNS + _MORE, values, strict=True))
    evidence = tuple(_evidence(connection, article_id))
    if mark_evidence:
        title, sapo, body = _with_evidence(row, evidence)
    else:
        title, sapo, body = _texts(connection, row, found_by)
    origin_id, origin_source = _origin(connection, row["story_id"])
    return ShownArticle(
        **{name: row[name] for name in _COLUMNS},
        title=title,
        sapo=sapo,
        paragraphs=body,
        authors=tuple(json.loads(row["authors"])),
        tags=tuple(json.loads(row["tags"])),
        text_changes=_repairs(row["text_changes"]),
        province_today=_province_today(connection, row["docid"]),
        addresses=tuple(_addresses(connection, article_id)),
        notes=read_notes(connection, article_id),
        capture_url=_capture_url(connection, row["capture_id"]),
        location=RecordLocation(
            warc_file=row["warc_file"], offset=row["warc_offset"], length=row["warc_length"]
        ),
        evidence=evidence,
        figures=tuple(_figures(connection, article_id)),
        versions=tuple(_versions(connection, article_id)),
        elsewhere=tuple(_elsewhere(connection, row["story_id"], article_id, origin_id)),
        is_origin=origin_id == article_id,
        origin_source=origin_source,
    )


def _with_evidence(
    row: dict[str, Any], evidence: tuple[Evidence, ...]
) -> tuple[Marked, Marked | None, tuple[Marked, ...]]:
    terms = [part.term for part in evidence if part.weight > 0]
    paragraphs = [part for part in row["body"].split("\n\n") if part.strip()]
    sapo = mark_terms(row["sapo"], terms) if row["sapo"] else None
    body = tuple(mark_terms(part, terms) for part in paragraphs)
    return mark_terms(row["title"], terms), sapo, body


def _origin(connection: sqlite3.Connection, story_id: str | None) -> tuple[str | None, str | None]:
    sql = "SELECT origin_id, origin_source FROM stories WHERE id = ?"
    return connection.execute(sql, [story_id]).fetchone() or (None, None)


def _elsewhere(
    connection: sqlite3.Connection, story_id: str | None, article_id: str, origin_id: str | None
) -> Iterator[Elsewhere]:
    if story_id is None:
        return
    rows = connection.execute(
        "SELECT id, title, paper, published_at, published_precision FROM articles"
        " WHERE story_id = ? AND id <> ? ORDER BY published_at IS NULL, docid",
        [story_id, article_id],
    )
    for key, title, paper, published_at, precision in rows:
        yield Elsewhere(
            id=key, title=title, paper=paper, published_at=published_at,
            published_precision=precision, is_origin=key == origin_id,
        )  # fmt: skip


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


def _repairs(text: str | None) -> tuple[TextRepair, ...] | None:
    if text is None:
        return None
    return tuple(TextRepair(kind=x["kind"], count=x["count"]) for x in json.loads(text))


def _province_today(connection: sqlite3.Connection, docid: int) -> str | None:
    sql = "SELECT province_today FROM article_facts WHERE docid = ?"
    row = connection.execute(sql, [docid]).fetchone()
    return row[0] if row else None


def _addresses(connection: sqlite3.Connection, article_id: str) -> Iterator[Address]:
    rows = connection.execute(
        "SELECT url, source, first_seen_at FROM article_addresses WHERE article_id = ?"
        " ORDER BY source <> 'captured', first_seen_at, url",
        [article_id],
    )
    for url, source, first_seen_at in rows:
        yield Address(url=url, source=source, first_seen_at=first_seen_at)


def _capture_url(connection: sqlite3.Connection, capture_id: str) -> str | None:
    row = connection.execute("SELECT url FROM captures WHERE id = ?", [capture_id]).fetchone()
    return row[0] if row else None


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
        "SELECT v.version, v.seen_at, v.title, v.sapo, v.body, c.url, c.fetched_at,"
        " c.warc_file, c.offset, c.length"
        " FROM article_versions AS v LEFT JOIN captures AS c ON c.id = v.capture_id"
        " WHERE v.article_id = ? ORDER BY v.version",
        [article_id],
    )
    for version, seen_at, title, sapo, body, url, captured_at, *place in rows:
        yield Version(
            version=version,
            seen_at=seen_at,
            title=title,
            sapo=sapo,
            paragraphs=tuple(part for part in body.split("\n\n") if part.strip()),
            capture_url=url,
            captured_at=captured_at,
            location=_location(*place),
        )


def _location(
    warc_file: str | None, offset: int | None, length: int | None
) -> RecordLocation | None:
    if warc_file is None or offset is None or length is None:
        return None
    return RecordLocation(warc_file=warc_file, offset=offset, length=length)
