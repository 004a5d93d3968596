"""What is out of the ordinary in a run, by the site's own past. Pure: rows and clock are passed in.

Every judgement is a `Reading`: what it is now, what it used to be, and whether that is an alarm. One cause, one
alarm: where the site could not be read, its numbers are not judged.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from archive.health import shares, volumes
from archive.health.alarms import Kind
from archive.health.history import FINISHED
from archive.health.reading import Reading
from archive.lease import LEASE_LOST
from archive.runs import STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archive.health.alarms import Alarm
    from archive.health.measures import Measures

#: Ends of a run that say nothing of the site.
_OURS: Final = frozenset({"interrupted", STOPPED, "archive unwritable", "archive unavailable", LEASE_LOST, "reader died", "out of file handles"})  # fmt: skip
DISK_FULL: Final = "disk nearly full"
#: Failed runs in a row that are an alarm, if they reach back so long: a day's outage is none.
_FAILED_RUNS: Final = 3
_FAILED_FOR: Final = timedelta(hours=30)
#: Runs in which a list must have held articles.
_LISTED_RUNS: Final = 3
#: Share of failed requests from which numbers are not judged.
_UNREAD: Final = 0.3


@attrs.frozen(kw_only=True)
class Case:
    """One run, and what is known of the time before."""

    run: Measures
    #: Daily runs before it, oldest first.
    past: Sequence[Measures]
    #: Address of a list -> articles it named in the run, None where it said that nothing has changed.
    lists: Mapping[str, int | None] = attrs.field(factory=dict)
    #: The same -> numbers in the runs before.
    lists_before: Mapping[str, Sequence[int]] = attrs.field(factory=dict)
    #: Open alarms of the site.
    alarms: Sequence[Alarm] = ()


def judge(case: Case) -> list[Reading]:
    """All that can be said of the run; what was not measured is left out."""
    return list(_readings(case))


def _readings(case: Case) -> Iterator[Reading]:
    run = case.run
    if run.reason in _OURS or run.reason == DISK_FULL:
        return
    yield _fails(case)
    troubles = [*shares.refusals(run, case.past, case.alarms)]
    yield from troubles
    yield from shares.fields(run, case.past)
    yield from shares.layouts(run, case.past)
    yield from shares.charsets(run, case.past, case.alarms)
    yield from volumes.text_length(run, case.past)
    failed = sum(run.failures.values()) > _UNREAD * max(1, run.asked)
    if run.reason != FINISHED or failed or any(x.is_out for x in troubles):
        return
    yield from _lists(case)
    yield from volumes.numbers(run, case.past)
    yield from volumes.age(run, case.past)


def _fails(case: Case) -> Reading:
    """Crawls that fail one after the other."""
    failed, since = 0, case.run.started_at
    for run in (case.run, *reversed(case.past)):
        if run.reason in _OURS:
            continue
        if not volumes.has_failed(run):
            break
        failed, since = failed + 1, run.started_at
    is_out = failed >= _FAILED_RUNS and case.run.started_at - since >= _FAILED_FOR
    return Reading(
        kind=Kind.NEVER_WORKS,
        before=0,
        now=failed,
        is_out=is_out,
        is_back=not failed,
    )


def _lists(case: Case) -> Iterator[Reading]:
    """Lists that held articles in every run before and hold none now."""
    for url, number in case.lists.items():
        before = case.lists_before.get(url, ())
        if number is None or not before:
            continue
        held = sum(x > 0 for x in before) / len(before)
        is_out = number == 0 and len(before) >= _LISTED_RUNS and held == 1
        yield Reading(
            kind=Kind.LIST_EMPTY, field=url, before=held, now=float(number > 0), is_out=is_out, is_back=number > 0,
            example_url=url,
        )  # fmt: skip
    for alarm in case.alarms:
        if alarm.kind is Kind.LIST_EMPTY and alarm.field not in case.lists:
            # the paper's file names it no more
            yield Reading(kind=Kind.LIST_EMPTY, field=alarm.field, is_out=False, is_back=True)
