"""The article's addresses: the page of one article, its JSON, and what changed between its versions."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from archive.desk import answers, served
from archive.desk.article import load_article
from archive.desk.asking import ask, limited, no_snapshot
from archive.desk.changes import VersionsAsked, folded, load_changes
from archive.desk.citation import cite
from archive.desk.citation_files import cited
from archive.desk.dates import show_instant_day
from archive.desk.embedded import meta_tags
from archive.desk.filters import PAGE_SIZE, read_query, web_parameters
from archive.desk.forms import article_form, changes_form
from archive.desk.language import number, points, say, strings
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.search import neighbours
from archive.desk.viewer import archived_copy, viewer_of
from archive.desk.visit import Visit, article_path, changes_path
from archive.desk.withdrawn import withdrawn_answer

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.desk.article import ShownArticle, TextRepair
    from archive.desk.notes import Note
    from archive.desk.served import Served

#: Notes that say the article is not at its paper now, or may not be.
_GONE: Final = frozenset({"takedown", "missing"})
#: Notes whose sentence does not tell when the article was first not found.
_WITHOUT_FIRST: Final = frozenset(
    {"missing", "return", "off_topic", "on_topic", "redirect", "moved"}
)


async def article_page(datasette: Datasette, request: Request) -> Response:
    """One article as a page, or as JSON; 404 when the snapshot does not have it."""
    visit = Visit.of(datasette, request)
    article_id = unquote(request.url_vars["id"])
    json = bool(request.url_vars.get("json"))
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=json)
    found_by = None if json else _found_by(visit)
    article = await ask(
        visit,
        snapshot,
        partial(
            limited,
            partial(
                load_article,
                article_id=article_id,
                found_by=found_by,
                mark_evidence=visit.parameters.get("terms") == ["1"],
            ),
        ),
    )
    if article is None:
        return await _no_article(visit, snapshot, article_id, json=json)
    if json:
        return answers.as_json(article_form(article, visit, snapshot.facts, viewer_of(datasette)))
    permalink = visit.absolute(article_path(article.id))
    viewer = viewer_of(datasette)
    before, after = await _hits_around(visit, snapshot, article_id)
    return await answers.page(
        visit,
        "article",
        snapshot,
        article=article,
        permalink=permalink,
        meta_tags=meta_tags(cited(article, permalink=permalink, snapshot=snapshot.facts.id)),
        citation=cite(article, snapshot.facts, permalink=permalink, language=visit.language),
        source=_web_address(article.url),
        archived=archived_copy(viewer, article.capture_url, article.captured_at),
        archived_versions={
            x.version: archived_copy(viewer, x.capture_url, x.captured_at) for x in article.versions
        },
        found_by=found_by,
        back=visit.link_with("/-/search", hit=None, terms=None, page=_page_of(visit)),
        before=before,
        after=after,
        evidence_marked=visit.parameters.get("terms") == ["1"],
        evidence_link=visit.link_with(article_path(article.id), terms="1", hit=None),
        plain_link=visit.link_with(article_path(article.id), terms=None, hit=None),
        pictures=[(figure, _web_address(figure.url)) for figure in article.figures],
        parts=_parts(visit, article),
        repairs=[_repair(visit, repair) for repair in article.text_changes or ()],
        addresses=[(x, _web_address(x.url)) for x in article.addresses],
        note_text=partial(_note_text, visit),
        gone=next((note for note in reversed(article.notes) if note.kind in _GONE), None)
        if article.is_gone
        else None,
        changes_link=visit.link(changes_path(article.id)),
        form_address=visit.datasette.urls.path(changes_path(article.id)),
    )


async def changes_page(datasette: Datasette, request: Request) -> Response:
    """What changed between two versions of an article, as a page or as JSON.

    ``from`` and ``to`` name the versions; without them the newest is compared with the one before.
    """
    visit = Visit.of(datasette, request)
    article_id = unquote(request.url_vars["id"])
    json = bool(request.url_vars.get("json"))
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=json)
    asked = VersionsAsked.read(visit.parameters)
    found = await ask(
        visit, snapshot, partial(limited, partial(load_changes, article_id=article_id, asked=asked))
    )
    if found is None:
        return await _no_article(visit, snapshot, article_id, json=json)
    if found.diff is None:
        listed = ", ".join(str(version.number) for version in found.versions)
        return await answers.error(
            visit,
            snapshot,
            status=404,
            title=say(visit.language, "error.no_version"),
            text=say(visit.language, "error.no_version_text", id=article_id[:100], versions=listed),
            json=json,
        )
    if json:
        return answers.as_json(changes_form(found.diff, visit, snapshot.facts))
    return await answers.page(
        visit,
        "changes",
        snapshot,
        diff=found.diff,
        runs=folded(found.diff.body),
        versions=found.versions,
        paper=found.paper,
        article_link=visit.link(article_path(article_id)),
        json_path=f"{changes_path(article_id)}.json",
        form_address=visit.datasette.urls.path(changes_path(article_id)),
    )


async def _hits_around(
    visit: Visit, snapshot: Served, article_id: str
) -> tuple[str | None, str | None]:
    """Addresses of the hits before and after the article in the search that led to it."""
    place = _place(visit)
    if place is None:
        return None, None
    try:
        query = read_query(visit.parameters)
        read = partial(neighbours, query=query, article_id=article_id, place=place - 1)
        found = await ask(visit, snapshot, partial(limited, read))
    except (SearchProblem, DateProblem):
        return None, None
    if found is None:
        return None, None

    def address(other: str | None, at: int) -> str | None:
        values = {**web_parameters(query), "hit": [str(at)]}
        return visit.link(article_path(other), values) if other else None

    return address(found.before, place - 1), address(found.after, place + 1)


def _place(visit: Visit) -> int | None:
    """Place among the hits that the address tells, counted from 1."""
    (told,) = visit.parameters.get("hit", [""])[:1]
    return int(told) if re.fullmatch(r"[1-9][0-9]{0,5}", told) else None


def _page_of(visit: Visit) -> str | None:
    place = _place(visit)
    page = 1 + (place - 1) // PAGE_SIZE if place else 1
    return str(page) if page > 1 else None


async def _no_article(visit: Visit, snapshot: Served, article_id: str, *, json: bool) -> Response:
    gone = await withdrawn_answer(visit, snapshot, article_id, json=json)
    return gone or await answers.error(
        visit,
        snapshot,
        status=404,
        title=say(visit.language, "error.no_article"),
        text=say(visit.language, "error.no_article_text", id=article_id[:100]),
        json=json,
    )


def _note_text(visit: Visit, note: Note) -> str:
    """A note about what became of the article, as a sentence with its dates."""
    return say(
        visit.language,
        f"note.{note.kind}{'' if note.since or note.kind in _WITHOUT_FIRST else '_only'}",
        at=show_instant_day(visit.language, note.at),
        since=show_instant_day(visit.language, note.since) if note.since else "",
        url=note.url or "",
        target=note.target or "",
    )


def _repair(visit: Visit, repair: TextRepair) -> str:
    """One kind of change made to the article's text, in words."""
    kind, _, charset = repair.kind.partition(":")
    name = _named(visit, "repair", kind)
    return say(
        visit.language,
        "article.repair",
        what=name.format(charset=charset),
        n=number(visit.language, repair.count),
    )


def _found_by(visit: Visit) -> str | None:
    return next((value for value in visit.parameters.get("q", ()) if value.strip()), None)


def _web_address(url: str | None) -> str | None:
    """The address if it may be linked to; pages from the web can hold ``javascript:`` ones."""
    if url is None:
        return None
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _parts(visit: Visit, article: ShownArticle) -> list[tuple[str, str, int, str]]:
    """The evidence as rows of a table: part in words, term, count, points with their sign."""
    return [
        (
            _named(visit, "part", item.part),
            _named(visit, "rule", item.term),
            item.count,
            points(visit.language, item.weight, signed=True),
        )
        for item in article.evidence
    ]


def _named(visit: Visit, section: str, name: str) -> str:
    """The reader's words for a part or rule of the score; words of the article stay as they are."""
    key = f"{section}.{re.sub('[ ,]+', '_', name.replace('1,000', '1000')).lower()}"
    return strings(visit.language).get(key, name)
