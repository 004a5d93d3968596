"""Find where a paper prints the date of publication: what differs from page to page and is no clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from scraper.extract.dates import PRECISIONS, read_date
from scraper.extract.page import line_text
from scraper.extract.publication import published
from scraper.probe.selectors import all_fitting, candidates
from scraper.probe.tree import ancestors, is_below, is_inside, spaced_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from selectolax.lexbor import LexborNode

    from scraper.extract.dates import ReadDate
    from scraper.probe.samples import Sample

_LONGEST_LINE: Final = 120
_MOST_NODES: Final = 6_000
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
#: Attributes that hold an instant, and the metas the publication stage does not read by itself.
_ATTRIBUTES: Final = ("datetime", "data-time", "data-date", "data-published", "content")
_READ_ALREADY: Final = frozenset({"article:published_time"})
_NOT_PUBLISHED: Final = re.compile(r"modif|update|expire|crawl|sua", re.IGNORECASE)
#: Clocks run this near to the fetch.
_CLOCK_REACH: Final = timedelta(minutes=20)
_EXCLUDED: Final = frozenset({"a", "nav", "aside", "footer", "script", "style"})
_MOST_PER_PAGE: Final = 40
_MOST_SELECTORS: Final = 60
_MOST_AROUND: Final = 2
_COST_AROUND: Final = 0.6
_COST_LATER: Final = 0.5
_COST_EARLIER: Final = 3.5
_LONGEST_CARD: Final = 250
_SHORTEST_HEADLINE: Final = 20
#: Of the pages, so many must give a date by the rule.
_SHARE: Final = 0.8
#: What a rule costs beside its selector's own cost.
_COST_OUTSIDE, _COST_DOUBLE, _COST_COARSE, _COST_IN_BODY, _COST_AGREES = 6.0, 1.5, 1.0, 2.0, -6.0


@attrs.frozen
class _Spot:
    """An element (or attribute) with a date."""

    node: LexborNode
    attribute: str | None
    date: ReadDate


@attrs.frozen(order=True)
class Rule:
    """A date rule and how doubtful it is."""

    cost: float
    select: str
    attribute: str | None = None
    #: What it reads on each page; None where it reads nothing.
    instants: tuple[datetime | None, ...] = attrs.field(default=(), order=False, repr=False)


def date_rule(samples: Sequence[Sample]) -> Rule | None:
    """The rule that gives each page's own date; None when no element is sure to.

    Metas and JSON-LD that the publication stage understands by itself are not proposed, but a rule
    that contradicts them is refused.
    """
    stated = [published(sample.page, None) for sample in samples]
    days = [x.date if x is not None and x.source != "url" else None for x in stated]
    if len({x.instant for x in days if x}) <= 1 < len(samples):
        days = [None] * len(samples)  # the same on every page: nothing about the article
    spots = [list(_spots(sample)) for sample in samples]
    offered = {
        (selector.css, spot.attribute): selector.cost + extra
        for sample, page_spots in zip(samples, spots, strict=True)
        for spot in page_spots
        for node, extra in _places(sample, spot)
        for selector in candidates(node)[:_MOST_SELECTORS]
    }
    rules = [
        rule
        for (css, attribute), cost in offered.items()
        if (rule := _judged(samples, days, Rule(cost, css, attribute))) is not None
    ]
    best = min(rules, default=None)
    if best is None:
        return None
    # beside the day of publication many papers print the day of the last change
    earlier = [x for x in rules if x.cost <= best.cost + _COST_EARLIER and _is_earlier(x, best)]
    return min(earlier, default=best)


def _is_earlier(rule: Rule, than: Rule) -> bool:
    """True when *rule* reads a date on every page, never a later one than the other, and not the same."""
    pairs = list(zip(rule.instants, than.instants, strict=True))
    return all(x is not None and (y is None or x <= y) for x, y in pairs) and any(
        x is not None and y is not None and x.date() < y.date() for x, y in pairs
    )


def _places(sample: Sample, spot: _Spot) -> Iterator[tuple[LexborNode, float]]:
    """The spot's element, and those around it that give the same date, with what they cost more."""
    yield spot.node, 0.0
    if spot.attribute is None:
        for steps, outer in enumerate(list(ancestors(spot.node))[:_MOST_AROUND], start=1):
            date = _date(sample, outer, None)
            if date is None or date.instant != spot.date.instant:
                break
            yield outer, _COST_AROUND * steps


def _is_card(node: LexborNode) -> bool:
    """True for the date beside a headline of another article."""
    for outer in list(ancestors(node))[:_MOST_AROUND]:
        if len(spaced_text(outer)) > _LONGEST_CARD:
            return False
        if any(len(spaced_text(link)) >= _SHORTEST_HEADLINE for link in outer.css("a")):
            return True
    return False


