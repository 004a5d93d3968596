"""From a request to an answer for one paper, without any socket."""

from __future__ import annotations

import functools
import unicodedata
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from archive.instants import VIETNAM
from scraper.demo import furniture
from scraper.demo.edition import HTML, Document
from scraper.demo.payload import assemble, seal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.demo.edition import Edition
    from scraper.demo.faults import Disturbance, FaultSwitch
    from scraper.demo.payload import Payload

#: Compiled pages kept; a scale run visits each page once or twice.
_KEPT_PAGES = 32_768
#: Starts of the content types that are text; pictures are left as they are.
_TEXTS = ("text/", "application/xml", "application/rss")
#: Tone marks windows-1258 has as combining characters.
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


@attrs.frozen(kw_only=True)
class Request:
    """What the server understood of a request."""

    method: str
    #: Path and query as sent.
    target: str
    #: Names in lower case.
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Answer:
    """What is to be sent, and how."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = attrs.field(default=b"", repr=False)
    #: Seconds to wait before sending.
    delay: float = 0.0
    #: Promise the whole body, send half of it and close.
    truncate: bool = False
    #: Send the body this many times, one after the other; an enormous page costs the press one piece.
    times: int = 1
    #: Send it in chunks, without Content-Length (RFC 9112, 7.1).
    chunked: bool = False


class Newsroom:
    """Answers the requests of one paper."""

    def __init__(self, edition: Edition, switch: FaultSwitch) -> None:
        self.edition = edition
        self.switch = switch
        self._find = functools.lru_cache(maxsize=_KEPT_PAGES)(self._look_up)
        self._picture = Document(
            payload=assemble([seal(furniture.grey_png())]),
            content_type="image/png",
            modified=edition.newest.published,
        )
        self._missing = Document(payload=assemble(edition.masthead.cms.missing(edition)))
        tricks = edition.masthead.tricks
        self._tricks = tricks(edition) if tricks else None

    def answer(self, request: Request, now: datetime | None = None) -> Answer:
        """The answer to *request* at *now* (aware; default the present)."""
        if request.method not in {"GET", "HEAD"}:
            return Answer(status=405, headers=(("Allow", "GET, HEAD"),))
        now = now or datetime.now(VIETNAM)
        trick = self._tricks.answer(request, now) if self._tricks else None
        if trick is not None:
            return trick
        document = self._find(request.target)
        number = document.number if document else None
        disturbance = self.switch.disturb(urlsplit(request.target).path, number)
        answer = self._disturbed(request, document, disturbance, now)
        return attrs.evolve(answer, delay=disturbance.delay, truncate=disturbance.truncate)

    def reprint(self, edition: Edition) -> None:
        """Answer from *edition* from now on."""
        self._find.cache_clear()
        self.edition = edition

    def warm(self) -> None:
        """Compile every article page, so that serving one costs a join."""
        paths = self.edition.masthead.cms.article_paths
        for story in self.edition.stories:
            self._find(paths(story)[0])

    def _disturbed(
        self, request: Request, document: Document | None, disturbance: Disturbance, now: datetime
    ) -> Answer:
        if disturbance.location is not None:
            return _redirect(disturbance)
        if disturbance.missing:
            return _send(request, self._missing, disturbance.status or 200, now)
        if disturbance.status in {429, 500}:
            return _refusal(disturbance.status, disturbance.retry_after)
        if document is None or disturbance.status == 404:  # noqa: PLR2004 - HTTP status
            return _send(request, self._missing, 404, now)
        if disturbance.declare is not None:
            document = attrs.evolve(
                document, content_type=f"text/html; charset={disturbance.declare}"
            )
        if disturbance.encode is not None or disturbance.rewrite is not None:
            return _rewritten(document, disturbance, now)
        return _send(request, document, 200, now)

    def _look_up(self, target: str) -> Document | None:
        parts = urlsplit(target)
        path = unquote(parts.path)
        if furniture.is_image_path(path):
            return self._picture
        cms = self.edition.masthead.cms
        number = cms.article_number(path)
        story = self.edition.by_number.get(number) if number is not None else None
        if story is not None and path in cms.article_paths(story):
            return self.edition.html(cms.article(self.edition, story), story=story)
        return cms.document(self.edition, path, dict(parse_qsl(parts.query)))


def _send(request: Request, document: Document, status: int, now: datetime) -> Answer:
    gzip = "gzip" in request.headers.get("accept-encoding", "")
    headers = [
        ("Content-Type", document.content_type),
        ("Vary", "Accept-Encoding"),
        ("ETag", _etag(document.payload, gzip=gzip)),
    ]
    if document.modified is not None:
        headers.append(("Last-Modified", _http_date(document.modified)))
    if status == 200 and _is_unchanged(request, document, gzip=gzip):  # noqa: PLR2004 - HTTP status
        return Answer(status=304, headers=tuple(headers))
    if gzip:
        headers.append(("Content-Encoding", "gzip"))
        return Answer(status=status, headers=tuple(headers), body=document.payload.gzipped(now))
    return Answer(status=status, headers=tuple(headers), body=document.payload.identity(now))


def _etag(payload: Payload, *, gzip: bool) -> str:
    """Strong where equal tags mean equal bytes; weak on pages that show the time (RFC 9110, 8.8.3)."""
    if payload.shows_time:
        return f'W/"{payload.tag}"'
    return f'"{payload.tag}-gzip"' if gzip else f'"{payload.tag}"'


def _is_unchanged(request: Request, document: Document, *, gzip: bool) -> bool:
    """Conditional requests: If-None-Match decides alone where it is sent (RFC 9110, 13.2.2)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        tag = _etag(document.payload, gzip=gzip).removeprefix("W/")
        return any(tag == x.strip().removeprefix("W/") for x in known.split(","))
    since = request.headers.get("if-modified-since")
    if since is None or document.modified is None:
        return False
    try:
        return document.modified <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _http_date(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def _redirect(disturbance: Disturbance) -> Answer:
    headers = (("Content-Type", HTML), ("Location", disturbance.location or "/"))
    return Answer(status=disturbance.status or 302, headers=headers)


def _refusal(status: int, retry_after: int | None) -> Answer:
    headers = [("Content-Type", HTML)]
    if retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    page = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
    return Answer(status=status, headers=tuple(headers), body=page.encode())


def _rewritten(document: Document, disturbance: Disturbance, now: datetime) -> Answer:
    """The page, changed, perhaps in another encoding than its header and its meta element declare."""
    page = document.payload.identity(now)
    if disturbance.rewrite is not None and document.content_type.startswith(_TEXTS):
        page = disturbance.rewrite(page.decode()).encode()
    if disturbance.encode is not None:
        page = encode(page.decode(), disturbance.encode)
    return Answer(status=200, headers=(("Content-Type", document.content_type),), body=page)


def encode(page: str, codec: str) -> bytes:
    """*page* in *codec*, letters with two marks split as windows-1258 wants them (``ế`` = ``ê`` + acute)."""
    return "".join(_tone_apart(char, codec) for char in page).encode(codec, "xmlcharrefreplace")


@functools.cache
def _tone_apart(char: str, codec: str) -> str:
    if char.encode(codec, "ignore"):
        return char
    decomposed = unicodedata.normalize("NFD", char)
    tones = "".join(x for x in decomposed if x in _TONES)
    rest = "".join(x for x in decomposed if x not in _TONES)
    return unicodedata.normalize("NFC", rest) + tones
