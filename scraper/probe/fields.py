"""Selectors of headline, lead, author line, section and tags, from what several pages share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key
from scraper.clean.bylines import looks_like_byline
from scraper.extract.body import byline_node
from scraper.extract.metadata import is_home
from scraper.probe.selectors import all_fitting, first_with_text, shared_selectors, simple
from scraper.probe.tree import ancestors, is_below, is_inside, spaced_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from selectolax.lexbor import LexborNode

    from scraper.probe.samples import Sample

_SHARE: Final = 0.8
_SHORTEST_SAPO, _LONGEST_SAPO = 50, 900
_SHORTEST_TITLE, _LONGEST_TITLE = 15, 250
_LONGEST_BYLINE: Final = 80
_LONGEST_DATE_LINE: Final = 120
_DAY: Final = re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d(?!\d)")
_LONGEST_SECTION: Final = 40
_MOST_STEPS: Final = 5
_MOST_ROWS: Final = 30
_ROW_LEVELS: Final = 3
_MOST_LINKED: Final = 0.4
_MOST_NODES: Final = 4_000
_SAPO_ELEMENTS: Final = (
    "p, div, h2, h3, h4, h5, td, span, strong, b, em, i, font, section, blockquote"
)
_SENTENCE_ENDS: Final = (".", "!", "?", "…", "”", '"', ")")
_SAPO_NAMES: Final = re.compile(
    r"sapo|(?:^|[-_\s])(?:lead|dek|intro|chapeau|excerpt|standfirst)(?:$|[-_\s])|mo-?dau|tom-?tat|trich|summary|desc(?:$|[-_\s]|r)",
    re.IGNORECASE,
)
_BYLINE_NAMES: Final = re.compile(
    r"author|byline|tac-?gia|pseudonym|but-?danh|nguoi-?viet|writer|reporter|(?:^|[-_\s])source(?:$|[-_\s])",
    re.IGNORECASE,
)
_TAG_LABEL: Final = re.compile(r"^\s*(?:từ khóa|từ khoá|tags?|chủ đề)\b", re.IGNORECASE)
_HEADINGS: Final = (
    "h1", "h2", "h3", '[class*="title" i]', '[class*="tieu" i]', '[class*="tua" i]', '[class*="head" i]',
)  # fmt: skip
_LISTS: Final = frozenset({"a", "nav", "aside", "footer", "li", "header"})


def title_selector(samples: Sequence[Sample]) -> str | None:
    """The selector of the element that prints the headline."""
    targets = [(x, x.title_node) for x in samples if x.title_node is not None]
    if 2 * len(targets) < len(samples):
        return _title_before_text(samples)
    found = shared_selectors(targets, share=_SHARE)
    return found[0].css if found else None


def _title_before_text(samples: Sequence[Sample]) -> str | None:
    """Where the head says nothing: the last heading above the text, when it differs on every page."""
    targets = [(x, node) for x in samples if (node := _heading_above(x)) is not None]
    texts = {exact_key(spaced_text(node)) for _, node in targets}
    if not targets or len(texts) < len(targets):
        return None
    found = shared_selectors(targets, share=_SHARE)
    return found[0].css if found else None


def _heading_above(sample: Sample) -> LexborNode | None:
    container = sample.container
    if container is None:
        return None
    above = [
        node
        for selector in _HEADINGS
        for node in sample.page.tree.css(selector)
        if _SHORTEST_TITLE <= len(spaced_text(node)) <= _LONGEST_TITLE
        and not is_inside(node, _LISTS)
        and (sample.place(node) < sample.place(container) or is_below(node, container))
    ]
    headings = [node for node in above if node.tag in {"h1", "h2"}] or above
    return max(headings, key=sample.place, default=None)


def sapo_selector(samples: Sequence[Sample]) -> str | None:
    """The selector of the lead, where the paper sets it apart from the text."""
    targets = [(x, node) for x in samples if (node := _sapo_node(x)) is not None]
    if len(targets) < 2:  # noqa: PLR2004 - one page shows nothing shared
        return None
    for selector in shared_selectors(targets, share=_SHARE):
        # inside the text the selector drops what it fits: it must fit nothing else
        if all(
            sample.container is None or len(all_fitting(sample.container, selector.css)) <= 1
            for sample in samples
        ) and _never_the_text(samples, selector.css):
            return selector.css
    return None


def _never_the_text(samples: Iterable[Sample], css: str) -> bool:
    for sample in samples:
        node = first_with_text(sample, css)
        container = sample.container
        if node is None or container is None:
            continue
        if node.mem_id == container.mem_id or is_below(container, node):
            return False
        if len(spaced_text(node)) > _LONGEST_SAPO:
            return False
    return True


def _sapo_node(sample: Sample) -> LexborNode | None:
    container, title = sample.container, sample.title_node
    if container is None:
        return None
    described = [
        exact_key(" ".join(text.split()))[:_SHORTEST_SAPO]
        for key in ("description", "og:description")
        if (text := sample.page.meta(key)) and len(text) >= _SHORTEST_SAPO
    ]
    begins = sample.place(title) if title is not None else 0
    ends = sample.place(container)
    best: LexborNode | None = None
    for node in sample.page.tree.css(_SAPO_ELEMENTS)[:_MOST_NODES]:
        here = sample.place(node)
        within = here > ends
        if here <= begins or (within and not is_below(node, container)) or node.tag is None:
            continue
        if is_below(container, node) or not _reads_like_sapo(node):
            continue
        named = _SAPO_NAMES.search(_names(node)) is not None
        told = any(exact_key(spaced_text(node)).startswith(x) for x in described)
        if named or (told and not within):
            return node if named else _own_element(node)
        if within:
            continue
        if best is None and title is not None:
            best = _own_element(node)
    return best


def _own_element(node: LexborNode) -> LexborNode:
    """The innermost block that reads like a lead, or the element just around it that has a name."""
    inner = node
    for child in node.css("*"):
        if child.mem_id != node.mem_id and _reads_like_sapo(child):
            inner = child
    text, found = spaced_text(inner), inner
    for outer in ancestors(inner):
        if spaced_text(outer) != text:
            break
        if _names(outer).strip():
            found = outer
    return found


def _reads_like_sapo(node: LexborNode) -> bool:
    text = spaced_text(node)
    if not _SHORTEST_SAPO <= len(text) <= _LONGEST_SAPO or not text.endswith(_SENTENCE_ENDS):
        return False
    if len(text) <= _LONGEST_DATE_LINE and _DAY.search(text):
        return False
    linked = sum(len(spaced_text(link)) for link in node.css("a"))
    return linked < _MOST_LINKED * len(text) and not is_inside(node, _LISTS)


def byline_selector(samples: Sequence[Sample]) -> str | None:
    """The selector of the author line, where it has an element of its own by its name."""
    targets = [(x, node) for x in samples if (node := _byline_of(x)) is not None]
    if len(targets) < 2 or len({spaced_text(node) for _, node in targets}) < 2:  # noqa: PLR2004 - not always the same name
        return None
    for selector in shared_selectors(targets, pick=_last_short, share=_SHARE):
        picked = [node for x in samples if (node := _last_short(x, selector.css)) is not None]
        if all(looks_like_byline(_signature(node)) for node in picked):
            return selector.css
    return None


def _byline_of(sample: Sample) -> LexborNode | None:
    named = [
        node
        for node in sample.page.tree.css("[class], [id], [itemprop], [rel]")[:_MOST_NODES]
        if _BYLINE_NAMES.search(f"{_names(node)} {node.attributes.get('rel') or ''}")
        and 0 < len(spaced_text(node)) <= _LONGEST_BYLINE
        and not is_inside(node, frozenset({"aside", "footer", "head"}))
        and looks_like_byline(_signature(node))
    ]
    return named[-1] if named else None


def _last_short(sample: Sample, css: str) -> LexborNode | None:
    return byline_node(sample.page.tree, css)


def _signature(node: LexborNode) -> str:
    return spaced_text(node).strip(" -–—|•")


def section_selector(samples: Sequence[Sample]) -> str | None:
    """The selector of the breadcrumb's links."""
    rows = [(x, row) for x in samples if (row := _breadcrumb(x)) is not None]
    if 2 * len(rows) <= len(samples):
        return None
    for selector in shared_selectors(rows, pick=_first, share=_SHARE):
        links = f"{selector.css} a"
        if all(_names_section(x, links) for x in samples):
            return links
    return None


