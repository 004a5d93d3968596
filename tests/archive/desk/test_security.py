"""What the public must not be able to do, and the headers of every answer."""

import re
from importlib.resources import files
from time import process_time

import pytest
from datasette.app import Datasette

from archive.desk.changeover import close_app
from archive.desk.security import POLICY
from archive.desk.serve import DATABASE

COLUMNS = (
    "site",
    "section",
    "province",
    "level",
    "body",
    "title",
    "published_at",
    "tags",
    "url",
    "byline",
)


@pytest.fixture(scope="session")
def database():
    return f"/{DATABASE}"


OURS = ["/", "/-/search?q=a", "/-/search.json?q=a", "/-/article/x:1", "/nope", "/-/desk/desk.css"]


@pytest.mark.parametrize("path", OURS)
def test_own_answers_allow_nothing_but_the_own_style_sheet(demo, path):
    headers = demo.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert "script" not in POLICY


@pytest.mark.parametrize("path", [*OURS, "DATABASE", "DATABASE/articles", "/-/metadata.json"])
def test_every_answer_carries_the_safe_headers(demo, database, path):
    headers = demo.get(path.replace("DATABASE", database)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["DATABASE", "DATABASE/articles", "DATABASE/articles/1", "/-/plugins", "/-/auth-token"]
)
def test_pages_of_datasette_need_no_inline_script_or_style_and_allow_no_script(
    demo, database, path
):
    response = demo.get(path.replace("DATABASE", database))
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in next(
        part for part in policy.split(";") if "script-src" in part or "default-src 'none'" in part
    )
    for forbidden in ("<script", "<style", " style=", " onload="):
        assert forbidden not in response.text


@pytest.mark.parametrize(
    "path", ["/-/patterns", "/-/allow-debug", "/-/messages", "/-/threads", "/-/threads.json"]
)
def test_datasettes_pages_for_its_makers_are_closed(demo, path):
    assert demo.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/\\example.com/", "/%5Cexample.com/", "/%5cexample.com/", "/a\\b"]
)
def test_backslash_in_a_path_is_refused_not_redirected(demo, path):
    response = demo.get(path)
    assert response.status_code == 400
    assert "location" not in response.headers


def test_backslash_in_a_query_is_only_text(demo):
    assert demo.get("/-/search?q=a%5Cb").status_code == 200


@pytest.mark.parametrize(
    "sql",
    [
        "select hex(zeroblob(400000000))",
        "with recursive t(x) as (select 1 union all select x+1 from t) select max(x) from t",
        "attach 'x.db' as other",
        "select load_extension('x')",
        "select * from articles limit 20 offset 9000000000000",
    ],
)
def test_readers_cannot_run_sql(demo, database, sql):
    started = process_time()
    response = demo.get(f"{database}.json", params={"sql": sql})
    # ATTACH is refused as no SELECT before anybody asks who may
    assert response.status_code == (400 if sql.startswith("attach") else 403)
    assert process_time() - started < 5


def signed(app):
    """The cookie of a reader who is logged in."""
    return {"ds_actor": app.sign({"a": {"id": "reader"}}, "actor")}


@pytest.fixture(params=["plain", "served"])
def either(request, demo_snapshot, plain, demo):
    """Datasette as anyone starts it, and as ``dqtv serve`` does."""
    return plain(demo_snapshot) if request.param == "plain" else demo.app


def tables(app):
    """Address of the snapshot's database."""
    return "/" + next(name for name in app.databases if not name.startswith("_"))


def test_sql_is_for_readers_who_are_logged_in(either, browse):
    ask = {"sql": "select count(*) as n from articles", "_shape": "array"}
    for path in (f"{tables(either)}.json", f"{tables(either)}.csv", tables(either)):
        assert browse(either).get(path, params=ask).status_code == 403
    assert browse(either).get(f"{tables(either)}/articles?_where=1=1").status_code == 403
    response = browse(either).get(f"{tables(either)}.json", params=ask, cookies=signed(either))
    assert response.status_code == 200
    assert response.json()[0]["n"] > 10


def test_whoever_runs_datasette_may_decide_otherwise(demo_snapshot, browse):
    for allowed, actor, status in ((True, False, 200), (False, True, 403)):
        app = Datasette(files=[str(demo_snapshot)], metadata={"allow_sql": allowed})
        try:
            cookies = signed(app) if actor else {}
            ask = {"sql": "select 1"}
            response = browse(app).get(f"{tables(app)}.json", params=ask, cookies=cookies)
            assert response.status_code == status
        finally:
            close_app(app)


