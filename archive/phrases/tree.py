"""Which phrases of a sample are common, as a tree of words, and where a text has them.

The beginning of a common phrase is common itself, so all of them are the ways down a tree, and a text's
phrases are found by going down it from each of its words, for all words at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from archive.phrases.words import Numbers

#: Words of the longest phrase.
LONGEST: Final = 5


@attrs.frozen(kw_only=True, eq=False)
class _Level:
    """The phrases of one length, numbered from 1."""

    #: For each, that without its last word, by its number among the shorter ones, and that word's number.
    shorter: NDArray[np.intp]
    last: NDArray[np.intp]
    #: Row: number of a shorter one. Column: number of a word. The phrase of both; 0 for none.
    following: Numbers

    @classmethod
    def of(cls, codes: NDArray[np.intp], words: int, shorter: int) -> _Level:
        """The phrases of *codes*: number of a shorter one times (*words* + 1), plus the last word's."""
        following = np.zeros((shorter + 1, words + 1), np.uint16)
        phrase, word = np.divmod(codes, words + 1)
        following[phrase, word] = np.arange(1, len(codes) + 1)
        return cls(shorter=phrase, last=word, following=following)

    def __len__(self) -> int:
        return len(self.last)


class PhraseTree:
    """Phrases of up to ``LONGEST`` words of a vocabulary, numbered from 0; its single words come first."""

    def __init__(self, words: int, levels: Sequence[_Level]) -> None:
        self._words = words
        self._levels = tuple(levels)

    def __len__(self) -> int:
        """How many phrases."""
        return self._words + sum(map(len, self._levels))

    @classmethod
    def grown(
        cls, words: int, numbers: Numbers, articles: NDArray[np.intp], *, least: int, most: int
    ) -> PhraseTree | None:
        """The phrases that stand in at least *least* articles of a sample; None where they are more than *most*.

        *words* is the size of the vocabulary; *numbers* are the words of the sample in their order,
        *articles* which article each of them stands in.
        """
        levels: list[_Level] = []
        at = np.flatnonzero(numbers)
        phrase = numbers[at].astype(np.intp)
        room, ended = most - words, _with_end(numbers)
        while len(levels) < LONGEST - 1 and len(at):
            word = ended[at + len(levels) + 1].astype(np.intp)
            at, phrase, word = (kept[word > 0] for kept in (at, phrase, word))
            codes = phrase * (words + 1) + word
            common = _common(codes, articles[at], least)
            room -= len(common)
            if room < 0:
                return None
            levels.append(_Level.of(common, words, len(levels[-1]) if levels else words))
            phrase = levels[-1].following[phrase, word].astype(np.intp)
            at, phrase = at[phrase > 0], phrase[phrase > 0]
        return cls(words, levels)

    def phrases(self, words: Sequence[str]) -> Iterator[str]:
        """Every phrase as text, in the order of the numbers; *words* are those of the vocabulary."""
        shorter = ["", *words]
        yield from words
        for level in self._levels:
            longer = [
                f"{shorter[phrase]} {words[word - 1]}"
                for phrase, word in zip(level.shorter, level.last, strict=True)
            ]
            yield from longer
            shorter = ["", *longer]

    def found_in(
        self, numbers: Numbers, articles: NDArray[np.intp], size: int
    ) -> NDArray[np.uint8]:
        """Which of *size* articles have which phrases: a row of bits for each phrase, the first article's lowest."""
        found = np.zeros((len(self), size), np.uint8)
        # writing one place of a flat array takes half the time of one of a table
        flat = found.reshape(-1)
        ended, at = _with_end(numbers), np.flatnonzero(numbers)
        phrase, article = numbers.take(at).astype(np.intp), articles.take(at)
        flat[(phrase - 1) * size + article] = 1
        first = self._words
        for length, level in enumerate(self._levels, start=1):
            pairs = phrase * level.following.shape[1] + ended.take(at + length)
            longer = level.following.reshape(-1).take(pairs)
            left = np.flatnonzero(longer)
            at, article = at.take(left), article.take(left)
            phrase = longer.take(left).astype(np.intp)
            flat[(phrase + (first - 1)) * size + article] = 1
            first += len(level)
        return np.packbits(found, axis=1, bitorder="little")


def _with_end(numbers: Numbers) -> Numbers:
    """The words of some texts, and after them words of no vocabulary."""
    return np.concatenate([numbers, np.zeros(LONGEST, np.uint16)])


def _common(codes: NDArray[np.intp], articles: NDArray[np.intp], least: int) -> NDArray[np.intp]:
    """Those *codes* that stand in at least *least* articles, in order."""
    span = int(articles.max(initial=0)) + 1
    once = _groups(codes * span + articles)[0] // span
    different, counts = _groups(once)
    return different[counts >= least]


def _groups(values: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The different ones of some values, in order, and how often each is there.

    ``np.unique`` hashes them, which takes five times as long (measured, numpy 2.4).
    """
    ordered = np.sort(values)
    firsts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[firsts], np.diff(firsts, append=len(ordered))
