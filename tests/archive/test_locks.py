"""Site locks: one crawl per site, taken over from the dead only."""

from __future__ import annotations

import subprocess
import sys
import time

import attrs
import pytest

from archive.clock import steady_time
from archive.errors import SiteLocked
from archive.lease import Lease, LeaseFactory
from archive.locks import SiteLock
from archive.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


def test_a_second_crawl_of_a_site_is_refused_with_the_holder_named(store):
    SiteLock(store, "paper").acquire()
    with pytest.raises(
        SiteLocked,
        match=r"paper is being crawled or imported by another process \(process \d+ on .*\) .*; wait for it, or stop",
    ):
        SiteLock(store, "paper").acquire()


def test_another_site_is_free(store):
    SiteLock(store, "paper").acquire()
    SiteLock(store, "other").acquire()
    assert store.connection.execute("SELECT count(*) FROM site_locks").fetchone() == (2,)


def test_a_released_lock_is_free_and_remembers_the_last_request(store):
    lock = SiteLock(store, "paper")
    assert lock.acquire() is None
    lock.release(1234.5)
    assert SiteLock(store, "paper").acquire() == 1234.5


def test_the_lock_of_a_killed_process_is_taken_over_at_once(store, tmp_path):
    script = (
        "import os, pathlib; from archive.store import Store; from archive.locks import SiteLock\n"
        f"store = Store.open(pathlib.Path({str(tmp_path)!r})); SiteLock(store, 'paper').acquire()\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    SiteLock(store, "paper").acquire()


def test_a_clock_that_jumps_takes_the_lock_from_no_living_process(store):
    held = SiteLock(store, "paper")
    held.acquire()
    store.connection.execute("UPDATE site_locks SET expires_at = 1")
    with pytest.raises(SiteLocked):
        SiteLock(store, "paper").acquire()
    with store.transaction():
        assert held.renew(None)


def test_setting_the_clock_does_not_move_the_time_that_locks_and_delays_go_by(monkeypatch):
    before = steady_time()
    for now in (0.0, 4e9):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        assert 0 <= steady_time() - before < 5


def test_an_expired_lock_of_another_machine_is_taken_over_and_its_holder_notices(store):
    lost = SiteLock(store, "paper")
    lost.acquire()
    store.connection.execute("UPDATE site_locks SET holder = 'elsewhere 1 5', expires_at = 1")
    SiteLock(store, "paper").acquire()
    with store.transaction():
        assert not lost.renew(None)


# -- the lock as a lease --------------------------------------------------------------------------


@attrs.define
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def asked(store):
    """Statements the database was asked for from now on."""
    statements = []

    def begin():
        store.connection.set_trace_callback(statements.append)
        return statements

    yield begin
    store.connection.set_trace_callback(None)


def take_from_elsewhere(store):
    store.connection.execute("UPDATE site_locks SET holder = 'elsewhere 1 5', expires_at = 1")
    SiteLock(store, "paper").acquire()


def test_a_lock_that_was_never_taken_lets_nothing_be_asked(store):
    assert not SiteLock(store, "paper").may_ask()


def test_a_lock_renewed_lately_asks_nobody_before_a_request(store, clock, asked):
    lock = SiteLock(store, "paper", clock=clock)
    lock.acquire()
    statements = asked()
    clock.now += 44
    assert lock.may_ask()
    assert statements == []


def test_a_process_that_stood_still_looks_again_and_keeps_a_lock_that_nobody_took(
    store, clock, asked
):
    lock = SiteLock(store, "paper", clock=clock)
    lock.acquire()
    clock.now += 3600
    statements = asked()
    assert lock.may_ask()
    assert len(statements) > 0
    statements.clear()
    assert lock.may_ask()
    assert statements == []


def test_a_process_that_stood_still_may_not_ask_when_another_took_its_lock(store, clock, asked):
    lock = SiteLock(store, "paper", clock=clock)
    lock.acquire()
    take_from_elsewhere(store)
    clock.now += 60
    assert not lock.may_ask()
    statements = asked()
    assert not lock.may_ask()
    assert statements == []


def test_a_lock_found_lost_by_a_renewal_lets_nothing_be_asked_from_then_on(store, clock):
    lock = SiteLock(store, "paper", clock=clock)
    lock.acquire()
    take_from_elsewhere(store)
    with store.transaction():
        assert not lock.renew(None)
    assert not lock.may_ask()


def test_a_lock_given_back_lets_nothing_be_asked(store):
    lock = SiteLock(store, "paper")
    lock.acquire()
    lock.release(None)
    assert not lock.may_ask()


def test_a_lock_and_a_lease_are_used_in_the_same_way(store):
    """What mypy holds as well: a factory of locks is one of leases."""
    factory: LeaseFactory = SiteLock
    lease: Lease = factory(store, "paper")
    assert lease.acquire() is None
    assert (lease.site, len(str(lease.token))) == ("paper", 16)
