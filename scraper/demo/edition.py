"""One paper's stories as its CMS finds them: by number, by section, by page, with neighbours."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import attrs

from scraper.demo.payload import Part, Segment, assemble, seal
from scraper.demo.stories import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from scraper.demo.newsroom import Answer, Request
    from scraper.demo.payload import Payload
    from scraper.demo.stories import Story

HTML = "text/html; charset=utf-8"
XML = "application/xml; charset=utf-8"

#: Cards in a box of related articles.
_NEIGHBOURS = 6
#: Most cards in a side box.
_LATEST, _BOXED = 16, 8


@attrs.frozen(kw_only=True)
class Document:
    """What an address answers when nothing is wrong."""

    payload: Payload
    content_type: str = HTML
    #: Aware; None for pages that have no time of their own.
    modified: datetime | None = None
    #: The article's number when the page is an article.
    number: int | None = None


class Cms(Protocol):
    """How one CMS addresses and prints a paper; a module with these functions is one."""

    def article_paths(self, story: Story) -> tuple[str, ...]:
        """Paths at which the article answers, the canonical one first."""
        ...

    def article_number(self, path: str) -> int | None:
        """The number an article path carries; None for every other path."""
        ...

    def article(self, edition: Edition, story: Story) -> Iterable[Part]:
        """The article page."""
        ...

    def missing(self, edition: Edition) -> Iterable[Part]:
        """The page that comes with status 404."""
        ...

    def document(self, edition: Edition, path: str, query: Mapping[str, str]) -> Document | None:
        """Home, listing, feed, sitemap, robots.txt ...; None when nothing is there."""
        ...


class Tricks(Protocol):
    """What a hostile paper does before any page is looked up."""

    def answer(self, request: Request, now: datetime) -> Answer | None:
        """The answer to *request*, or None where the paper answers like any other."""
        ...


@attrs.frozen(kw_only=True)
class Masthead:
    """What a paper says of itself."""

    #: Site id: ``demo-songmay``.
    id: str
    #: Key in the story files: ``songmay``.
    key: str
    #: How the CMS writes its numbers into addresses (a format specification).
    number_format: str = "d"
    name: str
    province: str
    #: Its port is the press's base port plus this.
    port_offset: int
    #: Sections in the order of the menu.
    sections: tuple[str, ...]
    cms: Cms
    #: Agency mark printed before the text or, where there is one, the lead: ``(CLO) -``.
    dateline: str | None = None
    #: False where the CMS has no element for a lead.
    has_leads: bool = True
    #: Articles whose number divides by this are sent with an encoded body; 0 = none.
    encoded_every: int = 0
    #: Makes the tricks of a hostile paper; None for papers that mean well.
    tricks: Callable[[Edition], Tricks] | None = None

    @property
    def hostile(self) -> bool:
        """Meant to harm or mislead a crawler: part of the press, left out of the demo tour."""
        return self.tricks is not None


@attrs.define(kw_only=True, slots=False)
class Edition:
    """The stories of one paper, newest first, at one origin."""

    masthead: Masthead
    #: ``http://127.0.0.1:8011``
    origin: str
    stories: tuple[Story, ...]
    #: Articles on a listing page.
    page_size: int
    _shared: dict[str, Segment] = attrs.field(factory=dict, init=False)

    @cached_property
    def by_number(self) -> dict[int, Story]:
        """Stories by CMS number."""
        return {story.number: story for story in self.stories}

    @cached_property
    def by_section(self) -> dict[str, tuple[Story, ...]]:
        """Stories of each section, newest first."""
        return {
            name: tuple(story for story in self.stories if story.section == name)
            for name in self.masthead.sections
        }

    @cached_property
    def section_slugs(self) -> dict[str, str]:
        """Slug -> section name."""
        return {slug(name): name for name in self.masthead.sections}

    @property
    def latest(self) -> tuple[Story, ...]:
        """Stories of the box "newest": two listing pages at most, so that paging stays needed."""
        return self.stories[: min(_LATEST, 2 * self.page_size)]

    @property
    def boxes(self) -> tuple[tuple[str, tuple[Story, ...]], ...]:
        """Side boxes of every page: section and its newest stories, fewer than a listing page."""
        size = min(_BOXED, self.page_size // 2)
        return tuple((name, stories[:size]) for name, stories in self.by_section.items() if stories)

    @property
    def newest(self) -> Story:
        """The story published last."""
        return self.stories[0]

    def article_id(self, story: Story) -> str:
        """``<site>:<the CMS's own number>``, as an archive names the article."""
        return f"{self.masthead.id}:{story.number:{self.masthead.number_format}}"

    def url(self, story: Story) -> str:
        """Canonical address of *story*."""
        return self.origin + self.masthead.cms.article_paths(story)[0]

    def is_encoded(self, story: Story) -> bool:
        """True when the paper sends the body as one line that page script would decode."""
        every = self.masthead.encoded_every
        return bool(every) and story.number % every == 0

    def page(self, section: str, number: int) -> tuple[Story, ...]:
        """Listing page *number* (from 1) of *section*; empty past the end."""
        stories = self.by_section[section]
        return stories[(number - 1) * self.page_size : number * self.page_size]

    def page_count(self, section: str) -> int:
        """Number of listing pages of *section*, at least 1."""
        return max(1, -(-len(self.by_section[section]) // self.page_size))

    def neighbours(self, story: Story) -> tuple[str, tuple[Story, ...]]:
        """Key and stories of the related box: the next half dozen of the section, cyclic.

        Stories published together share key and box, so that its mark-up is made once.
        """
        stories = self.by_section[story.section]
        group = self._positions[story.number] // _NEIGHBOURS
        start = (group + 1) * _NEIGHBOURS % len(stories)
        following = itertools.islice(itertools.cycle(stories), start, start + _NEIGHBOURS)
        chosen = tuple(dict.fromkeys(following))
        if story in chosen:
            return f"of {story.number}", tuple(x for x in chosen if x is not story)
        return f"{story.section} {group}", chosen

    def shared(self, key: str, build: Callable[[], str]) -> Segment:
        """The piece called *key*, built at its first use."""
        if key not in self._shared:
            self._shared[key] = seal(build())
        return self._shared[key]

    def html(self, parts: Iterable[Part], *, story: Story | None = None) -> Document:
        """An HTML page dated like *story* or, without one, like the newest story."""
        return Document(
            payload=assemble(parts),
            modified=(story or self.newest).published,
            number=story.number if story else None,
        )

    def xml(self, text: str, content_type: str = XML) -> Document:
        """A feed or sitemap dated like the newest story."""
        return Document(
            payload=assemble([text]), content_type=content_type, modified=self.newest.published
        )

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {
            story.number: position
            for stories in self.by_section.values()
            for position, story in enumerate(stories)
        }


def robots(lines: Iterable[str]) -> Document:
    """A robots.txt of *lines*."""
    text = "".join(f"{line}\n" for line in lines)
    return Document(payload=assemble([text]), content_type="text/plain; charset=utf-8")
