"""Every hit of a search, as sets: what timelines count.

FTS5 looks for each phrase by itself, in one pass over its index; what was found for one is remembered, and
joining the sets costs next to nothing. So a phrase is looked for once, whatever stands beside it, whatever
filters are set and whatever its hits are set side by side by (docs/design-notes.md#timelines).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.article_sets import read_sets, set_of
from archive.desk.expansion import variants
from archive.desk.filters import Query
from archive.desk.hits import among, dated, whole
from archive.desk.plan import EXACT_INDEX, expansions, plan, steps_of
from archive.desk.query import parse
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from archive.desk.article_sets import ArticleSets
    from archive.desk.plan import Step
    from archive.desk.query import ParsedQuery

#: Pieces of an alternative that are looked for one by one; of more, FTS5 sooner finds that they do not
#: stand together.
_MOST_PIECES: Final = 4
#: Articles a word is looked for in one by one, and the least part of the span that they are: more, and a
#: pass over the index costs less.
_LOOKED_INTO: Final = 4_000
_ONE_IN: Final = 50

_UNFILTERED: Final = Query(text="")
_KNOWN: Final[Tallies[int]] = Tallies()


@attrs.frozen(kw_only=True)
class HitSets:
    """The hits of a search."""

    #: Hits in which the diacritics are as asked.
    exact: int
    #: All hits, those included.
    every: int


def hit_sets(connection: sqlite3.Connection, query: Query) -> HitSets:
    """Every hit of *query*; without words all that pass its filters are both.

    Raises BadQuery when its text cannot be read.
    """
    sets = read_sets(connection)
    passing = sets.passing(connection, query)
    steps = steps_of(query)
    if query.is_listing:
        return HitSets(exact=passing, every=passing)
    looking = _Looking(connection, sets, passing, dated(connection, query))
    parsed = parse(query.text)
    exact, folded = (
        looking.any_of(_needed(query, parsed, some))
        for some in (
            [step for step in steps if step.tier.exact],
            [step for step in steps if not step.tier.exact],
        )
    )
    return HitSets(exact=exact, every=exact | folded)


@attrs.frozen
class _Looking:
    """Looks for the hits of steps among the articles that pass."""

    connection: sqlite3.Connection
    sets: ArticleSets
    passing: int
    #: Docids of all that pass in time; passes of FTS5 keep to it.
    span: range

    def any_of(self, steps: Sequence[Step]) -> int:
        """What any of some steps finds."""
        found = 0
        for step in steps:
            found |= self._of_step(step)
        return found

    def _of_step(self, step: Step) -> int:
        found = 0
        for pieces in step.alternatives:
            found |= self._with_all(step, pieces)
        if found and step.refused:
            found &= ~self._having(step, step.refused)
        if found and step.without_exact:
            found &= ~self._having(attrs.evolve(step, index=EXACT_INDEX), step.without_exact)
        return found

    def _with_all(self, step: Step, pieces: tuple[str, ...]) -> int:
        if len(pieces) > _MOST_PIECES:
            pieces = (_joined(pieces),)
        left = self.passing
        for place, piece in enumerate(pieces):
            rest = _joined(pieces[place:])
            if left.bit_count() <= self._few(step, rest):
                return self._among(step, rest, left)
            left &= self._having(step, piece)
        return left

    def _few(self, step: Step, match: str) -> int:
        """Of how many articles it costs less to look into each than to read the index for all."""
        if step.prefix:
            return 0  # whose words FTS5 would gather anew for each
        return min(_LOOKED_INTO, len(self.span) // _ONE_IN) // (match.count('"') // 2)

    def _among(self, step: Step, match: str, articles: int) -> int:
        wanted = attrs.evolve(step, match=match, without_exact=None)
        found = among(self.connection, wanted, list(_docids(articles)))
        return set_of(found, self.sets.size)

    def _having(self, step: Step, match: str) -> int:
        """The articles of the span that one expression finds; remembered."""

        def look() -> int:
            wanted = attrs.evolve(step, match=match, without_exact=None)
            docids = whole(self.connection, wanted, _UNFILTERED, self.span)
            return set_of(docids, self.sets.size)

        return _KNOWN.get(self.connection, (step.index, match, self.span), look)


def _joined(pieces: Sequence[str]) -> str:
    return " AND ".join(f"({piece})" for piece in pieces)


def _docids(articles: int) -> Iterator[int]:
    digits = f"{articles:b}"[::-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def _needed(query: Query, parsed: ParsedQuery, steps: Sequence[Step]) -> Sequence[Step]:
    """Fewer or cheaper steps that find together what *steps* find; all of *steps* are of one index.

    Where words stand together they stand in the article, so of the step for the phrase only other ways
    to write it are needed. Finding long phrases of common words is most of the work.
    """
    if not steps or not (query.expand and expansions(parsed)):
        return steps[-1:]
    phrases = parsed.together().alternatives
    if len(steps) == 1 or any(len(units) > 1 for units in phrases):
        return steps
    others = attrs.evolve(
        parsed,
        alternatives=tuple(
            (attrs.evolve(unit, text=other, quoted=True),)
            for [unit] in phrases
            for other in variants(unit.text)
        ),
    )
    instead = plan(others, exact_only=query.exact_only, expand=False)
    return [*(step for step in instead if step.index == steps[0].index), steps[-1]]
