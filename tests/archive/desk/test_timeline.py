"""Hits over time, by paper and by province: every number equals a count on the snapshot."""

import csv
import io
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from itertools import pairwise
from urllib.parse import urlencode

import attrs
import pytest
from bs4 import BeautifulSoup

from archive.desk import hit_sets, hits
from archive.desk.chart import BOTTOM, HEIGHT, TOP, draw
from archive.desk.filters import Facet, Query, read_query
from archive.desk.places import count_places
from archive.desk.plan import steps_of
from archive.desk.problems import SearchProblem
from archive.desk.search import search
from archive.desk.series import MOST_MONTHS, Series, Unit, build_timeline
from archive.desk.tallies import Tallies
from archive.desk.timeline import Counts, Totals, count_months, count_pool, count_values
from archive.desk.timeline_asked import Asked, By, Measure, TermProblem, read_asked

FILTERS = [
    "", "paper=songmay", "paper=songmay&paper=nuingan", "province=Núi Ngàn", "province_today=Biển Xanh",
    "year=2024&year=2025", "month=2024-03", "section=Quốc phòng", "level=2", "from=2024-03-10&to=2025-06",
    "to=2024", "paper=culao&level=1&from=2023",
]  # fmt: skip
#: Queries, with the FTS5 expressions that find the same on the exact and on the folded index.
TEXTS = {
    "dân quân": ('"dân quân" OR ("dân" AND "quân")', '"dan quan" OR ("dan" AND "quan")'),
    "dan quan": ('"dan quan"', '"dan quan" OR ("dan" AND "quan")'),
    '"dân quân"': ('"dân quân"', '"dan quan"'),
    '"hòa bình"': ('"hoà bình" OR "hòa bình"', '"hoa binh"'),
    '"Điện Biên" OR "đê"': ('"điện biên" OR "đê"', '"dien bien" OR "de"'),
    "huấn*": ("huấn*", "huan*"),
    "title:dân quân": (
        'title : "dân quân" OR (title : "dân" AND title : "quân")',
        'title : "dan quan" OR (title : "dan" AND title : "quan")',
    ),
    "DQTV": ('"dqtv" OR "dân quân tự vệ"', '"dqtv" OR "dan quan tu ve"'),
    "nothing at all": ('"nothing at all"', '"nothing at all"'),
}


@pytest.fixture(scope="module")
def connection(demo_snapshot):
    with closing(sqlite3.connect(f"file:{demo_snapshot}?mode=ro", uri=True)) as opened:
        yield opened


@pytest.fixture(scope="module")
def by_fts5_alone(demo_snapshot, tmp_path_factory):
    """The same articles in a snapshot of an earlier version, which kept no common phrases."""
    path = tmp_path_factory.mktemp("earlier") / "earlier.db"
    shutil.copy(demo_snapshot, path)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("DROP TABLE common_phrases")
        opened.execute("DROP TABLE common_phrase_articles")
        opened.execute("UPDATE snapshot SET id = 'earlier'")
        opened.commit()
        yield opened


def parameters(text):
    found = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        found.setdefault(name, []).append(value)
    return found


