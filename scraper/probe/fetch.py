"""Fetch a handful of pages as politely as a crawl does: one at a time, with the delay, by robots.txt.

Scrapy would need its own reactor, archive and frontier for this; a dozen requests need a connection.
The judgement of robots.txt is the crawl's own (``scraper.middlewares.robots``).
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin, urlsplit

import attrs

from archive.decoding import decoded_body
from archive.errors import NotExplored
from archive.model import Capture
from scraper.guard import web_address
from scraper.middlewares.politeness import (
    FIRST_SLOW_DELAY,
    SLOW_DOWN_STATUS,
    SLOWEST,
    retry_after_seconds,
)
from scraper.middlewares.robots import MAX_REDIRECTS, Rules, read_rules
from scraper.settings import DEFAULT_REQUEST_HEADERS, DOWNLOAD_MAXSIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from scraper.guard import Guard

#: Seconds without a byte, and for a whole answer.
_SILENCE_S: Final = 20.0
_ANSWER_S: Final = 60.0
_PIECE: Final = 65_536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: What stays of an address's path when it is written out for a request.
_SAFE: Final = "%/:=&?~#+!$,;'@()*[]"


class NotFetched(Exception):
    """One address could not be fetched; the text says why."""


class Forbidden(NotFetched):
    """robots.txt forbids the address."""


class BudgetSpent(NotFetched):
    """All requests or all the time allowed are used up."""


@attrs.frozen(kw_only=True)
class Budget:
    """How much of a paper's time may be taken."""

    requests: int = 20
    seconds: float = 600.0


