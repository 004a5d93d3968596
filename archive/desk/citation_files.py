"""An article as a file: its citation (``/-/article/<id>.ris``, ``.bib``, ``.csl.json``) and its text (``.txt``)."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from datasette.utils.asgi import Response

from archive.citations import CITATION_FORMATS, CitedArticle
from archive.desk import failures, served
from archive.desk.article import load_article
from archive.desk.visit import Visit, article_path
from archive.desk.withdrawn import withdrawn_answer

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.article import ShownArticle


async def citation_file(datasette: Datasette, request: Request) -> Response:
    """One citation, or the text, for download; 404 when the snapshot does not have the article, 410 when it is withdrawn."""
    visit = Visit.of(datasette, request)
    article_id = unquote(request.url_vars["id"])
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await failures.missing(datasette, request)
    database = datasette.get_database(snapshot.database)
    article = await database.execute_fn(partial(load_article, article_id=article_id))
    if article is None:
        gone = await withdrawn_answer(visit, snapshot, article_id)
        return gone or await failures.missing(datasette, request)
    form = request.url_vars["form"]
    permalink = visit.absolute(article_path(article.id))
    about = cited(article, permalink=permalink, snapshot=snapshot.facts.id)
    if form == _TEXT:
        text, media_type = plain_text(article, about), "text/plain; charset=utf-8"
    else:
        write, media_type = CITATION_FORMATS[form]
        text = write(about)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", article.id)
    return Response(
        text,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
            "Cache-Control": "max-age=60",
        },
    )


def plain_text(article: ShownArticle, about: CitedArticle) -> str:
    """Lines ``name: value``, then headline, lead and paragraphs with an empty line between them."""
    facts = {
        "id": article.id,
        "paper": article.paper,
        "byline": article.byline,
        "published_at": article.published_at,
        "url": article.url,
        "permalink": about.permalink,
        "captured_at": article.captured_at,
        "snapshot": about.snapshot,
    }
    head = "\n".join(f"{name}: {' '.join(x.split())}" for name, x in facts.items() if x)
    texts = [" ".join(article.title.text.split()), article.sapo.text if article.sapo else ""]
    texts += [paragraph.text for paragraph in article.paragraphs]
    return "\n\n".join([head, *filter(None, texts)]) + "\n"


def cited(article: ShownArticle, *, permalink: str, snapshot: str) -> CitedArticle:
    """What a citation says of an article on the desk."""
    return CitedArticle(
        id=article.id,
        title=article.title.text,
        paper=article.paper,
        authors=article.authors or ((article.byline,) if article.byline else ()),
        section=article.section,
        sapo=article.sapo.text if article.sapo else None,
        tags=article.tags,
        url=article.url,
        permalink=permalink,
        published_at=article.published_at,
        captured_at=article.captured_at,
        snapshot=snapshot,
    )


#: End of the address of an article's text.
_TEXT: Final = "txt"

ROUTES: Final = ((r"^/-/article/(?P<id>[^/]+?)\.(?P<form>ris|bib|csl\.json|txt)$", citation_file),)
