"""The articles of a search as files and feeds, read back by programs of others."""

import asyncio
import csv
import io
import json
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import bibtexparser
import httpx
import pytest
import rispy
from bs4 import BeautifulSoup

from archive.desk import hit_list, sending, take_away
from archive.desk.changeover import Changeover, close_app
from archive.desk.hit_files import FIELDS
from archive.desk.serve import build_app
from archive.publish import publish

CITATIONS = ("ris", "bib", "csl.json")
FILES = ("csv", "jsonl", *CITATIONS)


def samples(story):
    """Ten articles, each with something that breaks careless files."""
    body = ("Dân quân ra quân.",)
    return [
        story(id="songmay:1", title="Dân quân ra quân", authors=("Lê Ân",), body=body),
        story(id="songmay:2", title="Dân quân & tự vệ <50%>", byline="PV-CTV", body=body),
        story(id="songmay:3", title="“Dân quân” nói: \"Sẵn sàng\"", body=body,
              authors=("Nguyễn Văn An", "Trần Thị Bình")),
        story(id="nuingan:4", site="nuingan", title="Dân quân {biển}", body=body, province="Núi Ngàn"),
        story(id="nuingan:5", site="nuingan", title="Dân quân\ndiễn tập", sapo="Dòng một\ndòng hai",
              body=body, province="Núi Ngàn"),
        story(id="songmay:6", title="Dân quân không ngày", body=body, published_at=None),
        story(id="songmay:7", title="=SUM(dân quân)", body=body, section="Quốc phòng - An ninh"),
        story(id="songmay:8", title="Dân quân 100% \\ $5 #1 a_b ~ ^", body=body, tags=("dân quân", "a;b")),
        story(id="songmay:9", title="Dân quân \ue0f0lạ\ue0f1 \U0001f600", body=body, precision="day",
              published_at="2019-01-02T00:00:00+07:00"),
        story(id="songmay:10", title="Dân quân, tự vệ; và", body=body,
              url="https://songmay.example/a,b;c(1).html?x=1&y={2}"),
    ]  # fmt: skip


TITLES = {
    "songmay:1": "Dân quân ra quân",
    "songmay:2": "Dân quân & tự vệ <50%>",
    "songmay:3": "“Dân quân” nói: \"Sẵn sàng\"",
    "nuingan:4": "Dân quân {biển}",
    "nuingan:5": "Dân quân diễn tập",
    "songmay:6": "Dân quân không ngày",
    "songmay:7": "=SUM(dân quân)",
    "songmay:8": "Dân quân 100% \\ $5 #1 a_b ~ ^",
    "songmay:9": "Dân quân \ue0f0lạ\ue0f1 \U0001f600",
    "songmay:10": "Dân quân, tự vệ; và",
}  # fmt: skip
AUTHORS = {
    "songmay:1": ["Lê Ân"], "songmay:2": ["PV-CTV"], "songmay:3": ["Nguyễn Văn An", "Trần Thị Bình"],
}  # fmt: skip
QUERY = f"q={quote('dân quân')}"


@pytest.fixture
def ten(desk, story):
    """The desk over ten articles."""
    return desk(*samples(story))


def one_line(text):
    return " ".join(text.split())


def papers_and_days(articles):
    return {x: ("Báo Núi Ngàn" if x.startswith("nui") else "Báo Sông Mây",
                None if x == "songmay:6" else "2019-01-02" if x == "songmay:9" else "2024-03-19")
            for x in articles}  # fmt: skip


def read_csv(answer):
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_csv_has_every_article_with_title_authors_paper_and_day(ten):
    rows = read_csv(ten.get(f"/-/search/hits.csv?{QUERY}"))
    guarded = {"songmay:7": "'=SUM(dân quân)", "nuingan:5": "Dân quân\ndiễn tập"}
    assert {x["id"]: x["title"] for x in rows} == TITLES | guarded
    assert {x["id"]: x["authors"].split("; ") for x in rows if x["authors"]} == {
        "songmay:1": ["Lê Ân"],
        "songmay:3": AUTHORS["songmay:3"],
    }
    assert {x["id"]: (x["paper"], x["published_at"][:10] or None) for x in rows} == papers_and_days(
        TITLES
    )
    assert [x["place"] for x in rows] == [str(n) for n in range(1, 11)]


