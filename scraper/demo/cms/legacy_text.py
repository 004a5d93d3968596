"""TCVN3 (ABC), in which pages were written before Unicode: one byte a letter, drawn by a font."""

from __future__ import annotations

from typing import Final

#: Letters from byte 0xB5 on; tones in the order of the standard (TCVN 5712:1993, VN3).
_LOWER: Final = {
    0xB5: "àảãáạ", 0xBB: "ằẳẵắ", 0xC6: "ặầẩẫấậè", 0xCE: "ẻẽéẹềểễếệìỉ", 0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù", 0xF1: "ủũúụừửữứựỳỷỹýỵ",
}  # fmt: skip
_BASE: Final = "ĂÂÊÔƠƯĐăâêôơưđ"
_BYTES: Final = {letter: 0xA1 + place for place, letter in enumerate(_BASE)} | {
    letter: first + place
    for first, letters in _LOWER.items()
    for place, letter in enumerate(letters)
}


def tcvn3(text: str) -> bytes:
    """*text* as a page in the font .VnTime stored it; other characters become references.

    The encoding has no capitals with tone marks: a font of capitals drew the small letters, so ``Ở``
    is stored as ``ở``.
    """
    return b"".join(_letter(character) for character in text)


def _letter(character: str) -> bytes:
    if character.isascii():
        return character.encode()
    value = _BYTES.get(character) or _BYTES.get(character.lower())
    return bytes([value]) if value else f"&#{ord(character)};".encode()
