"""Searching a snapshot: exact hits first, folded ones after them and marked, filters, paging."""

import sqlite3
from contextlib import closing
from datetime import date
from unicodedata import normalize

import pytest

from archive.desk import hits as hits_module
from archive.desk import ranking as ranking_module
from archive.desk import search as search_module
from archive.desk.asking import limited
from archive.desk.filters import web_parameters
from archive.desk.problems import SearchTooSlow
from archive.desk.search import Query, Sort, search
from archive.errors import BadDateRange, BadQuery


@pytest.fixture
def find(open_snapshot):
    """Make a snapshot of stories; the function returned searches it."""

    def make(*stories):
        connection = open_snapshot(*stories)
        return lambda text, **more: search(connection, Query(text=text, **more))

    return make


def found(results):
    return [(hit.id.partition(":")[2], int(hit.tier)) for hit in results.hits]


def ids(results):
    return [name for name, _ in found(results)]


@pytest.fixture
def tiered(find, story):
    """One story for each tier of ``dân quân``; the worse the tier, the newer the story."""
    return find(
        story(id="songmay:phrase", title="Dân quân xã", published_at="2020-01-01T00:00:00+07:00"),
        story(
            id="songmay:words",
            title="Quân với dân một lòng",
            published_at="2021-01-01T00:00:00+07:00",
        ),
        story(
            id="songmay:folded",
            title="Tòa án nhân dân quận",
            published_at="2022-01-01T00:00:00+07:00",
        ),
        story(
            id="songmay:apart",
            title="Dàn hàng quần áo",
            published_at="2023-01-01T00:00:00+07:00",
        ),
    )


ALL_TIERS = [("phrase", 1), ("words", 2), ("folded", 3), ("apart", 4)]


@pytest.mark.parametrize("sort", list(Sort))
def test_better_tiers_come_first_in_both_orders(tiered, sort):
    assert found(tiered("dân quân", sort=sort)) == ALL_TIERS


def test_each_tier_is_counted_and_every_article_once(tiered):
    results = tiered("dân quân")
    assert [count.count for count in results.counts] == [1, 1, 1, 1]
    assert (results.total, results.exact_total, results.folded_total) == (4, 2, 2)


def test_folded_hits_say_so(tiered):
    assert [hit.tier.match for hit in tiered("dân quân").hits] == ["exact"] * 2 + ["folded"] * 2


def test_exact_only_leaves_folded_hits_out(tiered):
    assert found(tiered("dân quân", exact_only=True)) == ALL_TIERS[:2]


def test_query_without_marks_finds_the_very_spelling_first_then_everything_that_folds_to_it(
    find, story
):
    query = find(
        story(id="songmay:plain", title="Biển số DIEN BIEN", published_at=None),
        story(id="songmay:place", title="Điện Biên", published_at="2020-01-01T00:00:00+07:00"),
        story(id="songmay:course", title="Diễn biến", published_at="2021-01-01T00:00:00+07:00"),
    )
    assert found(query("dien bien")) == [("plain", 1), ("course", 3), ("place", 3)]


def test_quoted_marked_phrase_finds_it_first_and_its_look_alikes_marked(find, story):
    query = find(
        story(id="songmay:place", title="Điện Biên", published_at="2020-01-01T00:00:00+07:00"),
        story(id="songmay:course", title="Diễn biến", published_at="2021-01-01T00:00:00+07:00"),
        story(id="songmay:apart", title="Biên chế ngành điện"),
    )
    assert found(query('"Điện Biên"')) == [("place", 1), ("course", 3)]


def test_common_unmarked_syllables_apart_do_not_hide_the_phrase_meant(find, story):
    query = find(
        story(id="songmay:army", title="Quân khu 4", published_at="2010-01-01T00:00:00+07:00"),
        story(id="songmay:office", title="Khu vực cơ quan, tổ 4"),
    )
    assert found(query("quan khu 4")) == [("army", 3), ("office", 4)]


@pytest.mark.parametrize(
    "spelling", ['"hòa bình"', '"hoà bình"', normalize("NFD", '"hoà bình"'), '"HÒA BÌNH"']
)
def test_tone_placement_normal_form_and_case_are_the_same_word(find, story, spelling):
    query = find(
        story(id="songmay:old", title="Vì hoà bình"), story(id="songmay:new", title="Vì hòa bình")
    )
    assert [tier for _, tier in found(query(spelling))] == [1, 1]


