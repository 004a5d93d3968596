"""Certificates are verified, but for the hosts whose site file says why they are not.

Scrapy can verify for all hosts or for none. The download handler (``scraper.downloads``) keeps a policy of
each kind and asks the one that fits the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from OpenSSL import SSL
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from scrapy.exceptions import DownloadFailedError
from service_identity import CertificateError, VerificationError
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer  # type: ignore[import-untyped]  # ships no type information

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Scrapy setting: host names (no port) whose certificate is not verified.
EXCEPTIONS_SETTING: Final = "DQTV_TLS_EXCEPTIONS"

_REFUSALS: Final = (SSL.Error, CertificateError, VerificationError)


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


def policy_by_host(strict: Policy, excepted: Iterable[str]) -> PolicyByHost:
    """*strict* for every host but the *excepted* ones, whose certificates are not looked at."""
    # Scrapy's own way of ignoring a certificate keeps the host name in the handshake (SNI), which
    # Twisted's public one does not. The setting that names a policy is deprecated since 2.19.
    return PolicyByHost(strict, _ScrapyClientContextFactory(), excepted)


def certificate_refused(causes: Iterable[BaseException]) -> CertificateRefused | None:
    """The error to raise when a refused certificate is among the *causes* of a failed download."""
    refusal = next((x for x in causes if isinstance(x, _REFUSALS)), None)
    return None if refusal is None else CertificateRefused(_said(refusal))


def _host_name(host: str) -> str:
    return host.strip().lower().rstrip(".")


def _said(error: BaseException) -> str:
    """What OpenSSL or the check of the name had to say, in one line."""
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        words = [str(entry[-1]) for entry in error.args[0] if entry]
        return "; ".join(words) or "TLS handshake failed"
    return f"{type(error).__name__}: {error}"
