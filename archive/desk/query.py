"""What a reader types into the search box, read into alternatives of words and phrases.

Text becomes alternatives (separated by ``OR``) of units and unwanted units (``NOT`` or a leading
``-``), which hold for the whole query. OR binds weaker than the space between words, because a
Vietnamese word is written as several syllables: ``dân quân OR tự vệ`` means what it says. A unit is

- a word or a "quoted phrase", each with an optional ``*``;
- either of them in one part of the article: ``title:``, ``sapo:`` or ``body:`` before it. Before an
  unquoted word it holds for the words after it too, up to the next operator, quotation or part;
- ``NEAR(một từ, "một cụm từ", 10)``: parts that stand at most 10 words from each other.

Everything else is text. ``plan.py`` makes searches of it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

import attrs

from archive.desk.problems import SearchProblem
from archive.vietnamese import fold, has_marks, nfc, syllables

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longest query text, in characters; longer ones are pasted by mistake.
MAX_CHARACTERS: Final = 500
#: Most words and phrases in one query; far below FTS5's own limit on the size of an expression.
MAX_UNITS: Final = 40
#: Letters a prefix needs: FTS5 reads every word that has it, and two letters ("th", "ng") are those of a
#: tenth of a Vietnamese text; three cost no more than a common word (docs/search.md#limits).
MIN_PREFIX: Final = 3
#: Words that may stand between the parts of NEAR, when nothing is said and at most.
DISTANCE: Final = 10
MAX_DISTANCE: Final = 100

#: How the parts of an article may be named in a query, folded -> column.
PARTS: Final = {
    "title": "title", "tieude": "title", "tit": "title",
    "sapo": "sapo", "lead": "sapo",
    "body": "body", "text": "body", "noidung": "body", "than": "body",
}  # fmt: skip


@attrs.frozen
class Unit:
    """A word, or words that must stand together or near each other."""

    text: str
    prefix: bool = False
    quoted: bool = False
    #: Column it must stand in: ``title``, ``sapo`` or ``body``; None: any.
    part: str | None = None
    #: Of NEAR: the words and phrases, in any order; *text* is all of them.
    near: tuple[str, ...] = ()
    #: Of NEAR: most words between two of them.
    distance: int = DISTANCE


@attrs.frozen(kw_only=True)
class ParsedQuery:
    """A query as read: any of *alternatives*, none of *unwanted*."""

    #: Each alternative's units must all occur.
    alternatives: tuple[tuple[Unit, ...], ...]
    unwanted: tuple[Unit, ...] = ()

    @property
    def units(self) -> Iterator[Unit]:
        """Every wanted unit."""
        return (unit for units in self.alternatives for unit in units)

    @property
    def marked(self) -> bool:
        """True when any wanted unit holds a Vietnamese mark."""
        return any(has_marks(unit.text) for unit in self.units)

    def together(self) -> ParsedQuery:
        """The same query with each run of unquoted words read as one phrase."""
        return attrs.evolve(self, alternatives=tuple(map(_joined, self.alternatives)))

    @property
    def holds_phrase(self) -> bool:
        """True when some unit has several syllables."""
        return any(len(syllables(unit.text)) > 1 for unit in self.units)


def parse(text: str) -> ParsedQuery:
    """Read a query. Raises SearchProblem (a BadQuery) when nothing in it can be looked for."""
    plain = _plain(text)
    if len(plain) > MAX_CHARACTERS:
        raise SearchProblem("query_too_long", limit=MAX_CHARACTERS)
    alternatives: list[list[Unit]] = [[]]
    unwanted: list[Unit] = []
    negate = False
    run_part: str | None = None
    for token in _TOKEN.finditer(plain):
        if (operator := token["word"]) in _OPERATORS:
            negate = operator == "NOT"
            run_part = None
            if operator == "OR":
                alternatives.append([])
            continue
        part = _part(token)
        # a part named before an unquoted word holds for the words after it
        bare = token["word"] is not None and not token["minus"]
        run_part = (part or run_part) if bare else None
        unit = _unit(token, run_part if bare else part)
        if unit is not None:
            (unwanted if negate or token["minus"] else alternatives[-1]).append(unit)
            negate = False
    return _checked(alternatives, unwanted)


_OPERATORS: Final = ("AND", "OR", "NOT")
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»＂″", '"'))
_TOKEN: Final = re.compile(
    r"""
    (?P<minus>(?<!\S)-(?=[^\s-]))?
    (?: (?P<part>[^\W\d_]+):(?=[^\s:/]) )?
    (?:
        NEAR\( (?P<near>[^()]*) (?P<closed>\))?
      | "(?P<phrase>[^"]*)"?(?P<star>\*)?
      | (?P<word>[^\s"]+)
    )
    """,
    re.VERBOSE,
)
_INSIDE_NEAR: Final = re.compile(r'"(?P<phrase>[^"]*)"?|(?P<word>[^\s",]+)|(?P<comma>,)')
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def _plain(text: str) -> str:
    """NFC text with one kind of quotation mark and no character SQLite or FTS5 cannot take."""
    kept = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text)
    return nfc(kept).translate(_QUOTES).strip()


def _part(token: re.Match[str]) -> str | None:
    """The column named before a token; what names none is text."""
    return PARTS.get(fold(token["part"])) if token["part"] else None


def _unit(token: re.Match[str], part: str | None) -> Unit | None:
    if token["near"] is not None:
        return _near(token, part)
    quoted = token["phrase"] is not None
    text = token["phrase"] if quoted else token["word"]
    if token["part"] and _part(token) is None:
        text = f"{token['part']}:{text}"
    prefix = text.rstrip().endswith("*") or token["star"] is not None
    text = text.rstrip("* ").strip()
    words = syllables(text)
    if not words:
        if _part(token):
            raise SearchProblem("part_empty", part=token["part"])
        return None
    if prefix and len(words[-1]) < MIN_PREFIX:
        raise SearchProblem("prefix_too_short", word=words[-1])
    return Unit(text, prefix=prefix, quoted=quoted, part=part)


def _near(token: re.Match[str], part: str | None) -> Unit:
    if token["closed"] is None:
        raise SearchProblem("near_open")
    words: list[str] = []
    distance = DISTANCE
    inside = list(_INSIDE_NEAR.finditer(token["near"]))
    after_comma = len(inside) > 1 and inside[-2]["comma"] is not None
    if after_comma and _NUMBER.fullmatch(inside[-1]["word"] or ""):
        distance = int(inside.pop()["word"])
    for item in inside:
        text = (item["phrase"] if item["phrase"] is not None else item["word"]) or ""
        if "*" in text:
            raise SearchProblem("near_star")
        if text in _OPERATORS and item["phrase"] is None:
            raise SearchProblem("near_operator", word=text)
        if syllables(text):
            words.append(text)
    if len(words) < 2:  # noqa: PLR2004 - something is near something
        raise SearchProblem("near_alone")
    if not 0 < distance <= MAX_DISTANCE:
        raise SearchProblem("near_distance", value=distance, limit=MAX_DISTANCE)
    return Unit(" ".join(words), quoted=True, part=part, near=tuple(words), distance=distance)


def _checked(alternatives: list[list[Unit]], unwanted: list[Unit]) -> ParsedQuery:
    wanted = tuple(tuple(units) for units in alternatives if units)
    if not wanted:
        raise SearchProblem("only_unwanted" if unwanted else "query_empty")
    if sum(len(unit.near) or 1 for units in (*wanted, unwanted) for unit in units) > MAX_UNITS:
        raise SearchProblem("query_too_many_words", limit=MAX_UNITS)
    return ParsedQuery(alternatives=wanted, unwanted=tuple(unwanted))


def _joined(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    joined: list[Unit] = []
    open_run = False
    for unit in units:
        if open_run and not unit.quoted and unit.part == joined[-1].part:
            text = f"{joined[-1].text} {unit.text}"
            joined[-1] = attrs.evolve(joined[-1], text=text, prefix=unit.prefix)
        else:
            joined.append(unit)
        open_run = not unit.quoted and not unit.prefix
    return tuple(joined)
