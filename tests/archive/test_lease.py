"""A lease's end by our own clock: before the granter's end, whatever happens in between."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.lease import MARGIN_SECONDS, TTL_SECONDS, Term, boot_time


@attrs.define
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


def test_a_lease_that_was_never_granted_may_not_be_used(clock):
    assert Term(60, 15, clock).is_over


def test_a_lease_ends_a_margin_before_the_time_asked_for(clock):
    term = Term(60, 15, clock)
    term.extend(clock.now)
    clock.now += 44.9
    assert not term.is_over
    clock.now += 0.1
    assert term.is_over


def test_the_time_an_answer_takes_is_not_added(clock):
    term = Term(60, 15, clock)
    asked_at = clock.now
    clock.now += 40
    term.extend(asked_at)
    clock.now += 4.9
    assert not term.is_over
    clock.now += 0.2
    assert term.is_over


def test_an_answer_that_comes_after_its_own_end_grants_nothing(clock):
    term = Term(60, 15, clock)
    asked_at = clock.now
    clock.now += 50
    term.extend(asked_at)
    assert term.is_over


def test_a_renewal_that_is_overtaken_by_a_later_one_shortens_nothing(clock):
    term = Term(60, 15, clock)
    term.extend(clock.now)
    term.extend(clock.now - 30)
    clock.now += 44
    assert not term.is_over


def test_a_lease_that_ran_out_can_be_renewed_when_nobody_took_it(clock):
    term = Term(60, 15, clock)
    term.extend(clock.now)
    clock.now += 100
    assert term.is_over
    assert not term.is_lost
    term.extend(clock.now)
    assert not term.is_over


def test_a_lease_that_another_took_is_over_for_good(clock):
    term = Term(60, 15, clock)
    term.extend(clock.now)
    term.lose()
    term.extend(clock.now)
    assert term.is_over
    assert term.is_lost


@pytest.mark.parametrize("margin", [60, 61, -1])
def test_a_margin_that_leaves_no_time_is_refused(margin):
    with pytest.raises(ValueError, match="leaves nothing"):
        Term(60, margin)


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(0, 30), st.floats(0, 30), st.booleans()), max_size=20
    )
)
def test_whatever_renewals_and_pauses_the_holder_stops_before_another_can_begin(steps):
    """Each step: a pause, a renewal's way there and back, and whether it was granted; other clocks only run on."""
    clock = FakeClock()
    term = Term(TTL_SECONDS, MARGIN_SECONDS, clock)
    # the granter's clock shows another time, of which the holder knows nothing
    granters_end = float("-inf")
    for pause, there, back, arrives in steps:
        clock.now += pause
        if not term.is_over:
            assert clock.now + MARGIN_SECONDS <= granters_end
        asked_at = clock.now
        clock.now += there
        if arrives:
            granters_end = clock.now + TTL_SECONDS
        clock.now += back
        if arrives:
            term.extend(asked_at)
        if not term.is_over:
            assert clock.now + MARGIN_SECONDS <= granters_end


def test_the_clock_of_leases_runs_on():
    before = boot_time()
    assert boot_time() >= before
