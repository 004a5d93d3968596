"""What pages give when they are read, as a table for people and as values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from archive.instants import paper_text
from archive.model import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archive.model import Accepted, Article

#: Pages shown.
_PAGES: Final = 5
_LONGEST: Final = 160


def preview_rows(outcomes: Sequence[Accepted | Rejected]) -> list[dict[str, object]]:
    """For each page the fields a person compares with the paper; None where one is missing."""
    return [_row(x) for x in outcomes[:_PAGES]]


def preview_table(rows: Iterable[dict[str, object]]) -> Table:
    """The rows of `preview_rows`, field below field."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("field", no_wrap=True)
    table.add_column("value", overflow="fold")
    for row in rows:
        for key, value in row.items():
            table.add_row(key.replace("_", " "), "-" if value is None else _cut(str(value)))
        table.add_section()
    return table


def _row(outcome: Accepted | Rejected) -> dict[str, object]:
    article = outcome.article
    row: dict[str, object] = {"url": outcome.capture.url}
    if article is None:
        assert isinstance(outcome, Rejected)  # noqa: S101 - what is accepted has an article
        return row | {"no_article": outcome.detail or outcome.reason.value}
    return row | _fields(article)


def _fields(article: Article) -> dict[str, object]:
    at = article.published_at
    return {
        "title": article.title,
        "sapo": article.sapo,
        "first_paragraph": article.body[0] if article.body else None,
        "last_paragraph": article.body[-1] if article.body else None,
        "date": f"{paper_text(at)} ({article.date_source})" if at else None,
        "byline": article.byline,
        "section": article.section,
        "figures": len(article.figures),
        "body": f"{len(article.body)} paragraphs, by {article.body_source}",
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"
