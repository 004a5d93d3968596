"""The same text in several papers: which articles are one story, and which of them came first.

Texts are compared by their runs of five syllables in the comparing form of ``vietnamese.py``, so that
tone placement, capitals and punctuation make no difference. MinHash signatures (Broder, 1997) name
the pairs worth a look; the share of common runs itself decides. Headlines are left out: a paper that
takes a text over writes its own.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs
from rensa import RMinHash

from archive.vietnamese import exact_key, fold, syllables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Shingles = frozenset[str]

#: Syllables in a row that count as one common run (docs/design-notes.md#stories).
RUN: Final = 5
#: A text with fewer runs is too short to say that it was copied.
FEWEST_RUNS: Final = 30
#: Two texts are one story from this share of common runs on ...
SAME_JACCARD: Final = 0.6
#: ... or when this share of the shorter one stands in the longer one,
SAME_CONTAINED: Final = 0.85
#: and the shorter one is no mere notice.
CONTAINED_RUNS: Final = 100
_BAND_ROWS: Final = 4
_BANDS: Final = 48
_PERMUTATIONS: Final = _BAND_ROWS * _BANDS
_ROW_BYTES: Final = 4
_BAND_BYTES: Final = _BAND_ROWS * _ROW_BYTES
#: What signatures were made by; those of another method are made anew.
METHOD: Final = f"rensa-{RMinHash.ALGORITHM_VERSION}/{RUN}/{_PERMUTATIONS}"
_SEED: Final = 1
_CREDIT: Final = re.compile(r"theo\b|nguon\b|tong hop\b")
#: Texts compared with a new one in a bucket; more would make a much-printed notice quadratic.
_MOST_COMPARED: Final = 20


@attrs.frozen(kw_only=True)
class Print:
    """One article as far as it matters for its story."""

    article_id: str
    #: Name of the paper.
    paper: str
    #: ISO 8601 with +07:00, None when the page has no date.
    published_at: str | None
    #: ``second``, ``minute`` or ``day``.
    precision: str | None
    #: ISO 8601, UTC.
    captured_at: str
    #: Author line or credit verbatim.
    byline: str | None = None


@attrs.frozen(kw_only=True)
class Story:
    """A text that stands in several articles."""

    #: Id of the article captured first; it stays when reprints are found later.
    id: str
    #: Ids of its articles: known dates first, oldest first.
    article_ids: tuple[str, ...]
    #: Number of papers that printed it.
    papers: int
    #: The article the others were taken from; None when nothing says so.
    origin_id: str | None
    #: ``credit`` (the others name its paper) or ``date`` (it is older than all others).
    origin_source: str | None


def runs(sapo: str | None, body: str) -> Shingles:
    """The runs of five syllables of an article's text, in comparing form."""
    words = syllables(exact_key(f"{sapo or ''}\n{body}"))
    return frozenset(map(" ".join, zip(*(words[at:] for at in range(RUN)), strict=False)))


def signature(sapo: str | None, body: str) -> bytes | None:
    """MinHash of a text, 768 bytes; None when the text is too short to be compared."""
    found = runs(sapo, body)
    if len(found) < FEWEST_RUNS:
        return None
    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update(list(found))
    values = array("I", sketch.digest())
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def is_same_text(left: Shingles, right: Shingles) -> bool:
    """True when two texts are one: printed again, or printed again with parts left out."""
    shorter, longer = sorted((left, right), key=len)
    if len(shorter) < FEWEST_RUNS:
        return False
    common = len(shorter & longer)
    if common >= SAME_JACCARD * (len(shorter) + len(longer) - common):
        return True
    return len(shorter) >= CONTAINED_RUNS and common >= SAME_CONTAINED * len(shorter)


def find_stories(
    prints: Mapping[int, Print],
    signatures: Mapping[int, bytes],
    runs_of: Callable[[int], Shingles],
) -> tuple[Story, ...]:
    """The stories among articles, by the number each article has in *prints*.

    *signatures* holds what ``signature`` gave for each article long enough; *runs_of* reads the text
    of one and is asked only for articles that resemble another. The same input gives the same stories.
    """
    groups = _Groups()
    for bucket in _buckets(signatures):
        _join_alike(bucket, groups, runs_of)
    found = (_story([prints[number] for number in group]) for group in groups.joined())
    return tuple(sorted(found, key=lambda story: story.id))


