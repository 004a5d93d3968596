"""What the page says about the article besides its text: candidates with their source, best first.

Everything is returned as found, with entities and odd spaces; cleaning is another stage's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.addresses import without_tracking
from archive.spacing import single_spaced
from archive.vietnamese import nfc
from scraper.extract.body import byline_node
from scraper.extract.jsonld import texts
from scraper.extract.page import is_whole_line, join_url, line_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.model import TextChange
    from scraper.extract.page import Page
    from scraper.sites.spec import Layout, SiteSpec

_HOME_WORDS: Final = frozenset({"trang chủ", "trang nhất", "home", "»", "›", ">", "/"})
#: Longer texts are none of these, however their letters are composed.
_LONGEST_HOME: Final = 3 * max(map(len, _HOME_WORDS))
_LINKING: Final = frozenset({"a", "link"})
#: A summary has more characters than a headline.
_SHORTEST_LEAD: Final = 60


@attrs.frozen(kw_only=True)
class Found:
    """Text as it stands on the page, and where."""

    text: str
    #: ``meta:og:title``, ``rule:h1.name``, ``json-ld:headline`` ...
    source: str
    #: What was changed in the text; nothing yet where it is as found.
    changes: tuple[TextChange, ...] = ()


def titles(page: Page, layout: Layout | None) -> Iterator[Found]:
    """Candidates for the title: og:title, the layout's rules, JSON-LD, the title element.

    og:title comes first because the first h1 of vdoc and vnpt pages is the section or the paper.
    """
    yield from _meta(page, "og:title")
    yield from _by_rules(page, layout.title if layout else ())
    yield from _linked(page, "headline")
    yield from _linked(page, "name")
    node = page.tree.css_first("title")
    if node is not None:
        yield Found(text=line_text(node), source="title")


def sapos(page: Page, layout: Layout) -> Iterator[Found]:
    """Candidates for the lead; only what the paper itself marks as one.

    A lead that was never closed holds the whole body, and is none.
    """
    for selector in layout.sapo:
        node = page.first(selector)
        if node is None or any(node.css_first(body) for body in layout.body):
            continue
        if is_whole_line(node):
            yield Found(text=line_text(node), source=f"rule:{selector}")


def described_leads(page: Page) -> Iterator[Found]:
    """What the head of an article's page gives as its summary; for pages that print no text at all.

    Only where the head says that the page is an article or film: elsewhere it describes the paper.
    """
    kind = (page.meta("og:type") or "").lower()
    if kind.startswith(("article", "video")) or page.linked_data:
        for found in (*_meta(page, "og:description"), *_meta(page, "description")):
            if len(found.text.strip()) >= _SHORTEST_LEAD:
                yield found


def bylines(page: Page, layout: Layout) -> Iterator[Found]:
    """Candidates for the author line, from the layout's rules only."""
    for selector in layout.byline:
        node = byline_node(page.tree, selector)
        if node is not None:
            yield Found(text=line_text(node), source=f"rule:{selector}")


def account_names(page: Page) -> Iterator[Found]:
    """Names under which the CMS signs: often an account or the paper itself, seldom a person."""
    for name in texts(page.linked_data.get("author")):
        yield Found(text=name, source="json-ld:author")
    for key in ("article:author", "author"):
        yield from _meta(page, key)


def sections(page: Page, layout: Layout | None) -> Iterator[Found]:
    """Candidates for the section: the breadcrumb's first step after home, then what the head says.

    The first step, because that is what all families print; a sub-section follows it on some only.
    """
    for selector in layout.section if layout else ():
        steps = [line_text(node) for node in page.tree.css(selector)]
        named = [step for step in steps if step.strip() and not is_home(step)]
        if named:
            yield Found(text=named[0], source=f"rule:{selector}")
    yield from _meta(page, "article:section")
    yield from _linked(page, "articleSection")


def tags(page: Page, layout: Layout | None) -> tuple[str, ...]:
    """The article's tags by the layout's rules, else by its article:tag metas."""
    for selector in layout.tags if layout else ():
        found = tuple(line_text(node) for node in page.tree.css(selector))
        if found:
            return found
    return page.metas.get("article:tag", ())


def canonical_url(page: Page, site: SiteSpec) -> str:
    """The page's canonical address if it names this very article of the site, else the address fetched.

    Some papers name another host, another article's number or the home page as canonical; those are not
    believed (docs/design-notes.md#sites: phuyen.baodaklak.vn still names the old host and the old path).
    """
    number = site.number(page.url)
    for address in (page.canonical, page.meta("og:url")):
        if address and _names(site, address.strip(), number):
            return without_tracking(address)
    return without_tracking(page.url)


def own_addresses(page: Page, site: SiteSpec) -> tuple[str, ...]:
    """Every address by which the page itself links to this article: AMP, print, mobile, with section."""
    number = site.number(page.url)
    if number is None:
        return ()
    own = site.article_id(page.url)
    nodes = page.tree.css(f'[href*="{number}" i]')
    named = dict.fromkeys(
        node.attributes.get("href") or "" for node in nodes if node.tag in _LINKING
    )
    linked = (join_url(page.base_url, href) for href in named)
    return tuple(
        dict.fromkeys(
            without_tracking(address)
            for address in linked
            if address and _is_known(site, address) and site.article_id(address) == own
        )
    )


def is_home(text: str) -> bool:
    """True for the first step of a breadcrumb and for its arrows, tone marks apart or not."""
    text = single_spaced(text)
    return len(text) <= _LONGEST_HOME and nfc(text).lower() in _HOME_WORDS


def _names(site: SiteSpec, address: str, number: str | None) -> bool:
    """True when *address* is an article of the site and, where the page's own has a number, the same."""
    try:
        return site.is_article(address) and (number is None or site.number(address) == number)
    except ValueError:
        return False


def _is_known(site: SiteSpec, address: str) -> bool:
    try:
        return site.knows(address)
    except ValueError:
        return False


def _by_rules(page: Page, selectors: Iterable[str]) -> Iterator[Found]:
    for selector in selectors:
        node = page.first(selector)
        if node is not None:
            yield Found(text=line_text(node), source=f"rule:{selector}")


def _meta(page: Page, name: str) -> Iterator[Found]:
    content = page.meta(name)
    if content:
        yield Found(text=content, source=f"meta:{name}")


def _linked(page: Page, key: str) -> Iterator[Found]:
    for text in texts(page.linked_data.get(key)):
        yield Found(text=text, source=f"json-ld:{key}")
