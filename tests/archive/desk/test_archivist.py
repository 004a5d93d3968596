"""Status for everybody and the archivists' page: what each may see, and what an order writes."""

import asyncio
import re
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

from archive import accounts
from archive.accounts import Account, Accounts
from archive.desk import private_archive, public_health, sessions
from archive.desk.changeover import close_app
from archive.desk.dates import show_instant_day
from archive.desk.language import say
from archive.desk.office import Office, read_office
from archive.desk.serve import build_app
from archive.errors import ArchiveError, UsageError
from archive.health.alarms import Kind as AlarmKind
from archive.order_wording import TEXT, said, unpacked
from archive.order_work import finish, note_wait, take
from archive.orders import Outcome, find_order
from archive.snapshot import newest_snapshot
from archive.store import Store

PASSWORD = "bốn từ chẳng liên quan"
TOKEN = "token-of-the-metrics"
SECRETS = ("bai-loi-17", "tin-tuc-nb", "tuần sau sửa quy tắc", "rss-quoc-phong-cu")
PAGES = (
    "/-/archivist",
    "/-/archivist/run/20261125T010000Z-nuingan1",
    "/-/archivist/order/1",
    "/-/archivist/stop?site=nuingan",
)


@pytest.fixture(scope="session")
def at_work(tmp_path_factory, shelf):
    """An archive at work with a snapshot and one account; copied by each test."""
    root = tmp_path_factory.mktemp("work") / "archive"
    shelf.build_snapshot(root, [shelf.Story(id="songmay:1", title="Dân quân")])
    shelf.put_to_work(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(accounts._COST, "n", 16)
        Accounts(root).add(Account.new("lan", PASSWORD, datetime.now(UTC)))
    return root


@pytest.fixture
def root(at_work, tmp_path):
    return shutil.copytree(at_work, tmp_path / "archive")


class Visitor:
    """A browser of one reader: keeps the token of forms, and is logged in or not."""

    def __init__(self, app, account=None):
        self.app = app
        self.cookies = {"ds_actor": sessions.signed(app, account)} if account else {}

    def get(self, path, **options):
        return asyncio.run(self.app.client.get(path, cookies=self.cookies, **options))

    def send(self, path, **form):
        page = self.get("/-/log-in" if not self.cookies else "/-/archivist")
        self.cookies.setdefault("ds_csrftoken", page.cookies.get("ds_csrftoken"))
        token = re.search(r'name="csrftoken" value="([^"]+)"', page.text)[1]
        return self.send_without_token(path, csrftoken=token, **form)

    def send_without_token(self, path, **form):
        return asyncio.run(self.app.client.post(path, data=form, cookies=self.cookies))


@pytest.fixture
def open_desk(root):
    """Opens desks over the archive's snapshot; stopped after the test."""
    apps = []

    def make(**options):
        snapshot = newest_snapshot(root).path
        apps.append(
            build_app(
                snapshot, secret="s", **({"office": Office(root, metrics_token=TOKEN)} | options)
            )
        )
        return apps[-1]

    yield make
    for app in apps:
        close_app(app)


@pytest.fixture
def everybody(open_desk):
    return Visitor(open_desk())


@pytest.fixture
def lan(open_desk, root):
    return Visitor(open_desk(), Accounts(root).find("lan"))


def rows(root, query):
    with closing(sqlite3.connect(root / "archive.db")) as db:
        return db.execute(query).fetchall()


def orders(root):
    return rows(root, "SELECT id, kind, site, options, asked_by, note FROM orders ORDER BY id")


# -- everybody --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"), [("vi", "có bất thường"), ("en", "out of the ordinary")]
)
def test_everybody_sees_how_each_paper_does(everybody, language, words):
    answer = everybody.get(f"/-/health?lang={language}")
    assert answer.status_code == 200
    assert answer.text.count(f'<span class="badge">{words}</span>') == 2
    assert "Báo Sông Mây" in answer.text
    assert "/-/coverage?paper=songmay" in answer.text


