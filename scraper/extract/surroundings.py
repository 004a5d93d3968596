"""What stands around a container that no layout named: date, author line, sapo, section and tags.

Dates and sapo are looked for between title and container only, where no related card stands.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.extract.body import Cut, set_role
from scraper.extract.dates import read_date
from scraper.extract.fallback import (
    MOST_LINKED,
    SENTENCE_ENDS,
    SHORTEST_SAPO,
    elements_around,
    names_of,
)
from scraper.extract.metadata import Found, is_home
from scraper.extract.page import line_text
from scraper.extract.weights import Chunk, Element, weigh
from scraper.sites.spec import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scraper.extract.page import Page

_CAPTION: Final = re.compile(r"caption|chu-?thich|photo|image|figure|credit", re.IGNORECASE)
_FIGURES: Final = frozenset({"figure", "figcaption"})
_CAPTION_LEVELS: Final = 3
_LONGEST_DATE_LINE: Final = 120
#: Lines between title and text that are looked at; papers print up to a dozen.
_MOST_LINES: Final = 100
#: Letters after which a line is read no further; no author line, date or section has so many.
_LONGEST_LINE: Final = 400
#: Selectors of what prints a headline, the likelier first.
HEADINGS: Final = (
    "h1, h2, h3, h4",
    '[class*="title" i], [class*="tieu-de"], [class*="tieude"], [class*="headline" i], [class*="tua"]',
)
MOST_HEADINGS: Final = 200
_MOST_TIMES: Final = 3
_MOST_LINES_ABOVE: Final = 2
_AUTHORS: Final = '[class*="author" i], [class*="tac-gia"], [class*="tacgia"], [class*="byline" i]'
#: Between the parts of a line: a day, a clock and the words with them; a bar or a dot.
_BESIDE_DATE: Final = re.compile(
    r"\s*(?:[|•·]|(?:[-–—,(\[]\s*)?(?:(?:thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|cập nhật|đăng|ngày|lúc)[\s,:]*)*"
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{1,2}[:h]\d{2}(?::\d{2})?|[(\[]?gmt ?\+?7[)\]]?)[\s,)\]]*(?:[-–—]\s)?)\s*",
    re.IGNORECASE,
)
#: Nodes behind the container, text between elements included.
_MOST_BELOW: Final = 6
#: Lines between a title in the container and the text: date, names, lead.
_MOST_LINES_BEFORE: Final = 6
#: What stands in the container before the title: breadcrumb, section.
_MOST_BEFORE_TITLE: Final = 200
_BREADCRUMB_LEVELS: Final = 3
_MOST_STEPS: Final = 5
_MOST_ROWS: Final = 50
_TAG_BOXES: Final = '[class*="tag"], [class*="tu-khoa"], [class*="keyword"]'
_TAG_LABEL: Final = re.compile(r"^\s*(?:từ khóa|từ khoá|tags?|chủ đề)\s*:?", re.IGNORECASE)
_MOST_TAGS: Final = 20
_MOST_TAG_BOXES: Final = 200
_LONGEST_TAG_LABEL: Final = 20


@attrs.frozen(kw_only=True)
class Surroundings:
    """What stands around a container that no layout describes: candidates as found."""

    dates: tuple[Found, ...] = ()
    #: What may be an author line, by where it stands or what its element is called.
    bylines: tuple[Found, ...] = ()
    #: Any other line there: an author line only if it says so by itself.
    lines: tuple[Found, ...] = ()
    sapos: tuple[Found, ...] = ()
    sections: tuple[Found, ...] = ()
    tags: tuple[str, ...] = ()


def look_around(page: Page, cut: Cut, title: str) -> Surroundings:
    """Date lines and sapo between *title* (clean) and the container, section and tags beside them.

    Empty for a container found by a layout: there the layout's rules are all that counts.
    """
    if cut.source == "rule":
        return Surroundings()
    heading = _heading(page, title)
    lines = _lines_before(heading, cut.node, title)[:_MOST_LINES]
    return Surroundings(
        dates=(*_dates(lines), *_dates(_lines_above_title(page, cut.node, heading))),
        bylines=(*_bylines(lines), *_authors_below(cut.node)),
        lines=tuple(_short_lines(lines, cut.node)),
        sapos=tuple(_sapos(lines)),
        sections=tuple(_sections(page)),
        tags=_tags(page),
    )


def _heading(page: Page, title: str) -> LexborNode | None:
    """The element on the page that prints the title."""
    wanted = exact_key(title)
    most = 2 * len(title)
    for selector in HEADINGS:
        for node in page.tree.css(selector)[:MOST_HEADINGS]:
            text = " ".join(line_text(node, most=most).split())
            if len(text) <= most and exact_key(text) == wanted:
                return node
    body = page.tree.body
    for chunk in weigh(body) if body is not None else ():
        if len(chunk.text) <= most and not chunk.share_linked and exact_key(chunk.text) == wanted:
            return chunk.element.node
    return None


def _region(heading: LexborNode, container: LexborNode) -> LexborNode | None:
    """The innermost element around both."""
    around = set()
    node: LexborNode | None = container.parent
    while node is not None:
        around.add(node.mem_id)
        node = node.parent
    node = heading.parent
    while node is not None and node.mem_id not in around:
        node = node.parent
    return node


def _lines_before(heading: LexborNode | None, container: LexborNode, title: str) -> list[Chunk]:
    """Lines between the printed title and the container; none where the title is not printed."""
    region = _region(heading, container) if heading is not None else None
    if heading is None or region is None:
        return []
    if (inside := _lines_inside(heading, container, title)) is not None:
        return inside
    lines = list(weigh(region, until=container))
    begins = (at for at, x in enumerate(lines) if x.element.node.mem_id == heading.mem_id)
    return lines[next(begins, len(lines)) + 1 :]


def _dates(lines: list[Chunk]) -> Iterator[Found]:
    """Lines short enough, and behind them what the time elements in them say exactly."""
    dated = [
        x for x in lines if len(x.text) <= _LONGEST_DATE_LINE and any(map(str.isdigit, x.text))
    ]
    for line in dated:
        yield Found(text=line.text, source="fallback:near-title")
    for line in dated:
        for node in line.element.node.css("time[datetime]")[:_MOST_TIMES]:
            yield Found(text=node.attributes.get("datetime") or "", source="fallback:time")


def _bylines(lines: list[Chunk]) -> Iterator[Found]:
    """Inline elements in a line with the date, or named for an author; and the line above the date's."""
    dated = [any(map(str.isdigit, x.text)) for x in lines]
    for at, line in enumerate(lines):
        if len(line.text) > _LONGEST_DATE_LINE:
            continue
        node, is_dated = line.element.node, dated[at]
        if not is_dated and any(dated[at + 1 : at + 2]):
            yield Found(text=line.text, source="fallback:near-title")
        for inner in node.css("span, a, b, strong, i" if is_dated else _AUTHORS)[:_MOST_TIMES]:
            yield Found(text=line_text(inner, most=_LONGEST_LINE), source="fallback:near-title")