def test_csv_tells_missing_from_text_and_ends_lines_as_the_standard_has_it(ten):
    text = ten.get(f"/-/search/hits.csv?{QUERY}").content.decode("utf-8-sig")
    assert text.startswith(",".join(f'"{name}"' for name in FIELDS) + "\r\n")
    [undated] = [line for line in text.split("\r\n") if "songmay:6" in line]
    assert ',"[]"' not in undated
    assert ",,,," in undated


def test_jsonl_has_the_same_fields_with_lists_and_null(ten):
    lines = ten.get(f"/-/search/hits.jsonl?{QUERY}").text.splitlines()
    told = {x["id"]: x for x in map(json.loads, lines)}
    assert {x: one_line(told[x]["title"]) for x in told} == TITLES
    assert all(tuple(x) == FIELDS for x in told.values())
    assert told["songmay:8"]["tags"] == ["dân quân", "a;b"]
    assert told["songmay:6"]["published_at"] is None
    assert told["songmay:1"]["permalink"] == "http://localhost/-/article/songmay:1"


def test_ris_is_read_by_rispy_with_every_article(ten):
    entries = {
        x["accession_number"]: x for x in rispy.loads(ten.get(f"/-/search/hits.ris?{QUERY}").text)
    }
    assert {x: entries[x]["title"] for x in entries} == TITLES
    assert {x: entries[x]["authors"] for x in entries if "authors" in entries[x]} == AUTHORS
    days = {x: e.get("date", "").replace("/", "-") or None for x, e in entries.items()}
    assert {x: (entries[x]["secondary_title"], days[x]) for x in entries} == papers_and_days(TITLES)
    assert entries["songmay:10"]["urls"] == ["https://songmay.example/a,b%3Bc(1).html?x=1&y={2}"]


def test_bibtex_is_read_by_bibtexparser_with_every_article(ten):
    library = bibtexparser.parse_string(ten.get(f"/-/search/hits.bib?{QUERY}").text)
    assert library.failed_blocks == []
    entries = {x.key: {f.key: f.value for f in x.fields} for x in library.entries}
    assert entries.keys() == {x.replace(":", "_") for x in TITLES}
    assert entries["songmay_3"]["author"] == "{Nguyễn Văn An} and {Trần Thị Bình}"
    assert entries["nuingan_4"]["title"] == r"{Dân quân \{biển\}}"
    assert entries["songmay_2"]["title"] == r"{Dân quân \& tự vệ <50\%>}"
    assert entries["nuingan_5"]["title"] == "{Dân quân diễn tập}"
    assert "date" not in entries["songmay_6"]
    assert entries["songmay_10"]["url"] == "https://songmay.example/a,b;c(1).html?x=1&y=%7B2%7D"
    assert {x["journal"] for x in entries.values()} == {"Báo Sông Mây", "Báo Núi Ngàn"}


def test_csl_json_is_one_list_of_every_article(ten):
    items = {x["id"]: x for x in ten.get(f"/-/search/hits.csl.json?{QUERY}").json()}
    assert {x: items[x]["title"] for x in items} == TITLES
    assert {
        x: [a["literal"] for a in items[x]["author"]] for x in items if "author" in items[x]
    } == AUTHORS
    assert items["songmay:9"]["issued"] == {"date-parts": [[2019, 1, 2]]}
    assert "issued" not in items["songmay:6"]


@pytest.mark.parametrize("form", FILES)
def test_a_file_says_how_many_articles_it_has_and_its_snapshot(ten, form):
    answer = ten.get(f"/-/search/hits.{form}?{QUERY}")
    assert answer.status_code == 200
    assert (answer.headers["dqtv-hits"], answer.headers["dqtv-more-hits"]) == ("10", "no")
    name = f"dqtv-hits-{answer.headers['dqtv-snapshot']}.{form}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("form", FILES)