@pytest.mark.parametrize(
    "sql",
    [
        "with recursive t(x) as (select 1 union all select x+1 from t) select max(x) from t",
        "select * from articles a, articles b, articles c, articles d order by a.body || b.body || c.body",
    ],
)
def test_endless_sql_of_a_reader_is_stopped(either, browse, sql):
    started = process_time()
    response = browse(either).get(
        f"{tables(either)}.json", params={"sql": sql}, cookies=signed(either)
    )
    assert response.status_code == 400
    assert process_time() - started < 10


def test_a_flood_of_facets_is_bounded(either, browse):
    few = "&".join(f"_facet={name}" for name in COLUMNS)
    assert browse(either).get(f"{tables(either)}/articles.json?{few}").status_code in {200, 400}
    flood = f"{few}&_facet_array=tags"
    response = browse(either).get(f"{tables(either)}/articles.json?{flood}")
    assert response.status_code == 400
    assert "10" in response.text


def test_no_value_can_grow_past_the_limit_even_where_sql_is_allowed(either, browse):
    sql = "select hex(zeroblob(400000000))"
    response = browse(either).get(
        f"{tables(either)}.json", params={"sql": sql}, cookies=signed(either)
    )
    assert response.status_code == 400
    assert "too big" in response.text


@pytest.mark.parametrize(
    "sql", ["attach 'x.db' as other", "select load_extension('x')", "pragma writable_schema = 1"]
)
def test_nothing_can_be_attached_or_loaded_even_where_sql_is_allowed(either, browse, sql):
    response = browse(either).get(
        f"{tables(either)}.json", params={"sql": sql}, cookies=signed(either)
    )
    assert response.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "_stream=1&_size=max",
        "_next=99999999999999999999",
        "_size=1000000000",
        "_offset=9000000000000",
        "&".join(f"_facet=column{number}" for number in range(100)),
    ],
)
def test_large_answers_and_odd_places_of_table_pages_are_bounded(demo, database, query):
    response = demo.get(f"{database}/articles.csv?{query}")
    assert response.status_code in {200, 400, 403}
    assert len(response.content) < 10_000_000


@pytest.mark.parametrize("query", ["_facet=site", "_where=1=1"])
def test_facets_and_conditions_of_readers_are_refused(demo, database, query):
    assert demo.get(f"{database}/articles.json?{query}").status_code in {400, 403}


def test_search_box_of_the_table_page_finds_d_with_stroke(demo, database):
    form = demo.get(f"{database}/articles.json?_search=dien+bien&_shape=array&_col=title").json()
    assert any("Điện Biên" in row["title"] for row in form)


def test_tables_are_described_and_index_tables_hidden(demo, database):
    tables = {table["name"]: table for table in demo.get(f"{database}.json").json()["tables"]}
    shown = {name for name, table in tables.items() if not table["hidden"]}
    assert shown - {"sqlite_stat1", "sqlite_stat4"} == {
        "snapshot", "articles", "article_addresses",
        "article_facts", "article_versions", "figures", "events", "evidence",
        "captures", "sites", "removed_blocks", "stories", "withdrawals",
        "common_phrases", "common_phrase_articles",
    }  # fmt: skip
    described = demo.get("/-/metadata.json").json()["databases"][database[1:]]["tables"]
    for name in shown - {"sqlite_stat1", "sqlite_stat4"}:
        assert set(described[name]["columns"]) == set(tables[name]["columns"]), name


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("ink", "paper"),
        ("ink", "card"),
        ("ink", "warn"),
        ("ink", "bad"),
        ("soft", "paper"),
        ("soft", "card"),
        ("accent", "paper"),
        ("accent", "card"),
        ("accent-ink", "accent"),
        ("mark-ink", "mark"),
        ("ink", "removed"),
        ("ink", "added"),
    ],
)
def test_colours_contrast_enough_in_light_and_dark(scheme, front, back):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    css = (files("archive.desk") / "static" / "desk.css").read_text("utf-8")
    blocks = re.findall(r":root \{([^}]*)\}", css)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme]))
    light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
