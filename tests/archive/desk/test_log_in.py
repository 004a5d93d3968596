"""Logging in: generic answers, limits, tokens and cookies; sessions end with their accounts."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from archive import accounts
from archive.accounts import Account, Accounts
from archive.desk import sessions
from archive.desk.attempts import FOR_A_NAME, FOR_A_READER, WINDOW_S, Attempts
from archive.desk.changeover import close_app
from archive.desk.office import Office
from archive.desk.serve import build_app

PASSWORD = "bốn từ chẳng liên quan"
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """What makes guessing dear would make these tests slow."""
    monkeypatch.setitem(accounts._COST, "n", 16)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "office").mkdir()
    Accounts(tmp_path / "office").add(Account.new("lan", PASSWORD, NOW))
    return tmp_path / "office"


@pytest.fixture
def desk_of(demo_snapshot):
    """Makes desks over the demo stories; stopped after the test."""
    apps = []

    def make(**options):
        apps.append(build_app(demo_snapshot, secret="s", **options))
        return apps[-1]

    yield make
    for app in apps:
        close_app(app)


def get(app, path, cookies=None, **options):
    return asyncio.run(app.client.get(path, cookies=cookies, **options))


def post(app, path, form, cookies=None, **options):
    return asyncio.run(app.client.post(path, data=form, cookies=cookies, **options))


def log_in(app, name="lan", password=PASSWORD):
    page = get(app, "/-/log-in")
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.text)[1]
    form = {"name": name, "password": password, "csrftoken": token}
    return post(app, "/-/log-in", form, {"ds_csrftoken": page.cookies["ds_csrftoken"]})


def name_of(app, cookie):
    actor = get(app, "/-/actor.json", {"ds_actor": cookie}).json()["actor"]
    return actor and actor["id"]


def test_the_right_password_leads_to_the_archivists_page(root, desk_of):
    app = desk_of(office=Office(root))
    answer = log_in(app)
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/archivist")
    assert name_of(app, answer.cookies["ds_actor"]) == "lan"


def test_wrong_name_and_wrong_password_are_answered_alike(root, desk_of):
    app = desk_of(office=Office(root))
    answers = [log_in(app, "minh"), log_in(app, password="x")]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert texts[0] == texts[1]
    assert not any("ds_actor" in answer.cookies for answer in answers)


@pytest.mark.parametrize(
    "options",
    [{}, {"cookies": {"ds_csrftoken": "x"}}, {"headers": {"Authorization": "Bearer x"}}],
)
def test_a_form_without_its_token_is_refused(root, desk_of, options):
    form = {"name": "lan", "password": PASSWORD, "csrftoken": "x"}
    answer = post(desk_of(office=Office(root)), "/-/log-in", form, **options)
    assert answer.status_code == 403
    assert "ds_actor" not in answer.cookies


def test_after_too_many_failures_even_the_right_password_waits(root, desk_of):
    app = desk_of(office=Office(root))
    for _ in range(FOR_A_READER):
        assert log_in(app, password="x").status_code == 403
    answer = log_in(app)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
    assert "ds_actor" not in answer.cookies


def test_failures_count_for_the_reader_and_for_the_name_and_are_forgotten():
    now = [0.0]
    attempts = Attempts(clock=lambda: now[0])
    for number in range(FOR_A_NAME):
        assert attempts.wait(f"reader {number}", "lan") == 0
        attempts.failed(f"reader {number}", "lan")
    assert attempts.wait("another", "lan") == WINDOW_S
    assert attempts.wait("another", "minh") == 0
    now[0] = WINDOW_S
    assert attempts.wait("another", "lan") == 0


def test_a_log_in_that_works_is_no_failure():
    attempts = Attempts(clock=lambda: 0.0)
    for _ in range(FOR_A_NAME + 1):
        attempts.failed("reader", "lan")
        attempts.succeeded("reader", "lan")
    assert attempts.wait("reader", "lan") == 0


def test_removing_an_account_or_changing_its_password_ends_its_sessions(root, desk_of):
    app = desk_of(office=Office(root))
    cookie = log_in(app).cookies["ds_actor"]
    Accounts(root).replace(Account.new("lan", PASSWORD, NOW))
    assert name_of(app, cookie) is None
    cookie = log_in(app).cookies["ds_actor"]
    assert name_of(app, cookie) == "lan"
    Accounts(root).remove("lan")
    assert name_of(app, cookie) is None


def test_a_session_ends_after_its_time(root, desk_of, monkeypatch):
    app = desk_of(office=Office(root))
    cookie = log_in(app).cookies["ds_actor"]
    later = sessions.time.time() + sessions.LASTS_S
    monkeypatch.setattr(sessions.time, "time", lambda: later)
    assert name_of(app, cookie) is None


def test_a_session_goes_on_with_the_next_snapshot(root, desk_of):
    office = Office(root)
    cookie = log_in(desk_of(office=office)).cookies["ds_actor"]
    assert name_of(desk_of(office=office), cookie) == "lan"


def test_a_cookie_that_was_changed_is_nobodys(root, desk_of):
    app = desk_of(office=Office(root))
    cookie = log_in(app).cookies["ds_actor"]
    another = "A" if cookie[8] != "A" else "B"
    assert name_of(app, f"{cookie[:8]}{another}{cookie[9:]}") is None


@pytest.mark.parametrize(("base_url", "secure"), [("https://a.example/", True), (None, False)])
def test_cookies_are_for_no_script_and_behind_https_for_https_only(root, desk_of, base_url, secure):
    app = desk_of(office=Office(root), base_url=base_url)
    headers = [*get(app, "/-/log-in").headers.get_list("set-cookie")]
    headers += log_in(app).headers.get_list("set-cookie")
    assert {header.partition("=")[0] for header in headers} == {"ds_csrftoken", "ds_actor"}
    for header in headers:
        parts = [part.strip().lower() for part in header.split(";")]
        assert "httponly" in parts
        assert "samesite=lax" in parts
        assert ("secure" in parts) is secure
        assert parts.count("httponly") == 1


def test_logging_out_by_datasettes_page_clears_the_cookie(root, desk_of):
    app = desk_of(office=Office(root))
    cookies = {"ds_actor": log_in(app).cookies["ds_actor"]}
    page = get(app, "/-/logout", cookies)
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.text)[1]
    cookies["ds_csrftoken"] = page.cookies["ds_csrftoken"]
    answer = post(app, "/-/logout", {"csrftoken": token}, cookies)
    assert any(x.startswith('ds_actor="";') for x in answer.headers.get_list("set-cookie"))


def test_the_page_is_kept_by_nobody_and_speaks_both_languages(root, desk_of):
    app = desk_of(office=Office(root))
    for language, word in (("vi", "Mật khẩu"), ("en", "Password")):
        answer = get(app, f"/-/log-in?lang={language}")
        assert word in answer.text
        assert "no-store" in answer.headers["cache-control"]


def test_a_damaged_file_of_accounts_is_no_crash(root, desk_of):
    app = desk_of(office=Office(root))
    (root / "accounts.json").write_text("{")
    assert log_in(app).status_code == 503


def test_without_an_office_there_is_no_log_in(demo_snapshot, desk_of, plain):
    assert get(desk_of(), "/-/log-in").status_code == 404
    assert get(plain(demo_snapshot), "/-/log-in").status_code == 404


@pytest.mark.parametrize("headers", [{"content-length": "70000"}, {"transfer-encoding": "chunked"}])
def test_a_body_that_is_too_long_or_endless_is_refused_unread(root, desk_of, headers):
    answer = post(desk_of(office=Office(root)), "/-/log-in", {"name": "x"}, headers=headers)
    assert answer.status_code == 413