@attrs.frozen(kw_only=True)
class _Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    ip: str

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@attrs.define(kw_only=True)
class PoliteFetcher:
    """Fetches addresses one after the other; the delay holds between any two requests."""

    user_agent: str
    guard: Guard
    delay_s: float
    budget: Budget = attrs.field(factory=Budget)
    #: Hosts whose certificate need not verify (the site file says why).
    unverified: Collection[str] = ()
    #: Told of every request before it is sent.
    on_request: Callable[[str], object] = attrs.field(default=lambda _: None)
    #: Requests sent so far.
    requests: int = attrs.field(default=0, init=False)
    _rules: dict[str, Rules] = attrs.field(factory=dict, init=False)
    _began: float = attrs.field(factory=time.monotonic, init=False)
    _ended: float | None = attrs.field(default=None, init=False)

    def get(self, url: str, *, site: str = "", headers: Mapping[str, str] | None = None) -> Capture:
        """The answer to *url* as a capture of *site*, redirects followed (its url is the last one).

        Any status is an answer. Raises NotFetched (Forbidden, BudgetSpent), and BadAddress for an
        address that is none or private, also where a redirect leads there.
        """
        for _ in range(MAX_REDIRECTS + 1):
            address = web_address(url)
            self._check_robots(address)
            answer = self._ask(address, headers or {})
            location = answer.header("location")
            if answer.status in _REDIRECTS and location:
                url = _target(address, location)
                continue
            return Capture(
                id=str(uuid.uuid4()), site=site, url=address, fetched_at=datetime.now(UTC),
                status=answer.status, headers=answer.headers, body=answer.body, ip=answer.ip,
                robots="allowed",
            )  # fmt: skip
        raise NotFetched(f"{url}: more than {MAX_REDIRECTS} redirects")

    def sitemaps(self, url: str) -> tuple[str, ...]:
        """Addresses of sitemaps in the robots.txt of *url*'s host; none where it could not be read."""
        rules = self._rules.get(_origin(url))
        return rules.sitemaps() if rules is not None else ()

    def _check_robots(self, url: str) -> None:
        origin = _origin(url)
        if origin not in self._rules:
            self._rules[origin] = self._fetch_rules(f"{origin}/robots.txt")
            self._slow_to(self._rules[origin].crawl_delay(self.user_agent) or 0.0)
        rules = self._rules[origin]
        if rules.unreachable is not None:
            raise NotFetched(rules.unreachable)
        if rules.forbids(url, self.user_agent):
            raise Forbidden(f"robots.txt of {urlsplit(url).netloc} forbids {url}")

    def _fetch_rules(self, url: str) -> Rules:
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(web_address(url), {})
            location = answer.header("location")
            if answer.status not in _REDIRECTS or not location:
                return read_rules(url, answer.status, answer.body)
            url = _target(url, location)
        return Rules()

    def _ask(self, url: str, headers: Mapping[str, str]) -> _Answer:
        destination = self._destination(url)
        self._wait()
        self.requests += 1
        self.on_request(url)
        try:
            answer = self._exchange(url, destination, headers)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise NotFetched(f"{url} does not answer: {reason}") from error
        finally:
            self._ended = time.monotonic()
        if answer.status in SLOW_DOWN_STATUS:
            asked = (
                retry_after_seconds(answer.header("retry-after"), sent=answer.header("date")) or 0.0
            )
            self._slow_to(min(SLOWEST, max(FIRST_SLOW_DELAY, 2 * self.delay_s, asked)))
        return answer

    def _destination(self, url: str) -> tuple[str, int]:
        try:
            return self.guard.destination(url)
        except NotExplored as error:
            raise NotFetched(str(error)) from error

    def _slow_to(self, delay: float) -> None:
        self.delay_s = max(self.delay_s, delay)

    def _wait(self) -> None:
        """Sleep until the delay is over; raise BudgetSpent where that, or one more request, is too much."""
        if self.requests >= self.budget.requests:
            raise BudgetSpent(f"{self.budget.requests} requests are enough for a first look")
        now = time.monotonic()
        ready = now if self._ended is None else max(now, self._ended + self.delay_s)
        if ready - self._began > self.budget.seconds:
            raise BudgetSpent(
                f"with {self.delay_s:g} s between requests more than {self.budget.seconds:g} s would pass"
            )
        time.sleep(ready - now)

    def _exchange(
        self, url: str, destination: tuple[str, int], headers: Mapping[str, str]
    ) -> _Answer:
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.netloc, destination)
        # a server that sends a byte now and then would keep every single read short of its limit
        watchdog = threading.Timer(_ANSWER_S, connection.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            target = quote(parts.path or "/", safe=_SAFE)
            if parts.query:
                target += "?" + quote(parts.query, safe=_SAFE)
            connection.request("GET", target, headers={
                **DEFAULT_REQUEST_HEADERS, "User-Agent": self.user_agent,
                "Connection": "close", **headers,
            })  # fmt: skip
            response = connection.getresponse()
            body = _body(response)
            fields = tuple(response.getheaders())
            return _Answer(status=response.status, headers=fields, body=body, ip=destination[0])
        finally:
            watchdog.cancel()
            connection.close()

    def _connection(self, scheme: str, netloc: str, destination: tuple[str, int]) -> _Connection:
        if scheme == "http":
            return _Connection(netloc, destination, None)
        context = ssl.create_default_context()
        if netloc in self.unverified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return _Connection(netloc, destination, context)


class _Connection(http.client.HTTPConnection):
    """A connection to the address that was checked, whatever its name resolves to by now."""

    def __init__(
        self, netloc: str, destination: tuple[str, int], context: ssl.SSLContext | None
    ) -> None:
        if context is not None:
            self.default_port = http.client.HTTPS_PORT
        super().__init__(netloc, timeout=_SILENCE_S)
        self._destination = destination
        self._context = context

    def connect(self) -> None:
        """Open the connection (http.client's hook)."""
        sock = socket.create_connection(self._destination, _SILENCE_S)
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_hostname=self.host)
        self.sock = sock

    def cut(self) -> None:
        """End a connection that takes too long; the reader sees it closed."""
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was closed in the meantime


def _body(response: http.client.HTTPResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.read(_PIECE):
        size += len(piece)
        if size > DOWNLOAD_MAXSIZE:
            raise http.client.HTTPException(f"more than {DOWNLOAD_MAXSIZE} bytes")
        pieces.append(piece)
    body = decoded_body(tuple(response.getheaders()), b"".join(pieces), limit=DOWNLOAD_MAXSIZE + 1)
    if len(body) > DOWNLOAD_MAXSIZE:
        raise http.client.HTTPException(f"unpacks to more than {DOWNLOAD_MAXSIZE} bytes")
    return body


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotFetched(f"{url} redirects to {location!r}, which is no address") from error


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