def test_d_with_stroke_is_found_by_d(find, story):
    assert ids(find(story(id="songmay:a", title="Đắk Đoa"))("dak doa")) == ["a"]


def test_original_text_is_highlighted_not_the_folded_one(find, story):
    [hit] = find(story(id="songmay:a", title="Lên Điện Biên", body=("Thuỷ lợi ở Điện Biên.",)))(
        "dien bien"
    ).hits
    assert hit.title.__html__() == "Lên <mark>Điện Biên</mark>"
    assert hit.excerpts[0].__html__() == "Thuỷ lợi ở <mark>Điện Biên</mark>."


def test_title_hit_shows_how_the_text_begins(find, story):
    [hit] = find(story(id="songmay:a", title="Dân quân", sapo="Phần mở đầu."))("dân quân").hits
    assert [excerpt.text for excerpt in hit.excerpts] == ["Phần mở đầu."]


def test_hits_in_sapo_and_body_are_both_shown(find, story):
    [hit] = find(story(id="songmay:a", sapo="Dân quân đây.", body=("Và dân quân kia.",)))(
        "dân quân"
    ).hits
    assert [str(excerpt.found) for excerpt in hit.excerpts] == ["True", "True"]


def test_newest_first_within_a_tier_and_undated_last(find, story):
    query = find(
        story(id="songmay:old", title="Dân quân", published_at="2011-05-01T08:00:00+07:00"),
        story(id="songmay:undated", title="Dân quân", published_at=None),
        story(id="songmay:new", title="Dân quân", published_at="2025-05-01T08:00:00+07:00"),
    )
    assert ids(query("dân quân")) == ["new", "old", "undated"]


def test_best_first_ranks_headlines_above_sapo_above_text(find, story):
    long = ("Một hai ba bốn năm sáu bảy tám chín mười.",) * 3
    query = find(
        story(id="songmay:title", title="Dân quân", body=long, published_at=None),
        story(id="songmay:sapo", sapo="Dân quân", body=long, published_at=None),
        story(id="songmay:body", body=("Dân quân", *long)),
    )
    assert ids(query("dân quân", sort=Sort.BEST)) == ["title", "sapo", "body"]


def test_best_first_wants_all_that_was_asked_for_in_the_headline(find, story):
    day = "20{:02d}-01-01T00:00:00+07:00".format
    query = find(
        story(id="songmay:both", title="Dân quân hội thao", published_at=day(11)),
        story(id="songmay:lead", title="Dân quân", sapo="Hội thao.", published_at=day(12)),
        story(id="songmay:text", title="Dân quân", body=("Hội thao.",), published_at=day(13)),
    )
    assert ids(query('"dân quân" "hội thao"', sort=Sort.BEST)) == ["both", "lead", "text"]


def test_best_first_puts_what_is_mentioned_more_often_first_in_the_same_place(find, story):
    day = "20{:02d}-01-01T00:00:00+07:00".format
    query = find(
        story(id="songmay:often", body=("Dân quân. Dân quân. Dân quân.",), published_at=day(11)),
        story(id="songmay:twice", body=("Dân quân, dân quân.",), published_at=day(12)),
        story(id="songmay:once", body=("Dân quân.",), published_at=day(13)),
        story(id="songmay:newer", body=("Dân quân.",), published_at=day(14)),
    )
    ranked = ["often", "twice", "newer", "once"]
    assert ids(query("dân quân", sort=Sort.BEST)) == ranked


@pytest.mark.parametrize(
    "text", ["sapo:dân quân", "dân quâ*", 'NEAR("dân" "quân", 3)', "dân OR quân"]
)
def test_every_kind_of_query_can_be_ranked(find, story, text):
    query = find(
        story(id="songmay:a", sapo="Dân quân."), story(id="songmay:b", sapo="Dân quân, dân quân.")
    )
    assert ids(query(text, sort=Sort.BEST)) == ["b", "a"]


def test_hits_beyond_the_ranked_ones_follow_by_date(find, story, monkeypatch):
    monkeypatch.setattr(ranking_module, "RANKED", 2)
    day = "20{:02d}-01-01T00:00:00+07:00".format
    query = find(
        story(id="songmay:a", title="Dân quân dân quân", published_at=day(11)),
        story(id="songmay:b", body=("Dân quân",), published_at=day(12)),
        story(id="songmay:c", title="Dân quân", published_at=day(13)),
        story(id="songmay:d", body=("Dân quân",), published_at=day(14)),
    )
    assert ids(query("dân quân", sort=Sort.BEST)) == ["c", "d", "b", "a"]


