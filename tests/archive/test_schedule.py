"""What is due and when: timings, allowed hours, catch-up, back-off, and a clock that is set back."""

from __future__ import annotations

import itertools
from datetime import datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import UsageError
from archive.instants import VIETNAM
from archive.runs import KILLED
from archive.schedule import (
    Entry,
    Job,
    Planned,
    after_run,
    batch,
    begins_at,
    clock_set_back,
    due,
    times,
)
from archive.timing import (
    Adaptive,
    check_falls,
    polling_interval,
    read_adaptive,
    read_cron,
    read_hours,
    read_timing,
    vietnam_text,
)

HOUR, DAY = 3600.0, 86_400.0


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp()


NOW = at("2026-11-26T12:00")


def entry(timing="cron 15 2 * * *", **changes):
    values = {"site": "bao", "job": Job.CRAWL, "timing": read_timing(timing)}
    return Entry(**(values | changes))


def first(some, count=3, after=NOW):
    return [vietnam_text(x) for x in itertools.islice(times(some, after), count)]


def test_a_cron_expression_is_in_vietnams_time():
    assert first(entry(), 2) == ["Fri 2026-11-27 02:15", "Sat 2026-11-28 02:15"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("61 2 * * *", "'61' is no minute"),
        ("0 25 * * *", "'25' is no hour"),
        ("0 2 32 * *", "'32' is no day of month"),
        ("0 2 * 13 *", "'13' is no month"),
        ("0 2 * * 8", "'8' is no day of week"),
        ("0 2 30 2 *", "'30' is no day of month"),
        ("0 2 * *", "4 fields; write five"),
        ("", "0 fields; write five"),
        ("* * * * * *", "6 fields"),
    ],
)
def test_a_wrong_cron_expression_is_refused_naming_the_field(text, said):
    with pytest.raises(UsageError, match=said):
        read_cron(text)


def test_hours_in_which_a_cron_expression_never_falls_are_refused():
    with pytest.raises(UsageError, match="never falls into these hours; change"):
        check_falls(read_cron("15 12 * * *"), read_hours("22:00-06:00"), NOW)


@pytest.mark.parametrize("text", ["22-6", "25:00-01:00", "05:00-05:00", "00:00-24:00", "1:60-2:00", "24:30-3:00"])  # fmt: skip
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="--hours"):
        read_hours(text)


@pytest.mark.parametrize("text", ["0..4", "9..2", "x", "2..", "1..99999"])
def test_bounds_that_make_no_sense_are_refused(text):
    with pytest.raises(UsageError, match="--adapt"):
        read_adaptive(text)


def test_every_six_hours_outside_the_hours_waits_until_they_begin():
    assert first(entry("every 6", hours=read_hours("22:30-05:00"))) == [
        "Thu 2026-11-26 22:30",
        "Fri 2026-11-27 00:00",
        "Fri 2026-11-27 22:30",
    ]


@pytest.mark.parametrize(
    ("set_at", "published", "begins"),
    [
        ("2026-11-26T12:00", (), ["Thu 2026-11-26 22:00", "Fri 2026-11-27 22:00"]),
        ("2026-11-26T21:00", (), ["Thu 2026-11-26 22:00", "Fri 2026-11-27 22:00"]),
        # within the hours the wait is no longer than the longest
        ("2026-11-26T23:30", (), ["Fri 2026-11-27 23:30", "Sat 2026-11-28 23:30"]),
        # one that publishes every six hours
        ("2026-11-26T12:00", range(112), ["Thu 2026-11-26 22:00", "Fri 2026-11-27 04:00"]),
    ],
)
def test_hours_make_an_adaptive_wait_no_longer_than_its_longest_when_it_is_set(
    set_at, published, begins
):
    """A paper that was never crawled, scheduled at noon for the night, begins that night."""
    some = entry("adapt 4..24", hours=read_hours("22:00-06:00"))
    known = [at(set_at) - 6 * HOUR * n for n in published]
    found = itertools.islice(times(some, at(set_at), known), 2)
    assert [vietnam_text(x) for x in found] == begins


def test_a_quiet_paper_is_crawled_once_a_night_however_short_its_longest_wait():
    some = entry("adapt 2..12", hours=read_hours("22:00-06:00"))
    assert first(some, 2, after=at("2026-11-26T22:00")) == ["Fri 2026-11-27 22:00", "Sat 2026-11-28 22:00"]  # fmt: skip


TIMINGS = st.one_of(
    st.integers(1, 100).map(lambda n: f"every {n}"),
    st.tuples(st.integers(0, 59), st.integers(0, 23)).map(lambda x: f"cron {x[0]} {x[1]} * * *"),
    st.sampled_from(["cron */20 * * * *", "cron 0 0 1 * *", "cron 30 4 * * MON", "adapt 2..24"]),
)
HOURS = st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(
    lambda x: x[0] != x[1]
).map(lambda x: read_hours("-".join(f"{m // 60:02}:{m % 60:02}" for m in x)))