def test_the_same_as_json(everybody):
    found = everybody.get("/-/health.json").json()
    assert found["open_alarms"] == 2
    papers = {paper.pop("id"): paper for paper in found["papers"]}
    assert papers["songmay"]["state"] == "problem"
    assert papers["nuingan"]["state"] == "quiet"
    assert papers["bienxanh"]["state"] == "ok"
    assert papers["songmay"]["articles"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", papers["songmay"]["last_successful_crawl"])
    assert papers["nuingan"]["last_successful_crawl"] is None
    assert papers["songmay"]["coverage"].endswith("/-/coverage?paper=songmay")
    assert [alarm["kind"] for alarm in papers["songmay"]["alarms"]] == ["list_empty"]
    assert papers["bienxanh"]["alarms"] == []


def test_coverage_says_of_each_paper_what_the_page_of_states_says(everybody):
    health = everybody.get("/-/health.json").json()["papers"]
    coverage = everybody.get("/-/coverage.json").json()["papers"]
    of_health = {
        paper["id"]: {key: paper[key] for key in ("state", "last_successful_crawl", "alarms")}
        for paper in health
    }
    assert {paper["id"]: paper["health"] for paper in coverage} == of_health


@pytest.mark.parametrize(
    ("paper", "language", "words"),
    [
        ("songmay", "en", "a list of articles is empty since TODAY"),
        ("songmay", "vi", "một danh sách bài bị trống từ TODAY"),
        ("nuingan", "en", "not crawled to the end yet"),
        ("nuingan", "vi", "chưa thu thập xong lần nào"),
        ("bienxanh", "en", "as usual"),
        ("bienxanh", "vi", "bình thường"),
    ],
)
def test_coverage_says_in_words_how_a_papers_crawls_do(everybody, root, paper, language, words):
    [[opened]] = rows(root, "SELECT opened_at FROM alarms WHERE site = 'songmay'")
    words = words.replace("TODAY", show_instant_day(language, opened))
    name = rows(root, f"SELECT name FROM sites WHERE id = '{paper}'")[0][0]
    page = BeautifulSoup(everybody.get(f"/-/coverage?lang={language}").text, "lxml")
    [row] = [row for row in page.select("#captures ~ tbody tr") if row.th.text.strip() == name]
    assert " ".join(row.td.text.split()) == words
    alone = BeautifulSoup(everybody.get(f"/-/coverage?paper={paper}&lang={language}").text, "lxml")
    assert " ".join(alone.select("dl.row-of-facts dd")[-1].text.split()) == words


def test_coverage_says_since_when_a_paper_was_not_crawled(everybody, root):
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("UPDATE runs SET finished_at = '2026-03-01T20:00:00Z' WHERE site = 'bienxanh'")
    text = everybody.get("/-/coverage?paper=bienxanh&lang=en").text
    assert "not crawled to the end since 2 March 2026" in text


def test_coverage_says_nothing_of_crawls_where_only_a_snapshot_is_served(open_desk):
    visitor = Visitor(open_desk(office=None))
    assert {paper["health"] for paper in visitor.get("/-/coverage.json").json()["papers"]} == {None}
    for path in ("/-/coverage?lang=en", "/-/coverage?paper=songmay&lang=en"):
        text = visitor.get(path).text
        assert say("en", "health.state") not in text
        assert "/-/health" not in text


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_kind_of_alarm_has_words_for_everybody(kind):
    assert say("vi", f"alarm.{kind}") != say("en", f"alarm.{kind}")


@pytest.mark.parametrize(
    "path",
    [
        "/-/health?lang=vi", "/-/health?lang=en", "/-/health.json", "/-/coverage?lang=vi", "/-/coverage?lang=en",
        "/-/coverage?paper=culao&lang=en", "/-/coverage?paper=songmay&lang=en", "/-/coverage.json",
    ],
)  # fmt: skip
def test_nothing_private_is_in_the_public_page(everybody, root, path):
    text = everybody.get(path).text
    for secret in (
        *SECRETS,
        "minhtri",
        str(root),
        "byline",
        "timeout",
        "20261125T010000Z",
    ):
        assert secret not in text


def test_the_secrets_are_where_archivists_see_them(lan):
    shown = "".join(lan.get(path).text for path in PAGES)
    assert [secret for secret in SECRETS if secret not in shown] == []


def test_a_flood_reads_the_archive_once(everybody, monkeypatch):
    read = []
    monkeypatch.setattr(public_health, "public_summary", lambda *_: read.append(1) or [])

    async def flood():
        await asyncio.gather(*(everybody.app.client.get("/-/health.json") for _ in range(20)))

    asyncio.run(flood())
    assert read == [1]


def test_what_was_read_is_read_anew_after_some_seconds(everybody, root, monkeypatch):
    assert everybody.get("/-/health.json").json()["open_alarms"] == 2
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("UPDATE alarms SET closed_at = '2026-11-25T00:00:00Z'")
    assert everybody.get("/-/health.json").json()["open_alarms"] == 2
    monkeypatch.setattr(public_health, "KEPT_S", 0.0)
    assert everybody.get("/-/health.json").json()["open_alarms"] == 0


@pytest.mark.parametrize("path", [*PAGES, "/-/archivist/orders", "/-/archivist/cancel"])
def test_who_is_not_logged_in_is_led_to_the_log_in(everybody, path):
    answer = everybody.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/log-in")


def test_a_reader_logged_in_otherwise_is_no_archivist(open_desk):
    app = open_desk()
    visitor = Visitor(app)
    visitor.cookies["ds_actor"] = app.sign({"a": {"id": "root"}}, "actor")
    assert visitor.get("/-/actor.json").json() == {"actor": {"id": "root"}}
    assert visitor.get("/-/archivist").status_code == 303


@pytest.mark.parametrize("path", ["/-/health", "/-/health.json", "/-/metrics", *PAGES])
def test_a_datasette_without_an_archive_beside_it_has_none_of_it(root, open_desk, plain, path):
    assert Visitor(open_desk(office=None)).get(path).status_code == 404
    assert Visitor(plain(newest_snapshot(root).path)).get(path).status_code == 404


def test_the_menu_names_the_pages_that_are_there(open_desk, root):
    assert "/-/health" not in Visitor(open_desk(office=None)).get("/").text
    app = open_desk()
    assert "/-/health" in Visitor(app).get("/").text
    assert "/-/archivist" not in Visitor(app).get("/").text
    assert "/-/archivist" in Visitor(app, Accounts(root).find("lan")).get("/").text


def test_the_private_database_is_none_of_datasettes(lan):
    listed = [database["name"] for database in lan.get("/-/databases.json").json()]
    assert listed == ["dqtv"]
    assert lan.get("/archive/orders.json").status_code == 404
    assert lan.get("/dqtv/orders.json").status_code == 404
    assert lan.get("/dqtv.json?sql=attach+database+'archive.db'+as+x").status_code == 400


def test_no_page_tells_where_the_archive_is(everybody, root):
    for path in ("/-/metadata.json", "/-/settings.json", "/-/plugins.json", "/-/health.json"):
        assert str(root) not in everybody.get(path).text


def test_an_office_is_opened_beside_an_archive_only(root, tmp_path):
    assert read_office(root, TOKEN).metrics_token == TOKEN
    assert read_office(tmp_path / "elsewhere", TOKEN) is None


def test_a_short_token_is_refused_with_the_way_to_a_better_one(root):
    with pytest.raises(UsageError, match="openssl rand"):
        read_office(root, "")
    with pytest.raises(UsageError, match="16 or more"):
        read_office(root, "secret")


# -- archivists -------------------------------------------------------------------------------------


def test_the_page_shows_what_goes_on(lan):
    text = lan.get("/-/archivist?lang=en").text
    for words in (
        "Nothing is running", "no orders yet", "No alarm is open", "Nothing is scheduled", "no runs yet"
    ):  # fmt: skip
        assert words not in text
    for words in (
        "backfill 2023..2024, 50 pages at most", "cron 15 2 * * *", "minhtri took note of it", "formerly 98 %"
    ):  # fmt: skip
        assert words in text
    assert "no-store" in lan.get("/-/archivist").headers["cache-control"]


def test_timings_and_logs_are_in_the_readers_language(lan):
    text = lan.get("/-/archivist").text
    assert "6 giờ một lần" in text
    assert "every 6" not in text
    line = lan.get("/-/archivist/run/20261125T010000Z-nuingan1").text
    assert '<td class="brief">bài mới</td>' in line


def test_a_log_is_shown_a_page_at_a_time(lan):
    path = "/-/archivist/run/20261125T010000Z-nuingan1"
    first = lan.get(path).text
    assert "tin-tuc-nb-100." in first
    assert "tin-tuc-nb-101." not in first
    following = re.search(rf'href="({path}\?after=100)"', first)[1]
    second = lan.get(following).text
    assert "tin-tuc-nb-130." in second
    assert "Các dòng tiếp theo" not in second
    assert "tin-tuc-nb-1." in lan.get(f"{path}?after=nonsense").text


@pytest.mark.parametrize(
    "path", ["/-/archivist/run/none", "/-/archivist/order/99", f"/-/archivist/order/{'9' * 18}"]
)
def test_what_does_not_exist_is_a_missing_page(lan, path):
    assert lan.get(path).status_code == 404


def test_the_page_renews_itself_only_for_who_wants_it_and_can_be_stopped(lan):
    assert "refresh" not in lan.get("/-/archivist").headers
    answer = lan.get("/-/archivist?live=1&lang=en")
    assert answer.headers["refresh"] == "15"
    assert '<a href="/-/archivist?lang=en">Stop reloading by itself</a>' in answer.text
    assert '<input type="text"' not in answer.text, "what is typed would be lost"


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ({"kind": "crawl", "site": "songmay", "job": "crawl"}, ("crawl", "songmay", '{"job":"crawl"}')),
        (
            {"kind": "crawl", "site": "songmay", "job": "backfill", "from": "2022", "to": "2023-06", "max_pages": "7", "any_hour": "1"},
            ("crawl", "songmay", '{"any_hour":true,"job":"backfill","max_pages":7,"span":"2022..2023-06"}'),
        ),
        ({"kind": "stop", "site": "nuingan"}, ("stop", "nuingan", "{}")),
        ({"kind": "pause", "site": "songmay", "job": "crawl"}, ("pause", "songmay", '{"job":"crawl"}')),
        ({"kind": "resume", "site": "songmay", "job": "crawl"}, ("resume", "songmay", '{"job":"crawl"}')),
        ({"kind": "check", "site": "culao"}, ("check", "culao", "{}")),
    ],
)  # fmt: skip
def test_a_form_writes_exactly_one_order_with_the_name(lan, root, form, written):
    before = orders(root)
    answer = lan.send("/-/archivist/orders", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/archivist?order=3")
    assert orders(root) == [*before, (3, *written, "lan", None)]
    assert rows(root, "SELECT who, action FROM audit WHERE order_id = 3") == [("lan", "asked")]
    assert "số 3" in lan.get(answer.headers["location"]).text


def test_a_form_without_its_token_writes_nothing(lan, everybody, root):
    before = orders(root)
    form = {"kind": "check", "site": "culao"}
    assert lan.send_without_token("/-/archivist/orders", **form).status_code == 403
    assert lan.send_without_token("/-/archivist/orders", csrftoken="x", **form).status_code == 403
    assert everybody.send_without_token("/-/archivist/orders", **form).status_code == 303
    assert everybody.send("/-/archivist/orders", **form).headers["location"] == "/-/log-in"
    assert lan.get("/-/archivist/orders").status_code == 404
    assert orders(root) == before


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"kind": "crawl", "site": "nowhere"}, "kho không có báo “nowhere”"),
        (
            {"kind": "crawl", "site": "songmay", "job": "backfill"},
            "thu thập bài cũ thì phải ghi ngày đầu",
        ),
        (
            {"kind": "crawl", "site": "songmay", "job": "backfill", "from": "20x"},
            "không hiểu khoảng ngày “20x” đến “”",
        ),
        ({"kind": "crawl", "site": "songmay", "max_pages": "-1"}, "“-1” không phải là số nguyên"),
        ({"kind": "crawl", "site": "songmay", "max_pages": "0"}, "số trang phải từ 1 đến"),
        (
            {"kind": "crawl", "site": "songmay", "note": "x" * 1001},
            "dài quá: tên chỉ được dài đến 100 ký tự",
        ),
        ({"kind": "stop", "site": "songmay"}, "không có lượt thu thập nào của songmay đang chạy"),
        ({"kind": "format", "site": "songmay"}, "không có lựa chọn “format”"),
        ({"kind": "pause", "site": "culao"}, "culao không có việc nào trong lịch"),
        ({}, "không có lựa chọn “”"),
    ],
)
def test_a_form_that_asks_for_the_impossible_writes_nothing_and_says_why(lan, root, form, reason):
    before = orders(root)
    answer = lan.send("/-/archivist/orders", **form)
    assert answer.status_code == 400
    assert reason in answer.text
    assert 'role="alert"' in answer.text
    assert orders(root) == before


