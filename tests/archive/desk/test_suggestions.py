"""Missing marks are offered, other spellings looked for, and nothing found says what to leave out."""

import pytest

from archive.desk.expansion import variants
from archive.desk.filters import Query
from archive.desk.search import search


@pytest.fixture
def find(open_snapshot):
    def make(*stories):
        connection = open_snapshot(*stories)
        return lambda text, **more: search(connection, Query(text=text, **more), aids=True)

    return make


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("kỹ thuật", ("kĩ thuật",)),
        ("Công ti", ("công ty",)),
        ("quý", ("quí",)),
        ("DQTV xã", ("dân quân tự vệ xã",)),
        ("dân quân tự vệ", ("dqtv",)),
        ("hai tay", ()),
        ("thủy lợi", ()),
        ("dân quân", ()),
    ],
)
def test_other_ways_to_write(text, others):
    assert variants(text) == others


def test_the_short_name_finds_the_long_one_and_says_so(find, story):
    query = find(
        story(id="songmay:long", title="Dân quân tự vệ ra quân"),
        story(id="songmay:short", title="Lực lượng DQTV"),
    )
    results = query("DQTV")
    assert {hit.id for hit in results.hits} == {"songmay:long", "songmay:short"}
    assert results.expansions == ("dân quân tự vệ",)
    assert all(hit.title.found for hit in results.hits)


def test_other_spellings_can_be_refused(find, story):
    query = find(
        story(id="songmay:y", title="Kỹ thuật bắn"), story(id="songmay:i", title="Kĩ thuật bắn")
    )
    assert {hit.id for hit in query("kỹ thuật", exact_only=True).hits} == {"songmay:y", "songmay:i"}
    only = query("kỹ thuật", exact_only=True, expand=False)
    assert [hit.id for hit in only.hits] == ["songmay:y"]
    assert only.expansions == ("kĩ thuật",)


@pytest.mark.parametrize("asked", ["dan quan", "dân quan"])
def test_missing_marks_are_offered_as_the_articles_print_them(find, story, asked):
    query = find(*(story(id=f"songmay:{n}", title="Dân quân", body=("Dân quân.",)) for n in "abc"))
    assert query(asked).spelling == "dân quân"


def test_a_spelling_that_is_printed_as_often_is_left_alone(find, story):
    query = find(story(id="songmay:a", title="Dân quân"), story(id="songmay:b", title="Dẫn quân"))
    assert query("dân quân").spelling is None


def test_nothing_found_says_which_filter_to_leave_out(find, story):
    query = find(
        story(id="songmay:a", title="Dân quân"), story(id="culao:b", title="Khác", site="culao")
    )
    results = query("dân quân", papers=("culao",), years=(2024,))
    assert [(x.what, x.hits) for x in results.relaxations] == [("paper", 1)]


def test_nothing_found_for_a_quotation_offers_its_words(find, story):
    results = find(story(id="songmay:a", title="Quân với dân"))('"dân quân"')
    assert [(x.what, x.query.text) for x in results.relaxations] == [("quotes", "dân quân")]


def test_nothing_found_for_several_words_offers_any_of_them(find, story):
    results = find(story(id="songmay:a", title="Hội thao"))('"dân quân" "hội thao"')
    assert ("any_word", '"dân quân" OR "hội thao"') in [
        (x.what, x.query.text) for x in results.relaxations
    ]


def test_only_exact_diacritics_can_be_left_out(find, story):
    results = find(story(id="songmay:a", title="Dẫn quân"))("dân quân", exact_only=True)
    assert [x.what for x in results.relaxations] == ["exact"]
