"""The concordance: every occurrence of a search's words in its hits, as page, CSV and JSON."""

import csv
import io
import re
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup

from archive.desk import concordance as module
from archive.desk.concordance import concordance, read_asked
from archive.desk.language import say
from archive.desk.problems import SearchTooSlow
from archive.desk.tallies import Tallies

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    """Tests that change a bound ask anew."""
    monkeypatch.setattr(module, "_KNOWN", Tallies())


@pytest.fixture
def find(open_snapshot):
    """Make a snapshot of stories; the function returned asks it for a concordance."""

    def make(*stories):
        connection = open_snapshot(*stories)
        return lambda **values: concordance(
            connection, read_asked({name: [str(value)] for name, value in values.items()})
        )

    return make


def said(found):
    return [
        "".join((x.occurrence.left, x.occurrence.keyword, x.occurrence.right)) for x in found.lines
    ]


def ask(reader, form="", **values):
    return reader.get(f"/-/concordance{form}?{urlencode(values, doseq=True)}")


def page_of(reader, **values):
    return BeautifulSoup(ask(reader, **values).text, "lxml")


# Independent counts: plain Python over the texts


def texts(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT title, sapo, body FROM articles").fetchall()
    return [[part for part in row if part] for row in rows]


def without_marks(text):
    letters = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    return "".join(x for x in letters if not unicodedata.combining(x))


def times(pattern, articles, *, form=str.lower, unless=None):
    return sum(
        len(re.findall(pattern, form(part)))
        for article in articles
        if unless is None or not any(re.search(unless, form(part)) for part in article)
        for part in article
    )


@pytest.mark.parametrize(
    ("query", "pattern", "more"),
    [
        ('"dân quân"', r"\bdân\W+quân\b", {}),
        ("quân", r"\bquân\b", {}),
        ("xã", r"\bxã\b", {}),
        ('"tự vệ" OR "diễn tập"', r"\btự\W+vệ\b|\bdiễn\W+tập\b", {}),
        ("huấn*", r"\bhuấn\w*", {}),
        ('"dân quân" -"diễn tập"', r"\bdân\W+quân\b", {"unless": r"\bdiễn\W+tập\b"}),
    ],
)
def test_the_number_of_occurrences_equals_a_plain_count(demo, demo_snapshot, query, pattern, more):
    answer = ask(demo, ".json", q=query, exact=1, expand=0).json()
    expected = times(pattern, texts(demo_snapshot), **more)
    assert expected > 0
    assert (answer["occurrences"], answer["next_start"]) == (expected, None)


def test_without_marks_it_equals_a_plain_count_without_marks(demo, demo_snapshot):
    answer = ask(demo, ".json", q='"dan quan"').json()
    pattern = r"\bdan\W+quan\b"
    assert answer["occurrences"] == times(pattern, texts(demo_snapshot), form=without_marks)


def test_collocates_equal_a_plain_count(demo, demo_snapshot):
    answer = ask(demo, ".json", q='"dân quân"', exact=1, expand=0, width=5).json()
    told = {x["word"]: (x["left"], x["right"]) for x in answer["collocates"]}
    right = sum(
        re.findall(r"\w+", paragraph[found.end() :].lower())[:5].count("xã")
        for article in texts(demo_snapshot)
        for part in article
        for paragraph in part.split("\n\n")
        for found in re.finditer(r"\bdân\W+quân\b", paragraph, re.IGNORECASE)
    )
    assert told["xã"][1] == right > 0


# What is an occurrence


def test_both_tone_placements_are_found_and_shown_as_printed(find, story):
    found = find(story(id="songmay:1", body=("Giữ hoà bình.", "Vì hòa bình.")))(q="hòa bình")
    assert said(found) == ["Giữ hoà bình.", "Vì hòa bình."]


def test_headline_lead_and_text_are_read(find, story):
    found = find(
        story(id="songmay:1", title="Dân quân xã", sapo="Tin dân quân.", body=("Có dân quân.",))
    )(q="dân quân")
    assert [line.part for line in found.lines] == ["title", "sapo", "body"]


def test_a_part_named_in_the_query_is_the_only_one_read(find, story):
    found = find(story(id="songmay:1", title="Dân quân xã", body=("Có dân quân.",)))(
        q="title:dân quân"
    )
    assert [line.part for line in found.lines] == ["title"]


def test_near_shows_the_words_that_are_near(find, story):
    found = find(story(id="songmay:1", body=("Dân quân diễn tập " + "x " * 30, "Dân quân")))(
        q="NEAR(dân diễn, 5)"
    )
    assert [line.occurrence.keyword for line in found.lines] == ["Dân", "diễn"]


@pytest.fixture
def tiered(story):
    return [
        story(id="songmay:1", title="Dẫn quần", published_at="2025-03-01T00:00:00+07:00"),
        story(id="songmay:2", title="Đội dân quân", published_at="2020-03-01T00:00:00+07:00"),
        story(id="songmay:3", title="An dân quân", published_at="2019-03-01T00:00:00+07:00"),
    ]


def test_exact_lines_come_before_folded_ones_in_any_order(find, tiered):
    search = find(*tiered)
    assert said(search(q="dân quân")) == ["Đội dân quân", "An dân quân", "Dẫn quần"]
    assert said(search(q="dân quân", order="left1")) == ["An dân quân", "Đội dân quân", "Dẫn quần"]
    assert said(search(q="dân quân", exact=1)) == ["Đội dân quân", "An dân quân"]


def test_folded_lines_are_marked_as_such(desk, tiered):
    page = page_of(desk(*tiered), q="dân quân", lang="en")
    assert [row.text.strip() for row in page.select(".folded .keyword")] == ["Dẫn quần"]
    assert len(page.select(".kwic .badge")) == 1
    assert say("en", "search.folded_note") in page.select_one(".folded .tier").text


def test_filters_narrow_the_lines_as_they_do_the_search(find, tiered):
    assert said(find(*tiered)(q="dân quân", year=2019)) == ["An dân quân"]
    assert said(find(*tiered)(q="dân quân", to="2020-06", exact=1)) == [
        "Đội dân quân",
        "An dân quân",
    ]


# How much is read


@pytest.fixture
def many(story):
    return [
        story(id=f"songmay:{n}", title=f"Số {n} dân quân", body=("Có dân quân.",) * 2,
              published_at=f"2020-01-{n:02}T00:00:00+07:00")
        for n in range(1, 8)
    ]  # fmt: skip


def test_every_line_is_reached_once_going_on_from_part_to_part(find, many, monkeypatch):
    search = find(*many)
    whole = said(search(q="dân quân"))
    monkeypatch.setattr(module, "LINES", 7)
    monkeypatch.setattr(module, "_KNOWN", Tallies())
    start, parts = 1, []
    while start is not None:
        found = search(q="dân quân", start=start)
        assert len(found.lines) <= 7
        parts += said(found)
        start = found.next_start
    assert parts == whole
    assert len(whole) == 21


def test_at_most_so_many_articles_are_read_across_tiers(find, tiered, monkeypatch):
    monkeypatch.setattr(module, "ARTICLES", 2)
    search = find(*tiered)
    assert said(search(q="dân quân", start=2)) == ["An dân quân", "Dẫn quần"]
    assert search(q="dân quân").next_start == 3


def test_an_article_with_more_than_all_lines_is_cut_and_says_so(desk, many, monkeypatch):
    monkeypatch.setattr(module, "LINES", 2)
    reader = desk(*many)
    answer = ask(reader, ".json", q="dân quân").json()
    assert (answer["occurrences"], answer["articles"], answer["cut"]) == (2, 1, True)
    assert answer["next_start"] == 2


@pytest.mark.parametrize(("close", "many_at_once"), [(0, 50), (10_000, 50), (10_000, 3)])
def test_texts_are_the_same_however_they_are_looked_up(
    find, many, monkeypatch, close, many_at_once
):
    search = find(*many)
    whole = said(search(q="dân quân"))
    monkeypatch.setattr(module, "_CLOSE", close)
    monkeypatch.setattr(module, "_IN_ONE_PASS", many_at_once)
    monkeypatch.setattr(module, "_KNOWN", Tallies())
    assert said(search(q="dân quân")) == whole


def test_another_order_has_the_same_lines_and_reads_no_text_again(open_snapshot, many):
    connection = open_snapshot(*many)
    asked = [read_asked({"q": ["dân quân"], "order": [order]}) for order in ("date", "left1")]
    by_date = concordance(connection, asked[0])
    statements = []
    connection.set_trace_callback(statements.append)
    by_left = concordance(connection, asked[1])
    assert not [sql for sql in statements if "highlight" in sql]
    assert by_left.asked == asked[1]
    assert by_left.lines != by_date.lines
    assert sorted(by_left.lines, key=repr) == sorted(by_date.lines, key=repr)


def test_the_page_says_how_much_it_covers(desk, many, monkeypatch):
    reader = desk(*many)
    whole = page_of(reader, q="dân quân", lang="en").select_one("p[role=status]").text
    assert whole == "21 occurrences in all articles found (7 articles)."
    monkeypatch.setattr(module, "ARTICLES", 3)
    part = page_of(reader, q="dân quân", start=2, lang="en")
    assert part.select_one("p[role=status]").text.startswith(
        "9 occurrences in articles 2 to 4 of those found (7 articles)"
    )
    onwards = [a["href"] for a in part.select(".pages a")]
    assert ["start=5" in address for address in onwards] == [False, True]


def test_hits_that_are_not_counted_to_the_end_are_not_called_all(desk, many, monkeypatch):
    monkeypatch.setattr("archive.desk.hits.COUNT_LIMIT", 3)
    # a search of its own: the hits of others are remembered
    asked = {"q": '"có dân quân"', "lang": "en"}
    told = page_of(desk(*many), **asked).select_one("p[role=status]").text
    assert told.startswith("6 occurrences in articles 1 to 3 of those found (more than 3 articles)")


def test_a_search_that_runs_out_of_time_is_too_slow(find, many):
    search = find(*many)
    connection = search.__closure__[0].cell_contents
    connection.set_progress_handler(lambda: 1, 1)
    with pytest.raises(SearchTooSlow):
        search(q="dân quân")


# Page, CSV, JSON


def test_lines_are_a_table_with_the_found_word_marked_and_contexts_in_vietnamese(desk, many):
    page = page_of(desk(*many[:1]), q="dân quân", lang="en")
    first = page.select(".kwic tbody tr:not(.tier)")[0]
    assert [cell.text for cell in first.select("td")[:3]] == ["Số 1 ", "dân quân", ""]
    assert first.mark.text == "dân quân"
    assert {cell.get("lang") for cell in first.select("td")[:3]} == {"vi"}
    assert [head.text for head in page.select(".kwic thead th")] == [
        "To the left", "Found", "To the right", "Article",
    ]  # fmt: skip


def test_a_line_leads_to_its_article_with_the_search_and_its_place(desk, many):
    reader = desk(*many)
    address = page_of(reader, q="dân quân", lang="en").select(".source a")[-1]["href"]
    path, _, fragment = address.partition("#")
    assert fragment == f":~:text={quote('Có')}-,{quote('dân quân')},-."
    article = BeautifulSoup(reader.get(path).text, "lxml")
    assert article.select_one("h1").text.strip() == "Số 1 dân quân"
    assert "hit=7" in path
    assert [mark.text for mark in article.select("mark")] == ["dân quân"] * 3


def test_lines_come_in_pages(desk, many, monkeypatch):
    monkeypatch.setattr(module, "PAGE_SIZE", 10)
    reader = desk(*many)
    shown = [
        len(page_of(reader, q="dân quân", page=n).select(".kwic tbody tr:not(.tier)"))
        for n in (1, 2, 3, 4)
    ]
    assert shown == [10, 10, 1, 0]


def test_the_search_page_leads_to_the_concordance_of_the_same_search(demo):
    page = BeautifulSoup(demo.get("/-/search?q=dân quân&year=2024&sort=best&lang=en").text, "lxml")
    address = page.find("a", string=say("en", "concordance.title"))["href"]
    assert demo.get(address).status_code == 200
    assert address.endswith("/-/concordance?q=d%C3%A2n+qu%C3%A2n&year=2024&lang=en")


def test_csv_holds_every_line_and_opens_in_spreadsheets(desk, story, monkeypatch):
    monkeypatch.setattr(module, "PAGE_SIZE", 1)
    reader = desk(
        story(id="songmay:1", title="=1+2 dân quân", body=("Có dân quân.",)),
        story(id="songmay:2", title="Không"),
    )
    response = ask(reader, ".csv", q="dân quân")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(row["left"], row["keyword"], row["title"]) for row in rows] == [
        ("'=1+2", "dân quân", "'=1+2 dân quân"), ("Có", "dân quân", "'=1+2 dân quân"),
    ]  # fmt: skip
    assert "link" not in response.headers


