"""Draw a sample that shows the doubtful cases, and remember what each of its items stands for.

Bands of the score get equal shares as far as they reach, so that the few articles near the thresholds
are not lost among thousands without a militia word. Within a band every paper has its share when there is
one for each; otherwise the band is drawn from as a whole. An item stands for as many articles as its
stratum holds for each one drawn.
"""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from typing import TypeVar

    _Key = TypeVar("_Key", bound=Hashable)

#: Where one band of the score ends and the next begins; 1 and 8 are thresholds of the rule.
_EDGES: Final = (0.0, 1.0, 4.0, 8.0, 12.0)
NO_TERM: Final = "no term"
#: Bands in the order in which what is left over is handed out: the doubtful ones first.
BANDS: Final = ("4 to 8", "8 to 12", "1 to 4", "0 to 1", "below 0", "12 up", NO_TERM)


@attrs.frozen(kw_only=True)
class Candidate:
    """An article, or a page that was judged and left out."""

    #: Article id, or address of a page that is no article.
    id: str
    site: str
    score: float
    #: 0 for what was left out.
    level: int
    #: False where no militia term is in the text at all.
    has_term: bool = True


@attrs.frozen(kw_only=True)
class Drawn:
    """A candidate of the sample and its stratum."""

    candidate: Candidate
    stratum: str
    #: Candidates in the stratum.
    population: int


def band_of(candidate: Candidate) -> str:
    """Name of the band the candidate's score lies in."""
    if not candidate.has_term:
        return NO_TERM
    score = candidate.score
    if score < _EDGES[0]:
        return f"below {_EDGES[0]:g}"
    for low, high in pairwise(_EDGES):
        if score < high:
            return f"{low:g} to {high:g}"
    return f"{_EDGES[-1]:g} up"


def draw(candidates: Iterable[Candidate], size: int, seed: int) -> list[Drawn]:
    """*size* candidates in random order; the same candidates and seed give the same sample.

    Raises ValueError when there are fewer.
    """
    bands: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda candidate: candidate.id):
        bands[band_of(candidate)].append(candidate)
    available = sum(map(len, bands.values()))
    if size > available:
        raise ValueError(f"{size} asked for, but only {available} can be drawn")
    dice = random.Random(seed)  # noqa: S311 - a sample, no secret
    shares = shared_out(size, {name: len(bands[name]) for name in BANDS if name in bands})
    drawn = [
        item for name, share in shares.items() for item in _of_band(name, bands[name], share, dice)
    ]
    dice.shuffle(drawn)
    return drawn


def shared_out(size: int, most: Mapping[_Key, int]) -> dict[_Key, int]:
    """*size* things handed out one by one, in the order of *most*, to whoever still takes one."""
    shares = dict.fromkeys(most, 0)
    left = min(size, sum(most.values()))
    while left:
        open_ones = [key for key in most if shares[key] < most[key]]
        room = min(most[key] - shares[key] for key in open_ones)
        each = max(1, min(left // len(open_ones), room))
        for key in open_ones[:left]:
            shares[key] += each
            left -= each
    return shares


def _of_band(
    name: str, band: Sequence[Candidate], share: int, dice: random.Random
) -> Iterable[Drawn]:
    papers: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in band:
        papers[candidate.site].append(candidate)
    if share < len(papers):
        papers = {"every paper": list(band)}
    for paper, share_of_paper in shared_out(share, {x: len(papers[x]) for x in papers}).items():
        for candidate in dice.sample(papers[paper], share_of_paper):
            yield Drawn(
                candidate=candidate, stratum=f"{paper}, {name}", population=len(papers[paper])
            )