def test_a_file_of_nothing_is_empty_and_valid(ten, form):
    answer = ten.get(f"/-/search/hits.{form}?q=xyzzy")
    assert (answer.status_code, answer.headers["dqtv-hits"]) == (200, "0")
    empty = {
        "csv": lambda: read_csv(answer), "csl.json": answer.json, "ris": lambda: rispy.loads(answer.text),
        "jsonl": answer.text.splitlines, "bib": lambda: bibtexparser.parse_string(answer.text).entries,
    }  # fmt: skip
    assert empty[form]() == []


@pytest.mark.parametrize("form", FILES)
def test_a_file_can_have_one_article_and_filters_without_words(ten, form):
    answer = ten.get(f"/-/search/hits.{form}?paper=songmay&year=2019")
    assert answer.headers["dqtv-hits"] == "1"
    assert "lạ" in answer.text
    assert ten.get(f"/-/search/hits.{form}").headers["dqtv-hits"] == "10"


@pytest.mark.parametrize("sort", ["newest", "best"])
def test_a_file_has_the_order_of_the_pages_and_the_same_articles_in_pieces(ten, monkeypatch, sort):
    monkeypatch.setattr(take_away, "PIECE", 3)
    shown = ten.get(f"/-/search.json?{QUERY}&sort={sort}").json()["results"]
    lines = ten.get(f"/-/search/hits.jsonl?{QUERY}&sort={sort}").text.splitlines()
    told = [(x["id"], x["tier"], x["match"]) for x in map(json.loads, lines)]
    assert told == [(x["id"], x["tier"], x["match"]) for x in shown]
    assert len(ten.get(f"/-/search/hits.csl.json?{QUERY}&sort={sort}").json()) == 10


def test_articles_of_a_list_without_words_are_in_no_group(ten):
    lines = ten.get("/-/search/hits.jsonl?paper=nuingan").text.splitlines()
    assert {(x["id"], x["tier"], x["match"]) for x in map(json.loads, lines)} == {
        ("nuingan:4", 0, None),
        ("nuingan:5", 0, None),
    }


def test_a_list_longer_than_a_file_is_cut_and_says_so(ten, monkeypatch):
    monkeypatch.setattr(hit_list, "MOST", 4)
    for query in (QUERY, ""):
        answer = ten.get(f"/-/search/hits.jsonl?{query}")
        assert len(answer.text.splitlines()) == 4
        assert (answer.headers["dqtv-hits"], answer.headers["dqtv-more-hits"]) == ("4", "yes")


def test_a_page_says_that_its_files_do_not_hold_all_of_it(ten, monkeypatch):
    assert "first 10,000" not in ten.get(f"/-/search?{QUERY}&lang=en").text
    monkeypatch.setattr(take_away, "MOST", 4)
    assert "Files hold the first 4 articles" in ten.get(f"/-/search?{QUERY}&lang=en").text
    assert "Tệp chứa 4 bài đầu" in ten.get(f"/-/search?{QUERY}&lang=vi").text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_page_leads_to_every_file_and_its_feed(ten, language):
    page = BeautifulSoup(
        ten.get(f"/-/search?{QUERY}&paper=songmay&sort=best&lang={language}").text, "lxml"
    )
    links = [link["href"] for link in page.select("[aria-labelledby=taking] a")]
    for form in (*FILES, "atom"):
        [address] = [x for x in links if urlsplit(x).path == f"/-/search/hits.{form}"]
        assert ten.get(address).status_code == 200
        asked = parse_qs(urlsplit(address).query)
        assert (asked["q"], asked["paper"], asked["lang"]) == (
            ["dân quân"],
            ["songmay"],
            [language],
        )
    [feed] = page.select("link[rel=alternate][type='application/atom+xml']")
    assert feed["href"] in links


