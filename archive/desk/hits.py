"""The hits of one full-text search as SQL: what every count, page and facet of it is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.desk.filters import condition
from archive.desk.plan import EXACT_INDEX

if TYPE_CHECKING:
    from archive.desk.filters import Query
    from archive.desk.plan import Step


def source(
    step: Step, query: Query, *, facts: bool = False, span: tuple[int, int] | None = None
) -> tuple[str, list[object]]:
    """FROM and WHERE of a step's hits, and the parameters in their order.

    With *span*, only those between two docids. The documents left out are gathered for the span
    alone: gathering all of them for each of 40 spans was most of a page's work (measured).

    ``article_facts AS facts`` is joined where a filter needs it, or with *facts*. The CROSS JOIN
    keeps the full-text index the outer loop: it stops early in the order of its rowids.
    """
    narrowing, filters = condition(query)
    join = f" CROSS JOIN article_facts AS facts ON facts.docid = {step.index}.rowid"
    sql = f"FROM {step.index}{join if narrowing or facts else ''} WHERE {step.index} MATCH ?"
    values: list[object] = [step.match]
    if span is not None:
        sql += f" AND {step.index}.rowid BETWEEN ? AND ?"
        values += span
    if step.without_exact is not None:
        inside = " AND rowid BETWEEN ? AND ?" if span is not None else ""
        sql += (
            f" AND {step.index}.rowid NOT IN"  # noqa: S608 - built of constants
            f" (SELECT rowid FROM {EXACT_INDEX} WHERE {EXACT_INDEX} MATCH ?{inside})"
        )
        values += [step.without_exact, *(span or ())]
    if narrowing:
        sql += f" AND {narrowing}"
        values += filters
    return sql, values
