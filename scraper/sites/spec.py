"""What a site file says, as immutable values: SiteSpec, Family, Layout, Seed.

No I/O here; ``load.py`` reads and checks the TOML files.
"""

from __future__ import annotations

import enum
import hashlib
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.addresses import path_key, url_key, without_tracking
from archive.provinces import province_of, province_today

if TYPE_CHECKING:
    import re

    from archive.model import UrlKind

#: Last day on which all 63 provinces had the names they had kept for years.
BEFORE_THE_MERGERS: Final = date(2024, 12, 31)


class SiteStatus(enum.StrEnum):
    """Whether a site is crawled."""

    ACTIVE = "active"
    OFF = "off"
    FORMER = "former"
    DEMO = "demo"


class Scope(enum.StrEnum):
    """How much of a paper is asked for."""

    DEFENCE = "defence"
    EVERYTHING = "everything"


@attrs.frozen(kw_only=True)
class Seed:
    """One address to start from, and how to read what it answers."""

    #: Unique within the site; stored with every URL found through it.
    id: str
    #: ``feed``, ``sitemap``, ``listing``, ``json_listing``, ``tag``, ``search`` or ``home``.
    kind: UrlKind
    #: Absolute URL; listings hold ``{page}``, tag pages and searches ``{term}`` (percent-encoded) or ``{slug}`` (ASCII).
    url: str
    #: ``everything``: read only when the paper's own scope is ``everything``.
    scope: Scope = Scope.DEFENCE
    #: The address is a guess: tried once, remembered, and not tried again when nothing of its kind answers.
    guess: bool = False
    #: Words that stand for ``{term}`` and ``{slug}``, one seed each; the militia's own names when none are given.
    terms: tuple[str, ...] = ()
    #: Address of the first page when it differs from the pattern (listings).
    first_url: str | None = None
    #: Number of the first page (listings).
    first_page: int = 1
    #: Never page further than this many pages in one run (listings).
    max_pages: int = 50
    #: CSS selector of article links on a listing page; None takes every link that fits the site's article pattern.
    links: str | None = None
    #: Dotted path to the links in a JSON answer, ``[]`` for a list: ``data[].link``.
    items: str | None = None
    #: Extra request headers, such as X-Requested-With.
    headers: dict[str, str] = attrs.field(factory=dict)
    #: Section slug or name, for the reader of the site file only; an article's section is read from its page.
    section: str | None = None

    def page_url(self, page: int) -> str:
        """Address of listing page *page* (feeds and sitemaps have only one)."""
        if page == self.first_page and self.first_url is not None:
            return self.first_url
        return self.url.replace("{page}", str(page))


@attrs.frozen(kw_only=True)
class DateRule:
    """Where a date stands on the page."""

    #: CSS selector.
    select: str
    #: Attribute to read instead of the text.
    attribute: str | None = None
    #: Cut the text before this mark.
    before: str | None = None