def test_pages_run_through_the_tiers_without_gap_or_repeat(find, story):
    stories = [story(id=f"songmay:p{n:02d}", title="Dân quân") for n in range(15)]
    stories += [story(id=f"songmay:w{n:02d}", title="Quân dân") for n in range(15)]
    stories += [story(id=f"songmay:f{n:02d}", title="Dẫn quân") for n in range(15)]
    query = find(*stories)
    for sort in Sort:
        pages = [ids(query("dân quân", page=page, sort=sort)) for page in (1, 2, 3, 4)]
        assert [len(page) for page in pages] == [20, 20, 5, 0]
        listed = [name for page in pages for name in page]
        assert len(set(listed)) == 45
        assert [name[0] for name in listed] == ["p"] * 15 + ["w"] * 15 + ["f"] * 15
    assert query("dân quân").pages == 3


def test_counts_beyond_the_limit_say_that_there_are_more(find, story, monkeypatch):
    monkeypatch.setattr(hits_module, "COUNT_LIMIT", 3)
    results = find(*(story(id=f"songmay:{n}", title="Quân") for n in range(5)))("quân")
    assert (results.total, results.capped) == (3, True)


def test_or_finds_either_and_minus_leaves_out(find, story):
    query = find(
        story(id="songmay:a", title="Dân quân"),
        story(id="songmay:b", title="Tự vệ"),
        story(id="songmay:c", title="Dân quân hội thao"),
    )
    assert set(ids(query('dân quân OR tự vệ -"hội thao"'))) == {"a", "b"}


def test_a_tier_has_its_full_count_whatever_the_better_ones_have_already(find, story, monkeypatch):
    monkeypatch.setattr(hits_module, "COUNT_LIMIT", 3)
    day = "20{:02d}-01-01T00:00:00+07:00".format
    stories = [
        story(id=f"songmay:p{n}", title="Dân quân", published_at=day(20 + n)) for n in range(3)
    ]
    stories += [
        story(id=f"songmay:w{n}", title="Quân dân", published_at=day(10 + n)) for n in range(4)
    ]
    results = find(*stories)("dân quân")
    assert [(count.count, count.capped) for count in results.counts] == [(3, False), (3, True)]
    assert ids(results) == ["p2", "p1", "p0", "w3", "w2", "w1"]


def test_unwanted_word_with_marks_leaves_out_that_spelling_only(find, story):
    query = find(
        story(id="songmay:place", title="Điện Biên"), story(id="songmay:course", title="Diễn biến")
    )
    assert ids(query('dien bien -"diễn biến"')) == ["place"]


def test_prefix_finds_longer_words(find, story):
    assert ids(find(story(id="songmay:a", title="Huấn luyện"))("huấn luy*")) == ["a"]


@pytest.fixture
def filtered(find, story):
    query = find(
        story(id="songmay:a", title="Quân", level=2, published_at="2024-03-31T23:59:59+07:00"),
        story(
            id="culao:b",
            title="Quân",
            site="culao",
            province="Cù Lao",
            level=1,
            published_at="2023-01-01T00:00:00+07:00",
        ),
        story(id="nuingan:c", title="Quân", site="nuingan", province=None, published_at=None),
    )
    return lambda **more: set(ids(query("quân", **more)))


def test_papers_narrow_the_search(filtered):
    assert filtered(papers=("culao", "nuingan")) == {"b", "c"}


def test_province_narrows_the_search(filtered):
    assert filtered(provinces=("Cù Lao",)) == {"b"}


def test_level_narrows_the_search(filtered):
    assert filtered(levels=(1,)) == {"b"}


def test_last_day_is_included_and_undated_articles_pass_no_date_filter(filtered):
    assert filtered(published_to=date(2024, 3, 31)) == {"a", "b"}
    assert filtered(published_from=date(2023, 1, 2)) == {"a"}
    assert filtered(published_to=date.max) == {"a", "b"}


@pytest.mark.parametrize("sort", list(Sort))
def test_filters_work_in_both_orders(filtered, sort):
    assert filtered(papers=("songmay",), sort=sort) == {"a"}


@pytest.mark.parametrize(
    ("more", "parameter"),
    [({"papers": ("nope",)}, "paper"), ({"provinces": ("Hư Vô",)}, "province")],
)
def test_unknown_paper_or_province_is_refused_by_name(filtered, more, parameter):
    with pytest.raises(BadQuery, match=parameter):
        filtered(**more)