def _authors_below(container: LexborNode) -> Iterator[Found]:
    """Lines right below the container whose element is named for an author."""
    for node in _below(container):
        for named in node.css(_AUTHORS)[:1]:
            yield Found(text=line_text(named), source="fallback:below-text")


def _short_lines(lines: list[Chunk], container: LexborNode) -> Iterator[Found]:
    """Lines between title and text, whole and in the parts around a date; and the lines below the text."""
    for line in lines:
        if len(line.text) > _LONGEST_DATE_LINE:
            continue
        yield Found(text=line.text, source="fallback:near-title")
        for inner in line.element.node.css("span, a, b, strong, i")[:_MOST_TIMES]:
            yield Found(text=line_text(inner, most=_LONGEST_LINE), source="fallback:near-title")
        for part in _BESIDE_DATE.split(line.text):
            if part and part != line.text:
                yield Found(text=part, source="fallback:near-title")
    for node in _below(container):
        yield Found(text=line_text(node), source="fallback:below-text")


def _below(container: LexborNode) -> Iterator[LexborNode]:
    """The short elements that follow the container, and those that follow the element around it."""
    for node in filter(None, (container, container.parent)):
        following = node.next
        for _ in range(_MOST_BELOW):
            if following is None or node.tag in {"body", "html"}:
                break
            if following.is_element_node and following.tag not in {"script", "style"}:
                if len(line_text(following, most=_LONGEST_DATE_LINE).strip()) > _LONGEST_DATE_LINE:
                    break
                yield following
            following = following.next


def _lines_above_title(
    page: Page, container: LexborNode, heading: LexborNode | None
) -> list[Chunk]:
    """Date lines right above the title, beside it; a line with the day of the fetch may be a clock."""
    block = heading.parent if heading is not None else None
    if heading is None or block is None:
        return []
    block = block.parent or block
    if block.tag in {"body", "html"}:
        block = heading.parent or block
    lines: list[Chunk] = []
    for chunk in weigh(block, until=container):
        if chunk.element.node.mem_id == heading.mem_id:
            return [x for x in lines[-_MOST_LINES_ABOVE:] if _tells_time(x.text, page)]
        lines.append(chunk)
    return []


