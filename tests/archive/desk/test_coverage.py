"""The coverage page: articles per paper and month, with gaps, as page, CSV and JSON."""

import csv
import io
import sqlite3
from contextlib import closing

import pytest
from bs4 import BeautifulSoup

from archive.desk.coverage import PaperCoverage, read_coverage, shade


@pytest.fixture
def stories(story):
    dates = ["2023-11-30T23:30:00+07:00", "2024-01-01T00:10:00+07:00", "2024-01-02T08:00:00+07:00",
             "2024-04-09T08:00:00+07:00", None]  # fmt: skip
    return [
        *(story(id=f"songmay:{n}", published_at=date, precision=date and "minute") for n, date in enumerate(dates)),
        story(id="nuingan:1", site="nuingan", published_at="2025-02-01T08:00:00+07:00"),
    ]  # fmt: skip


@pytest.fixture
def songmay(stories, open_snapshot):
    return read_coverage(open_snapshot(*stories)).paper("songmay")


def test_articles_are_counted_by_month_on_the_papers_clock(songmay):
    assert songmay.months == {"2023-11": 1, "2024-01": 2, "2024-04": 1}
    assert (songmay.undated, songmay.articles) == (1, 5)


def test_months_without_an_article_between_the_first_and_the_last_are_gaps(songmay):
    assert songmay.gaps == ("2023-12", "2024-02", "2024-03")
    assert (songmay.gaps_in_year(2023), songmay.gaps_in_year(2024)) == (1, 2)
    assert (songmay.in_year(2023), songmay.in_year(2024)) == (1, 3)


def test_a_paper_without_dated_articles_has_no_span_and_no_gaps():
    paper = PaperCoverage(
        id="x", name="X", province=None, status="active", first_captured_at=None,
        last_captured_at=None, months={}, undated=3,
    )  # fmt: skip
    assert (paper.first, paper.last, paper.gaps, paper.articles) == (None, None, (), 3)


def test_papers_without_an_article_are_listed_too(stories, open_snapshot):
    coverage = read_coverage(open_snapshot(*stories))
    assert {paper.id: paper.articles for paper in coverage.papers} == {
        "songmay": 5, "nuingan": 1, "bienxanh": 0, "culao": 0,
    }  # fmt: skip
    assert coverage.years == (2023, 2024, 2025)


def test_an_empty_snapshot_has_no_years(open_snapshot):
    coverage = read_coverage(open_snapshot())
    assert (coverage.years, coverage.busiest_month, coverage.busiest_year) == ((), 0, 0)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 0), (1, 1), (12, 1), (13, 2), (25, 2), (26, 3), (50, 3), (51, 4), (100, 4)]
)  # fmt: skip
def test_a_cell_is_darker_the_more_articles_it_stands_for(count, expected):
    assert shade(count, 100) == expected


def test_numbers_equal_a_count_on_the_snapshot(demo, demo_snapshot):
    with closing(sqlite3.connect(f"file:{demo_snapshot}?mode=ro", uri=True)) as connection:
        counted = connection.execute(
            "SELECT site, substr(published_at, 1, 7), count(*) FROM articles"
            " WHERE published_at IS NOT NULL GROUP BY 1, 2"
        ).fetchall()
    shown = [
        (paper["id"], month, n)
        for paper in demo.get("/-/coverage.json").json()["papers"]
        for month, n in paper["months"].items()
    ]
    assert sorted(shown) == sorted(counted)


def cells(page, row_name):
    row = next(row for row in page.select("tbody tr") if row.th.text.strip() == row_name)
    return [" ".join(cell.text.split()) for cell in row.select("td")]


def test_the_page_has_a_row_for_each_paper_and_a_column_for_each_year(desk, stories):
    page = BeautifulSoup(desk(*stories).get("/-/coverage?lang=en").text, "lxml")
    heads = [head.text for head in page.select("thead th")]
    assert heads[:4] == ["Paper", "2023", "2024", "2025"]
    assert cells(page, "Báo Sông Mây")[:6] == [
        "1▿1 month without an article", "3▿2 months without an article", "", "1", "5", "3",
    ]  # fmt: skip


def test_the_page_says_when_each_paper_was_captured_first_and_last(desk, stories):
    page = BeautifulSoup(desk(*stories).get("/-/coverage?lang=en").text, "lxml")
    captures = page.select_one("#captures").parent
    assert cells(captures, "Báo Sông Mây") == ["21 November 2026", "21 November 2026"]
    assert cells(captures, "Báo Cù Lao") == ["not yet", "not yet"]


def test_a_number_leads_to_its_articles(desk, stories):
    reader = desk(*stories)
    page = BeautifulSoup(reader.get("/-/coverage?lang=en").text, "lxml")
    address = page.select_one('td a[href*="paper=songmay"]')["href"]
    assert "lang=en" in address
    found = reader.get(address.replace("/-/search?", "/-/search.json?")).json()
    assert [row["id"] for row in found["results"]] == ["songmay:0"]


def test_one_paper_is_shown_by_month_with_gaps_as_zero(desk, stories):
    page = BeautifulSoup(desk(*stories).get("/-/coverage?paper=songmay&lang=vi").text, "lxml")
    assert cells(page, "2023") == ["", "", "", "", "", "", "", "", "", "", "1", "0", "1"]
    assert cells(page, "2024") == ["2", "0", "0", "1", "", "", "", "", "", "", "", "", "3"]
    assert "trong đó 1 bài không rõ ngày" in page.text


def test_a_paper_that_does_not_exist_is_not_found(demo):
    assert demo.get("/-/coverage?paper=no").status_code == 404


def test_csv_has_every_month_of_the_span_and_opens_in_spreadsheets(desk, stories):
    response = desk(*stories).get("/-/coverage.csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(row["month"], row["articles"]) for row in rows if row["paper"] == "songmay"] == [
        ("2023-11", "1"), ("2023-12", "0"), ("2024-01", "2"), ("2024-02", "0"), ("2024-03", "0"),
        ("2024-04", "1"), ("", "1"),
    ]  # fmt: skip
