"""Short and stable CSS selectors for the same element on several pages.

Ids, classes and a few attributes that the pages share; never positions, and nothing that is written
for one article.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
from selectolax.lexbor import SelectolaxError

from scraper.probe.tree import ancestors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from selectolax.lexbor import LexborNode

    from scraper.probe.samples import Sample

#: Names that need no escaping. Longer numbers mostly belong to one article or advert: a poor name.
_NAME: Final = re.compile(r"[A-Za-z_][\w-]{1,40}", re.ASCII)
_SERIAL: Final = re.compile(r"\d{3,}")
#: Classes of style sheets say how an element looks, not what it is.
_UTILITY: Final = re.compile(
    r"(?:-?(?:m|p)[trblxyse]?-|w-|h-|text-|font-|bg-|border|rounded|flex|grid|col-?|row|gap-|space-|items-|justify-"
    r"|leading-|tracking-|max-|min-|prose$|prose-|md-|lg-|sm-|xl-|fs-|fw-|d-|block$|inline|hidden$|relative$|absolute$"
    r"|clearfix$|container|wrapper$|active$|left$|right$|center$|pull-|float|bold$|italic$|shadow|overflow|order-|z-)"
)
_ATTRIBUTES: Final = (
    "itemprop",
    "role",
    "width",
    "align",
    "valign",
    "color",
    "size",
    "bgcolor",
    "face",
)
_VALUE: Final = re.compile(r"[\w#%., -]{1,40}")
#: Elements that pages have once, or few of; other names alone say nothing.
_PLAIN_TAGS: Final = {"h1": 2.0, "article": 2.0, "time": 2.0, "main": 2.0, "h2": 4.0, "h3": 5.0}
_MOST_CLASSES: Final = 8
_MOST_ANCESTORS: Final = 6
_MOST_SIMPLE: Final = 6
_COST_ID, _COST_CLASS, _COST_ITEMPROP = 1.0, 1.2, 1.1
_COST_UTILITY, _COST_ATTRIBUTE, _COST_TAG = 3.5, 4.0, 9.0
_COST_STEP: Final = 0.8
_COST_SERIAL: Final = 1.5
#: What a name costs at most where the element around it has one.
_COST_BELOW: Final = 3.0


@attrs.frozen(order=True)
class Selector:
    """A selector and how far it is from one good name."""

    cost: float
    css: str


def candidates(node: LexborNode) -> list[Selector]:
    """Selectors that fit *node* (and maybe others), the best first."""
    own = simple(node)
    found = [x for x in own if x.cost < _COST_TAG]
    for outer in list(ancestors(node))[:_MOST_ANCESTORS]:
        around = [x for x in simple(outer) if x.cost < _COST_TAG][:_MOST_SIMPLE]
        found += [
            Selector(min(x.cost, _COST_BELOW) + y.cost * 0.7 + _COST_STEP, f"{y.css} {x.css}")
            for x in own[:_MOST_SIMPLE]
            for y in around
        ]
    return sorted(found)


def simple(node: LexborNode) -> list[Selector]:
    """Selectors of *node* without the elements around it, the best first."""
    tag = node.tag or "*"
    attributes = node.attributes
    found: list[Selector] = []
    name = attributes.get("id") or ""
    if _NAME.fullmatch(name):
        found.append(Selector(_COST_ID + _serial_cost(name), f"#{name}"))
    classes = [x for x in (attributes.get("class") or "").split() if _NAME.fullmatch(x)]
    classes = classes[:_MOST_CLASSES]
    found += [Selector(_class_cost(x), f"{tag}.{x}") for x in classes]
    found += [
        Selector((_class_cost(x) + _class_cost(y)) * 1.2, f"{tag}.{x}.{y}")
        for at, x in enumerate(classes)
        for y in classes[at + 1 :]
    ]
    for key in _ATTRIBUTES:
        value = attributes.get(key) or ""
        if _VALUE.fullmatch(value):
            cost = _COST_ITEMPROP if key == "itemprop" else _COST_ATTRIBUTE
            found.append(Selector(cost, f'{tag}[{key}="{value}"]'))
    found.append(Selector(_PLAIN_TAGS.get(tag, _COST_TAG), tag))
    return sorted(found)


def shared_selectors(
    targets: Iterable[tuple[Sample, LexborNode]],
    *,
    pick: Callable[[Sample, str], LexborNode | None] | None = None,
    share: float = 0.8,
) -> list[Selector]:
    """Selectors whose pick on each page is the page's target, on a *share* of them, the best first.

    *pick* is the element a selector stands for on a page: the first with text unless another is given.
    """
    pairs = list(targets)
    choose = pick or first_with_text
    good: list[tuple[int, Selector]] = []
    for selector in _offered([node for _, node in pairs]):
        hits = sum(
            (node := choose(sample, selector.css)) is not None and node.mem_id == target.mem_id
            for sample, target in pairs
        )
        if hits >= share * len(pairs) and hits > len(pairs) / 2:
            good.append((-hits, selector))
    return [selector for _, selector in sorted(good)]


def first_with_text(sample: Sample, css: str) -> LexborNode | None:
    """What a layout's selector picks on a page: the first element that fits and holds text."""
    try:
        return sample.page.first(css)
    except SelectolaxError:
        return None


def all_fitting(place: LexborNode, css: str) -> list[LexborNode]:
    """Elements below *place* that fit; none where lexbor does not take the selector."""
    try:
        return place.css(css)
    except SelectolaxError:
        return []


def _offered(nodes: Sequence[LexborNode]) -> Iterator[Selector]:
    """Selectors of any of the nodes, each once, the best first."""
    known: dict[str, Selector] = {}
    for node in nodes:
        for selector in candidates(node):
            known.setdefault(selector.css, selector)
    yield from sorted(known.values())


def _serial_cost(name: str) -> float:
    return _COST_SERIAL if _SERIAL.search(name) else 0.0


def _class_cost(name: str) -> float:
    return (_COST_UTILITY if _UTILITY.match(name) else _COST_CLASS) + _serial_cost(name)
