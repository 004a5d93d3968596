"""What a reader types into the search box, as FTS5 expressions that can only be well-formed.

Text becomes alternatives (separated by ``OR``) of units (words and "quoted phrases", each with an
optional ``*``) and unwanted units (``NOT`` or a leading ``-``), which hold for the whole query.
OR binds weaker than the space between words, because a Vietnamese word is written as several
syllables: ``dân quân OR tự vệ`` means what it says. Everything else is text; it reaches FTS5 only
inside double quotes.

A query is answered in steps, best first (``plan``). Marked queries try the exact index, then the
folded one. A query typed without any mark gives the exact index the whole phrase only: its
separate syllables are common words by themselves ("quan", "khu"), and matching them
anywhere would put "cơ quan ... khu vực" above "quân khu".
"""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.problems import SearchProblem
from archive.vietnamese import exact_key, fold, has_marks, nfc, syllables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Longest query text, in characters; longer ones are pasted by mistake.
MAX_CHARACTERS: Final = 500
#: Most words and phrases in one query; far below FTS5's own limit on the size of an expression.
MAX_UNITS: Final = 40
#: Letters a prefix needs; one letter would walk through a tenth of the index.
MIN_PREFIX: Final = 2

EXACT_INDEX: Final = "articles_exact"
FOLDED_INDEX: Final = "articles_folded"


class Tier(enum.IntEnum):
    """How well a document answers the query; lower is better."""

    EXACT_PHRASE = 1
    EXACT_WORDS = 2
    FOLDED_PHRASE = 3
    FOLDED_WORDS = 4

    @property
    def exact(self) -> bool:
        """True when diacritics were respected."""
        return self <= Tier.EXACT_WORDS

    @property
    def match(self) -> str:
        """``exact`` or ``folded``, as the JSON says it."""
        return "exact" if self.exact else "folded"


@attrs.frozen
class Unit:
    """A word, or words that must stand together."""

    text: str
    prefix: bool = False
    quoted: bool = False


@attrs.frozen(kw_only=True)
class ParsedQuery:
    """A query as read: any of *alternatives*, none of *unwanted*."""

    #: Each alternative's units must all occur.
    alternatives: tuple[tuple[Unit, ...], ...]
    unwanted: tuple[Unit, ...] = ()

    @property
    def marked(self) -> bool:
        """True when any wanted unit holds a Vietnamese mark."""
        return any(has_marks(unit.text) for units in self.alternatives for unit in units)

    def together(self) -> ParsedQuery:
        """The same query with each run of unquoted words read as one phrase."""
        return attrs.evolve(self, alternatives=tuple(map(_joined, self.alternatives)))

    @property
    def holds_phrase(self) -> bool:
        """True when some unit has several syllables."""
        return any(len(syllables(unit.text)) > 1 for units in self.alternatives for unit in units)


@attrs.frozen(kw_only=True)
class Step:
    """One FTS5 search; its hits are of one tier and of no better one."""

    tier: Tier
    index: str
    #: FTS5 expression of the hits.
    match: str
    #: FTS5 expression of what is highlighted in them.
    highlight: str
    #: FTS5 expression on the exact index whose documents are left out.
    without_exact: str | None = None


def parse(text: str) -> ParsedQuery:
    """Read a query. Raises SearchProblem (a BadQuery) when nothing in it can be looked for."""
    plain = _plain(text)
    if len(plain) > MAX_CHARACTERS:
        raise SearchProblem("query_too_long", limit=MAX_CHARACTERS)
    alternatives: list[list[Unit]] = [[]]
    unwanted: list[Unit] = []
    negate = False
    for token in _TOKEN.finditer(plain):
        if (operator := token["word"]) in _OPERATORS:
            negate = operator == "NOT"
            if operator == "OR":
                alternatives.append([])
            continue
        unit = _unit(token)
        if unit is not None:
            (unwanted if negate or token["minus"] else alternatives[-1]).append(unit)
            negate = False
    return _checked(alternatives, unwanted)


