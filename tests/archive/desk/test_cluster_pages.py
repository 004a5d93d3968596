"""The archivists' page about several machines: who sees it, what it says, and that nothing makes it wait or fail."""

import asyncio
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from cluster_sample import INBOX, PICTURE

from archive import accounts
from archive.accounts import Account, Accounts
from archive.desk import cluster_look, sessions
from archive.desk.changeover import close_app
from archive.desk.cluster_look import Answer, Asked, ClusterLook, Why
from archive.desk.cluster_pages import clock, lasting, size
from archive.desk.office import Office, read_office
from archive.desk.serve import build_app
from archive.errors import ClusterUnreachable, HubUnreachable, UsageError
from archive.health.alarms import Finding, Kind, see
from archive.snapshot import newest_snapshot
from archive.store import Store

PATH = "/-/archivist/cluster"


@pytest.fixture(scope="session")
def archive(tmp_path_factory, shelf):
    root = tmp_path_factory.mktemp("cluster") / "archive"
    shelf.build_snapshot(root, [shelf.Story(id="songmay:1", title="Dân quân")])
    with Store.open(root) as store, store.transaction():
        stale = Finding(site="songmay", kind=Kind.SEGMENT_REFUSED, field="stale", now=2, example_url="s3://dqtv-hub/refused/x")  # fmt: skip
        see(store.connection, [stale], datetime.now(UTC) - timedelta(hours=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(accounts._COST, "n", 16)
        Accounts(root).add(Account.new("lan", "bốn từ chẳng liên quan", datetime.now(UTC)))
    return root


@pytest.fixture
def visit(archive, monkeypatch):
    """Opens the page as an archivist; *database* and *hub* are what is answered or raised when they are asked."""
    apps = []

    def open_page(database=PICTURE, hub=INBOX, *, path=PATH, cluster=True, hub_url="s3://dqtv-hub", logged_in=True):  # fmt: skip
        monkeypatch.setattr(cluster_look, "read_database", lambda _: _give(database))
        monkeypatch.setattr(cluster_look, "read_inbox", lambda _: _give(hub))
        look = ClusterLook("host=db", hub_url) if cluster else None
        app = build_app(
            newest_snapshot(archive).path, secret="s", office=Office(archive, cluster=look)
        )
        apps.append(app)
        cookies = (
            {"ds_actor": sessions.signed(app, Accounts(archive).find("lan"))} if logged_in else {}
        )
        return asyncio.run(app.client.get(path, cookies=cookies))

    yield open_page
    for app in apps:
        close_app(app)


def _give(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer() if callable(answer) else answer


def table(answer, name):
    """Cells of a table's rows, by its caption's id."""
    found = BeautifulSoup(answer.text, "html.parser").find(id=name).find_parent("table")
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        for row in found.tbody.find_all("tr")
    ]


def facts(answer):
    page = BeautifulSoup(answer.text, "html.parser")
    return {
        dt.get_text(): dt.find_next_sibling("dd").get_text()
        for dt in page.select("dl.row-of-facts dt")
    }


def test_only_who_is_logged_in_sees_it(visit):
    answer = visit(logged_in=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/log-in")


def test_nobody_keeps_the_page(visit):
    assert visit().headers["cache-control"] == "private, no-store"


def test_each_lease_is_shown_with_its_holder_token_age_and_end(visit):
    assert table(visit(path=f"{PATH}?lang=en"), "leases") == [
        ["Báo Núi Ngàn", "process 812 on may-2", "41", "21 minutes", "in 51 seconds", "4 seconds ago", "3"],
        ["Báo Sông Mây", "process 4410 on may-1", "1,007", "10 minutes", "2 minutes ago, not renewed", "not known", "0"],
    ]  # fmt: skip
    assert "1 other paper is free." in visit(path=f"{PATH}?lang=en").text


def test_jobs_are_counted_by_state_and_shown_by_paper(visit):
    answer = visit(path=f"{PATH}?lang=en")
    assert {"waiting": "2", "running": "2", "done": "1,412", "failed": "1"}.items() <= facts(
        answer
    ).items()
    assert "Parcels of stored pages that are read again" in answer.text
    assert table(answer, "jobs")[2] == ["Báo Cù Lao", "0", "1", "1", "2 hours ago", "3"]


def test_workers_are_shown_with_their_last_sign_of_life_and_clock(visit):
    rows = table(visit(path=f"{PATH}?lang=en"), "workers")
    assert [row[1:4] for row in rows] == [
        ["no sign of life", "5 minutes ago", "right"],
        ["working", "3 seconds ago", "10 minutes ahead"],
        ["finishing", "8 seconds ago", "12 seconds behind"],
    ]


def test_the_inbox_tells_what_waits_for_how_long_and_what_was_refused_and_why(visit):
    answer = visit(path=f"{PATH}?lang=en")
    told = facts(answer)
    assert (told["Segments waiting"], told["Size"], told["The oldest has waited"]) == (
        "3",
        "37 MB",
        "90 minutes",
    )
    assert table(answer, "refused") == [
        ["Báo Sông Mây", "songmay/1006/2", "9 minutes ago", "its token is older than 1007"],
        ["Báo Cù Lao", "culao/12/1", "25 hours ago", "not known"],
    ]
    assert "2 segments of workers on other machines were not taken" in answer.text


def test_what_workers_complain_about_is_shown(visit):
    text = visit(path=f"{PATH}?lang=vi").text
    assert "không chuyển được kết quả; máy đang giữ lại" in text
    assert "timed out" in text


@pytest.mark.parametrize(
    ("language", "words"), [("vi", "do một máy thu thập"), ("en", "crawled by one machine")]
)
def test_an_archive_of_one_machine_says_so_and_where_more_is_written(visit, language, words):
    answer = visit(cluster=False, path=f"{PATH}?lang={language}")
    assert answer.status_code == 200
    assert words in answer.text
    assert "docs/cluster.md" in answer.text


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ClusterUnreachable("the PostgreSQL database x does not answer"), "does not answer as it should"),
        (UsageError("DQTV_CLUSTER_DATABASE cannot be read"), "cannot be asked from here"),
        (ModuleNotFoundError("no psycopg", name="psycopg"), "pip install"),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_asked_is_told_and_the_inbox_is_shown(visit, problem, words):
    answer = visit(database=problem, path=f"{PATH}?lang=en")
    assert answer.status_code == 200
    assert words in answer.text
    assert facts(answer)["Segments waiting"] == "3"


def test_a_hub_that_is_away_is_told_and_the_rest_is_shown(visit):
    answer = visit(
        hub=HubUnreachable("cannot list s3://dqtv-hub/inbox: timed out"), path=f"{PATH}?lang=en"
    )
    assert answer.status_code == 200
    assert "cannot be reached" in answer.text
    assert len(table(answer, "leases")) == 2


def test_a_hub_that_is_not_set_is_told(visit):
    assert "DQTV_CLUSTER_HUB" in visit(hub_url=None, path=f"{PATH}?lang=en").text


def test_nobody_waits_long_for_a_place_that_does_not_answer(visit, monkeypatch):
    monkeypatch.setattr(
        cluster_look.Asked.__init__, "__kwdefaults__", {"patience_s": 0.1, "kept_s": 5.0}
    )
    ending = threading.Event()
    try:
        answer = visit(database=ending.wait, hub=ending.wait, path=f"{PATH}?lang=en")
    finally:
        ending.set()
    assert answer.status_code == 200
    assert answer.text.count("has not answered yet") == 2


def test_a_slow_place_is_asked_once_and_its_answer_is_there_for_the_next_reader():
    asked, ending = [], threading.Event()

    def ask():
        asked.append(1)
        ending.wait(60)
        return "at last"

    async def read():
        slow = Asked(ask, patience_s=0.05)
        told = [await slow.answer(), await slow.answer()]
        ending.set()
        give_up = time.monotonic() + 60
        while (answer := await slow.answer()).why is Why.SLOW and time.monotonic() < give_up:
            pass
        return [*told, answer, await slow.answer()]

    slow, slow_again, answer, kept = asyncio.run(read())
    assert slow == slow_again == Answer(why=Why.SLOW)
    assert answer == kept == Answer(value="at last")
    assert len(asked) == 1


def test_an_answer_is_kept_for_some_seconds_only():
    numbers = iter(range(9))

    async def read(kept_s):
        asked = Asked(lambda: next(numbers), kept_s=kept_s)
        return [(await asked.answer()).value for _ in range(3)]

    assert asyncio.run(read(60)) == [0, 0, 0]
    assert asyncio.run(read(0)) == [1, 2, 3]


def test_what_cannot_be_foreseen_is_raised_and_the_next_reader_asks_anew():
    answers = iter([ZeroDivisionError, "well"])

    def ask():
        if (answer := next(answers)) is ZeroDivisionError:
            raise answer
        return answer

    async def read():
        asked = Asked(ask)
        with pytest.raises(ZeroDivisionError):
            await asked.answer()
        return await asked.answer()

    assert asyncio.run(read()).value == "well"


def test_the_cluster_is_the_one_that_the_environment_names(archive, monkeypatch):
    monkeypatch.delenv("DQTV_CLUSTER_DATABASE", raising=False)
    assert read_office(archive, None).cluster is None
    monkeypatch.setenv("DQTV_CLUSTER_DATABASE", "host=db")
    assert read_office(archive, None).cluster is not None


def test_the_desk_of_a_single_machine_loads_nothing_of_a_cluster(archive, tmp_path):
    shutil.copytree(archive, root := tmp_path / "archive")
    program = (
        "import sys, pathlib; from archive.desk.office import read_office; import archive.desk;"
        " read_office(pathlib.Path(sys.argv[1]), None);"
        " print(sorted({'psycopg', 'procrastinate', 'fsspec', 's3fs', 'archive.cluster.leases', 'archive.cluster.hub'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, root],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [(-3, "0 giây", "0 seconds"), (1, "1 giây", "1 second"), (119, "119 giây", "119 seconds"), (150, "2 phút", "2 minutes"),
     (7_200, "2 giờ", "2 hours"), (200_000, "2 ngày", "2 days")],
)  # fmt: skip
def test_times_are_said_in_the_largest_unit_of_which_there_are_two(seconds, vi, en):
    assert (lasting("vi", seconds), lasting("en", seconds)) == (vi, en)


@pytest.mark.parametrize(
    ("count", "vi", "en"),
    [(0, "0 byte", "0 bytes"), (812, "812 byte", "812 bytes"), (1_440, "1,4 kB", "1.4 kB"), (36_512_000, "37 MB", "37 MB"),
     (70_000_000_000, "70 GB", "70 GB"), (2_000_000_000_000_000, "2.000 TB", "2,000 TB")],
)  # fmt: skip
def test_sizes_are_said_in_units(count, vi, en):
    assert (size("vi", count), size("en", count)) == (vi, en)


@pytest.mark.parametrize(
    ("off", "words"),
    [(0.4, "right"), (-0.9, "right"), (604, "10 minutes ahead"), (-31, "31 seconds behind")],
)
def test_a_clock_is_right_ahead_or_behind(off, words):
    assert clock("en", off) == words
