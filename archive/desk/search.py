"""Search a public snapshot: exact hits first, hits that ignore diacritics after them.

Flow: ``Query`` -> parse and plan (query.py, plan.py) -> gather the hits of each tier (hits.py) -> put
them in order (ranking.py) -> fetch and highlight those of one page. Nothing here knows the web; any
SQLite connection to a published snapshot will do.
"""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from archive.desk.facets import FacetCounts, count_facets
from archive.desk.filters import PAGE_SIZE, Facet, Query, Sort, read_query
from archive.desk.highlight import CLOSE, ELLIPSIS, OPEN, Marked, read_marked, unmarked
from archive.desk.hits import COUNT_LIMIT, Found, found
from archive.desk.keys import Key, place_after
from archive.desk.plan import LISTING, Step, Tier, expansions, steps_of
from archive.desk.problems import SearchProblem, SearchTooSlow
from archive.desk.query import parse
from archive.desk.ranking import ranked
from archive.desk.suggestions import Relaxation, relaxations, spelt_with_marks
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "COUNT_LIMIT", "PAGE_SIZE", "Hit", "Query", "Results", "Sort", "Tier", "TierCount",
    "read_query", "search",
]  # fmt: skip

T = TypeVar("T")

#: Syllables shown of sapo and body; 64 is FTS5's most, and holds most sapos whole.
_SAPO_TOKENS: Final = 64
_BODY_TOKENS: Final = 48
#: Characters shown of a text in which nothing was found.
OPENING: Final = 240


@attrs.frozen(kw_only=True)
class Hit:
    """One article found."""

    id: str
    tier: Tier
    title: Marked
    #: Passages of sapo and body with the found words; the text's opening when only the title hit.
    excerpts: tuple[Marked, ...]
    url: str
    site: str
    #: Name of the paper.
    paper: str
    province: str | None
    section: str | None
    #: ISO 8601 with +07:00, and how much of it is known.
    published_at: str | None
    published_precision: str | None
    level: int
    relevance: float
    byline: str | None
    authors: tuple[str, ...]


@attrs.frozen(kw_only=True)
class TierCount:
    """Hits of one tier."""

    tier: Tier
    count: int
    #: True when there are more than *count*.
    capped: bool


