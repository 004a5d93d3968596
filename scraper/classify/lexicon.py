"""The lexicon of relevance: ``lexicon.toml`` read, checked and made ready for searching."""

from __future__ import annotations

import enum
import itertools
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

import ahocorasick
import attrs

from archive.errors import DqtvError
from archive.vietnamese import exact_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_FILE: Final = "lexicon.toml"
_CHOICE: Final = re.compile(r"\{([^{}]*)\}")
_Numbers = TypeVar("_Numbers", "Score", "Levels")


class LexiconError(DqtvError):
    """Mistakes in the lexicon; ``problems`` holds one line for each, beginning with its key."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["mistakes in the lexicon:", *(f"  {p}" for p in problems)]))


class Group(enum.StrEnum):
    """What a term of the lexicon says; the keys of its ``[terms]`` table."""

    STRONG = "strong"
    CONTESTED = "contested"
    WEAK = "weak"
    GUARDS = "guards"
    FALSE_FRIENDS = "false_friends"
    CONTEXT = "context"
    VIETNAMESE = "vietnamese"
    NOT_A_CUE = "not_a_cue"
    FOREIGN = "foreign"


#: Groups that name the militia; a term may be in one of them only.
CORE: Final = frozenset({Group.STRONG, Group.CONTESTED, Group.WEAK})


@attrs.frozen(kw_only=True)
class Score:
    """Points and limits of the rule, as explained in ``lexicon.toml``."""

    title_strong: float
    title_weak: float
    lead_strong: float
    lead_weak: float
    lead_most: int
    lead_characters: int
    mention: float
    density: float
    density_most: float
    density_sentences: int
    body_strong: float
    body_strong_most: int
    context: float
    context_most: int
    context_up_front: float
    section: float
    section_up_front: float
    foreign: float
    foreign_most: float
    foreign_title: float
    foreign_section: float
    false_friend: float
    false_friend_most: int
    no_vietnamese_cue: float


@attrs.frozen(kw_only=True)
class Levels:
    """Least score of each level."""

    about: float
    mention: float


@attrs.frozen(kw_only=True)
class Term:
    """A term in comparing form and the groups it belongs to."""

    key: str
    groups: frozenset[Group]


class Automaton(Protocol):
    """What we use of ``ahocorasick.Automaton``, which carries no types."""

    def iter(self, text: str) -> Iterator[tuple[int, Term]]:
        """Pairs of the index of a term's last character and the term."""


@attrs.frozen(kw_only=True)
class Lexicon:
    """Terms, weights and thresholds, checked."""

    score: Score
    levels: Levels
    defence_sections: tuple[str, ...]
    world_sections: tuple[str, ...]
    #: Words that may stand between a militia term and the foreign cue it belongs to.
    belonging: frozenset[str]
    #: Words before a "Dân Quân" that is a place's name.
    places: frozenset[str]
    terms: tuple[Term, ...]
    #: Finds the militia terms only; the cheap first pass.
    core: Automaton = attrs.field(repr=False)
    #: Finds every term.
    every: Automaton = attrs.field(repr=False)


@cache
def load_lexicon() -> Lexicon:
    """The lexicon that comes with the package; raises LexiconError naming every mistake."""
    return read_lexicon(files("scraper.classify").joinpath(_FILE).read_text(encoding="utf-8"))


def read_lexicon(toml: str) -> Lexicon:
    """A lexicon from the text of a TOML file; raises LexiconError naming every mistake."""
    try:
        document = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError([f"not TOML: {error}"]) from error
    problems: list[str] = []
    lexicon = _lexicon(_Checked(document, "", problems))
    if problems:
        raise LexiconError(problems)
    return lexicon


@attrs.frozen
class _Checked:
    """One table of the document; what is wrong in it goes to *problems* under its full key."""

    table: Mapping[str, Any]
    path: str
    problems: list[str]

    def wrong(self, key: str, what: str) -> None:
        self.problems.append(f"{self.path}{key}: {what}")

    def only(self, known: Iterable[str]) -> None:
        for key in sorted(self.table.keys() - set(known)):
            self.wrong(key, "unknown key")

    def inner(self, key: str) -> _Checked:
        value = self.table.get(key)
        if not isinstance(value, dict):
            self.wrong(key, "a table is needed")
            value = {}
        return _Checked(value, f"{self.path}{key}.", self.problems)

    def number(self, key: str) -> float:
        value = self.table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            self.wrong(key, "a number from 0 up is needed")
            return 0
        return value

    def phrases(self, key: str) -> list[str]:
        value = self.table.get(key)
        if not isinstance(value, list) or not value:
            self.wrong(key, "a list of terms is needed")
            return []
        return [phrase for entry in value for phrase in self._expanded(key, entry)]

    def _expanded(self, key: str, entry: object) -> list[str]:
        if not isinstance(entry, str) or not entry.strip():
            self.wrong(key, f"{entry!r} is no term")
            return []
        if re.search(r"[{}]", _CHOICE.sub("", entry)):
            self.wrong(key, f"{entry!r} has a brace without its partner")
            return []
        return [exact_key(" ".join(phrase.split())) for phrase in _choices(entry)]


def _choices(entry: str) -> Iterator[str]:
    parts = _CHOICE.split(entry)
    pools = [part.split("|") if index % 2 else [part] for index, part in enumerate(parts)]
    return map("".join, itertools.product(*pools))


def _lexicon(document: _Checked) -> Lexicon:
    document.only({"score", "levels", "sections", "terms"})
    sections = document.inner("sections")
    sections.only({"defence", "world"})
    words = document.inner("terms")
    words.only({*Group, "belonging", "places"})
    terms = _terms(words)
    return Lexicon(
        score=_numbers(document.inner("score"), Score),
        levels=_numbers(document.inner("levels"), Levels),
        defence_sections=tuple(sections.phrases("defence")),
        world_sections=tuple(sections.phrases("world")),
        belonging=frozenset(words.phrases("belonging")),
        places=frozenset(words.phrases("places")),
        terms=terms,
        core=_automaton(term for term in terms if term.groups & CORE),
        every=_automaton(terms),
    )


def _numbers(table: _Checked, kind: type[_Numbers]) -> _Numbers:
    names = [field.name for field in attrs.fields(kind)]
    table.only(names)
    numbers: dict[str, Any] = {name: table.number(name) for name in names}
    return kind(**numbers)


def _terms(words: _Checked) -> tuple[Term, ...]:
    groups: dict[str, set[Group]] = {}
    for group in Group:
        for phrase in words.phrases(group):
            known = groups.setdefault(phrase, set())
            if group in known:
                words.wrong(group, f"{phrase!r} stands there twice")
            known.add(group)
    for phrase, known in groups.items():
        if len(known & (CORE | {Group.GUARDS})) > 1:
            words.wrong(phrase, f"cannot be in all of {', '.join(sorted(known))}")
    return tuple(Term(key=key, groups=frozenset(known)) for key, known in sorted(groups.items()))


def _automaton(terms: Iterable[Term]) -> Automaton:
    automaton = ahocorasick.Automaton()
    for term in terms:
        automaton.add_word(term.key, term)
    automaton.make_automaton()
    return cast("Automaton", automaton)
