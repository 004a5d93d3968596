"""A short run of ``benchmarks/mutations.py``: damaged pages of every kind get an outcome, the same on every run.

Time is not asserted here (a busy machine would fail); the script does that on 10,000 pages.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from archive.model import Accepted, Rejected, RejectReason
from scraper.sites.load import load_registry

SCRIPT = Path(__file__).parents[2] / "benchmarks/mutations.py"
PAGES, SEED = 506, 4


@pytest.fixture(scope="module")
def mutations():
    spec = importlib.util.spec_from_file_location("benchmarks_mutations", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def outcomes(mutations):
    registry = load_registry(demo_port=mutations.PORT)
    return [
        (page, mutations.run(page.capture, registry, ruled=number % 3 > 0))
        for number, page in enumerate(mutations.damaged_pages(PAGES, SEED))
    ]


def test_every_damaged_page_gets_an_outcome(mutations, outcomes):
    assert len(outcomes) == PAGES
    assert {page.kind for page, _ in outcomes} == {kind.__name__ for kind in mutations.KINDS}
    assert all(isinstance(outcome, Accepted | Rejected) for _, outcome in outcomes)


def test_a_page_refused_as_unreadable_says_why(outcomes):
    refused = [
        outcome.detail
        for _, outcome in outcomes
        if isinstance(outcome, Rejected) and outcome.reason is RejectReason.UNREADABLE
    ]
    assert len(refused) > 20
    assert all(refused)


def test_light_damage_leaves_articles_readable(outcomes):
    light = [x for page, x in outcomes if page.kind in {"wrong_type", "nulls", "cut", "entities"}]
    assert sum(x.article is not None for x in light) > len(light) / 3


def test_the_damage_is_the_same_on_every_run(mutations, outcomes):
    again = list(mutations.damaged_pages(50, SEED))
    assert [x.capture for x in again] == [page.capture for page, _ in outcomes[:50]]
