"""Small pages for the tests of reading and cleaning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from archive.model import Capture
from scraper.extract.page import Page, read_page

FETCHED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ADDRESS = "https://bao.example/tin/mot-bai-bao-123.html"

MakeCapture = Callable[..., Capture]
MakePage = Callable[..., Page]


@pytest.fixture(scope="session")
def capture_of() -> MakeCapture:
    """Makes a capture of one page from its text or bytes."""

    def make(
        body: str | bytes,
        *,
        url: str = ADDRESS,
        content_type: str | None = "text/html; charset=utf-8",
        status: int = 200,
        fetched_at: datetime = FETCHED,
    ) -> Capture:
        return Capture(
            id="00000000-0000-0000-0000-000000000000",
            site="bao",
            url=url,
            fetched_at=fetched_at,
            status=status,
            headers=() if content_type is None else (("Content-Type", content_type),),
            body=body.encode() if isinstance(body, str) else body,
        )

    return make


@pytest.fixture(scope="session")
def page_of(capture_of: MakeCapture) -> MakePage:
    """Makes a parsed page from its text or bytes."""
    return lambda body, **options: read_page(capture_of(body, **options))