def _tells_time(text: str, page: Page) -> bool:
    """True for a line that gives day and clock, of another day than the fetch."""
    date = read_date(text, fetched_at=page.fetched_at)
    if date is None or date.precision == "day":
        return False
    return date.instant.date() != page.fetched_at.astimezone(date.instant.tzinfo).date()


def _sapos(lines: list[Chunk]) -> Iterator[Found]:
    for chunk in lines:
        if (
            len(chunk.text) >= SHORTEST_SAPO
            and chunk.share_linked < MOST_LINKED
            and chunk.text.endswith(SENTENCE_ENDS)
            and not _is_dated_line(chunk.text)
            and not _is_caption(chunk.element)
        ):
            yield Found(text=chunk.text, source="fallback:before-body")


def _is_dated_line(text: str) -> bool:
    """True for a line with a day or a clock and too little beside it for a lead."""
    parts = [x for x in _BESIDE_DATE.split(text) if x]
    return parts != [text] and max(map(len, parts), default=0) < SHORTEST_SAPO


def _is_caption(element: Element) -> bool:
    around = [x.node for x in elements_around(element)][:_CAPTION_LEVELS]
    return any(x.tag in _FIGURES or _CAPTION.search(names_of(x)) for x in around)


def _lines_inside(heading: LexborNode, container: LexborNode, title: str) -> list[Chunk] | None:
    """Lines behind a title that stands in the container, up to the text; None when it stands elsewhere.

    Title and what stands before it are dropped from the text, and the date lines behind it.
    """
    if not _is_around(container, heading):
        return None
    chunks = list(weigh(container))
    at = next((n for n, x in enumerate(chunks) if x.element.node.mem_id == heading.mem_id), None)
    if heading.mem_id == container.mem_id:  # the title is a line of its own text
        at = next((n for n, x in enumerate(chunks) if exact_key(x.text) == exact_key(title)), None)
    if at is None:
        return None
    if sum(len(x.text) for x in chunks[:at]) <= _MOST_BEFORE_TITLE:
        for chunk in chunks[: at + 1]:
            _drop(chunk, container)
    lines: list[Chunk] = []
    for chunk in chunks[at + 1 : at + 1 + _MOST_LINES_BEFORE]:
        if len(chunk.text) > _LONGEST_DATE_LINE:
            break
        lines.append(chunk)
    dated = [n for n, x in enumerate(lines) if any(map(str.isdigit, x.text))]
    for chunk in lines[: dated[0] + 1] if dated else []:
        _drop(chunk, container)
    return lines


def _is_around(container: LexborNode, node: LexborNode) -> bool:
    inner: LexborNode | None = node
    while inner is not None and inner.mem_id != container.mem_id:
        inner = inner.parent
    return inner is not None


def _drop(chunk: Chunk, container: LexborNode) -> None:
    element = chunk.element
    is_whole = not element.paragraphs or element.letters == len(chunk.text)
    if element.node.mem_id != container.mem_id and is_whole:
        set_role(chunk.element.node, Role.DROP)


def _sections(page: Page) -> Iterator[Found]:
    """The step after home in the breadcrumb: the shortest row of links that begins at the home page.

    Menus begin there too, but have more links.
    """
    homes = (link for link in page.tree.css("a[href]") if is_home(link.text()))
    rows = map(_steps_from, itertools.islice(homes, _MOST_ROWS))
    for steps in sorted(filter(None, rows), key=len)[:1]:
        yield Found(text=steps[1], source="fallback:breadcrumb")


def _steps_from(home: LexborNode) -> list[str]:
    """Texts of the links in the row that begins with the link *home*; empty when there is no such row."""
    row = home.parent
    for _ in range(_BREADCRUMB_LEVELS):
        if row is None:
            break
        steps = [
            x for x in (line_text(node) for node in row.css("a")[: _MOST_STEPS + 1]) if x.strip()
        ]
        if 1 < len(steps) <= _MOST_STEPS and is_home(steps[0]):
            return steps
        row = row.parent
    return []


def _tags(page: Page) -> tuple[str, ...]:
    marked = page.tree.css('a[rel~="tag"]')
    if not marked:
        for box in page.tree.css(_TAG_BOXES)[:_MOST_TAG_BOXES]:
            if _TAG_LABEL.match(line_text(box, most=_LONGEST_TAG_LABEL)):
                marked = box.css("a")
                break
    return tuple(line_text(node) for node in marked[:_MOST_TAGS])
