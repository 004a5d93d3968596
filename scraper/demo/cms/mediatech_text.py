"""The article container of the mediatech family: two leads, nested documents, captions, named entities."""

from __future__ import annotations

from html.entities import codepoint2name
from typing import TYPE_CHECKING

from scraper.demo import furniture
from scraper.demo.furniture import attribute
from scraper.demo.stories import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.demo.stories import Story

_NAMED = {code: f"&{name};" for code, name in codepoint2name.items() if 0xA0 <= code <= 0xFF}  # noqa: PLR2004 - Latin-1
#: The lead box is cut here, in the middle of a word if need be (measured: 300 on baotayninh.vn).
_LEAD_CUT = 300
_NESTED = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN" '
    '"http://www.w3.org/TR/REC-html40/loose.dtd">\n<html><body>'
)


def detail(story: Story) -> str:
    """The container ``#content-detail``: lead boxes, text, pictures, advertisement, byline."""
    nested = story.number % 3 == 0
    return (
        '<div class="detail auto-gallery font3 mt-3" id="content-detail">\n'
        f"{_cut_lead(story)}{_NESTED if nested else ''}{_full_lead(story)}"
        f"{''.join(_blocks(story))}{_byline(story)}{'</body></html>' if nested else ''}\n</div>\n"
    )


def _cut_lead(story: Story) -> str:
    if story.sapo is None:
        return ""
    running = f"{story.sapo}    {' '.join(story.paragraphs)}"
    return f"<div class='sapo'>{furniture.text(running[:_LEAD_CUT])}</div>"


def _full_lead(story: Story) -> str:
    return "" if story.sapo is None else f'<p class="sapo">{entities(story.sapo)}</p>\n'


def _blocks(story: Story) -> Iterator[str]:
    paragraphs = pictures = 0
    for block in story.blocks():
        if block.kind is BlockKind.FIGURE:
            yield _figure(story, block, pictures)
            pictures += 1
        elif block.kind is BlockKind.SUBHEAD:
            yield f"<p><strong>{entities(block.text)}</strong></p>\n"
        elif block.kind is BlockKind.REPEATED_CAPTION:
            yield f'<p style="text-align:center"><em>{entities(block.text)}</em></p>\n'
        else:
            paragraphs += 1
            yield f"<p>{entities(block.text)}{_ADVERT if paragraphs == 3 else ''}</p>\n"  # noqa: PLR2004 - after the third paragraph


def _figure(story: Story, block: Block, position: int) -> str:
    picture = (
        f'<img class="" src="{furniture.image_path(story, position)}" '
        f'alt="{named_attribute(block.text)}" width="599" height="399">'
    )
    if story.number % 2:
        return (
            f'<div id="attachment_{story.number}" class="wp-caption aligncenter">{picture}'
            f'<p class="wp-caption-text"><span>{entities(block.text)}</span></p></div>\n'
        )
    return (
        f'<table class="image center"><tr><td>{picture}</td></tr>'
        f'<tr><td><p class="wp-caption-text">{entities(block.text)}</p></td></tr></table>\n'
    )


_ADVERT = (
    '<div><ins class="ads-zone-group" adszone-key="e82f" adszone-position="ads_article_detail_center">'
    "<script>\nif(window.ads_zones == undefined) window.ads_zones = [];\n</script></ins></div>"
)


def _byline(story: Story) -> str:
    if story.byline is None:
        return ""
    if story.number % 2:
        return f'<div class="author"><strong>{entities(story.byline)}</strong></div>'
    return f'<div class="pseudonym">{entities(story.byline)}</div>'


def entities(value: str) -> str:
    """Text as HTML, accented Latin-1 letters as named entities."""
    return furniture.text(value).translate(_NAMED)


def named_attribute(value: str) -> str:
    """An attribute's value, accented Latin-1 letters as named entities."""
    return attribute(value).translate(_NAMED)
