"""One saved page through process(), for ``dqtv extract``: no network, nothing stored."""

from __future__ import annotations

import sys
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from archive.errors import UsageError
from archive.instants import paper_text, read_instant
from archive.model import Accepted, Capture, Rejected
from scraper.process import process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.model import Article
    from archive.template import Template
    from scraper.sites.load import Registry
    from scraper.sites.spec import SiteSpec

_FIELDS = (
    "url", "id", "title", "sapo", "dateline", "byline", "authors", "section", "tags", "province",
    "published_raw", "published_precision", "title_source", "sapo_source", "date_source",
    "author_source", "body_source",
)  # fmt: skip


def read_file(
    file: Path,
    *,
    url: str,
    site_id: str | None,
    fetched_at: str | None,
    registry: Registry,
    template_of: Callable[[str], Template] | None = None,
) -> Accepted | Rejected:
    """Process the bytes of *file* (``-`` for standard input) as a page of *url*.

    *template_of* says what is known of a paper's template; nothing is taken for one without it.
    Raises UsageError when the file cannot be read, no site owns the address or the time is no instant,
    UnknownSite for an unknown *site_id*.
    """
    site = _site(registry, url, site_id)
    capture = Capture(
        id=str(uuid.uuid4()),
        site=site.id,
        url=url,
        fetched_at=_instant(fetched_at),
        status=200,
        body=_bytes(file),
    )
    template = template_of(site.id) if template_of else None
    return process(capture, site, registry.family_of(site), template)


def _site(registry: Registry, url: str, site_id: str | None) -> SiteSpec:
    site = registry.site(site_id) if site_id else registry.site_for_url(url)
    if site is None:
        raise UsageError(f"no site file claims the host of {url}; name the paper with --site ID")
    return site


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return read_instant(text)
    except ValueError as error:
        raise UsageError(
            f"--fetched-at {text}: {error}; write it as 2026-11-24T03:10:00Z"
        ) from error


def _bytes(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def outcome_for_json(outcome: Accepted | Rejected) -> dict[str, object]:
    """The object ``dqtv extract --json`` prints (documented in the README)."""
    rejected = isinstance(outcome, Rejected)
    values: dict[str, object] = {
        "outcome": "rejected" if rejected else "accepted",
        "reason": outcome.reason.value if isinstance(outcome, Rejected) else None,
        "detail": outcome.detail if isinstance(outcome, Rejected) else None,
    }
    values |= _article_for_json(outcome.article)
    verdict = outcome.verdict
    return values | {
        "level": verdict.level if verdict else None,
        "relevance": verdict.relevance if verdict else None,
        "evidence": [attrs.asdict(item) for item in verdict.evidence] if verdict else [],
    }


def _article_for_json(article: Article | None) -> dict[str, object]:
    if article is None:
        empty: dict[str, object] = dict.fromkeys(_FIELDS)
        return empty | {
            "published_at": None, "modified_at": None, "body_state": None, "page_kind": None, "body": [],
            "figures": [], "text_changes": [], "removed": [],
        }  # fmt: skip
    return {name: _plain(getattr(article, name)) for name in _FIELDS} | {
        "published_at": paper_text(article.published_at) if article.published_at else None,
        "modified_at": paper_text(article.modified_at) if article.modified_at else None,
        "body_state": article.body_state.value,
        "page_kind": article.page_kind.value,
        "body": list(article.body),
        "figures": [attrs.asdict(figure) for figure in article.figures],
        "text_changes": [attrs.asdict(change) for change in article.text_changes],
        "removed": [attrs.asdict(block) for block in article.removed],
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