def test_csv_names_the_next_file_where_there_are_more_articles(desk, many, monkeypatch):
    monkeypatch.setattr(module, "ARTICLES", 3)
    reader = desk(*many)
    link = ask(reader, ".csv", q="dân quân").headers["link"]
    following, relation = re.fullmatch(r"<(.+)>; (.+)", link).groups()
    assert relation == 'rel="next"'
    rows = csv.DictReader(io.StringIO(reader.get(following).content.decode("utf-8-sig")))
    assert {row["hit"] for row in rows} == {"4", "5", "6"}


def test_every_field_of_the_json_is_documented(desk, many):
    section = (DOCS / "search.md").read_text("utf-8").partition("### Concordance\n")[2]
    section = section.partition("\n### ")[0]
    answer = ask(desk(*many), ".json", q="dân quân").json()
    named = {*answer, *answer["lines"][0], *answer["collocates"][0]}
    assert [name for name in sorted(named) if f"`{name}`" not in section] == []


def test_every_limit_is_documented_in_both_languages():
    text = (DOCS / "search.md").read_text("utf-8")
    vietnamese, _, english = text.partition("## English")
    for number in (module.ARTICLES, module.LINES, module.MIN_WIDTH, module.MAX_WIDTH):
        assert f"{number:,}" in english
        assert f"{number:,}".replace(",", ".") in vietnamese


