"""A limit on requests for each reader, so that no one crawls the desk at the cost of the others."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.language import DEFAULT, choose, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.desk.security import App, Message, Receive, Send

#: Requests a reader may make at once after a pause, and how many come back each second.
BURST: Final = 60
PER_SECOND: Final = 2.0
#: Readers remembered; the one who has been quiet the longest is forgotten first.
_REMEMBERED: Final = 20_000
#: A household or office has one IPv6 network of this size (RFC 6177), so its addresses count as one.
_IPV6_PREFIX: Final = 64
#: Paths that cost the desk nothing: static files and the files of releases, which tools read by ranges.
_FREE: Final = ("/-/desk/", "/-/static/", "/-/static-plugins/", "/-/downloads/", "/robots.txt")


@attrs.define
class _Allowance:
    left: float
    seen: float


class Allowances:
    """How many requests each reader has left; *clock* gives seconds that never run back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readers: OrderedDict[str, _Allowance] = OrderedDict()

    def take(self, reader: str) -> float:
        """Use one request of *reader*: 0, or seconds to wait until there is one to use."""
        now = self._clock()
        allowance = self._readers.pop(reader, None) or _Allowance(BURST, now)
        gained = (now - allowance.seen) * PER_SECOND
        allowance.left = min(BURST, allowance.left + gained)
        allowance.seen = now
        self._readers[reader] = allowance
        if len(self._readers) > _REMEMBERED:
            self._readers.popitem(last=False)
        if allowance.left < 1:
            return (1 - allowance.left) / PER_SECOND
        allowance.left -= 1
        return 0.0


def limited(app: App, *, prefix: str = "/", allowances: Allowances | None = None) -> App:
    """Wrap an ASGI application: a reader with no request left is answered 429 and told when to come again.

    Readers are told apart by address; behind a web server that is the one it forwards. *prefix* is
    the path under which the desk lies.
    """
    known = allowances or Allowances()

    async def limit(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_free(scope["path"], prefix):
            await app(scope, receive, send)
            return
        seconds = known.take(reader_of(scope))
        if seconds:
            await _refuse(scope, send, math.ceil(seconds))
        else:
            await app(scope, receive, send)

    return limit


def reader_of(scope: Message) -> str:
    """Whom a request counts for: an IPv4 address, the network of an IPv6 one, or ``unknown``."""
    host = (scope.get("client") or ("unknown",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6 and address.ipv4_mapped is None:  # noqa: PLR2004 - the protocol's own number
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_free(path: str, prefix: str) -> bool:
    inside = path.removeprefix(prefix.rstrip("/"))
    return path.startswith(_FREE) or inside.startswith(_FREE)


async def _refuse(scope: Message, send: Send, seconds: int) -> None:
    text = say(_language(scope), "error.too_many_requests", seconds=seconds)
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"retry-after", str(seconds).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def _language(scope: Message) -> str:
    headers = dict(scope.get("headers") or [])
    if b"lang=en" in scope.get("query_string", b""):
        return "en"
    return choose(None, headers.get(b"accept-language", b"").decode("latin-1")) or DEFAULT