def _buckets(signatures: Mapping[int, bytes]) -> Iterator[Sequence[int]]:
    """Numbers of articles that agree in one band, band after band."""
    for start in range(0, _BANDS * _BAND_BYTES, _BAND_BYTES):
        bands = [values[start : start + _BAND_BYTES] for values in signatures.values()]
        # most bands stand in one article only, and counting them is fast
        repeated = {band for band, times in Counter(bands).items() if times > 1}
        alike: dict[bytes, list[int]] = {}
        for number, band in zip(signatures, bands, strict=True):
            if band in repeated:
                alike.setdefault(band, []).append(number)
        yield from alike.values()


def _join_alike(bucket: Sequence[int], groups: _Groups, runs_of: Callable[[int], Shingles]) -> None:
    kept: list[int] = []
    for number in bucket:
        home = groups.home(number)
        if any(groups.home(other) == home for other in kept):
            continue
        for other in kept:
            if groups.compare(number, other, runs_of):
                break
        else:
            if len(kept) < _MOST_COMPARED:
                kept.append(number)


class _Groups:
    """Articles joined to stories so far (union by the smaller number), and what was compared."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._unlike: set[tuple[int, int]] = set()
        self._runs: dict[int, Shingles] = {}

    def home(self, number: int) -> int:
        while (parent := self._parent.get(number, number)) != number:
            number = parent
        return number

    def compare(self, left: int, right: int, runs_of: Callable[[int], Shingles]) -> bool:
        """Join two articles when their texts are one."""
        pair = (min(left, right), max(left, right))
        if pair in self._unlike:
            return False
        if not is_same_text(self._read(left, runs_of), self._read(right, runs_of)):
            self._unlike.add(pair)
            return False
        first, second = sorted((self.home(left), self.home(right)))
        self._parent[second] = first
        self._parent.setdefault(first, first)
        return True

    def _read(self, number: int, runs_of: Callable[[int], Shingles]) -> Shingles:
        if number not in self._runs:
            if len(self._runs) >= _TEXTS_HELD:
                self._runs.pop(next(iter(self._runs)))
            self._runs[number] = runs_of(number)
        return self._runs[number]

    def joined(self) -> Iterable[list[int]]:
        groups: dict[int, list[int]] = {}
        for number in sorted(self._parent):
            groups.setdefault(self.home(number), []).append(number)
        return (group for group in groups.values() if len(group) > 1)


#: Texts kept at hand while comparing; 600 runs take some 60 kB.
_TEXTS_HELD: Final = 1_000


def _story(prints: list[Print]) -> Story:
    ordered = sorted(prints, key=_by_age)
    first_captured = min(prints, key=lambda x: (x.captured_at, x.article_id))
    origin, source = _origin(ordered)
    return Story(
        id=first_captured.article_id,
        article_ids=tuple(x.article_id for x in ordered),
        papers=len({x.paper for x in prints}),
        origin_id=origin.article_id if origin else None,
        origin_source=source,
    )


def _by_age(each: Print) -> tuple[bool, str, str]:
    return (each.published_at is None, each.published_at or "", each.article_id)


def _origin(ordered: list[Print]) -> tuple[Print | None, str | None]:
    """The article a credit names, else the oldest if it is certainly older than every other."""
    named = [each for each in ordered if any(_credits(other, each) for other in ordered)]
    if len({each.paper for each in named}) == 1:
        return named[0], "credit"
    oldest = ordered[0]
    if not _is_taken_over(oldest) and all(_is_older(oldest, other) for other in ordered[1:]):
        return oldest, "date"
    return None, None


def _is_taken_over(each: Print) -> bool:
    """True when the article itself says that it has its text from elsewhere, such as an agency."""
    return bool(_CREDIT.match(" ".join(syllables(fold(each.byline or "")))))


def _credits(taker: Print, giver: Print) -> bool:
    if taker.byline is None or taker.paper == giver.paper:
        return False
    line = " ".join(syllables(fold(taker.byline)))
    name = " ".join(syllables(fold(giver.paper)))
    return f" {name} " in f" {line} "


def _is_older(left: Print, right: Print) -> bool:
    """False also where only days are known and they are the same."""
    if left.published_at is None or right.published_at is None:
        return False
    if "day" in {left.precision, right.precision}:
        return left.published_at[:10] < right.published_at[:10]
    return left.published_at < right.published_at
