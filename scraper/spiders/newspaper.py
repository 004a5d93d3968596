"""The only spider: fetched pages in, outcomes out. Site, page limit, scope and days are arguments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
import scrapy
from scrapy import exceptions
from twisted.internet.error import ConnectError

from archive.errors import BadAddress, UsageError, is_out_of_handles
from archive.frontier import LeasedUrl, Purpose
from archive.lease import LEASE_LOST
from archive.locks import SiteLock
from archive.model import Capture, Failed, FoundUrl, Outcome, UrlKind
from archive.runs import HOURS_OVER
from archive.spans import read_span
from scraper.answers import answer_outcome, unpacked
from scraper.discovery.explore import seed_urls, sitemap_urls
from scraper.downloader import LeaseLost
from scraper.guard import PRIVATE_HOSTS_SETTING
from scraper.middlewares.robots import RobotsForbidden, RobotsUnreachable
from scraper.page_reader import PageReader
from scraper.process import make_ready
from scraper.readers import Readers
from scraper.settings import DQTV_PAGE_BUDGET as PAGE_BUDGET
from scraper.settings import PAGE_BUDGET_SETTING, READERS_SETTING
from scraper.sites.known import known_sites
from scraper.sites.spec import Scope
from scraper.tls import EXCEPTIONS_SETTING, CertificateRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from archive.lease import LeaseFactory
    from archive.template import Template
    from scraper.extensions.segments import Sealer
    from scraper.sites.spec import SiteSpec

_OK = 200
#: Values of the argument ``rechecks``.
PURPOSES = {
    "yes": Purpose.EVERYTHING,
    "no": Purpose.NO_RECHECKS,
    "only": Purpose.RECHECKS_ONLY,
}

#: Reason of a failure that is the machine's, not the address's, as is `LEASE_LOST`: the scheduler ends the crawl.
OUT_OF_HANDLES: Final = "out_of_handles"
#: Failure class -> reason, of requests that were not sent.
_NOT_SENT: tuple[tuple[type[Exception], str], ...] = (
    (RobotsForbidden, "robots"),
    (BadAddress, "address_refused"),
    (LeaseLost, LEASE_LOST),
)
#: Failure class -> reason; all of these may pass by the next try.
_NETWORK_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (RobotsUnreachable, "robots_unreachable"),
    (CertificateRefused, "tls"),
    (exceptions.CannotResolveHostError, "dns"),
    (exceptions.DownloadTimeoutError, "timeout"),
    (exceptions.ResponseDataLossError, "data_loss"),
    (exceptions.DownloadConnectionRefusedError, "connection"),
    (exceptions.DownloadFailedError, "connection"),
    (ConnectError, "connection"),
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
        until: Mapping[str, float] | None = None,
        leases: LeaseFactory = SiteLock,
        sealer: Sealer | None = None,
        **kwargs: Any,  # noqa: ANN401  Scrapy's signature
    ) -> None:
        super().__init__(**kwargs)
        self.registry = known_sites(int(demo_port) if demo_port else None)
        wanted = [part.strip() for part in site.split(",") if part.strip()]
        self.sites: dict[str, SiteSpec] = {
            spec.id: spec for spec in map(self.registry.site, dict.fromkeys(wanted))
        }
        self.max_pages = None if max_pages in {None, ""} else int(str(max_pages))

        #: Site -> Unix time from which it is asked for nothing more.
        self.until = dict(until or {})
        #: Makes the lease of each site.
        self.leases = leases
        #: Takes what is on record every now and then; None when nobody does.
        self.sealer = sealer
        #: Pages of one site in one run when no limit was given; the crawl's settings may say another number.
        self.page_budget = PAGE_BUDGET
        #: Days of publication a backfill asks for; None for a daily crawl.
        self.span = read_span(backfill) if backfill else None
        self._scope = Scope(scope) if scope else None
        #: Whether known articles are looked at again; a backfill leaves that to the daily crawl.
        self.purpose = read_purpose(rechecks or ("no" if self.span else "yes"))
        #: What is known of a site's template; the scheduler lets it read the archive.
        self.template_of: Callable[[str], Template] = lambda _: {}
        #: Processes that read articles' pages; None when this one does.
        self.readers: PageReader | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401  Scrapy's signature
        """Build the spider (Scrapy's hook), and name the hosts excepted from TLS checks and from the guard."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.page_budget = crawler.settings.getint(PAGE_BUDGET_SETTING, PAGE_BUDGET)
        for setting, hosts in (
            (EXCEPTIONS_SETTING, spider.tls_exceptions()),
            (PRIVATE_HOSTS_SETTING, spider.demo_hosts()),
        ):
            named = crawler.settings.getlist(setting)
            crawler.settings.set(setting, [*named, *hosts], priority="cmdline")
        if processes := crawler.settings.getint(READERS_SETTING):
            spider.readers = PageReader(partial(Readers, spider.registry), processes=processes)
        else:
            for site in spider.sites.values():
                make_ready(site, spider.registry.family_of(site))
        return spider

    def closed(self, reason: str) -> None:  # noqa: ARG002  Scrapy's signature
        """End the readers (Scrapy's hook)."""
        if self.readers is not None:
            self.readers.close()

    def why_enough(self, pages: int) -> tuple[str, str] | None:
        """Reason and detail with which a site's run ends after so many *pages*; None when it goes on."""
        if self.max_pages is not None:
            asked = f"stopped after {pages} pages, as asked"
            return ("page limit", asked) if pages >= self.max_pages else None
        if pages < self.page_budget:
            return None
        return "page budget", (
            f"stopped after {pages} pages: a long backfill, or a trap of endless addresses; look at what"
            " was found, then run the same command to go on"
        )

    def why_late(self, site: str, now: float) -> tuple[str, str] | None:
        """Reason and detail with which a site's run ends at the Unix time *now*; None when it goes on."""
        if now < self.until.get(site, now + 1):
            return None
        return HOURS_OVER, "the hours in which it may be crawled are over; the next run goes on"

    def demo_hosts(self) -> tuple[str, ...]:
        """Hosts of the demo papers that are crawled; they are on this machine."""
        hosts = (host for site in self.sites.values() for host in site.domains)
        return tuple(host for host in hosts if host in self.registry.demo_hosts)

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
            callback=self.parse if self.readers is None else self.parse_elsewhere,
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
        try:
            outcome = self._outcome(leased, unpacked(leased, capture))
        except OSError as error:
            # reading a page opens files of the program only
            outcome = failure_outcome(error)
        yield PageOutcome(leased=leased, outcome=outcome)

    async def parse_elsewhere(self, response: Response) -> AsyncIterator[PageOutcome]:
        """As ``parse``, but an article's page is read in another process. Raises ReaderDied."""
        leased: LeasedUrl = response.meta["leased"]
        capture: Capture | None = response.meta.get("capture")
        is_page = leased.kind is UrlKind.ARTICLE and response.status == _OK
        if capture is None or self.readers is None or not is_page:
            for item in self.parse(response):
                yield item
            return
        try:
            outcome = await self.readers.read(leased, capture, self.template_of(leased.site))
        except OSError as error:
            # a reader is a process, which needs files of its own
            outcome = failure_outcome(error)
        yield PageOutcome(leased=leased, outcome=outcome)

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


def read_purpose(text: str) -> Purpose:
    """What ``yes``, ``no`` or ``only`` asks for. Raises UsageError for anything else."""
    try:
        return PURPOSES[text]
    except KeyError as error:
        raise UsageError(f"rechecks={text!r}: write one of {', '.join(PURPOSES)}") from error


def failure_outcome(error: BaseException) -> Failed:
    """The outcome of a request that ended in *error*."""
    for kind, reason in _NOT_SENT:
        if isinstance(error, kind):
            return Failed(reason=reason, detail=_one_line(error))
    if is_out_of_handles(error):
        return Failed(reason=OUT_OF_HANDLES, detail=_one_line(error))
    if isinstance(error, exceptions.DownloadCancelledError):
        return Failed(reason="too_large", detail=_one_line(error))
    for kind, reason in _NETWORK_REASONS:
        if isinstance(error, kind):
            return Failed(reason=reason, detail=_one_line(error), retry=True)
    return Failed(
        reason="internal", detail=f"{type(error).__name__}: {_one_line(error)}", retry=True
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
