"""Every hit of a search, as sets: what timelines count.

The common phrases were found when the snapshot was built. FTS5 looks for each other one by itself, in one
pass over its index; what was found for one is remembered, and joining the sets costs next to nothing. So a
phrase is looked for once, whatever stands beside it, whatever
filters are set and whatever its hits are set side by side by (docs/design-notes.md#timelines).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.article_sets import newest_of, read_sets, set_of
from archive.desk.common_phrases import articles_with
from archive.desk.expansion import variants
from archive.desk.filters import Query, dated
from archive.desk.hits import among, whole
from archive.desk.plan import EXACT_INDEX, expansions, plan, steps_of
from archive.desk.query import parse
from archive.desk.tallies import Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from archive.desk.plan import Piece, Step
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
    passing = read_sets(connection).passing(connection, query)
    steps = steps_of(query)
    if query.is_listing:
        return HitSets(exact=passing, every=passing)
    looking = _Looking(connection, passing, dated(connection, query))
    parsed = parse(query.text)
    exact, folded = (
        looking.any_of(_needed(query, parsed, some))
        for some in (
            [step for step in steps if step.tier.exact],
            [step for step in steps if not step.tier.exact],
        )
    )
    return HitSets(exact=exact, every=exact | folded)


@attrs.frozen(kw_only=True)
class _Part:
    """A piece of a search, as far as common phrases answer it."""

    #: FTS5 expression of the piece.
    match: str
    #: That of what FTS5 has to look for; empty: nothing.
    unknown: str
    #: Articles that have a common phrase of the piece; they are hits whatever FTS5 finds.
    common: int = 0
    is_word: bool = False


@attrs.frozen
class _Looking:
    """Looks for the hits of steps among the articles that pass."""

    connection: sqlite3.Connection
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

    def _with_all(self, step: Step, pieces: tuple[Piece, ...]) -> int:
        left, asked = self.passing, []
        for piece in pieces:
            part = self._part(step, piece)
            if part.unknown:
                asked.append(part)
            else:
                left &= part.common
        parts = _words_together(asked)
        if len(parts) > _MOST_PIECES:
            parts = [_together(parts)]
        for place, part in enumerate(parts):
            rest = _together(parts[place:])
            if left.bit_count() <= self._few(step, rest.match):
                return self._among(step, rest.match, left)
            left &= part.common | self._having(step, part.unknown)
        return left

    def _part(self, step: Step, piece: Piece) -> _Part:
        known = articles_with(self.connection, step, piece)
        is_word = piece.is_word and not known.articles
        return _Part(
            match=piece.match, unknown=known.unknown, common=known.articles, is_word=is_word
        )

    def _few(self, step: Step, match: str) -> int:
        """Of how many articles it costs less to look into each than to read the index for all."""
        if step.prefix:
            return 0  # whose words FTS5 would gather anew for each
        return min(_LOOKED_INTO, len(self.span) // _ONE_IN) // (match.count('"') // 2)

    def _among(self, step: Step, match: str, articles: int) -> int:
        wanted = attrs.evolve(step, match=match, without_exact=None)
        docids = newest_of(articles, articles.bit_count())
        return set_of(among(self.connection, wanted, docids))

    def _having(self, step: Step, match: str) -> int:
        """The articles of the span that one expression finds; remembered."""

        def look() -> int:
            wanted = attrs.evolve(step, match=match, without_exact=None)
            return set_of(whole(self.connection, wanted, _UNFILTERED, self.span))

        return _KNOWN.get(self.connection, (step.index, match, self.span), look)


def _together(parts: Sequence[_Part]) -> _Part:
    """All of some parts as one, which FTS5 looks for."""
    match = " AND ".join(f"({part.match})" for part in parts)
    return _Part(match=match, unknown=match)


def _words_together(parts: Sequence[_Part]) -> list[_Part]:
    """Single words as one part: FTS5 joins them without looking at their places."""
    words = [part for part in parts if part.is_word]
    return [*([_together(words)] if words else ()), *(part for part in parts if not part.is_word)]


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
