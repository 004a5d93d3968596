"""Shares of a run's pages and requests against the site's past: fields, rules, layouts, charsets, failures.

A share has fallen when it is clearly lower and when chance would not do it: the number that is left must be
improbable even under a share that the site's own runs seldom fall below.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from archive.health.alarms import Kind
from archive.health.history import Part, at_most, by_day, latest, low_end, together
from archive.health.reading import Reading
from archive.page_reading import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from archive.health.alarms import Alarm
    from archive.health.measures import Measures

#: A share must have changed by so much.
_LEAST_FALL: Final = 0.3
_LEAST_RISE: Final = 0.2
#: Chance that a share that did not change looks as if it had: with 31 papers, 10 measures and 365 days, one in
#: ten years if pages were independent. They are not; docs/design-notes.md#health has what was measured.
_CHANCE: Final = 1e-6
#: Pages or requests of the past without which nothing is judged, and days.
_LEAST_PAST: Final = 30
_LEAST_DAYS: Final = 5
#: Pages that a day needs to count among those that others are compared with.
_LEAST_OF_DAY: Final = 5
#: Days whose pages are taken together where the run has too few, and pages of which a share is shown.
_POOLS: Final = (0, 2, 4, 8)
_LEAST_SHOWN: Final = 3
#: No past says that something cannot be otherwise.
_NEVER_QUITE: Final = 0.97
#: A layout is known when it stood on such a share of the pages in so many runs.
_KNOWN_SHARE: Final = 0.1
_KNOWN_RUNS: Final = 3

_KIND_OF_REASON: Final = {"blocked": Kind.BLOCKED, "tls": Kind.TLS_CHANGED, "robots": Kind.ROBOTS_CHANGED}  # fmt: skip
#: Reasons that may pass by the next day, and are judged by all runs of so long.
_PASSED_AFTER_DAYS: Final = 1
_PASSING: Final = frozenset({"timeout", "dns", "connection", "data_loss", "server_error", "slow_down", "robots_unreachable"})  # fmt: skip
#: Rejections that are no judgement of an article.
_UNREADABLE: Final = frozenset({"no_title", "no_body", "not_html", "unreadable", "http_status", "listing_page"})  # fmt: skip


def fields(run: Measures, past: Sequence[Measures]) -> Iterator[Reading]:
    """On how many pages each field was found, and the text by the layout's rule."""
    for name in FIELDS:
        if name != "title":
            yield from _fell(run, past, Kind.FIELD_MISSING, name, _field_part(name))
    yield from _fell(run, past, Kind.FALLBACK, "body", lambda x: Part(x.with_text, x.by_rule))


def _field_part(name: str) -> Callable[[Measures], Part]:
    return lambda run: Part(run.articles, run.fields.get(name, 0))


def layouts(run: Measures, past: Sequence[Measures]) -> Iterator[Reading]:
    """How many pages are in a layout that is known; after three runs a new one is."""
    counted: dict[str, int] = {}
    for earlier in past:
        pages = sum(earlier.layouts.values())
        for layout, number in earlier.layouts.items():
            counted[layout] = counted.get(layout, 0) + (number >= _KNOWN_SHARE * pages)
    known = {layout for layout, runs in counted.items() if runs >= _KNOWN_RUNS}
    if known:
        yield from _fell(run, past, Kind.LAYOUT_CHANGED, None, lambda x: _part_in(x.layouts, known))


def charsets(run: Measures, past: Sequence[Measures], alarms: Iterable[Alarm]) -> Iterator[Reading]:
    """How many pages are in the usual charset."""
    names = {alarm.field for alarm in alarms if alarm.kind is Kind.CHARSET_CHANGED}
    counted: dict[str, int] = {}
    for earlier in past:
        for charset, number in earlier.charsets.items():
            counted[charset] = counted.get(charset, 0) + number
    if counted:
        names.add(max(counted, key=lambda x: counted[x]))
    for name in sorted(filter(None, names)):
        yield from _fell(run, past, Kind.CHARSET_CHANGED, name, _charset_part(name))


