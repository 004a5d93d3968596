"""A new snapshot takes the served one's place while readers go on reading."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import attrs
import httpx
import pytest

from archive.desk.changeover import Changeover
from archive.desk.serve import build_app
from archive.errors import NothingPublished
from archive.publish import publish
from archive.snapshot import newest_snapshot

SWAPS = 200
READERS = 4
START = datetime.fromisoformat("2026-11-25T03:15:00+00:00")


@pytest.fixture
def root(build, story):
    return build(
        story(id="songmay:1", title="Dân quân Sông Mây ra quân", body=("Dân quân ra quân.",)),
        story(id="songmay:2", title="Tự vệ nhà máy", body=("Tự vệ và dân quân.",)),
    ).parents[1]


def republish(root, number):
    """Publish again, at another instant and under another name of the paper."""
    with closing(sqlite3.connect(root / "archive.db")) as archive, archive:
        archive.execute("UPDATE sites SET name = ? WHERE id = 'songmay'", [f"Báo {number}"])
    return publish(root, now=START + timedelta(minutes=number))


def client_of(desk):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=desk), base_url="http://desk")


def test_the_newest_snapshot_is_served_without_a_restart(root):
    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        async with client_of(desk) as client:
            before = (await client.get("/-/search.json?q=dân+quân")).json()["snapshot"]["id"]
            assert not await desk.look()
            published = republish(root, 1)
            assert await desk.look()
            after = (await client.get("/-/search.json?q=dân+quân")).json()["snapshot"]["id"]
        await desk.close()
        return before, after, published.id

    before, after, published = asyncio.run(walk())
    assert before != after == published


def test_addresses_of_tables_stay_from_one_snapshot_to_the_next(root):
    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        async with client_of(desk) as client:
            statuses = [(await client.get("/dqtv/articles.json")).status_code]
            republish(root, 1)
            await desk.look()
            statuses.append((await client.get("/dqtv/articles.json")).status_code)
        await desk.close()
        return statuses

    assert asyncio.run(walk()) == [200, 200]


def test_a_request_under_way_is_answered_by_the_snapshot_it_began_with_even_when_its_file_is_gone(
    root,
):
    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        first = newest_snapshot(root)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        parts = []

        async def send(message):
            begun.set()
            await go_on.wait()
            parts.append(message.get("body", b""))

        async with client_of(desk) as client:
            request = client.build_request("GET", "/-/article/songmay:1.json")
            scope = {
                "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
                "path": request.url.path, "raw_path": request.url.raw_path, "query_string": b"",
                "root_path": "", "headers": request.headers.raw, "client": ("127.0.0.1", 1),
                "server": ("desk", 80),
            }  # fmt: skip
            slow = asyncio.create_task(desk(scope, receive, send))
            await begun.wait()
            for number in (1, 2, 3):
                republish(root, number)
                await desk.look()
            assert not first.path.exists()
            go_on.set()
            await slow
        await desk.close()
        return b"".join(parts).decode(), first.id

    text, first_id = asyncio.run(walk())
    assert first_id in text


def test_a_damaged_snapshot_is_reported_once_and_the_former_one_stays(root, caplog):
    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        published = republish(root, 1)
        whole = published.path.read_bytes()
        published.path.write_bytes(whole[:-100])
        assert not await desk.look()
        assert not await desk.look()
        async with client_of(desk) as client:
            assert (await client.get("/")).status_code == 200
        published.path.write_bytes(whole)
        assert await desk.look()
        await desk.close()

    asyncio.run(walk())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "stays with the former snapshot" in caplog.text


def test_a_file_that_is_no_database_is_not_taken(root, caplog):
    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        published = republish(root, 1)
        published.path.write_bytes(b"x" * published.bytes)
        assert not await desk.look()
        async with client_of(desk) as client:
            assert (await client.get("/-/search?q=dân+quân")).status_code == 200
        await desk.close()

    asyncio.run(walk())
    assert "stays with the former snapshot" in caplog.text


def test_nothing_published_yet_is_said_at_the_start(tmp_path):
    with pytest.raises(NothingPublished):
        asyncio.run(Changeover(tmp_path, build_app).open())


@attrs.define
class Seen:
    """What one reader got: statuses, and pages that name more than one snapshot."""

    statuses: list[int] = attrs.Factory(list)
    mixed: int = 0
    papers: set[str] = attrs.Factory(set)


async def read_on(client, seen, names, done):
    """Go on reading pages until *done*; each page's snapshot id and paper name must belong together."""
    paths = ("/-/search.json?q=dân+quân", "/-/article/songmay:1.json", "/", "/dqtv/articles.json")
    number = 0
    while not done.is_set():
        response = await client.get(paths[number % len(paths)])
        number += 1
        seen.statuses.append(response.status_code)
        if number % len(paths) == 1:
            page = response.json()
            papers = {hit["paper"] for hit in page["results"]}
            seen.papers |= papers
            seen.mixed += papers != {names[page["snapshot"]["id"]]}


def test_two_hundred_changeovers_under_load_lose_no_request_and_mix_no_page(root):
    names = {newest_snapshot(root).id: "Báo Sông Mây"}
    # publishing itself is tested elsewhere: a few snapshots take turns, each under a name of its own
    current = root / "public" / "current.json"
    turns = [(newest_snapshot(root), current.read_bytes())]
    kept = root / "kept"
    kept.mkdir()
    for number in (1, 2):
        snapshot = republish(root, number)
        names[snapshot.id] = f"Báo {number}"
        turns.append((snapshot, current.read_bytes()))
    for snapshot, _ in turns:
        shutil.copy(snapshot.path, kept)

    def make_current(turn):
        snapshot, record = turn
        shutil.copy(kept / snapshot.path.name, snapshot.path)
        draft = current.with_suffix(".new")
        draft.write_bytes(record)
        draft.rename(current)

    async def walk():
        desk = Changeover(root, build_app)
        await desk.open()
        seen = [Seen() for _ in range(READERS)]
        done = asyncio.Event()
        taken = 0
        async with client_of(desk) as client:
            readers = [asyncio.create_task(read_on(client, x, names, done)) for x in seen]
            for number in range(SWAPS):
                former = newest_snapshot(root)
                make_current(turns[number % len(turns)])
                taken += await desk.look()
                # publishing drops old files, in the worst case at once
                former.path.unlink()
            done.set()
            await asyncio.gather(*readers)
        await desk.close()
        return taken, seen

    taken, seen = asyncio.run(walk())
    assert taken == SWAPS
    assert {status for one in seen for status in one.statuses} == {200}
    assert sum(one.mixed for one in seen) == 0
    assert set().union(*(one.papers for one in seen)) == set(names.values())
    assert sum(len(one.statuses) for one in seen) >= SWAPS
