"""Facets held in memory: the same as the database has, and spans of time that leave nothing out."""

from itertools import pairwise

import pytest

from archive.desk.filters import Facet
from archive.desk.spread import COMBINED, Months, Spread, read_spread


@pytest.fixture
def years():
    """Ten undated articles, then 30 of 2020 in two months, and 100 of 2021."""
    months = (
        Months(None, 1, 10),
        Months("2020-03", 11, 20),
        Months("2020-04", 21, 40),
        Months("2021-01", 41, 140),
    )
    return Spread(combination_of=(), combinations=(), month_of=(), months=months)


def ends(spans):
    return [(span.start, span.stop - 1) for span in spans]


def test_spans_end_with_the_year(years):
    assert ends(years.spans(1, 140, longest=100, by_month=False)) == [(1, 10), (11, 40), (41, 140)]


def test_spans_end_with_the_month_when_months_are_counted(years):
    assert ends(years.spans(5, 45, longest=100, by_month=True)) == [
        (5, 10), (11, 20), (21, 40), (41, 45),
    ]  # fmt: skip


@pytest.mark.parametrize("longest", [1, 7, 33, 1000])
def test_spans_follow_each_other_and_none_is_too_long(years, longest):
    spans = list(years.spans(3, 139, longest=longest, by_month=False))
    assert (spans[0].start, spans[-1].stop) == (3, 140)
    assert all(one.stop == other.start for one, other in pairwise(spans))
    assert max(map(len, spans)) <= longest


def test_no_docids_have_no_spans(years):
    assert ends(years.spans(1, 0, longest=10, by_month=False)) == []


def test_every_article_has_the_facets_the_database_says(open_snapshot, story):
    connection = open_snapshot(
        story(id="songmay:1", section="Quốc phòng", published_at="2023-05-01T00:00:00+07:00"),
        story(id="culao:2", site="culao", province="Hà Giang", level=1),
        story(id="culao:3", site="culao", province=None, published_at=None),
    )
    spread = read_spread(connection)
    columns = ", ".join(facet.column for facet in (*COMBINED, Facet.MONTH, Facet.YEAR))
    rows = connection.execute(f"SELECT docid, {columns} FROM article_facts").fetchall()
    assert len(rows) == 3
    for docid, *facts, month, year in rows:
        assert list(spread.combinations[spread.combination_of[docid]]) == facts
        held = spread.months[spread.month_of[docid]]
        assert (held.month, held.year) == (month, year)


def test_a_snapshot_without_articles_has_no_facets(open_snapshot):
    spread = read_spread(open_snapshot())
    assert (spread.combinations, spread.months) == ((), ())
