"""Finds the common phrases of a snapshot and writes them down.

A sample of the articles says which phrases are common, each in its form; then every article is read once.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, count, islice, repeat
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np
from isal import isal_zlib

from archive.phrases.forms import FORMS, AskedWords
from archive.phrases.tables import AT_ONCE, TABLES
from archive.phrases.tree import PhraseTree
from archive.phrases.words import LONGEST, Batch, Vocabulary
from archive.vietnamese import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archive.phrases.forms import Form
    from archive.phrases.words import Numbers

#: A phrase is common where one in so many articles of the sample has it, and more than a handful: FTS5 finds
#: what is rarer, or has a rarer word, in less time than a page takes.
_ONE_IN: Final = 40
_LEAST: Final = 5
#: Words and phrases of one form that are kept at most, the commonest: a set takes 4 kB for 100,000 articles.
_MOST_WORDS: Final = 2_500
_MOST_PHRASES: Final = 5_000
#: Articles of one stored piece of a set, 4 kB unpacked.
PIECE: Final = 1 << 15


class PhraseBuilder:
    """Finds the common phrases of articles that are handed over in the order of their docids.

    What is common the *sample* says, texts of articles spread evenly over all. Tables and rows are written to
    *writing*, in a transaction of whoever opened it.
    """

    def __init__(self, sample: Sequence[Sequence[str | None]], writing: sqlite3.Connection) -> None:
        self._writing = writing
        for declared in TABLES.values():
            writing.execute(declared)
        self._finders: list[_Finder] = []
        for form in FORMS:
            first_id = 1 + sum(len(finder.tree) for finder in self._finders)
            self._finders.append(_Finder.of(form, sample, first_id))
        exact, folded = (finder.vocabulary for finder in self._finders)
        #: Number of a word -> that of its folded form.
        self._folded = np.array([0, *folded.numbers_of(map(fold, exact.words))], np.uint16)

    def look_into(self, texts: Sequence[Sequence[str | None]]) -> None:
        """Find them in the texts of the next ``AT_ONCE`` docids, the first of them 0; of no article, none."""
        batch = Batch.of(texts)
        exact, folded = self._finders
        numbers = exact.vocabulary.numbers(batch)
        exact.look_into(batch, numbers, len(texts))
        numbers = folded.vocabulary.numbers_from(numbers, self._folded, batch)
        folded.look_into(batch, numbers, len(texts))
        for finder in self._finders:
            if len(finder.found) == PIECE // AT_ONCE:
                finder.write_piece(self._writing)

    def finish(self) -> None:
        """Write what was found."""
        for finder in self._finders:
            finder.write_rest(self._writing)
            finder.asked.close()


@attrs.define(kw_only=True)
class _Finder:
    """Finds the common phrases of one form."""

    form: Form
    vocabulary: Vocabulary
    tree: PhraseTree
    asked: AskedWords
    #: Id of the first phrase; the others follow.
    first_id: int
    #: Articles that have each phrase, in the pieces written.
    counts: NDArray[np.int64]
    #: Docid the next piece begins with, and what was found from there on.
    first_docid: int = 0
    found: list[NDArray[np.uint8]] = attrs.Factory(list)

    @classmethod
    def of(cls, form: Form, sample: Sequence[Sequence[str | None]], first_id: int) -> _Finder:
        """The finder of what is common in a sample."""
        counted = Counter(chain.from_iterable(_words(form, texts) for texts in sample))
        ordered = sorted(counted, key=lambda word: (-counted[word], word))
        commonest = list(islice(filter(form.spellings, ordered), _MOST_WORDS))
        batch = Batch.of(sample)
        least = max(_LEAST, len(sample) // _ONE_IN)
        while True:
            words = [word for word in commonest if counted[word] >= least]
            vocabulary = Vocabulary(form, words)
            numbers = vocabulary.numbers(batch)
            tree = PhraseTree.grown(
                len(words), numbers, batch.articles, least=least, most=_MOST_PHRASES
            )
            if tree is not None:
                break
            least += 1 + least // 8
        return cls(
            form=form, vocabulary=vocabulary, tree=tree, asked=AskedWords(form), first_id=first_id,
            counts=np.zeros(len(tree), np.int64),
        )  # fmt: skip

    def look_into(self, batch: Batch, numbers: Numbers, articles: int) -> None:
        """Find the phrases of a batch of so many articles, whose words have these *numbers*."""
        odd = [self.vocabulary.numbers_of(self.asked.of(run)) for run in batch.odd]
        numbers, places = batch.spliced(numbers, odd)
        self.found.append(self.tree.found_in(numbers, places, articles))

    def write_piece(self, writing: sqlite3.Connection) -> None:
        """Write what was found since the last piece."""
        piece = np.concatenate(self.found, axis=1)
        self.found.clear()
        counts = np.bitwise_count(piece).sum(axis=1, dtype=np.int64)
        self.counts += counts
        writing.executemany(
            "INSERT INTO common_phrase_articles VALUES (?, ?, ?)",
            (
                (
                    self.first_id + number,
                    self.first_docid,
                    isal_zlib.compress(piece[number].tobytes(), 1),
                )
                for number in np.flatnonzero(counts).tolist()
            ),
        )
        self.first_docid += PIECE

    def write_rest(self, writing: sqlite3.Connection) -> None:
        """Write what was found since the last piece, and the phrases themselves."""
        if self.found:
            self.write_piece(writing)
        phrases = zip(
            count(self.first_id), repeat(self.form.name),
            self.tree.phrases(self.vocabulary.words), self.counts.tolist(),
        )  # fmt: skip
        writing.executemany("INSERT INTO common_phrases VALUES (?, ?, ?, ?)", phrases)


def _words(form: Form, texts: Sequence[str | None]) -> set[str]:
    """The words of an article that a vocabulary may have."""
    phrases = (form.phrase(text) for text in texts if text)
    return {word for phrase in phrases if phrase for word in phrase.split() if len(word) <= LONGEST}