def test_a_form_is_answered_in_the_readers_language(lan):
    form = {"kind": "crawl", "site": "songmay", "job": "backfill"}
    assert "a backfill needs its days" in lan.send("/-/archivist/orders?lang=en", **form).text


def test_a_form_that_failed_keeps_what_was_filled_in(lan):
    text = lan.send("/-/archivist/orders", kind="crawl", site="culao", **{"from": "2021-13"}).text
    assert 'name="from" value="2021-13"' in text
    assert '<option value="culao" selected' in text


def test_a_waiting_order_is_taken_back(lan, root):
    assert lan.send("/-/archivist/cancel", order="2").status_code == 303
    [(outcome, message)] = rows(root, "SELECT outcome, message FROM orders WHERE id = 2")
    assert (outcome, unpacked(message)) == ("cancelled", said("taken back", by="lan"))
    assert lan.send("/-/archivist/cancel", order="1").status_code == 400
    unknown = lan.send("/-/archivist/cancel?lang=vi", order="99")
    assert (unknown.status_code, "không có lệnh 99" in unknown.text) == (400, True)


def test_why_an_order_waits_and_how_it_went_are_said_in_the_readers_language(lan, root):
    with Store.open(root) as store:
        note_wait(store, find_order(store.connection, 2), said("held", site="culao", by="process 7 on bao-an"))  # fmt: skip
    listed = lan.get("/-/archivist?lang=vi").text
    assert "tiến trình 7 trên máy bao-an đang thu thập hoặc nhập dữ liệu của culao" in listed
    with Store.open(root) as store:
        take(store, 2, now=time.time())
        ended = said("crawled", reason="hours over", fetched=31, accepted=4)
        finish(store, 2, Outcome.DONE, ended, now=time.time())
    vietnamese = lan.get("/-/archivist/order/2?lang=vi").text
    assert "xong: hết giờ cho phép; tải 31 trang, nhận 4 bài" in vietnamese
    assert "nhận việc" in vietnamese
    assert "tiến trình" in vietnamese
    assert (
        "done: hours over; 31 fetched, 4 accepted" in lan.get("/-/archivist/order/2?lang=en").text
    )