@settings(deadline=None, max_examples=40)
@given(timing=TIMINGS, hours=HOURS, jitter=st.integers(0, 7200), after=st.integers(0, 2_000_000_000))  # fmt: skip
def test_times_ascend_and_lie_within_the_hours(timing, hours, jitter, after):
    some = entry(timing, hours=hours, jitter_s=float(jitter))
    found = list(itertools.islice(times(some, float(after)), 5))
    assert all(early < late for early, late in itertools.pairwise([after, *found]))
    assert hours is None or all(hours.hold(x) for x in found)


@settings(deadline=None, max_examples=40)
@given(timing=TIMINGS, jitter=st.integers(0, 7200), steps=st.integers(1, 4))
def test_jitter_neither_adds_nor_drops_a_time(timing, jitter, steps):
    some = entry(timing, jitter_s=float(jitter))
    regular = list(itertools.islice(times(some, NOW), steps + 1))
    # going on from each time gives the next one
    if not isinstance(some.timing, Adaptive):
        assert next(times(some, regular[steps - 1])) == regular[steps]


def test_a_timing_is_read_back_as_it_was_written():
    for text in ("cron 15 2 * * *", "every 6", "adapt 2..24"):
        assert str(read_timing(text)) == text


# -- how often a paper publishes -------------------------------------------------------------------------

TIMES = st.lists(st.floats(NOW - 60 * DAY, NOW + DAY), max_size=60)


@given(published=TIMES, shortest=st.floats(1, 50_000), more=st.floats(0, 500_000))
def test_polling_stays_within_its_bounds(published, shortest, more):
    wait = polling_interval(published, NOW, shortest=shortest, longest=shortest + more)
    assert shortest <= wait <= shortest + more


@given(published=TIMES, another=st.floats(NOW - 27 * DAY, NOW))
def test_a_paper_that_publishes_more_is_never_asked_less_often(published, another):
    asked = {"shortest": HOUR, "longest": 30 * DAY}
    more = polling_interval([*published, another], NOW, **asked)
    assert more <= polling_interval(published, NOW, **asked)


@given(published=TIMES, order=st.randoms())
def test_the_order_of_publications_and_those_to_come_do_not_matter(published, order):
    asked = {"shortest": HOUR, "longest": 30 * DAY}
    shuffled = [*published, NOW + 1, NOW + DAY]
    order.shuffle(shuffled)
    assert polling_interval(shuffled, NOW, **asked) == polling_interval(published, NOW, **asked)


def test_twelve_articles_a_day_are_asked_for_every_two_hours():
    published = [NOW - n * 2 * HOUR for n in range(12 * 28)]
    assert polling_interval(published, NOW, shortest=HOUR, longest=DAY) == pytest.approx(2 * HOUR)


def test_a_week_of_silence_as_at_tet_lengthens_the_wait_up_to_the_bound_and_no_further():
    published = [NOW - 9 * DAY - n * HOUR for n in range(300)]
    assert polling_interval(published, NOW, shortest=HOUR, longest=DAY) == DAY


# -- what is due -----------------------------------------------------------------------------------------


def test_what_is_due_comes_by_priority_then_job_then_lateness():
    def one(site, hours_late, **changes):
        return Planned(entry=entry(site=site, **changes), next_at=NOW - hours_late * HOUR)

    some = [
        one("late", 5),
        one("later", 9),
        one("wanted", 1, priority=3),
        one("rechecked", 20, job=Job.RECHECKS),
        one("not yet", -1),
        one("resting", 30, is_paused=True),
        one("at night", 3, hours=read_hours("22:00-06:00")),
    ]
    assert [x.entry.site for x in due(some, NOW)] == ["wanted", "later", "late", "rechecked"]


def test_missed_jobs_begin_within_their_jitter_and_not_all_at_once():
    some = [
        Planned(entry=entry(site=f"bao{n}", jitter_s=1800.0), next_at=NOW - 3 * DAY)
        for n in range(20)
    ]
    begun = {begins_at(x, NOW) - NOW for x in some}
    assert len(begun) > 15
    assert all(0 <= x <= 1800 for x in begun)
    on_time = attrs.evolve(some[0], next_at=NOW - 60)
    assert begins_at(on_time, NOW) == NOW


def test_a_site_is_crawled_once_in_a_batch_and_beside_jobs_of_its_kind_only():
    jobs = [("a", Job.CRAWL), ("b", Job.RECHECKS), ("c", Job.CRAWL), ("a", Job.BACKFILL)]
    ready = [Planned(entry=entry(site=s, job=j), next_at=NOW) for s, j in jobs]
    assert [x.entry.site for x in batch(ready, 10)] == ["a", "c"]
    assert [x.entry.site for x in batch(ready, 1)] == ["a"]


