"""``/-/search/hits.<form>``: the articles of a search, or of filters alone, as a file or a feed.

``/-/search.ris`` (``search_citation``) cites the search itself. A file is sent in pieces (``sending``), all
of one snapshot, since a request has one from start to end.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import attrs
from datasette.utils.asgi import Response

from archive.desk import answers, failures, feed, served
from archive.desk.asking import ask, limited, no_snapshot, too_busy
from archive.desk.filters import Sort, read_query, web_parameters
from archive.desk.forms import error_form
from archive.desk.hit_files import HIT_FILES, Piece
from archive.desk.hit_list import MOST, Part, list_hits, read_articles, read_excerpts
from archive.desk.keys import (
    AFTER,
    SNAPSHOT,
    Key,
    KeyGone,
    OtherSnapshot,
    check_snapshot,
    count_to,
    docid_of,
    read_key,
)
from archive.desk.language import number, say
from archive.desk.problems import DateProblem, SearchProblem
from archive.desk.search_citation import asked_for
from archive.desk.sending import StreamedAnswer, TooManyError, beginning, going_on
from archive.desk.visit import Visit, article_path

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from archive.desk.filters import Query
    from archive.desk.hit_list import HitList, ListedArticle
    from archive.desk.search import Results
    from archive.desk.served import Served

#: Articles of one piece of a file.
PIECE: Final = 200
FEED: Final = "atom"
#: Ends of addresses whose errors are JSON.
_JSON: Final = {"jsonl", "csl.json"}
_HEADERS: Final = {"Cache-Control": "max-age=60", "Vary": "Accept-Language"}


async def hits_file(datasette: Datasette, request: Request) -> Response:  # noqa: PLR0911 - one for each kind of answer
    """The articles of a search as a file, or its newest ones as a feed."""
    visit = Visit.of(datasette, request)
    form = request.url_vars["form"]
    json = form in _JSON
    if request.method not in {"GET", "HEAD"}:
        return await failures.missing(datasette, request)
    snapshot = await served.find(datasette)
    if snapshot is None:
        return await no_snapshot(visit, json=json)
    if form not in {*HIT_FILES, FEED}:
        return await _unknown(visit, snapshot, form)
    try:
        query = read_query(visit.parameters)
        check_snapshot(visit.parameters, snapshot.facts.id)
        async with beginning(datasette):
            if form == FEED:
                key = read_key(visit.parameters, attrs.evolve(query, sort=Sort.NEWEST, page=1))
                found = await ask(
                    visit, snapshot, partial(limited, partial(_newest, query=query, after=key))
                )
                return _feed(visit, snapshot, query, found)
            hits = await ask(visit, snapshot, partial(limited, partial(list_hits, query=query)))
    except TooManyError:
        return await too_busy(visit, snapshot, json=json)
    except (OtherSnapshot, KeyGone) as problem:
        return moved_on(visit, snapshot, problem, f"/-/search/hits.{form}")
    except (SearchProblem, DateProblem) as problem:
        return await answers.error(
            visit, snapshot, status=400, title=say(visit.language, "error.bad_search"),
            text=say(visit.language, problem.key, **problem.values), json=json,
        )  # fmt: skip
    return _file(visit, snapshot, hits, form)


async def _unknown(visit: Visit, snapshot: Served, form: str) -> Response:
    forms = ", ".join([*HIT_FILES, FEED])
    return await answers.error(
        visit, snapshot, status=404, title=say(visit.language, "error.not_found"),
        text=say(visit.language, "take_away.unknown_form", form=form[:40], forms=forms),
        json=form.endswith("json"),
    )  # fmt: skip


def _file(visit: Visit, snapshot: Served, hits: HitList, form: str) -> Response:
    name = f"dqtv-hits-{snapshot.facts.id}.{form}"
    headers = {
        **_HEADERS,
        "Content-Disposition": f'attachment; filename="{name}"',
        "DQTV-Hits": str(hits.total),
        "DQTV-More-Hits": "yes" if hits.more else "no",
    }
    pieces = _pieces(visit, snapshot, hits, form)
    if visit.request.method == "HEAD":
        return Response(b"", headers=headers, content_type=HIT_FILES[form].media_type)
    return StreamedAnswer(pieces, headers=headers, content_type=HIT_FILES[form].media_type)


async def _pieces(visit: Visit, snapshot: Served, hits: HitList, form: str) -> AsyncIterator[bytes]:
    file = HIT_FILES[form]
    # asked once: for each article it took a third of the work
    home = visit.absolute("/").removesuffix("/")

    def write(connection: sqlite3.Connection, place: int, part: Part) -> bytes:
        articles = read_articles(connection, part.docids)
        return file.write(
            Piece(
                articles=articles, place=place, tier=part.step.tier if part.step else None,
                snapshot=snapshot.facts.id, absolute=lambda path: home + path,
            )
        )  # fmt: skip

    yield file.start
    for place, part in hits.pieces(PIECE):
        read = partial(limited, partial(write, place=place, part=part))
        async with going_on(visit.datasette):
            piece = await ask(visit, snapshot, read)
        yield piece
    yield file.end


@attrs.frozen(kw_only=True)
class _Newest:
    articles: tuple[ListedArticle, ...]
    excerpts: dict[str, str]
    #: True when older ones follow.
    more: bool


def _newest(connection: sqlite3.Connection, query: Query, after: Key | None) -> _Newest:
    """The newest hits whatever their group, those behind *after*. Raises what ``list_hits`` does."""
    hits = list_hits(connection, attrs.evolve(query, sort=Sort.NEWEST, page=1))
    docids = sorted((docid for part in hits.parts for docid in part.docids), reverse=True)
    start = count_to(docids, docid_of(connection, after)) if after else 0
    shown = docids[start : start + feed.ENTRIES]
    excerpts: dict[str, str] = {}
    for part in hits.parts:
        wanted = set(shown).intersection(part.docids)
        piece = Part(step=part.step, docids=sorted(wanted, reverse=True))
        excerpts |= read_excerpts(connection, piece)
    return _Newest(
        articles=read_articles(connection, shown), excerpts=excerpts,
        more=start + len(shown) < len(docids),
    )  # fmt: skip


def _feed(visit: Visit, snapshot: Served, query: Query, found: _Newest) -> Response:
    own = visit.absolute(f"/-/search/hits.{FEED}")
    asked = asked_values(query)
    language = [("lang", visit.language_asked)] if visit.language_asked else []
    pairs = [*((name, value) for name, many in asked.items() for value in many), *language]
    after = visit.parameters.get(AFTER, [])[:1]
    last = Key(group=0, article_id=found.articles[-1].id).text if found.articles else ""
    text = feed.atom(
        feed.Feed(
            title=_title(visit, snapshot, query),
            language=visit.language,
            search=_address(visit.absolute("/-/search" if asked else "/"), pairs),
            own=_address(own, [*pairs, *((AFTER, key) for key in after)]),
            first=_address(own, pairs),
            following=_address(own, [*pairs, (AFTER, last)]) if found.more else None,
            entries=[
                feed.Entry(
                    article=article, permalink=visit.absolute(article_path(article.id)),
                    excerpt=found.excerpts.get(article.id, ""),
                )
                for article in found.articles
            ],
            built_at=snapshot.facts.built_at,
            software=snapshot.facts.software,
        )
    )  # fmt: skip
    return Response(text, headers=dict(_HEADERS), content_type=feed.MEDIA_TYPE)


def _title(visit: Visit, snapshot: Served, query: Query) -> str:
    asked = asked_for(visit, snapshot, query)
    name = say(visit.language, "site.name")
    return f"{name}: {asked}" if asked else name


def _address(address: str, pairs: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address


def asked_values(query: Query) -> dict[str, list[str]]:
    """Web parameters of a search in any order, on any page."""
    values = web_parameters(attrs.evolve(query, page=1, sort=Sort.NEWEST))
    return {name: many for name, many in values.items() if any(many)}


def feed_address(visit: Visit, query: Query | None = None) -> str:
    """Address of a search's feed; without one, of the whole archive's."""
    return visit.link(f"/-/search/hits.{FEED}", asked_values(query) if query else None)


def files(visit: Visit, query: Query) -> list[tuple[str, str]]:
    """Name and address of each file of a search's articles."""
    values = web_parameters(attrs.evolve(query, page=1))
    return [
        (file.name, visit.link(f"/-/search/hits.{form}", values))
        for form, file in HIT_FILES.items()
    ]