def counted(connection, exact, folded, filters):
    """Hits by month, counted without anything of the desk: exact ones and all of them."""
    where, values = ["1"], []
    columns = {"paper": "site", "level": "level", "section": "section", "province": "province", "province_today": "province_today"}  # fmt: skip
    for name, many in parameters(filters).items():
        marks = ", ".join("?" * len(many))
        if name in columns:
            where.append(f"{columns[name]} IN ({marks})")
        elif name in {"year", "month"}:
            where.append(f"substr(a.published_at, 1, {4 if name == 'year' else 7}) IN ({marks})")
        elif name == "from":
            where.append("a.published_at >= ?")
        elif name == "to":
            where.append("a.published_at < ?")
        after = {"2025-06": "2025-07", "2024": "2025"}
        values += [after[value] if name == "to" else value for value in many]
    tail = f"FROM articles AS a JOIN (SELECT docid, province_today FROM article_facts) USING (docid) WHERE {' AND '.join(where)} AND docid IN"
    ids = "(SELECT rowid FROM articles_{0} WHERE articles_{0} MATCH ?)"
    by = "SELECT substr(a.published_at, 1, 7), count(*)"
    first = connection.execute(f"{by} {tail} {ids.format('exact')} GROUP BY 1", [*values, exact])
    both = f"{ids.format('exact')[:-1]} UNION {ids.format('folded')[1:]}"
    second = connection.execute(f"{by} {tail} {both} GROUP BY 1", [*values, exact, folded])
    return dict(first.fetchall()), dict(second.fetchall())


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("text", TEXTS)
def test_months_equal_a_count_on_the_snapshot(connection, text, filters):
    query = read_query({"q": [text], **parameters(filters)})
    exact, every = counted(connection, *TEXTS[text], filters)
    assert count_months(connection, query) == Counts(exact=exact, every=every)
    only = count_months(connection, attrs.evolve(query, exact_only=True))
    if text != "dan quan":  # asked to be exact, its syllables are looked for one by one too
        assert only == Counts(exact=exact, every=exact)


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize(
    "text", [*TEXTS, "dân quân -quan", "dân quân -quân", 'dan quan -"tự vệ"', "kỹ thuật dân quân", "DQTV xã", "dân quân tự vệ OR kỹ thuật -quan", "title:dân quân tự vệ",
     "NEAR(dân tự) OR dân quân tự vệ", '"dân quân tự vệ" biển', "dân quân tự vệ"]
)  # fmt: skip
def test_a_timeline_counts_what_the_search_finds(connection, text, filters):
    query = read_query({"q": [text], **parameters(filters)})
    counts, found = count_months(connection, query), search(connection, query)
    assert (counts.total, counts.exact_total) == (found.total, found.exact_total)


def test_other_ways_to_write_a_phrase_are_counted_where_its_words_are_not_found(
    open_snapshot, story
):
    opened = open_snapshot(
        story(id="songmay:1", title="DQTV ra quân"),
        story(id="songmay:2", title="Vệ tự quân dân"),
        story(id="songmay:3", title="Dẫn quân tư về"),
        story(id="songmay:4", title="Không có gì"),
    )
    counts = count_months(opened, Query(text="dân quân tự vệ"))
    assert (counts.total, counts.exact_total) == (3, 2)
    counts = count_months(opened, Query(text="dân quân tự vệ", expand=False))
    assert (counts.total, counts.exact_total) == (2, 1)


@pytest.mark.parametrize("facet", [Facet.PAPER, Facet.PROVINCE, Facet.PROVINCE_TODAY])
@pytest.mark.parametrize("text", TEXTS)
def test_papers_and_provinces_equal_counts_narrowed_to_each(connection, text, facet):
    query = Query(text=text)
    by_value = count_values(connection, query, facet)
    assert sum(x.every for x in by_value.values()) == count_months(connection, query).total
    for value, totals in by_value.items():
        own = query.narrowed(facet, value)
        counts, pool = count_months(connection, own), count_pool(connection, own)
        assert totals == Totals(
            exact=counts.exact_total, every=counts.total, articles=sum(pool.values())
        )


@pytest.mark.parametrize(
    "limits", [{"_LOOKED_INTO": 0}, {"_ONE_IN": 1, "_LOOKED_INTO": 10**9}, {"_MOST_PIECES": 1}]
)
@pytest.mark.parametrize(
    "text", ['dân quân "tự vệ" "huấn luyện"', '"dân quân" -"hội thao"', 'title:dân quân "tự vệ"', "huấn* dân quân"]
)  # fmt: skip
def test_hits_are_the_same_however_they_are_looked_for(
    connection, by_fts5_alone, monkeypatch, limits, text
):
    queries = [Query(text=text), Query(text=text, papers=("songmay",), published_from=date(2024, 1, 1))]  # fmt: skip
    usual = [count_months(connection, query) for query in queries]
    monkeypatch.setattr(hit_sets, "_KNOWN", Tallies())
    for name, value in limits.items():
        monkeypatch.setattr(hit_sets, name, value)
    for opened in (connection, by_fts5_alone):
        assert [count_months(opened, query) for query in queries] == usual
    assert usual[0].total > 0


