"""A crowd of costly searches does not stand in the way of plain ones."""

import asyncio
import time
from urllib.parse import quote

import pytest
from datasette.utils.asgi import Request

from archive.desk.filters import Query, Sort
from archive.desk.queue import MOST, RETRY_AFTER, SHARE, TooBusyError, Turns, is_costly, queued


@pytest.mark.parametrize(
    "text",
    [
        "quâ*",
        "NEAR(dân quân, tự vệ)",
        "a1 OR b1 OR c1 OR d1 OR e1 OR g1",
        '"dân quân dân quân dân quân dân quân"',
        "dân quân -biên",
    ],
)
def test_prefixes_near_and_many_words_are_costly(text):
    assert is_costly(Query(text=text))


def test_many_facets_are_costly():
    assert is_costly(Query(text="quân", papers=("songmay",), years=(2024,), levels=(1,)))


def test_phrases_in_any_order_and_lists_without_words_are_not_costly():
    assert not is_costly(Query(text="dân quân", sort=Sort.BEST, papers=("songmay",)))
    assert not is_costly(Query(text='"dân quân tự vệ" huấn luyện'))
    assert not is_costly(Query(text='"hải đội dân quân" "ủy ban nhân dân"'))
    assert not is_costly(Query(text="", papers=("songmay",), years=(2024,), levels=(1,)))


def ended(turns, readers):
    """How each of *readers* fares who asks at the same time: None, or what was raised."""

    async def crowd():
        over = asyncio.Event()
        running = 0

        async def costly(reader):
            nonlocal running
            async with turns.turn(reader):
                running += 1
                assert running == 1
                await over.wait()
                running -= 1

        asked = [asyncio.create_task(costly(reader)) for reader in readers]
        await asyncio.sleep(0)
        over.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(crowd())
    assert all(each is None or isinstance(each, TooBusyError) for each in answers)
    return [each is None for each in answers]


def test_costly_searches_of_many_readers_run_one_by_one_and_the_last_are_sent_away():
    given = ended(Turns(), [f"reader {n}" for n in range(50)])
    assert given == [True] * MOST + [False] * (50 - MOST)


def test_one_reader_cannot_fill_the_queue():
    given = ended(Turns(), ["one"] * 50 + ["another"])
    assert given == [True] * SHARE + [False] * (50 - SHARE) + [True]


def test_turns_are_given_back_also_after_a_failure():
    turns = Turns()

    async def fail():
        async with turns.turn("one"):
            raise ZeroDivisionError

    async def several():
        for _ in range(SHARE + 1):
            with pytest.raises(ZeroDivisionError):
                await fail()

    asyncio.run(several())


@pytest.fixture
def quick(monkeypatch):
    """Nobody is made to wait for being sent away."""
    monkeypatch.setattr("archive.desk.queue.PAUSE", 0)


@pytest.mark.usefixtures("quick")
def test_a_flood_of_the_costliest_search_does_not_hold_up_a_plain_one(desk, story):
    browser = desk(*(story(id=f"songmay:{n}", title="Thường trực thao trường") for n in range(300)))
    ended = []

    async def ask(name, path):
        response = await browser.app.client.get(path)
        ended.append((name, response.status_code))

    async def crowd():
        flood = [ask("flood", f"/-/search?q=thư*&sort=best&page={n + 1}") for n in range(50)]
        async with asyncio.timeout(60):
            await asyncio.gather(*flood, ask("plain", "/-/search?q=thao+trường"))

    asyncio.run(crowd())
    assert ("plain", 200) in ended
    assert {status for _, status in ended} == {200, 503}
    # those that waited for their turn are still at it
    assert ended.index(("plain", 200)) < max(
        place for place, end in enumerate(ended) if end == ("flood", 200)
    )


@pytest.mark.parametrize("path", ["/-/search", "/-/search.ris", "/-/article/songmay:1"])
def test_everything_that_runs_a_search_waits_for_its_turn(demo, monkeypatch, path):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    response = demo.get(f"{path}?q=quâ*&hit=1")
    assert response.status_code == 503
    assert response.headers["retry-after"] == str(RETRY_AFTER)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("quick")
def test_one_who_is_sent_away_sees_nothing_of_what_others_asked(demo, monkeypatch):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    demo.get("/-/search?q=quân*&lang=en")
    second = demo.get("/-/search?q=huấn*&lang=en").text
    assert "qu%C3%A2n" not in second
    assert "quân*" not in second


@pytest.mark.usefixtures("quick")
def test_json_is_refused_as_json(demo, monkeypatch):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    response = demo.get("/-/search.json?q=quân*&lang=en")
    assert response.json()["status"] == 503


def test_an_unreadable_search_is_explained_rather_than_queued(demo, monkeypatch):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    assert demo.get("/-/search?q=q*").status_code == 400


@pytest.mark.usefixtures("quick")
def test_sending_one_away_costs_less_than_a_millisecond(demo, monkeypatch):
    monkeypatch.setattr("archive.desk.queue.MOST", 0)
    asked = f"q={quote('quân* huấn*')}&sort=best&year=2024"
    scope = Request.fake(f"/-/search?{asked}").scope
    scope |= {"headers": [], "client": ("192.0.2.1", 1)}

    async def app(*_):
        raise AssertionError("it was let in")

    async def send(_):
        pass

    async def spent():
        refuse = queued(app, demo.app)
        await refuse(scope, None, send)
        started = time.process_time()
        for _ in range(200):
            await refuse(scope, None, send)
        return (time.process_time() - started) / 200

    assert asyncio.run(spent()) < 0.001
