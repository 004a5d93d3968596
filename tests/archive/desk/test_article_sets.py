"""Sets of articles as numbers: made, narrowed by filters and counted by month."""

from datetime import date

import pytest

from archive.desk.article_sets import newest_of, read_sets, set_between, set_of
from archive.desk.filters import Facet, Query


@pytest.mark.parametrize("docids", [[], [1], [7, 8, 9], [63, 64, 1], list(range(1, 100))])
def test_a_set_has_a_bit_for_each_docid(docids):
    found = set_of(docids)
    assert [n for n in range(200) if found >> n & 1] == sorted(docids)


@pytest.mark.parametrize("docids", [[], [0], [1], [7, 8, 9], [63, 64, 1], list(range(1, 100))])
@pytest.mark.parametrize("most", [0, 1, 3, 1_000])
def test_the_newest_of_a_set_come_out_of_it_the_greatest_docid_first(docids, most):
    assert list(newest_of(set_of(docids), most)) == sorted(docids, reverse=True)[:most]


def test_a_span_is_the_set_of_its_docids_and_an_empty_one_has_none():
    assert set_between(3, 5) == set_of([3, 4, 5])
    assert set_between(1, 0) == 0


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({}, ["không", "một", "hai", "ba"]),
        ({"papers": ("culao",)}, ["không", "hai"]),
        ({"papers": ("culao", "nowhere")}, ["không", "hai"]),
        ({"sections": ("Quốc phòng",)}, ["một"]),
        ({"levels": (1,)}, ["hai"]),
        ({"years": (2023,)}, ["một", "hai"]),
        ({"months": ("2023-06", "2024-01")}, ["hai", "ba"]),
        ({"published_from": date(2023, 6, 1)}, ["hai", "ba"]),
        ({"published_to": date(2023, 5, 31)}, ["một"]),
        ({"published_from": date(2023, 6, 1), "years": (2023,)}, ["hai"]),
        ({"published_from": date(2025, 1, 1)}, []),
    ],
)  # fmt: skip
def test_articles_that_pass_filters_and_their_months(open_snapshot, story, filters, titles):
    connection = open_snapshot(
        story(id="songmay:1", title="một", section="Quốc phòng", published_at="2023-05-31T23:59:00+07:00"),
        story(id="culao:2", title="hai", site="culao", level=1, published_at="2023-06-01T00:00:00+07:00"),
        story(id="songmay:3", title="ba", published_at="2024-01-01T00:00:00+07:00"),
        story(id="culao:4", title="không", site="culao", published_at=None),
    )  # fmt: skip
    sets = read_sets(connection)
    passing = sets.passing(connection, Query(text="x", **filters))
    rows = connection.execute("SELECT docid, title, month FROM articles ORDER BY docid").fetchall()
    assert [title for docid, title, _ in rows if passing >> docid & 1] == titles
    months = [month for _, title, month in rows if title in titles]
    assert sets.by_month(passing) == {month: months.count(month) for month in months}


def test_every_paper_and_province_has_its_articles(open_snapshot, story):
    connection = open_snapshot(
        story(id="songmay:1"), story(id="culao:2", site="culao", province="Hà Giang"),
        story(id="culao:3", site="culao", province=None),
    )  # fmt: skip
    sets = read_sets(connection)
    for facet in (Facet.PAPER, Facet.PROVINCE, Facet.PROVINCE_TODAY):
        rows = connection.execute(f"SELECT docid, {facet.column} FROM article_facts").fetchall()
        assert sets.having[facet] == {
            value: set_of([docid for docid, own in rows if own == value]) for _, value in rows
        }


def test_a_snapshot_without_articles_has_empty_sets(open_snapshot):
    connection = open_snapshot()
    sets = read_sets(connection)
    assert (sets.passing(connection, Query(text="x")), sets.by_month(0)) == (0, {})
