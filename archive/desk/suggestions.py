"""What else a reader may have meant: the marks that are missing, and the filter that was too much."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.filters import Facet
from archive.desk.hits import gather
from archive.desk.plan import steps_of
from archive.desk.query import parse
from archive.desk.tallies import Tallies
from archive.vietnamese import exact_key, fold, has_marks, syllables

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from archive.desk.filters import Query
    from archive.desk.search import Hit

#: Hits counted for a suggestion; more are shown as "more than".
MOST: Final = 1_000
#: A spelling is offered when the hits print it at least so often.
_FEWEST: Final = 2


@attrs.frozen(kw_only=True)
class Relaxation:
    """One thing less to ask for, and what that would find."""

    #: ``paper``, ``province`` ..., ``dates``, ``exact``, ``quotes`` or ``any_word``.
    what: str
    query: Query
    hits: int
    #: True when there are more than *hits*.
    capped: bool


_KNOWN: Final[Tallies[tuple[Relaxation, ...]]] = Tallies()


def spelt_with_marks(query: Query, hits: Sequence[Hit]) -> str | None:
    """The spelling with marks that the hits print most for a query typed without some of them.

    None when the query's own spelling is printed as often, or the hits print none often enough.
    """
    units = list(parse(query.text).together().units)
    if len(units) != 1 or units[0].near or units[0].prefix or units[0].part:
        return None
    words = syllables(units[0].text)
    own, folded = exact_key(" ".join(words)), fold(" ".join(words))
    printed: Counter[str] = Counter()
    for hit in hits:
        for text in (hit.title, *hit.excerpts):
            for segment in text.segments:
                form = exact_key(" ".join(syllables(segment.text)))
                if segment.found and fold(form) == folded:
                    printed[form] += 1
    if not printed:
        return None
    best, times = max(printed.items(), key=lambda item: (item[1], item[0]))
    if best == own or times < _FEWEST or printed[own] * 2 > times or not has_marks(best):
        return None
    return best


def relaxations(connection: sqlite3.Connection, query: Query) -> tuple[Relaxation, ...]:
    """What a search without any hit would find with one thing less asked for, most hits first."""
    return _KNOWN.get(connection, query.anyhow(), lambda: _relaxed(connection, query.anyhow()))


def _relaxed(connection: sqlite3.Connection, query: Query) -> tuple[Relaxation, ...]:
    found = [
        Relaxation(what=what, query=other, hits=min(hits, MOST), capped=hits > MOST)
        for what, other in _milder(query)
        if (other.text or other.filtered) and (hits := _count(connection, other))
    ]
    return tuple(sorted(found, key=lambda x: -x.hits))


def _milder(query: Query) -> Iterator[tuple[str, Query]]:
    for facet in Facet:
        if query.chosen(facet):
            yield facet.value, attrs.evolve(query.without(facet), page=1)
    if query.published_from or query.published_to:
        yield "dates", attrs.evolve(query, published_from=None, published_to=None, page=1)
    if query.exact_only:
        yield "exact", attrs.evolve(query, exact_only=False, page=1)
    if not query.expand:
        yield "expand", attrs.evolve(query, expand=True, page=1)
    if query.is_listing:
        return
    parsed = parse(query.text)
    if len(parsed.alternatives) > 1 or any(unit.part or unit.near for unit in parsed.units):
        return
    words = [word for unit in parsed.units for word in syllables(unit.text)]
    if any(unit.quoted for unit in parsed.units):
        yield "quotes", attrs.evolve(query, text=" ".join(words), page=1)
    # the syllables of one run are one word of the language: any of them alone would be another
    phrases = list(parsed.together().units)
    if len(phrases) > 1:
        written = (f'"{unit.text}"' if unit.quoted else unit.text for unit in phrases)
        yield "any_word", attrs.evolve(query, text=" OR ".join(written), page=1)


def _count(connection: sqlite3.Connection, query: Query) -> int:
    tiers = gather(connection, query, steps_of(query), limit=MOST)
    return sum(len(tier.docids) + tier.capped for tier in tiers)
