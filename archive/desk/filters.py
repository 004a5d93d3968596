"""What a search asks for besides its words: facets, dates, order and page.

``read_query`` takes web parameters; ``condition`` gives SQL over ``article_facts AS facts``.
"""

from __future__ import annotations

import calendar
import enum
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from archive.desk.problems import DateProblem, SearchProblem

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

#: Results on a page.
PAGE_SIZE: Final = 20
#: Last page that can be asked for: every tier's countable hits fit into it.
MAX_PAGE: Final = 2_000
#: Longest value of a filter; papers and provinces have short names.
MAX_VALUE: Final = 100
#: Most values of one facet in one search.
MAX_VALUES: Final = 100

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_YEAR: Final = re.compile(r"[0-9]{4}")
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_LEVEL: Final = re.compile(r"[012]")
_YES: Final = {"1": True, "0": False, "": False}


class Sort(enum.StrEnum):
    """Order of the results within each tier."""

    NEWEST = "newest"
    BEST = "best"


class Facet(enum.StrEnum):
    """A property of articles by which results are counted and narrowed; its parameter's name."""

    PAPER = "paper"
    PROVINCE = "province"
    PROVINCE_TODAY = "province_today"
    YEAR = "year"
    MONTH = "month"
    SECTION = "section"
    LEVEL = "level"

    @property
    def column(self) -> str:
        """Its column in ``article_facts``."""
        return "site" if self is Facet.PAPER else self.value


@attrs.frozen(kw_only=True)
class Query:
    """One search, as asked for."""

    text: str
    #: Site ids; empty means every paper. Of this and the following tuples, any value will do.
    papers: tuple[str, ...] = ()
    #: Provinces as named on the day of publication.
    provinces: tuple[str, ...] = ()
    #: Provinces under today's name.
    provinces_today: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    #: Months of publication: ``2024-03``.
    months: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    #: 1 mentions the militia, 2 is about it, 0 was about it in an earlier version.
    levels: tuple[int, ...] = ()
    #: First day of publication wanted, on the paper's clock. Undated articles pass no date filter.
    published_from: date | None = None
    #: Last day of publication wanted, included.
    published_to: date | None = None
    #: True leaves out hits that only match without diacritics.
    exact_only: bool = False
    #: True looks for other ways to write the words as well.
    expand: bool = True
    sort: Sort = Sort.NEWEST
    #: Counted from 1.
    page: int = 1

    def chosen(self, facet: Facet) -> tuple[str | int, ...]:
        """The values of a facet that will do; empty: any."""
        values: tuple[str | int, ...] = getattr(self, _ATTRIBUTES[facet])
        return values

    def without(self, facet: Facet) -> Query:
        """The same search with any value of *facet*."""
        changes: dict[str, Any] = {_ATTRIBUTES[facet]: ()}
        return attrs.evolve(self, **changes)

    def narrowed(self, facet: Facet, value: str | int) -> Query:
        """The same search with one value of *facet*."""
        changes: dict[str, Any] = {_ATTRIBUTES[facet]: (value,)}
        return attrs.evolve(self, **changes)

    def anyhow(self) -> Query:
        """The same search in any order, on any page: it has the same hits."""
        return attrs.evolve(self, sort=Sort.NEWEST, page=1)

    def in_time(self) -> Query:
        """The same search with no other filters than days, months and years."""
        others: dict[str, Any] = {
            _ATTRIBUTES[facet]: () for facet in Facet if facet not in _OF_TIME
        }
        return attrs.evolve(self, **others)

    @property
    def is_listing(self) -> bool:
        """True when no word is looked for, and what passes the filters is wanted."""
        return not self.text.strip() and self.filtered

    @property
    def filtered(self) -> bool:
        """True when any filter is set."""
        return bool(
            self.published_from or self.published_to or any(self.chosen(facet) for facet in Facet)
        )


_ATTRIBUTES: Final = {
    Facet.PAPER: "papers", Facet.PROVINCE: "provinces", Facet.PROVINCE_TODAY: "provinces_today",
    Facet.YEAR: "years", Facet.MONTH: "months", Facet.SECTION: "sections", Facet.LEVEL: "levels",
}  # fmt: skip
_OF_TIME: Final = (Facet.YEAR, Facet.MONTH)


def read_query(values: Mapping[str, Sequence[str]]) -> Query:
    """Read web parameters: q, from, to, exact, expand, sort, page, and each facet's, which may repeat.

    An empty value is no filter. Raises SearchProblem (a BadQuery) or DateProblem (a BadDateRange)
    naming the parameter. The words themselves are read by ``query.parse``.
    """
    first, last = read_dates(_one(values, "from"), _one(values, "to"))
    return Query(
        text=_text(values, "q"),
        papers=_several(values, Facet.PAPER),
        provinces=_several(values, Facet.PROVINCE),
        provinces_today=_several(values, Facet.PROVINCE_TODAY),
        years=tuple(_number(value, Facet.YEAR, _YEAR) for value in _several(values, Facet.YEAR)),
        months=tuple(_month(value) for value in _several(values, Facet.MONTH)),
        sections=_several(values, Facet.SECTION),
        levels=tuple(
            _number(value, Facet.LEVEL, _LEVEL) for value in _several(values, Facet.LEVEL)
        ),
        published_from=first,
        published_to=last,
        exact_only=_yes(_one(values, "exact"), "exact", default=False),
        expand=_yes(_one(values, "expand"), "expand", default=True),
        sort=_sort(_one(values, "sort")),
        page=_page(_one(values, "page")),
    )