def test_what_older_rows_say_in_words_is_shown_as_it_is(lan, root):
    with closing(sqlite3.connect(root / "archive.db")) as db:
        db.execute("UPDATE orders SET message = 'waits for {nobody}' WHERE id = 2")
        db.commit()
    assert "waits for {nobody}" in lan.get("/-/archivist/order/2?lang=vi").text
    assert unpacked('{"code": "nonsense", "values": {}}').code == TEXT


def test_taking_note_of_an_alarm_is_an_order_with_name_and_trail(lan, root):
    assert lan.send("/-/archivist/acknowledge", alarm="1", note="quy tắc mới").status_code == 303
    [asked] = rows(root, "SELECT kind, site, options, asked_by, note FROM orders ORDER BY id DESC LIMIT 1")  # fmt: skip
    assert asked == ("acknowledge", "culao", '{"alarm":1}', "lan", "quy tắc mới")
    assert rows(root, "SELECT who, action, site FROM audit ORDER BY id DESC LIMIT 1") == [("lan", "asked", "culao")]  # fmt: skip
    # the desk itself touches no alarm
    assert rows(root, "SELECT acknowledged_by FROM alarms WHERE id = 1") == [(None,)]
    assert "ghi nhận cảnh báo 1" in lan.get("/-/archivist?lang=vi").text


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"alarm": "1", "note": "  "}, "hãy ghi điều đã biết về cảnh báo"),
        ({"alarm": "1", "note": "x" * 1001}, "hãy ghi điều đã biết về cảnh báo"),
        ({"alarm": "99", "note": "x"}, "không có cảnh báo 99"),
    ],
)
def test_a_note_that_cannot_be_taken_is_refused_in_the_readers_language(lan, root, form, reason):
    before = orders(root)
    answer = lan.send("/-/archivist/acknowledge?lang=vi", **form)
    assert (answer.status_code, reason in answer.text) == (400, True)
    assert orders(root) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM orders", "UPDATE orders SET asked_by = 'x'", "DROP TABLE orders", "DELETE FROM articles",
        "UPDATE sites SET name = 'x'", "INSERT INTO schedules (site) VALUES ('x')", "UPDATE alarms SET closed_at = 'x'",
        "ATTACH DATABASE ':memory:' AS other", "PRAGMA journal_mode = DELETE", "CREATE TABLE t (x)",
    ],
)  # fmt: skip
def test_the_desk_can_write_nothing_but_orders_whatever_its_code_does(root, statement):
    def write(store):
        store.connection.execute(statement)

    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        asyncio.run(private_archive.write_order(Office(root), write))


