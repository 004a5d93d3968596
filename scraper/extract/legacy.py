"""Text in the encodings that Vietnam wrote before Unicode: TCVN3 (ABC), VNI and VIQR.

Such text reaches us as Western letters ("Lùc l\u00adîng d©n qu©n", "Löïc löôïng daân quaân"). It is
decoded only where that turns nonsense into Vietnamese: the share of possible syllables among the
words with marks has to rise from under 0.3 to over 0.8 in a paragraph. In TCVN3 the letter ư is a
soft hyphen, so this comes before anything removes those.

The tables are those of the standards (TCVN 5712:1993, RFC 1456, the VNI code page for Windows).
"""

from __future__ import annotations

import enum
import html
import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from scraper.extract.syllables import WORD, is_syllable, marked_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Shares between which a paragraph's plausibility has to rise, and marked words it needs.
_NONSENSE, _VIETNAMESE = 0.3, 0.8
_ENOUGH_WORDS: Final = 5
#: On a page known to be in an encoding, shorter lines are decoded when that makes so much difference.
_BETTER: Final = 0.3
_SUSPICIOUS_SIGNS: Final = 3
#: Characters of text looked at for an encoding, and characters of a page that are decoded: 4 µs each (measured).
_LOOKED_AT: Final = 20_000
_MOST_DECODED: Final = 60_000


class Scheme(enum.StrEnum):
    """An encoding older than Unicode."""

    TCVN3 = "tcvn3"
    VNI = "vni"
    VIQR = "viqr"


# -- tables -------------------------------------------------------------------------------------------

#: windows-1258 differs from windows-1252 in these places; pages without a charset were read in it.
_AS_1252: Final = str.maketrans("ĂĐƠƯăđơư₫\u0300\u0309\u0303\u0301\u0323", "ÃÐÕÝãðõýþÌÒÞìò")

#: From byte 0xA1. The signs ° ± ² ³ ´ were used as such; capitals with tone had a font of their own.
_TCVN3_LETTERS: Final = "ĂÂÊÔƠƯĐăâêôơưđẰ°±²³´àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
_TCVN3: Final = {0xA1 + at: letter for at, letter in enumerate(_TCVN3_LETTERS)}
#: Alone they are what they look like.
_OWN_SIGNS: Final = frozenset("©§®")

#: Vowel mark and tone in one letter written behind the vowel.
_VNI_MARKS: Final = {
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303", "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309", "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_LETTERS: Final = {"ô": "ơ", "ö": "ư", "ñ": "đ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni() -> dict[str, str]:
    table = dict(_VNI_LETTERS)
    for vowel in ("a", "e", "o", "u", "y", "ô", "ö"):
        for mark, marks in _VNI_MARKS.items():
            letter = unicodedata.normalize("NFC", _VNI_LETTERS.get(vowel, vowel) + marks)
            if len(letter) == 1:
                table[vowel + mark] = letter
    return table | {key.upper(): letter.upper() for key, letter in table.items()}


_VNI: Final = _vni()
_VNI_UNITS: Final = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))

_VIQR_MARKS: Final = {
    "^": "\u0302", "(": "\u0306", "+": "\u031b",
    "'": "\u0301", "`": "\u0300", "?": "\u0309", "~": "\u0303", ".": "\u0323",
}  # fmt: skip
_VIQR_UNITS: Final = re.compile(
    r"\\(?P<plain>[\\^(+'`?~.d])|(?P<d>[dD])[dD]|(?P<vowel>[aeiouyAEIOUY])(?P<mark>[\^(+])?(?P<tone>['`?~.])?"
)
_VIQR_WORD: Final = re.compile(
    r"(?<![\w/=&^(+'`?~.])[A-Za-z^(+'`?~.]*(?:[aeoAEO]\^|[ouOU]\+|[aA]\(|\bdd)[A-Za-z^(+'`?~.]*"
)
#: A full stop behind a vowel is a tone, but at the end of a text of sentences and behind a glide (lai.).
_SENTENCES: Final = 100
_GLIDE: Final = re.compile(r"[aeouAEOU][\^(+'`?~]*[iouyIOUY]$")

# -- decoding -----------------------------------------------------------------------------------------