def looked_for(connection, query):
    """How many hits *query* has, and the statements FTS5 was asked in."""
    statements = []
    connection.set_trace_callback(statements.append)
    try:
        found = count_months(connection, query)
    finally:
        connection.set_trace_callback(None)
    return found.total, [sql for sql in statements if "MATCH" in sql]


def test_a_phrase_is_looked_for_once_whatever_stands_beside_it(by_fts5_alone):
    count_months(by_fts5_alone, Query(text='"dân quân" "tự vệ"'))
    found, statements = looked_for(by_fts5_alone, Query(text='"tự vệ" OR "dân quân"', levels=(2,)))
    assert found > 0
    assert statements == []


@pytest.mark.parametrize("most", [3, 10_000])
@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("text", [*TEXTS, "dân quân -quân", '"dân quân tự vệ" biển', "DQTV xã"])
def test_a_search_finds_the_same_by_common_phrases_and_by_fts5(
    connection, by_fts5_alone, text, filters, most
):
    query = read_query({"q": [text], **parameters(filters)})
    by_phrases, by_fts5 = (
        [
            (tier.step.tier, list(tier.docids), tier.capped)
            for tier in hits.gather(opened, query, steps_of(query), limit=most)
        ]
        for opened in (connection, by_fts5_alone)
    )
    assert by_phrases == by_fts5


@pytest.mark.parametrize("text", ['"dân quân tự vệ"', 'xã "dân quân" OR "tự vệ"'])
def test_common_phrases_are_not_looked_for(connection, monkeypatch, text):
    monkeypatch.setattr(hit_sets, "_KNOWN", Tallies())
    found, statements = looked_for(connection, Query(text=text, expand=False))
    assert found > 0
    assert statements == []


def test_of_a_common_phrase_only_rare_ways_to_write_it_are_looked_for(connection, monkeypatch):
    monkeypatch.setattr(hit_sets, "_KNOWN", Tallies())
    found, statements = looked_for(connection, Query(text='"dân quân tự vệ"', exact_only=True))
    assert found > 0
    [asked] = statements
    assert "dqtv" in asked
    assert "quân" not in asked


def test_hits_beyond_one_text_are_all_counted(by_fts5_alone, monkeypatch):
    whole = count_months(by_fts5_alone, Query(text="dân quân", years=(2024,)))
    monkeypatch.setattr(hits, "_AT_ONCE", 3)
    assert count_months(by_fts5_alone, Query(text="dan quan", years=(2024,))).every == whole.every
    assert whole.total > 3


@pytest.mark.parametrize(
    ("filters", "where"),
    [("", "1"), ("paper=songmay", "site = 'songmay'"), ("level=2", "level = 2"), ("to=2024", "published_at < '2025'")],
)  # fmt: skip
def test_the_pool_is_every_article_that_passes_the_filters(connection, filters, where):
    rows = connection.execute(
        f"SELECT substr(published_at, 1, 7), count(*) FROM articles WHERE {where} GROUP BY 1"
    )
    query = read_query({"q": ["x"], **parameters(filters)})
    assert count_pool(connection, query) == dict(rows.fetchall())


# asked for and laid out


def asked(text):
    return read_asked(parameters(text))


def test_a_timeline_needs_nothing_but_a_query():
    assert asked("q=dân quân") == Asked(queries=(Query(text="dân quân"),))


def test_every_query_has_the_filters_of_the_page_and_no_order():
    queries = asked("q=a&q=b&paper=x&exact=1&sort=best&page=3").queries
    assert queries == tuple(Query(text=x, papers=("x",), exact_only=True) for x in "ab")


