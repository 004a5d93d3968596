"""Filters without words list the articles that pass them."""

import pytest
from bs4 import BeautifulSoup

from archive.desk.filters import Facet, Query, Sort
from archive.desk.search import Tier, neighbours, search
from archive.errors import BadQuery


@pytest.fixture
def stories(story):
    return [
        story(id="songmay:old", title="Quân <b>cũ</b>", published_at="2023-05-01T08:00:00+07:00"),
        story(id="songmay:new", sapo="Sapo dài.", published_at="2024-03-19T08:00:00+07:00"),
        story(id="songmay:undated", published_at=None, level=1),
        story(id="culao:b", site="culao", province="Cù Lao", published_at="2024-02-01T08:00:00+07:00"),
    ]  # fmt: skip


@pytest.fixture
def snapshot(open_snapshot, stories):
    return open_snapshot(*stories)


def ids(results):
    return [hit.id for hit in results.hits]


@pytest.mark.parametrize("sort", Sort)
def test_a_paper_alone_lists_its_articles_newest_first_and_undated_last(snapshot, sort):
    results = search(snapshot, Query(text="", papers=("songmay",), sort=sort), aids=True)
    assert ids(results) == ["songmay:new", "songmay:old", "songmay:undated"]
    assert [(count.tier, count.count) for count in results.counts] == [(Tier.LISTED, 3)]


def test_filters_of_a_list_hold_together(snapshot):
    assert ids(search(snapshot, Query(text=" ", papers=("songmay",), years=(2024,)))) == [
        "songmay:new"
    ]
    assert ids(search(snapshot, Query(text="", months=("2024-02",)))) == ["culao:b"]
    assert ids(search(snapshot, Query(text="", levels=(1,)))) == ["songmay:undated"]


def test_a_list_shows_how_each_text_begins(snapshot):
    hit = search(snapshot, Query(text="", papers=("songmay",))).hits[0]
    assert [passage.text for passage in hit.excerpts] == ["Sapo dài."]
    assert not hit.title.found


def test_facets_of_a_list_count_what_else_could_be_chosen(snapshot):
    results = search(snapshot, Query(text="", papers=("songmay",)), aids=True)
    counted = {x.facet: {y.value: y.count for y in x.choices} for x in results.facets}
    assert counted[Facet.PAPER] == {"songmay": 3, "culao": 1}
    assert counted[Facet.YEAR] == {"2024": 1, "2023": 1}


def test_a_list_without_an_article_says_which_filter_to_leave_out(snapshot):
    results = search(snapshot, Query(text="", papers=("culao",), years=(2023,)), aids=True)
    assert [(x.what, x.hits) for x in results.relaxations] == [("paper", 1), ("year", 1)]


def test_leaving_out_the_only_filter_is_not_proposed(snapshot):
    results = search(snapshot, Query(text="", years=(1999,)), aids=True)
    assert results.relaxations == ()


def test_neither_words_nor_filters_is_refused(snapshot):
    with pytest.raises(BadQuery, match="no word to look for"):
        search(snapshot, Query(text=" "))


def test_articles_of_a_list_know_those_beside_them(snapshot):
    beside = neighbours(snapshot, Query(text="", papers=("songmay",)), "songmay:old", 1)
    assert (beside.before, beside.after) == ("songmay:new", "songmay:undated")


@pytest.mark.parametrize("path", ["/-/search?paper=songmay&q=", "/-/search?paper=songmay"])
def test_the_page_lists_with_an_empty_box(desk, stories, path):
    page = BeautifulSoup(desk(*stories).get(f"{path}&lang=en").text, "html.parser")
    assert page.select_one("input[name=q]")["value"] == ""
    assert [x.text for x in page.select("ol.hits h3")][1] == "Quân <b>cũ</b>"
    assert page.select_one(".summary p").text == "3 articles"
    assert page.select_one(".sorts") is None
    assert "All articles that pass the filters" in page.text
    assert "“”" not in page.text


def test_json_of_a_list_has_no_match(desk, stories):
    given = desk(*stories).get("/-/search.json?year=2024").json()
    assert [(x["tier"], x["match"], x["count"]) for x in given["counts"]] == [(0, None, 2)]


def test_a_form_without_anything_filled_in_is_the_form(desk, stories):
    page = desk(*stories).get("/-/search?paper=&from=")
    assert page.status_code == 200
    assert "hits" not in page.text
