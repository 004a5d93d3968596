r"""One line of text from a page, repaired and tidied: the only form in which text leaves ``clean``.

What was changed is told with the line, folded spaces apart: those are on every page. The order matters. Damaged decoding is repaired first, because nbsp and soft hyphens are parts of
damaged letters ("Ã\xa0" is "à"); look-alike letters come next, invisible characters after them,
and NFC and spaces last. Text in an old 8-bit encoding (TCVN3, VNI) has to be decoded before it
comes here (``scraper.extract.legacy``): its ư is a soft hyphen and would be lost.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import ftfy
import ftfy.bad_codecs  # registers the "sloppy" codecs, which read unassigned bytes as well
from ftfy import fixes

from archive.model import ChangeKind, TextChange
from archive.spacing import single_spaced
from archive.vietnamese import nfc
from scraper.clean.debris import may_hold_debris, without_debris

if TYPE_CHECKING:
    from collections.abc import Callable

#: ftfy for wrong decoding only; what else it does has steps and counts of its own.
_REPAIR: Final = ftfy.TextFixerConfig(
    uncurl_quotes=False, unescape_html=False, explain=False, fix_latin_ligatures=False, fix_character_width=False,
    fix_line_breaks=False, fix_surrogates=False, remove_terminal_escapes=False, remove_control_chars=False,
    normalization=None,
)  # fmt: skip
#: Mending one damage may lay open another; texts met take two rounds at most.
_MOST_ROUNDS: Final = 4
#: Longer lines are no text; only their letters are composed and their spaces folded. Mending takes up to 3 µs a character.
_LONGEST_MENDED: Final = 50_000

_UPPER: Final = "À-ÃÈ-ÊÌÍÒ-ÕÙÚÝĂĐĨŨƠƯ"
_LOWER: Final = "à-ãè-êìíò-õùúýăđĩũơư"
_SYMBOLS: Final = "\u00a0“”‘’«»•–—…"
_UNUSUAL: Final = re.compile(rf"[^ -~\t\n{_UPPER}{_LOWER}Ạ-ỹ{_SYMBOLS}]")
# A line without unusual characters holds damage only where two or three of the usual ones meet.
_SUSPICIOUS: Final = re.compile(
    rf"[{_SYMBOLS}{_UPPER}]"
    rf"(?:(?<=[{_UPPER}{_LOWER}][{_SYMBOLS}])[\w{_SYMBOLS}]"
    rf"|(?<=[ÂÃ][{_SYMBOLS}])"
    rf"|(?<=[a-z{_LOWER}][{_UPPER}])"
    rf"|(?<=[”»])[{_UPPER}{_LOWER}]"
    r"|(?<=[ÂÃ])[ ])"
)
# Letters no single-byte Western encoding has: where one stands, the line was decoded rightly.
_DECODED_RIGHTLY: Final = re.compile("[ơưƠƯẠ-ỹ]")
# “CẤP XÃ” is two whole characters there, not the remains of "Ô" (ftfy 6.3.1 takes it for them).
_WHOLE_AFTER_ALL: Final = re.compile("(?<=[A-ZÀ-Ỹ][ÂÃÎÐ])(?=[\u00a0“”‘’«»–—])")

_TAIL: Final = "[¡-ª¬-º¼-¿€ƒˆ‰ŒœŸŠšŽž˜™†‡\x81\x8a\x8d-\x90\x9a\x9d\x9e]"
# "Ă¢" is "â" read as cp1258 and "á»±" is "ự" read as either; neither is ever written.
_MISREAD_UTF8: Final = re.compile(f"(?:Ă|á[º»]){_TAIL}")
_CODE_PAGES: Final = ("sloppy-windows-1258", "sloppy-windows-1252")
_UNBROKEN: Final = re.compile(r"[^ \t\r\n]+")

_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_OI: Final = str.maketrans("ƣƢ", "ưƯ")
_ETH: Final = str.maketrans("ðÐ", "đĐ")
_VOWEL: Final = "[aăâeêioôơuưyàằầèềìòồờùừỳáắấéếíóốớúứýảẳẩẻểỉỏổởủửỷãẵẫẽễĩõỗỡũữỹạặậẹệịọộợụựỵ]"
_VIETNAMESE_WITH_ETH: Final = re.compile(
    # a whole syllable (Ðảng, Ðắk), or an abbreviation in capitals (HÐND, NÐ-CP)
    rf"(?<![^\W_])(?:(?i:ð{_VOWEL}{{1,3}}(?:ch|ng|nh|[ckmnpt])?)"
    r"|[B-DGHK-NP-TVXĐ]{0,6}Ð[B-DGHK-NP-TVXĐÐ]{0,6})(?![^\W_])"
)

# Zero-width space, joiners and marks of direction, word joiner, BOM, soft hyphen.
_INVISIBLE: Final = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def clean_line(text: str) -> str | None:
    """One line of text as the paper meant it, or None when nothing is left.

    Takes text as an HTML parser gives it. Repairs wrong decoding (ftfy, and UTF-8 read as cp1258,
    which ftfy only half repairs), left-over entities, the look-alikes ð/Ð and ƣ/Ƣ; removes
    invisible characters; returns NFC with single spaces. Quotation marks, tone placement and
    spelling stay as published.
    """
    return clean_and_tell(text)[0]


def clean_and_tell(text: str) -> tuple[str | None, tuple[TextChange, ...]]:
    """``clean_line`` of *text*, and what was changed to get there, in the order it was done."""
    changes: list[TextChange] = []
    if "&" in text:
        text = _changed(ChangeKind.ENTITIES, unescape_twice, text, changes)
    if may_hold_debris(text):
        text = _changed(ChangeKind.DEBRIS, without_debris, text, changes)
    if len(text) <= _LONGEST_MENDED and _may_be_damaged(text):
        text = _mended(text, changes)
    elif len(text) > _LONGEST_MENDED:
        text = _changed(ChangeKind.NFC, nfc, text, changes)
    return single_spaced(text) or None, tuple(changes)


def _mended(text: str, changes: list[TextChange]) -> str:
    for _ in range(_MOST_ROUNDS):
        before = text
        for kind, step in _STEPS:
            text = _changed(kind, step, text, changes)
        if text == before:
            break
    return text


def _changed(
    kind: ChangeKind, step: Callable[[str], str], text: str, changes: list[TextChange]
) -> str:
    after = step(text)
    if after != text and (count := _count(text, after)):
        changes.append(TextChange(kind.value, count))
    return after


def _count(before: str, after: str) -> int:
    """Characters that came in with a change, else those that went; spaces do not count."""
    old, new = Counter("".join(before.split())), Counter("".join(after.split()))
    return (new - old).total() or (old - new).total()


def unescape_twice(text: str) -> str:
    """Text with HTML entities resolved, also those escaped twice (``&amp;acirc;`` → â).

    Only entities closed by a semicolon are touched: "R&D" and query strings stay as they are.
    """
    for _ in range(2):
        unescaped = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if unescaped == text:
            break
        text = unescaped
    return text


def _may_be_damaged(text: str) -> bool:
    return _UNUSUAL.search(text) is not None or _SUSPICIOUS.search(text) is not None


def _decoded_again(text: str) -> str:
    if _MISREAD_UTF8.search(text) is not None:
        text = _UNBROKEN.sub(lambda run: _read_again(run[0]), text)
    if _DECODED_RIGHTLY.search(text) is None:
        return ftfy.fix_text(text, _REPAIR)
    return "".join(ftfy.fix_text(part, _REPAIR) for part in _WHOLE_AFTER_ALL.split(text))


def _read_again(run: str) -> str:
    for code_page in _CODE_PAGES:
        try:
            return run.encode(code_page).decode("utf-8")
        except UnicodeError:
            continue
    return run


def _without_lookalikes(text: str) -> str:
    return _VIETNAMESE_WITH_ETH.sub(lambda word: word[0].translate(_ETH), text.translate(_OI))


def _in_plain_letters(text: str) -> str:
    return fixes.fix_character_width(fixes.fix_latin_ligatures(text))


def _without_invisible(text: str) -> str:
    return _INVISIBLE.sub("", text)


def _without_controls(text: str) -> str:
    return fixes.remove_control_chars(fixes.remove_terminal_escapes(fixes.fix_surrogates(text)))


_STEPS: Final[tuple[tuple[ChangeKind, Callable[[str], str]], ...]] = (
    (ChangeKind.MOJIBAKE, _decoded_again),
    (ChangeKind.LETTER_FORMS, _in_plain_letters),
    (ChangeKind.NFC, nfc),
    (ChangeKind.LOOK_ALIKES, _without_lookalikes),
    (ChangeKind.INVISIBLE, _without_invisible),
    (ChangeKind.CONTROLS, _without_controls),
)
