"""What an archive ought to hold of the demo press, for tests and measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from datetime import datetime

    from scraper.demo.edition import Edition
    from scraper.demo.stories import Story


@attrs.frozen(kw_only=True)
class TrueFigure:
    """Caption and credit of one picture, in the order of the page."""

    caption: str
    credit: str | None = None


@attrs.frozen(kw_only=True)
class TrueArticle:
    """One article as its author meant it."""

    #: Site id of the paper: ``demo-songmay``.
    paper: str
    #: Canonical address.
    url: str
    #: ``<site>:<CMS number>``, hexadecimal numbers in lower case.
    article_id: str
    title: str
    sapo: str | None
    #: Paragraphs and sub-headings as an archive should store them; empty where the body is encoded.
    body: tuple[str, ...]
    #: ``full``, or ``encoded`` when the paper sends the body as a line that page script would decode.
    body_state: str
    byline: str | None
    figures: tuple[TrueFigure, ...]
    #: Agency mark before the first paragraph, without the space after it.
    dateline: str | None
    #: Aware, +07:00; on pages without seconds these are zero in the story as well.
    published: datetime
    section: str
    tags: tuple[str, ...]
    #: 2 about Vietnam's militia, 1 mentions it, 0 neither.
    level: int
    #: ``militia``, ``mention``, ``foreign`` ...; ``scale`` for generated articles.
    kind: str


def true_article(edition: Edition, story: Story) -> TrueArticle:
    """The truth about *story*."""
    encoded = edition.is_encoded(story)
    return TrueArticle(
        paper=edition.masthead.id,
        url=edition.url(story),
        article_id=edition.article_id(story),
        title=story.title,
        sapo=story.sapo,
        body=() if encoded else story.paragraphs,
        body_state="encoded" if encoded else "full",
        # whatever is printed inside an encoded body is part of it
        byline=None if encoded else story.byline,
        figures=tuple(
            TrueFigure(caption=x.caption, credit=x.credit)
            for x in (() if encoded else story.figures)
        ),
        dateline=edition.masthead.dateline,
        published=story.published,
        section=story.section,
        tags=story.tags,
        level=story.level,
        kind=story.kind,
    )