# Bad input


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"q": ""}, "problem.query_empty"),
        ({"q": "-dân"}, "problem.only_unwanted"),
        ({"q": "quân " * 2_000}, "problem.query_too_long"),
        ({"q": "d*"}, "problem.prefix_too_short"),
        ({"q": "quân", "from": "2024-02-31"}, "problem.bad_date"),
        ({"q": "quân", "from": "2025", "to": "2024"}, "problem.dates_reversed"),
        ({"q": "quân", "sort": "x"}, "problem.bad_sort"),
        ({"q": "quân", "order": "left4"}, "problem.bad_order"),
        ({"q": "quân", "width": "4"}, "problem.bad_number"),
        ({"q": "quân", "width": "31"}, "problem.bad_number"),
        ({"q": "quân", "width": "²"}, "problem.bad_number"),
        ({"q": "quân", "start": "0"}, "problem.bad_number"),
        ({"q": "quân", "start": "9" * 400}, "problem.bad_number"),
        ({"q": "quân", "order": ["left1", "right1"]}, "problem.given_twice"),
        ({"q": "quân", "paper": "nobody"}, "problem.unknown_paper"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(demo, language, values, key):
    beginning = re.escape(say(language, key, **dict.fromkeys(_NAMES, "\0"))).replace("\0", ".*")
    answer = ask(demo, ".json", lang=language, **values)
    assert answer.status_code == 400
    assert re.fullmatch(beginning, answer.json()["error"], re.DOTALL)
    page = ask(demo, lang=language, **values)
    assert page.status_code == 400
    [told] = BeautifulSoup(page.text, "lxml").select("[role=alert]")
    assert re.fullmatch(beginning, told.text.strip(), re.DOTALL)


_NAMES = ("parameter", "value", "first", "last", "limit", "orders", "word")


@pytest.mark.parametrize("values", [{"q": "zzzz"}, {"q": "dân quân", "year": "1901"}])
def test_no_hit_is_no_mistake(demo, values):
    page = ask(demo, lang="en", **values)
    assert page.status_code == 200
    assert say("en", "search.none") in page.text
    assert ask(demo, ".json", **values).json()["lines"] == []
    assert len(ask(demo, ".csv", **values).content.decode("utf-8-sig").splitlines()) == 1


def test_beyond_the_last_article_or_page_the_way_back_is_shown(demo):
    page = page_of(demo, q="dân quân", start=900, lang="en")
    assert "There is no article 900" in page.select_one("p[role=status]").text
    page = page_of(demo, q="dân quân", page=900, lang="en")
    assert page.find("a", string=say("en", "search.first_page")) is not None


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
def test_a_word_in_every_article_is_answered(desk, many, form):
    assert ask(desk(*many), form, q="dân quân OR tin OR số").status_code == 200


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
@pytest.mark.parametrize(("text", "status"), [("quân*", 503), ("dân quân", 200)])
def test_only_costly_searches_wait_for_their_turn(demo, monkeypatch, form, text, status):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    monkeypatch.setattr("archive.desk.queue.PAUSE", 0)
    assert ask(demo, form, q=text).status_code == status


def test_filters_without_words_have_no_contexts_and_that_is_said(demo):
    listed = BeautifulSoup(demo.get("/-/search?paper=songmay").text, "lxml")
    assert not [a for a in listed.select(".summary a") if "/-/concordance" in a["href"]]
    answer = ask(demo, ".json", q="", paper="songmay", lang="en")
    assert (answer.status_code, answer.json()["error"]) == (400, say("en", "problem.query_empty"))


def test_without_a_query_there_is_the_form(demo):
    page = page_of(demo, lang="en")
    assert page.select_one("form input[name=q]") is not None
    assert len(page.select("select[name=order] option")) == 7


def test_an_empty_snapshot_has_no_lines(desk):
    assert ask(desk(), q="dân quân").status_code == 200
