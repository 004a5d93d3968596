"""The download handler for http and https: guarded connections, bounded heads, exact status lines.

Four things Scrapy's own handler does not do (docs/safety.md): a connection is refused by the IP address
it is about to go to, an endless head of an answer is cut off, certificates are excepted by host, and
the head of an answer is kept as it was sent. Where several machines take turns at a site, no connection is
made, and none brings a request over, once another may have it (docs/cluster.md#leases). Bodies are bounded by Scrapy (``DOWNLOAD_MAXSIZE``,
``DOWNLOAD_TIMEOUT``, which counts from the request to the last byte).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
    _ScrapyAgent,
)
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.interfaces import IReactorPluggableNameResolver, IResolutionReceiver
from twisted.python.failure import Failure
from twisted.web._newclient import STATUS
from zope.interface import implementer  # type: ignore[import-untyped]  # ships no type information

from archive.errors import BadAddress
from scraper.downloader import hold_of
from scraper.guard import PRIVATE_HOSTS_SETTING, Guard
from scraper.tls import EXCEPTIONS_SETTING, certificate_refused, policy_by_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.web.client import Agent

    from scraper.downloader import Hold

#: Bytes of status line and headers of one answer, informational ones before it included.
MAX_HEAD_BYTES: Final = 65_536
#: Errors wrapped in one another deeper than this are not looked at.
_DEEPEST: Final = 10


class HeadTooLarge(DownloadCancelledError):
    """The status line and headers of an answer do not end in time."""

    def __init__(self) -> None:
        super().__init__(f"more than {MAX_HEAD_BYTES} bytes of headers")


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https behind the address guard.

    Raises BadAddress, HeadTooLarge, CertificateRefused beside Scrapy's own errors. Leaves the lines of the
    answer's head in ``request.meta["sent_head"]``. Needs ``DOWNLOAD_VERIFY_CERTIFICATES = True``, or
    nothing is verified.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._contextFactory = policy_by_host(  # type: ignore[assignment]  # zope's interface
            self._contextFactory, settings.getlist(EXCEPTIONS_SETTING)
        )
        self._pool._factory = _BoundedFactory
        self._guard = Guard(exempt=frozenset(settings.getlist(PRIVATE_HOSTS_SETTING)))

    async def download_request(self, request: Request) -> Response:
        """Fetch *request*; what is refused is an error of its own."""
        agent = _GuardedAgent(
            guard=self._guard,
            contextFactory=self._contextFactory,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
        )
        try:
            with wrap_twisted_exceptions():
                return await maybe_deferred_to_future(agent.download_request(request))
        except DownloadFailedError as error:
            causes = list(_causes(error))
            if any(isinstance(cause, HeadTooLarge) for cause in causes):
                raise HeadTooLarge from error
            refused = certificate_refused(causes)
            if refused is not None:
                raise refused from error
            raise


class _GuardedAgent(_ScrapyAgent):
    """Scrapy's agent on a reactor that connects to checked addresses only."""

    def __init__(self, *, guard: Guard, **options: Any) -> None:  # noqa: ANN401  Scrapy's signature
        super().__init__(**options)
        self._guard = guard
        self._request: Request | None = None

    def download_request(self, request: Request) -> Any:  # noqa: ANN401  a Deferred
        self._request = request
        return super().download_request(request)

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        from twisted.internet import reactor  # noqa: PLC0415  importing it installs it

        if request.meta.get("proxy"):
            # it would resolve the name itself, out of the guard's sight
            raise BadAddress("no proxy is used: it would connect to addresses that nobody checked")
        host = urlsplit(request.url).hostname or ""
        agent = super()._get_agent(request, timeout)
        agent._endpointFactory._reactor = _CheckedReactor(
            reactor, self._guard, host, hold_of(request)
        )
        return agent

    def _cb_bodydone(self, result: Any, url: str) -> Response:  # noqa: ANN401  Scrapy's private type
        if self._request is not None:
            self._request.meta["sent_head"] = getattr(result["txresponse"], "sent_head", ())
        return super()._cb_bodydone(result, url)


