"""The candidates an archive holds, and what a reader has to see of those that are drawn."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs
import orjson

from archive.errors import CaptureError, UnknownSite
from archive.model import Article, Figure
from archive.readings import stored_rejection
from scraper.classify.snippets import snippets
from scraper.judging.labels import Item
from scraper.judging.sample import Candidate
from scraper.replay import read_again

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.store import Store
    from scraper.judging.sample import Drawn
    from scraper.sites.load import Registry


def candidates(store: Store) -> Iterator[Candidate]:
    """Every article, and every page that was judged and left out."""
    connection = store.connection
    for article_id, site, score, level in connection.execute(
        "SELECT id, site, relevance, level FROM articles"
    ):
        yield Candidate(id=article_id, site=site, score=score, level=level)
    for url, site, score, evidence in connection.execute(
        "SELECT url, site, score, evidence FROM rejections WHERE score IS NOT NULL"
    ):
        has_term = bool(orjson.loads(evidence or "[]"))
        yield Candidate(id=url, site=site, score=score, level=0, has_term=has_term)


def items(store: Store, registry: Registry, drawn: Iterable[Drawn]) -> tuple[list[Item], list[str]]:
    """What readers see of the sample, and a line for each page that could not be read back."""
    found: list[Item] = []
    unreadable: list[str] = []
    for one in drawn:
        candidate = one.candidate
        try:
            article = _stored(store, candidate.id) or _read(store, registry, candidate)
        except (CaptureError, UnknownSite) as error:
            unreadable.append(f"{candidate.id}: {error}")
            continue
        if article is None:
            unreadable.append(f"{candidate.id}: no article is read from the page any more")
            continue
        found.append(_item(article, one))
    return found, unreadable


def _item(article: Article, drawn: Drawn) -> Item:
    candidate = drawn.candidate
    return Item(
        id=candidate.id,
        site=candidate.site,
        url=article.url,
        published_at=article.published_at.isoformat() if article.published_at else None,
        title=article.title,
        lead=article.sapo or next(iter(article.body), None),
        snippets=tuple((x.before, x.term, x.after) for x in snippets(article)),
        score=candidate.score,
        level=candidate.level,
        stratum=drawn.stratum,
        population=drawn.population,
    )


def _stored(store: Store, article_id: str) -> Article | None:
    row = store.connection.execute(
        "SELECT site, url, title, sapo, body, published_at FROM articles WHERE id = ?",
        (article_id,),
    ).fetchone()
    if row is None:
        return None
    site, url, title, sapo, body, published = row
    captions = store.connection.execute(
        "SELECT position, caption FROM figures WHERE article_id = ? ORDER BY position",
        (article_id,),
    )
    return Article(
        id=article_id, site=site, url=url, title=title, sapo=sapo,
        body=tuple(body.split("\n\n")) if body else (),
        published_at=datetime.fromisoformat(published) if published else None,
        figures=tuple(Figure(position=position, caption=caption) for position, caption in captions),
    )  # fmt: skip


def _read(store: Store, registry: Registry, candidate: Candidate) -> Article | None:
    stored = stored_rejection(store.connection, candidate.site, candidate.id)
    if stored is None or not stored.captures:
        return None
    judged = next((x for x in stored.captures if x.id == stored.judged_id), stored.captures[-1])
    article = read_again(store, registry, judged).article
    return attrs.evolve(article, url=candidate.id) if article else None