def test_queries_that_ask_the_same_are_asked_once():
    found = asked("q=dân quân&q=DÂN  QUÂN&q=dân quân&q=dân quân&q=dan quan")
    assert [query.text for query in found.queries] == ["dân quân", "dan quan"]
    assert found.repeated == ("DÂN  QUÂN", "dân quân", "dân quân")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("q=a&q=b&q=c&q=d&q=e&q=f", "too_many_terms"),
        ("q=", "query_empty"),
        ("q=a&by=town", "bad_option"),
        ("q=a&unit=week", "bad_option"),
        ("q=a&measure=x", "bad_option"),
        ("q=a&unit=year&unit=month", "given_twice"),
        ("q=a&q=b&by=paper", "one_term"),
        ("q=a&q=b&by=province", "one_term"),
        ("q=a&by=paper&paper=1&paper=2&paper=3&paper=4&paper=5&paper=6", "too_many_papers"),
        ("q=a&q=d*", "in_term"),
        ("q=d*", "prefix_too_short"),
    ],
)
def test_what_cannot_be_shown_is_refused(text, key):
    with pytest.raises(SearchProblem) as problem:
        asked(text)
    assert problem.value.key == f"problem.{key}"


def test_a_mistake_in_one_of_several_queries_names_it():
    with pytest.raises(TermProblem, match=r"In the query “d\*”: A \* needs"):
        asked("q=a&q=d*")


def test_options_are_read():
    found = asked("q=a&by=paper&unit=month&measure=share")
    assert (found.by, found.unit, found.measure) == (By.PAPER, Unit.MONTH, Measure.SHARE)


def series(pool, found=None, **options):
    found = dict.fromkeys(pool, 1) if found is None else found
    return Series(query=Query(text="x", **options), paper=None, pool=pool, counts=Counts(exact={}, every=found))  # fmt: skip


def test_a_short_span_is_laid_out_by_month_with_every_month_between():
    timeline = build_timeline([series({"2023-11": 4, "2024-02": 2, None: 1})], None)
    assert (timeline.unit, timeline.periods) == (Unit.MONTH, ("2023-11", "2023-12", "2024-01", "2024-02"))  # fmt: skip
    [points] = timeline.points
    assert [(p.hits, p.articles, p.share) for p in points] == [(1, 4, 0.25), (0, 0, None), (0, 0, None), (1, 2, 0.5)]  # fmt: skip


def test_a_long_span_is_laid_out_by_year_unless_months_are_asked_for():
    each = series({"2010-05": 4, "2024-02": 2})
    assert build_timeline([each], None).periods == tuple(map(str, range(2010, 2025)))
    assert len(build_timeline([each], Unit.MONTH).periods) == 14 * 12 - 2


def test_too_many_months_are_laid_out_by_year_and_that_is_known():
    timeline = build_timeline([series({"1950-01": 1, "2024-02": 2})], Unit.MONTH)
    assert (timeline.unit, timeline.too_many_months, len(timeline.periods)) == (Unit.YEAR, True, 75)
    assert MOST_MONTHS < 75 * 12


def test_a_span_of_centuries_is_refused():
    with pytest.raises(SearchProblem, match="from 0203-01 to 2024-02, more than 200 years"):
        build_timeline([series({"0203-01": 1, "2024-02": 2})], None)


def test_a_year_adds_its_months_up():
    [points] = build_timeline(
        [series({"2023-01": 5, "2023-12": 5, "2024-02": 2})], Unit.YEAR
    ).points
    assert [(p.period, p.hits, p.articles) for p in points] == [("2023", 2, 10), ("2024", 1, 2)]


def test_a_point_leads_to_the_search_for_its_articles():
    each = series({"2024-02": 1}, years=(2024, 2025), published_to=date(2025, 1, 5))
    assert each.in_period("2024-02") == Query(text="x", months=("2024-02",), published_to=date(2025, 1, 5))  # fmt: skip
    assert each.in_period("2024") == Query(text="x", years=(2024,), published_to=date(2025, 1, 5))


# drawn


def test_the_highest_bar_reaches_a_round_value_and_gaps_have_none():
    timeline = build_timeline([series({"2024-01": 9, "2024-04": 9}, {"2024-01": 4, "2024-04": 2})], None)  # fmt: skip
    chart = draw(timeline, share=False)
    assert [label.value for label in chart.values] == [0, 1, 2, 3, 4]
    first, last = chart.bars[0]
    assert (first.y, last.y) == (TOP, TOP + HEIGHT / 2)
    assert chart.bottom + BOTTOM == chart.height
    [(x, width)] = chart.gaps
    assert first.left < x
    assert x + width <= last.left
    # a line stops at a gap
    assert [len(run) for run in chart.lines[0]] == [1, 1]


