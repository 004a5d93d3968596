"""How hits spread: exact counts of few, estimates of many, and choices that do not hide the others."""

import pytest

from archive.desk import facets as facets_module
from archive.desk import hits as hits_module
from archive.desk.filters import Facet, Query
from archive.desk.search import search


@pytest.fixture
def find(open_snapshot):
    def make(*stories):
        connection = open_snapshot(*stories)
        return lambda text, **more: search(connection, Query(text=text, **more), aids=True)

    return make


@pytest.fixture
def mixed(find, story):
    return find(
        story(id="songmay:1", title="Dân quân", published_at="2023-05-01T00:00:00+07:00"),
        story(id="songmay:2", title="Dân quân", published_at="2024-05-01T00:00:00+07:00", level=1),
        story(
            id="culao:3", title="Dân quân", site="culao", province="Hà Giang", section="Quốc phòng",
            published_at="2024-06-01T00:00:00+07:00",
        ),
        story(id="culao:4", title="Dẫn quân", site="culao", province=None, published_at=None),
        story(id="culao:5", title="Việc khác", site="culao"),
    )  # fmt: skip


def counts(results, facet):
    (found,) = [x for x in results.facets if x.facet is facet]
    return {choice.value: choice.count for choice in found.choices}


def test_every_facet_counts_the_hits_of_all_tiers(mixed):
    results = mixed("dân quân")
    assert counts(results, Facet.PAPER) == {"songmay": 2, "culao": 2}
    assert counts(results, Facet.YEAR) == {"2024": 2, "2023": 1}
    assert counts(results, Facet.LEVEL) == {"2": 3, "1": 1}
    assert counts(results, Facet.SECTION) == {"Quốc phòng": 1}


def test_a_former_province_is_counted_under_both_its_names(mixed):
    results = mixed("dân quân")
    assert counts(results, Facet.PROVINCE)["Hà Giang"] == 1
    assert counts(results, Facet.PROVINCE_TODAY)["Tuyên Quang"] == 1


def test_what_is_chosen_of_a_facet_leaves_its_other_values_in_sight(mixed):
    results = mixed("dân quân", papers=("culao",))
    assert results.total == 2
    assert counts(results, Facet.PAPER) == {"songmay": 2, "culao": 2}
    assert counts(results, Facet.YEAR) == {"2024": 1}


def test_several_values_of_a_facet_add_up(mixed):
    assert mixed("dân quân", papers=("culao", "songmay")).total == 4


def test_a_chosen_value_without_hits_is_still_listed(mixed):
    results = mixed("dân quân", years=(2023, 1999))
    assert counts(results, Facet.YEAR) == {"2024": 2, "2023": 1, "1999": 0}


def test_months_are_counted_once_years_are_chosen(mixed):
    assert all(found.facet is not Facet.MONTH for found in mixed("dân quân").facets)
    assert counts(mixed("dân quân", years=(2024,)), Facet.MONTH) == {"2024-06": 1, "2024-05": 1}


def test_today_and_then_narrow_the_search(mixed):
    assert mixed("dân quân", provinces_today=("Tuyên Quang",)).total == 1
    assert mixed("dân quân", provinces=("Hà Giang",)).total == 1


def test_many_hits_are_estimated_for_every_period(find, story, monkeypatch):
    monkeypatch.setattr(hits_module, "COUNT_LIMIT", 100)
    monkeypatch.setattr(facets_module, "_IN_SPAN", 10)
    results = find(
        *(
            story(
                id=f"songmay:{number}",
                title="Dân quân",
                published_at=f"{2000 + number // 50}-05-01T00:00:00+07:00",
                level=1 + number % 2,
            )
            for number in range(400)
        )
    )("dân quân")
    (years,) = [found for found in results.facets if found.facet is Facet.YEAR]
    assert years.estimated
    assert [choice.value for choice in years.choices] == [str(2007 - n) for n in range(8)]
    assert sum(choice.count for choice in years.choices) == pytest.approx(400, abs=8)
    assert counts(results, Facet.LEVEL)["1"] == pytest.approx(200, abs=10)


def test_a_prefix_with_many_hits_is_estimated_for_every_period(find, story, monkeypatch):
    monkeypatch.setattr(hits_module, "COUNT_LIMIT", 100)
    monkeypatch.setattr(facets_module, "_THINNED", 80)
    results = find(
        *(
            story(
                id=f"songmay:{number}",
                title="Dân quân" if number % 4 else "Việc khác",
                published_at=f"{2000 + number // 50}-05-01T00:00:00+07:00",
            )
            for number in range(400)
        )
    )("quâ*")
    years = counts(results, Facet.YEAR)
    assert set(years) == {str(2000 + n) for n in range(8)}
    assert sum(years.values()) == pytest.approx(300, abs=50)


def test_few_hits_are_counted_one_by_one(mixed):
    assert not any(found.estimated for found in mixed("dân quân").facets)


def test_looking_into_each_of_few_articles_finds_what_walking_through_all_does(
    find, story, monkeypatch
):
    titles = ["Dân quân", "Quân và dân", "Dẫn quân", "Quan dan", "Việc khác", "Dân quân hội thao"]
    query = find(
        *(
            story(id=f"{site}:{n}", site=site, title=titles[n % 6], level=1 + n % 2)
            for n in range(60)
            for site in [("songmay", "culao")[n % 5 == 0]]
        )
    )
    texts = ["dân quân", "dan quan", 'dân quân -"hội thao"', "quân NOT dân", "dân quâ*", "sapo:dân"]
    asked = [(text, {"papers": ("culao",), "levels": (2,)}) for text in texts]
    walked = [query(text, **more) for text, more in asked]
    hits_module._KNOWN._known.clear()
    facets_module._KNOWN._known.clear()
    monkeypatch.setattr(hits_module, "_SLOWER", 1)
    looked = [query(text, **more) for text, more in asked]
    assert looked == walked
    assert sum(results.total for results in walked) > len(texts)