@attrs.frozen(kw_only=True)
class Layout:
    """Selectors valid for a span of capture dates; lists are ordered best first."""

    #: First capture day it is valid for; None: since ever.
    valid_from: date | None = None
    title: tuple[str, ...] = ()
    sapo: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()
    published: tuple[DateRule, ...] = ()
    section: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    #: Elements holding picture and caption together.
    figure: tuple[str, ...] = ()
    #: Caption elements, inside a figure or loose in the text.
    caption: tuple[str, ...] = ()
    #: Blocks inside the body container that are no text of the article.
    drop: tuple[str, ...] = ()
    #: Regular expression of the agency or place mark that opens the text.
    dateline: re.Pattern[str] | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class Family:
    """A CMS shared by several papers."""

    id: str
    #: One sentence for people.
    description: str
    #: One or more expressions for the path (and query) of an article; group ``id`` is the CMS's own number.
    article_url: tuple[re.Pattern[str], ...] = attrs.field(eq=False)
    #: Expressions, with the same group, for print, AMP and mobile copies: remembered, never fetched.
    copies: tuple[re.Pattern[str], ...] = attrs.field(default=(), eq=False)
    #: Newest first.
    layouts: tuple[Layout, ...] = ()
    #: CSS selectors or strings by which a page of this family is recognised.
    fingerprints: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class SiteSpec:
    """A paper we crawl."""

    id: str
    name: str
    province: str | None
    homepage: str
    #: Hosts (with port where it is not the default) whose pages belong to the site.
    domains: tuple[str, ...]
    #: Hosts the paper had before, or has beside: their addresses name the same articles, and nothing is fetched there.
    former_domains: tuple[str, ...] = ()
    status: SiteStatus = SiteStatus.ACTIVE
    #: Id of the paper that a former one was merged into.
    successor: str | None = None
    #: Why a site is off (required there), or what a reader of the file must know.
    note: str | None = None
    family: str | None = None
    languages: tuple[str, ...] = ("vi",)
    #: Seconds between two requests; robots.txt may only make it longer.
    delay_s: float = 5.0
    #: Why the certificate of the paper's hosts is accepted although it does not verify; None: it must verify.
    tls_exception: str | None = None
    #: ``defence``: defence sections, tags and search only; ``everything``: all seeds, the sitemaps of robots.txt, the home page's feeds.
    scope: Scope = Scope.EVERYTHING
    seeds: tuple[Seed, ...] = ()
    #: One or more expressions for path (and query) of an article, tried in order; group ``id`` is the CMS's own number, or ``slug`` stands where addresses hold none.
    article_url: tuple[re.Pattern[str], ...] = attrs.field(default=(), eq=False)
    #: Further expressions, with a group ``id``, for print, AMP and mobile copies: remembered, never fetched.
    copies: tuple[re.Pattern[str], ...] = attrs.field(default=(), eq=False)
    #: Addresses of articles, as sources give them; checked against the expressions when the file is read.
    examples: tuple[str, ...] = ()
    #: Paths that are never articles although they fit the pattern.
    exclude: tuple[re.Pattern[str], ...] = attrs.field(default=(), eq=False)
    #: The paper's own layouts (newest first), tried before the family's.
    layouts: tuple[Layout, ...] = ()
    #: Names under which the paper signs itself; never authors.
    own_names: tuple[str, ...] = ()

    def seed(self, seed_id: str | None) -> Seed | None:
        """The seed with this id, or None."""
        return next((seed for seed in self.seeds if seed.id == seed_id), None)

    @property
    def province_then(self) -> str | None:
        """What the province was called at the end of 2024, before the mergers; an invented name as it is."""
        return province_of(self.province, BEFORE_THE_MERGERS)

    @property
    def province_today(self) -> str | None:
        """Today's name of the province; a name that is in no table (a demo paper's) as it is."""
        return province_today(self.province) or self.province if self.province else None

    @property
    def discovery(self) -> tuple[str, ...]:
        """Kinds of the seeds, each once, in the file's order."""
        return tuple(dict.fromkeys(seed.kind.value for seed in self.seeds))

    def owns(self, url: str) -> bool:
        """True when the URL's host belongs to the site and may be asked."""
        return _host(url) in self.domains

    def knows(self, url: str) -> bool:
        """True when the URL's host is or was the site's."""
        host = _host(url)
        return host in self.domains or host in self.former_domains

    def is_article(self, url: str) -> bool:
        """True when the URL is on the site and looks like one article, and like no copy of one."""
        return self.owns(url) and self.fits_article(url)

    def fits_article(self, url: str) -> bool:
        """True when path and query look like one article of the site, on whatever host."""
        path = _path_and_query(url)
        return (
            any(_match(pattern, path) for pattern in self.article_url)
            and not any(pattern.search(path) for pattern in self.exclude)
            and not any(_match(pattern, path) for pattern in self.copies)
        )

    def number(self, url: str) -> str | None:
        """The CMS's own number (or hex id, in lower case) in the address of an article or a copy."""
        path = _path_and_query(url)
        is_excluded = any(pattern.search(path) for pattern in self.exclude)
        for pattern in (*self.copies, *(() if is_excluded else self.article_url)):
            match = _match(pattern, path)
            if match is not None:
                found = match.groupdict().get("id")
                return found.lower() if found else None
        return None

    def article_id(self, url: str) -> str:
        """``<site>:<CMS number>``, or ``<site>:<hash of the path>`` where the URL holds no number."""
        number = self.number(url)
        return f"{self.id}:{number or hashlib.sha256(path_key(url).encode()).hexdigest()[:16]}"

    def key(self, url: str) -> str:
        """What all addresses of one page have in common: an article's number, else the normalised address."""
        if not self.knows(url):
            return url_key(url)
        number = self.number(url)
        if number is not None:
            return f"article:{number}"
        bare, _, query = url.partition("?")
        # a query that the pattern does not ask for makes no other article, or there would be no end of them
        return url_key(bare if query and self.fits_article(bare) else url)

    def layout_for(self, day: date, family: Family | None) -> tuple[Layout, ...]:
        """Layouts to try for a page captured on *day*: the paper's own, then the family's, newest valid first."""
        candidates = (*self.layouts, *(family.layouts if family else ()))
        return tuple(x for x in candidates if x.valid_from is None or x.valid_from <= day)


class Role(enum.StrEnum):
    """What a layout's selector says about an element inside the body container."""

    #: No text of the article: an advert, or a byline that is kept elsewhere.
    DROP = "drop"
    #: Holds picture and caption together.
    FIGURE = "figure"
    CAPTION = "caption"


#: Attribute that carries the role from the selectors' tree to the cleaning of the cut subtree.
ROLE_ATTRIBUTE = "data-dqtv-role"


def _host(url: str) -> str | None:
    """Host, with port where it is given, of a web address; None for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else None


def _path_and_query(url: str) -> str:
    parts = urlsplit(without_tracking(url))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _match(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    """A match with the query or, since most papers' articles need none, without it."""
    return pattern.search(path) or pattern.search(path.partition("?")[0])
