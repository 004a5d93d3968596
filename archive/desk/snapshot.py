"""What the published snapshot says about itself: its id, its papers, its newest articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import sqlite3

#: Tables by which a database is known as a published snapshot.
TABLES: Final = ("snapshot", "articles", "articles_exact", "articles_folded", "article_facts")


@attrs.frozen(kw_only=True)
class SnapshotFacts:
    """The one row of the table ``snapshot``."""

    id: str
    built_at: str
    articles: int
    papers: int
    first_published: str | None
    last_published: str | None
    software: str


@attrs.frozen(kw_only=True)
class Paper:
    """A paper of the snapshot and what the snapshot holds of it."""

    id: str
    name: str
    province: str | None
    #: ``demo`` for the fictional papers of the demo press.
    status: str
    articles: int
    first_published: str | None
    last_published: str | None


@attrs.frozen(kw_only=True)
class Headline:
    """An article in a list."""

    id: str
    title: str
    paper: str
    published_at: str | None
    published_precision: str | None


def is_snapshot(connection: sqlite3.Connection) -> bool:
    """True when the database was made by ``dqtv publish``."""
    marks = ", ".join("?" * len(TABLES))
    found = connection.execute(
        f"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ({marks})",  # noqa: S608 - question marks only
        TABLES,
    ).fetchone()[0]
    return bool(found == len(TABLES))


def read_facts(connection: sqlite3.Connection) -> SnapshotFacts:
    """The snapshot's own row."""
    names = [field.name for field in attrs.fields(SnapshotFacts)]
    row = connection.execute(f"SELECT {', '.join(names)} FROM snapshot").fetchone()  # noqa: S608 - our names
    return SnapshotFacts(**dict(zip(names, row, strict=True)))


def read_papers(connection: sqlite3.Connection) -> tuple[Paper, ...]:
    """Papers with at least one article, by name."""
    names = [field.name for field in attrs.fields(Paper)]
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM sites WHERE articles > 0 ORDER BY name, id"  # noqa: S608 - our names
    )
    return tuple(Paper(**dict(zip(names, row, strict=True))) for row in rows)


def read_provinces(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Provinces of the articles, in alphabetical order."""
    rows = connection.execute(
        "SELECT DISTINCT province FROM article_facts WHERE province IS NOT NULL ORDER BY province"
    )
    return tuple(row[0] for row in rows)


def read_newest(connection: sqlite3.Connection, count: int) -> tuple[Headline, ...]:
    """The *count* newest articles; undated ones have the lowest docids and come last."""
    names = [field.name for field in attrs.fields(Headline)]
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM articles ORDER BY docid DESC LIMIT ?",  # noqa: S608 - our names
        [count],
    )
    return tuple(Headline(**dict(zip(names, row, strict=True))) for row in rows)