def test_interrupted_search_says_what_to_do(build, story):
    path = build(*(story(id=f"songmay:{n}", title="Quân dân") for n in range(200)))
    with closing(sqlite3.connect(path)) as connection:
        connection.set_progress_handler(lambda: 1, 1)
        with pytest.raises(SearchTooSlow, match="Add words"):
            search(connection, Query(text="quân"))


def cut_off(connection, *_):
    connection.set_progress_handler(lambda: 1, 1)
    connection.execute("SELECT count(*) FROM articles a, articles b, articles c").fetchone()


def test_hits_are_shown_also_where_there_is_no_time_for_facets(build, story, monkeypatch):
    monkeypatch.setattr("archive.desk.search.count_facets", cut_off)
    path = build(*(story(id=f"songmay:{n}", title="Quân dân") for n in range(30)))
    with closing(sqlite3.connect(path)) as connection:
        results = search(connection, Query(text="quân"), aids=True)
    assert (len(results.hits), results.total, results.facets) == (20, 30, ())
    assert results.aids_cut


def test_a_page_says_that_facets_were_not_counted(desk, story, monkeypatch):
    browser = desk(story(id="songmay:1", title="Quân dân"))
    monkeypatch.setattr("archive.desk.search.count_facets", cut_off)
    page = browser.get("/-/search?q=quân&lang=en")
    assert page.status_code == 200
    assert "could not be counted in time" in page.text
    assert browser.get("/-/search.json?q=quân").json()["facets_cut"] is True


def test_a_question_that_takes_too_much_is_stopped_and_the_next_one_is_answered(
    open_snapshot, story, monkeypatch
):
    connection = open_snapshot(story(id="songmay:1"))
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    monkeypatch.setattr("archive.desk.asking.LIMIT", 0.01)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        limited(lambda own: own.execute(endless).fetchone(), connection)
    assert connection.execute(
        f"{endless} LIMIT 1".replace("FROM n)", "FROM n LIMIT 9999)")
    ).fetchone()


def test_unreadable_query_is_refused_before_the_database_is_asked():
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(BadQuery):
        search(connection, Query(text="OR"))


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"from": ["2024"]}, (date(2024, 1, 1), None)),
        ({"to": ["2024-02"]}, (None, date(2024, 2, 29))),
        ({"from": ["2024-3-9"], "to": ["2024"]}, (date(2024, 3, 9), date(2024, 12, 31))),
        ({"from": [""], "to": [" "]}, (None, None)),
    ],
)
def test_years_and_months_stand_for_their_first_or_last_day(values, days):
    query = search_module.read_query({"q": ["a"], **values})
    assert (query.published_from, query.published_to) == days


@pytest.mark.parametrize(
    "value", ["19/03/2024", "2024-13", "2024-02-30", "0000", "2024-00", "x" * 500, "２０２４"]
)
@pytest.mark.parametrize("name", ["from", "to"])
def test_unreadable_date_is_refused_naming_its_parameter(name, value):
    with pytest.raises(BadDateRange, match=f"“{name}”"):
        search_module.read_query({name: [value]})


def test_dates_the_wrong_way_round_are_refused():
    with pytest.raises(BadDateRange, match="wrong way round"):
        search_module.read_query({"from": ["2025"], "to": ["2024"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "3"),
        ("exact", "yes"),
        ("expand", "maybe"),
        ("year", "24"),
        ("month", "2024-13"),
        ("sort", "oldest"),
        ("page", "0"),
        ("page", "9999999"),
        ("page", "²"),
        ("province", "x" * 200),
        ("paper", "x" * 200),
    ],
)
def test_bad_parameter_is_refused_by_name(name, value):
    with pytest.raises(BadQuery, match=f"“{name}”"):
        search_module.read_query({name: [value]})


def test_parameter_given_twice_is_refused():
    with pytest.raises(BadQuery, match="“page”"):
        search_module.read_query({"page": ["1", "2"]})


def test_parameters_of_a_search_are_read_as_that_search():
    query = Query(
        text='"dân quân" -x', papers=("a", "b"), provinces_today=("Huế",), years=(2024,),
        months=("2024-03",), sections=("Quốc phòng",), levels=(1, 2), published_from=date(2020, 1, 2),
        published_to=date(2021, 3, 4), exact_only=True, expand=False, sort=Sort.BEST, page=3,
    )  # fmt: skip
    assert search_module.read_query(web_parameters(query)) == query
