"""Infer from a paper's links what the address of an article looks like: an ``article_url`` with its id.

Addresses of one CMS share a shape: the same parts in the same order, with a number (or hex number)
that differs from article to article, or with nothing but the headline as a slug.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from archive.addresses import without_tracking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Fewer addresses of one shape tell nothing.
_FEWEST: Final = 4
#: A link text from this many words and letters on reads like a headline; menus are shorter.
_HEADLINE_WORDS: Final = 5
_HEADLINE_LETTERS: Final = 22
_MENU_WORDS: Final = 3
#: Words a slug has at least, where nothing else tells it from a section.
_SLUG_WORDS: Final = 4
#: Share of a shape's addresses whose number must be its own.
_DISTINCT: Final = 0.9
#: A number so long is made of a date and a counter.
_DATED_ID: Final = 12
_LONGEST_PATH: Final = 400
#: What a matched menu link costs, in matched headlines.
_MENU_COST: Final = 3.0

_HEX: Final = re.compile(r"(?=[a-f]*\d)[0-9a-f]{7,40}", re.ASCII)
#: Separator, letters of the CMS and the number at the end of a slug: ``-post123``, ``-a123``, ``.i45``.
_TAIL: Final = re.compile(
    r"(?P<lit>[-_.~](?:[a-z]{0,8}))(?P<id>\d+|[0-9a-f]{7,40})$", re.ASCII | re.IGNORECASE
)
_LEADING: Final = re.compile(r"(?P<id>\d+)[-_]", re.ASCII)
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,5}$")
_NOT_ARTICLE: Final = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|css|js|pdf|docx?|zip|mp[34]|xml|rss|json|ico)$", re.IGNORECASE
)


@attrs.frozen(kw_only=True)
class Link:
    """A link on one of the paper's own hosts."""

    url: str
    text: str = ""
    #: A feed lists it, so it is an article.
    listed: bool = False

    @property
    def is_headline(self) -> bool:
        """True when it is listed as an article, or its text (without one, its address) reads like a headline."""
        text = self.text or re.split(r"[/?]", self.url.rstrip("/"))[-1].replace("-", " ")
        return self.listed or (
            len(text.split()) >= _HEADLINE_WORDS and len(text) >= _HEADLINE_LETTERS
        )

    @property
    def is_menu(self) -> bool:
        """True when its text is too short for a headline."""
        return not self.listed and 0 < len(self.text.split()) <= _MENU_WORDS


@attrs.frozen(kw_only=True)
class ArticleAddress:
    """An expression for the addresses of articles, and the links that fit it."""

    pattern: str
    #: Addresses of articles, as found, without doubles.
    urls: tuple[str, ...]
    #: Texts of the links that read like headlines, by address.
    headline_of: dict[str, str] = attrs.field(factory=dict, repr=False)
    #: Distinct headlines that fit, and menu links that fit although they should not.
    headlines: int
    menus: int


@attrs.frozen
class _Path:
    """An address cut into the parts that shapes are made of."""

    link: Link
    #: Path segments before the last, the last one's slug, what stands between slug and number ...
    folders: tuple[str, ...]
    slug: str
    lit: str
    number: str
    suffix: str
    query: str


def infer_article_address(links: Iterable[Link]) -> ArticleAddress | None:
    """The expression that fits most headlines and fewest menu links; None when no shape is common."""
    known = [link for link in _distinct(links) if _may_be_article(link.url)]
    groups: dict[object, list[_Path]] = defaultdict(list)
    for link in known:
        path = _cut(link)
        groups[_shape(path)].append(path)
    best: ArticleAddress | None = None
    for paths in groups.values():
        if len(paths) < _FEWEST:
            continue
        for pattern in _patterns(paths):
            found = _judged(pattern, known)
            if found is not None and (best is None or _score(found) > _score(best)):
                best = found
    return best


def path_of(url: str) -> str:
    """Path and query of *url*, without tracking parameters, as ``article_url`` is matched against."""
    parts = urlsplit(without_tracking(url))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _score(found: ArticleAddress) -> float:
    return found.headlines - _MENU_COST * found.menus


def _judged(pattern: str, known: Sequence[Link]) -> ArticleAddress | None:
    compiled = re.compile(pattern)
    fitting = [link for link in known if compiled.search(path_of(link.url))]
    headlines = sum(link.is_headline for link in fitting)
    if headlines < _FEWEST:
        return None
    return ArticleAddress(
        pattern=pattern,
        urls=tuple(link.url for link in fitting if not link.is_menu),
        headline_of={x.url: x.text for x in fitting if x.is_headline and x.text},
        headlines=headlines,
        menus=sum(link.is_menu for link in fitting),
    )


def _distinct(links: Iterable[Link]) -> list[Link]:
    """Each address once, with its longest text (a picture's link has none)."""
    known: dict[str, Link] = {}
    for link in links:
        address = without_tracking(link.url)
        other = known.get(address)
        if other is None or (link.listed, len(link.text)) > (other.listed, len(other.text)):
            known[address] = attrs.evolve(
                link, url=address, listed=link.listed or (other is not None and other.listed)
            )
    return list(known.values())


def _may_be_article(url: str) -> bool:
    path = path_of(url)
    return (
        len(path) <= _LONGEST_PATH and path != "/" and not _NOT_ARTICLE.search(urlsplit(url).path)
    )


