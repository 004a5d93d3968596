"""Selectors of the article's container, and of what inside it is no text: boxes, pictures, captions."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.extract.page import line_text
from scraper.probe.running_text import has_junk_name
from scraper.probe.selectors import (
    Selector,
    all_fitting,
    candidates,
    first_with_text,
    shared_selectors,
    simple,
)
from scraper.probe.tree import ancestors, is_below, spaced_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from selectolax.lexbor import LexborNode

    from scraper.probe.samples import Sample

#: Share of the pages on which a selector must name what was found to hold the text.
_AGREED: Final = 0.6
#: Where the pages disagree, an element around the text may be longer than it by this much.
_MOST_WIDER: Final = 1.5
_CLIMBS: Final = 3
#: An element around the container that has hardly more text may have the better name.
_LEVELS: Final = 3
_HARDLY_MORE: Final = 1.1
_COST_LEVEL: Final = 2.0
#: A block that repeats or is all links may be no larger than this share of the container.
_LARGEST_JUNK: Final = 0.35
_LINKED: Final = 0.6
_SHORTEST_JUNK: Final = 6
_PARAGRAPH: Final = 60
_MOST_DROPS: Final = 16
_MOST_BLOCKS: Final = 1_500
_LONGEST_CAPTION: Final = 300
_DIRECT: Final = frozenset({"figure", "table"})

_CAPTION_NAMES: Final = re.compile(
    r"caption|chu-?thich|photo-?desc|image-?desc|img-?desc|note-?image|pic-?note|ghi-?chu-?anh|legend",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True)
class Inside:
    """Selectors of what stands in the container and is no paragraph."""

    drop: tuple[str, ...] = ()
    figure: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()


def body_selector(samples: Sequence[Sample]) -> str | None:
    """The selector that names the text's container on most pages; None where none does."""
    targets = [(sample, sample.container) for sample in samples if sample.container is not None]
    found: list[tuple[float, str]] = []
    for level in range(_LEVELS):
        around = [(sample, _around(node, level)) for sample, node in targets]
        agreed = shared_selectors(around, share=_AGREED)
        found += [(level * _COST_LEVEL + x.cost, x.css) for x in agreed[:1]]
    if found:
        return min(found)[1]
    wider = sorted(_wider(targets))
    return wider[0][1].css if wider else None


def _around(node: LexborNode, level: int) -> LexborNode:
    """The element *level* steps around *node*, or as far as it has hardly more text than *node*."""
    letters = len(spaced_text(node))
    for outer in list(ancestors(node))[:level]:
        if len(spaced_text(outer)) > _HARDLY_MORE * letters:
            break
        node = outer
    return node


def _wider(targets: Sequence[tuple[Sample, LexborNode]]) -> Iterator[tuple[float, Selector]]:
    """Selectors of elements that hold each page's text and little else, with how much else."""
    offered: dict[str, Selector] = {}
    for _, target in targets:
        for node in (target, *list(ancestors(target))[:_CLIMBS]):
            for selector in candidates(node):
                offered.setdefault(selector.css, selector)
    for selector in offered.values():
        growth = [_growth(sample, target, selector.css) for sample, target in targets]
        if all(x is not None and x <= _MOST_WIDER for x in growth):
            yield sum(x for x in growth if x is not None), selector


def _growth(sample: Sample, target: LexborNode, css: str) -> float | None:
    node = first_with_text(sample, css)
    if node is None or (node.mem_id != target.mem_id and not is_below(target, node)):
        return None
    return len(line_text(node)) / max(1, len(line_text(target)))


def inside(samples: Sequence[Sample], body: str, known: Iterable[str]) -> Inside:
    """What to leave out of the container *body*, and its pictures.

    *known* are selectors of title, date and the like: they are left out where they stand inside it.
    """
    containers = [
        (sample, node) for sample in samples if (node := first_with_text(sample, body)) is not None
    ]
    repeated = _repeated(containers)
    drop = dict.fromkeys(within(containers, known))
    junk = [
        node
        for _, container in containers
        for node in _outermost(container, lambda x: _is_junk(x, container, repeated))  # noqa: B023 - used at once
    ]
    for css in _covering(junk, containers, repeated):
        drop[css] = None
    return Inside(
        drop=tuple(drop)[:_MOST_DROPS],
        figure=_figures(containers),
        caption=_captions(containers),
    )


def within(containers: Sequence[tuple[Sample, LexborNode]], selectors: Iterable[str]) -> list[str]:
    """Those of *selectors* that fit something below the containers."""
    return [
        css
        for css in selectors
        if any(node.mem_id != x.mem_id for _, node in containers for x in all_fitting(node, css))
    ]


