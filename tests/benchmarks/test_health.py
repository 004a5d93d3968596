"""Part of the simulated year: few false alarms, and breakages that are seen at the next run."""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: False alarms of a paper in a year, at most.
BOUND = 1.0


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        health = importlib.import_module("health")
        # 70 days of past, then three months with Tết in their middle
        return health.simulate(number=4, days=90, seed="5", broken_days=1, first=date(2025, 10, 25))


def test_false_alarms_are_few_and_there_are_none_at_tet(result):
    assert result.runs > 4 * 150
    assert result.a_year <= BOUND
    assert result.during_tet == 0


def test_what_shuts_us_out_or_empties_a_feed_is_seen_at_the_next_run_at_any_paper(result):
    at_once = {"feed emptied", "robots.txt forbids", "challenge pages", "certificate refused"}
    runs = [x[2] for x in result.found if x[0] in at_once]
    assert runs
    assert set(runs) == {1}


def test_at_a_paper_of_many_articles_whatever_breaks_is_seen_within_three_days(result):
    days = {name: day for name, a_day, _, day in result.found if a_day > 40}
    assert {"selector renamed", "date format changed", "half as many articles"} & days.keys()
    assert all(day is not None and day <= 3 for day in days.values())
