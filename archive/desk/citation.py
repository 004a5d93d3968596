"""One line that cites an article, with the snapshot it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.desk.dates import show_published
from archive.desk.language import say_marked

if TYPE_CHECKING:
    from markupsafe import Markup

    from archive.desk.article import ShownArticle
    from archive.desk.snapshot import SnapshotFacts


def cite(
    article: ShownArticle, snapshot: SnapshotFacts, *, permalink: str, language: str
) -> Markup:
    """Author, headline, paper, day, address, archive, snapshot and permanent address."""
    author = ", ".join(article.authors) or article.byline
    precision = "day" if article.published_at else None
    return say_marked(
        language,
        "article.citation",
        author=f"{author}, " if author else "",
        title=article.title.text,
        paper=article.paper,
        date=show_published(language, article.published_at, precision),
        url=article.url,
        snapshot=snapshot.id,
        permalink=permalink,
    )
