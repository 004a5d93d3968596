"""What reference managers read in a page: meta tags of an article, a COinS span for each article of a list.

Zotero's "Embedded Metadata" reads Highwire Press tags (``citation_title``), Dublin Core and its own
``z:itemType``; without the last it would take every article for one of a journal. Lists are read by
COinS (Z39.88-2004, the Dublin Core format), where ``rft.type`` is the kind of item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.citations import CitedArticle
    from archive.desk.search import Hit

#: What Zotero calls a newspaper's article.
KIND: Final = "newspaperArticle"


def meta_tags(article: CitedArticle) -> list[tuple[str, str]]:
    """Name and content of each meta tag; what is not known is left out."""
    day = (article.published_at or "")[:10]
    tags = [
        ("z:itemType", KIND),
        ("citation_title", article.title),
        *(("citation_author", author) for author in article.authors),
        ("citation_journal_title", article.paper),
        ("citation_publication_date", day.replace("-", "/")),
        ("citation_public_url", article.url),
        ("citation_language", "vi"),
        ("citation_keywords", "; ".join(article.tags)),
        ("DC.title", article.title),
        *(("DC.creator", author) for author in article.authors),
        ("DC.publisher", article.paper),
        ("DC.date", day),
        ("DC.description", article.sapo or ""),
        ("DC.language", "vi"),
        ("DC.identifier", article.permalink),
        ("DC.source", article.url),
    ]
    return [(name, value) for name, value in tags if value]


def coins(
    *, title: str, paper: str, published_at: str | None, url: str, authors: Sequence[str] = ()
) -> str:
    """The title attribute of a COinS span; *url* is what the item will lead to."""
    values = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"),
        ("rft.type", KIND),
        ("rft.title", title),
        *(("rft.creator", author) for author in authors),
        ("rft.source", paper),
        ("rft.date", (published_at or "")[:10]),
        ("rft.identifier", url),
        ("rft.language", "vi"),
    ]
    return urlencode([(name, value) for name, value in values if value])


def coins_of(hit: Hit) -> str:
    """The title attribute of a hit's COinS span."""
    return coins(
        title=hit.title.text,
        paper=hit.paper,
        published_at=hit.published_at,
        url=hit.url,
        authors=hit.authors or ((hit.byline,) if hit.byline else ()),
    )
