"""How an article is cited in other programs: RIS, BibTeX, CSL-JSON; and how a search is cited.

Pure functions of the values given. Vietnamese names are kept whole, because a reader cannot tell by
rule which part is the family name; Zotero and others take such a name as one field.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

ARCHIVE: Final = "DQTV Archive"


@attrs.frozen(kw_only=True)
class CitedArticle:
    """What a citation says of an article."""

    id: str
    title: str
    paper: str
    #: People named as authors; where there are none, the byline as printed.
    authors: tuple[str, ...] = ()
    section: str | None = None
    sapo: str | None = None
    tags: tuple[str, ...] = ()
    #: Address at the paper.
    url: str
    #: Address in the archive.
    permalink: str
    #: ISO 8601; None: unknown.
    published_at: str | None = None
    #: When the page was captured, ISO 8601 in UTC.
    captured_at: str
    #: Id of the snapshot it was read from.
    snapshot: str


def ris(article: CitedArticle) -> str:
    """RIS, type NEWS, UTF-8 with CRLF (the format of Reference Manager, 2011).

    A value stands on one line; what a page printed on several is joined by spaces.
    """
    lines = [("TY", "NEWS"), ("TI", article.title)]
    lines += [("AU", author) for author in article.authors]
    lines += [("T2", article.paper)]
    if article.published_at:
        lines += [
            ("PY", article.published_at[:4]),
            ("DA", article.published_at[:10].replace("-", "/")),
        ]
    lines += [("SE", article.section or ""), ("AB", article.sapo or "")]
    lines += [("KW", tag) for tag in article.tags]
    lines += [
        ("UR", _one_address(article.url)),
        ("L2", article.permalink),
        ("Y2", article.captured_at[:10].replace("-", "/")),
        ("DB", f"{ARCHIVE}, snapshot {article.snapshot}"),
        ("AN", article.id),
        ("LA", "vi"),
    ]
    written = [f"{tag}  - {' '.join(value.split())}" for tag, value in lines if value.strip()]
    return "\r\n".join([*written, "ER  - ", ""])


def bibtex(article: CitedArticle) -> str:
    """BibTeX, an ``@article`` named by the article's id, in UTF-8 (biber, or bibtex with a Unicode engine)."""
    fields = {
        "title": f"{{{_tex(article.title)}}}",
        # each name in braces: it is not to be taken apart
        "author": " and ".join(f"{{{_tex(author)}}}" for author in article.authors),
        "journal": _tex(article.paper),
        "year": (article.published_at or "")[:4],
        "date": (article.published_at or "")[:10],
        "url": _bare(article.url),
        "urldate": article.captured_at[:10],
        "note": _tex(f"{ARCHIVE}, snapshot {article.snapshot}, {article.permalink}"),
        "langid": "vietnamese",
    }
    written = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    key = re.sub(r"[^A-Za-z0-9.-]", "_", article.id)
    return f"@article{{{key},\n" + ",\n".join(written) + "\n}\n"


def csl(article: CitedArticle) -> list[dict[str, Any]]:
    """CSL-JSON 1.0, an ``article-newspaper`` (https://github.com/citation-style-language/schema)."""
    item: dict[str, Any] = {
        "id": article.id,
        "type": "article-newspaper",
        "title": " ".join(article.title.split()),
        "container-title": article.paper,
        "URL": article.url,
        "accessed": _date_parts(article.captured_at),
        "archive": ARCHIVE,
        "archive_location": article.permalink,
        "note": f"snapshot {article.snapshot}",
        "language": "vi",
    }
    if article.authors:
        item["author"] = [{"literal": author} for author in article.authors]
    if article.published_at:
        item["issued"] = _date_parts(article.published_at)
    if article.section:
        item["section"] = article.section
    if article.sapo:
        item["abstract"] = article.sapo
    if article.tags:
        item["keyword"] = ", ".join(article.tags)
    return [item]


def csl_text(article: CitedArticle) -> str:
    """``csl`` as indented JSON."""
    return orjson.dumps(csl(article), option=orjson.OPT_INDENT_2).decode()


#: End of an article's address -> what it gives, and its media type.
CITATION_FORMATS: Final[dict[str, tuple[Callable[[CitedArticle], str], str]]] = {
    "ris": (ris, "application/x-research-info-systems; charset=utf-8"),
    "bib": (bibtex, "application/x-bibtex; charset=utf-8"),
    "csl.json": (csl_text, "application/vnd.citationstyles.csl+json; charset=utf-8"),
}


@attrs.frozen(kw_only=True)
class CitedSearch:
    """What a citation says of a search; the sentences are in the reader's language."""

    #: What was asked for: words and filters.
    title: str
    #: What was found, and in which snapshot.
    found: str
    #: Address that asks again.
    address: str
    #: Id of the snapshot, and when it was built, ISO 8601 in UTC.
    snapshot: str
    built_at: str
    language: str


def search_ris(search: CitedSearch) -> str:
    """RIS, type ELEC, dated by the snapshot, because what is found depends on nothing else."""
    lines = (
        ("TY", "ELEC"), ("TI", search.title), ("T2", ARCHIVE), ("PY", search.built_at[:4]),
        ("DA", search.built_at[:10].replace("-", "/")), ("N1", search.found), ("UR", _one_address(search.address)),
        ("DB", f"{ARCHIVE}, snapshot {search.snapshot}"), ("LA", search.language),
    )  # fmt: skip
    written = [f"{tag}  - {' '.join(value.split())}" for tag, value in lines]
    return "\r\n".join([*written, "ER  - ", ""])


def search_bibtex(search: CitedSearch) -> str:
    """BibTeX, a ``@misc`` named by the snapshot and a digest of the address."""
    fields = {
        "title": f"{{{_tex(search.title)}}}",
        "howpublished": ARCHIVE,
        "year": search.built_at[:4],
        "date": search.built_at[:10],
        "url": _bare(search.address),
        "note": _tex(search.found),
    }
    written = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{_search_key(search)},\n{written}\n}}\n"


def search_csl(search: CitedSearch) -> list[dict[str, Any]]:
    """CSL-JSON 1.0, a ``webpage``."""
    return [
        {
            "id": _search_key(search),
            "type": "webpage",
            "title": search.title,
            "container-title": ARCHIVE,
            "URL": search.address,
            "issued": _date_parts(search.built_at),
            "archive": ARCHIVE,
            "archive_location": f"snapshot {search.snapshot}",
            "note": search.found,
            "language": search.language,
        }
    ]


def search_csl_text(search: CitedSearch) -> str:
    """``search_csl`` as indented JSON."""
    return orjson.dumps(search_csl(search), option=orjson.OPT_INDENT_2).decode()


def _search_key(search: CitedSearch) -> str:
    digest = hashlib.sha256(search.address.encode()).hexdigest()[:8]
    return f"dqtv-search-{search.snapshot}-{digest}"


#: The writers of ``CITATION_FORMATS`` for a search.
SEARCH_WRITERS: Final[dict[str, Callable[[CitedSearch], str]]] = {
    "ris": search_ris,
    "bib": search_bibtex,
    "csl.json": search_csl_text,
}


_TEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in " ".join(text.split()))


def _one_address(url: str) -> str:
    """An address that RIS does not take for several: there a semicolon parts them."""
    return url.replace(";", "%3B")


def _bare(url: str) -> str:
    """An address inside braces, where TeX reads it verbatim; braces themselves are percent-encoded."""
    return url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _date_parts(instant: str) -> dict[str, list[list[int]]]:
    return {"date-parts": [[int(part) for part in instant[:10].split("-")]]}