def test_a_file_is_asked_about_without_being_made(ten, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(take_away, "read_articles", never)
    answer = asyncio.run(ten.app.client.request("HEAD", f"/-/search/hits.csv?{QUERY}"))
    assert (answer.status_code, answer.content, answer.headers["dqtv-hits"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("hits.xlsx?q=a", 404, "There are: csv, jsonl, ris, bib, csl.json, atom"),
        ("hits.csv?q=a&from=gestern", 400, "cannot be read: “gestern”"),
        ("hits.ris?q=a&paper=nobody", 400, "no paper “nobody”"),
        ("hits.atom?q=%22", 400, "no word to look for"),
        ("hits.atom?q=a&after=7", 400, "must be a key"),
        ("hits.csl.json?q=a&to=2024-13", 400, "2024-13"),
        ("hits.jsonl?q=a&level=9", 400, "must be 1 or 2"),
    ],
)
def test_what_cannot_be_answered_says_what_is_wrong(ten, asked, status, said):
    answer = ten.get(f"/-/search/{asked}&lang=en")
    assert answer.status_code == status
    text = answer.text
    if asked.startswith(("hits.jsonl", "hits.csl.json")):
        text = answer.json()["error"]
    assert said in BeautifulSoup(text, "html.parser").get_text()


def test_a_file_that_cannot_be_gone_on_with_is_broken_off_not_ended(ten, monkeypatch):
    """Datasette's error page behind the data would look like a whole file."""
    monkeypatch.setattr(take_away, "PIECE", 3)
    read, pieces = hit_list.read_articles, []

    def fail(connection, docids):
        pieces.append(docids)
        if len(pieces) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return read(connection, docids)

    monkeypatch.setattr(take_away, "read_articles", fail)
    with pytest.raises(sending.BrokenOff):
        ten.get(f"/-/search/hits.csv?{QUERY}")


def test_a_reader_who_takes_nothing_does_not_hold_the_file_open_for_ever(monkeypatch):
    async def take_nothing(message):
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def pieces():
        yield b"a"

    monkeypatch.setattr(sending, "LONGEST", 0.01)
    answer = sending.StreamedAnswer(pieces(), headers={}, content_type="text/plain")
    with pytest.raises(sending.BrokenOff):
        asyncio.run(answer.asgi_send(take_nothing))


def test_a_crowd_of_downloads_waits_or_is_told_to_come_again(ten):
    async def crowd():
        asked = [ten.app.client.get(f"/-/search/hits.csv?{QUERY}") for _ in range(40)]
        async with asyncio.timeout(60):
            return await asyncio.gather(*asked)

    answers = asyncio.run(crowd())
    assert {x.status_code for x in answers} == {200, 503}
    assert all(len(read_csv(x)) == 10 for x in answers if x.status_code == 200)
    assert all("retry-after" in x.headers for x in answers if x.status_code == 503)


def test_a_download_has_one_snapshot_though_another_takes_its_place_in_the_middle(
    build, story, monkeypatch
):
    monkeypatch.setattr(take_away, "PIECE", 2)
    root = build(*samples(story)).parents[1]

    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        got, begun, swapped = [], asyncio.Event(), asyncio.Event()

        async def send(message):
            got.append(message)
            if len(got) == 4:
                begun.set()
                await swapped.wait()

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        path = "/-/search/hits.jsonl"
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
                 "raw_path": path.encode(), "query_string": QUERY.encode(), "root_path": "",
                 "headers": [(b"host", b"desk")], "client": ("127.0.0.1", 1), "server": ("desk", 80)}  # fmt: skip
        download = asyncio.create_task(desk(scope, receive, send))
        async with asyncio.timeout(60):
            await begun.wait()
            with closing(sqlite3.connect(root / "archive.db")) as archive, archive:
                archive.execute("UPDATE sites SET name = 'Báo khác'")
            publish(root)
            assert await desk.look()
            swapped.set()
            await download
        await desk.close()
        return b"".join(x.get("body", b"") for x in got)

    articles = [json.loads(line) for line in asyncio.run(walk()).splitlines()]
    assert len(articles) == 10
    assert {x["paper"] for x in articles} == {"Báo Sông Mây", "Báo Núi Ngàn"}
    assert len({x["snapshot"] for x in articles}) == 1


def harvest(browser, path):
    """Ids of all pages by their ``next`` links, and the answers."""
    answers = []
    while path:
        answers.append(browser.get(path.removeprefix("http://localhost")).json())
        path = answers[-1]["next"]
    return [x["id"] for answer in answers for x in answer["results"]], answers


