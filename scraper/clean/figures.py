"""Pictures and their captions, taken out of the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import attrs

from archive.model import Figure
from archive.vietnamese import exact_key
from scraper.clean.blocks import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Longest text taken for a caption by its looks alone.
_LONGEST_LOOSE: Final = 300
#: Most pictures kept of one article; albums have fewer, broken pages more.
_MOST_FIGURES: Final = 200

_CREDIT: Final = re.compile(
    r"(?:^|(?<=[\s(.,;\"”!?]))\(?(?P<credit>"
    r"(?:nguồn ảnh|ảnh và clip|ảnh, clip|ảnh|đồ họa|infographic|nguồn)\s*:\s*[^:]{1,60}"
    r"|ảnh (?:minh họa|minh hoạ|tư liệu|chụp màn hình|internet|cắt từ clip|ttxvn|ctv|tl|mh)\.?"
    r")$",
    re.IGNORECASE,
)
_LONGEST_CREDIT_WORDS: Final = 10
#: Characters by which a line may be longer than its key.
_CLOSING_MARKS: Final = 20
#: A full stop that is not one of initials ("Ảnh: R. C. P").
_SENTENCE_END: Final = re.compile(r"[^\W\d_]{2,}[.!?] ")


@attrs.frozen(kw_only=True)
class Separated:
    """Text blocks without pictures and captions, and the figures apart."""

    texts: tuple[Block, ...]
    figures: tuple[Figure, ...]
    #: The blocks whose text became a caption or credit.
    captions: tuple[Block, ...]


@attrs.define
class _Picture:
    url: str | None
    caption: Block | None = None


def separate_figures(blocks: Iterable[Block], base_url: str) -> Separated:
    """Take pictures with their captions out of *blocks*.

    A caption is what the layout marks as one, all text of a figure or image table, and, right after a
    picture without one, a line that is centred, all italic, or a credit. A text line that repeats a
    caption is dropped wherever it stands.
    """
    pictures: list[_Picture] = []
    texts: list[Block] = []
    waiting = False
    for block in blocks:
        waiting = _sort(block, waiting, pictures, texts)
    figures = tuple(
        _figure(position, picture, base_url)
        for position, picture in enumerate(pictures[:_MOST_FIGURES], start=1)
    )
    captions = tuple(x.caption for x in pictures[:_MOST_FIGURES] if x.caption)
    texts_left = tuple(_without_captions(texts, figures))
    return Separated(texts=texts_left, figures=figures, captions=captions)


def _without_captions(texts: Iterable[Block], figures: Iterable[Figure]) -> Iterator[Block]:
    captions = set(_caption_keys(figures))
    longest = max(map(len, captions), default=0)
    for block in texts:
        text = block.text or ""
        # keys of whole paragraphs are dear, and none is as short as a caption
        if len(text) > longest + _CLOSING_MARKS or _line_key(text) not in captions:
            yield block


def _sort(block: Block, waiting: bool, pictures: list[_Picture], texts: list[Block]) -> bool:
    """Put *block* where it belongs; True while the last picture still lacks a caption."""
    if block.kind is BlockKind.FIGURE:
        _add_pictures(pictures, block, is_caption=block.text is not None)
        return block.text is None
    if block.kind is BlockKind.CAPTION:
        _add_caption(pictures, block, waiting)
        return False
    if block.images:
        is_caption = block.text is not None and _looks_like_caption(block)
        _add_pictures(pictures, block, is_caption=is_caption)
        if block.text is not None and not is_caption:
            texts.append(block)
        return block.text is None
    if waiting and _looks_like_caption(block):
        pictures[-1].caption = block
    else:
        texts.append(block)
    return False


def _add_pictures(pictures: list[_Picture], block: Block, *, is_caption: bool) -> None:
    pictures.extend(_Picture(url) for url in block.images or (None,))
    pictures[-1].caption = block if is_caption else None


def _add_caption(pictures: list[_Picture], block: Block, waiting: bool) -> None:
    if block.images or not waiting:
        _add_pictures(pictures, block, is_caption=True)
    else:
        pictures[-1].caption = block


def _looks_like_caption(block: Block) -> bool:
    text = block.text or ""
    if len(text) > _LONGEST_LOOSE:
        return False
    return block.italic or block.align == "center" or _CREDIT.search(text) is not None


def _figure(position: int, picture: _Picture, base_url: str) -> Figure:
    line = picture.caption.text if picture.caption else None
    caption, credit = split_credit(line) if line else (None, None)
    return Figure(
        position=position,
        url=_absolute(base_url, picture.url) if picture.url else None,
        caption=caption,
        credit=credit,
    )


def split_credit(line: str) -> tuple[str | None, str | None]:
    """A caption line as caption and credit, both verbatim: "... khử khuẩn.", "Ảnh: TTXVN"."""
    start = 0
    while match := _CREDIT.search(line, start):
        credit = match["credit"]
        if len(credit.split()) <= _LONGEST_CREDIT_WORDS and not _SENTENCE_END.search(credit):
            break
        start = match.start("credit") + 1
    if not match:
        return line, None
    caption = line[: match.start()].rstrip(" (")
    return caption or None, _without_bracket(match["credit"], line[match.start()] == "(")


def _without_bracket(credit: str, is_bracketed: bool) -> str:
    return credit.rstrip(" .)") if is_bracketed else credit


def _absolute(base_url: str, address: str) -> str | None:
    try:
        return urljoin(base_url, address)
    except ValueError:
        return None


def _caption_keys(figures: Iterable[Figure]) -> Iterator[str]:
    for figure in figures:
        if figure.caption:
            yield _line_key(figure.caption)
            yield _line_key(f"{figure.caption} {figure.credit or ''}")
        elif figure.credit:
            yield _line_key(figure.credit)


def _line_key(line: str) -> str:
    """Lines with equal keys say the same: case, tone placement and closing marks apart."""
    return exact_key(line).strip(' .():;,"“”')
