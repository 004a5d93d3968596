"""The limit on requests for each reader of a public desk."""

import asyncio

import httpx
import pytest

from archive.desk.rate_limit import BURST, PER_SECOND, Allowances, limited, reader_of


class Clock:
    """Seconds that pass only when told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def allowances(clock):
    return Allowances(clock)


def test_a_burst_passes_and_the_next_request_waits(allowances):
    assert [allowances.take("a") for _ in range(BURST)] == [0.0] * BURST
    assert allowances.take("a") == pytest.approx(1 / PER_SECOND)


def test_requests_come_back_with_time_up_to_a_burst(allowances, clock):
    for _ in range(BURST):
        allowances.take("a")
    clock.now += 3 / PER_SECOND
    assert [allowances.take("a") == 0 for _ in range(4)] == [True, True, True, False]
    clock.now += 10_000
    assert sum(allowances.take("a") == 0 for _ in range(2 * BURST)) == BURST


def test_readers_do_not_share_an_allowance(allowances):
    for _ in range(BURST + 1):
        allowances.take("a")
    assert allowances.take("b") == 0


def test_only_so_many_readers_are_remembered(allowances):
    for _ in range(BURST + 1):
        allowances.take("first")
    for number in range(20_000):
        allowances.take(f"other {number}")
    assert allowances.take("first") == 0


@pytest.mark.parametrize(
    ("host", "reader"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_readers_are_told_apart_by_address_or_network(host, reader):
    assert reader_of({"client": (host, 1)}) == reader


def test_a_request_without_an_address_counts_for_all_such():
    assert reader_of({"client": None}) == "unknown"


async def _answer(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


def _ask(app, count, path="/", **headers):
    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            return [await client.get(path, headers=headers) for _ in range(count)]

    return asyncio.run(ask())


def test_too_many_requests_are_answered_429_with_the_time_to_wait(allowances):
    *good, refused = _ask(limited(_answer, allowances=allowances), BURST + 1)
    assert {response.status_code for response in good} == {200}
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["cache-control"] == "no-store"
    assert "Xin tiếp tục sau 1 giây" in refused.text


@pytest.mark.parametrize(
    ("path", "headers"), [("/?lang=en", {}), ("/", {"Accept-Language": "en-GB,en;q=0.8"})]
)
def test_the_refusal_speaks_the_readers_language(allowances, path, headers):
    refused = _ask(limited(_answer, allowances=allowances), BURST + 1, path, **headers)[-1]
    assert "go on in 1 s" in refused.text


@pytest.mark.parametrize(
    ("prefix", "path"),
    [
        ("/", "/-/desk/desk.css"),
        ("/kho/", "/kho/-/downloads/r/a.csv"),
        ("/kho/", "/-/desk/desk.css"),
    ],
)
def test_static_files_and_downloads_are_not_counted(allowances, prefix, path):
    app = limited(_answer, prefix=prefix, allowances=allowances)
    assert {response.status_code for response in _ask(app, BURST + 5, path)} == {200}
