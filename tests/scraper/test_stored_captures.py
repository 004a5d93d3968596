"""Every stored capture, field by field: ``tests/captures/<site>/<case>/`` (see its README)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from archive.instants import paper_text
from archive.model import Accepted, Capture, Figure, Rejected, TextChange
from scraper.process import process
from scraper.sites.load import load_registry

CAPTURES = Path(__file__).parents[1] / "captures"
ARTICLES = sorted(path.parent for path in CAPTURES.glob("*/*/article.json"))
OUTCOMES = sorted(path.parent for path in CAPTURES.glob("*/*/outcome.json"))
FIELDS = (
    "id", "url", "title", "sapo", "body", "byline", "authors", "dateline", "section", "tags", "province",
    "published_at", "published_precision", "modified_at", "figures", "title_source", "sapo_source", "date_source",
    "author_source", "body_source", "body_state", "page_kind", "text_changes",
)  # fmt: skip


def name(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def read(folder: Path, file: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / file).read_text(encoding="utf-8"))
    return value


@cache
def outcome_of(folder: Path) -> Accepted | Rejected:
    stored = read(folder, "capture.json")
    registry = load_registry()
    site = registry.site(folder.parent.name)
    capture = Capture(
        id="00000000-0000-0000-0000-000000000000",
        site=site.id,
        url=stored["url"],
        fetched_at=datetime.fromisoformat(stored["fetched_at"]),
        status=stored["status"],
        headers=tuple((key, value) for key, value in stored["headers"]),
        body=(folder / "page.html").read_bytes(),
    )
    return process(capture, site, registry.family_of(site))


def plain(value: object) -> object:
    """A field as it stands in article.json."""
    if isinstance(value, datetime):
        return paper_text(value)
    if isinstance(value, Figure):
        return attrs.asdict(value)
    if isinstance(value, TextChange):
        return list(attrs.astuple(value))
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    return value


def word(outcome: Accepted | Rejected) -> str:
    return "accepted" if isinstance(outcome, Accepted) else outcome.reason.value


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("folder", ARTICLES, ids=name)
def test_field_is_read_as_the_page_means_it(folder: Path, field: str) -> None:
    article = outcome_of(folder).article

    assert article is not None
    assert plain(getattr(article, field)) == read(folder, "article.json")[field]


@pytest.mark.parametrize("folder", ARTICLES, ids=name)
def test_article_gets_the_expected_outcome(folder: Path) -> None:
    assert word(outcome_of(folder)) == read(folder, "article.json")["outcome"]


@pytest.mark.parametrize("folder", ARTICLES, ids=name)
def test_article_gets_the_expected_level(folder: Path) -> None:
    verdict = outcome_of(folder).verdict

    assert verdict is not None
    assert verdict.level == read(folder, "article.json")["level"]


@pytest.mark.parametrize("folder", OUTCOMES, ids=name)
def test_page_without_article_gets_its_reason(folder: Path) -> None:
    expected = read(folder, "outcome.json")
    outcome = outcome_of(folder)

    assert word(outcome) == expected["outcome"]
    assert (outcome.article is not None) == expected["has_article"]


@pytest.mark.parametrize(
    "site",
    [
        "demo-songmay", "demo-culao", "demo-nuingan", "demo-bienxanh", "demo-caonguyen", "demo-cangbien",
        "demo-lamkinh", "demo-trungdu",
    ],
)  # fmt: skip
def test_every_family_has_an_article_about_the_militia_another_one_a_listing_and_a_broken_page(
    site: str,
) -> None:
    found: dict[str, set[str]] = {}
    for file in sorted((CAPTURES / site).glob("*/[ao]*.json")):
        # further captures are there for one quirk each
        case = read(file.parent, "capture.json").get("case", "quirk")
        found.setdefault(case, set()).add(read(file.parent, file.name)["outcome"])

    assert found.keys() >= {"militia", "other", "listing", "broken"}
    assert found["militia"] == {"accepted"}
    assert found["listing"] == {"listing_page"}
    assert found["other"] <= {"not_militia", "foreign_militia"}


def test_a_challenge_shell_answered_with_an_error_status_is_an_http_error() -> None:
    folder = CAPTURES / "demo-bienxanh" / "cookie-shell"
    capture = attrs.evolve(outcome_of(folder).capture, status=503)
    registry = load_registry()

    outcome = process(capture, registry.site("demo-bienxanh"), None)

    assert word(outcome) == "http_status"
