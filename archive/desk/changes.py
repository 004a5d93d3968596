"""Two versions of an article side by side: which ones were asked for, and what changed between them."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final, Self

import attrs

from archive.errors import UsageError
from archive.versions import Version, VersionDiff, diff_versions, read_versions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from archive.textdiff import ParagraphDiff

#: Words of unchanged text, in a row, that are folded away.
_LONG: Final = 60
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")


@attrs.frozen(kw_only=True)
class VersionsAsked:
    """The two versions that an address names."""

    #: None: the one before ``new``.
    old: int | None
    #: None: the newest.
    new: int | None
    #: False when one of them is no number.
    readable: bool = True

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]]) -> Self:
        """From ``from`` and ``to``; a value that is no number is no version."""
        texts = [next(iter(parameters.get(name, ())), "").strip() for name in ("from", "to")]
        numbers = [int(text) if _NUMBER.fullmatch(text) else None for text in texts]
        unread = any(text and number is None for text, number in zip(texts, numbers, strict=True))
        return cls(old=numbers[0], new=numbers[1], readable=not unread)


@attrs.frozen(kw_only=True)
class Changes:
    """An article's versions, and the difference of two of them."""

    paper: str
    #: All versions, oldest first.
    versions: tuple[Version, ...]
    #: None when the article has no such version.
    diff: VersionDiff | None


@attrs.frozen
class Run:
    """Paragraphs in a row that are all changed, or all as they were."""

    paragraphs: tuple[ParagraphDiff, ...]
    changed: bool

    @property
    def long(self) -> bool:
        """True when it is unchanged and long enough to be folded away."""
        words = sum(len(piece.text.split()) for x in self.paragraphs for piece in x.pieces)
        return not self.changed and words > _LONG


def load_changes(
    connection: sqlite3.Connection, article_id: str, asked: VersionsAsked
) -> Changes | None:
    """The versions of an article and what changed between the two asked for; None: no such article."""
    row = connection.execute("SELECT paper FROM articles WHERE id = ?", [article_id]).fetchone()
    if row is None:
        return None
    versions = read_versions(connection, article_id)
    diff = None
    if asked.readable:
        try:
            diff = diff_versions(connection, article_id, old=asked.old, new=asked.new)
        except UsageError:
            diff = None
    return Changes(paper=row[0], versions=versions, diff=diff)


def folded(paragraphs: Sequence[ParagraphDiff]) -> tuple[Run, ...]:
    """The paragraphs of a difference as runs of changed and of unchanged ones."""
    runs = groupby(paragraphs, key=lambda paragraph: paragraph.is_changed)
    return tuple(Run(tuple(group), changed) for changed, group in runs)