def files_note(visit: Visit, results: Results) -> str | None:
    """What is said of a list that is longer than its files."""
    if results.total <= MOST and not results.capped:
        return None
    return say(visit.language, "take_away.most", n=number(visit.language, MOST))


def following(visit: Visit, results: Results, snapshot: str) -> str | None:
    """Full address of the JSON that follows a page of results; None behind the last."""
    if not results.hits or results.before + len(results.hits) >= results.total:
        return None
    query = results.query
    values = web_parameters(attrs.evolve(query, page=1))
    if query.sort is Sort.NEWEST:
        last = results.hits[-1]
        values[AFTER] = [Key(group=last.tier.value, article_id=last.id).text]
    else:
        values["page"] = [str(query.page + 1)]
    values[SNAPSHOT] = [snapshot]
    return _with_language(visit, "/-/search.json", values)


def moved_on(
    visit: Visit, snapshot: Served, problem: OtherSnapshot | KeyGone, path: str
) -> Response:
    """410: what was to be gone on with is no more; says how to begin again and, where one can, how to go on."""
    values = {name: many for name, many in visit.parameters.items() if name != SNAPSHOT}
    first = {name: many for name, many in values.items() if name not in {AFTER, "page"}}
    goes_on = isinstance(problem, OtherSnapshot)
    form = {
        **error_form(say(visit.language, problem.key, **problem.values), 410),
        "restart": _with_language(visit, path, first),
        "continue": _with_language(visit, path, values) if goes_on else None,
        "snapshot": {"id": snapshot.facts.id, "built_at": snapshot.facts.built_at},
    }
    return answers.as_json(form, status=410)


def _with_language(visit: Visit, path: str, values: dict[str, list[str]]) -> str:
    """Full address with the language asked for."""
    pairs = [(name, value) for name, many in values.items() for value in many]
    if visit.language_asked and "lang" not in values:
        pairs.append(("lang", visit.language_asked))
    return _address(visit.absolute(path), pairs)


ROUTES: Final = ((r"^/-/search/hits\.(?P<form>[^/]+)$", hits_file),)
