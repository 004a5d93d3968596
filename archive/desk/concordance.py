"""Concordance of a search: every occurrence of its words in the hits, with their contexts (KWIC).

What is an occurrence is what the search found: the matches that FTS5's highlight() marks in the hit, by the
step of the plan that found it. In an article found with exact marks those are exact; where a phrase was
found, they are the phrase. The cost is bounded twice, by articles read and by lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.contexts import Collocate, Occurrence, Order, collocates, occurrences
from archive.desk.filters import MAX_VALUE, Query, read_query
from archive.desk.highlight import CLOSE, OPEN, read_marked
from archive.desk.hits import COUNT_LIMIT, found
from archive.desk.plan import Step, Tier, plan
from archive.desk.problems import SearchProblem
from archive.desk.query import parse
from archive.desk.search import check_names, interruptible
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from archive.desk.hits import Found

#: Most hits that one concordance reads.
ARTICLES: Final = 200
#: Most lines of one concordance; measured: docs/design-notes.md#concordance.
LINES: Final = 1_000
#: Lines on a page.
PAGE_SIZE: Final = 100
#: Words of context on either side: when nothing is said, at least, at most.
WIDTH: Final = 8
MIN_WIDTH: Final = 5
MAX_WIDTH: Final = 30
#: Collocates told.
COLLOCATES: Final = 20
#: Last hit that a concordance may begin with: every tier's countable hits.
_LAST_START: Final = len(Tier) * COUNT_LIMIT
#: Hits of which one in so many articles is one stand close together.
_CLOSE: Final = 20
#: Hits read in one pass: a common word fills the lines with few of them.
_IN_ONE_PASS: Final = 50
_PARTS: Final = ("title", "sapo", "body")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")
#: Concordances remembered for other orders and pages of them; one takes some 0.6 MB.
_KNOWN: Final[Tallies[Concordance]] = Tallies(kept=40)


@attrs.frozen(kw_only=True)
class Asked:
    """A concordance, as asked for."""

    #: The search; its order is not used, and its page is one of lines.
    query: Query
    order: Order = Order.DATE
    #: Words on either side.
    width: int = WIDTH
    #: Place among the hits, counted from 1, of the first that is read.
    start: int = 1


@attrs.frozen(kw_only=True)
class Line:
    """One occurrence and where it stands."""

    #: Place of its article among the hits, counted from 1.
    hit: int
    docid: int
    tier: Tier
    #: ``title``, ``sapo`` or ``body``.
    part: str
    occurrence: Occurrence


@attrs.frozen(kw_only=True)
class Source:
    """The article of a line."""

    id: str
    title: str
    url: str
    site: str
    paper: str
    published_at: str | None
    published_precision: str | None


@attrs.frozen(kw_only=True)
class Concordance:
    """The occurrences in some of the hits of a search, in the order asked for."""

    asked: Asked
    #: Hits of all tiers, as far as counted.
    total: int
    #: True when there are more hits than *total*.
    capped: bool
    #: Hits read, from the one asked for on.
    articles: int
    #: Better tiers first.
    lines: tuple[Line, ...]
    #: True when the only article read has more occurrences than ``LINES``.
    cut: bool
    collocates: tuple[Collocate, ...]
    #: Docid -> article, of every line.
    sources: Mapping[int, Source]

    @property
    def last(self) -> int:
        """Place of the last hit read."""
        return self.asked.start + self.articles - 1

    @property
    def next_start(self) -> int | None:
        """Place of the first hit behind those read; None when there is none that can be read."""
        return self.last + 1 if self.articles and self.last < self.total else None

    @property
    def pages(self) -> int:
        """Pages of lines."""
        return -(-len(self.lines) // PAGE_SIZE)

    @property
    def on_page(self) -> tuple[Line, ...]:
        """The lines of the page asked for."""
        first = (self.asked.query.page - 1) * PAGE_SIZE
        return self.lines[first : first + PAGE_SIZE]


def read_asked(values: Mapping[str, Sequence[str]]) -> Asked:
    """Read web parameters: those of a search, and order, width, start.

    Raises SearchProblem (a BadQuery) or DateProblem (a BadDateRange) naming the parameter.
    """
    return Asked(
        query=read_query(values),
        order=_order(_one(values, "order")),
        width=_number(values, "width", WIDTH, MIN_WIDTH, MAX_WIDTH),
        start=_number(values, "start", 1, 1, _LAST_START),
    )


def concordance(connection: sqlite3.Connection, asked: Asked) -> Concordance:
    """The occurrences of a search's words in its hits from ``asked.start`` on.

    At most ``ARTICLES`` hits are read, and none behind the one with which there would be more than ``LINES``.
    Raises BadQuery when its text cannot be read, SearchTooSlow when a time limit set on the connection
    interrupted it.
    """
    query = asked.query
    steps = plan(parse(query.text), exact_only=query.exact_only, expand=query.expand)
    check_names(connection, query)

    def read(connection: sqlite3.Connection) -> Concordance:
        # the same lines for every order and page
        key = (query.anyhow(), asked.width, asked.start)
        return _KNOWN.get(
            connection, key, lambda: _read(connection, asked, found(connection, query, steps))
        )

    return _ordered(interruptible(read, connection), asked)


def _ordered(known: Concordance, asked: Asked) -> Concordance:
    # sorting keeps the order of the hits among equals
    lines = sorted(known.lines, key=lambda line: (line.tier, line.occurrence.key(asked.order)))
    return attrs.evolve(known, asked=asked, lines=tuple(lines))


def _read(connection: sqlite3.Connection, asked: Asked, tiers: Sequence[Found]) -> Concordance:
    """The lines in the order of the hits."""
    lines: list[Line] = []
    articles = 0
    cut = False
    for own in _articles(connection, asked, tiers):
        if articles and len(lines) + len(own) > LINES:
            break
        articles += 1
        cut = len(own) > LINES
        lines += own[:LINES]
    return Concordance(
        asked=asked,
        total=sum(len(tier.docids) for tier in tiers),
        capped=any(tier.capped for tier in tiers),
        articles=articles,
        lines=tuple(lines),
        cut=cut,
        collocates=collocates((line.occurrence for line in lines), COLLOCATES),
        sources=_sources(connection, {line.docid for line in lines}),
    )


def _articles(
    connection: sqlite3.Connection, asked: Asked, tiers: Sequence[Found]
) -> Iterator[list[Line]]:
    """The lines of each of the hits to be read, in the order of the hits."""
    place = 1
    end = asked.start + ARTICLES
    for tier in tiers:
        first, last = max(asked.start - place, 0), max(end - place, 0)
        docids = tier.docids[first:last]
        for hit, docid, texts in _texts(connection, tier.step, docids, place + first):
            yield [
                Line(hit=hit, docid=docid, tier=tier.step.tier, part=part, occurrence=occurrence)
                for part, text in zip(_PARTS, texts, strict=True)
                if text and OPEN in text
                for occurrence in occurrences(read_marked(text), asked.width)
            ]
        place += len(tier.docids)


def _texts(
    connection: sqlite3.Connection, step: Step, docids: Sequence[int], place: int
) -> Iterator[tuple[int, int, Sequence[str | None]]]:
    """Place, docid and marked texts of some hits, read no farther than they are taken.

    One pass over their span is the least work where they stand close together, and where there is a prefix,
    whose words FTS5 gathers anew for every statement. Elsewhere each is looked up by itself.
    """
    most = len(docids) if step.prefix else _IN_ONE_PASS
    for at in range(0, len(docids), most or 1):
        some = docids[at : at + most]
        span = max(some) - min(some)
        if step.prefix or span < _CLOSE * len(some):
            texts = _pass_over(connection, step, some)
        else:
            texts = _looked_up(connection, step, some)
        for n, (docid, marked) in enumerate(zip(some, texts, strict=True), start=at):
            yield place + n, docid, marked


def _pass_over(
    connection: sqlite3.Connection, step: Step, docids: Sequence[int]
) -> Iterator[Sequence[str | None]]:
    sql = f"{_MARKED} BETWEEN ? AND ? AND +rowid IN ({', '.join('?' * len(docids))})"
    values = [step.highlight, min(docids), max(docids), *docids]
    rows = connection.execute(sql.format(index=step.index), values)
    texts = {row[0]: row[1:] for row in rows}
    yield from (texts[docid] for docid in docids)


def _looked_up(
    connection: sqlite3.Connection, step: Step, docids: Sequence[int]
) -> Iterator[Sequence[str | None]]:
    sql = f"{_MARKED} = ?".format(index=step.index)
    for docid in docids:
        yield connection.execute(sql, [step.highlight, docid]).fetchone()[1:]


_TEXTS: Final = ", ".join(f"highlight({{index}}, {n}, '{OPEN}', '{CLOSE}')" for n in range(3))
_MARKED: Final = f"SELECT rowid, {_TEXTS} FROM {{index}} WHERE {{index}} MATCH ? AND rowid"  # noqa: S608 - built of constants
_SOURCES: Final = """
    SELECT docid, id, title, url, site, paper, published_at, published_precision
    FROM articles WHERE docid IN ({marks})
"""


def _sources(connection: sqlite3.Connection, docids: set[int]) -> dict[int, Source]:
    rows = connection.execute(_SOURCES.format(marks=", ".join("?" * len(docids))), list(docids))
    return {
        docid: Source(
            id=key, title=title, url=url, site=site, paper=paper, published_at=published_at,
            published_precision=precision,
        )
        for docid, key, title, url, site, paper, published_at, precision in rows
    }  # fmt: skip


def _one(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    given = [value.strip() for value in values.get(name, ()) if value.strip()]
    if len(given) > 1:
        raise SearchProblem("given_twice", parameter=name)
    return given[0][:MAX_VALUE] if given else None


def _order(value: str | None) -> Order:
    if value is None:
        return Order.DATE
    try:
        return Order(value)
    except ValueError:
        orders = ", ".join(Order)
        raise SearchProblem("bad_order", parameter="order", value=value, orders=orders) from None


def _number(
    values: Mapping[str, Sequence[str]], name: str, default: int, first: int, limit: int
) -> int:
    value = _one(values, name)
    if value is None:
        return default
    if not _NUMBER.fullmatch(value) or not first <= int(value) <= limit:
        raise SearchProblem("bad_number", parameter=name, value=value, first=first, limit=limit)
    return int(value)
