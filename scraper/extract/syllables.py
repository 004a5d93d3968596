"""How much of a text is written in possible Vietnamese syllables: tells right decoding from wrong.

A rule, not a word list: onset, rhyme and tone that Vietnamese spelling allows. Only words with a
letter outside ASCII count, because the others read the same in every encoding.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import attrs

#: Letters, and what the bytes of letters become when they are read in a Western code page.
WORD: Final = re.compile("[A-Za-z\u00a1-\u024f\u0300-\u036f\u1e00-\u1eff\u20ab]+")

#: Letters of the longest syllable (nghiêng) with every mark a character of its own, and room.
_LONGEST: Final = 12
#: Syllables and what damage makes of them; a page has some hundreds of each.
_REMEMBERED: Final = 16_384

_TONES: Final = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_HIGH_OR_LOW: Final = frozenset({"\u0301", "\u0323"})
#: Without tone. A stop at the end allows two tones only.
_SYLLABLE: Final = re.compile(
    r"""
    (?:ngh?|nh|th|tr|ch|kh|ph|gh|gi|qu|[bcdđghklmnprstvx])?
    (?:
        (?:a|e|i|o|ô|u|oa|oă|â|uâ|uy)(?P<stop>[cpt]) | (?:ă|ê|ơ|ư|iê|yê|uô|ươ|uyê|oe|y)(?P<stop2>[cpt])
      | ă(?P<stop4>k)                                # Đắk Lắk
      | (?:a|ê|i|oa|uê|uy|y)(?P<stop3>ch)
      | (?:a|ă|â|e|ê|i|o|ô|ơ|u|oa|oă|oe|uâ|iê|yê|uô|ươ|uyê|uy)[mn]
      | (?:a|ă|â|e|o|ô|u|ư|iê|yê|uô|ươ|oa|oă|uâ|oo)ng | (?:a|ê|i|oa|uê|uy|y)nh
      | (?:ai|ao|au|ay|âu|ây|eo|êu|iu|iêu|yêu|oi|ôi|ơi|ui|ưi|ưu|uôi|ươi|ươu|oai|oao|oay|oeo|uây|uyu)
      | (?:ia|ua|ưa|oa|oe|uê|uơ|uy|uya|a|e|ê|i|o|ô|ơ|u|ư|y)
    )
    """,
    re.VERBOSE,
)


@attrs.frozen
class Marked:
    """Words with a letter outside ASCII: how many there are, and how many of them may be Vietnamese."""

    total: int
    plausible: int

    @property
    def share(self) -> float:
        """Share of the plausible ones; 0 where there are no such words."""
        return self.plausible / self.total if self.total else 0.0


def marked_words(text: str) -> Marked:
    """Count the words of *text* that have a letter outside ASCII."""
    words = [word for word in WORD.findall(text) if not word.isascii()]
    return Marked(len(words), sum(map(is_syllable, words)))


def is_syllable(word: str) -> bool:
    """True when *word* is a possible Vietnamese syllable, in one case throughout (Nguyễn, not nguyÔn)."""
    return len(word) <= _LONGEST and _is_syllable(word)


@lru_cache(maxsize=_REMEMBERED)
def _is_syllable(word: str) -> bool:
    word = unicodedata.normalize("NFC", word)
    if not (word.islower() or word.isupper() or (word[:1].isupper() and word[1:].islower())):
        return False
    letters = unicodedata.normalize("NFD", word.lower())
    tones = _TONES.findall(letters)
    match = _SYLLABLE.fullmatch(unicodedata.normalize("NFC", _TONES.sub("", letters)))
    if match is None or len(tones) > 1:
        return False
    return match.lastgroup is None or bool(_HIGH_OR_LOW.intersection(tones))
