"""When the article was published and changed: candidates in order of trust, weighed against each other."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.instants import VIETNAM
from scraper.extract.dates import PRECISIONS, read_date
from scraper.extract.jsonld import texts
from scraper.extract.metadata import Found
from scraper.extract.page import line_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scraper.extract.dates import ReadDate
    from scraper.extract.page import Page
    from scraper.sites.spec import DateRule, Layout

#: Vietnam went online at the end of 1997; an older date on a page is one of its story.
_FIRST_INSTANT: Final = datetime(1997, 1, 1, tzinfo=VIETNAM)
#: Clocks differ, and a CMS may show the day of tomorrow's print edition.
_TOLERANCE: Final = timedelta(days=1)
_MONTH_AND_DAY: Final = r"(?P<month>0[1-9]|1[0-2]){mark}(?P<day>0[1-9]|[12]\d|3[01])"
_URL_DAYS: Final = (
    re.compile(
        rf"/(?P<year>(?:19|20)\d\d)(?P<mark>[/-]){_MONTH_AND_DAY.format(mark='(?P=mark)')}(?=[/-])"
    ),
    re.compile(rf"/(?P<year>(?:19|20)\d\d){_MONTH_AND_DAY.format(mark='')}(?=/)"),
    # an id made of day and time; shorter numbers are counters
    re.compile(
        rf"(?<!\d)(?P<year>(?:19|20)\d\d){_MONTH_AND_DAY.format(mark='')}(?=\d{{6,9}}(?!\d))"
    ),
)


@attrs.frozen(kw_only=True)
class Published:
    """A publication date with its text and source."""

    date: ReadDate
    raw: str
    source: str


def published(page: Page, layout: Layout | None, extra: Iterable[Found] = ()) -> Published | None:
    """The publication date, or None.

    Order of trust: JSON-LD and meta, the layout's date element, *extra* (cues of the generic path),
    a full day in the address. A later candidate wins only by giving the same day more exactly.
    Dates more than a day after the fetch, or before 1997, are refused.
    """
    best: Published | None = None
    for found in _candidates(page, layout, extra):
        date = read_date(found.text, fetched_at=page.fetched_at)
        if date is None or not _is_plausible(date.instant, page.fetched_at):
            continue
        if best is None or _is_finer(date, best.date):
            raw = " ".join(found.text.split())
            best = Published(date=date, raw=raw, source=found.source)
        if best.date.precision == PRECISIONS[0]:
            break
    return best


def modified(page: Page, since: datetime | None) -> datetime | None:
    """The instant of the last change by JSON-LD or meta; None when it is only a day or before *since*."""
    for found in (*_linked(page, "dateModified"), *_metas(page, ("article:modified_time",))):
        date = read_date(found.text, fetched_at=page.fetched_at)
        if date is None or date.precision == "day":
            continue
        if _is_plausible(date.instant, page.fetched_at) and (
            since is None or date.instant >= since
        ):
            return date.instant
    return None


def _candidates(page: Page, layout: Layout | None, extra: Iterable[Found]) -> Iterator[Found]:
    yield from _linked(page, "datePublished")
    yield from _metas(page, ("article:published_time", "pubdate"))
    for rule in layout.published if layout else ():
        yield from _by_rule(page, rule)
    yield from extra
    yield from _in_address(page.url)


def _by_rule(page: Page, rule: DateRule) -> Iterator[Found]:
    node = page.tree.css_first(rule.select)
    if node is None:
        return
    text = line_text(node) if rule.attribute is None else node.attributes.get(rule.attribute) or ""
    if rule.before is not None:
        text = text.partition(rule.before)[0]
    if text.strip():
        yield Found(text=text, source=f"rule:{rule.select}")


def _linked(page: Page, key: str) -> Iterator[Found]:
    for text in texts(page.linked_data.get(key)):
        yield Found(text=text, source=f"json-ld:{key}")


def _metas(page: Page, names: Iterable[str]) -> Iterator[Found]:
    for name in names:
        content = page.meta(name)
        if content:
            yield Found(text=content, source=f"meta:{name}")


def _in_address(url: str) -> Iterator[Found]:
    path = urlsplit(url).path
    for pattern in _URL_DAYS:
        match = pattern.search(path)
        if match:
            yield Found(text=f"{match['year']}-{match['month']}-{match['day']}", source="url")


def _is_plausible(instant: datetime, fetched_at: datetime) -> bool:
    return _FIRST_INSTANT <= instant <= fetched_at + _TOLERANCE


def _is_finer(date: ReadDate, than: ReadDate) -> bool:
    return date.instant.date() == than.instant.date() and PRECISIONS.index(
        date.precision
    ) < PRECISIONS.index(than.precision)
