"""Leave out the blocks that a paper prints with most of its articles, as its pages have taught.

A veto inside the container that was chosen, nothing more: what opens the text always stays, and so
does a line that would be the byline.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import attrs

from archive.template import PageBlock, RemovedBlock, block_digest
from scraper.clean.bylines import looks_like_byline, trailing_byline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.template import LayoutTemplate
    from scraper.clean.blocks import Block

#: The lines asked about are those that recur, so the same few again and again.
_may_sign: Final = lru_cache(maxsize=512)(looks_like_byline)


@attrs.frozen(kw_only=True)
class Learned:
    """What is known of the pages of a layout, and the article that is read now."""

    template: LayoutTemplate
    article_id: str


def page_blocks(blocks: Sequence[Block]) -> tuple[PageBlock, ...]:
    """The blocks with their digests, in order."""
    texts = [block.text or "" for block in blocks]
    return tuple([PageBlock(block_digest(text), text) for text in texts])


def without_furniture(
    blocks: Sequence[Block], known: Sequence[PageBlock], learned: Learned | None
) -> tuple[list[Block], tuple[RemovedBlock, ...]]:
    """The *blocks* that are the article's own, and what was removed; *known* are the same with digests."""
    if learned is None or not learned.template.counts:
        return list(blocks), ()
    template, article_id = learned.template, learned.article_id
    recurring = template.counts
    kept: list[Block] = []
    removed: list[RemovedBlock] = []
    for position, (block, page_block) in enumerate(zip(blocks, known, strict=True), start=1):
        digest, text = page_block
        if (
            digest not in recurring
            or not kept
            or not template.is_furniture(digest, len(text), article_id)
            or (_may_sign(text) and trailing_byline([*kept, block])[1])
        ):
            kept.append(block)
            continue
        articles, of_articles = template.others_with(digest, article_id)
        removed.append(
            RemovedBlock(position=position, text=text, articles=articles, of_articles=of_articles)
        )
    return kept, tuple(removed)
