"""Words made numbers, many texts at a time.

A character of Vietnamese is one byte here, and a word of up to eight letters one number of 64 bits: whether a
word is of a vocabulary takes no string (docs/design-notes.md#common-phrases).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs
import numpy as np

from archive.vietnamese import PLAIN, plain_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from archive.phrases.forms import Form

#: Numbers of words: 1 and up for those of a vocabulary, 0 for any other.
Numbers: TypeAlias = "NDArray[np.uint16]"

#: A phrase ends with the text it stands in.
_BETWEEN: Final = b"\x00\xff\x00"
#: Stands for a run of characters that has others than ``PLAIN``.
_ODD: Final = b"\x00\xff\xff\x00"
#: The letter of both, of no word.
_NO_LETTER: Final = 255
_OTHER: Final = re.compile(f"[^{re.escape(PLAIN)}]")
#: Letters of a word that fit into one number. Longer ones are no words of Vietnamese.
LONGEST: Final = 8
#: The bits of the letters of a word, by how many it has.
_BITS_OF: Final = np.array([(1 << 8 * length) - 1 for length in range(LONGEST + 1)], np.uint64)
#: The table that finds a word's number has two to the power of this many places.
_PLACES: Final = 20


@attrs.frozen(kw_only=True, eq=False)
class Batch:
    """Texts of some articles, one behind the other."""

    #: Places in ``PLAIN``, a byte a character; begins and ends with a separator.
    places: bytes
    #: Where each word begins in them, and how many letters it has.
    starts: NDArray[np.intp]
    lengths: NDArray[np.intp]
    #: Which article it stands in, from 0.
    articles: NDArray[np.intp]
    #: Runs of characters without a space of which Vietnamese letters are not enough, and which of the words
    #: stands for each.
    odd: Sequence[str]
    odd_at: NDArray[np.intp]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str | None]]) -> Batch:
        """The batch of some articles' texts; a missing text is None or empty."""
        parts, odd, ends, end = [b"\x00"], [], [], 1
        for own in texts:
            for text in filter(None, own):
                places = plain_places(text)
                if places is None:
                    places, runs = _around_odd(text)
                    odd += runs
                parts += (places, _BETWEEN)
                end += len(places) + len(_BETWEEN)
            ends.append(end)
        joined = b"".join(parts)
        letters = np.frombuffer(joined.translate(_IS_LETTER), np.uint8)
        edges = np.flatnonzero(letters[1:] != letters[:-1]) + 1
        starts = edges[0::2]
        lengths = edges[1::2] - starts
        words = np.diff(np.searchsorted(starts, ends), prepend=0)
        odd_at = np.empty(0, np.intp)
        if odd:
            firsts = np.frombuffer(joined, np.uint8).take(starts)
            odd_at = np.flatnonzero((firsts == _NO_LETTER) & (lengths == len(_ODD.strip(b"\x00"))))
        return cls(
            places=joined, starts=starts, lengths=lengths, odd=odd, odd_at=odd_at,
            articles=np.repeat(np.arange(len(ends)), words),
        )  # fmt: skip

    def spliced(
        self, numbers: Numbers, odd: Sequence[Sequence[int]]
    ) -> tuple[Numbers, NDArray[np.intp]]:
        """*numbers* of the words with those of each odd run in its place, and the article of each word."""
        if not odd:
            return numbers, self.articles
        counts = np.ones(len(numbers), np.intp)
        counts[self.odd_at] = [len(own) for own in odd]
        whole = np.repeat(numbers, counts)
        firsts = (np.cumsum(counts) - counts).take(self.odd_at)
        for first, own in zip(firsts.tolist(), odd, strict=True):
            whole[first : first + len(own)] = own
        return whole, np.repeat(self.articles, counts)


def _around_odd(text: str) -> tuple[bytes, list[str]]:
    """The places of *text* with ``_ODD`` for each run that has other characters than ``PLAIN``, and these runs."""
    parts: list[bytes] = []
    runs, done = [], 0
    for found in _OTHER.finditer(text):
        first, end = found.span()
        if first < done:
            continue  # in the run that was taken out
        while first > done and not text[first - 1].isspace():
            first -= 1
        while end < len(text) and not text[end].isspace():
            end += 1
        parts += (plain_places(text[done:first]) or b"", _ODD)
        runs.append(text[first:end])
        done = end
    parts.append(plain_places(text[done:]) or b"")
    return b"".join(parts), runs


