"""Clean the HTML of an article's container into paragraphs, figures, byline and dateline."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key
from scraper.clean.blocks import read_blocks
from scraper.clean.boilerplate import without_boilerplate
from scraper.clean.bylines import leading_byline, trailing_byline
from scraper.clean.changes import together
from scraper.clean.figures import separate_figures
from scraper.clean.furniture import page_blocks, without_furniture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode

    from archive.model import Figure, TextChange
    from archive.template import PageBlock, RemovedBlock
    from scraper.clean.blocks import Block
    from scraper.clean.furniture import Learned

#: A body that page script decodes arrives as one long word of this alphabet (baophutho.vn, baothanhhoa.vn).
_BLOB: Final = re.compile(r"(?:^|(?<=\s))[A-Za-z0-9+/=_%-]{60,}(?=\s|$)")
_BLOB_SHARE: Final = 0.5
#: The last line of an encoded text is no longer than the others.
_BLOB_END: Final = re.compile(
    r"(?=.{0,100}?[a-z].{0,100}?[A-Z]|.{0,100}?[0-9+/=]|.{21})[A-Za-z0-9+/_%-]{1,100}={0,2}"
)
#: Shorter beginnings are not taken for cut ones.
_SHORTEST_CUT: Final = 100
#: A lead cut by its length may run into so many paragraphs.
_MOST_RUN_INTO: Final = 4
#: The cut may go through an entity, and dots may follow.
_CUT_ENTITY: Final = 10
#: A day in figures, with what stands beside it in a line of its own: weekday, clock, "Cập nhật lúc".
_DATE_LINE: Final = re.compile(
    r"(?=[^.]{0,60}$)\W*(?:(?:thứ|chủ|cập|đăng|ngày) ?[^\d.]{0,20})?(?:\d{1,2}[:h]\d{2}[^.]{0,12}?)?"
    r"\d{1,2}[/-]\d{1,2}[/-]\d{4}(?:[^\w.]*\d{1,2}[:h]\d{2})?(?::\d{2})?[^\w.]*(?:gmt ?\+?7\)?)?"
)
#: Marks of an agency or paper: ``(CTO) -``, ``(Baothanhhoa.vn) -``.
_DATELINE: Final = re.compile(
    r"^\((?:[A-ZĐ]{2,8}(?: Online)?|[A-Za-z]{3,20}\.(?:com\.)?vn)\)\s*[-–—:]"
)


@attrs.frozen(kw_only=True)
class CleanBody:
    """The text of an article, cleaned."""

    paragraphs: tuple[str, ...]
    figures: tuple[Figure, ...]
    sapo: str | None
    #: Author line found at the end of the text, or else above it; None where none stands there.
    byline: str | None
    dateline: str | None
    #: Part of the body was encoded and is left out.
    is_encoded: bool
    #: The author line stands above the text, not at its end.
    signed_above: bool = False
    #: Text blocks of the page but the author line, those left out by what was learned included.
    blocks: tuple[PageBlock, ...] = ()
    removed: tuple[RemovedBlock, ...] = ()
    #: What was changed in paragraphs, author line and captions.
    changes: tuple[TextChange, ...] = ()
    #: Digest of title, sapo and all blocks, with the author line.
    printed_digest: str | None = None


def clean_subtree(
    container: LexborNode,
    *,
    base_url: str,
    title: str,
    sapo: str | None,
    dateline: re.Pattern[str] | None = None,
    learned: Learned | None = None,
) -> CleanBody:
    """Paragraphs and figures of a *container* (with role marks, see ``Role``).

    *title* and *sapo* are clean lines; where the text repeats them they are dropped from it, and a
    sapo that is only the cut beginning of the text is None. *dateline* replaces the general rule for
    the mark that opens the text. What *learned* knows to be the paper's, not the article's, is left out.
    """
    readable, is_encoded = _without_blobs(read_blocks(container))
    separated = separate_figures(readable, base_url)
    printed = _without_title(list(without_boilerplate(separated.texts)), title)
    known = page_blocks(printed)
    printed_digest = _printed_digest(title, sapo, known)
    blocks, removed = without_furniture(printed, known, learned)
    byline, lines = trailing_byline(blocks)
    signed = {id(block) for block in blocks[len(blocks) - lines :]}
    if is_above := byline is None:
        byline, at = leading_byline(blocks)
        signed |= {id(block) for block in blocks[at : at + 1] if byline is not None}
    paragraphs = [block.text or "" for block in blocks if id(block) not in signed]
    paragraphs = _without_cut_beginning(paragraphs)
    sapo = _own_sapo(sapo, paragraphs)
    mark, sapo, paragraphs = _split_dateline(sapo, paragraphs, dateline or _DATELINE)
    if sapo is not None and paragraphs and exact_key(paragraphs[0]) == exact_key(sapo):
        paragraphs = paragraphs[1:]
    # what was dropped as a repetition stood at the beginning
    stored = blocks[len(blocks) - lines - len(paragraphs) :]
    return CleanBody(
        paragraphs=tuple(paragraphs),
        figures=separated.figures,
        sapo=sapo,
        byline=byline,
        dateline=mark,
        is_encoded=is_encoded,
        signed_above=is_above and byline is not None,
        blocks=tuple(x for x, block in zip(known, printed, strict=True) if id(block) not in signed),
        removed=removed,
        changes=together(*(x.changes for x in (*stored, *separated.captions) if x.changes)),
        printed_digest=printed_digest,
    )


def _printed_digest(title: str, sapo: str | None, blocks: Sequence[PageBlock]) -> str:
    parts = "\n".join((title, sapo or "", *(block.digest for block in blocks)))
    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def holds_blob(line: str) -> bool:
    """True when part of the line is one long word of the base64 alphabet."""
    return _BLOB.search(line) is not None


def _without_blobs(blocks: Sequence[Block]) -> tuple[list[Block], bool]:
    """Blocks without encoded text, pictures kept, and whether there was any.

    The last line of an encoded text may be short; it is taken for its end right behind the others.
    """
    kept: list[Block] = []
    is_encoded = follows = False
    for block in blocks:
        text = block.text or ""
        if holds_blob(text) or (follows and _BLOB_END.fullmatch(text)):
            is_encoded = follows = True
            rest = _BLOB.sub(" ", text).strip()
            is_end = rest == text or len(rest) < (1 - _BLOB_SHARE) * len(text)
            if not is_end or block.images:
                kept.append(attrs.evolve(block, text=None if is_end else " ".join(rest.split())))
        else:
            follows = follows and not text
            kept.append(block)
    return kept, is_encoded


def _without_title(blocks: Sequence[Block], title: str) -> list[Block]:
    """Without the headline above the text, and the date in its line."""
    first, key = exact_key(blocks[0].text or "") if blocks else "", exact_key(title)
    is_title = first == key or (
        first.startswith(key) and _DATE_LINE.fullmatch(first[len(key) :]) is not None
    )
    return list(blocks[1:] if blocks and is_title else blocks)


def _without_cut_beginning(paragraphs: list[str]) -> list[str]:
    """Without a first paragraph that is only the beginning of those behind it, cut off by the CMS."""
    if len(paragraphs) < 2 or len(paragraphs[0]) < _SHORTEST_CUT:  # noqa: PLR2004 - a pair
        return paragraphs
    start = exact_key(paragraphs[0])
    running = exact_key(" ".join(paragraphs[1 : 1 + _MOST_RUN_INTO])[: 2 * len(paragraphs[0])])
    is_cut = len(start) < len(running) and running.startswith(start[:-_CUT_ENTITY])
    return paragraphs[1:] if is_cut else paragraphs


def _own_sapo(sapo: str | None, paragraphs: Sequence[str]) -> str | None:
    """The sapo, unless it is only the beginning of the text cut off somewhere."""
    if sapo is None or not paragraphs:
        return sapo
    start = exact_key(sapo).rstrip(" .…")
    running = exact_key(" ".join(paragraphs[:4])[: 2 * len(sapo)])
    is_cut = running.startswith(start) and exact_key(paragraphs[0]).rstrip(" .…") != start
    return None if is_cut else sapo


def _split_dateline(
    sapo: str | None, paragraphs: list[str], pattern: re.Pattern[str]
) -> tuple[str | None, str | None, list[str]]:
    """Dateline, sapo and paragraphs; the mark stands at the start of whichever comes first."""
    if sapo is not None and (match := pattern.match(sapo)):
        return match[0].strip(), sapo[match.end() :].strip() or None, paragraphs
    if paragraphs and (match := pattern.match(paragraphs[0])):
        rest = paragraphs[0][match.end() :].strip()
        return match[0].strip(), sapo, [*([rest] if rest else []), *paragraphs[1:]]
    return None, sapo, paragraphs
