"""What a timeline is asked for: up to five searches, how to set them side by side, in which unit."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from archive.desk.filters import MAX_VALUE, Facet, Sort, read_query
from archive.desk.plan import steps_of
from archive.desk.problems import SearchProblem
from archive.desk.series import MOST_SERIES, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.desk.filters import Query
    from archive.desk.plan import Step


class By(enum.StrEnum):
    """What is set side by side."""

    TERM = "term"
    PAPER = "paper"
    PROVINCE = "province"
    PROVINCE_TODAY = "province_today"

    @property
    def facet(self) -> Facet:
        """The facet of its values. Raises ValueError for terms, which are no values."""
        return Facet(self.value)


class Measure(enum.StrEnum):
    """What is drawn; the table has both."""

    COUNT = "count"
    SHARE = "share"


@attrs.frozen(kw_only=True)
class Asked:
    """A timeline, as asked for."""

    #: At most ``MOST_SERIES``, with the same filters and different hits.
    queries: tuple[Query, ...]
    #: Texts that were left out because they ask the same as one before.
    repeated: tuple[str, ...] = ()
    by: By = By.TERM
    #: None: what fits the span.
    unit: Unit | None = None
    measure: Measure = Measure.COUNT


OPTIONS: Final = ("by", "unit", "measure")


def read_asked(values: Mapping[str, Sequence[str]]) -> Asked:
    """Read web parameters: those of a search, ``q`` up to five times, by, unit and measure.

    Without a text, filters stand for all the articles that pass them. Raises SearchProblem (a BadQuery)
    or DateProblem (a BadDateRange); with several texts it says in which of them the mistake is.
    """
    texts = [text.strip() for text in values.get("q", ()) if text.strip()]
    if len(texts) > MOST_SERIES:
        raise SearchProblem("too_many_terms", parameter="q", limit=MOST_SERIES)
    by = _option(values, By, "by", By.TERM)
    kept: dict[tuple[Step, ...], Query] = {}
    repeated = []
    for text in texts or [""]:
        query = read_query({**values, "q": [text], "page": [], "sort": []})
        steps = _steps(query, alone=len(texts) <= 1)
        if steps in kept:
            repeated.append(text)
        else:
            kept[steps] = attrs.evolve(query, sort=Sort.NEWEST)
    queries = tuple(kept.values())
    if by is not By.TERM and len(queries) > 1:
        raise SearchProblem("one_term", parameter="by", value=by.value)
    if by is By.PAPER and len(queries[0].papers) > MOST_SERIES:
        raise SearchProblem("too_many_papers", parameter="paper", limit=MOST_SERIES)
    return Asked(
        queries=queries, repeated=tuple(repeated), by=by,
        unit=_option(values, Unit, "unit", None),
        measure=_option(values, Measure, "measure", Measure.COUNT),
    )  # fmt: skip


def _steps(query: Query, *, alone: bool) -> tuple[Step, ...]:
    """The searches of a query: the same for texts that ask the same."""
    try:
        return steps_of(query)
    except SearchProblem as problem:
        if alone:
            raise
        raise TermProblem(query.text, problem) from problem


class TermProblem(SearchProblem):
    """A mistake in one of several texts."""

    def __init__(self, text: str, problem: SearchProblem) -> None:
        super().__init__("in_term", text=text[:MAX_VALUE], what=str(problem))
        self.problem = problem


Option = TypeVar("Option", By, Unit, Measure)
Default = TypeVar("Default", By, Measure, None)


def _option(
    values: Mapping[str, Sequence[str]], options: type[Option], name: str, default: Default
) -> Option | Default:
    given = [value.strip() for value in values.get(name, ()) if value.strip()]
    if not given:
        return default
    if len(given) > 1:
        raise SearchProblem("given_twice", parameter=name)
    if given[0] not in {option.value for option in options}:
        allowed = ", ".join(option.value for option in options)
        raise SearchProblem(
            "bad_option", parameter=name, value=given[0][:MAX_VALUE], allowed=allowed
        )
    return options(given[0])
