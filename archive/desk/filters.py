"""What a search asks for besides its words: papers, province, dates, level, order and page.

``read_query`` takes web parameters; ``condition`` gives SQL over ``article_facts AS facts``.
"""

from __future__ import annotations

import calendar
import enum
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.problems import DateProblem, SearchProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Results on a page.
PAGE_SIZE: Final = 20
#: Last page that can be asked for: every tier's countable hits fit into it.
MAX_PAGE: Final = 2_000
#: Longest value of a filter; papers and provinces have short names.
MAX_VALUE: Final = 100
#: Most papers in one search.
MAX_PAPERS: Final = 100
LEVELS: Final = (1, 2)

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_YES: Final = {"1": True, "0": False, "": False}


class Sort(enum.StrEnum):
    """Order of the results within each tier."""

    NEWEST = "newest"
    BEST = "best"


@attrs.frozen(kw_only=True)
class Query:
    """One search, as asked for."""

    text: str
    #: Site ids; empty means every paper.
    papers: tuple[str, ...] = ()
    #: Province's name as the database has it.
    province: str | None = None
    #: First day of publication wanted, on the paper's clock. Undated articles pass no date filter.
    published_from: date | None = None
    #: Last day of publication wanted, included.
    published_to: date | None = None
    #: 1 mentions the militia, 2 is about it; None: both.
    level: int | None = None
    #: True leaves out hits that only match without diacritics.
    exact_only: bool = False
    sort: Sort = Sort.NEWEST
    #: Counted from 1.
    page: int = 1

    @property
    def filtered(self) -> bool:
        """True when any filter is set."""
        return bool(
            self.papers or self.province or self.published_from or self.published_to or self.level
        )


def read_query(values: Mapping[str, Sequence[str]]) -> Query:
    """Read web parameters: q, paper (repeatable), province, from, to, level, exact, sort, page.

    An empty value is no filter. Raises SearchProblem (a BadQuery) or DateProblem (a BadDateRange)
    naming the parameter. The words themselves are read by ``query.parse``.
    """
    first, last = read_dates(_one(values, "from"), _one(values, "to"))
    return Query(
        text=_text(values, "q"),
        papers=_papers(values),
        province=_short(_one(values, "province"), "province"),
        published_from=first,
        published_to=last,
        level=_level(_one(values, "level")),
        exact_only=_yes(_one(values, "exact")),
        sort=_sort(_one(values, "sort")),
        page=_page(_one(values, "page")),
    )


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
    if query.papers:
        clauses.append(f"facts.site IN ({', '.join('?' * len(query.papers))})")
        values += query.papers
    if query.province:
        clauses.append("facts.province = ?")
        values.append(query.province)
    if query.level:
        clauses.append("facts.level = ?")
        values.append(query.level)
    # published_at is text of one form on one clock (+07:00), so text order is time order
    if query.published_from:
        clauses.append("facts.published_at >= ?")
        values.append(query.published_from.isoformat())
    if query.published_to:
        clauses.append("facts.published_at < ?")
        values.append(_after(query.published_to))
    return " AND ".join(clauses), values


def _after(day: date) -> str:
    return (day + timedelta(days=1)).isoformat() if day < date.max else "9999-12-32"


def _one(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    given = [value.strip() for value in values.get(name, ()) if value.strip()]
    if len(given) > 1:
        raise SearchProblem("given_twice", parameter=name)
    return given[0] if given else None


def _text(values: Mapping[str, Sequence[str]], name: str) -> str:
    return _one(values, name) or ""


def _short(value: str | None, name: str) -> str | None:
    if value is not None and len(value) > MAX_VALUE:
        raise SearchProblem("value_too_long", parameter=name, limit=MAX_VALUE)
    return value


def _papers(values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    given = dict.fromkeys(value.strip() for value in values.get("paper", ()) if value.strip())
    if len(given) > MAX_PAPERS:
        raise SearchProblem("too_many_papers", parameter="paper", limit=MAX_PAPERS)
    for paper in given:
        _short(paper, "paper")
    return tuple(given)


def _level(value: str | None) -> int | None:
    if value is None:
        return None
    if value not in {str(level) for level in LEVELS}:
        raise SearchProblem("bad_level", parameter="level", value=value[:MAX_VALUE])
    return int(value)


def _yes(value: str | None) -> bool:
    if value is None:
        return False
    if value not in _YES:
        raise SearchProblem("bad_exact", parameter="exact", value=value[:MAX_VALUE])
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
