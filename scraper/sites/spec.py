"""What a site file says, as immutable values: SiteSpec, Family, Layout, Seed.

No I/O here; ``load.py`` reads and checks the TOML files.
"""

from __future__ import annotations

import enum
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from archive.addresses import url_key

if TYPE_CHECKING:
    import re
    from datetime import date

    from archive.model import UrlKind


class SiteStatus(enum.StrEnum):
    """Whether a site is crawled."""

    ACTIVE = "active"
    OFF = "off"
    FORMER = "former"
    DEMO = "demo"


@attrs.frozen(kw_only=True)
class Seed:
    """One address to start from, and how to read what it answers."""

    #: Unique within the site; stored with every URL found through it.
    id: str
    #: ``feed``, ``sitemap``, ``listing`` or ``json_listing``.
    kind: UrlKind
    #: Absolute URL; listings hold ``{page}``.
    url: str
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
    #: Must match the path (and query) of an article; group ``id`` is the CMS's own number.
    article_url: re.Pattern[str] = attrs.field(eq=False)
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
    status: SiteStatus = SiteStatus.ACTIVE
    #: Why a site is off, or what a reader of the file must know.
    note: str | None = None
    family: str | None = None
    languages: tuple[str, ...] = ("vi",)
    #: Seconds between two requests; robots.txt may only make it longer.
    delay_s: float = 5.0
    seeds: tuple[Seed, ...] = ()
    #: Must match path (and query) of an article; group ``id`` is the CMS's own number.
    article_url: re.Pattern[str] | None = attrs.field(default=None, eq=False)
    #: Paths that are never articles although they fit the pattern.
    exclude: tuple[re.Pattern[str], ...] = attrs.field(default=(), eq=False)
    #: The paper's own layouts (newest first), tried before the family's.
    layouts: tuple[Layout, ...] = ()
    #: Names under which the paper signs itself; never authors.
    own_names: tuple[str, ...] = ()

    def seed(self, seed_id: str | None) -> Seed | None:
        """The seed with this id, or None."""
        return next((seed for seed in self.seeds if seed.id == seed_id), None)

    def owns(self, url: str) -> bool:
        """True when the URL's host belongs to the site."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.netloc.lower() in self.domains

    def is_article(self, url: str) -> bool:
        """True when the URL is on the site and looks like one article."""
        if self.article_url is None or not self.owns(url):
            return False
        path = _path_and_query(url)
        return bool(self.article_url.search(path)) and not any(
            pattern.search(path) for pattern in self.exclude
        )

    def article_id(self, url: str) -> str:
        """``<site>:<CMS number>``, or ``<site>:<hash of the URL's key>`` where the URL holds no number."""
        match = self.article_url.search(_path_and_query(url)) if self.article_url else None
        number = match.groupdict().get("id") if match else None
        return f"{self.id}:{number or hashlib.sha256(url_key(url).encode()).hexdigest()[:16]}"

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


def _path_and_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
