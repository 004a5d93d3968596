"""robots.txt, obeyed as RFC 9309 asks, which Scrapy's own middleware does not in three points.

Scrapy takes an unreachable robots.txt as leave to crawl, parses error pages as rules and fetches it
outside the site's delay (docs/design-notes.md#politeness). Here: 2xx is parsed, 4xx means no rules, 429, 5xx
and network errors mean "not now", redirects are followed five times, the site's download slot is used.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import attrs
from protego import Protego
from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from archive.decoding import decoded_body
from archive.errors import BadAddress
from scraper.downloader import LeaseLost
from scraper.tls import CertificateRefused

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

#: RFC 9309 2.3.1.2: at least five consecutive redirects are followed.
MAX_REDIRECTS: Final = 5
#: RFC 9309 2.5: at least 500 KiB are parsed.
MAX_BYTES: Final = 524_288
#: Seconds after which an unreachable robots.txt is asked for again.
RETRY_SECONDS: Final = 30.0

#: Signal: a robots.txt was asked for. Sent with *request*, *response* or *error*, and the *rules* that came
#: of it; None for a redirect that is followed.
ROBOTS_ASKED: Final = object()

_OK_FIRST, _REDIRECT_FIRST, _CLIENT_ERROR_FIRST, _SERVER_ERROR_FIRST = 200, 300, 400, 500
_TOO_MANY_REQUESTS = 429


class RobotsForbidden(IgnoreRequest):
    """robots.txt disallows the address."""


class RobotsUnreachable(IgnoreRequest):
    """robots.txt could not be read, so nothing may be fetched now."""


@attrs.frozen(kw_only=True)
class Rules:
    """What one host's robots.txt says; *parser* None means no rules."""

    parser: Protego | None = None
    #: Why nothing may be fetched, when the file could not be read.
    unreachable: str | None = None
    #: What stopped it, where that is an outcome of its own: the certificate, the address guard, the lease.
    refusal: CertificateRefused | BadAddress | LeaseLost | None = None
    read_at: float = attrs.field(factory=time.monotonic)

    def forbids(self, url: str, user_agent: str) -> bool:
        """True when the file was read and disallows *url*."""
        return self.parser is not None and not self.parser.can_fetch(url, user_agent)

    def crawl_delay(self, user_agent: str) -> float | None:
        """Seconds between requests that the file asks for, or None."""
        delay = self.parser.crawl_delay(user_agent) if self.parser else None
        return None if delay is None else float(delay)

    def sitemaps(self) -> tuple[str, ...]:
        """Addresses after ``Sitemap:`` (sitemaps.org), in the file's order."""
        return tuple(self.parser.sitemaps) if self.parser else ()

    def is_stale(self) -> bool:
        """True when an unreachable file should be asked for again."""
        return self.unreachable is not None and time.monotonic() - self.read_at > RETRY_SECONDS


def read_rules(url: str, status: int, body: bytes) -> Rules:
    """What the answer to a request for the robots.txt *url* means; redirects are not for here."""
    if status >= _SERVER_ERROR_FIRST or status == _TOO_MANY_REQUESTS:
        return Rules(unreachable=f"{url} answered {status}")
    if not _OK_FIRST <= status < _REDIRECT_FIRST:
        return Rules()
    return Rules(parser=Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", errors="replace")))


class RobotsMiddleware:
    """Lets a request pass only when the host's robots.txt allows it for our user agent.

    Sends Scrapy's ``robots_parsed`` signal, from which the politeness middleware learns the Crawl-delay and
    the scheduler the sitemaps.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._user_agent: str = crawler.settings["USER_AGENT"]
        self._rules: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the component (Scrapy's hook)."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for the host's rules; raises what stops the request.

        RobotsForbidden, RobotsUnreachable, or CertificateRefused, BadAddress or LeaseLost when that is why
        they cannot be read.
        """
        if request.meta.get("is_robots_txt"):
            return
        rules = await self._rules_for(request)
        if rules.refusal is not None:
            raise type(rules.refusal)(rules.unreachable)
        if rules.unreachable is not None:
            raise RobotsUnreachable(rules.unreachable)
        if rules.forbids(request.url, self._user_agent):
            raise RobotsForbidden(
                f"robots.txt of {urlsplit(request.url).netloc} forbids this address"
            )

    async def _rules_for(self, request: Request) -> Rules:
        netloc = urlsplit(request.url).netloc
        task = self._rules.get(netloc)
        if task is None or (task.done() and task.result().is_stale()):
            task = asyncio.ensure_future(self._fetch_rules(request))
            self._rules[netloc] = task
        return await asyncio.shield(task)

    async def _fetch_rules(self, request: Request) -> Rules:
        parts = urlsplit(request.url)
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        for _ in range(MAX_REDIRECTS + 1):
            asked = Request(
                url,
                priority=1000,
                callback=NO_CALLBACK,
                meta={"is_robots_txt": True, "download_slot": request.meta.get("download_slot")},
            )
            try:
                response = await self._download(asked)
                location = response.headers.get("Location")
                is_redirect = _REDIRECT_FIRST <= response.status < _CLIENT_ERROR_FIRST
                if location is not None and is_redirect:
                    self._tell(asked, response=response)
                    url = urljoin(url, location.decode("latin-1"))
                    continue
            except LeaseLost as error:
                # never asked: there is nothing to tell
                return Rules(unreachable=str(error), refusal=error)
            except Exception as error:  # noqa: BLE001  whatever stopped the download, the file is unreachable (RFC 9309 2.3.1.4)
                rules = Rules(
                    unreachable=f"{url} could not be fetched: {type(error).__name__} {error}",
                    refusal=error if isinstance(error, CertificateRefused | BadAddress) else None,
                )
                self._tell(asked, error=error, rules=rules)
                return rules
            rules = await self._judge(url, response, request)
            self._tell(asked, response=response, rules=rules)
            return rules
        return Rules()

    async def _download(self, request: Request) -> Response:
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101  a middleware runs inside a started engine
        return await engine.download_async(request)

    def _tell(
        self,
        request: Request,
        *,
        response: Response | None = None,
        error: Exception | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._crawler.signals.send_catch_log(
            signal=ROBOTS_ASKED, request=request, response=response, error=error, rules=rules
        )

    async def _judge(self, url: str, response: Response, request: Request) -> Rules:
        body = decoded_body(_coding(response), response.body, limit=MAX_BYTES)
        rules = read_rules(url, response.status, body)
        if rules.parser is not None:
            await self._crawler.signals.send_catch_log_async(
                signal=signals.robots_parsed, robotparser=rules, request=request
            )
        return rules


def _coding(response: Response) -> tuple[tuple[str, str], ...]:
    values = response.headers.getlist("Content-Encoding")
    return tuple(("Content-Encoding", value.decode("latin-1")) for value in values)
