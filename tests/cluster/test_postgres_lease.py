"""A holder's own part: it renews by itself, and stops by its own clock when it cannot."""

from __future__ import annotations

import threading
import time

import attrs
import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")

from archive import clock as wall  # noqa: E402 - after the packages it needs were found
from archive.cluster.leases import Leases  # noqa: E402 - the same
from archive.cluster.postgres_lease import PostgresLease  # noqa: E402 - the same
from archive.errors import ClusterUnreachable, SiteLocked  # noqa: E402 - the same


@attrs.define
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lease_of(table):
    """Makes leases, all of which are given back at the end."""
    made = []

    def make(site="bao", **options):
        made.append(PostgresLease(Leases(table), site, **options))
        return made[-1]

    yield make
    for lease in made:
        lease.release(None)
        assert not lease._thread.is_alive()


def until(is_so, seconds=60.0):
    """Wait for what another thread does."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_a_site_that_is_held_is_refused_with_its_holder_named(lease_of):
    lease_of().acquire()
    with pytest.raises(
        SiteLocked,
        match=r"bao is being crawled by another process \(process \d+ on .*try again then",
    ):
        lease_of().acquire()


def test_a_lease_has_no_token_and_may_not_be_used_before_it_is_taken(lease_of):
    lease = lease_of()
    assert not lease.may_ask()
    with pytest.raises(LookupError, match="was not taken yet"):
        _ = lease.token


def test_a_lease_is_taken_once(lease_of, leases):
    lease = lease_of()
    assert lease.acquire() is None
    assert lease.acquire() is None
    assert (lease.token, leases.row("bao").token) == (1, 1)
    assert lease.may_ask()


def test_a_lease_given_back_leaves_the_time_of_the_last_request_and_may_not_be_used(lease_of):
    lease = lease_of()
    lease.acquire()
    asked = wall.steady_time() - 2
    lease.release(asked)
    assert not lease.may_ask()
    following = lease_of()
    assert following.acquire() == pytest.approx(asked, abs=1)
    assert following.token == 2


def test_a_lease_is_renewed_without_the_crawl_doing_anything(lease_of, leases):
    # long enough that a busy machine does not hold up the thread until the lease is over
    lease = lease_of(ttl=8.0, margin=0.1)
    lease.acquire()
    first = leases.row("bao").until
    until(lambda: (leases.row("bao").until - first).total_seconds() > 1)
    assert lease.may_ask()
    assert lease.token == 1


def test_the_last_request_travels_with_the_next_renewal(lease_of, leases):
    lease = lease_of(ttl=0.4, margin=0.1)
    lease.acquire()
    assert lease.renew(wall.steady_time())
    until(lambda: leases.row("bao").last_fetch_at is not None)


def test_a_holder_whose_lease_was_taken_is_told_by_its_next_renewal(lease_of, leases, table):
    lease = lease_of(ttl=4.0, margin=0.1)
    lease.acquire()
    with psycopg.connect(table, autocommit=True) as connection:
        connection.execute("UPDATE dqtv_leases SET token = token + 1, holder = 'there 2 7'")
    until(lambda: not lease.renew(None))
    assert not lease.may_ask()
    lease.release(None)
    assert leases.row("bao").holder == "there 2 7"


def test_a_process_that_stood_still_past_its_own_end_may_not_ask(lease_of):
    """The renewing thread stood still as well; the first thing that runs may be the crawl."""
    clock = FakeClock()
    lease = lease_of(clock=clock)
    lease.acquire()
    clock.now += 44
    assert lease.may_ask()
    clock.now += 2
    assert not lease.may_ask()
    assert lease.renew(None), "nobody has taken it"


def test_a_database_that_goes_away_stops_the_crawl_by_its_own_clock_and_stalls_nothing(postgres_server, lease_of):  # fmt: skip
    lease = lease_of(ttl=1.2, margin=0.4)
    lease.acquire()
    with postgres_server.away():
        longest = 0.0
        while lease.may_ask():
            begun = time.thread_time()
            lease.may_ask()
            longest = max(longest, time.thread_time() - begun)
            time.sleep(0.005)
        assert longest < 0.1


def test_a_database_that_comes_back_in_time_costs_no_lease(postgres_server, lease_of, leases):
    lease = lease_of(ttl=120.0, margin=1.0)
    lease.acquire()
    with postgres_server.away():
        with pytest.raises(ClusterUnreachable):
            leases.row("bao")
        # what its thread meets meanwhile
        assert lease._renewed() == 10.0
        assert lease.may_ask()
    assert lease._renewed() == 30.0
    assert lease.may_ask()


def test_a_clock_that_is_ten_minutes_wrong_moves_no_end(lease_of, monkeypatch):
    monkeypatch.setattr(wall, "_BEGUN", wall._BEGUN + 600)
    lease = lease_of()
    lease.acquire()
    assert lease.may_ask()
    with pytest.raises(SiteLocked):
        lease_of().acquire()


def test_a_database_away_at_the_end_leaves_the_lease_to_end_by_itself(postgres_server, lease_of, caplog):  # fmt: skip
    lease = lease_of()
    lease.acquire()
    with postgres_server.away():
        lease.release(None)
    assert not lease.may_ask()
    assert "bao: the lease ends by itself" in caplog.text


def test_no_thread_is_left_of_a_lease_given_back(lease_of):
    lease = lease_of()
    lease.acquire()
    lease.release(None)
    assert not [x for x in threading.enumerate() if x.name == "lease of bao"]