def plan(query: ParsedQuery, *, exact_only: bool = False) -> tuple[Step, ...]:
    """The searches that answer *query*, best tier first; no document is hit by two of them."""
    phrase = query.together()
    exact = [phrase]
    if phrase != query and (query.marked or exact_only):
        exact.append(query)
    steps = list(_steps(exact, EXACT_INDEX, exact_key, query.unwanted))
    if exact_only:
        return tuple(steps)
    folded = [phrase] if phrase == query else [phrase, query]
    unmarked = tuple(unit for unit in query.unwanted if not has_marks(unit.text))
    marked = tuple(unit for unit in query.unwanted if has_marks(unit.text))
    already = _any([_wanted(exact[-1], exact_key), *(_quoted(unit, exact_key) for unit in marked)])
    steps += _steps(folded, FOLDED_INDEX, fold, unmarked, without_exact=already)
    return tuple(steps)


_OPERATORS: Final = ("AND", "OR", "NOT")
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»＂″", '"'))
_TOKEN: Final = re.compile(
    r"""
    (?P<minus>(?<!\S)-(?=[^\s-]))?
    (?: "(?P<phrase>[^"]*)"?(?P<star>\*)? | (?P<word>[^\s"]+) )
    """,
    re.VERBOSE,
)


def _plain(text: str) -> str:
    """NFC text with one kind of quotation mark and no character SQLite or FTS5 cannot take."""
    kept = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text)
    return nfc(kept).translate(_QUOTES).strip()


def _unit(token: re.Match[str]) -> Unit | None:
    quoted = token["phrase"] is not None
    text = token["phrase"] if quoted else token["word"]
    prefix = text.rstrip().endswith("*") or token["star"] is not None
    text = text.rstrip("* ").strip()
    words = syllables(text)
    if not words:
        return None
    if prefix and len(words[-1]) < MIN_PREFIX:
        raise SearchProblem("prefix_too_short", word=words[-1])
    return Unit(text, prefix=prefix, quoted=quoted)


def _checked(alternatives: list[list[Unit]], unwanted: list[Unit]) -> ParsedQuery:
    wanted = tuple(tuple(units) for units in alternatives if units)
    if not wanted:
        raise SearchProblem("only_unwanted" if unwanted else "query_empty")
    if sum(map(len, wanted)) + len(unwanted) > MAX_UNITS:
        raise SearchProblem("query_too_many_words", limit=MAX_UNITS)
    return ParsedQuery(alternatives=wanted, unwanted=tuple(unwanted))


def _joined(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    joined: list[Unit] = []
    open_run = False
    for unit in units:
        if open_run and not unit.quoted:
            joined[-1] = Unit(f"{joined[-1].text} {unit.text}", prefix=unit.prefix)
        else:
            joined.append(unit)
        open_run = not unit.quoted and not unit.prefix
    return tuple(joined)


def _steps(
    readings: list[ParsedQuery],
    index: str,
    key: Callable[[str], str],
    unwanted: tuple[Unit, ...],
    *,
    without_exact: str | None = None,
) -> Iterator[Step]:
    better: list[str] = []
    for reading in readings:
        wanted = _wanted(reading, key)
        refused = [*better, *(_quoted(unit, key) for unit in unwanted)]
        yield Step(
            tier=_tier(index, phrase=reading.holds_phrase and reading == readings[0]),
            index=index,
            match=f"({wanted}) NOT ({_any(refused)})" if refused else wanted,
            highlight=wanted,
            without_exact=without_exact,
        )
        better.append(f"({wanted})")


def _tier(index: str, *, phrase: bool) -> Tier:
    if index == EXACT_INDEX:
        return Tier.EXACT_PHRASE if phrase else Tier.EXACT_WORDS
    return Tier.FOLDED_PHRASE if phrase else Tier.FOLDED_WORDS


def _wanted(query: ParsedQuery, key: Callable[[str], str]) -> str:
    return _any(
        "(" + " AND ".join(_quoted(unit, key) for unit in units) + ")"
        for units in query.alternatives
    )


def _any(expressions: list[str] | Iterator[str]) -> str:
    return " OR ".join(expressions)


def _quoted(unit: Unit, key: Callable[[str], str]) -> str:
    return '"' + key(unit.text).replace('"', " ") + '"' + ("*" if unit.prefix else "")
