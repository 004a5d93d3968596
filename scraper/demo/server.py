"""A small HTTP/1.1 server on asyncio streams of bytes: keep-alive, one request after the other.

The standard library's threading server costs about three times the CPU per request (measured: 0.40
against 0.14 ms), which would show in benchmarks that run the press beside the crawler.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from scraper.demo.newsroom import Answer, Newsroom, Request
from scraper.demo.request_log import RequestLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD_END = b"\r\n\r\n"
#: A request's head may not be longer than this.
_HEAD_LIMIT = 65_536
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(
        self,
        newsroom: Newsroom,
        log: Callable[[RequestLine], None],
        on_end: Callable[[Connection], object],
    ) -> None:
        self._newsroom = newsroom
        self._log = log
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._waiting: asyncio.TimerHandle | None = None
        #: What is still to be sent of an answer in pieces, and whether to close after it.
        self._pieces: Iterator[bytes] | None = None
        self._close_after = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Drop what was still to be sent."""
        self._transport = None
        self._pieces = None
        if self._waiting is not None:
            self._waiting.cancel()
        self._on_end(self)

    def data_received(self, data: bytes) -> None:
        """Collect a request's head and answer it."""
        self._received += data
        self._read_on()

    def pause_writing(self) -> None:
        """Wait until the client has taken what was sent."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send on, then see to the requests that came meanwhile."""
        self._paused = False
        if self._pieces is not None:
            self._pump()
            self._read_on()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _read_on(self) -> None:
        while self._waiting is None and self._pieces is None and self._transport is not None:
            head, end, rest = self._received.partition(_HEAD_END)
            if not end:
                if len(head) > _HEAD_LIMIT:
                    self._transport.abort()
                return
            self._received = rest
            self._handle(head)

    def _handle(self, head: bytes) -> None:
        arrived, wall = time.monotonic(), datetime.now(UTC)
        request = read_request(head)
        answer = Answer(status=400) if request is None else self._newsroom.answer(request)
        method, target = (request.method, request.target) if request else ("?", "?")
        agent = request.headers.get("user-agent") if request else None
        self._log(
            RequestLine(
                monotonic=arrived,
                at=wall,
                paper=self._newsroom.edition.masthead.id,
                method=method,
                path=target,
                status=answer.status,
                user_agent=agent,
            )
        )
        keep = request is not None and request.headers.get("connection", "").lower() != "close"
        if answer.delay:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(answer.delay, self._send_late, answer, method, keep)
        else:
            self._send(answer, method, keep=keep)

    def _send_late(self, answer: Answer, method: str, keep: bool) -> None:
        self._waiting = None
        self._send(answer, method, keep=keep)
        self._read_on()

    def _send(self, answer: Answer, method: str, *, keep: bool) -> None:
        if self._transport is None:
            return
        keep = keep and not answer.truncate
        body = answer.body[: len(answer.body) // 2] if answer.truncate else answer.body
        if (answer.times > 1 or answer.chunked) and method != "HEAD":
            self._transport.write(_head(answer, keep=keep))
            self._pieces, self._close_after = _pieces(answer), not keep
            self._pump()
            return
        self._transport.write(_head(answer, keep=keep) + (b"" if method == "HEAD" else body))
        if not keep:
            self._transport.close()

    def _pump(self) -> None:
        """Write pieces until the client is behind or all are sent."""
        while self._pieces is not None and self._transport is not None and not self._paused:
            if self._transport.is_closing():  # the client has had enough
                self._pieces = None
                return
            piece = next(self._pieces, None)
            if piece is not None:
                self._transport.write(piece)
                continue
            self._pieces = None
            if self._close_after:
                self._transport.close()


def _pieces(answer: Answer) -> Iterator[bytes]:
    if not answer.chunked:
        return itertools.repeat(answer.body, answer.times)
    chunk = b"%x\r\n%b\r\n" % (len(answer.body), answer.body)
    return itertools.chain(itertools.repeat(chunk, answer.times), [b"0\r\n\r\n"])


def read_request(head: bytes) -> Request | None:
    """The request in *head* (request line and header fields); None when it is none.

    Bodies are not read: a client that announces one is told no.
    """
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):  # noqa: PLR2004 - method, target, version
        return None
    fields = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        return None
    if words[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(method=words[0], target=words[1], headers=headers)


def _head(answer: Answer, *, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}", "Server: demo-press"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Date: {_now()}"]
    if answer.chunked:
        lines += ["Transfer-Encoding: chunked"]
    elif answer.status != HTTPStatus.NOT_MODIFIED:
        lines += [f"Content-Length: {len(answer.body) * answer.times}"]
    lines += ["Connection: keep-alive" if keep else "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _now() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
