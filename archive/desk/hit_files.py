"""The articles of a list as CSV, JSON Lines, RIS, BibTeX and CSL-JSON, piece by piece.

CSV: UTF-8 with byte order mark, RFC 4180, as exports write it: a text that a spreadsheet might compute
gets an apostrophe in front, missing values are empty, lists are joined by ``; ``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import orjson

from archive.citations import bibtex, csl, ris
from archive.desk.visit import article_path
from archive.export.csv_file import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archive.citations import CitedArticle
    from archive.desk.hit_list import ListedArticle
    from archive.desk.plan import Tier

#: Fields of CSV and JSON Lines, in their order.
FIELDS: Final = (
    "place", "id", "permalink", "url", "site", "paper", "province", "province_today", "section", "title",
    "sapo", "byline", "authors", "tags", "published_at", "published_precision", "first_captured_at",
    "captured_at", "word_count", "level", "relevance", "tier", "match", "gone", "snapshot",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Piece:
    """Some articles of a list on their way into a file."""

    articles: Sequence[ListedArticle]
    #: Place of the first in the list, from 1.
    place: int
    #: Their group; None in a list without words.
    tier: Tier | None
    snapshot: str
    #: Makes a path a full address.
    absolute: Callable[[str], str]

    def permalink(self, article: ListedArticle) -> str:
        """Full address of an article's page."""
        return self.absolute(article_path(article.id))

    def cited(self) -> Iterable[CitedArticle]:
        """What citations say of them."""
        return (x.cited(self.permalink(x), self.snapshot) for x in self.articles)


@attrs.frozen(kw_only=True)
class HitFile:
    """A form of file."""

    name: str
    media_type: str
    write: Callable[[Piece], bytes]
    start: bytes = b""
    end: bytes = b""


def _values(piece: Piece, offset: int, article: ListedArticle) -> dict[str, object]:
    told = {
        "place": piece.place + offset,
        "permalink": piece.permalink(article),
        "tier": piece.tier.value if piece.tier else 0,
        "match": piece.tier.match if piece.tier else None,
        "snapshot": piece.snapshot,
    }
    return {name: told[name] if name in told else getattr(article, name) for name in FIELDS}


def _csv(piece: Piece) -> bytes:
    rows = (_values(piece, n, article).values() for n, article in enumerate(piece.articles))
    return b"".join(map(_csv_line, rows))


def _csv_line(values: Iterable[object]) -> bytes:
    return (",".join(map(_csv_cell, values)) + "\r\n").encode()


def _csv_cell(value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, tuple):
        value = "; ".join(value)
    if not isinstance(value, str):
        return repr(value)
    return '"' + guarded(value).replace('"', '""') + '"'


def _jsonl(piece: Piece) -> bytes:
    return b"".join(
        orjson.dumps(_values(piece, n, article), option=orjson.OPT_APPEND_NEWLINE)
        for n, article in enumerate(piece.articles)
    )


def _csl(piece: Piece) -> bytes:
    items = [orjson.dumps(csl(article)[0]) for article in piece.cited()]
    return (b"" if piece.place == 1 else b",\n") + b",\n".join(items)


def _joined(write: Callable[[CitedArticle], str]) -> Callable[[Piece], bytes]:
    return lambda piece: "".join(map(write, piece.cited())).encode()


#: End of an address -> the file.
HIT_FILES: Final = {
    "csv": HitFile(
        name="CSV", media_type="text/csv; charset=utf-8", write=_csv,
        start=b"\xef\xbb\xbf" + _csv_line(FIELDS),
    ),
    "jsonl": HitFile(name="JSON Lines", media_type="application/x-ndjson", write=_jsonl),
    "ris": HitFile(
        name="RIS", media_type="application/x-research-info-systems; charset=utf-8", write=_joined(ris)
    ),
    "bib": HitFile(
        name="BibTeX", media_type="application/x-bibtex; charset=utf-8", write=_joined(bibtex)
    ),
    "csl.json": HitFile(
        name="CSL-JSON", media_type="application/vnd.citationstyles.csl+json; charset=utf-8",
        write=_csl, start=b"[\n", end=b"\n]\n",
    ),
}  # fmt: skip
