"""Leases in PostgreSQL: one holder at a time, tokens that only rise, expiry by the server's clock alone."""

from __future__ import annotations

import threading

import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra `cluster` is not installed")

from archive import clock  # noqa: E402 - after the packages it needs were found
from archive.cluster.leases import Leases  # noqa: E402 - the same
from archive.errors import ClusterUnreachable, UsageError  # noqa: E402 - the same

HERE, THERE = "here 1 5", "there 2 7"


@pytest.fixture
def others(table):
    """Another machine's view of the same table."""
    with Leases(table) as others:
        yield others


@pytest.fixture
def sql(table):
    with psycopg.connect(table, autocommit=True) as connection:
        yield lambda text, *values: connection.execute(text, values)


def let_expire(sql, seconds=0.001):
    sql("UPDATE dqtv_leases SET until = clock_timestamp() - make_interval(secs => %s)", seconds)


def test_preparing_twice_keeps_what_is_there(leases):
    leases.take("bao", HERE, 60)
    leases.prepare()
    assert leases.row("bao").token == 1


def test_a_table_that_is_not_there_is_said_with_the_command_that_makes_it(postgres):
    with (
        Leases(postgres) as leases,
        pytest.raises(ClusterUnreachable, match="run `dqtv cluster prepare` once"),
    ):
        leases.rows()


def test_of_two_takers_one_gets_the_site(leases, others):
    assert leases.take("bao", HERE, 60).token == 1
    assert others.take("bao", THERE, 60) is None
    assert (leases.row("bao").holder, leases.row("bao").is_held) == (HERE, True)


