"""Certificates are verified, but for the hosts whose site file says why they are not.

Scrapy can verify for all hosts or for none. This download handler for https keeps a policy of each
kind and asks the one that fits the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from OpenSSL import SSL
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import DownloadFailedError
from service_identity import CertificateError, VerificationError
from twisted.python.failure import Failure
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer  # type: ignore[import-untyped]  # ships no type information

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

#: Scrapy setting: host names (no port) whose certificate is not verified.
EXCEPTIONS_SETTING: Final = "DQTV_TLS_EXCEPTIONS"

_REFUSALS: Final = (SSL.Error, CertificateError, VerificationError)
#: Errors wrapped in one another deeper than this are not looked at.
_DEEPEST: Final = 10


class CertificateRefused(DownloadFailedError):
    """No connection, because the host's TLS certificate or handshake is not acceptable."""


class Policy(Protocol):
    """What Twisted's ``IPolicyForHTTPS`` asks for."""

    def creatorForNetloc(self, hostname: bytes, port: int) -> object:  # noqa: N802  Twisted's name
        """How to open the TLS connection to *hostname*."""


@implementer(IPolicyForHTTPS)
class PolicyByHost:
    """TLS policy: *strict* for every host but the *excepted* ones, which get *lenient*."""

    def __init__(self, strict: Policy, lenient: Policy, excepted: Iterable[str]) -> None:
        self._strict = strict
        self._lenient = lenient
        self._excepted = frozenset(map(_host_name, excepted))

    def creatorForNetloc(self, hostname: bytes, port: int) -> object:  # noqa: N802  Twisted's name
        """How to open the TLS connection to *hostname*."""
        is_excepted = _host_name(hostname.decode("ascii")) in self._excepted
        policy = self._lenient if is_excepted else self._strict
        return policy.creatorForNetloc(hostname, port)


class HttpsDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's handler for https, with a certificate policy by host; raises ``CertificateRefused``.

    Needs ``DOWNLOAD_VERIFY_CERTIFICATES = True``, or nothing is verified.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Scrapy's own way of ignoring a certificate keeps the host name in the handshake (SNI), which
        # Twisted's public one does not. The setting that names a policy is deprecated since 2.19.
        self._contextFactory: Policy = PolicyByHost(  # type: ignore[assignment]  # zope's interface
            self._contextFactory,
            _ScrapyClientContextFactory(),
            crawler.settings.getlist(EXCEPTIONS_SETTING),
        )

    async def download_request(self, request: Request) -> Response:
        """Fetch *request*; a refused certificate is an error of its own."""
        try:
            return await super().download_request(request)
        except DownloadFailedError as error:
            refusal = next((x for x in _causes(error) if isinstance(x, _REFUSALS)), None)
            if refusal is None:
                raise
            raise CertificateRefused(_said(refusal)) from error


def _host_name(host: str) -> str:
    return host.strip().lower().rstrip(".")


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


def _said(error: BaseException) -> str:
    """What OpenSSL or the check of the name had to say, in one line."""
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        words = [str(entry[-1]) for entry in error.args[0] if entry]
        return "; ".join(words) or "TLS handshake failed"
    return f"{type(error).__name__}: {error}"
