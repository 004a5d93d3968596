"""The advanced form writes one query, and the query language has all it needs."""

import pytest

from archive.desk.compose import compose
from archive.desk.filters import Query
from archive.desk.query import parse
from archive.desk.search import search
from archive.errors import BadQuery


def composed(**fields):
    return compose({name: [value] for name, value in fields.items()})


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({"all": "dân quân"}, "dân quân"),
        ({"phrase": "dân quân biển"}, '"dân quân biển"'),
        ({"any": "tự vệ, dân quân"}, '"tự vệ" OR "dân quân"'),
        ({"all": "xã", "any": "a1, b2"}, 'xã "a1" OR xã "b2"'),
        ({"all": "dân quân", "none": "hội thao, bóng đá"}, 'dân quân -"hội thao" -"bóng đá"'),
        ({"near": "dân quân", "near_other": "diễn tập"}, 'NEAR("dân quân" "diễn tập", 10)'),
        ({"all": "dân quân", "part": "title"}, "title:dân quân"),
        ({"all": 'OR "x*'}, "or x"),
    ],
)
def test_fields_become_a_query(fields, query):
    assert composed(**fields) == query
    assert parse(query)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"none": "a"}, "only words to leave out"),
        ({"near": "a"}, "at least two"),
        ({"near": "a", "near_other": "b", "distance": "0"}, "from 1 to 100"),
        ({"near": "a", "near_other": "b", "distance": "x"}, "from 1 to 100"),
        ({"all": "a", "part": "author"}, "“part”"),
    ],
)
def test_mistakes_in_the_form_are_explained(fields, said):
    with pytest.raises(BadQuery, match=said):
        composed(**fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NEAR(dân quân", "not closed"),
        ("NEAR(dân)", "at least two"),
        ('NEAR("dân quân" diễn*)', "cannot be used inside NEAR"),
        ("NEAR(dân OR quân)", "no OR"),
        ("NEAR(dân quân, 500)", "from 1 to 100"),
        ("title:...", "no word after “title:”"),
    ],
)
def test_mistakes_in_a_query_are_explained(text, said):
    with pytest.raises(BadQuery, match=said):
        parse(text)


@pytest.fixture
def ask(open_snapshot, story):
    connection = open_snapshot(
        story(id="songmay:title", title="Dân quân diễn tập", body=("Việc ở xã.",)),
        story(id="songmay:near", title="Tin", body=("Dân quân xã Nà Luông ra quân diễn tập.",)),
        story(id="songmay:far", title="Tin", body=("Dân quân. " + "một " * 30 + "Diễn tập.",)),
        story(id="songmay:lead", title="Tin", sapo="Dân quân trực.", body=("Hết.",)),
    )
    return lambda text: {hit.id[8:] for hit in search(connection, Query(text=text)).hits}


def test_near_finds_phrases_within_their_distance(ask):
    assert ask('NEAR("dân quân" "diễn tập", 8)') == {"title", "near"}
    assert ask('NEAR("dân quân" "diễn tập", 40)') == {"title", "near", "far"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title:dân quân", {"title"}),
        ("tieude:dân quân", {"title"}),
        ('sapo:"dân quân"', {"lead"}),
        ("body:dân quân", {"near", "far"}),
        ("body:dân quân OR sapo:dân quân", {"near", "far", "lead"}),
        ("dân quân -title:diễn", {"near", "far", "lead"}),
        ("title:NEAR(dân tập, 5)", {"title"}),
        ("title:diễn*", {"title"}),
    ],
)
def test_words_can_be_looked_for_in_one_part(ask, text, found):
    assert ask(text) == found


def test_a_colon_after_any_other_word_is_text(ask):
    assert ask("tin:dân") == set()
    assert parse("http://bao.vn").alternatives


def test_the_form_leads_to_the_search_it_asks_for(demo):
    response = demo.get(
        "/-/search/advanced?all=d%C3%A2n+qu%C3%A2n&none=h%E1%BB%99i+thao&paper=culao&lang=en",
        follow_redirects=False,
    )
    assert response.status_code == 302
    address = response.headers["location"]
    assert "paper=culao" in address
    assert "lang=en" in address
    assert "all=" not in address
    assert demo.get(address).status_code == 200


def test_the_empty_form_is_a_page_and_a_mistake_is_named_on_it(demo):
    assert demo.get("/-/search/advanced").status_code == 200
    response = demo.get("/-/search/advanced?near=d%C3%A2n&lang=en")
    assert response.status_code == 400
    assert "NEAR needs at least two" in response.text