def test_of_many_takers_at_once_one_gets_the_site(table):
    ready, taken = threading.Barrier(8), []

    def take(number):
        ready.wait(60)
        with Leases(table) as mine:
            taken.append(mine.take("bao", f"there {number} 0", 60))

    takers = [threading.Thread(target=take, args=(n,)) for n in range(8)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(60)
    assert len(taken) == 8
    assert [x.token for x in taken if x is not None] == [1]


def test_other_sites_are_free(leases):
    leases.take("bao", HERE, 60)
    assert leases.take("tin", HERE, 60).token == 1
    assert [row.site for row in leases.rows()] == ["bao", "tin"]


def test_an_expired_lease_is_taken_with_a_higher_token_and_its_holder_is_told(leases, others, sql):
    leases.take("bao", HERE, 60)
    let_expire(sql)
    assert others.take("bao", THERE, 60).token == 2
    assert not leases.renew("bao", 1, 60, None)
    leases.release("bao", 1, None)
    assert others.row("bao").is_held


def test_an_expired_lease_that_nobody_took_is_current_and_held_again(leases, sql):
    leases.take("bao", HERE, 60)
    let_expire(sql, 3600)
    with leases.judging("bao", 1) as judgement:
        assert judgement.is_current
    assert leases.renew("bao", 1, 60, None)
    assert leases.row("bao").is_held


def test_a_lease_given_back_is_free_at_once(leases, others):
    leases.take("bao", HERE, 60)
    leases.release("bao", 1, None)
    assert others.take("bao", THERE, 60).token == 2


def test_a_lease_given_back_is_not_renewed_by_a_late_message(leases):
    leases.take("bao", HERE, 60)
    leases.release("bao", 1, None)
    assert not leases.renew("bao", 1, 60, None)


@pytest.mark.parametrize("wrong_by", [600, -600])
def test_a_clock_that_is_ten_minutes_wrong_changes_nothing(leases, others, monkeypatch, wrong_by):
    """Neither does the lease end early or late, nor is the site asked too soon."""
    begun = clock._BEGUN
    monkeypatch.setattr(clock, "_BEGUN", begun + wrong_by)
    leases.take("bao", HERE, 60)
    leases.release("bao", 1, clock.steady_time() - 200)
    monkeypatch.setattr(clock, "_BEGUN", begun)
    taken = others.take("bao", THERE, 60)
    assert clock.steady_time() - taken.last_fetch_at == pytest.approx(200, abs=50)
    monkeypatch.setattr(clock, "_BEGUN", begun + wrong_by)
    assert leases.take("bao", HERE, 60) is None


def test_a_site_that_was_never_asked_has_no_last_request(leases):
    assert leases.take("bao", HERE, 60).last_fetch_at is None


def test_the_time_of_the_last_request_stays_where_none_is_told(leases):
    leases.take("bao", HERE, 60)
    leases.renew("bao", 1, 60, clock.steady_time() - 400)
    leases.renew("bao", 1, 60, None)
    leases.release("bao", 1, None)
    age = clock.steady_time() - leases.take("bao", HERE, 60).last_fetch_at
    assert age == pytest.approx(400, abs=50)


def test_a_holder_that_fell_silent_may_have_asked_until_its_end(leases, others, sql):
    leases.take("bao", HERE, 60)
    leases.renew("bao", 1, 60, clock.steady_time() - 500)
    let_expire(sql, 200)
    age = clock.steady_time() - others.take("bao", THERE, 60).last_fetch_at
    assert age == pytest.approx(200, abs=50)


# -- judging --------------------------------------------------------------------------------------


def test_a_stale_token_is_told_from_the_current_one(leases, sql):
    for _ in range(2):
        leases.take("bao", HERE, 60)
        let_expire(sql)
    for token, is_current in ((1, False), (2, True), (3, False)):
        with leases.judging("bao", token) as judgement:
            assert (judgement.is_current, judgement.newest) == (is_current, 2)


def test_a_site_that_nobody_took_has_no_current_token(leases):
    with leases.judging("bao", 1) as judgement:
        assert (judgement.is_current, judgement.newest) == (False, None)


def test_what_is_marked_is_seen_by_the_holder_and_by_the_next_judging(leases, others):
    leases.take("bao", HERE, 60)
    with leases.judging("bao", 1) as judgement:
        assert judgement.acked == 0
        judgement.mark(3)
    assert others.row("bao").acked == 3
    with others.judging("bao", 1) as judgement:
        assert judgement.acked == 3
        judgement.mark(2)
    assert leases.row("bao").acked == 3


def test_the_next_token_begins_with_nothing_stored(leases):
    leases.take("bao", HERE, 60)
    with leases.judging("bao", 1) as judgement:
        judgement.mark(3)
    leases.release("bao", 1, None)
    leases.take("bao", HERE, 60)
    assert leases.row("bao").acked == 0


def test_nothing_is_marked_for_a_stale_token(leases):
    leases.take("bao", HERE, 60)
    with leases.judging("bao", 7) as judgement, pytest.raises(ValueError, match="not current"):
        judgement.mark(1)


def test_nothing_is_marked_when_storing_fails(leases):
    leases.take("bao", HERE, 60)

    def store():
        with leases.judging("bao", 1) as judgement:
            judgement.mark(3)
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        store()
    assert leases.row("bao").acked == 0


def test_a_taker_waits_until_the_judging_has_ended_and_then_gets_the_site(leases, others, sql):
    leases.take("bao", HERE, 60)
    let_expire(sql)
    taken = []
    taker = threading.Thread(target=lambda: taken.append(others.take("bao", THERE, 60)))
    with leases.judging("bao", 1) as judgement:
        taker.start()
        while not sql("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
            assert taker.is_alive()
        assert taken == []
        assert judgement.is_current
        judgement.mark(1)
    taker.join(60)
    assert taken[0].token == 2


def test_a_holder_renews_while_its_results_are_judged(leases, others):
    leases.take("bao", HERE, 60)
    with leases.judging("bao", 1):
        assert others.renew("bao", 1, 60, None)


def test_a_judging_that_lasts_makes_a_taker_go_away_empty_handed(leases, others, sql, monkeypatch):
    monkeypatch.setattr("archive.cluster.leases._LOCK_TIMEOUT", "50ms")
    leases.take("bao", HERE, 60)
    let_expire(sql)
    with leases.judging("bao", 1):
        assert others.take("bao", THERE, 60) is None
    assert others.take("bao", THERE, 60).token == 2


def test_a_second_writer_on_the_same_site_is_told_so(leases, others, monkeypatch):
    monkeypatch.setattr("archive.cluster.leases._LOCK_TIMEOUT", "50ms")
    leases.take("bao", HERE, 60)
    with (
        leases.judging("bao", 1),
        pytest.raises(ClusterUnreachable, match="is a second `dqtv ingest` running"),
        others.judging("bao", 1),
    ):
        pass


# -- states ---------------------------------------------------------------------------------------


def test_a_new_holder_waits_for_a_state_until_it_lies_ready(leases, sql):
    leases.take("bao", HERE, 60)
    leases.take("tin", HERE, 60)
    leases.has_state("tin", 1)
    assert leases.without_state() == [("bao", 1)]
    leases.has_state("bao", 1)
    assert leases.without_state() == []
    let_expire(sql)
    leases.take("bao", HERE, 60)
    assert leases.without_state() == [("bao", 2)]


def test_nobody_waits_for_a_state_of_a_lease_given_back(leases):
    leases.take("bao", HERE, 60)
    leases.release("bao", 1, None)
    assert leases.without_state() == []


def test_a_state_for_an_old_token_does_not_count_for_the_new_one(leases, sql):
    leases.take("bao", HERE, 60)
    let_expire(sql)
    leases.take("bao", HERE, 60)
    leases.has_state("bao", 1)
    assert leases.without_state() == [("bao", 2)]


# -- after a restore --------------------------------------------------------------------------------


def test_tokens_are_raised_above_both_the_restored_ones_and_those_the_archive_has_seen(leases):
    leases.take("bao", HERE, 60)
    leases.take("tin", HERE, 60)
    leases.raise_tokens({"bao": 40, "xa": 7})
    assert {row.site: row.token for row in leases.rows()} == {"bao": 1040, "tin": 1001, "xa": 1007}


def test_after_tokens_were_raised_former_holders_are_replaced_and_nobody_begins_before_they_know(leases, others, sql):  # fmt: skip
    leases.take("bao", HERE, 60)
    leases.raise_tokens({})
    assert not leases.renew("bao", 1, 60, None)
    assert others.take("bao", THERE, 60) is None
    assert leases.without_state() == []
    let_expire(sql)
    assert others.take("bao", THERE, 60).token == 1002


def test_no_token_is_ever_lowered(leases):
    """Not by takers, renewals, releases, a raise by what is lower, nor by none at all."""
    seen = [0]

    def look():
        seen.append(leases.row("bao").token)

    for step in (
        lambda: leases.take("bao", HERE, 60),
        lambda: leases.renew("bao", 1, 60, None),
        lambda: leases.raise_tokens({"bao": 500}),
        lambda: leases.raise_tokens({"bao": 3}, by=1),
        lambda: leases.release("bao", 1501, None),
        lambda: leases.take("bao", HERE, 60),
    ):
        step()
        look()
    assert seen == sorted(seen)
    with pytest.raises(ValueError, match="tokens rise"):
        leases.raise_tokens({}, by=0)


# -- the database away --------------------------------------------------------------------------------


def test_a_database_that_is_not_there_is_named_without_its_password():
    leases = Leases("postgresql://dqtv:geheim@127.0.0.1:1/hub")
    with pytest.raises(ClusterUnreachable) as raised:
        leases.take("bao", HERE, 60)
    said = str(raised.value)
    assert "the PostgreSQL database hub on 127.0.0.1:1 does not answer" in said
    assert "see whether PostgreSQL runs there" in said
    assert "geheim" not in said


def test_an_address_that_cannot_be_read_is_refused_without_repeating_it():
    with pytest.raises(UsageError, match="DQTV_CLUSTER_DATABASE cannot be read") as raised:
        Leases("host=hub geheim")
    assert "geheim" not in str(raised.value)


def test_a_database_killed_and_back_has_lost_no_token(postgres_server, leases):
    leases.take("bao", HERE, 60)
    with postgres_server.away(), pytest.raises(ClusterUnreachable):
        leases.renew("bao", 1, 60, None)
    assert leases.renew("bao", 1, 60, None)
    assert leases.row("bao").token == 1


def test_a_database_killed_while_results_are_judged_marks_nothing(postgres_server, leases):
    leases.take("bao", HERE, 60)

    def store():
        with leases.judging("bao", 1) as judgement:
            with postgres_server.away():
                pass
            judgement.mark(1)

    with pytest.raises(ClusterUnreachable):
        store()
    with leases.judging("bao", 1) as judgement:
        assert (judgement.is_current, judgement.acked) == (True, 0)
