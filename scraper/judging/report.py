"""What labels say about the rule: precision, recall, a confusion table, kappa, thresholds.

Shares are of the whole archive: each labelled item counts for as many articles as its stratum holds for
each one labelled. A stratum without a label says nothing; how many articles that leaves out is stated.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Final

import attrs

from scraper.judging.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scraper.judging.labels import Item, Sample

AGREED: Final = "agreed"
#: Scores at which the table of thresholds is computed, with those of the rule added.
_STEPS: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0)


@attrs.frozen(kw_only=True)
class Quality:
    """How a decision compares with the labels; None where nothing is there to divide by."""

    precision: float | None
    recall: float | None
    #: Items, not weighted: chosen and right, chosen and wrong, missed.
    right: int
    wrong: int
    missed: int


@attrs.frozen(kw_only=True)
class Threshold:
    """Both decisions, had this score been the threshold."""

    score: float
    #: Label 1 or 2.
    kept: Quality
    #: Label 2.
    about: Quality


@attrs.frozen(kw_only=True)
class Findings:
    """What one reader's labels say."""

    #: Name of the reader, or ``agreed``: items that all readers labelled alike.
    reader: str
    labelled: int
    #: Articles of strata in which nothing is labelled.
    not_covered: int
    #: label -> level of the rule -> items.
    confusion: dict[int, dict[int, int]]
    #: Level 1 or 2 against label 1 or 2.
    kept: Quality
    #: Level 2 against label 2.
    about: Quality
    thresholds: tuple[Threshold, ...]


@attrs.frozen(kw_only=True)
class Agreement:
    """How two readers agree on the items both have labelled."""

    readers: tuple[str, str]
    both: int
    same: int
    #: Cohen's kappa over the three labels; None where both use one label only, or share no item.
    kappa: float | None
    #: Items they label differently.
    differing: tuple[str, ...]


@attrs.frozen(kw_only=True)
class JudgeReport:
    """Everything ``dqtv judge report`` prints."""

    items: int
    findings: tuple[Findings, ...]
    agreements: tuple[Agreement, ...]


def report(sample: Sample, readers: Sequence[str], *, levels: tuple[float, float]) -> JudgeReport:
    """Findings for each of *readers*, for what they agree on, and their agreement.

    *levels* are the rule's thresholds, for the table.
    """
    labels = {reader: sample.labels[reader] for reader in readers}
    if len(labels) > 1:
        labels[AGREED] = agreed(labels)
    return JudgeReport(
        items=len(sample.items),
        findings=tuple(
            findings(reader, sample.items, given, levels) for reader, given in labels.items()
        ),
        agreements=tuple(
            agreement(pair, labels[pair[0]], labels[pair[1]]) for pair in combinations(readers, 2)
        ),
    )


def agreed(labels: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The items that every reader has labelled alike."""
    first, *others = labels.values()
    return {
        item: label
        for item, label in first.items()
        if all(other.get(item) == label for other in others)
    }


def agreement(
    readers: tuple[str, str], first: Mapping[str, int], second: Mapping[str, int]
) -> Agreement:
    """Compare two readers' labels."""
    pairs = {item: (label, second[item]) for item, label in first.items() if item in second}
    return Agreement(
        readers=readers,
        both=len(pairs),
        same=sum(one == other for one, other in pairs.values()),
        kappa=kappa(pairs.values()),
        differing=tuple(item for item, (one, other) in pairs.items() if one != other),
    )


def kappa(pairs: Iterable[tuple[int, int]]) -> float | None:
    """Cohen's kappa: agreement beyond what chance gives readers with these habits."""
    pairs = list(pairs)
    if not pairs:
        return None
    count = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    # in whole numbers, so that perfect agreement on one label is seen as such
    by_chance = sum(first[label] * second[label] for label in first)
    observed = sum(one == other for one, other in pairs) * count
    if by_chance == count * count:
        return None
    return (observed - by_chance) / (count * count - by_chance)


def findings(
    reader: str, items: Sequence[Item], given: Mapping[str, int], levels: tuple[float, float]
) -> Findings:
    """What the labels *given* (item id -> label) say about the rule."""
    labelled = [item for item in items if item.id in given]
    weights = _weights(labelled)
    covered = {item.stratum for item in labelled}
    left_out = {item.stratum: item.population for item in items if item.stratum not in covered}

    def quality(chosen: Callable[[Item], bool], wanted: int) -> Quality:
        return _quality(labelled, weights, chosen, lambda item: given[item.id] >= wanted)

    confusion = {label: dict.fromkeys(LABELS, 0) for label in LABELS}
    for item in labelled:
        confusion[given[item.id]][item.level] += 1
    return Findings(
        reader=reader,
        labelled=len(labelled),
        not_covered=sum(left_out.values()),
        confusion=confusion,
        kept=quality(lambda item: item.level >= 1, 1),
        about=quality(lambda item: item.level >= 2, 2),  # noqa: PLR2004 - the level
        thresholds=tuple(
            Threshold(
                score=score,
                kept=quality(lambda item, least=score: item.score >= least, 1),  # type: ignore[misc]
                about=quality(lambda item, least=score: item.score >= least, 2),  # type: ignore[misc]
            )
            for score in sorted({*_STEPS, *levels})
        ),
    )


def _weights(labelled: Iterable[Item]) -> dict[str, float]:
    """How many articles each labelled item stands for, by stratum."""
    labelled = list(labelled)
    drawn = Counter(item.stratum for item in labelled)
    return {item.stratum: item.population / drawn[item.stratum] for item in labelled}


def _quality(
    items: Iterable[Item],
    weights: Mapping[str, float],
    chosen: Callable[[Item], bool],
    wanted: Callable[[Item], bool],
) -> Quality:
    counts: Counter[str] = Counter()
    weighed = {"right": 0.0, "wrong": 0.0, "missed": 0.0}
    for item in items:
        case = (
            ("right" if wanted(item) else "wrong")
            if chosen(item)
            else ("missed" if wanted(item) else None)
        )
        if case is not None:
            counts[case] += 1
            weighed[case] += weights[item.stratum]
    right = weighed["right"]
    return Quality(
        precision=_share(right, weighed["wrong"]),
        recall=_share(right, weighed["missed"]),
        right=counts["right"],
        wrong=counts["wrong"],
        missed=counts["missed"],
    )


def _share(part: float, rest: float) -> float | None:
    return part / (part + rest) if part + rest else None