@attrs.frozen(kw_only=True)
class Results:
    """One page of an answered search."""

    query: Query
    hits: tuple[Hit, ...]
    #: Hits before the first of these.
    before: int = 0
    #: Best tier first; tiers the query does not have, or behind a capped one, are missing.
    counts: tuple[TierCount, ...]
    #: How the hits spread; empty when not asked for.
    facets: tuple[FacetCounts, ...] = ()
    #: Other ways to write the words, looked for as well.
    expansions: tuple[str, ...] = ()
    #: The spelling with marks the reader may have meant.
    spelling: str | None = None
    #: With no hit at all: what to leave out.
    relaxations: tuple[Relaxation, ...] = ()
    #: True when facets and suggestions were wanted and took too long.
    aids_cut: bool = False

    @property
    def total(self) -> int:
        """Hits of all tiers, as far as counted."""
        return sum(count.count for count in self.counts)

    @property
    def capped(self) -> bool:
        """True when there are more hits than ``total``."""
        return any(count.capped for count in self.counts)

    @property
    def exact_total(self) -> int:
        """Hits in which the diacritics are as asked."""
        return sum(count.count for count in self.counts if count.tier.exact)

    @property
    def folded_total(self) -> int:
        """Hits found only without regard to diacritics."""
        return self.total - self.exact_total

    @property
    def pages(self) -> int:
        """Number of pages; 0 without a hit."""
        return -(-self.total // PAGE_SIZE)


def search(
    connection: sqlite3.Connection, query: Query, *, aids: bool = False, after: Key | None = None
) -> Results:
    """Answer *query* from a public snapshot; with *aids* count facets and look for suggestions too.

    The hits are those of the query's page, or with *after* those that follow the article it names.
    Without words it lists what passes the filters, the newest first in either order. Raises KeyGone
    when the snapshot does not have the article to follow, BadQuery when the text cannot be read,
    SearchTooSlow (a BadQuery) when a time limit set on the connection interrupted it; where that
    happened after the hits were found, they come without facets.
    """
    steps = steps_of(query)
    check_names(connection, query)

    def listed(connection: sqlite3.Connection) -> Results:
        tiers = found(connection, query, steps)
        first = (query.page - 1) * PAGE_SIZE
        if after is not None:
            first = place_after(connection, tiers, after)
        span = _span(connection, query, tiers, range(first, first + PAGE_SIZE))
        hits = tuple(hit for step, docids in span for hit in hits_of(connection, step, docids))
        counts = tuple(map(_count, tiers))
        return Results(query=query, hits=hits, before=first, counts=counts)

    results = interruptible(listed, connection)
    if not aids:
        return results
    try:
        return interruptible(partial(_with_aids, results=results, steps=steps), connection)
    except SearchTooSlow:
        # what was found is worth more than how it spreads
        return attrs.evolve(results, aids_cut=True)


@attrs.frozen(kw_only=True)
class Neighbours:
    """The hits before and after one, by article id; None at either end."""

    before: str | None
    after: str | None


def neighbours(
    connection: sqlite3.Connection, query: Query, article_id: str, place: int
) -> Neighbours | None:
    """The hits next to the one at *place* (counted from 0); None when *article_id* is not there.

    Raises what ``search`` raises.
    """
    steps = steps_of(query)
    check_names(connection, query)
    around = range(max(place - 1, 0), place + 2)

    def look(connection: sqlite3.Connection) -> list[str]:
        tiers = found(connection, query, steps)
        docids = [x for _, some in _span(connection, query, tiers, around) for x in some]
        sql = "SELECT id FROM articles WHERE docid = ?"
        return [connection.execute(sql, [docid]).fetchone()[0] for docid in docids]

    ids = interruptible(look, connection)
    own = place - around.start
    if not 0 <= own < len(ids) or ids[own] != article_id:
        return None
    return Neighbours(
        before=ids[own - 1] if own else None, after=ids[own + 1] if own + 1 < len(ids) else None
    )


def _with_aids(connection: sqlite3.Connection, results: Results, steps: Sequence[Step]) -> Results:
    query = results.query
    return attrs.evolve(
        results,
        facets=count_facets(connection, query, steps) if results.total else (),
        expansions=() if query.is_listing else expansions(parse(query.text)),
        spelling=None if query.is_listing else spelt_with_marks(query, results.hits),
        relaxations=() if results.total else relaxations(connection, query),
    )


def interruptible(read: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """What *read* makes of the snapshot; SearchTooSlow when a time limit set on the connection ends it."""
    try:
        return read(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise SearchTooSlow from error
        raise


def check_names(connection: sqlite3.Connection, query: Query) -> None:
    """A mistyped paper or province would look like an honest "nothing found"."""
    for facet in (Facet.PAPER, Facet.PROVINCE, Facet.PROVINCE_TODAY):
        for value in query.chosen(facet):
            if not _exists(connection, facet, value):
                raise SearchProblem(f"unknown_{facet.value}", parameter=facet.value, value=value)


def _exists(connection: sqlite3.Connection, facet: Facet, value: str | int) -> bool:
    key = "id" if facet is Facet.PAPER else "province"
    sql = f"""
        SELECT EXISTS (SELECT 1 FROM article_facts WHERE {facet.column} = :value)
            OR EXISTS (SELECT 1 FROM sites WHERE {key} = :value)
    """  # noqa: S608 - our own column names
    return bool(connection.execute(sql, {"value": value}).fetchone()[0])


_RANKED: Final[Tallies[list[int]]] = Tallies()


def _count(tier: Found) -> TierCount:
    return TierCount(tier=tier.step.tier, count=len(tier.docids), capped=tier.capped)


def _span(
    connection: sqlite3.Connection, query: Query, tiers: Iterable[Found], span: range
) -> Iterator[tuple[Step, list[int]]]:
    """The docids of some of the hits by their place among all, by step."""
    start, end = span.start, span.stop
    for tier in tiers:
        first, last = max(start, 0), min(end, len(tier.docids))
        if first < last:
            yield tier.step, list(in_order(connection, query, tier)[first:last])
        start, end = start - len(tier.docids), end - len(tier.docids)


def in_order(connection: sqlite3.Connection, query: Query, tier: Found) -> Sequence[int]:
    """The docids of a tier in the query's order."""
    if query.sort is Sort.NEWEST or query.is_listing:
        return tier.docids
    return _RANKED.get(
        connection,
        (query.anyhow(), tier.step.tier),
        lambda: ranked(connection, tier.step, tier.docids),
    )


def hits_of(connection: sqlite3.Connection, step: Step, docids: Sequence[int]) -> Iterator[Hit]:
    """The articles with these docids, all of them hits of *step*, with the words marked."""
    marked = _marked(connection, step, docids)
    for docid in docids:
        row = connection.execute(_ARTICLE, [docid]).fetchone()
        yield _hit(row, marked[docid], step.tier)


def _marked(
    connection: sqlite3.Connection, step: Step, docids: Sequence[int]
) -> dict[int, tuple[str | None, ...]]:
    """Title, sapo and body passages of each document with markers.

    One pass over the page's range of docids: a query for each document would gather the postings
    of a prefix anew every time (``th*`` in 100,000 documents: 3.4 s against 0.7 s).
    """
    if step is LISTING:
        sql = f"SELECT docid, title, NULL, NULL FROM articles WHERE docid IN ({', '.join('?' * len(docids))})"  # noqa: S608 - built of constants
        return {row[0]: tuple(row[1:]) for row in connection.execute(sql, docids)}
    values = [step.highlight, min(docids), max(docids), *docids]
    sql = _MARKED.format(index=step.index, marks=", ".join("?" * len(docids)))
    return {row[0]: tuple(row[1:]) for row in connection.execute(sql, values)}


_ARTICLE: Final = f"""
    SELECT id, url, site, paper, province, section, published_at, published_precision, level,
        relevance, substr(coalesce(sapo, body), 1, {OPENING + 1}), byline, authors
    FROM articles WHERE docid = ?
"""  # noqa: S608 - built of constants
_MARKED: Final = f"""
    SELECT rowid, highlight({{index}}, 0, '{OPEN}', '{CLOSE}'),
        snippet({{index}}, 1, '{OPEN}', '{CLOSE}', '{ELLIPSIS}', {_SAPO_TOKENS}),
        snippet({{index}}, 2, '{OPEN}', '{CLOSE}', '{ELLIPSIS}', {_BODY_TOKENS})
    FROM {{index}}
    WHERE {{index}} MATCH ? AND rowid BETWEEN ? AND ? AND +rowid IN ({{marks}})
"""  # noqa: S608 - built of constants


def _hit(row: sqlite3.Row, marked: tuple[str | None, ...], tier: Tier) -> Hit:
    title, *passages = (read_marked(_one_line(text or "")) for text in marked)
    excerpts = tuple(passage for passage in passages if passage.found)
    return Hit(
        id=row[0],
        tier=tier,
        title=title,
        excerpts=excerpts or (unmarked(opening(row[10])),),
        url=row[1],
        site=row[2],
        paper=row[3],
        province=row[4],
        section=row[5],
        published_at=row[6],
        published_precision=row[7],
        level=row[8],
        relevance=row[9],
        byline=row[11],
        authors=tuple(json.loads(row[12])),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def opening(text: str) -> str:
    """The beginning of a text, cut between words, on one line."""
    if len(text) <= OPENING:
        return _one_line(text)
    return _one_line(text[:OPENING].rpartition(" ")[0]) + ELLIPSIS
