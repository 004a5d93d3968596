"""Limits and headers for a desk that anyone on the internet may use."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

#: For the desk's own pages: nothing from elsewhere, no script, no inline style, no framing.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
#: For all other pages: Datasette's own, which the desk's templates show without script, and those of
#: other plugins, which may bring files of script, never script within a page.
OTHERS_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Longest value SQLite may make, in bytes. Without it ``select hex(zeroblob(400000000))`` took
#: 4.7 GB past every time limit (measured); the longest articles are far below it.
MAX_VALUE_BYTES: Final = 5_000_000

#: Names the snapshot an answer is made from.
SNAPSHOT_HEADER: Final = b"dqtv-snapshot"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", OTHERS_POLICY.encode()),
)
#: Columns that one address of a table page may have counted. Each may take 0.2 s of a thread, where a
#: server allows it at all (``serve.SETTINGS`` does not).
MAX_FACETS: Final = 10
#: Longest body of a request; asgi-csrf reads all of it into memory. The desk's forms are far shorter.
MAX_BODY_BYTES: Final = 65_536
_LONG: Final = (
    f"A form may have {MAX_BODY_BYTES} bytes at most, and must say how many it has.\n".encode()
)
_BACKSLASH: Final = b"A path may not hold a backslash.\n"
_FLOOD: Final = (
    f"At most {MAX_FACETS} columns can be counted at once; leave out some _facet.\n".encode()
)


def limit_values(connection: sqlite3.Connection) -> None:
    """Bound the memory one SQL value may take; a no-op where the driver cannot (pysqlite3)."""
    if hasattr(connection, "setlimit"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)


def guarded(
    app: App, *, snapshot: Callable[[], str | None], is_https: Callable[[Message], bool]
) -> App:
    r"""Wrap an ASGI application: safe headers and cookies, no backslash in any path, few facets, short forms.

    *snapshot* gives the id that answers name in ``DQTV-Snapshot``, where they do not name another.
    *is_https* says of a request's scope whether its cookies are for HTTPS only.

    Datasette 0.65.5 answers ``/\example.com/`` with a redirect that browsers take to another host
    (fixed in 1.0a33 only), so such paths are refused with status 400.
    """

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            await send(_with_headers(message, snapshot(), secure=is_https(scope)))

        if _has_backslash(scope):
            await _refuse(send_guarded, _BACKSLASH)
        elif _is_flood(scope):
            await _refuse(send_guarded, _FLOOD)
        elif _is_long(scope):
            await _refuse(send_guarded, _LONG, status=413)
        else:
            await app(scope, receive, send_guarded)

    return guard


def _has_backslash(scope: Message) -> bool:
    raw = (scope.get("raw_path") or b"").partition(b"?")[0].lower()
    return "\\" in scope["path"] or b"\\" in raw or b"%5c" in raw


def _is_flood(scope: Message) -> bool:
    query: str = (scope.get("query_string") or b"").decode("latin-1")
    return sum(name.startswith("_facet") for name, _ in parse_qsl(query)) > MAX_FACETS


def _is_long(scope: Message) -> bool:
    """True for a body that is too long, or that does not say how long it is; servers read no more than is said."""
    headers = dict(scope.get("headers") or [])
    if b"transfer-encoding" in headers:
        return True
    length = headers.get(b"content-length", b"0")
    return not length.isdigit() or int(length) > MAX_BODY_BYTES


def _with_headers(message: Message, snapshot: str | None, *, secure: bool) -> Message:
    if message["type"] != "http.response.start":
        return message
    headers = [
        (bytes(name), _for_no_script(bytes(value), secure=secure))
        if name.lower() == b"set-cookie"
        else (bytes(name), bytes(value))
        for name, value in message.get("headers", [])
    ]
    present = {name.lower() for name, _ in headers}
    ours = [*_HEADERS, (SNAPSHOT_HEADER, snapshot.encode())] if snapshot else _HEADERS
    headers += [(name, value) for name, value in ours if name not in present]
    return {**message, "headers": headers}


def _for_no_script(cookie: bytes, *, secure: bool) -> bytes:
    """A cookie that no script can read: asgi-csrf and Datasette's messages do not ask for it."""
    present = {part.strip().lower() for part in cookie.split(b";")[1:]}
    wanted = [b"HttpOnly", *([b"Secure"] if secure else [])]
    return b"; ".join([cookie, *(each for each in wanted if each.lower() not in present)])


async def _refuse(send: Send, reason: bytes, *, status: int = 400) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason})