def test_shares_are_drawn_of_their_articles():
    timeline = build_timeline([series({"2024-01": 2, "2024-02": 10})], None)
    chart = draw(timeline, share=True)
    assert chart.values[-1].value == 0.5
    low, high = chart.bars[0][1], chart.bars[0][0]
    assert (high.height, low.height) == (HEIGHT, HEIGHT / 5)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 10, 99, 101, 4321, 999_999])
def test_numbers_of_articles_have_whole_ticks_up_to_the_highest(most):
    chart = draw(build_timeline([series({"2024-01": most}, {"2024-01": most})], None), share=False)
    values = [label.value for label in chart.values]
    assert values[0] == 0
    assert most <= values[-1] < 2 * most + 1
    assert all(value == int(value) for value in values)
    assert len(values) <= 7


def test_one_hit_among_many_is_still_seen():
    pool = {"2024-01": 9000, "2024-02": 9000}
    chart = draw(build_timeline([series(pool, {"2024-01": 9000, "2024-02": 1})], None), share=False)
    assert chart.bars[0][1].height >= 1.5


def test_labels_of_periods_do_not_touch():
    for first, last in (("2024-01", "2024-02"), ("2020-05", "2025-03"), ("1990-01", "2025-12")):
        timeline = build_timeline([series({first: 1, last: 1})], Unit.MONTH)
        places = [label.at for label in draw(timeline, share=False).periods]
        assert places
        assert all(b - a >= 55 for a, b in pairwise(places))


# pages


@pytest.fixture
def stories(story):
    return [
        story(id="songmay:1", title="Dân quân ra quân", published_at="2023-11-30T23:30:00+07:00"),
        story(id="songmay:2", title="Dẫn quân sang bờ", published_at="2024-01-01T00:10:00+07:00"),
        story(id="songmay:3", title="Dân quân gặt lúa", published_at="2024-02-02T00:10:00+07:00"),
        story(id="songmay:4", title="Tin khác", published_at="2024-02-03T00:10:00+07:00"),
        story(id="songmay:5", title="Dân quân không ngày", published_at=None),
        story(id="nuingan:1", site="nuingan", province=None, title="Dân quân núi", published_at="2024-02-01T08:00:00+07:00"),
    ]  # fmt: skip


def get(reader, path="/-/timeline", **given):
    return reader.get(f"{path}?{urlencode(given, doseq=True)}")


def page(reader, **given):
    response = get(reader, **{"lang": "en", **given})
    assert response.status_code == 200
    return BeautifulSoup(response.text, "lxml")


def texts(row):
    return [" ".join(cell.get_text().split()) for cell in row.select("th, td")]


def test_the_page_shows_totals_by_kind_of_match_and_undated_hits(desk, stories):
    shown = page(desk(*stories), q="dân quân")
    assert texts(shown.select_one("#totals").find_parent("table").select_one("tbody tr")) == [
        "dân quân", "5", "4", "1", "1", "83.3%",
    ]  # fmt: skip


def test_the_table_has_the_gaps(desk, stories):
    shown = page(desk(*stories), q="dân quân")
    rows = shown.select_one("#numbers").find_parent("table").select("tbody tr")
    assert [texts(row) for row in rows] == [
        ["11/2023", "1", "1", "100.0%"], ["12/2023", "no article held"], ["01/2024", "1", "1", "100.0%"],
        ["02/2024", "2", "3", "66.7%"],
    ]  # fmt: skip


def test_exact_counts_only_what_is_spelt_so(desk, stories):
    found = get(desk(*stories), "/-/timeline.json", q="dân quân", exact="1").json()
    assert [p["hits"] for p in found["series"][0]["points"]] == [1, 0, 0, 2]


