"""From an article's container to a flat list of blocks: paragraphs, pictures, captions.

BeautifulSoup walks the cut subtree once, without recursion, so depth does not matter.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

import attrs
from bs4.element import NavigableString, Tag

from scraper.clean.text import clean_and_tell
from scraper.clean.tree import soup_of
from scraper.sites.spec import ROLE_ATTRIBUTE, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from archive.model import TextChange

_SKIPPED: Final = frozenset({
    "script", "style", "noscript", "template", "iframe", "object", "embed", "form", "button",
    "select", "input", "textarea", "svg", "video", "audio", "canvas", "nav", "head", "title", "xml",
})  # fmt: skip
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li",
    "main", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_LINE_ENDS: Final = _BLOCKS | {"br"}
_BOLD: Final = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_ITALIC: Final = frozenset({"i", "em"})
_MEDIA: Final = frozenset({"img", "video", "iframe", "audio"})

_ALIGNED: Final = re.compile(r"text-align\s*:\s*(left|right|center|justify)", re.IGNORECASE)
_ALIGN_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:text|align)-?(right|center)(?:$|[\s_-])", re.IGNORECASE
)
_BOLD_STYLE: Final = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_ITALIC_STYLE: Final = re.compile(r"font-style\s*:\s*italic", re.IGNORECASE)
_HIDDEN_STYLE: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)

#: Share of a block's letters that makes the whole block bold, italic or a link.
_NEARLY_ALL: Final = 0.9
#: Smaller pictures are icons and counters.
_SMALLEST_PICTURE: Final = 50
#: More text than this in a table or figure is an article, not a caption.
_LONGEST_CAPTION: Final = 400
#: Tables deeper than this are not looked at as pictures, which bounds the work.
_DEEPEST_TABLE: Final = 3
#: Two line breaks in a row end a paragraph.
_BREAKS_BETWEEN: Final = 2


class BlockKind(enum.Enum):
    """What a block is."""

    TEXT = enum.auto()
    #: Picture and caption together.
    FIGURE = enum.auto()
    #: Marked as a caption by the layout.
    CAPTION = enum.auto()


@attrs.frozen(kw_only=True)
class Block:
    """One block in reading order; ``text`` is clean and None only where there are pictures."""

    kind: BlockKind
    text: str | None
    #: Addresses of the pictures in it, as found.
    images: tuple[str, ...] = ()
    #: ``left``, ``right``, ``center``, ``justify`` or None.
    align: str | None = None
    bold: bool = False
    italic: bool = False
    #: All of it is link text.
    linked: bool = False
    #: What was changed in the text to make it clean.
    changes: tuple[TextChange, ...] = ()


def read_blocks(container: LexborNode) -> list[Block]:
    """Blocks of an article's container, in reading order, without empty ones.

    Elements with the role ``drop``, forms, scripts and hidden elements are left out; a paragraph ends
    at a block element or at two line breaks.
    """
    flattener = _Flattener()
    soup = soup_of(container)
    flattener.walk(soup)
    soup.decompose()
    return flattener.blocks


@attrs.define
class _Format:
    """What an open element adds to the text inside it."""

    is_block: bool = False
    bold: bool = False
    italic: bool = False
    link: bool = False
    align: str | None = None


class _Flattener:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._open: list[_Format] = [_Format(is_block=True)]
        self._tables = 0
        self._start_block()

    def walk(self, root: Tag) -> None:
        pending = [iter(root.contents)]
        while pending:
            child = next(pending[-1], None)
            if child is None:
                pending.pop()
                self._leave()
            elif isinstance(child, Tag):
                if self._enter(child):
                    pending.append(iter(child.contents))
            elif type(child) is NavigableString:
                self._add_text(child)
        self._flush()

    def _start_block(self) -> None:
        self._parts: list[str] = []
        self._images: list[str] = []
        self._breaks = 0
        self._letters = self._bold = self._italic = self._linked = 0

    def _enter(self, tag: Tag) -> bool:
        name = tag.name
        if name == "br":
            self._add_break()
            return False
        if name == "img":
            self._images += _image_addresses(tag)
            return False
        role = tag.attrs.get(ROLE_ATTRIBUTE)
        if name in _SKIPPED or role == Role.DROP or _is_hidden(tag):
            return False
        if role == Role.CAPTION or name == "figcaption":
            self._emit(BlockKind.CAPTION, tag)
            return False
        if role == Role.FIGURE or self._is_picture(tag):
            self._emit(BlockKind.FIGURE, tag)
            return False
        self._open_element(tag)
        return True

    def _open_element(self, tag: Tag) -> None:
        outer, style = self._open[-1], str(tag.attrs.get("style", ""))
        is_block = tag.name in _BLOCKS
        if is_block:
            self._flush()
            self._tables += tag.name == "table"
        self._open.append(
            _Format(
                is_block=is_block,
                bold=outer.bold or tag.name in _BOLD or bool(style and _BOLD_STYLE.search(style)),
                italic=outer.italic
                or tag.name in _ITALIC
                or bool(style and _ITALIC_STYLE.search(style)),
                link=outer.link or tag.name == "a",
                align=(_alignment(tag, style) if is_block else None) or outer.align,
            )
        )

    def _leave(self) -> None:
        if self._open[-1].is_block:
            self._flush()
        if len(self._open) > 1:
            self._open.pop()

    def _is_picture(self, tag: Tag) -> bool:
        if tag.name == "figure":
            return any(inner.name in _MEDIA for inner in tag.find_all(True))
        return tag.name == "table" and self._tables < _DEEPEST_TABLE and _is_picture_table(tag)

    def _add_text(self, text: str) -> None:
        letters = len(text.strip())
        self._parts.append(text)
        if not letters:
            return
        self._breaks = 0
        self._letters += letters
        form = self._open[-1]
        self._bold += letters * form.bold
        self._italic += letters * form.italic
        self._linked += letters * form.link

    def _add_break(self) -> None:
        self._parts.append("\n")
        self._breaks += 1
        if self._breaks >= _BREAKS_BETWEEN:
            self._flush()

    def _emit(self, kind: BlockKind, tag: Tag) -> None:
        """A block made of a whole element; inside a paragraph it ends what came before."""
        self._flush()
        images = tuple(x for image in tag.find_all("img") for x in _image_addresses(image))
        raw = _caption_text(tag) if kind is BlockKind.FIGURE else _inner_text(tag)
        text, changes = clean_and_tell(raw)
        if text or images:
            self.blocks.append(Block(kind=kind, text=text, images=images, changes=changes))

    def _flush(self) -> None:
        if not self._letters and not self._images:
            self._start_block()
            return
        enough = self._letters * _NEARLY_ALL
        has_letters = self._letters > 0
        text, changes = clean_and_tell("".join(self._parts)) if has_letters else (None, ())
        if text or self._images:
            self.blocks.append(
                Block(
                    kind=BlockKind.TEXT,
                    text=text,
                    images=tuple(self._images),
                    align=self._open[-1].align,
                    bold=has_letters and self._bold >= enough,
                    italic=has_letters and self._italic >= enough,
                    linked=has_letters and self._linked >= enough,
                    changes=changes,
                )
            )
        self._start_block()


def _is_hidden(tag: Tag) -> bool:
    if "hidden" in tag.attrs:
        return True
    style = tag.attrs.get("style")
    return style is not None and _HIDDEN_STYLE.search(str(style)) is not None


def _alignment(tag: Tag, style: str) -> str | None:
    match = _ALIGNED.search(style) or _ALIGN_CLASS.search(str(tag.attrs.get("class", "")))
    if match:
        return match[1].lower()
    if tag.name == "center":
        return "center"
    align = tag.attrs.get("align")
    # align on a table places the table, not its text
    return str(align).lower() if align and tag.name != "table" else None


def _is_picture_table(table: Tag) -> bool:
    if table.find("img") is None:
        return False
    length = 0
    for text in table.strings:
        length += len(text.strip())
        if length > _LONGEST_CAPTION:
            return False
    return True


def _image_addresses(image: Tag) -> Iterator[str]:
    """The picture's address, lazy loading undone; nothing for icons and pictures inside the page."""
    if any(_is_small(image.attrs.get(side)) for side in ("width", "height")):
        return
    for key in ("data-src", "data-original", "data-lazy-src", "src"):
        address = str(image.attrs.get(key, "")).strip()
        if address and not address.startswith("data:"):
            yield address
            return


def _is_small(size: object) -> bool:
    digits = str(size).removesuffix("px")
    return digits.isdecimal() and int(digits[:6]) < _SMALLEST_PICTURE


def _caption_text(figure: Tag) -> str:
    """Text of the caption elements in a figure, else all of its text."""
    marked = [
        tag
        for tag in figure.find_all(True)
        if tag.name == "figcaption" or tag.attrs.get(ROLE_ATTRIBUTE) == Role.CAPTION
    ]
    if not marked:
        return _inner_text(figure)
    return " ".join(map(_inner_text, marked))


def _inner_text(tag: Tag) -> str:
    parts: list[str] = []
    for text in tag.descendants:
        if type(text) is NavigableString:
            parent = text.parent
            if parent is None or parent.name not in _SKIPPED:
                parts.append(text)
        elif isinstance(text, Tag) and text.name in _LINE_ENDS:
            parts.append(" ")
    return "".join(parts)
