"""Author lines: recognised at the end of a text, and read for the people in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key, has_marks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scraper.clean.blocks import Block

_LONGEST: Final = 100
_MOST_WORDS: Final = 14
_LONGEST_BARE_NAME: Final = 40
_SHORTEST_PARAGRAPH: Final = 60
#: Lines at the end that may be byline together ("Bài: ..." and "Ảnh: ...").
_MOST_LINES: Final = 2
_NAME_WORDS: Final = range(2, 7)

_ROLE: Final = (
    r"(?:tin|bài|ảnh|clip|video|đồ họa|tin bài|bài viết|nội dung|thực hiện|tác giả|biên soạn|trình bày"
    r"|theo dòng sự kiện|thiết kế|phóng sự|ghi chép|nhóm phóng viên|nhóm pv|phóng viên)"
)
_ROLES: Final = re.compile(rf"^{_ROLE}(?:\s*(?:,|và|&|/|-|–)\s*{_ROLE})*\s*:\s*", re.IGNORECASE)
_BARE_ROLES: Final = re.compile(
    rf"^{_ROLE}(?:\s*(?:,|và|&|/|-|–)\s*{_ROLE})+\s+(?=[A-ZÀ-ỸĐ])|^(?:thực hiện|tác giả)\s+(?=[A-ZÀ-ỸĐ])",
    re.IGNORECASE,
)
_CREDIT: Final = re.compile(r"^\(?\s*(?:theo|nguồn)(?:\s*:\s*|\s+)(?=\S)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:[\w-]+\.)+(?:vn|com|net|org)", re.IGNORECASE)
_REMARK: Final = re.compile(
    r"\s*\((?:tổng hợp|thực hiện|ghi|lược ghi|sưu tầm|biên soạn|theo [^)]{1,40}|[A-ZĐ.]{2,8})\)\s*$",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"\s+[-–—]\s+|\s*[,;/&|+]\s*|\s+và\s+", re.IGNORECASE)
_INITIALS: Final = re.compile(r"^(?:[^\W\d_]{1,2}\.\s?)+[^\W\d_]{0,3}\.?$|^[A-ZĐ]{1,4}$")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_ORGANISATION: Final = re.compile(
    r"^(?:báo|tạp chí|bản tin|trang tin|đài|ttxvn|thông tấn xã|vov|vtv|vna|cổng|ban|bộ|sở|phòng|công an|trung tâm|tòa soạn"
    r"|bbt|ban biên tập|nhóm|pv|p\.v|phóng viên|ctv|cộng tác viên|tổng hợp|ubnd|afp|reuters|ap)\b"
)


#: Whoever writes for a paper without a name; initials with their dots.
_STAFF: Final = re.compile(
    r"(?i:(?:nhóm\s+)?(?:pv|p\.v\.?|phóng viên|bbt|ban biên tập|ctv|cộng tác viên))|(?:[A-ZĐ]\.){1,3}[A-ZĐ]{1,3}\.?"
)
#: Who took a picture, not who wrote.
_PICTURES_ONLY: Final = re.compile(
    r"^(?:nguồn )?(?:ảnh|clip|video|đồ họa)(?:\s*(?:,|và|&|/|-|–)\s*(?:ảnh|clip|video|đồ họa))*\s*:",
    re.IGNORECASE,
)


def trailing_byline(blocks: Sequence[Block]) -> tuple[str | None, int]:
    """The author line at the end of a text, verbatim, and how many blocks it takes.

    A short closing line counts when it reads like names or a credit and is set apart (right-aligned,
    bold, italic), or names its roles ("Tin, ảnh: P.Y") or source ("Theo TTXVN") itself; without any of
    these, when it is nothing but names and follows a whole paragraph (so that lists of names stay).
    """
    lines: list[str] = []
    for block in reversed(blocks[1:]):
        if len(lines) == _MOST_LINES or not _is_byline(block):
            break
        lines.insert(0, block.text or "")
    if not lines and _closes_with_name(blocks):
        lines = [blocks[-1].text or ""]
    return ("; ".join(lines) or None), len(lines)


def leading_byline(blocks: Sequence[Block]) -> tuple[str | None, int]:
    """The author line above a text, verbatim, and its place: first, or behind the lead; None and 0 without.

    Above a text stands much that is short, so only a line counts that says itself who signs.
    """
    for at, block in enumerate(blocks[:2]):
        line, behind = block.text or "", blocks[at + 1 :]
        if signs_itself(line) and behind and len(behind[0].text or "") >= _SHORTEST_PARAGRAPH:
            return line, at
        if len(line) < _SHORTEST_PARAGRAPH:
            break
    return None, 0


def signs_itself(line: str) -> bool:
    """True for an author line that says so by itself: by a role, a source or a mark of the staff."""
    if not looks_like_byline(line) or _PICTURES_ONLY.match(line):
        return False
    return bool(
        _CREDIT.match(line)
        or _ROLES.match(line)
        or _BARE_ROLES.match(line)
        or _STAFF.fullmatch(_REMARK.sub("", line))
    )


def looks_like_byline(line: str) -> bool:
    """True for a short line that names roles, a source, or nothing but names and organisations."""
    return _is_short(line) and all(_is_signature(part) for part in _parts(line))


def people(byline: str, own_names: Collection[str]) -> tuple[str, ...]:
    """The people in an author line, as written: no papers, agencies, initials or account names."""
    if _CREDIT.match(byline):
        return ()
    own = {exact_key(name) for name in own_names}
    names = (part for part in _parts(byline) if _is_person(part) and exact_key(part) not in own)
    return tuple(dict.fromkeys(names))


def is_person_account(name: str, own_names: Collection[str]) -> bool:
    """True when the CMS signs with the name of a person: two or more words with Vietnamese marks."""
    return people(name, own_names) == (name,) and has_marks(name)


def _is_byline(block: Block) -> bool:
    line = block.text or ""
    if not looks_like_byline(line):
        return False
    is_set_apart = block.align == "right" or block.bold or block.italic
    return is_set_apart or bool(_CREDIT.match(line) or _ROLES.match(line))


def _closes_with_name(blocks: Sequence[Block]) -> bool:
    if len(blocks) < 2:  # noqa: PLR2004 - a name and what it stands under
        return False
    line, before = blocks[-1].text or "", blocks[-2].text or ""
    return (
        len(line) <= _LONGEST_BARE_NAME
        and len(before) >= _SHORTEST_PARAGRAPH
        and looks_like_byline(line)
        and all(_INITIALS.match(x) or _is_person(x) for x in _parts(line))
    )


def _is_short(line: str) -> bool:
    return 0 < len(line) <= _LONGEST and len(line.split()) <= _MOST_WORDS


def _parts(line: str) -> list[str]:
    """The names of an author line: roles before them and remarks behind them taken off."""
    names: list[str] = []
    for piece in line.split(";"):
        bare = _CREDIT.sub("", piece.strip())
        bare = _REMARK.sub("", _BARE_ROLES.sub("", _ROLES.sub("", bare)))
        names += _SEPARATOR.split(bare.strip("() "))
    return [name.strip(" :*") for name in names if name.strip(" :*")]


def _is_signature(part: str) -> bool:
    if _INITIALS.match(part) or _ADDRESS.fullmatch(part):
        return True
    if _ORGANISATION.match(exact_key(part)):
        return not part.endswith(".")
    return _is_name(part) and len(part.split()) < _NAME_WORDS.stop


def _is_person(part: str) -> bool:
    return (
        _is_name(part)
        and len(part.split()) in _NAME_WORDS
        and not _INITIALS.match(part)
        and not _ORGANISATION.match(exact_key(part))
    )


def _is_name(part: str) -> bool:
    """Every word starts with a capital and holds letters only: Lan Anh, MINH KHÔI, H'Linh Êban."""
    words = part.split()
    return bool(words) and all(_WORD.fullmatch(word) and word[0].isupper() for word in words)