@pytest.fixture
def many(desk, story):
    """The desk over fifty hits in three groups."""
    texts = ("Dân quân ra quân.", "Quân và dân.", "Dẫn quân sang bờ.")
    return desk(*(
        story(id=f"songmay:{n}", body=(texts[n % 3],), published_at=f"2024-01-{n % 28 + 1:02}T09:00:00+07:00")
        for n in range(50)
    ))  # fmt: skip


@pytest.mark.parametrize("sort", ["newest", "best"])
def test_next_leads_through_all_hits_each_once_in_the_order_of_the_pages(many, sort):
    ids, answers = harvest(many, f"/-/search.json?{QUERY}&sort={sort}")
    pages = [many.get(f"/-/search.json?{QUERY}&sort={sort}&page={n}").json() for n in (1, 2, 3)]
    assert ids == [x["id"] for page in pages for x in page["results"]]
    assert len(set(ids)) == 50
    assert {x["total"] for x in answers} == {50}
    assert [x["page"] for x in answers] == ([1, None, None] if sort == "newest" else [1, 2, 3])


def test_a_key_with_page_or_best_and_what_is_no_key_are_refused(many):
    for asked, said in (
        ("after=1.songmay:1&page=2", "“page” cannot go together"),
        ("after=1.songmay:1&sort=best", "newest only"),
        ("after=songmay:1", "must be a key"),
        ("after=1.a&after=1.b", "only once"),
        (f"after=1.{'x' * 400}", "must be a key"),
    ):
        answer = many.get(f"/-/search.json?{QUERY}&{asked}&lang=en")
        assert answer.status_code == 400
        assert said in answer.json()["error"]


def test_behind_an_article_that_the_snapshot_does_not_have_one_is_told_to_begin_again(many):
    answer = many.get(f"/-/search.json?{QUERY}&after=1.songmay:999&lang=en")
    assert answer.status_code == 410
    told = answer.json()
    assert "songmay:999 is not in this snapshot" in told["error"]
    assert told["continue"] is None
    assert many.get(told["restart"].removeprefix("http://localhost")).json()["ok"] is True


def test_when_the_snapshot_changes_between_pages_next_says_so_and_how_to_go_on(build, story):
    stories = [
        story(id=f"songmay:{n}", body=("Dân quân.",), published_at=f"2024-01-01T{n % 24:02}:{n:02}:00+07:00")
        for n in range(45)
    ]  # fmt: skip
    root = build(*stories).parents[1]

    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        transport = httpx.ASGITransport(app=desk)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            first = (await client.get(f"/-/search.json?{QUERY}")).json()
            publish(root)
            assert await desk.look()
            refused = await client.get(first["next"])
            second = (await client.get(refused.json()["continue"])).json()
            third = (await client.get(second["next"])).json()
        await desk.close()
        return first, refused, second, third

    first, refused, second, third = asyncio.run(walk())
    assert refused.status_code == 410
    assert first["snapshot"]["id"] in refused.json()["error"]
    assert refused.json()["snapshot"] == second["snapshot"] != first["snapshot"]
    ids = [x["id"] for answer in (first, second, third) for x in answer["results"]]
    assert len(ids) == len(set(ids)) == 45


def test_a_key_stays_good_though_every_article_has_another_number(build, story, browse):
    old = [story(id=f"songmay:{n}", body=("Dân quân.",), published_at=f"2024-01-{n:02}T09:00:00+07:00")
           for n in range(1, 26)]  # fmt: skip
    app = build_app(build(*old))
    key = parse_qs(urlsplit(browse(app).get(f"/-/search.json?{QUERY}").json()["next"]).query)[
        "after"
    ]
    close_app(app)
    # undated ones stand before all others
    app = build_app(build(story(id="songmay:99", body=("Dân quân.",), published_at=None), *old))
    try:
        rest = (
            browse(app)
            .get(f"/-/search.json?{urlencode({'q': 'dân quân', 'after': key[0]})}")
            .json()
        )
    finally:
        close_app(app)
    assert [x["id"] for x in rest["results"]][:5] == [f"songmay:{n}" for n in range(5, 0, -1)]
