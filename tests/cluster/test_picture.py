"""The picture of a cluster that `dqtv cluster status` and the desk draw, read from a real database and a real hub."""

import os
import socket
import time

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

import psycopg
from machines import PAPER, prepared

from archive.cluster.hub import INBOX, REFUSED, Hub
from archive.cluster.leases import Leases
from archive.cluster.manifest import MANIFEST, Key
from archive.cluster.picture import MOST_REFUSED, look_into, read_database, read_inbox
from archive.errors import ClusterNotPrepared, ClusterUnreachable, HubUnreachable, UsageError
from scraper.cluster.database import connected
from scraper.cluster.engine import Asked
from scraper.cluster.feed import defer
from scraper.cluster.tables import SEEN
from scraper.cluster.troubles import Kind, Troubles


@pytest.fixture
def dsn(postgres):
    prepared(postgres)
    return postgres


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "hub").mkdir()
    return Hub(f"file://{tmp_path / 'hub'}")


def execute(dsn, sql, *values):
    with connected(dsn) as connection:
        connection.execute(sql, values)


def put(hub, tmp_path, name, content=b"x" * 100, *, age=0.0):
    """A file at the hub that was written *age* seconds ago."""
    hub.place.create(name, content)
    at = time.time() - age
    os.utime(tmp_path / "hub" / name, (at, at))


# -- the database ----------------------------------------------------------------------------------


def test_jobs_are_counted_by_state_and_by_site(dsn):
    defer(dsn, [Asked(site="songmay"), Asked(site="songmay"), Asked(site="culao"), Asked(site="nuingan"), Asked(site="bienxanh")])  # fmt: skip
    execute(dsn, "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = 1")
    execute(
        dsn,
        "UPDATE procrastinate_jobs SET status = 'failed', attempts = 2 WHERE args->>'site' = 'culao'",
    )
    execute(
        dsn, "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE args->>'site' = 'bienxanh'"
    )
    found = read_database(dsn)
    assert found.jobs == {"todo": 2, "doing": 1, "failed": 1, "succeeded": 1}
    told = [(x.site, x.running, x.waiting, x.failed) for x in found.sites]
    assert told == [("songmay", 1, 1, 0), ("nuingan", 0, 1, 0), ("culao", 0, 0, 1)]
    assert [x.since_s is not None for x in found.sites] == [True, True, False]


def test_a_lease_is_told_with_holder_token_age_and_what_is_left_of_it(dsn):
    with Leases(dsn) as leases:
        leases.take(PAPER, "may-1 10 77", 60)
        leases.take("culao", "may-2 11 78", 60)
        leases.release("culao", 1, None)
    execute(dsn, "UPDATE dqtv_leases SET taken_at = now() - interval '5 minutes'")
    held, free = read_database(dsn).leases
    assert (held.site, held.token, held.holder, held.is_held) == (PAPER, 1, "may-1 10 77", True)
    assert 50 < held.left_s <= 60
    assert 300 <= held.age_s < 310
    assert (free.site, free.holder, free.is_held) == ("culao", None, False)


def test_a_lease_that_is_taken_again_begins_its_age_anew(dsn):
    with Leases(dsn) as leases:
        leases.take(PAPER, "may-1 10 77", 60)
        execute(
            dsn,
            "UPDATE dqtv_leases SET taken_at = now() - interval '1 hour', until = now() - interval '1 s'",
        )
        leases.take(PAPER, "may-2 11 78", 60)
    (held,) = read_database(dsn).leases
    assert held.token == 2
    assert held.age_s < 10


def test_workers_are_told_with_their_last_sign_of_life_and_their_clock(dsn):
    about = {"host": "may", "slots": 4, "software": "x", "state": "working"}
    with connected(dsn) as connection:
        connection.execute(SEEN, about | {"name": "may 1 1", "now": time.time() + 600})
        connection.execute(SEEN, about | {"name": "may 2 2", "now": time.time()})
        connection.execute(
            "UPDATE dqtv_workers SET seen_at = now() - interval '2 minutes' WHERE name = 'may 2 2'"
        )
    ahead, silent = read_database(dsn).workers
    assert (ahead.is_clock_off, ahead.is_silent) == (True, False)
    assert 590 < ahead.clock_off_s < 610
    assert (silent.is_clock_off, silent.is_silent) == (False, True)