def _cut(link: Link) -> _Path:
    parts = urlsplit(link.url)
    *folders, last = [x for x in parts.path.split("/") if x] or [""]
    end = "/" if parts.path.endswith("/") else ""
    suffix = _SUFFIX.search(last)
    if suffix:
        last = last[: suffix.start()]
    tail = _TAIL.search(last)
    number = tail["id"] if tail else ""
    if tail and not number.isdigit() and not _HEX.fullmatch(number):
        tail, number = None, ""
    slug = last[: tail.start()] if tail else last
    return _Path(
        link=link,
        folders=tuple(folders),
        slug=slug,
        lit=tail["lit"] if tail else "",
        number=number,
        suffix=(suffix[0] if suffix else "") + end,
        query=parts.query,
    )


def _shape(path: _Path) -> object:
    keys = tuple(sorted(pair.partition("=")[0] for pair in path.query.split("&") if pair))
    return (
        tuple(_kind(x) for x in path.folders), _kind(path.slug), path.lit, bool(path.number),
        path.suffix, keys,
    )  # fmt: skip


def _kind(segment: str) -> str:
    if segment.isdigit():
        return "number"
    if _HEX.fullmatch(segment):
        return "hex"
    words = [x for x in re.split(r"[-_]", segment) if x]
    return "slug" if len(words) >= _SLUG_WORDS else "word"


def _patterns(paths: Sequence[_Path]) -> list[str]:
    """Expressions for addresses of one shape, the most telling first."""
    first = paths[0]
    found: list[str] = []
    if first.number and _is_own([x.number for x in paths]):
        digits = _digits([x.number for x in paths])
        ending = f"{_literal(first.lit)}(?P<id>{digits}){_literal(first.suffix)}$"
        # where the number alone makes the address, the folders must tell
        found.append(ending if _kind(first.slug) == "slug" else _whole(paths, ending))
        if first.slug:
            found.append(ending)
    if _kind(first.slug) in {"number", "hex"} and _is_own([x.slug for x in paths]):
        digits = _digits([x.slug for x in paths])
        found.append(_whole(paths, f"(?P<id>{digits}){_literal(first.suffix)}$", slug=""))
    leading = [_LEADING.match(x.slug) for x in paths]
    if all(leading) and _is_own(numbers := [x["id"] for x in leading if x]):
        digits = _digits(numbers)
        found.append(
            _whole(paths, rf"(?P<id>{digits})[-_][^/?]+{_literal(first.suffix)}$", slug="")
        )
    for at, folder in enumerate(first.folders):
        numbers = [x.folders[at] for x in paths]
        if _kind(folder) in {"number", "hex"} and _is_own(numbers):
            rest = "".join("/" + _any(_kind(x)) for x in first.folders[at + 1 :])
            last = f"/[^/?]+{_literal(first.suffix)}$"
            start = _folders([x.folders[:at] for x in paths])
            found.append(f"^{start}/(?P<id>{_digits(numbers)}){rest}{last}")
    found += _in_query(paths)
    if not found and _kind(first.slug) == "slug":
        words = rf"(?P<slug>[^/?.]+(?:[-_][^/?.-]+){{{_SLUG_WORDS - 1},}})"
        found.append(_whole(paths, f"{words}{_literal(first.suffix)}$", slug=""))
    return found


def _in_query(paths: Sequence[_Path]) -> list[str]:
    found: list[str] = []
    for pair in paths[0].query.split("&"):
        key = pair.partition("=")[0]
        values = [_value(x.query, key) for x in paths]
        if key and all(x.isdigit() for x in values) and _is_own(values):
            name = _folders([(*x.folders, x.slug) for x in paths])
            suffix = _literal(paths[0].suffix)
            found.append(
                rf"^{name}{suffix}\?(?:.*&)?{re.escape(key)}=(?P<id>{_digits(values)})(?:&|$)"
            )
    return found


def _value(query: str, key: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&"))
    return next((value for name, _, value in pairs if name == key), "")


def _whole(paths: Sequence[_Path], ending: str, *, slug: str = "[^/?]*") -> str:
    return f"^{_folders([x.folders for x in paths])}/{slug}{ending}"


def _folders(rows: Sequence[Sequence[str]]) -> str:
    """The folders of all rows as one expression: those that never change as they are."""
    parts: list[str] = []
    for column in zip(*rows, strict=True):
        same = len(set(column)) == 1 and _kind(column[0]) == "word"
        parts.append("/" + (_literal(column[0]) if same else _any(_kind(column[0]))))
    return "".join(parts)


def _any(kind: str) -> str:
    return r"\d+" if kind == "number" else "[^/?]+"


def _literal(text: str) -> str:
    """*text* escaped, a slash at its end optional."""
    return re.escape(text.rstrip("/")).replace(r"\-", "-") + ("/?" if text.endswith("/") else "")


def _is_own(numbers: Sequence[str]) -> bool:
    return len(set(numbers)) >= _DISTINCT * len(numbers)


def _digits(numbers: Sequence[str]) -> str:
    """What the numbers are made of; a little shorter ones are allowed for older articles."""
    if not all(x.isdigit() for x in numbers):
        return "[0-9a-f]{" + str(min(map(len, numbers))) + ",}"
    shortest = min(map(len, numbers))
    least = _DATED_ID if shortest >= _DATED_ID else shortest - 2
    return rf"\d{{{least},}}" if least > 1 else r"\d+"
