"""What the reading of one page gave, for the crawl log: fields that were found, length, layout, charset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.instants import paper_text
from archive.model import Accepted, BodyState, Explored, Failed, Rejected

if TYPE_CHECKING:
    from archive.model import Article, Outcome

#: Fields whose presence is noted, in the order in which they are written.
FIELDS: Final = ("title", "sapo", "body", "byline", "published_at", "section", "tags", "figures")
#: Starts of the reasons of lists that gave no article because of what they held.
_WITHOUT_ARTICLES: Final = ("empty_listing", "unreadable_")


@attrs.frozen(kw_only=True)
class PageReading:
    """What one page gave; all None where it was neither read as an article nor as a list."""

    #: Those of ``FIELDS`` that were found, separated by blanks.
    fields: str | None = None
    body_source: str | None = None
    #: Of lead and text.
    characters: int | None = None
    layout: str | None = None
    charset: str | None = None
    #: ISO 8601 with +07:00.
    published_at: str | None = None
    #: Of a list: articles that it names.
    listed: int | None = None


NOT_READ: Final = PageReading()


def reading_of(outcome: Outcome) -> PageReading:
    """What *outcome* says of the page behind it."""
    match outcome:
        case Accepted():
            return _of_article(outcome.article)
        case Rejected() if outcome.article is not None:
            return _of_article(outcome.article)
        case Explored():
            return PageReading(listed=len(outcome.listed))
        case Failed() if outcome.reason.startswith(_WITHOUT_ARTICLES):
            return PageReading(listed=0)
        case _:
            return NOT_READ


def _of_article(article: Article) -> PageReading:
    found = {
        "title": article.title, "sapo": article.sapo, "body": article.body_state is BodyState.FULL,
        "byline": article.byline, "published_at": article.published_at, "section": article.section,
        "tags": article.tags, "figures": article.figures,
    }  # fmt: skip
    return PageReading(
        fields=" ".join(name for name in FIELDS if found[name]),
        body_source=article.body_source,
        characters=len(article.sapo or "") + sum(map(len, article.body)),
        layout=article.skeleton,
        charset=article.charset,
        published_at=paper_text(article.published_at) if article.published_at else None,
    )
