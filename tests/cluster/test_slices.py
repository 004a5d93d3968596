"""Slices of a paper's crawl, each in a process of its own, into one archive by way of a hub."""

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import PAPER, until

pytestmark = pytest.mark.usefixtures("press")


def test_a_slice_brings_every_page_home_and_leaves_nothing(cluster):
    cluster.ingesting()
    end = cluster.end_of(cluster.start())
    assert (end["reason"], end["waiting"], end["segments"]) == ("finished", 0, end["acked"])
    assert cluster.rows("SELECT count(*) FROM articles")[0][0] == end["accepted"] > 0
    assert cluster.left() == []
    assert cluster.leases()[0]["holder"] is None


def test_a_killed_slices_pages_come_home_before_the_next_one_takes_the_site(cluster, press):
    """Nobody took the site since, so that what was left is still welcome, and is not fetched again."""
    cluster.ingesting()
    killed = cluster.start(delay_s=0.2, segment_s=60.0, ttl_s=60.0)
    until(lambda: len(press.log) > 8)
    killed.kill()
    killed.communicate()
    assert cluster.left() == ["1"]
    # on a busy machine a process may take longer to start than the lease lasts
    cluster.run_sql("UPDATE dqtv_leases SET until = now() + interval '60 seconds'")
    assert cluster.end_of(cluster.start())["reason"] == "busy"
    assert cluster.rows("SELECT token, seq FROM ingested_segments") == [(1, 1)]
    assert cluster.left() == []


def test_two_slices_of_one_site_on_one_machine_do_not_run_at_once(cluster):
    cluster.ingesting()
    first = cluster.start(ttl_s=60.0)
    until(cluster.leases)
    with cluster.standing_still(first):
        assert cluster.end_of(cluster.start())["reason"] == "busy"
    assert cluster.end_of(first)["reason"] == "finished"


def test_a_site_that_another_machine_crawls_is_busy(cluster):
    cluster.ingesting()
    first = cluster.start(ttl_s=60.0)
    until(cluster.leases)
    with cluster.standing_still(first):
        second = cluster.end_of(cluster.start(machine="two"))
    assert (second["reason"], "is being crawled by another process" in second["detail"]) == (
        "busy",
        True,
    )
    assert cluster.end_of(first)["reason"] == "finished"


def test_without_a_state_nothing_is_asked_of_the_site(cluster, press):
    end = cluster.end_of(cluster.start(hub_wait_s=1.0))
    assert (end["reason"], "dqtv ingest" in end["detail"]) == ("hub away", True)
    assert len(press.log) == 0
    assert cluster.query("SELECT kind FROM dqtv_troubles") == [{"kind": "no_state"}]


def test_a_hub_that_is_not_reached_at_the_beginning_is_told_until_it_is(cluster, press):
    hub = cluster.folder / "hub"
    hub.rename(cluster.folder / "away")
    hub.write_text("no folder")
    end = cluster.end_of(cluster.start(hub_wait_s=1.0))
    assert (end["reason"], len(press.log)) == ("hub away", 0)
    assert cluster.query("SELECT site, kind FROM dqtv_troubles") == [{"site": PAPER, "kind": "hub_away"}]  # fmt: skip
    hub.unlink()
    (cluster.folder / "away").rename(hub)
    cluster.run_sql("UPDATE dqtv_leases SET until = now()")
    cluster.ingesting()
    assert cluster.end_of(cluster.start())["reason"] == "finished"
    assert cluster.query("SELECT * FROM dqtv_troubles") == []


def test_a_slice_ends_when_its_time_is_over_and_says_that_more_waits(cluster):
    cluster.ingesting()
    # 12 s, of which a slow machine may need most to begin; the paper's 21 requests need 16 s
    end = cluster.end_of(cluster.start(delay_s=0.8, minutes=0.2))
    assert end["reason"] == "hours over"
    assert end["waiting"] > 0
    assert end["acked"] == end["segments"] > 0


def test_a_slice_told_to_end_brings_home_what_it_has(cluster, press):
    cluster.ingesting()
    child = cluster.start(delay_s=0.3)
    until(lambda: len(press.log) > 5)
    child.terminate()
    end = cluster.end_of(child)
    assert end["reason"] == "interrupted"
    assert end["acked"] == end["segments"] > 0
    assert cluster.left() == []


def test_a_slice_keeps_its_pages_and_its_site_while_nobody_takes_them_in(cluster, press):
    """The archive's side ends after it has laid the state ready."""
    cluster.ingesting()
    child = cluster.start(delay_s=0.1, home_wait_s=2.0, segment_s=60.0)
    until(lambda: len(press.log) > 2)
    with cluster.standing_still(child):
        cluster.stop_ingesting()
    end = cluster.end_of(child)
    assert end["acked"] < end["segments"]
    assert cluster.left() == ["1"]
    assert cluster.leases()[0]["holder"] is not None


def test_a_slice_keeps_its_pages_where_the_hub_is_away_at_its_end(cluster, press):
    cluster.ingesting()
    child = cluster.start(delay_s=0.1, home_wait_s=2.0, segment_s=60.0)
    until(lambda: len(press.log) > 2)
    hub = cluster.folder / "hub"
    with cluster.standing_still(child):
        hub.rename(cluster.folder / "away")
        hub.write_text("no folder")
    end = cluster.end_of(child)
    assert (end["reason"], end["acked"], end["segments"]) == ("finished", 0, 1)
    assert cluster.left() == ["1"]
    hub.unlink()
    (cluster.folder / "away").rename(hub)
    brought = cluster.push()
    assert (brought.returncode, brought.stderr) == (0, "")
    assert cluster.left() == []
    assert cluster.rows("SELECT token, seq FROM ingested_segments") == [(1, 1)]