def ended(planned, reason, *, begun=None, **given):
    begun = max(planned.next_at, NOW) if begun is None else begun
    return after_run(planned, reason, begun_at=begun, now=begun + 600, **given)


def test_a_job_missed_for_three_days_runs_once():
    planned = Planned(entry=entry(), next_at=NOW - 3 * DAY)
    assert vietnam_text(ended(planned, "finished").next_at) == "Fri 2026-11-27 02:15"


def test_a_time_that_comes_while_the_crawl_goes_on_is_not_lost():
    planned = Planned(entry=entry("cron */5 * * * *"), next_at=NOW)
    assert ended(planned, "finished").next_at == NOW + 300


def test_a_site_that_always_fails_is_asked_less_and_less_often_down_to_weekly():
    planned, gaps = Planned(entry=entry(), next_at=at("2026-11-27T02:15")), []
    for _ in range(7):
        before = planned.next_at
        planned = ended(planned, "unreachable", begun=before)
        gaps.append((planned.next_at - before) / DAY)
    assert gaps == [1, 2, 4, 7, 7, 7, 7]
    back = ended(planned, "finished", begun=planned.next_at)
    assert (back.failures, back.next_at - planned.next_at) == (0, DAY)


def test_an_hourly_job_that_fails_backs_off_to_weekly_too():
    planned = Planned(entry=entry("every 1"), next_at=NOW)
    for _ in range(12):
        planned = ended(planned, "blocked", begun=planned.next_at)
    assert ended(planned, "blocked", begun=planned.next_at).next_at - planned.next_at == 7 * DAY


def test_what_the_machine_prevented_is_tried_again_within_the_hour_and_not_held_against_the_site():
    planned = Planned(entry=entry(), next_at=NOW, failures=1)
    after = ended(planned, "disk nearly full")
    assert (after.next_at, after.failures) == (NOW + 600 + HOUR, 1)


def test_a_stopped_run_stays_due():
    planned = Planned(entry=entry(), next_at=NOW - 60)
    assert ended(planned, "interrupted") == planned


def test_a_killed_run_is_taken_up_once_and_then_waits():
    planned = Planned(entry=entry(), next_at=NOW)
    once = ended(planned, KILLED)
    assert (once.next_at, once.failures) == (NOW, 1)
    assert ended(once, KILLED).next_at > NOW + HOUR


def test_a_backfill_that_has_more_to_read_goes_on():
    planned = Planned(entry=entry("cron 0 3 1 * *", job=Job.BACKFILL), next_at=NOW)
    assert ended(planned, "page limit", is_unfinished=True).next_at == NOW + 600
    assert ended(planned, "finished", is_unfinished=True).next_at > NOW + DAY


# -- the clock -------------------------------------------------------------------------------------------


def test_a_clock_set_back_an_hour_after_a_run_does_not_repeat_it():
    ran = at("2026-11-26T02:16")
    planned = Planned(entry=entry(), next_at=at("2026-11-27T02:15"))
    assert clock_set_back(planned, ran - HOUR, ran).next_at == planned.next_at


def test_a_clock_corrected_from_next_year_loses_no_more_than_the_wait_that_was_left():
    planned = Planned(entry=entry(), next_at=at("2027-11-27T02:15"))
    moved = clock_set_back(planned, NOW, at("2027-11-26T12:00"))
    assert vietnam_text(moved.next_at) == "Fri 2026-11-27 02:15"


@settings(deadline=None, max_examples=30)
@given(back=st.floats(1, 40 * DAY), wait=st.floats(0, 20 * DAY), timing=TIMINGS)
def test_a_clock_set_back_keeps_the_wait_to_within_a_period(back, wait, timing):
    some = entry(timing)
    seen = NOW + back
    planned = Planned(entry=some, next_at=next(times(some, seen + wait)))
    moved = clock_set_back(planned, NOW, seen)
    assert NOW < moved.next_at <= planned.next_at
    period = max(b - a for a, b in itertools.pairwise(itertools.islice(times(some, NOW), 60)))
    left = planned.next_at - seen
    assert abs((moved.next_at - NOW) - left) <= period


def test_what_was_due_stays_due_when_the_clock_is_set_back():
    planned = Planned(entry=entry(), next_at=NOW - 60)
    assert due([clock_set_back(planned, NOW - DAY, NOW)], NOW - DAY)


def test_the_days_around_tet_are_days_like_all_others():
    before_tet = at("2027-02-04T12:00")
    found = first(entry(), 5, after=before_tet)
    assert [x[9:] for x in found] == [f"02-{d:02} 02:15" for d in (5, 6, 7, 8, 9)]


def test_every_six_hours_keeps_to_the_clock():
    assert first(entry("every 6")) == ["Thu 2026-11-26 18:00", "Fri 2026-11-27 00:00", "Fri 2026-11-27 06:00"]  # fmt: skip