def _from_tcvn3(text: str) -> str:
    def word(match: re.Match[str]) -> str:
        return match[0] if match[0] in _OWN_SIGNS else match[0].translate(_TCVN3)

    return WORD.sub(word, text.translate(_AS_1252))


def _from_vni(text: str) -> str:
    return _VNI_UNITS.sub(lambda unit: _VNI[unit[0]], text.translate(_AS_1252))


def _from_viqr(text: str) -> str:
    text = text.rstrip()
    is_stopped = len(text) > _SENTENCES and re.search(r"[A-Za-z^(+][.?]$", text) is not None
    closing = text[-1] if is_stopped else ""
    return _VIQR_UNITS.sub(_viqr_letter, text.removesuffix(closing)) + closing


def _viqr_letter(unit: re.Match[str]) -> str:
    if unit["plain"]:
        return unit["plain"]
    if unit["d"]:
        return "đ" if unit["d"] == "d" else "Đ"
    mark, tone = unit["mark"], unit["tone"]
    closing = ""
    if tone in {".", "?"} and not mark and _closes_sentence(unit):
        tone, closing = "", tone
    letter = unicodedata.normalize(
        "NFC", unit["vowel"] + "".join(_VIQR_MARKS[x] for x in (mark, tone) if x)
    )
    return letter + closing if len(letter) == 1 else unit[0]


def _closes_sentence(unit: re.Match[str]) -> bool:
    text, end = unit.string, unit.end()
    if text[end : end + 1].isalpha():
        return False
    tail = text[max(0, unit.start() - 3) : unit.start() + 1]
    return _GLIDE.search(tail) is not None and not tail.lower().endswith("uy")


_DECODERS: Final[dict[Scheme, Callable[[str], str]]] = {
    Scheme.TCVN3: _from_tcvn3,
    Scheme.VNI: _from_vni,
    Scheme.VIQR: _from_viqr,
}

# -- recognising --------------------------------------------------------------------------------------

#: What a Vietnamese page has no or little use for, and each paragraph of TCVN3 or VNI is full of.
_SIGNS: Final = re.compile("[¨©ª«¬\u00ad®µ¶¸¹äåæëîïñöøûü]")


def may_be_legacy(text: str) -> bool:
    """A quick look: False for all text in which ``decoded`` could find nothing to decode."""
    if sum(1 for _ in islice(_SIGNS.finditer(text), _SUSPICIOUS_SIGNS)) == _SUSPICIOUS_SIGNS:
        return True
    return "^" in text and len(_VIQR_WORD.findall(text)) >= _ENOUGH_WORDS


def scheme_of(text: str) -> Scheme | None:
    """The encoding in which a paragraph turns from nonsense into Vietnamese, if there is one."""
    for scheme in Scheme:
        if _marked(text, scheme) < _ENOUGH_WORDS:
            continue
        gain = _gain(text, scheme)
        if gain is not None and gain[0] < _NONSENSE and gain[1] > _VIETNAMESE:
            return scheme
    return None


def _marked(text: str, scheme: Scheme) -> int:
    return len(_VIQR_WORD.findall(text)) if scheme is Scheme.VIQR else marked_words(text).total


def _gain(text: str, scheme: Scheme) -> tuple[float, float] | None:
    """Share of possible syllables among the marked words before and after decoding."""
    words = marked_words(text)
    if scheme is Scheme.VIQR:
        encoded = _VIQR_WORD.findall(text)
        if not encoded:
            return None
        good = sum(is_syllable(_from_viqr(word).strip(".?'`~")) for word in encoded)
        total = words.total + len(encoded)
        return words.plausible / total, (words.plausible + good) / total
    if not words.total:
        return None
    return words.share, marked_words(_DECODERS[scheme](text)).share


# -- whole pages --------------------------------------------------------------------------------------

