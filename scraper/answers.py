"""What an answer means for the address it was fetched from: the live crawl and a rebuild ask here. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import attrs

from archive.decoding import MAX_BODY_BYTES, decoded_body, without_undeclared_gzip
from archive.errors import BadAddress
from archive.frontier import MAX_HOPS
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
from scraper.discovery.explore import explore
from scraper.extract.hazards import why_not_parsed
from scraper.extract.outsiders import is_challenge_capture
from scraper.guard import Guard
from scraper.middlewares.politeness import SLOW_DOWN_STATUS, retry_after_seconds
from scraper.moved_hosts import PERMANENT
from scraper.process import SAYS_NOT_FOUND, process
from scraper.settings import DOWNLOAD_MAXSIZE

if TYPE_CHECKING:
    from archive.frontier import LeasedUrl
    from archive.model import DaySpan
    from archive.template import Template
    from scraper.sites.spec import Family, Scope, SiteSpec

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HTML_LISTS: Final = frozenset({UrlKind.HOME, UrlKind.LISTING, UrlKind.TAG, UrlKind.SEARCH})
_GONE: Final = frozenset({404, 410})
_SERVER_ERROR: Final = 500
_REQUEST_TIMEOUT: Final = 408
_OK: Final = 200
_NOT_MODIFIED: Final = 304
#: Path of a page that web servers and CMSs show in place of one that is missing.
_ERROR_PAGE: Final = re.compile(r"404|error|not-?found|khong-tim-thay", re.IGNORECASE)


def unpacked(leased: LeasedUrl, capture: Capture) -> Capture:
    """The capture with its body's content coding removed, up to just beyond what is read of its kind."""
    limit = _largest(leased) + 1
    return attrs.evolve(capture, body=decoded_body(capture.headers, capture.body, limit=limit))


def too_large(leased: LeasedUrl, capture: Capture) -> Failed | None:
    """The failure of an unpacked body of more bytes than are read of its kind; None when it is smaller."""
    largest = _largest(leased)
    if len(capture.body) <= largest:
        return None
    detail = f"unpacks to more than {largest} bytes"
    return Failed(reason="too_large", detail=detail, capture=capture)


def _largest(leased: LeasedUrl) -> int:
    return MAX_BODY_BYTES if leased.kind is UrlKind.SITEMAP else DOWNLOAD_MAXSIZE


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
    """What an answer, its body unpacked, means for its address; *span* is a backfill's."""
    if capture.status == _NOT_MODIFIED:
        return not_modified_outcome(leased, capture)
    if capture.status in _REDIRECTS:
        return redirect_outcome(site, leased, capture)
    if capture.status != _OK:
        return status_outcome(capture)
    if (refused := too_large(leased, capture)) is not None:
        return refused
    if leased.kind is UrlKind.ARTICLE:
        return _article_outcome(leased, process(capture, site, family, template))
    return _list_outcome(site, leased, capture, scope=scope, span=span)


def article_outcome(
    leased: LeasedUrl,
    capture: Capture,
    site: SiteSpec,
    *,
    family: Family | None,
    template: Template,
) -> Outcome:
    """What an article's page, its body as it was sent, means for its address: the part of the work that takes long."""
    capture = unpacked(leased, capture)
    if (refused := too_large(leased, capture)) is not None:
        return refused
    return _article_outcome(leased, process(capture, site, family, template))


def _article_outcome(leased: LeasedUrl, read: Accepted | Rejected) -> Outcome:
    """What the reading of an article's page means: a challenge and a notice in its place are failures."""
    return _unless_missing(leased, _unless_blocked(read))


def _list_outcome(
    site: SiteSpec, leased: LeasedUrl, capture: Capture, *, scope: Scope, span: DaySpan | None
) -> Outcome:
    if is_challenge_capture(capture):
        return _blocked(capture, "a challenge page instead of the list")
    # some servers send packed files as they lie on their disk
    capture = attrs.evolve(capture, body=without_undeclared_gzip(capture.body))
    if leased.kind in _HTML_LISTS and (why := why_not_parsed(capture.body)) is not None:
        return Failed(reason=f"unreadable_{leased.kind.value}", detail=why, capture=capture)
    found = FoundUrl(
        url=leased.url, kind=leased.kind, seed=leased.seed, page=leased.page, hops=leased.hops
    )
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


def _blocked(capture: Capture, detail: str | None) -> Failed:
    return Failed(reason="blocked", detail=detail, capture=capture)


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
        wait = retry_after_seconds(capture.header("Retry-After"), sent=capture.header("Date"))
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
    """The outcome of a redirect; its target is named only when it is on the site.

    One too many, and one to an address that may not be asked, is a failure. A known article whose
    address leads to a page that is none (the home page, a section) is missing; one that leads to
    another article address for good has moved.
    """
    location = capture.header("Location")
    if not location:
        return Redirected(capture=capture, detail="redirect without a Location header")
    try:
        target = urljoin(capture.url, location)
        is_own = site.owns(target)
        if not is_own:
            Guard().check_url(target)
    except (BadAddress, ValueError) as error:
        detail = f"redirect to {location[:200]}: {_one_line(error)}"
        return Failed(reason="address_refused", detail=detail, capture=capture)
    key, is_known = site.key(target), leased.article_id is not None
    lasts = is_known and capture.status in PERMANENT and site.fits_article(target)
    if not is_own:
        detail = f"leads outside the site: {target}"
        return Redirected(capture=capture, detail=detail, moved_to=target if lasts else None)
    if is_known and _is_no_article(site, target, is_same_page=key == leased.key):
        return Failed(reason="missing", detail=f"leads to {target}", capture=capture)
    if leased.hops >= MAX_HOPS:
        detail = f"more than {MAX_HOPS} redirects, last to {target}"
        return Failed(reason="too_many_redirects", detail=detail, capture=capture)
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