def _spots(sample: Sample) -> Iterator[_Spot]:
    """The innermost elements with a date, outside links, menus and sidebars."""
    root = sample.page.tree.root
    if root is None:
        return
    count = 0
    finest: dict[int, str] = {}
    # inner elements come after outer ones in reading order, so the walk goes backwards
    for node in reversed(list(root.traverse(include_text=False))[:_MOST_NODES]):
        for attribute in (*_ATTRIBUTES, None):
            date = _date(sample, node, attribute)
            if date is None:
                continue
            if attribute is None and not _is_finer_than_inside(node, date, finest):
                continue
            if is_inside(node, _EXCLUDED) or not _is_publication(node) or _is_card(node):
                continue
            finest[node.mem_id] = date.precision
            count += 1
            yield _Spot(node, attribute, date)
        if count >= _MOST_PER_PAGE:
            return


def _is_finer_than_inside(node: LexborNode, date: ReadDate, known: dict[int, str]) -> bool:
    inner = [known[x.mem_id] for x in node.css("*") if x.mem_id in known]
    return not inner or all(
        PRECISIONS.index(date.precision) < PRECISIONS.index(precision) for precision in inner
    )


def _is_publication(node: LexborNode) -> bool:
    names = " ".join(
        node.attributes.get(key) or "" for key in ("class", "id", "itemprop", "property", "name")
    )
    return not _NOT_PUBLISHED.search(names)


def _date(sample: Sample, node: LexborNode, attribute: str | None) -> ReadDate | None:
    if attribute is None:
        text = line_text(node) if node.tag not in {"html", "body", "head"} else ""
    else:
        text = node.attributes.get(attribute) or ""
        key = (node.attributes.get("property") or node.attributes.get("name") or "").lower()
        if node.tag == "meta" and key in _READ_ALREADY:
            return None
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST_LINE or not _YEAR.search(text):
        return None
    return read_date(text, fetched_at=sample.page.fetched_at)


def _judged(samples: Sequence[Sample], days: Sequence[ReadDate | None], rule: Rule) -> Rule | None:
    """The rule with its whole cost, or None when it reads no date or one that is not the article's."""
    picked = [_picked(sample, rule) for sample in samples]
    dates = [found.date for found in picked if found is not None]
    if len(dates) < _SHARE * len(samples) or _is_clock(samples, picked, days):
        return None
    agreeing = contradicting = 0
    for found, day in zip(picked, days, strict=True):
        if found is not None and day is not None:
            same = found.date.instant.date() == day.instant.date()
            agreeing += same
            contradicting += not same
    if contradicting > agreeing:
        return None
    cost = rule.cost + (_COST_AGREES if agreeing > len(samples) / 2 else 0.0)
    cost += _COST_COARSE * sum(x.precision == "day" for x in dates) / len(dates)
    places = [
        _place_cost(sample, found.node, rule)
        for sample, found in zip(samples, picked, strict=True)
        if found is not None
    ]
    instants = tuple(x.date.instant if x is not None else None for x in picked)
    return attrs.evolve(rule, cost=cost + sum(places) / len(places), instants=instants)


def _picked(sample: Sample, rule: Rule) -> _Spot | None:
    node = sample.page.tree.css_first(rule.select)
    date = _date(sample, node, rule.attribute) if node is not None else None
    return _Spot(node, rule.attribute, date) if node is not None and date is not None else None


def _is_clock(
    samples: Sequence[Sample], picked: Sequence[_Spot | None], days: Sequence[ReadDate | None]
) -> bool:
    """True when the dates are those of the fetch, or the same on all pages where nothing bears them out."""
    pairs = [(x, y) for x, y in zip(samples, picked, strict=True) if y is not None]
    near = sum(
        y.date.precision != "day" and abs(y.date.instant - x.page.fetched_at) <= _CLOCK_REACH
        for x, y in pairs
    )
    if near == len(pairs):
        return True
    confirmed = sum(
        y is not None and day is not None and y.date.instant.date() == day.instant.date()
        for y, day in zip(picked, days, strict=True)
    )
    is_same = len({y.date.instant for _, y in pairs}) == 1 and len(pairs) > 1
    return is_same and confirmed < len(pairs)


def _place_cost(sample: Sample, node: LexborNode, rule: Rule) -> float:
    """Dates stand between headline and text; others, and those of a list, are doubtful."""
    if node.tag == "meta":
        return -1.0
    fitting = len(all_fitting(sample.page.tree.body or node, rule.select))
    cost = _COST_DOUBLE * min(fitting - 1, 4)
    container, title = sample.container, sample.title_node
    if container is not None and is_below(node, container):
        return cost + _COST_IN_BODY
    if container is None or title is None:
        return cost + _COST_OUTSIDE / 2
    begins, ends, here = sample.place(title), sample.place(container), sample.place(node)
    if begins <= here <= ends:
        # the day of a later change stands behind the day of publication
        return cost + _COST_LATER * (here - begins) / (ends - begins + 1)
    # above the headline, or after the text, but still in the article's own box
    near = {x.mem_id for x in list(ancestors(title))[:3]} & {x.mem_id for x in ancestors(node)}
    return cost + (_COST_OUTSIDE / 4 if near else _COST_OUTSIDE)
