"""The only spider: fetched pages in, outcomes out. Site, page limit, scope and days are arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import attrs
import scrapy
from scrapy import exceptions

from archive.decoding import without_undeclared_gzip
from archive.errors import UsageError
from archive.frontier import MAX_HOPS, LeasedUrl, Purpose
from archive.model import (
    Accepted,
    Capture,
    Failed,
    FoundUrl,
    NotModified,
    Outcome,
    Redirected,
    Rejected,
    RejectReason,
    UrlKind,
)
from archive.spans import read_span
from scraper.discovery.explore import explore, seed_urls, sitemap_urls
from scraper.extract.outsiders import is_challenge_capture
from scraper.middlewares.politeness import SLOW_DOWN_STATUS, retry_after_seconds
from scraper.middlewares.robots import RobotsForbidden, RobotsUnreachable
from scraper.moved_hosts import PERMANENT
from scraper.process import SAYS_NOT_FOUND, process
from scraper.sites.known import known_sites
from scraper.sites.spec import Scope
from scraper.tls import EXCEPTIONS_SETTING, CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from archive.model import DaySpan
    from archive.template import Template
    from scraper.sites.spec import Family, SiteSpec

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408
_OK = 200
_NOT_MODIFIED = 304
#: Path of a page that web servers and CMSs show in place of one that is missing.
_ERROR_PAGE = re.compile(r"404|error|not-?found|khong-tim-thay", re.IGNORECASE)
#: Values of the argument ``rechecks``.
PURPOSES = {
    "yes": Purpose.EVERYTHING,
    "no": Purpose.NO_RECHECKS,
    "only": Purpose.RECHECKS_ONLY,
}

#: Failure class -> reason; all of these may pass by the next try.
_NETWORK_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (RobotsUnreachable, "robots_unreachable"),
    (CertificateRefused, "tls"),
    (exceptions.CannotResolveHostError, "dns"),
    (exceptions.DownloadTimeoutError, "timeout"),
    (exceptions.ResponseDataLossError, "data_loss"),
    (exceptions.DownloadConnectionRefusedError, "connection"),
    (exceptions.DownloadFailedError, "connection"),
)


@attrs.frozen(kw_only=True, repr=False)
class PageOutcome:
    """What the spider yields: a leased address and what became of it."""

    leased: LeasedUrl
    outcome: Outcome

    def __repr__(self) -> str:
        return f"<{type(self.outcome).__name__} {self.leased.url}>"


class NewspaperSpider(scrapy.Spider):
    """Crawls papers.

    ``-a site=ID[,ID...] [-a max_pages=N] [-a backfill=FROM..TO] [-a scope=everything] [-a rechecks=yes|no|only]``
    """

    name = "newspaper"

    def __init__(
        self,
        site: str = "",
        max_pages: str | int | None = None,
        demo_port: str | int | None = None,
        backfill: str | None = None,
        scope: str | None = None,
        *,
        rechecks: str | None = None,
        **kwargs: Any,  # noqa: ANN401  Scrapy's signature
    ) -> None:
        super().__init__(**kwargs)
        self.registry = known_sites(int(demo_port) if demo_port else None)
        wanted = [part.strip() for part in site.split(",") if part.strip()]
        self.sites: dict[str, SiteSpec] = {
            spec.id: spec for spec in map(self.registry.site, dict.fromkeys(wanted))
        }
        self.max_pages = None if max_pages in {None, ""} else int(str(max_pages))

        #: Days of publication a backfill asks for; None for a daily crawl.
        self.span = read_span(backfill) if backfill else None
        self._scope = Scope(scope) if scope else None
        #: Whether known articles are looked at again; a backfill leaves that to the daily crawl.
        self.purpose = read_purpose(rechecks or ("no" if self.span else "yes"))
        #: What is known of a site's template; the scheduler lets it read the archive.
        self.template_of: Callable[[str], Template] = lambda _: {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401  Scrapy's signature
        """Build the spider (Scrapy's hook), and except the hosts whose site file gives a reason from TLS checks."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        named = crawler.settings.getlist(EXCEPTIONS_SETTING)
        crawler.settings.set(
            EXCEPTIONS_SETTING, [*named, *spider.tls_exceptions()], priority="cmdline"
        )
        return spider

    def tls_exceptions(self) -> tuple[str, ...]:
        """Hosts, without port, whose certificate need not verify."""
        excepted = (site for site in self.sites.values() if site.tls_exception is not None)
        return tuple(host.partition(":")[0] for site in excepted for host in site.domains)

    def scope_of(self, site: SiteSpec) -> Scope:
        """How much of *site* this run asks for: what it was told, else the site's own choice."""
        return self._scope or site.scope

    def seeds(self) -> dict[str, tuple[FoundUrl, ...]]:
        """Addresses each site's run starts from."""
        if self.purpose is Purpose.RECHECKS_ONLY:
            return dict.fromkeys(self.sites, ())
        return {site.id: seed_urls(site, self.scope_of(site)) for site in self.sites.values()}

    def sitemaps(self, site_id: str, addresses: Iterable[str]) -> tuple[FoundUrl, ...]:
        """What of the sitemaps in a site's robots.txt this run shall read."""
        site = self.sites[site_id]
        wanted = (
            self.scope_of(site) is Scope.EVERYTHING and self.purpose is not Purpose.RECHECKS_ONLY
        )
        return sitemap_urls(site, addresses) if wanted else ()

    def request_for(self, leased: LeasedUrl) -> scrapy.Request:
        """The request of a leased address; it carries the lease and goes to the site's own slot."""
        seed = self.sites[leased.site].seed(leased.seed)
        if self._scope is not None and leased.kind.is_discovery:
            # what was read for another scope has to be read again
            leased = attrs.evolve(leased, validators=None)
        conditions = leased.validators.headers if leased.validators else {}
        return scrapy.Request(
            leased.url,
            callback=self.parse,
            errback=self.failed,
            headers={**(seed.headers if seed else {}), **conditions},
            priority=leased.priority,
            dont_filter=True,
            meta={"leased": leased, "download_slot": leased.site},
        )

    def parse(self, response: Response, **_: Any) -> Iterator[PageOutcome]:  # noqa: ANN401  Scrapy's signature
        """Turn one answer into one outcome."""
        leased: LeasedUrl = response.meta["leased"]
        capture: Capture | None = response.meta.get("capture")
        if capture is None:
            # The capture extension has already asked for the end of the crawl; the address stays leased.
            return
        capture = attrs.evolve(capture, body=response.body)
        yield PageOutcome(leased=leased, outcome=self._outcome(leased, capture))

    def failed(self, failure: Failure) -> Iterator[PageOutcome]:
        """Turn a request that brought no answer into an outcome."""
        leased: LeasedUrl = failure.request.meta["leased"]  # type: ignore[attr-defined]  # set by Scrapy
        error = failure.value or RuntimeError("failure without an error")
        yield PageOutcome(leased=leased, outcome=failure_outcome(error))

    def _outcome(self, leased: LeasedUrl, capture: Capture) -> Outcome:
        site = self.sites[leased.site]
        return answer_outcome(
            leased,
            capture,
            site,
            family=self.registry.family_of(site),
            template=self.template_of(site.id),
            scope=self.scope_of(site),
            span=self.span if leased.backfill_id is not None else None,
        )


def answer_outcome(
    leased: LeasedUrl,
    capture: Capture,
    site: SiteSpec,
    *,
    family: Family | None,
    template: Template,
    scope: Scope,
    span: DaySpan | None,
) -> Outcome:
    """What an answer means for the address it was fetched from; *span* is a backfill's. Does no I/O."""
    if capture.status == _NOT_MODIFIED:
        return not_modified_outcome(leased, capture)
    if capture.status in _REDIRECTS:
        return redirect_outcome(site, leased, capture)
    if capture.status != _OK:
        return status_outcome(capture)
    if leased.kind is UrlKind.ARTICLE:
        return _unless_missing(leased, _unless_blocked(process(capture, site, family, template)))
    if is_challenge_capture(capture):
        return _blocked(capture, "a challenge page instead of the list")
    # some servers send packed files as they lie on their disk
    capture = attrs.evolve(capture, body=without_undeclared_gzip(capture.body))
    found = FoundUrl(url=leased.url, kind=leased.kind, seed=leased.seed, page=leased.page)
    return explore(capture, site, found, scope=scope, span=span)


def _unless_blocked(outcome: Accepted | Rejected) -> Outcome:
    """A challenge in place of the page is no judgement of it: it is asked for again by a later run."""
    if isinstance(outcome, Rejected) and outcome.reason is RejectReason.BLOCKED:
        return _blocked(outcome.capture, outcome.detail)
    return outcome


def _unless_missing(leased: LeasedUrl, outcome: Outcome) -> Outcome:
    """A notice in place of a known article says that it is gone, whatever the status.

    Other pages without an article do not: after a change of layout a page may be read wrongly.
    """
    if (
        leased.article_id is not None
        and isinstance(outcome, Rejected)
        and outcome.detail == SAYS_NOT_FOUND
    ):
        return Failed(reason="missing", detail=outcome.detail, capture=outcome.capture)
    return outcome


def read_purpose(text: str) -> Purpose:
    """What ``yes``, ``no`` or ``only`` asks for. Raises UsageError for anything else."""
    try:
        return PURPOSES[text]
    except KeyError as error:
        raise UsageError(f"rechecks={text!r}: write one of {', '.join(PURPOSES)}") from error


def _blocked(capture: Capture, detail: str | None) -> Failed:
    return Failed(reason="blocked", detail=detail, capture=capture)


def failure_outcome(error: BaseException) -> Failed:
    """The outcome of a request that ended in *error*."""
    if isinstance(error, RobotsForbidden):
        return Failed(reason="robots", detail=str(error))
    if isinstance(error, exceptions.DownloadCancelledError):
        return Failed(reason="too_large", detail=str(error))
    for kind, reason in _NETWORK_REASONS:
        if isinstance(error, kind):
            return Failed(reason=reason, detail=_one_line(error), retry=True)
    return Failed(
        reason="internal", detail=f"{type(error).__name__}: {_one_line(error)}", retry=True
    )


def not_modified_outcome(leased: LeasedUrl, capture: Capture) -> NotModified | Failed:
    """The outcome of a 304: nothing changed, unless we never asked whether anything did."""
    if leased.validators is None:
        detail = "HTTP 304 to a request without conditions: there is no page to refer to"
        return Failed(reason="unasked_304", detail=detail, capture=capture)
    return NotModified(capture=capture)


def status_outcome(capture: Capture) -> Failed:
    """The outcome of an answer that is neither a page nor a redirect."""
    status = capture.status
    if status in _GONE:
        return Failed(reason="not_found", detail=f"HTTP {status}", capture=capture)
    if status in SLOW_DOWN_STATUS:
        wait = retry_after_seconds(capture.header("Retry-After"))
        return Failed(
            reason="slow_down",
            detail=f"HTTP {status}",
            capture=capture,
            retry=True,
            retry_after=wait,
        )
    if status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        return Failed(reason="server_error", detail=f"HTTP {status}", capture=capture, retry=True)
    return Failed(reason="http_status", detail=f"HTTP {status}", capture=capture)


def redirect_outcome(site: SiteSpec, leased: LeasedUrl, capture: Capture) -> Redirected | Failed:
    """The outcome of a redirect; its target is named only when it is on the site and not one too many.

    A known article whose address leads to a page that is none (the home page, a section) is missing;
    one that leads to another article address for good has moved.
    """
    location = capture.header("Location")
    target = urljoin(capture.url, location) if location else None
    if target is None:
        return Redirected(capture=capture, detail="redirect without a Location header")
    key, is_known = site.key(target), leased.article_id is not None
    lasts = is_known and capture.status in PERMANENT and site.fits_article(target)
    if not site.owns(target):
        detail = f"leads outside the site: {target}"
        return Redirected(capture=capture, detail=detail, moved_to=target if lasts else None)
    if is_known and _is_no_article(site, target, is_same_page=key == leased.key):
        return Failed(reason="missing", detail=f"leads to {target}", capture=capture)
    if leased.hops >= MAX_HOPS:
        return Redirected(
            capture=capture, detail=f"more than {MAX_HOPS} redirects, last to {target}"
        )
    return Redirected(
        capture=capture,
        detail=target,
        moved_to=target if lasts and key != leased.key else None,
        target=FoundUrl(
            url=target, kind=leased.kind, seed=leased.seed, page=leased.page,
            priority=leased.priority, hops=leased.hops + 1, guess=leased.guess,
            key=key if leased.kind is UrlKind.ARTICLE else None,
        ),
    )  # fmt: skip


def _is_no_article(site: SiteSpec, target: str, *, is_same_page: bool) -> bool:
    """True for the home page, a section or an error page; a query may be a step on the way to an article."""
    parts = urlsplit(target)
    if site.fits_article(target.partition("?")[0]):
        return False
    if _ERROR_PAGE.search(parts.path):
        return True
    return not (is_same_page or parts.query)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