@pytest.mark.parametrize("unit", ["month", "year"])
def test_bars_lead_to_the_search_that_finds_as_many(demo, unit):
    shown = page(demo, q="huấn luyện", unit=unit, paper=["songmay", "culao"])
    links = shown.select("svg.links a")
    assert len(links) > 1
    for link in links:
        hits = int(re.search(r": (\d+) of", link.title.get_text())[1])
        address = link["href"].replace("/-/search?", "/-/search.json?")
        assert demo.get(address).json()["total"] == hits
    in_table = [a["href"] for a in shown.select("details.figures td a")]
    assert in_table == [link["href"] for link in links]


def test_the_drawing_names_itself_and_its_links_are_in_the_table_for_those_who_cannot_see_it(demo):
    shown = page(demo, q=["huấn luyện", "dân quân"])
    drawing = shown.select_one("svg[role=img]")
    assert drawing.find("title").get_text()
    assert drawing.find("desc").get_text()
    assert not drawing.select("a")
    assert shown.select_one("svg.links")["aria-hidden"] == "true"
    assert shown.select("[style]") == []


def test_several_queries_have_lines_signs_and_a_legend_of_their_own(demo):
    shown = page(demo, q=["dân quân", "huấn luyện", "tự vệ", "diễn tập", "biển"])
    legend = shown.select("td.sampled .line")
    assert [x["class"][1] for x in legend] == [f"series-{n}" for n in range(1, 6)]
    assert {x["class"][1] for x in shown.select("svg[role=img] .line")} == {f"series-{n}" for n in range(1, 6)}  # fmt: skip
    assert len({str(x) for x in shown.select("td.sampled .sign")}) == 5


def test_papers_are_compared_each_with_its_own_articles(desk, stories):
    found = get(desk(*stories), "/-/timeline.json", q="dân quân", by="paper").json()
    assert [(x["paper"], x["total"], x["articles"], x["undated"]) for x in found["series"]] == [
        ("songmay", 4, 5, 1), ("nuingan", 1, 1, 0),
    ]  # fmt: skip
    assert [p["share"] for p in found["series"][0]["points"]] == [1.0, None, 1.0, 0.5]


def test_the_papers_compared_are_those_chosen_in_their_order(demo):
    given = {"q": "dân quân", "by": "paper", "paper": ["culao", "songmay"]}
    found = get(demo, "/-/timeline.json", **given).json()
    assert [x["paper"] for x in found["series"]] == ["culao", "songmay"]
    assert "Báo Cù Lao" in page(demo, **given).select_one("#totals").find_parent("table").get_text()


def test_provinces_are_sorted_by_share_and_the_unknown_comes_last(desk, stories):
    found = get(desk(*stories), "/-/timeline.json", q="dân quân", by="province").json()
    assert [(x["place"], x["hits"], x["articles"]) for x in found["places"]] == [("Sông Mây", 4, 5), (None, 1, 1)]  # fmt: skip
    shown = page(desk(*stories), q="dân quân", by="province")
    assert [texts(row)[0] for row in shown.select("tbody tr")] == ["Sông Mây", "not known"]


@pytest.mark.parametrize("facet", [Facet.PROVINCE, Facet.PROVINCE_TODAY])
def test_provinces_equal_a_count_on_the_snapshot(connection, facet):
    exact, folded = TEXTS["dan quan"]
    rows = connection.execute(
        f"SELECT f.{facet.value}, count(*), sum(docid IN (SELECT rowid FROM articles_exact WHERE articles_exact MATCH ?"
        " UNION SELECT rowid FROM articles_folded WHERE articles_folded MATCH ?)) FROM article_facts AS f GROUP BY 1",
        [exact, folded],
    ).fetchall()
    places = count_places(connection, Query(text="dan quan"), facet)
    assert Counter((x.name, x.articles, x.hits) for x in places) == Counter(rows)
    assert [x.share for x in places] == sorted((x.share for x in places), reverse=True)


