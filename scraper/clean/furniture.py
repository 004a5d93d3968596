"""Leave out the blocks that a paper prints with most of its articles, as its pages have taught.

A veto inside the container that was chosen, nothing more: what opens the text always stays, and so
does a line that would be the byline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.template import PageBlock, RemovedBlock, block_digest
from scraper.clean.bylines import trailing_byline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.template import LayoutTemplate
    from scraper.clean.blocks import Block


@attrs.frozen(kw_only=True)
class Learned:
    """What is known of the pages of a layout, and the article that is read now."""

    template: LayoutTemplate
    article_id: str


def page_blocks(blocks: Sequence[Block]) -> tuple[PageBlock, ...]:
    """The blocks with their digests, in order."""
    texts = [block.text or "" for block in blocks]
    return tuple(PageBlock(digest=block_digest(text), text=text) for text in texts)


def without_furniture(
    blocks: Sequence[Block], known: Sequence[PageBlock], learned: Learned | None
) -> tuple[list[Block], tuple[RemovedBlock, ...]]:
    """The *blocks* that are the article's own, and what was removed; *known* are the same with digests."""
    if learned is None or not learned.template.counts:
        return list(blocks), ()
    template, article_id = learned.template, learned.article_id
    kept: list[Block] = []
    removed: list[RemovedBlock] = []
    for position, (block, page_block) in enumerate(zip(blocks, known, strict=True), start=1):
        text, digest = page_block.text, page_block.digest
        if (
            not kept
            or not template.is_furniture(digest, len(text), article_id)
            or trailing_byline([*kept, block])[1]
        ):
            kept.append(block)
            continue
        articles, of_articles = template.others_with(digest, article_id)
        removed.append(
            RemovedBlock(position=position, text=text, articles=articles, of_articles=of_articles)
        )
    return kept, tuple(removed)