def test_a_question_can_write_nothing(root):
    def read(db):
        db.execute("INSERT INTO orders (kind) VALUES ('x')")

    with pytest.raises((sqlite3.OperationalError, ArchiveError), match=r"readonly|read-only"):
        asyncio.run(private_archive.read_archive(Office(root), read))


# -- when the archive cannot be asked ---------------------------------------------------------------


def lose(root):
    (root / "archive.db").unlink()


def spoil(root):
    (root / "archive.db").write_bytes(b"no database at all" * 100)


def make_newer(root):
    with Store.open(root) as store:
        store.connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " SELECT migration_set, 'm999_later', applied_at FROM _sqlite_migrations LIMIT 1"
        )


def make_older(root):
    with Store.open(root) as store:
        store.connection.execute("DROP TABLE audit")
        store.connection.execute(
            "DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)"
        )


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(lose, "not there"), (spoil, "no SQLite database"), (make_newer, "newer version"), (make_older, "older version")],
)  # fmt: skip
def test_an_archive_that_cannot_be_read_is_said_and_the_desk_goes_on(
    lan, everybody, root, harm, reason
):
    before = everybody.get("/-/log-in")
    token = re.search(r'name="csrftoken" value="([^"]+)"', before.text)[1]
    lan.cookies["ds_csrftoken"] = before.cookies["ds_csrftoken"]
    harm(root)
    assert everybody.get("/-/health").status_code == 503
    assert everybody.get("/-/health.json").status_code == 503
    assert str(root) not in everybody.get("/-/health").text
    for path in ("/-/coverage?lang=en", "/-/coverage?paper=songmay&lang=en"):
        answer = everybody.get(path)
        assert (answer.status_code, str(root) in answer.text) == (200, False)
        assert say("en", "health.unreadable") in answer.text
    assert {x["health"] for x in everybody.get("/-/coverage.json").json()["papers"]} == {None}
    answer = lan.get("/-/archivist")
    assert answer.status_code == 503
    assert reason in answer.text
    answer = lan.send_without_token(
        "/-/archivist/orders", kind="check", site="culao", csrftoken=token
    )
    assert answer.status_code == 503
    assert lan.get("/-/metrics").status_code == 503
    assert everybody.get("/-/search?q=dan+quan").status_code == 200


