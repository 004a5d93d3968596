"""Found words with what stands to their left and right: the lines of a concordance, their order, their collocates.

A word is a syllable here, as everywhere in search: the words of Vietnamese are written as one to four.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import collation_key, exact_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.desk.highlight import Marked

#: Words on either side that are sorted by and counted as collocates.
SPAN: Final = 5
#: Characters looked through for one word of context; what is longer is cut.
_CHARACTERS_PER_WORD: Final = 40
_PARAGRAPH: Final = "\n\n"
_WORD: Final = re.compile(r"[^\W_]+")

Key = tuple[tuple[tuple[str, str], ...], ...]


class Order(enum.StrEnum):
    """Order of the lines within a tier; the words are counted from the found one outwards."""

    DATE = "date"
    LEFT_1 = "left1"
    LEFT_2 = "left2"
    LEFT_3 = "left3"
    RIGHT_1 = "right1"
    RIGHT_2 = "right2"
    RIGHT_3 = "right3"


@attrs.frozen
class Occurrence:
    """A found word or phrase in its paragraph; the three texts together are the passage as printed.

    Runs of white space are one blank.
    """

    left: str
    keyword: str
    right: str
    #: At most ``SPAN`` words before it and behind it, the nearest first; sorted by and counted.
    words_left: list[str] = attrs.field(init=False, eq=False, repr=False)
    words_right: list[str] = attrs.field(init=False, eq=False, repr=False)

    @words_left.default
    def _words_left(self) -> list[str]:
        return _WORD.findall(self.left)[: -SPAN - 1 : -1]

    @words_right.default
    def _words_right(self) -> list[str]:
        return _WORD.findall(self.right)[:SPAN]

    def key(self, order: Order) -> Key:
        """What it is sorted by: the word asked for and those farther out; empty for ``DATE``.

        Where the paragraph has no such word, the occurrence comes first.
        """
        if order is Order.DATE:
            return ()
        words = self.words_left if order.startswith("left") else self.words_right
        return tuple(map(_sorted_by, words[int(order[-1]) - 1 :]))


@attrs.frozen(kw_only=True)
class Collocate:
    """A word that stands near the found ones."""

    #: In comparing form: small letters, one place of the tone.
    word: str
    left: int
    right: int

    @property
    def together(self) -> int:
        """Times on either side."""
        return self.left + self.right


def occurrences(marked: Marked, width: int) -> Iterator[Occurrence]:
    """Every found piece of a text with at most *width* words of its paragraph on either side."""
    text = marked.text
    end = 0
    for segment in marked.segments:
        start, end = end, end + len(segment.text)
        if segment.found:
            yield _occurrence(text, start, end, width)


def collocates(found: Iterable[Occurrence], most: int) -> tuple[Collocate, ...]:
    """The *most* commonest words within ``SPAN`` words of the occurrences, in alphabetical order among equals."""
    several = list(found)
    left, right = (
        Counter(map(_compared_by, chain.from_iterable(words)))
        for words in ((x.words_left for x in several), (x.words_right for x in several))
    )
    counted = ((left[word] + right[word], word) for word in left.keys() | right.keys())
    commonest = sorted(counted, key=lambda item: (-item[0], _sorted_by(item[1]), item[1]))
    return tuple(
        Collocate(word=word, left=left[word], right=right[word]) for _, word in commonest[:most]
    )


def _occurrence(text: str, start: int, end: int, width: int) -> Occurrence:
    reach = width * _CHARACTERS_PER_WORD
    before = text[max(0, start - reach) : start].rpartition(_PARAGRAPH)[2]
    behind = text[end : end + reach].partition(_PARAGRAPH)[0]
    words = _some_words(width)
    # read backwards, the words nearest to the found one come first
    left = _matched(words, before[::-1])[::-1]
    return Occurrence(
        _one_line(left).lstrip(), _one_line(text[start:end]), _one_line(_matched(words, behind)).rstrip()
    )  # fmt: skip


@lru_cache
def _some_words(width: int) -> re.Pattern[str]:
    """At most *width* words, and what is written together with the last of them: of 3.000 not the 3 alone."""
    return re.compile(rf"(?:[\W_]*[^\W_]+){{0,{width}}}\S*")


def _matched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text)


# one blank stays as it is, and most are
_BLANKS: Final = re.compile(r"\s{2,}|[^\S ]")


@lru_cache(maxsize=20_000)
def _sorted_by(word: str) -> tuple[tuple[str, str], ...]:
    return collation_key(word)


@lru_cache(maxsize=20_000)
def _compared_by(word: str) -> str:
    return exact_key(word)