def _first(sample: Sample, css: str) -> LexborNode | None:
    found = all_fitting(sample.page.tree.body, css) if sample.page.tree.body else []
    return found[0] if found else None


def _names_section(sample: Sample, links: str) -> bool:
    body = sample.page.tree.body
    steps = [spaced_text(node) for node in all_fitting(body, links)] if body is not None else []
    named = [step for step in steps if step and not is_home(step)]
    return bool(named) and len(steps) <= _MOST_STEPS and len(named[0]) <= _LONGEST_SECTION


def _breadcrumb(sample: Sample) -> LexborNode | None:
    """The shortest row of links that begins at the home page; menus begin there too, but are longer."""
    homes = [x for x in sample.page.tree.css("a[href]") if is_home(x.text())][:_MOST_ROWS]
    rows: list[tuple[int, int, LexborNode]] = []
    for home in homes:
        for row in list(ancestors(home))[:_ROW_LEVELS]:
            steps = [x for x in row.css("a")[: _MOST_STEPS + 1] if spaced_text(x)]
            if 1 < len(steps) <= _MOST_STEPS and is_home(steps[0].text()):
                rows.append((len(steps), len(rows), row))
                break
    return min(rows)[2] if rows else None


def tag_selector(samples: Sequence[Sample]) -> str | None:
    """The selector of the tags' links; many articles have none."""
    if sum(x.page.tree.css_first('a[rel~="tag"]') is not None for x in samples) > 1:
        return 'a[rel~="tag"]'
    boxes = [(x, node) for x in samples if (node := _tag_box(x)) is not None]
    if len(boxes) < 2:  # noqa: PLR2004 - one page shows nothing shared
        return None
    found = shared_selectors(boxes, pick=_first, share=_SHARE)
    return f"{found[0].css} a" if found else None


def _tag_box(sample: Sample) -> LexborNode | None:
    for node in sample.page.tree.css("div, p, ul, section, td")[:_MOST_NODES]:
        text = spaced_text(node)
        if len(text) > _LONGEST_TITLE or node.css_first("a") is None:
            continue
        if _TAG_LABEL.match(text) and len(simple(node)) > 1:
            return node
    return None


def _names(node: LexborNode) -> str:
    return " ".join(node.attributes.get(key) or "" for key in ("class", "id", "itemprop"))