_PARTS: Final = re.compile(
    r"(?P<data><script[^>]*application/ld\+json[^>]*>)(?P<json>.*?)(?=</script)"
    r'|<(?P<raw>script|style|textarea)\b(?:[^<>"]|"[^"]*")*>.*?</(?P=raw)|<!--.*?-->'
    r'|(?P<tag><(?:[^<>"]|"[^"]*")*>)|(?P<text>[^<]+)',
    re.DOTALL | re.IGNORECASE,
)
_TAG_NAME: Final = re.compile(r"<(/?)([a-zA-Z][\w:-]*)")
#: ``<font face=".VnTimeH">``, ``style="font-family: .VnArialH"``: TCVN3 fonts; a last H stands for capitals.
_TCVN3_FONT: Final = re.compile(
    r"""\b(?:face\s*=\s*["']?|font-family\s*:\s*)(?:["']|&quot;)?\s*(\.Vn[A-Za-z]+)""",
    re.IGNORECASE,
)
_ATTRIBUTES: Final = re.compile(r'(?P<name>\s(?:content|alt|title)=")(?P<value>[^"]+)')
_ESCAPED: Final = re.compile(r"\\u00([a-fA-F][0-9a-fA-F])")


class Decoded(NamedTuple):
    """A page in Unicode, and what it was written in."""

    source: str
    scheme: Scheme


def decoded(source: str) -> Decoded | None:
    """A page's HTML (as a parser wrote it) with all text in an old encoding decoded; None when none is.

    The first paragraph that is certain decides the encoding; then title, captions and other short
    lines are decoded as well, each on its own evidence, and lines in Unicode between them are kept. A
    line that would read well either way goes with the line before it. TCVN3 has no capitals with a tone:
    they come from fonts of capitals (.VnTimeH), and where the page itself names one its text is in
    capitals; elsewhere such letters stay small. A longer text than any article raises UnicodeError.
    """
    scheme = next(filter(None, map(scheme_of, _paragraphs(source))), None)
    if scheme is None:
        return None
    length = sum(len(part["text"] or "") for part in _PARTS.finditer(source))
    if length > _MOST_DECODED:
        raise UnicodeError(f"{length:,} characters in {scheme} (at most {_MOST_DECODED:,})")
    return Decoded(_PARTS.sub(_Decoding(scheme).part, source), scheme)


def _paragraphs(source: str) -> Iterator[str]:
    """Text of the page, as far as it is looked at."""
    left = _LOOKED_AT
    for part in _PARTS.finditer(source):
        if part["text"]:
            yield html.unescape(part["text"][:left])
            left -= len(part["text"].strip())
            if left <= 0:
                return


class _Decoding:
    """Decodes the parts of one page in order."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._last = False
        self._fonts = _Fonts() if scheme is Scheme.TCVN3 else None

    def part(self, match: re.Match[str]) -> str:
        if match["text"]:
            return self._line(match["text"])
        if match["data"]:
            plain = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), match["json"])
            return match["data"] + self._line(plain, escape=False)
        if match["tag"]:
            if self._fonts is not None:
                self._fonts.pass_tag(match["tag"])
            return _ATTRIBUTES.sub(lambda x: x["name"] + self._line(x["value"]), match["tag"])
        return match[0]

    def _line(self, written: str, *, escape: bool = True) -> str:
        text = html.unescape(written) if escape else written
        gain = _gain(text, self._scheme)
        if gain is not None:
            before, after = gain
            if before != after:
                self._last = after > _VIETNAMESE and after >= before + _BETTER
        in_capitals = self._last and self._fonts is not None and self._fonts.in_capitals
        if not in_capitals and (gain is None or not self._last):
            return written
        text = _DECODERS[self._scheme](text)
        text = text.upper() if in_capitals else text
        return html.escape(text) if escape else text


class _Fonts:
    """Which of the TCVN3 fonts named on the page a place is set in."""

    def __init__(self) -> None:
        self._open: list[_Font] = []

    @property
    def in_capitals(self) -> bool:
        """True where the innermost font named has capitals only."""
        return bool(self._open) and self._open[-1].is_capital

    def pass_tag(self, tag: str) -> None:
        """Go on behind *tag*."""
        name = _TAG_NAME.match(tag)
        if name is None:
            return
        element = name[2].lower()
        if not name[1] and (font := _TCVN3_FONT.search(tag)) is not None:
            self._open.append(_Font(element, font[1].upper().endswith("H")))
        elif self._open and self._open[-1].element == element:
            last = self._open[-1]
            last.depth += -1 if name[1] else 1
            if not last.depth:
                self._open.pop()


@attrs.define
class _Font:
    """An open element that names a TCVN3 font."""

    element: str
    is_capital: bool
    #: How many elements of its name are open from it on.
    depth: int = 1
