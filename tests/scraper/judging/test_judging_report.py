"""The figures of a report, each against a count made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.judging.labels import Item, Sample
from scraper.judging.report import agreement, findings, kappa, report

LEVELS = (1.0, 8.0)


def item(name, score, level, *, stratum="s", population=None):
    return Item(
        id=name, site="a", url="http://a/1", published_at=None, title="x", lead=None, snippets=(),
        score=score, level=level, stratum=stratum, population=population or 1,
    )  # fmt: skip


FOUR = (item("a", 9, 2, population=4), item("b", 9, 2, population=4), item("c", 2, 1, population=4), item("d", -3, 0, population=4))  # fmt: skip


def test_precision_recall_and_confusion_of_a_plain_sample():
    found = findings("an", FOUR, {"a": 2, "b": 1, "c": 0, "d": 1}, LEVELS)
    assert found.confusion == {0: {0: 0, 1: 1, 2: 0}, 1: {0: 1, 1: 0, 2: 1}, 2: {0: 0, 1: 0, 2: 1}}
    kept, about = found.kept, found.about
    assert (kept.right, kept.wrong, kept.missed) == (2, 1, 1)
    assert (kept.precision, kept.recall) == pytest.approx((2 / 3, 2 / 3))
    assert (about.right, about.wrong, about.missed, about.precision, about.recall) == (
        1,
        1,
        0,
        0.5,
        1.0,
    )


def test_shares_are_weighed_back_to_the_whole_archive():
    items = (
        item("kept", 9, 2, stratum="few", population=10),
        item("missed", 0, 0, stratum="many", population=90),
        item("rightly out", 0, 0, stratum="many", population=90),
    )
    found = findings("an", items, {"kept": 2, "missed": 1, "rightly out": 0}, LEVELS)
    # 10 articles found; one of two in the crowd of 90 is missed, so 45 are
    assert found.kept.recall == pytest.approx(10 / 55)
    assert found.kept.precision == 1.0


def test_weights_are_those_of_the_items_labelled_so_far():
    items = (
        item("a", 9, 2, population=10),
        item("b", 9, 2, population=10),
        item("c", 0, 0, stratum="t", population=5),
    )
    found = findings("an", items, {"a": 2, "c": 1}, LEVELS)
    assert found.kept.recall == pytest.approx(10 / 15)


def test_a_stratum_without_a_label_is_told_and_not_counted():
    items = (item("a", 9, 2, population=10), item("c", 0, 0, stratum="t", population=500))
    found = findings("an", items, {"a": 2}, LEVELS)
    assert (found.labelled, found.not_covered, found.kept.recall) == (1, 500, 1.0)


def test_nothing_chosen_has_no_precision_and_nothing_wanted_no_recall():
    found = findings("an", (item("a", -1, 0),), {"a": 0}, LEVELS)
    assert (found.kept.precision, found.kept.recall) == (None, None)


def test_the_table_of_thresholds_has_those_of_the_rule_and_loses_recall_going_up():
    found = findings("an", FOUR, {"a": 2, "b": 1, "c": 1, "d": 0}, (1.5, 7.0))
    by_score = {step.score: step for step in found.thresholds}
    assert {1.5, 7.0} <= by_score.keys()
    assert (by_score[1.5].kept.precision, by_score[1.5].kept.recall) == (1.0, 1.0)
    assert by_score[7.0].kept.recall == pytest.approx(2 / 3)
    assert by_score[7.0].about.precision == 0.5
    recalls = [step.kept.recall for step in found.thresholds]
    assert recalls == sorted(recalls, reverse=True)


def test_kappa_of_a_table_from_a_textbook():
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    assert kappa(pairs) == pytest.approx(0.4)


@pytest.mark.parametrize(("pairs", "expected"), [([], None), ([(1, 1)] * 3, None), ([(0, 0), (2, 2)], 1.0), ([(0, 1), (1, 0)], -1.0)])  # fmt: skip
def test_kappa_at_its_ends(pairs, expected):
    assert kappa(pairs) == expected


@given(st.lists(st.tuples(st.sampled_from((0, 1, 2)), st.sampled_from((0, 1, 2))), max_size=40))
def test_kappa_is_symmetric_and_at_most_one(pairs):
    value = kappa(pairs)
    assert value == kappa([(other, one) for one, other in pairs])
    assert value is None or -1 <= value <= 1
    assert (value == 1) == (value is not None and all(one == other for one, other in pairs))


def test_two_readers_are_compared_on_what_both_have_read():
    found = agreement(("an", "binh"), {"a": 1, "b": 2, "c": 0}, {"b": 2, "c": 1, "d": 0})
    assert (found.both, found.same, found.differing) == (2, 1, ("c",))


def test_what_readers_agree_on_is_reported_beside_each_of_them():
    sample = Sample(items=FOUR, labels={"an": {"a": 2, "b": 1}, "binh": {"a": 2, "b": 2}})
    result = report(sample, ("an", "binh"), levels=LEVELS)
    assert [(x.reader, x.labelled) for x in result.findings] == [
        ("an", 2),
        ("binh", 2),
        ("agreed", 1),
    ]
    assert len(result.agreements) == 1
    assert [x.reader for x in report(sample, ("an",), levels=LEVELS).findings] == ["an"]