class Vocabulary:
    """Some words of one form, numbered from 1 in their order."""

    def __init__(self, form: Form, words: Sequence[str]) -> None:
        """Raises ValueError for a word of more than ``LONGEST`` letters, or of other than Vietnamese ones."""
        self.words = tuple(words)
        self._number = {word: number for number, word in enumerate(words, start=1)}
        letters = sorted({form.key(letter) for letter in PLAIN if letter.isalnum()})
        self._letter = {letter: number for number, letter in enumerate(letters, start=1)}
        self._table = _table([self._letter.get(form.key(letter), 0) for letter in PLAIN])
        packed = {
            self._packed(spelling): number
            for word, number in self._number.items()
            for spelling in form.spellings(word)
        }
        self._factor, self._keys, self._values = _scattered(packed)

    def numbers(self, batch: Batch) -> Numbers:
        """The number of each word of a batch, odd runs aside."""
        return self._numbers(batch, batch.starts, batch.lengths)

    def numbers_from(self, others: Numbers, translation: Numbers, batch: Batch) -> Numbers:
        """The same, where another vocabulary has numbered words already; *translation* tells their numbers here.

        Only the words that are not in it are looked at.
        """
        numbers = translation.take(others)
        new = np.flatnonzero(others == 0)
        numbers[new] = self._numbers(batch, batch.starts.take(new), batch.lengths.take(new))
        return numbers

    def _numbers(
        self, batch: Batch, starts: NDArray[np.intp], lengths: NDArray[np.intp]
    ) -> Numbers:
        letters = batch.places.translate(self._table) + bytes(LONGEST)
        # the eight letters from any place on, as one number
        eight = np.ndarray((len(batch.places),), np.dtype("<u8"), letters, strides=(1,))
        packed = eight.take(starts) & _BITS_OF.take(np.minimum(lengths, LONGEST))
        packed[lengths > LONGEST] = 0
        at = _place(packed, self._factor)
        numbers: Numbers = self._values.take(at)
        numbers[self._keys.take(at) != packed] = 0
        return numbers

    def numbers_of(self, words: Iterable[str]) -> list[int]:
        """The numbers of some words."""
        return [self._number.get(word, 0) for word in words]

    def _packed(self, word: str) -> int:
        if not 0 < len(word) <= LONGEST or not self._letter.keys() >= set(word):
            raise ValueError(f"not a word of at most {LONGEST} Vietnamese letters: {word!r}")
        return sum(self._letter[letter] << 8 * place for place, letter in enumerate(word))


def _table(numbers: Sequence[int]) -> bytes:
    """What ``bytes.translate`` makes of places in ``PLAIN``."""
    return bytes(numbers).ljust(255, b"\x00") + bytes([_NO_LETTER])


_IS_LETTER: Final = _table([int(letter.isalnum()) for letter in PLAIN])[:255] + b"\x01"


def _place(packed: NDArray[np.uint64], factor: np.uint64) -> NDArray[np.intp]:
    return ((packed * factor) >> np.uint64(64 - _PLACES)).astype(np.intp)


def _scattered(
    packed: dict[int, int],
) -> tuple[np.uint64, NDArray[np.uint64], Numbers]:
    """A factor that gives each word a place of its own, and the words and numbers by place.

    Some thousand words in a million places: every few factors there is one.
    """
    words = np.array(list(packed), np.uint64)
    chance = np.random.default_rng(0)
    while True:
        factor = np.uint64(chance.integers(1 << 63) | 1)
        at = _place(words, factor)
        if len(np.unique(at)) == len(words):
            break
    keys, values = np.zeros(1 << _PLACES, np.uint64), np.zeros(1 << _PLACES, np.uint16)
    keys[at], values[at] = words, list(packed.values())
    return factor, keys, values
