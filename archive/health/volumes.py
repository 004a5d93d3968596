"""Numbers of a run against the site's past: new addresses, articles, length of texts, age of the newest.

Numbers are compared over one, three, seven and fourteen days with the same days of the eight weeks before. A short window
shows at once when a paper of many articles prints half as many; one of few needs the long one.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final

from archive.health.alarms import Kind
from archive.health.history import Counts, usual
from archive.health.holidays import ordinary_days
from archive.health.reading import Reading
from archive.instants import VIETNAM
from archive.schedule import SITE_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from archive.health.history import Rate, Usual
    from archive.health.measures import Measures

#: Lengths of the windows in days.
WINDOWS: Final = (1, 3, 7, 14)
#: A number must have fallen to this share of the usual one, and so many standard deviations.
_LEAST_FALL: Final = 0.65
_DEVIATIONS: Final = 4.0
#: Days are never more alike than this, however alike the same days of eight weeks were, unless all days are.
_LEAST_SPREAD: Final = 0.12
#: Number that a window should hold, for its rate to say that an alarm is over.
_ENOUGH: Final = 30
#: Texts must have become so short, and by so many standard deviations of the logarithm.
_SHORT: Final = 0.5
_SHORT_DEVIATIONS: Final = 4.0
_LEAST_LOG_SPREAD: Final = 0.12
#: Standard deviation of a median, in those of a mean, for a normal distribution.
_OF_MEDIAN: Final = 1.25
_LEAST_ARTICLES: Final = 8
_LEAST_RUNS: Final = 8
#: Runs that the length of texts is compared with.
RUNS: Final = 60
#: Runs without which it is not known how old the newest article gets.
_AGES: Final = 20


def has_failed(run: Measures) -> bool:
    """True when the run ended early for a reason of the site's."""
    return run.reason in SITE_FAILED


def numbers(run: Measures, past: Sequence[Measures]) -> Iterator[Reading]:
    """New addresses, articles, and articles about the militia, a day."""
    for kind, field, count in (
        (Kind.FEWER_FOUND, None, lambda x: x.found),
        (Kind.FEWER_ARTICLES, None, lambda x: x.articles),
        (Kind.FEWER_ARTICLES, "accepted", lambda x: x.accepted),
    ):
        yield from _number(run, past, kind, field, count)


def _number(
    run: Measures, past: Sequence[Measures], kind: Kind, field: str | None, count: Callable[[Measures], int]
) -> Iterator[Reading]:  # fmt: skip
    counts = Counts((*past, run), count)
    judged: list[tuple[Rate, Usual]] = []
    for days in WINDOWS:
        rate, before = counts.rate(run.started_at, days), counts.usual(run.started_at, days)
        if rate is not None and before is not None:
            judged.append((rate, before))
    if not judged:
        return
    evenness = cache(lambda: counts.evenness(run.started_at))
    fallen = next((x for x in judged if _has_fallen(*x, evenness)), None)
    telling = next((x for x in judged if x[1].middle * x[0].days >= _ENOUGH), judged[-1])
    rate, before = fallen or telling
    yield Reading(
        kind=kind, field=field, before=before.middle, now=rate.a_day, is_out=fallen is not None
    )


def _has_fallen(rate: Rate, before: Usual, evenness: Callable[[], float]) -> bool:
    fall = before.middle - rate.a_day
    if (
        before.middle <= 0
        or rate.a_day > _LEAST_FALL * before.middle
        or fall < _DEVIATIONS * before.spread
    ):
        return False
    by_chance = math.sqrt(before.middle * rate.days) / rate.days
    usual_spread = max(by_chance, _LEAST_SPREAD * before.middle)
    # a paper with a quota differs less from day to day; asked last, since it looks at every day of eight weeks
    return fall >= _DEVIATIONS * usual_spread or fall >= _DEVIATIONS * usual_spread * evenness()


def text_length(run: Measures, past: Sequence[Measures]) -> Iterator[Reading]:
    """Characters of the middle text, of so many runs together that there are enough texts."""
    lengths = [math.log(x.characters) for x in past if x.characters]
    recent: list[Measures] = []
    for one in (run, *reversed(past)):
        if not _too_few(recent):
            break
        if one.characters:
            recent.append(one)
    if not run.characters or len(lengths) < _LEAST_RUNS or _too_few(recent):
        return
    before = usual(lengths[-RUNS:])
    now = math.exp(usual([math.log(x.characters or 1) for x in recent]).middle)
    shorter = before.middle - math.log(now)
    spread = max(before.spread * _OF_MEDIAN / math.sqrt(len(recent)), _LEAST_LOG_SPREAD)
    is_out = shorter >= max(-math.log(_SHORT), _SHORT_DEVIATIONS * spread)
    yield Reading(
        kind=Kind.BODY_SHORT, field="body", before=round(math.exp(before.middle)), now=round(now), is_out=is_out
    )  # fmt: skip


def _too_few(runs: Sequence[Measures]) -> bool:
    return sum(x.articles for x in runs) < _LEAST_ARTICLES


def age(run: Measures, past: Sequence[Measures]) -> Iterator[Reading]:
    """Days since the newest article, holidays not counted, against the most there were."""
    if run.newest_at is None or 2 * run.fields.get("published_at", 0) < run.articles:
        return
    ages = [_age(x.newest_at, x.started_at) for x in past if x.newest_at is not None]
    if len(ages) < _AGES:
        return
    before, now = max(ages), _age(run.newest_at, run.started_at)
    yield Reading(
        kind=Kind.NOTHING_NEW, before=before, now=now, is_out=now > 2 * before + 2, rises=True
    )


def _age(newest: datetime, at: datetime) -> int:
    return ordinary_days(newest.astimezone(VIETNAM).date(), at.astimezone(VIETNAM).date())
