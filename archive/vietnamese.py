"""How Vietnamese text compares: the one place that knows folding, tone placement and search keys.

Text is stored as published; only the forms made here are compared, joined and indexed:

- ``normalise_tone``: one of the two tone placements in use (hoà and hòa) for both;
- ``exact_key``: what an exact search index is fed with, marks kept;
- ``spelling_key``: the same for kỹ and kĩ, which differ by spelling school only;
- ``fold``: what a search without marks is answered from, marks and đ removed;
- ``collation_key``: what lists of words are sorted by.

All of them but the last keep the word boundaries that SQLite's ``unicode61`` tokenizer sees, so that positions
found in an index of keys point at the same words of the original text.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

_TONES: Final = "\u0300\u0301\u0309\u0303\u0323"
_VOWEL_MARKS: Final = "\u0302\u0306\u031b"
_LETTER: Final = r"[^\W\d_]"

# Blocks of alphabetic Latin letters in the Basic Multilingual Plane that NFC can produce.
_LATIN_BLOCKS: Final = (range(0x00C0, 0x0250), range(0x1E00, 0x1F00))
# Combining marks that unicode61 takes as part of a word (fts5_unicode2.c, IsDiacritic, 3.40.1);
# removing any other mark would join two words.
_WORD_MARKS: Final = (
    *range(0x0300, 0x0305),
    *range(0x0306, 0x030D),
    0x030F,
    0x0311,
    0x031B,
    *range(0x0323, 0x0329),
    0x032D,
    0x032E,
    0x0330,
    0x0331,
)


def nfc(text: str) -> str:
    """Text in Unicode normalisation form C, the form everything is stored in."""
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def normalise_tone(text: str) -> str:
    """Text with the tone of oa, oe and uy where ``exact_key`` wants it: hoà → hòa, tòan → toàn.

    Takes NFC text; length, letters' case and word boundaries are kept. The tone mark moves to the
    first vowel only when nothing follows and no q comes before (hoà, thuỷ, khoẻ; not toàn, quý,
    khuỷu), and back to its place when it was misplaced before a final (tòan, Hùynh, qủa).
    Source of the rule: measured on 35,440 news articles, 22 of 22 known cases.
    """
    return _MOVABLE.sub(_moved, text)


def exact_key(text: str) -> str:
    """Form under which two spellings are the same word: NFC, one tone placement, lower case.

    Has as many ``unicode61`` tokens as the NFC form of *text*, in the same order.
    """
    small = _letter_by_letter(text, _PLAIN_SMALL)
    if small is None:
        # small letters may compose with a mark where capitals do not: H and macron below
        small = nfc(_lower(nfc(text)))
    return normalise_tone(small)


def spelling_key(text: str) -> str:
    """``exact_key`` with i where syllables are spelt with i or y: kỹ, kĩ → kĩ; chiến sỹ → chiến sĩ.

    Only whole syllables of h, k, l, m, s, t or qu with nothing but y: thúy, yêu, y tế and Vy stay. For
    comparing names and widening queries; the indexes are fed with ``exact_key``. Has the length of
    ``exact_key``. Source: decision 240/QĐ (1984) of the Ministry of Education, which wants i there but for
    quy; papers write either.
    """
    return _I_OR_Y.sub(lambda syllable: syllable[0].translate(_I_FOR_Y), exact_key(text))


def fold(text: str) -> str:
    """``exact_key`` without any diacritic and with đ as d: "Đắk Lắk" → "dak lak".

    Has as many ``unicode61`` tokens as the NFC form of *text*, in the same order. unicode61 itself
    never folds đ (SQLite 3.40.1, every value of remove_diacritics), so it is done here.
    """
    folded = _letter_by_letter(text, _PLAIN_FOLDED)
    if folded is not None:
        return folded
    # exact_key but for the place of the tone, which goes anyway
    key = nfc(_lower(nfc(text)))
    for letter, base in _VIETNAMESE_BASES:
        key = key.replace(letter, base)
    if key.isascii() or _OTHER_MARKS.search(key) is None:
        return key
    return key.translate(_WITHOUT_MARKS)


def collation_key(text: str) -> tuple[tuple[str, str], ...]:
    """Key by which text sorts as in a Vietnamese dictionary, one syllable after the other.

    Letters count first (a ă â b c d đ e ê ...), then tones: none, huyền, hỏi, ngã, sắc, nặng. Capitals, Unicode
    form and the place of the tone make no difference; digits stand before letters, other scripts behind them.
    Source of both orders: the collation for vi of Unicode CLDR, applied here to each syllable by itself.
    """
    return tuple(
        (syllable.translate(_LETTER_RANKS), syllable.translate(_TONE_RANKS))
        for syllable in syllables(exact_key(text))
    )


def has_marks(text: str) -> bool:
    """True when *text* holds a Vietnamese tone or vowel mark, composed or combining, or a đ."""
    return _MARKED.search(text) is not None


def syllables(text: str) -> list[str]:
    """Runs of letters and digits of *text* in order, NFC, otherwise as written."""
    parted = _letter_by_letter(text, _PLAIN_PARTED)
    return _SYLLABLE.findall(nfc(text)) if parted is None else parted.split()


def plain_places(text: str) -> bytes | None:
    """*text* with one byte a character, its place in ``PLAIN``; None where it has others."""
    try:
        return codecs.charmap_encode(text, "strict", _PLAIN_PLACES)[0]
    except UnicodeEncodeError:
        return None


def _letter_by_letter(text: str, replaced: str) -> str | None:
    """*text* with every character of ``PLAIN`` as at its place in *replaced*; None where it has others.

    Nearly every text has no others. Going through one byte a character, as the legacy encodings of
    Python's library do, takes a sixth of the time of normalising, lowering and replacing.
    """
    places = plain_places(text)
    return None if places is None else codecs.charmap_decode(places, "strict", replaced)[0]


def _lower(text: str) -> str:
    if _YOUNG.search(text) is None:
        return text.lower()
    return _OLD_RUN.sub(lambda run: run[0].lower(), text)


def _moved(match: re.Match[str]) -> str:
    return _PLACED[match[0]]


def _toned(vowels: str) -> str:
    return "".join(nfc(vowel + tone) for vowel in vowels for tone in _TONES)


def _both_cases(text: str) -> str:
    return text + text.upper()


def _placements(first: str, last: str, middle: str = "") -> dict[str, str]:
    """Every "tone on *first*" spelling, with the spelling that has it on *last*; all cases."""
    placed = {}
    for tone in _TONES:
        for a in (first, first.upper()):
            for b in {middle, middle.upper()}:
                for c in (last, last.upper()):
                    placed[nfc(a + tone) + b + c] = a + b + nfc(c + tone)
    return placed


def _class(vowels: str) -> str:
    return f"[{_both_cases(vowels)}]"


_GLIDE_PAIRS: Final = (("o", "a"), ("o", "e"), ("u", "y"))
_TONE_ON_FIRST: Final = {
    old: new for first, last in _GLIDE_PAIRS for old, new in _placements(first, last).items()
}
_PLACED: Final = {
    **_TONE_ON_FIRST,
    **{new: old for old, new in _TONE_ON_FIRST.items()},
    **_placements("u", "ê", middle="y"),
    **{old: new for vowel in "aăâeêioôơy" for old, new in _placements("u", vowel).items()},
}
_TONED_O: Final = _class(_toned("o"))
_TONED_U: Final = _class(_toned("u"))
# What can close a syllable after oa, oe or uy; other letters mean a foreign word.
_FINAL: Final = rf"(?=(?i:ng|nh|ch|[cmnptiyou])(?!{_LETTER}))"
# Begins with one character class, so that the scanner skips everything else at its full speed.
_MOVABLE: Final = re.compile(
    rf"""
    {_class("ou" + _toned("ou"))}
    (?:
        # hoà, thuỷ: open syllable, not quý; a letter with a tone is rare here, so it is asked for first
        {_class(_toned("aey"))}
        (?<![qQ]..)
        (?: (?<=[oO]{_class(_toned("ae"))}) | (?<=[uU]{_class(_toned("y"))}) )
        (?!{_LETTER})
      | (?<={_class(_toned("ou"))})
        (?:
            (?<={_TONED_U})[yY][êÊ]                     # thùyền
          | (?<=[qQ]{_TONED_U}){_class("aăâeêioôơy")}   # qủa
          | (?<![qQ].)(?<![qQ][uU].)                    # tòan, Hùynh
            (?: (?<={_TONED_O})[aAeE] | (?<={_TONED_U})[yY] )
            {_FINAL}
        )
    )
    """,
    re.VERBOSE,
)

# Letters younger than unicode61's tables (Unicode 6.1) are no letters to it, while some of their
# lower-case forms are (and the other way round for Cherokee): lower() would make or join words.
_OLD: Final = "\x00-\u037e\u0380-\u0527\u1e00-\u1eff\u2000-\u20cf"
_YOUNG: Final = re.compile(f"[^{_OLD}]")
_OLD_RUN: Final = re.compile(f"[{_OLD}]+")

_I_FOR_Y: Final = str.maketrans("yỳýỷỹỵ", "iìíỉĩị")
# A mark behind the y could be one that i takes in (NFC).
_I_OR_Y: Final = re.compile(r"(?<![^\W_])(?:[hklmst]|qu)[yỳýỷỹỵ](?![^\W_]|[\u0300-\u036f])")
_SYLLABLE: Final = re.compile(r"[^\W_]+")
_VIETNAMESE_LETTERS: Final = _toned("aăâeêioôơuưy") + "ăâêôơưđ"
_MARKED: Final = re.compile(f"[{_both_cases(_VIETNAMESE_LETTERS)}{_TONES}{_VOWEL_MARKS}]")


def _base_letter(letter: str) -> str:
    return "d" if letter == "đ" else unicodedata.normalize("NFD", letter)[0]


# Measured on an article of 4,000 letters: 67 replaces take an eighth of the time of one translate.
_VIETNAMESE_BASES: Final = tuple((letter, _base_letter(letter)) for letter in _VIETNAMESE_LETTERS)
_WITHOUT_MARKS: Final[dict[int, str | None]] = {
    **{code: _base_letter(chr(code)) for block in _LATIN_BLOCKS for code in block},
    **dict.fromkeys(_WORD_MARKS),
}
_OTHER_MARKS: Final = re.compile(f"[{re.escape(''.join(map(chr, _WITHOUT_MARKS)))}]")

#: What Vietnamese news is written with, fewer than 255 characters. No mark in it combines with another, so
#: each stands for itself in NFC.
PLAIN: Final = (
    "\x00\t\n\r"
    + "".join(map(chr, range(0x20, 0x7F)))
    + _both_cases(_VIETNAMESE_LETTERS)
    + "\xa0“”‘’–—…•"
)
# A table of 256 that begins with NUL is what makes charmap_build() fast.
_PLAIN_PLACES: Final = codecs.charmap_build(PLAIN.ljust(256, "\ufffe"))
_PLAIN_SMALL: Final = PLAIN.lower()
_PLAIN_FOLDED: Final = _PLAIN_SMALL.translate(
    {ord(letter): base for letter, base in _VIETNAMESE_BASES}
)
_PLAIN_PARTED: Final = re.sub(r"[\W_]", " ", PLAIN)

_ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONE_ORDER: Final = "\u0300\u0309\u0303\u0301\u0323"
# above the digits, below every letter that is not Latin
_RANK_OF: Final = {letter: chr(ord("a") + place) for place, letter in enumerate(_ALPHABET)}
_FOREIGN_LETTERS: Final = {
    code: _RANK_OF[base]
    for code, base in _WITHOUT_MARKS.items()
    if base in _RANK_OF and chr(code).islower()
}
_TONED: Final = {
    ord(nfc(vowel + tone)): (vowel, str(rank))
    for vowel in "aăâeêioôơuưy"
    for rank, tone in enumerate(_TONE_ORDER, start=1)
}
_LETTER_RANKS: Final = {
    **_FOREIGN_LETTERS,
    **{ord(letter): rank for letter, rank in _RANK_OF.items()},
    **{code: _RANK_OF[vowel] for code, (vowel, _) in _TONED.items()},
}
_TONE_RANKS: Final = {
    **dict.fromkeys(_FOREIGN_LETTERS, "6"),
    **{ord(letter): "0" for letter in _ALPHABET},
    **{code: rank for code, (_, rank) in _TONED.items()},
}