def test_csv_opens_in_spreadsheets_and_has_gaps_and_undated_hits(desk, stories):
    response = get(desk(*stories), "/-/timeline.csv", q="dân quân")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(r["period"], r["hits"], r["exact"], r["articles"], r["share"]) for r in rows] == [
        ("2023-11", "1", "1", "1", "1.000000"), ("2023-12", "0", "0", "0", ""), ("2024-01", "1", "0", "1", "1.000000"),
        ("2024-02", "2", "2", "3", "0.666667"), ("", "1", "1", "1", "1.000000"),
    ]  # fmt: skip


def test_a_query_is_no_formula_in_a_spreadsheet(demo):
    rows = csv.DictReader(
        io.StringIO(get(demo, "/-/timeline.csv", q="=1+dân").text.lstrip("\ufeff"))
    )
    assert {row["query"] for row in rows} == {"'=1+dân"}


def test_provinces_as_csv(desk, stories):
    response = get(desk(*stories), "/-/timeline.csv", q="dân quân", by="province")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(r["province"], r["hits"], r["articles"], r["share"]) for r in rows] == [
        ("Sông Mây", "4", "5", "0.800000"), ("", "1", "1", "1.000000"),
    ]  # fmt: skip


def test_nothing_found_is_said(demo):
    for by in ("term", "paper"):
        assert "No article with a known date was found." in page(demo, q="zzzz", by=by).get_text()
    assert get(demo, "/-/timeline.json", q="zzzz").json()["series"][0]["total"] == 0
    found = get(demo, "/-/timeline.json", q="zzzz", by="province").json()["places"]
    assert found
    assert {x["hits"] for x in found} == {0}


def test_an_empty_snapshot_is_no_error(desk):
    reader = desk()
    for by in ("term", "paper", "province", "province_today"):
        assert "No article with a known date was found." in page(reader, q="dân", by=by).get_text()
        for form in ("json", "csv"):
            assert get(reader, f"/-/timeline.{form}", q="dân", by=by).status_code == 200


def test_one_article_and_a_term_in_every_article(desk, story):
    found = get(
        desk(story(id="songmay:1", title="Dân quân")), "/-/timeline.json", q="dân quân"
    ).json()
    [points] = [x["points"] for x in found["series"]]
    assert [(p["hits"], p["articles"], p["share"]) for p in points] == [(1, 1, 1.0)]


def test_only_undated_hits_are_told_and_not_drawn(desk, story):
    shown = page(desk(story(id="songmay:1", title="Dân quân", published_at=None)), q="dân quân")
    assert shown.select("svg.links") == []
    assert texts(shown.select_one("tbody tr"))[4] == "1"


def test_five_identical_queries_are_one_and_the_page_says_so(demo):
    shown = page(demo, q=["dân quân"] * 5)
    assert "ask the same as one before" in shown.select_one(".notice").get_text()
    assert len(shown.select_one("#totals").find_parent("table").select("tbody tr")) == 1


@pytest.mark.parametrize(
    ("given", "vi", "en"),
    [
        ({"q": list("abcdef")}, "nhiều nhất 5 câu tìm", "At most 5 queries"),
        ({"q": "a", "from": "2024-02-31"}, "không đọc được", "cannot be read"),
        ({"q": "a", "from": "2025", "to": "2024"}, "bị ngược", "wrong way round"),
        ({"q": "a", "month": "2024-13"}, "phải viết như 2024-03", "must look like 2024-03"),
        ({"q": ["a", "d*"]}, "Trong câu tìm “d*”", "In the query “d*”"),
        ({"q": "a", "paper": "nobody"}, "Không có báo", "no paper “nobody”"),
        ({"q": "a", "paper": "nobody", "by": "province"}, "Không có báo", "no paper “nobody”"),
        ({"q": "a", "by": "town"}, "phải là một trong", "must be one of"),
    ],
)
def test_bad_input_is_told_in_both_languages(demo, given, vi, en):
    for language, expected in (("vi", vi), ("en", en)):
        response = get(demo, **given, lang=language)
        assert response.status_code == 400
        shown = BeautifulSoup(response.text, "lxml")
        assert expected in shown.select_one("[role=alert]").get_text()
        assert shown.select_one("input[name=q]")["value"] == given["q"][0]
        for form in ("json", "csv"):
            answer = get(demo, f"/-/timeline.{form}", **given, lang=language)
            assert answer.status_code == 400
            assert expected in answer.json()["error"]