def _charset_part(name: str) -> Callable[[Measures], Part]:
    return lambda run: _part_in(run.charsets, {name})


def _part_in(pages: dict[str, int], wanted: Collection[str]) -> Part:
    return Part(sum(pages.values()), sum(n for name, n in pages.items() if name in wanted))


def _fell(
    run: Measures, past: Sequence[Measures], kind: Kind, field: str | None, part: Callable[[Measures], Part],
) -> Iterator[Reading]:  # fmt: skip
    """Whether a share has fallen in the run, or in the last runs together."""
    if not part(run).of:
        return
    runs = [*past, run]
    pools = [together(map(part, latest(runs, days))) for days in _POOLS]
    shown = next((pool for pool in pools if pool.of >= _LEAST_SHOWN), None)
    if shown is None:
        return
    before = by_day(past, part)
    usual = together(before)
    fallen = None
    if usual.of >= _LEAST_PAST and len(before) >= _LEAST_DAYS:
        low = min(max(low_end(before, _LEAST_OF_DAY), 0.0), _NEVER_QUITE)
        fallen = next((pool for pool in pools if _is_fall(pool, usual.share, low)), None)
    yield Reading(
        kind=kind, field=field, before=usual.share if usual.of else None,
        now=(fallen or shown).share, is_out=fallen is not None,
        enough=0.85,
    )  # fmt: skip


def _is_fall(now: Part, usual: float, low: float) -> bool:
    return now.share <= usual - _LEAST_FALL and at_most(now.number, now.of, low) < _CHANCE


def refusals(run: Measures, past: Sequence[Measures], alarms: Iterable[Alarm]) -> Iterator[Reading]:
    """Requests that failed, and pages that were none of an article, by reason."""
    watched = {_reason_of(alarm.kind, alarm.field) for alarm in alarms} - {None}
    reasons = {*run.failures, *(_UNREADABLE & run.rejected.keys()), *watched, *_KIND_OF_REASON}
    for reason in sorted(filter(None, reasons)):
        now, parts = _refused(run, reason), by_day(past, _refused_part(reason))
        is_out = _is_rise(now, parts)
        if is_out and reason in _PASSING:
            # a day's outage is the paper's matter
            recent = list(latest([*past, run], _PASSED_AFTER_DAYS + 1))
            is_out = run.started_at - recent[-1].started_at >= timedelta(
                days=_PASSED_AFTER_DAYS
            ) and all(_is_rise(_refused(x, reason), parts) for x in recent)
        if reason == run.reason == "blocked":
            is_out = True
        kind = _KIND_OF_REASON.get(reason, Kind.ERRORS)
        yield Reading(
            kind=kind, field=reason if kind is Kind.ERRORS else None, before=together(parts).share if parts else None,
            now=now.share, is_out=is_out, rises=True,
        )  # fmt: skip


def _reason_of(kind: Kind, field: str | None) -> str | None:
    if kind is Kind.ERRORS:
        return field
    return next((reason for reason, other in _KIND_OF_REASON.items() if other is kind), None)


def _refused_part(reason: str) -> Callable[[Measures], Part]:
    return lambda run: _refused(run, reason)


def _refused(run: Measures, reason: str) -> Part:
    return Part(run.asked, run.failures.get(reason, 0) + run.rejected.get(reason, 0) * (reason in _UNREADABLE))  # fmt: skip


def _is_rise(now: Part, before: Sequence[Part]) -> bool:
    usual = together(before)
    if usual.of < _LEAST_PAST or len(before) < _LEAST_DAYS:
        return False
    if now.share < usual.share + _LEAST_RISE:
        return False
    spared = [Part(x.of, x.of - x.number) for x in before]
    low = min(max(low_end(spared, _LEAST_OF_DAY), 0.0), _NEVER_QUITE)
    return at_most(now.of - now.number, now.of, low) < _CHANCE
