"""What became of an article at its paper: not found, taken down, back, moved; from the snapshot's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

#: Events after which the paper does not have the article, or may not.
_GONE: Final = frozenset({"missing", "takedown"})
#: Events of a new text, which say nothing about whether the paper has the article.
_OF_THE_TEXT: Final = frozenset({"off_topic", "on_topic"})


@attrs.frozen(kw_only=True)
class Note:
    """Something that happened to an article. Instants are UTC, as stored."""

    #: ``missing`` (not found once), ``takedown``, ``found_again``, ``return``, ``off_topic``, ``on_topic``,
    #: ``redirect`` or ``moved``.
    kind: str
    at: str
    #: When it was not found for the first time; of takedown, found_again and return, where that is known.
    since: str | None = None
    #: Address concerned.
    url: str | None = None
    #: Where the address led, or what was answered there.
    target: str | None = None


def read_notes(connection: sqlite3.Connection, article_id: str) -> tuple[Note, ...]:
    """The notes of one article, oldest first; a first "not found" is part of what it turned out to be."""
    events = connection.execute(
        "SELECT kind, happened_at, url, detail FROM events WHERE article_id = ?"
        " ORDER BY happened_at, rowid",
        [article_id],
    ).fetchall()
    moves = connection.execute(
        "SELECT url, first_seen_at FROM article_addresses WHERE article_id = ? AND source = 'moved'",
        [article_id],
    )
    moved = [Note(kind="moved", at=at, url=url, target=url) for url, at in moves]
    targets = {note.target for note in moved}
    notes = [
        note for note in _told(events) if note.kind != "redirect" or note.target not in targets
    ]
    return tuple(sorted([*notes, *moved], key=lambda note: note.at))


def is_gone(notes: Iterable[Note]) -> bool:
    """True when the article was not at its paper when it was last looked for."""
    states = [note.kind for note in notes if note.kind not in {"redirect", "moved"}]
    return bool(states) and states[-1] in _GONE


def gone_among(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Those of *ids* that are not at their papers now -> ``takedown``, or ``missing``: not yet confirmed."""
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(
        "SELECT article_id, kind FROM events WHERE kind <> 'redirect' AND article_id IN"  # noqa: S608 - question marks only
        f" ({marks}) ORDER BY happened_at, rowid",
        list(ids),
    )
    last = dict(rows.fetchall())
    return {article_id: kind for article_id, kind in last.items() if kind in _GONE}


def _told(events: Iterable[tuple[str, str, str, str | None]]) -> Iterator[Note]:
    """Events as notes; of "missing" only the one that nothing has followed."""
    missing: Note | None = None
    for kind, at, url, detail in events:
        if kind == "redirect":
            yield Note(kind=kind, at=at, url=url, target=detail)
        elif kind in _OF_THE_TEXT:
            yield Note(kind=kind, at=at, url=url)
        elif kind == "missing":
            missing = Note(kind=kind, at=at, url=url)
        else:
            yield Note(kind=kind, at=at, since=missing.at if missing else None, url=url)
            missing = None
    if missing is not None:
        yield missing