def test_an_archive_that_is_locked_is_said(lan, everybody, root, monkeypatch):
    monkeypatch.setattr(private_archive, "_PATIENCE_S", 0.05)
    with closing(sqlite3.connect(root / "archive.db", isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("UPDATE alarms SET note = 'x'")
        answer = lan.get("/-/archivist?lang=en")
        assert answer.status_code == 503
        assert "another process has been writing" in answer.text
        assert everybody.get("/").status_code == 200


def test_while_a_crawl_writes_reading_goes_on_and_an_order_waits_its_turn(lan, root, monkeypatch):
    monkeypatch.setattr(private_archive, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(root / "archive.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert lan.get("/-/archivist").status_code == 200
        answer = lan.send("/-/archivist/orders", kind="check", site="culao")
        assert answer.status_code == 503
        assert "another process has been writing" in answer.text
        db.execute("ROLLBACK")
    assert lan.send("/-/archivist/orders", kind="check", site="culao").status_code == 303
    assert len(orders(root)) == 3


# -- metrics ----------------------------------------------------------------------------------------


def test_metrics_are_for_archivists_and_for_the_token(lan, everybody):
    answer = lan.get("/-/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "dqtv_alarms_open 2\n" in answer.text
    bearer = everybody.get("/-/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert bearer.status_code == 200
    assert "dqtv_alarms_open 2\n" in bearer.text


@pytest.mark.parametrize(
    "header", [None, "Bearer x", "Bearer ", TOKEN, f"Basic {TOKEN}", "Bearer \xff"]
)
def test_metrics_are_for_nobody_else(everybody, open_desk, root, header):
    headers = {"Authorization": header.encode("latin-1")} if header else {}
    answer = everybody.get("/-/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    without = Visitor(open_desk(office=Office(root)))
    assert without.get("/-/metrics", headers=headers).status_code == 401