def test_a_date_that_lies_centuries_off_is_told(desk, story):
    reader = desk(
        story(id="songmay:1", title="Dân quân", published_at="0203-01-01T08:00:00+07:00"),
        story(id="songmay:2", title="Dân quân"),
    )
    assert "some date is wrong" in get(reader, q="dân quân", lang="en").text
    assert get(reader, q="dân quân", **{"from": "2000"}).status_code == 200


def test_without_a_query_there_is_a_form(demo):
    shown = page(demo)
    assert len(shown.select("form.terms input[name=q]")) == 1
    assert get(demo, "/-/timeline.json").status_code == 400


def test_the_form_keeps_the_filters_and_offers_one_more_query(demo):
    shown = page(demo, q=["dân quân", "biển"], paper="songmay", unit="year")
    assert [x["value"] for x in shown.select("form.terms input[name=q]")] == [
        "dân quân",
        "biển",
        "",
    ]
    kept = {x["name"]: x["value"] for x in shown.select("form.terms input[type=hidden]")}
    assert kept == {"paper": "songmay", "unit": "year", "lang": "en"}


def test_search_results_lead_to_the_timeline_of_the_same_query(demo):
    shown = BeautifulSoup(demo.get("/-/search?q=dân quân&paper=songmay&exact=1&sort=best&lang=en").text, "lxml")  # fmt: skip
    [link] = [a for a in shown.select(".summary a") if "/-/timeline" in a["href"]]
    assert link["href"] == "/-/timeline?q=d%C3%A2n+qu%C3%A2n&paper=songmay&exact=1&lang=en"


@pytest.fixture
def full(monkeypatch):
    """No costly search is let in, and nobody is made to wait for being sent away."""
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    monkeypatch.setattr("archive.desk.queue.PAUSE", 0)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("form", ["", ".json", ".csv"])
@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"q": ["dân quân", "biển"]}, 503),
        ({"q": "quân*"}, 503),
        ({"q": "quân*", "sort": "sideways", "page": "no"}, 503),
        ({"q": ["dân quân", ""]}, 200),
        ({"q": "dân quân", "by": "paper"}, 200),
        ({"paper": "songmay"}, 200),
    ],
)
def test_several_queries_and_costly_ones_wait_for_their_turn(demo, form, values, status):
    assert get(demo, f"/-/timeline{form}", **values).status_code == status


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("form", [".json", ".csv"])
def test_data_is_refused_as_json(demo, form):
    assert get(demo, f"/-/timeline{form}", q="quân*").json()["status"] == 503


# Filters without words


@pytest.mark.parametrize("filters", [x for x in FILTERS if x])
def test_filters_without_words_count_all_that_pass_them(connection, filters):
    query = read_query(parameters(filters))
    counts = count_months(connection, query)
    assert counts.every == counts.exact == count_pool(connection, query)
    assert counts.total == search(connection, query).total


def test_a_list_is_shown_over_time_without_words_about_diacritics(demo):
    shown = page(demo, paper="songmay")
    assert "All articles" in shown.select_one("h1 + p").text
    assert "diacritics" not in shown.select_one("main").text
    totals = shown.select_one("table").select("td.amount")
    listed = demo.get("/-/search.json?paper=songmay").json()
    assert int(totals[0].text) == listed["total"]
    assert totals[-1].text == "100.0%"


def test_lists_are_compared_by_paper_and_province(demo):
    papers = get(demo, "/-/timeline.json", year="2024", by="paper").json()["series"]
    assert len(papers) > 1
    assert {series["share"] for series in papers} == {1}
    places = get(demo, "/-/timeline.json", year="2024", by="province").json()["places"]
    assert all(place["hits"] == place["articles"] for place in places)


def test_a_list_of_articles_leads_to_itself_over_time(demo):
    shown = BeautifulSoup(demo.get("/-/search?paper=songmay&lang=en").text, "lxml")
    [link] = [a for a in shown.select(".summary a") if "/-/timeline" in a["href"]]
    assert demo.get(link["href"]).status_code == 200
