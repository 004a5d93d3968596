"""The full-text searches that answer a query, best first; or the list of all that pass its filters.

Marked queries try the exact index, then the folded one. A query typed without any mark gives the
exact index the whole phrase only: its separate syllables are common words by themselves ("quan",
"khu"), and matching them anywhere would put "cơ quan ... khu vực" above "quân khu".

What a reader typed reaches FTS5 only inside double quotes, so every expression is well-formed.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.expansion import variants
from archive.desk.query import parse
from archive.phrases.forms import EXACT, FOLDED
from archive.vietnamese import has_marks, syllables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.desk.filters import Query
    from archive.desk.query import ParsedQuery, Unit
    from archive.phrases.forms import Form

EXACT_INDEX: Final = "articles_exact"
FOLDED_INDEX: Final = "articles_folded"
#: Index -> the form it is fed with.
FORM_OF: Final = {EXACT_INDEX: EXACT, FOLDED_INDEX: FOLDED}


class Tier(enum.IntEnum):
    """How well a document answers the query; lower is better."""

    #: Nothing was looked for: it passes the filters.
    LISTED = 0
    EXACT_PHRASE = 1
    EXACT_WORDS = 2
    FOLDED_PHRASE = 3
    FOLDED_WORDS = 4

    @property
    def exact(self) -> bool:
        """True when diacritics were respected."""
        return self <= Tier.EXACT_WORDS

    @property
    def match(self) -> str | None:
        """``exact`` or ``folded``, as the JSON says it; None where nothing was looked for."""
        if self is Tier.LISTED:
            return None
        return "exact" if self.exact else "folded"


@attrs.frozen(kw_only=True)
class Piece:
    """A part of a search that can be looked for by itself."""

    #: FTS5 expressions of which any is enough -> the same as a common phrase is written, None where only
    #: FTS5 can tell what it finds.
    any_of: tuple[tuple[str, str | None], ...]
    #: True for a single word: FTS5 joins words without looking at their places.
    is_word: bool = False

    @property
    def match(self) -> str:
        """FTS5 expression of the whole."""
        return _any(match for match, _ in self.any_of)


@attrs.frozen(kw_only=True)
class Step:
    """One FTS5 search; those of its hits that no better step has are of its tier."""

    tier: Tier
    #: Table of the search; ``facts`` of a list without one.
    index: str
    #: FTS5 expression of the hits; empty: every article.
    match: str
    #: FTS5 expression of what is highlighted in them.
    highlight: str
    #: ``match`` in pieces that can be looked for one by one: a hit has every piece of any alternative.
    alternatives: tuple[tuple[Piece, ...], ...] = ()
    #: The piece that no hit has; empty: none is.
    refused: str = ""
    #: FTS5 expression on the exact index whose documents are unwanted.
    without_exact: str | None = None
    #: True when a prefix is looked for: FTS5 then reads all words that have it, whatever the span.
    prefix: bool = False


#: Every article that passes the filters.
LISTING: Final = Step(tier=Tier.LISTED, index="facts", match="", highlight="")


def steps_of(query: Query) -> tuple[Step, ...]:
    """The searches that answer *query*. Raises SearchProblem when its text cannot be read or nothing is asked for."""
    if query.is_listing:
        return (LISTING,)
    return plan(parse(query.text), exact_only=query.exact_only, expand=query.expand)


def plan(query: ParsedQuery, *, exact_only: bool = False, expand: bool = True) -> tuple[Step, ...]:
    """The searches that answer *query*, best tier first; a document is of the first that hits it.

    With *expand*, other ways to write its words count as the words themselves.
    """
    phrase = query.together()
    exact = [phrase]
    if phrase != query and (query.marked or exact_only):
        exact.append(query)
    exactly = _Writer(EXACT, expand=expand)
    steps = list(_steps(exact, EXACT_INDEX, exactly, query.unwanted))
    if exact_only:
        return tuple(steps)
    folded = [phrase] if phrase == query else [phrase, query]
    unmarked = tuple(unit for unit in query.unwanted if not has_marks(unit.text))
    marked = tuple(unit for unit in query.unwanted if has_marks(unit.text))
    folding = _Writer(FOLDED, expand=expand)
    without = _any(map(exactly.unit, marked)) or None
    steps += _steps(folded, FOLDED_INDEX, folding, unmarked, without_exact=without)
    return tuple(steps)


def expansions(query: ParsedQuery) -> tuple[str, ...]:
    """What is looked for besides the words of *query* themselves, in comparing form."""
    units = [unit for unit in query.together().units if not unit.near]
    return tuple(dict.fromkeys(other for unit in units for other in variants(unit.text)))


@attrs.frozen
class _Writer:
    """Writes units as FTS5 expressions in the comparing form of one index."""

    form: Form
    expand: bool = attrs.field(kw_only=True)

    def wanted(self, query: ParsedQuery) -> str:
        return _any("(" + " AND ".join(map(self.unit, units)) + ")" for units in query.alternatives)

    def alternatives(self, query: ParsedQuery) -> tuple[tuple[Piece, ...], ...]:
        return tuple(tuple(self._pieces(units)) for units in query.alternatives)

    def _pieces(self, units: Iterable[Unit]) -> list[Piece]:
        """Words first, then phrases, the longest first."""
        lengths = {unit: len(syllables(unit.text)) for unit in units}
        ordered = sorted(lengths, key=lambda unit: (lengths[unit] > 1, -lengths[unit]))
        return [
            Piece(any_of=tuple(self._any_of(unit)), is_word=lengths[unit] == 1) for unit in ordered
        ]

    def _any_of(self, unit: Unit) -> Iterator[tuple[str, str | None]]:
        if unit.near or unit.prefix or unit.part:
            yield self.unit(unit), None
            return
        for text in self._texts(unit):
            yield self._quoted(text), self.form.phrase(text) or None

    def _texts(self, unit: Unit) -> list[str]:
        """The unit itself and other ways to write it."""
        return [unit.text, *(variants(unit.text) if self.expand else ())]

    def unit(self, unit: Unit) -> str:
        if unit.near:
            words = " ".join(map(self._quoted, unit.near))
            written = f"NEAR({words}, {unit.distance})"
        else:
            star = "*" if unit.prefix else ""
            keys = dict.fromkeys(self._quoted(text) + star for text in self._texts(unit))
            written = _any(keys) if len(keys) == 1 else f"({_any(keys)})"
        return f"{unit.part} : {written}" if unit.part else written

    def _quoted(self, text: str) -> str:
        return '"' + self.form.key(text).replace('"', " ") + '"'


def _steps(
    readings: list[ParsedQuery],
    index: str,
    writer: _Writer,
    unwanted: tuple[Unit, ...],
    *,
    without_exact: str | None = None,
) -> Iterator[Step]:
    refused = _any(map(writer.unit, unwanted))
    for reading in readings:
        wanted = writer.wanted(reading)
        yield Step(
            tier=_tier(index, phrase=reading.holds_phrase and reading == readings[0]),
            index=index,
            match=f"({wanted}) NOT ({refused})" if refused else wanted,
            highlight=wanted,
            alternatives=writer.alternatives(reading),
            refused=refused,
            without_exact=without_exact,
            prefix=any(unit.prefix for unit in (*reading.units, *unwanted)),
        )


def _tier(index: str, *, phrase: bool) -> Tier:
    if index == EXACT_INDEX:
        return Tier.EXACT_PHRASE if phrase else Tier.EXACT_WORDS
    return Tier.FOLDED_PHRASE if phrase else Tier.FOLDED_WORDS


def _any(expressions: Iterable[str]) -> str:
    return " OR ".join(expressions)
