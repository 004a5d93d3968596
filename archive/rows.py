"""How the archive's values look as rows of ``archive.db``; nothing here touches a database."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs
import orjson

from archive.instants import paper_text, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from archive.model import Article, Capture, Rejected, Verdict
    from archive.warc_files import ClosedFile

Row = dict[str, object]


def text_sha256(title: str, sapo: str | None, body: str) -> str:
    """Hex SHA-256 of the JSON array ``[title, sapo, body]`` in UTF-8; it decides what a version is."""
    return hashlib.sha256(orjson.dumps([title, sapo, body])).hexdigest()


def site_row(values: Mapping[str, object]) -> Row:
    """What a site file says, from a mapping with these keys; ``languages`` is a sequence of codes."""
    plain = {key: values[key] for key in ("id", "name", "province", "homepage", "family")}
    return plain | {"languages": _json(values["languages"]), "status": str(values["status"])}


def capture_row(capture: Capture) -> Row:
    """Row of a capture. Raises ValueError when it does not say where its record lies."""
    place = capture.location
    if place is None:
        raise ValueError(f"capture {capture.id} of {capture.url} has no record in a WARC file")
    return {
        "id": capture.id,
        "site": capture.site,
        "url": capture.url,
        "fetched_at": utc_text(capture.fetched_at),
        "status": capture.status,
        "kind": capture.kind.value,
        "content_type": capture.header("Content-Type"),
        "warc_file": place.warc_file,
        "offset": place.offset,
        "length": place.length,
        "payload_sha256": capture.payload_sha256,
        "run_id": capture.run_id,
        "robots": capture.robots,
        "ip": capture.ip,
    }


#: Columns that hold a field of the article unchanged.
_PLAIN = (
    "id", "site", "url", "title", "sapo", "byline", "dateline", "section", "province",
    "published_raw", "published_precision", "title_source", "sapo_source", "date_source",
    "author_source", "body_source", "word_count", "printed_digest",
)  # fmt: skip


def article_row(article: Article, verdict: Verdict) -> Row:
    """Row of an article without version, capture and capture times."""
    row: Row = {name: getattr(article, name) for name in _PLAIN}
    return row | {
        "body": article.text,
        "authors": _json(article.authors),
        "tags": _json(article.tags),
        "published_at": _on_paper_clock(article.published_at),
        "modified_at": _on_paper_clock(article.modified_at),
        "body_state": article.body_state.value,
        "page_kind": article.page_kind.value,
        "text_changes": _json([attrs.asdict(change) for change in article.text_changes]),
        "text_sha256": text_sha256(article.title, article.sapo, article.text),
        "relevance": verdict.relevance,
        "level": verdict.level,
    }


def version_row(article: Row, seen_at: str) -> Row:
    """Row of one version of the article whose row (with version and capture) is given."""
    shared = ("version", "capture_id", "text_sha256", "title", "sapo", "body", "text_changes")
    return (
        {"article_id": article["id"]}
        | {name: article[name] for name in shared}
        | {"seen_at": seen_at}
    )


def figure_rows(article: Article) -> Iterator[Row]:
    """Rows of an article's figures."""
    for figure in article.figures:
        yield {"article_id": article.id, **attrs.asdict(figure)}


def removed_rows(article: Article) -> Iterator[Row]:
    """Rows of what was left out of an article's body."""
    for block in article.removed:
        yield {"article_id": article.id, **attrs.asdict(block)}


def evidence_rows(article_id: str, verdict: Verdict) -> Iterator[Row]:
    """Rows of a verdict's evidence, in the order of the explanation."""
    for position, evidence in enumerate(verdict.evidence, start=1):
        yield {"article_id": article_id, "position": position, **attrs.asdict(evidence)}


def rejection_row(rejected: Rejected, judged_at: datetime) -> Row:
    """Row of a page that did not become an article."""
    capture, verdict = rejected.capture, rejected.verdict
    return {
        "url": capture.url,
        "site": capture.site,
        "reason": rejected.reason.value,
        "detail": rejected.detail,
        "title": rejected.article.title if rejected.article else None,
        "score": verdict.relevance if verdict else None,
        "evidence": _json([attrs.asdict(part) for part in verdict.evidence]) if verdict else None,
        "capture_id": capture.id,
        "run_id": capture.run_id,
        "rejected_at": utc_text(judged_at),
    }


def event_row(kind: str, capture: Capture, article_id: str | None, detail: str | None) -> Row:
    """Row of something that happened to an address, seen in *capture*."""
    return {
        "site": capture.site,
        "url": capture.url,
        "article_id": article_id,
        "kind": kind,
        "detail": detail,
        "capture_id": capture.id,
        "happened_at": utc_text(capture.fetched_at),
    }


def closed_file_row(closed: ClosedFile) -> Row:
    """Row of a WARC file that is closed and will never be written again."""
    return {
        "name": closed.name,
        "site": closed.site,
        "run_id": closed.run_id,
        "opened_at": utc_text(closed.opened_at),
        "closed_at": utc_text(closed.closed_at),
        "bytes": closed.length,
        "sha256": closed.sha256,
    }


def _on_paper_clock(instant: datetime | None) -> str | None:
    return paper_text(instant) if instant else None


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