def test_what_workers_complain_about_is_told(dsn):
    Troubles(dsn).note(PAPER, Kind.HUB_AWAY, "no route to host")
    (trouble,) = read_database(dsn).troubles
    assert (trouble.site, trouble.kind, trouble.detail) == (PAPER, "hub_away", "no route to host")


def test_a_database_without_the_tables_says_what_to_do(postgres):
    with pytest.raises(ClusterNotPrepared, match="dqtv cluster prepare"):
        read_database(postgres)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(UsageError, match="DQTV_CLUSTER_DATABASE"):
        read_database("nonsense")


def test_a_table_that_is_locked_is_given_up_within_seconds(dsn):
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE dqtv_leases IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(ClusterUnreachable, match="timeout"):
            read_database(dsn)
        assert time.monotonic() - began < 15


def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up_within_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(ClusterUnreachable):
            read_database(f"host=127.0.0.1 port={silent.getsockname()[1]} user=x dbname=x")
        assert time.monotonic() - began < 15


# -- the hub ---------------------------------------------------------------------------------------


def test_the_inbox_tells_how_much_waits_and_for_how_long(hub, tmp_path):
    for seq, age in ((1, 700), (2, 30)):
        put(hub, tmp_path, f"{INBOX}/songmay/4/{seq}/rows.jsonl.gz", age=age)
        put(hub, tmp_path, f"{INBOX}/songmay/4/{seq}/{MANIFEST}", age=age)
    put(hub, tmp_path, f"{INBOX}/culao/9/1/rows.jsonl.gz", age=9000)
    found = look_into(hub)
    assert (found.waiting, found.bytes, found.tokens) == (2, 400, {"songmay": 4})
    assert 699 < found.oldest_s < 760
    assert found.incomplete == ("culao/9/1",)


@pytest.mark.usefixtures("hub")
def test_an_empty_hub_has_nothing(tmp_path):
    found = read_inbox(f"file://{tmp_path / 'hub'}")
    assert (found.waiting, found.bytes, found.oldest_s, found.refused, found.tokens) == (
        0,
        0,
        None,
        (),
        {},
    )


def test_refused_segments_are_told_newest_first_with_the_reason_and_no_more_than_fit(hub, tmp_path):
    for seq in range(1, MOST_REFUSED + 3):
        key = Key(site="songmay", token=3, seq=seq)
        put(hub, tmp_path, f"{INBOX}/{key}/{MANIFEST}")
        hub.refuse(key, f"reason {seq}")
        at = time.time() - 1000 + seq
        os.utime(tmp_path / "hub" / REFUSED / str(key) / "reason.txt", (at, at))
    found = look_into(hub)
    assert (found.refused_number, len(found.refused)) == (MOST_REFUSED + 2, MOST_REFUSED)
    newest = found.refused[0]
    assert (newest.site, newest.place, newest.reason) == ("songmay", f"songmay/3/{MOST_REFUSED + 2}", f"reason {MOST_REFUSED + 2}")  # fmt: skip


def test_a_segment_whose_refusal_was_cut_off_by_a_kill_is_refused_again_in_the_same_place(
    hub, tmp_path
):
    key = Key(site="songmay", token=3, seq=1)
    put(hub, tmp_path, f"{INBOX}/{key}/{MANIFEST}")
    put(hub, tmp_path, f"{REFUSED}/{key}/reason.txt", b"its token is older than 4")
    assert hub.refuse(key, "its token is older than 5").endswith(f"{REFUSED}/{key}")
    assert [(x.place, x.reason) for x in look_into(hub).refused] == [
        (str(key), "its token is older than 4")
    ]


def test_a_hub_that_cannot_be_reached_is_told(tmp_path):
    (tmp_path / "hub").write_text("no folder")
    with pytest.raises(HubUnreachable):
        read_inbox(f"file://{tmp_path / 'hub'}")