def web_parameters(query: Query) -> dict[str, list[str]]:
    """The parameters that ``read_query`` reads as *query*; what is not asked for is left out."""
    values = {"q": [query.text]}
    values |= {facet.value: [str(value) for value in query.chosen(facet)] for facet in Facet}
    values["from"] = [query.published_from.isoformat()] if query.published_from else []
    values["to"] = [query.published_to.isoformat()] if query.published_to else []
    values["exact"] = ["1"] if query.exact_only else []
    values["expand"] = [] if query.expand else ["0"]
    values["sort"] = [query.sort.value] if query.sort is not Sort.NEWEST else []
    values["page"] = [str(query.page)] if query.page > 1 else []
    return {name: many for name, many in values.items() if many}


def read_dates(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """Days from YYYY-MM-DD, YYYY-MM or YYYY; *first* begins that span, *last* ends it.

    Raises DateProblem naming ``from`` or ``to``, or both when they are the wrong way round.
    """
    start = _day(first, "from", end=False)
    end = _day(last, "to", end=True)
    if start and end and start > end:
        raise DateProblem("dates_reversed", first=first, last=last)
    return start, end


def condition(query: Query) -> tuple[str, list[object]]:
    """SQL that narrows ``article_facts AS facts`` to the filters, with its parameters."""
    clauses: list[str] = []
    values: list[object] = []
    for facet in Facet:
        chosen = query.chosen(facet)
        if chosen:
            clauses.append(f"facts.{facet.column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    # published_at is text of one form on one clock (+07:00), so text order is time order
    if query.published_from:
        clauses.append("facts.published_at >= ?")
        values.append(query.published_from.isoformat())
    if query.published_to:
        clauses.append("facts.published_at < ?")
        values.append(_after(query.published_to))
    return " AND ".join(clauses), values


def dated(connection: sqlite3.Connection, query: Query) -> range:
    """The docids among which every hit is: those of the days, months and years asked for."""
    narrowing, values = condition(query.in_time())
    where = f" WHERE {narrowing}" if narrowing else ""
    # SQLite finds one end of a table at once, both of them only by reading all of it
    ends = [
        connection.execute(f"SELECT {end}(docid) FROM article_facts AS facts{where}", values)  # noqa: S608 - built of constants
        for end in ("min", "max")
    ]
    first, last = (rows.fetchone()[0] for rows in ends)
    return range(first, last + 1) if first is not None else range(0)


def _after(day: date) -> str:
    return (day + timedelta(days=1)).isoformat() if day < date.max else "9999-12-32"


def _one(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    given = [value.strip() for value in values.get(name, ()) if value.strip()]
    if len(given) > 1:
        raise SearchProblem("given_twice", parameter=name)
    return given[0] if given else None


def _text(values: Mapping[str, Sequence[str]], name: str) -> str:
    return _one(values, name) or ""


def _several(values: Mapping[str, Sequence[str]], facet: Facet) -> tuple[str, ...]:
    given = dict.fromkeys(value.strip() for value in values.get(facet, ()) if value.strip())
    if len(given) > MAX_VALUES:
        raise SearchProblem("too_many_values", parameter=facet.value, limit=MAX_VALUES)
    for value in given:
        if len(value) > MAX_VALUE:
            raise SearchProblem("value_too_long", parameter=facet.value, limit=MAX_VALUE)
    return tuple(given)


def _number(value: str, facet: Facet, form: re.Pattern[str]) -> int:
    if not form.fullmatch(value):
        raise SearchProblem(f"bad_{facet.value}", parameter=facet.value, value=value)
    return int(value)


def _month(value: str) -> str:
    if not _MONTH.fullmatch(value):
        raise SearchProblem("bad_month", parameter="month", value=value)
    return value


def _yes(value: str | None, name: str, *, default: bool) -> bool:
    if value is None:
        return default
    if value not in _YES:
        raise SearchProblem("bad_yes", parameter=name, value=value[:MAX_VALUE])
    return _YES[value]


def _sort(value: str | None) -> Sort:
    if value is None:
        return Sort.NEWEST
    if value not in {sort.value for sort in Sort}:
        raise SearchProblem("bad_sort", parameter="sort", value=value[:MAX_VALUE])
    return Sort(value)


def _page(value: str | None) -> int:
    if value is None:
        return 1
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= MAX_PAGE:
        raise SearchProblem("bad_page", parameter="page", value=value[:MAX_VALUE], limit=MAX_PAGE)
    return int(value)


def _day(value: str | None, name: str, *, end: bool) -> date | None:
    if value is None:
        return None
    found = _DATE.fullmatch(value)
    problem = DateProblem("bad_date", parameter=name, value=value[:MAX_VALUE])
    if found is None:
        raise problem
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        return _bound(year or 0, month, day, end=end)
    except ValueError as error:
        raise problem from error


def _bound(year: int, month: int | None, day: int | None, *, end: bool) -> date:
    month = month if month is not None else (12 if end else 1)
    last = calendar.monthrange(date(year, month, 1).year, month)[1]
    return date(year, month, day if day is not None else (last if end else 1))
