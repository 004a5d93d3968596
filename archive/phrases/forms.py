"""The two forms in which texts are compared, and how SQLite's FTS5 cuts them into words."""

from __future__ import annotations

import sqlite3
import unicodedata
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key, fold, nfc, plain_places, syllables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Runs whose words are remembered, m² among them.
_REMEMBERED: Final = 20_000
_TONES: Final = "\u0300\u0301\u0309\u0303\u0323"


@attrs.frozen(kw_only=True)
class Form:
    """One way to compare texts, with the full-text index that is fed with it."""

    #: ``exact`` or ``folded``.
    name: str
    #: Makes the form of a text.
    key: Callable[[str], str]
    #: As FTS5 is told.
    tokenizer: str

    def phrase(self, text: str) -> str | None:
        """*text* as common phrases are written: its words in this form, with single spaces.

        None where it has characters Vietnamese is not written with: FTS5 alone knows its words.
        """
        key = self.key(text)
        return None if plain_places(key) is None else " ".join(syllables(key))

    def spellings(self, word: str) -> set[str]:
        """Every small-letter spelling that has the form *word*: hoà and hòa, where tones are kept.

        Empty for what is no syllable, with two tones.
        """
        return {spelling for spelling in _toned_otherwise(word) if self.key(spelling) == word}


EXACT: Final = Form(name="exact", key=exact_key, tokenizer="unicode61 remove_diacritics 0")
FOLDED: Final = Form(name="folded", key=fold, tokenizer="unicode61 remove_diacritics 2")
FORMS: Final = (EXACT, FOLDED)


def _toned_otherwise(word: str) -> Iterator[str]:
    """*word* with its tone on each letter that takes one; nothing for a word with two."""
    bare, found = [], ""
    for letter in word:
        parts = unicodedata.normalize("NFD", letter)
        found += "".join(tone for tone in parts if tone in _TONES)
        bare.append(nfc("".join(part for part in parts if part not in _TONES)))
    if not found:
        yield word
    if len(found) == 1:
        for place, letter in enumerate(bare):
            toned = nfc(letter + found)
            if len(toned) == 1:
                yield "".join([*bare[:place], toned, *bare[place + 1 :]])


class AskedWords:
    """The words of runs that Vietnamese letters alone do not spell: FTS5 itself is asked for them.

    What is a letter to it differs from Python by Unicode's version, and what it makes of marks is its own.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self._known: dict[str, tuple[str, ...]] = {}
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.execute(
            f'CREATE VIRTUAL TABLE asked USING fts5(text, tokenize="{form.tokenizer}")'
        )
        self._connection.execute("CREATE VIRTUAL TABLE words USING fts5vocab(asked, instance)")

    def close(self) -> None:
        """Close the database that is asked."""
        self._connection.close()

    def of(self, run: str) -> tuple[str, ...]:
        """The words in the form of a run of characters without a space, in their order."""
        if run not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[run] = self._asked(self._form.key(run))
        return self._known[run]

    def _asked(self, run: str) -> tuple[str, ...]:
        self._connection.execute("INSERT INTO asked (rowid, text) VALUES (1, ?)", (run,))
        rows = self._connection.execute("SELECT term FROM words ORDER BY offset").fetchall()
        self._connection.execute("DELETE FROM asked")
        return tuple(word for (word,) in rows)