def _repeated(containers: Sequence[tuple[Sample, LexborNode]]) -> frozenset[str]:
    """Keys of texts that stand in the containers of several pages."""
    counts: Counter[str] = Counter()
    for _, container in containers:
        counts.update(
            {
                key
                for node in container.css("*")[:_MOST_BLOCKS]
                if len(key := _key(node)) >= _SHORTEST_JUNK
            }
        )
    return frozenset(key for key, count in counts.items() if count > 1)


def _is_junk(node: LexborNode, container: LexborNode, repeated: frozenset[str]) -> bool:
    text = spaced_text(node)
    if len(text) > _LARGEST_JUNK * len(line_text(container)) or not text:
        return False
    if has_junk_name(node):
        return True
    if len(text) >= _SHORTEST_JUNK and exact_key(text) in repeated:
        return True
    links = node.css("a")
    linked = sum(len(" ".join(link.text().split())) for link in links)
    return len(links) > 1 and linked >= _LINKED * len(text) and len(text) >= _PARAGRAPH


def _covering(
    junk: Sequence[LexborNode],
    containers: Sequence[tuple[Sample, LexborNode]],
    repeated: frozenset[str],
) -> Iterator[str]:
    """Selectors that fit junk only; one that is needed no more, because others fit it too, is left out."""
    covered: set[int] = set()
    for node in junk:
        if node.mem_id in covered:
            continue
        for selector in _named(node):
            fitting = [
                (container, x)
                for _, container in containers
                for x in all_fitting(container, selector.css)
            ]
            # what fits on one page only may be a name of that page
            pages = {container.mem_id for container, _ in fitting}
            if len(pages) > 1 and all(_is_all_junk(x, y, repeated) for x, y in fitting):
                covered |= {x.mem_id for _, x in fitting}
                yield selector.css
                break


def _is_all_junk(container: LexborNode, node: LexborNode, repeated: frozenset[str]) -> bool:
    return not line_text(node).strip() or _is_junk(node, container, repeated)


def _named(node: LexborNode) -> list[Selector]:
    """The node's selectors by a name of its own, or by one of the element around it."""
    return [x for x in candidates(node) if x.css != node.tag and not x.css.endswith(" *")][:40]


def _outermost(root: LexborNode, is_wanted: Callable[[LexborNode], bool]) -> Iterator[LexborNode]:
    found: set[int] = set()
    for node in root.css("*")[:_MOST_BLOCKS]:
        if node.mem_id == root.mem_id or any(x.mem_id in found for x in ancestors(node)):
            continue
        if is_wanted(node):
            found.add(node.mem_id)
            yield node


def _figures(containers: Sequence[tuple[Sample, LexborNode]]) -> tuple[str, ...]:
    """Elements other than ``figure`` and ``table`` that hold a picture and its caption, and no more."""
    wrappers = [
        wrapper
        for _, container in containers
        for image in container.css("img")
        if (wrapper := _wrapper(image, container)) is not None and wrapper.tag not in _DIRECT
    ]
    return _names(wrappers, containers, _holds_picture)


def _captions(containers: Sequence[tuple[Sample, LexborNode]]) -> tuple[str, ...]:
    marked = [
        node
        for _, container in containers
        for node in container.css("[class]")[:_MOST_BLOCKS]
        if node.tag != "figcaption"
        and _CAPTION_NAMES.search(node.attributes.get("class") or "")
        and _is_caption(node)
    ]
    return _names(marked, containers, _is_caption)


def _names(
    nodes: Sequence[LexborNode],
    containers: Sequence[tuple[Sample, LexborNode]],
    fits: Callable[[LexborNode], bool],
) -> tuple[str, ...]:
    """Named selectors of *nodes*, every element of which fits on every page."""
    found: dict[str, None] = {}
    covered: set[int] = set()
    for node in nodes:
        if node.mem_id in covered:
            continue
        for selector in simple(node):
            if selector.css == node.tag:
                continue
            fitting = [x for _, place in containers for x in all_fitting(place, selector.css)]
            if all(map(fits, fitting)):
                covered |= {x.mem_id for x in fitting}
                found[selector.css] = None
                break
    return tuple(found)


def _wrapper(image: LexborNode, container: LexborNode) -> LexborNode | None:
    """The nearest element around *image* with text, when it holds a caption's worth of it."""
    for node in ancestors(image):
        if node.mem_id == container.mem_id:
            return None
        if line_text(node).strip():
            return node if _holds_picture(node) and len(node.css("p")) <= 1 else None
    return None


def _holds_picture(node: LexborNode) -> bool:
    text = spaced_text(node)
    return node.css_first("img") is not None and 0 < len(text) <= _LONGEST_CAPTION


def _is_caption(node: LexborNode) -> bool:
    text = spaced_text(node)
    return node.css_first("img") is None and 0 < len(text) <= _LONGEST_CAPTION


def _key(node: LexborNode) -> str:
    text = line_text(node)
    return exact_key(" ".join(text.split())) if len(text) < 4 * _LONGEST_CAPTION else ""
