"""What a page says to its reader, as JSON: from a worker of a replay to the archive.

Only what a stored page's outcome is made of. Its capture is known where the archive is; the instant and the status that
the record holds travel along.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import orjson

from archive.errors import ReaderDied, RecordUnreadable
from archive.model import (
    Accepted,
    Article,
    BodyState,
    Capture,
    Evidence,
    Figure,
    PageKind,
    Rejected,
    RejectReason,
    TextChange,
    Verdict,
)
from archive.template import Lesson, PageBlock, RemovedBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.readings import StoredCapture
    from scraper.stored_reader import Said

_T = TypeVar("_T")

_INSTANTS = ("published_at", "modified_at")
_TEXTS = ("body", "authors", "tags", "addresses")


def to_json(said: Said) -> bytes:
    """One line, without its end. What could not be read says only so: who has the archive finds out why."""
    match said:
        case RecordUnreadable():
            return orjson.dumps({"unreadable": str(said)})
        case ReaderDied():
            return orjson.dumps({"died": str(said)})
    lesson = said.lesson
    values: dict[str, Any] = {
        "capture": {"fetched_at": said.capture.fetched_at, "status": said.capture.status},
        "article": None if said.article is None else attrs.asdict(said.article),
        "verdict": None if said.verdict is None else attrs.asdict(said.verdict),
        "lesson": None if lesson is None else _lesson_values(lesson),
    }
    if isinstance(said, Rejected):
        values |= {"reason": said.reason, "detail": said.detail}
    return orjson.dumps(values)


def from_json(text: bytes, stored: StoredCapture) -> Said | None:
    """What *text* says of the capture *stored*; None where its record could not be read.

    Raises ValueError, KeyError and TypeError for what `to_json` has not written.
    """
    values = orjson.loads(text)
    if "unreadable" in values:
        return None
    if "died" in values:
        return ReaderDied(values["died"])
    known = values["capture"]
    capture = Capture(
        id=stored.id, site=stored.site, url=stored.url, location=stored.location, status=known["status"],
        fetched_at=datetime.fromisoformat(known["fetched_at"]).astimezone(UTC),
    )  # fmt: skip
    article = _read(_article, values["article"])
    verdict = _read(_verdict, values["verdict"])
    lesson = _read(_lesson, values["lesson"])
    if "reason" in values:
        return Rejected(
            capture=capture, reason=RejectReason(values["reason"]), detail=values["detail"],
            article=article, verdict=verdict, lesson=lesson,
        )  # fmt: skip
    if article is None or verdict is None:
        raise ValueError("a page that is accepted has an article and a verdict")
    return Accepted(capture=capture, article=article, verdict=verdict, lesson=lesson)


def _read(read: Callable[[Any], _T], values: object) -> _T | None:
    return None if values is None else read(values)


def _article(values: dict[str, Any]) -> Article:
    instants = {name: _instant(values[name]) for name in _INSTANTS}
    texts = {name: tuple(values[name]) for name in _TEXTS}
    parts = {
        "figures": tuple(Figure(**x) for x in values["figures"]),
        "text_changes": tuple(TextChange(**x) for x in values["text_changes"]),
        "removed": tuple(RemovedBlock(**x) for x in values["removed"]),
        "body_state": BodyState(values["body_state"]),
        "page_kind": PageKind(values["page_kind"]),
    }
    return Article(**values | instants | texts | parts)


def _verdict(values: dict[str, Any]) -> Verdict:
    evidence = tuple(Evidence(**x) for x in values["evidence"])
    return Verdict(**values | {"evidence": evidence})


def _lesson_values(lesson: Lesson) -> list[Any]:
    return [lesson.article_id, lesson.layout, [list(block) for block in lesson.blocks]]


def _lesson(values: list[Any]) -> Lesson:
    article_id, layout, blocks = values
    read = tuple(PageBlock(*block) for block in blocks)
    return Lesson(article_id=article_id, layout=layout, blocks=read)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