@implementer(IReactorPluggableNameResolver)
class _CheckedReactor:
    """The reactor as the connection to *host* sees it: it goes to addresses that the guard lets pass, under *hold*."""

    def __init__(self, reactor: Any, guard: Guard, host: str, hold: Hold | None) -> None:  # noqa: ANN401  Twisted's reactor has no type
        self._reactor = reactor
        self._guard = guard
        self._host = host
        self._hold = hold

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the reactor has
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> _CheckedReactor:  # noqa: N802  Twisted's name
        """This object resolves names as well."""
        return self

    def resolveHostName(self, receiver: Any, name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401, N802  Twisted's signature
        """Resolve as the reactor does; of a name with a refused address nothing else is passed on."""
        checked = _CheckedReceiver(receiver, self._refuses)
        return self._reactor.nameResolver.resolveHostName(checked, name, *args, **options)

    def connectTCP(self, address: str, port: int, *args: Any, **options: Any) -> Any:  # noqa: ANN401, N802  Twisted's signature
        """Connect to the IP *address*; raises BadAddress where that is refused, LeaseLost when the lease is over."""
        self._guard.check_address(self._host, port, address)
        if self._hold is not None:
            # the name may have taken minutes to resolve, and Twisted sends again what a kept connection lost
            self._hold.look()
        connector = self._reactor.connectTCP(address, port, *args, **options)
        if self._hold is not None:
            _give_up_after(connector.transport, self._hold.arrival_s)
        return connector

    def _refuses(self, address: Any) -> bool:  # noqa: ANN401  Twisted's IPv4Address or IPv6Address
        try:
            self._guard.check_address(self._host, address.port, address.host)
        except BadAddress:
            return True
        return False


@implementer(IResolutionReceiver)
class _CheckedReceiver:
    """Passes on the addresses of a name: all of them, or the refused ones alone, which end the attempt."""

    def __init__(self, receiver: Any, refuses: Any) -> None:  # noqa: ANN401  Twisted's interface; a function
        self._receiver = receiver
        self._refuses = refuses
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolution: object) -> None:  # noqa: N802  Twisted's name
        """Pass on."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: object) -> None:  # noqa: N802  Twisted's name
        """Keep until all are known."""
        self._addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802  Twisted's name
        """Judge and pass on."""
        refused = [address for address in self._addresses if self._refuses(address)]
        for address in refused or self._addresses:
            self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()


def _give_up_after(transport: Any, seconds: float) -> None:  # noqa: ANN401  Twisted's transport
    """Let the system end a connection of which nothing that was sent arrived for so long, this process asleep or not.

    Else TCP sends it again for a quarter of an hour (Linux; RFC 5482), when another machine asks the site. Only
    Linux can; elsewhere nothing changes. A transport without a socket (no file handle was left) fails by itself.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and hasattr(transport, "socket"):
        with suppress(OSError):  # a kernel that pretends to be Linux
            transport.socket.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))


class _BoundedParser(_LenientHTTPClientParser):
    """Keeps the lines of the head as they came, and no more than `MAX_HEAD_BYTES` of them."""

    MAX_LENGTH = MAX_HEAD_BYTES
    _taken = 0
    _lines: tuple[bytes, ...] | list[bytes] = ()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802  Twisted's name
        self._taken += len(line) + 1
        if self._taken > MAX_HEAD_BYTES:
            raise HeadTooLarge
        if self.state == STATUS:
            self._lines = []
        if line.strip():
            self._lines.append(line.rstrip(b"\r"))  # type: ignore[union-attr]  # a list since the status line
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002, N802  Twisted's name
        raise HeadTooLarge

    def allHeadersReceived(self) -> None:  # noqa: N802  Twisted's name
        self.response.sent_head = tuple(self._lines)
        super().allHeadersReceived()  # type: ignore[no-untyped-call]


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Reads answers with the bounded parser."""

    def request(self, request: Any) -> Any:  # noqa: ANN401  Twisted's types
        answer = super().request(request)
        # Scrapy puts its own parser in place in the same way: Twisted names the class in its code
        assert self._parser is not None  # noqa: S101  made by the call above
        self._parser.__class__ = _BoundedParser
        return answer


class _BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes bounded protocols."""

    def buildProtocol(self, addr: object) -> _BoundedProtocol:  # noqa: ARG002, N802  Twisted's signature
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


def _causes(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """*error* and whatever it came from, Twisted's lists of reasons included."""
    if depth > _DEEPEST:
        return
    yield error
    reasons = getattr(error, "reasons", None) or ()
    inner = [x.value for x in reasons if isinstance(x, Failure) and x.value is not None]
    if error.__cause__ is not None:
        inner.append(error.__cause__)
    for cause in inner:
        yield from _causes(cause, depth + 1)
