"""A crowd of costly searches does not stand in the way of plain ones."""

import asyncio

import pytest

from archive.desk.filters import Query, Sort
from archive.desk.queue import AT_ONCE, WAITING, TooBusyError, in_turn, is_costly


class Server:
    """Stands for a Datasette."""


@pytest.mark.parametrize(
    "text", ["qu*", "NEAR(dân quân, tự vệ)", "a1 OR b1 OR c1 OR d1 OR e1 OR g1"]
)
def test_prefixes_near_and_many_words_are_costly(text):
    assert is_costly(Query(text=text))


def test_ranking_is_costly_and_a_phrase_newest_first_is_not():
    assert is_costly(Query(text="dân quân", sort=Sort.BEST))
    assert not is_costly(Query(text='"dân quân tự vệ" huấn luyện'))


def test_fifty_costly_searches_wait_or_are_sent_away_while_a_plain_one_passes():
    async def crowd():
        server, over = Server(), asyncio.Event()

        async def costly():
            async with in_turn(server, Query(text="qu*")):
                await over.wait()

        asked = [asyncio.create_task(costly()) for _ in range(50)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            async with in_turn(server, Query(text="dân quân")):
                pass
        over.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    ended = asyncio.run(crowd())
    refused = [each for each in ended if isinstance(each, TooBusyError)]
    assert [each for each in ended if each is not None] == refused
    assert len(refused) == 50 - AT_ONCE - WAITING


def test_a_flood_of_the_costliest_search_does_not_hold_up_a_plain_one(desk, story):
    browser = desk(*(story(id=f"songmay:{n}", title="Thường trực thao trường") for n in range(300)))
    ended = []

    async def ask(name, path):
        response = await browser.app.client.get(path)
        ended.append((name, response.status_code))

    async def crowd():
        flood = [ask("flood", f"/-/search?q=th*&sort=best&page={n + 1}") for n in range(50)]
        async with asyncio.timeout(60):
            await asyncio.gather(*flood, ask("plain", "/-/search?q=thao+trường"))

    asyncio.run(crowd())
    assert ("plain", 200) in ended
    assert {status for _, status in ended} == {200, 503}
    # those that waited for their turn are still at it
    assert ended.index(("plain", 200)) < max(
        place for place, end in enumerate(ended) if end == ("flood", 200)
    )
