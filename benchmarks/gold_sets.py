"""Gold pages from any of four formats, and the score of a text against them.

- ``aeb`` (scrapinghub/article-extraction-benchmark): ``html/<id>.html.gz``, ``ground-truth.json`` of ``{id: {url, articleBody}}``
- ``wcxb`` (Murrough-Foley/web-content-extraction-benchmark): ``html/<id>.html.gz``, ``ground-truth/<id>.json``
- ``fundus`` (dobbersc/fundus-evaluation): ``html/<name>.html.gz``, ``ground_truth.json``; paragraphs in brackets may be missing
- ``own`` (``tests/captures``): ``<site>/<case>/page.html`` beside ``article.json`` and ``capture.json``

The score is the one of the first: shingles of four words, counted. Every page weighs the same, whatever its length.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_WORD: Final = re.compile(r"\w+")
_SHINGLE: Final = 4
_ARTICLE: Final = "article"


@attrs.frozen(kw_only=True)
class GoldPage:
    """One page and the text that must be read from it."""

    id: str
    url: str
    html: bytes = attrs.field(repr=False)
    #: Any of these texts is right; the nearest one counts.
    texts: tuple[str, ...] = attrs.field(repr=False)
    #: The project's own paper, where its rules are known.
    site: str | None = None
    #: The answer's headers, where the set has them.
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Score:
    """Precision and recall of one page or, as means, of many."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def read_gold(folder: Path) -> list[GoldPage]:
    """The pages of a gold folder, whatever its format; sorted by id.

    The checked out repository of a public set will do: its parts (``dev``, ``test``, ``dataset``) are found in it.
    """
    parts = [x for x in (folder / "dataset", folder / "dev", folder / "test") if _format_of(x)]
    read = _format_of(folder)
    if read is None and not parts:
        read = _own
    pages = [*(read(folder) if read else ()), *(page for x in parts for page in _part(x))]
    found = sorted(pages, key=lambda page: page.id)
    if not found:
        raise ValueError(f"{folder} holds no gold pages of a format known here")
    return found


def _format_of(folder: Path) -> Callable[[Path], Iterator[GoldPage]] | None:
    if (folder / "ground-truth.json").is_file():
        return _aeb
    if (folder / "ground_truth.json").is_file():
        return _fundus
    return _wcxb if (folder / "ground-truth").is_dir() else None


def _part(folder: Path) -> Iterator[GoldPage]:
    read = _format_of(folder)
    yield from read(folder) if read else ()


def score(page: GoldPage, text: str) -> Score:
    """How near *text* comes to the page's own; the best of its alternatives."""
    return max((_against(gold, text) for gold in page.texts), key=lambda found: found.f1)


def mean(scores: Iterable[Score]) -> Score:
    """Mean precision and mean recall; their F1 is that of the means."""
    found = list(scores)
    return Score(
        statistics.mean(x.precision for x in found), statistics.mean(x.recall for x in found)
    )


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Runs of four words and how often each occurs; a shorter text is one run."""
    words = _WORD.findall(text)
    if not words:
        return Counter()
    starts = range(max(1, len(words) - _SHINGLE + 1))
    return Counter(tuple(words[at : at + _SHINGLE]) for at in starts)


def _against(gold: str, text: str) -> Score:
    wanted, found = shingles(gold), shingles(text)
    common = (wanted & found).total()
    return Score(
        common / found.total() if found else 1.0,
        common / wanted.total() if wanted else 1.0,
    )  # fmt: skip


def _load(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def _aeb(folder: Path) -> Iterator[GoldPage]:
    for name, truth in _load(folder / "ground-truth.json").items():
        html = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        yield GoldPage(id=name, url=truth["url"], html=html, texts=(truth["articleBody"],))


def _wcxb(folder: Path) -> Iterator[GoldPage]:
    """Articles only: the set has shops, forums and front pages as well."""
    for path in (folder / "ground-truth").glob("*.json"):
        value = _load(path)
        kind = value.get("_internal", {}).get("page_type", {}).get("primary", _ARTICLE)
        page = folder / "html" / f"{path.stem}.html.gz"
        if kind == _ARTICLE and page.is_file():
            text = value["ground_truth"]["main_content"]
            html = gzip.decompress(page.read_bytes())
            yield GoldPage(id=path.stem, url=value["url"], html=html, texts=(text,))


def _fundus(folder: Path) -> Iterator[GoldPage]:
    for name, truth in _load(folder / "ground_truth.json").items():
        body = truth["body"]
        every = "\n".join(line.removeprefix("[").removesuffix("]") for line in body)
        needed = "\n".join(line for line in body if not line.startswith("["))
        html = gzip.decompress((folder / "html" / name).read_bytes())
        texts = tuple(dict.fromkeys((every, needed or every)))
        yield GoldPage(id=name.removesuffix(".html.gz"), url=truth["url"], html=html, texts=texts)


def _own(folder: Path) -> Iterator[GoldPage]:
    for path in folder.glob("**/article.json"):
        article, capture = _load(path), _load(path.with_name("capture.json"))
        yield GoldPage(
            id=path.parent.relative_to(folder).as_posix(),
            url=capture["url"],
            html=path.with_name("page.html").read_bytes(),
            texts=("\n".join(filter(None, (article["sapo"], *article["body"]))),),
            site=path.parent.parent.name,
            headers=tuple((key, value) for key, value in capture.get("headers", ())),
        )
