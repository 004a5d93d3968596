"""The versions of an article, and what changed between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.errors import UsageError
from archive.textdiff import ParagraphDiff, Piece, diff_paragraphs, diff_words

if TYPE_CHECKING:
    import sqlite3


@attrs.frozen(kw_only=True)
class Version:
    """One text of an article, as the paper had it for a time."""

    number: int
    #: UTC, as stored.
    seen_at: str
    title: str
    sapo: str | None
    body: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The body's paragraphs."""
        return tuple(self.body.split("\n\n")) if self.body else ()


@attrs.frozen(kw_only=True)
class VersionDiff:
    """What changed from one version to another."""

    article_id: str
    old: Version
    new: Version
    title: tuple[Piece, ...]
    sapo: tuple[Piece, ...]
    body: tuple[ParagraphDiff, ...]


def read_versions(connection: sqlite3.Connection, article_id: str) -> tuple[Version, ...]:
    """All versions of an article, oldest first. Raises UsageError when the archive has no such article."""
    rows = connection.execute(
        "SELECT version, seen_at, title, sapo, body FROM article_versions WHERE article_id = ?"
        " ORDER BY version",
        (article_id,),
    ).fetchall()
    if not rows:
        raise UsageError(
            f"the archive holds no article {article_id!r}; `dqtv search` and the search desk show ids"
        )
    return tuple(
        Version(number=row[0], seen_at=row[1], title=row[2], sapo=row[3], body=row[4])
        for row in rows
    )


def diff_versions(
    connection: sqlite3.Connection,
    article_id: str,
    *,
    old: int | None = None,
    new: int | None = None,
) -> VersionDiff:
    """Compare version *old* (default: the one before *new*) with version *new* (default: the newest).

    Raises UsageError for an article or a version the archive does not have.
    """
    versions = {version.number: version for version in read_versions(connection, article_id)}
    new = max(versions) if new is None else new
    earlier = [number for number in versions if number < new]
    old = max(earlier, default=new) if old is None else old
    for number in (old, new):
        if number not in versions:
            known = ", ".join(map(str, versions))
            raise UsageError(f"{article_id} has no version {number}; it has {known}")
    before, after = versions[old], versions[new]
    return VersionDiff(
        article_id=article_id,
        old=before,
        new=after,
        title=diff_words(before.title, after.title),
        sapo=diff_words(before.sapo or "", after.sapo or ""),
        body=diff_paragraphs(before.paragraphs, after.paragraphs),
    )
