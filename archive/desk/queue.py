"""Few costly searches at a time, so that a crowd of them leaves the server to everybody's plain ones.

It stands before everything that works for a page: one who is sent away costs the reading of a query and
a page made beforehand.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from datasette.utils.asgi import Request

from archive.desk import answers, served
from archive.desk.filters import Facet, read_query
from archive.desk.language import say
from archive.desk.query import parse
from archive.desk.rate_limit import reader_of
from archive.desk.visit import Visit
from archive.errors import BadDateRange, BadQuery
from archive.vietnamese import syllables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from datasette.app import Datasette
    from datasette.utils.asgi import Response

    from archive.desk.filters import Query
    from archive.desk.security import App, Message, Receive, Send

#: Costly searches that run at the same time; Datasette has four threads (``serve.SETTINGS``).
AT_ONCE: Final = 1
#: Costly searches that run or wait, of all readers and of one; the next one is told to come again.
MOST: Final = 8
SHARE: Final = 3
#: Words and phrases, or syllables of one and of all of them, from which on a search is costly.
_MANY_UNITS: Final = 6
_LONG: Final = 8
_MANY_SYLLABLES: Final = 12
#: Facets from which on choosing values of them makes a search costly: each is counted by itself.
_MANY_FACETS: Final = 3
#: Seconds after which one sent away is asked to come again.
RETRY_AFTER: Final = 5
#: Seconds that pass before one is told so, and how many may be made to wait for that: a program that
#: asks again at once has less to ask.
PAUSE: Final = 1.0
_PAUSING: Final = 200

#: Pages that run a search; of those that have data too, errors are JSON there.
_SEARCHES: Final = re.compile(
    r"/-/(?:(?:search(?!/hits\.)|timeline|concordance)(?P<json>\.json|\.csv)?|article/[^/]+)"
)


class TooBusyError(Exception):
    """As many costly searches run or wait as may."""


def is_costly(query: Query) -> bool:
    """True for a search by first letters, nearness, unwanted words, many words or many facets.

    Raises BadQuery when its text cannot be read.
    """
    if query.is_listing:
        return False
    parsed = parse(query.text)
    units = [*parsed.units, *parsed.unwanted]
    lengths = [len(syllables(unit.text)) for unit in units]
    return (
        bool(parsed.unwanted)
        or len(units) >= _MANY_UNITS
        or any(unit.prefix or unit.near for unit in units)
        or max(lengths) >= _LONG
        or sum(lengths) >= _MANY_SYLLABLES
        or sum(bool(query.chosen(facet)) for facet in Facet) >= _MANY_FACETS
    )


class Turns:
    """Who runs a costly search and who waits for it."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._readers: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, reader: str) -> AsyncIterator[None]:
        """Wait for a turn of *reader*. Raises TooBusyError at once when too many wait, or too many of its own."""
        if self._readers.total() >= MOST or self._readers[reader] >= SHARE:
            raise TooBusyError
        self._readers[reader] += 1
        try:
            async with self._free:
                yield
        finally:
            self._readers[reader] -= 1
            self._readers += Counter()  # forgets readers who have none


def queued(app: App, datasette: Datasette) -> App:
    """Wrap an ASGI application: costly searches wait for their turn, plain ones and other pages pass.

    One who may not wait is answered 503 after ``PAUSE`` seconds, in the reader's language, as JSON where
    that was asked for.
    """
    turns = Turns()
    refusals = _Refusals(datasette)
    pausing = asyncio.Semaphore(_PAUSING)

    async def queue(scope: Message, receive: Receive, send: Send) -> None:
        asked = _SEARCHES.search(scope["path"]) if scope["type"] == "http" else None
        if asked is None or not _asks_much(scope):
            await app(scope, receive, send)
            return
        try:
            async with turns.turn(reader_of(scope)):
                await app(scope, receive, send)
                return
        except TooBusyError:
            pass
        if not pausing.locked():
            async with pausing:
                await asyncio.sleep(PAUSE)
        await refusals.send(scope, send, json=bool(asked["json"]))

    return queue


def _asks_much(scope: Message) -> bool:
    raw: bytes = scope.get("query_string") or b""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    # an article's page asks for the hits around it where it knows its place among them
    if "q" not in values or ("/-/article/" in scope["path"] and "hit" not in values):
        return False
    texts = [text for text in values["q"] if text.strip()]
    if "/-/timeline" in scope["path"]:
        if len(texts) > 1:
            return True
        values = {**values, "q": texts, "page": [], "sort": []}  # which it does not read
    try:
        return is_costly(read_query(values))
    except (BadQuery, BadDateRange):
        return False


class _Refusals:
    """What those who are sent away are told, made once for each language."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._made: dict[tuple[str, str | None, bool], Response] = {}

    async def send(self, scope: Message, send: Send, *, json: bool) -> None:
        visit = Visit.of(self._datasette, Request(scope, None))
        key = (visit.language, visit.language_asked, json)
        if key not in self._made:
            self._made[key] = await self._make(*key)
        await self._made[key].asgi_send(send)

    async def _make(self, language: str, asked: str | None, json: bool) -> Response:
        # the page is everybody's, so its links lead to the empty search and hold no one's words
        request = Request.fake(f"/-/search?lang={asked}" if asked else "/-/search")
        visit = Visit(
            datasette=self._datasette,
            request=request,
            language=language,
            parameters={"lang": [asked]} if asked else {},
        )
        response = await answers.error(
            visit,
            served.known(self._datasette),
            status=503,
            title=say(language, "error.busy"),
            text=say(language, "error.busy_text"),
            json=json,
        )
        response.headers.update({"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
        return response
