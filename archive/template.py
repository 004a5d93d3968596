"""What a paper prints with every article: the values that learning a site's template passes around.

Nothing here reads or writes; the counters are in ``template_counts.py``. A block is one paragraph of an
article's container after cleaning, known by a digest of its text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import attrs

#: Other articles that must carry a block before anything is concluded from it.
LEAST_ARTICLES: Final = 3
#: Share of the other articles that must carry it, once there are ``_MANY`` of them, and before.
_SHARE: Final = 0.5
_SHARE_OF_FEW: Final = 0.8
_MANY: Final = 10
#: Longer blocks (characters) are running text, such as a law quoted or the introduction of a series:
#: furniture only on nearly every one of many articles.
LONGEST_LINE: Final = 300
_SHARE_IF_LONG: Final = 0.8


def block_digest(text: str) -> str:
    """What a block is known by: 16 hexadecimal digits of its text as cleaned."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@attrs.frozen(kw_only=True)
class RemovedBlock:
    """A block that was left out of an article because the paper prints it with most of its articles."""

    #: 1-based place among the text blocks of the page.
    position: int
    text: str
    #: Other articles that carried it, of how many that were looked at.
    articles: int
    of_articles: int


class PageBlock(NamedTuple):
    """One block of an article's page, for learning; a tuple, since every paragraph becomes one."""

    digest: str
    text: str


@attrs.frozen(kw_only=True)
class Lesson:
    """What the page of one article teaches about its paper."""

    article_id: str
    #: What the container was found by: ``rule:<selector>`` or ``fallback``.
    layout: str
    blocks: tuple[PageBlock, ...]


@attrs.frozen(kw_only=True)
class LayoutTemplate:
    """Blocks that recur in one layout of a site, counted over the last articles learned from."""

    #: Ids of the articles counted.
    voters: frozenset[str] = frozenset()
    #: Digest -> articles that carry the block; only those with ``LEAST_ARTICLES`` or more.
    counts: Mapping[str, int] = attrs.field(factory=dict)

    def others_with(self, block: str, article_id: str) -> tuple[int, int]:
        """How many articles other than *article_id* carry the block, of how many."""
        own = article_id in self.voters
        return max(0, self.counts.get(block, 0) - own), len(self.voters) - own

    def is_furniture(self, block: str, length: int, article_id: str) -> bool:
        """True when enough other articles carry the block, of *length* characters."""
        if block not in self.counts:
            return False
        return is_furniture(*self.others_with(block, article_id), length)


#: Site's layouts by name; what process() is given.
Template = Mapping[str, LayoutTemplate]


def is_furniture(articles: int, of_articles: int, length: int) -> bool:
    """True when a block of *length* characters on *articles* of *of_articles* is the paper's, not theirs."""
    if articles < LEAST_ARTICLES:
        return False
    if length > LONGEST_LINE:
        return of_articles >= _MANY and articles >= _SHARE_IF_LONG * of_articles
    return articles >= (_SHARE if of_articles >= _MANY else _SHARE_OF_FEW) * of_articles
