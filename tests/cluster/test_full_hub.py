"""The disk of the hub is full: crawls go on, nothing half-written is ever taken, and all comes home when there is room."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import PAPER, until

from archive.cluster.hub import Hub


def status(cluster):
    """`dqtv cluster status`: its exit code, and what is wrong."""
    said = subprocess.run(
        [sys.executable, "-m", "scraper", "cluster", "status", "--json", "--database", cluster.dsn, "--hub", cluster.hub],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    problems = json.loads(said.stdout)["problems"]
    return said.returncode, [(x["kind"], x["site"], x["text"]) for x in problems]


@pytest.mark.usefixtures("press")
def test_a_crawls_pages_wait_on_its_machine_until_the_hub_has_room(cluster, small_disk, press):
    cluster.ingesting()
    crawl = cluster.start(delay_s=0.1, segment_s=60.0)
    until(lambda: len(press.log) > 2, what="the crawl, which has its state")
    # the first of a segment's files fits
    small_disk.leave(8192)
    until(lambda: cluster.query("SELECT 1 FROM dqtv_troubles"), what="the worker's complaint")
    code, [(kind, site, text)] = status(cluster)
    assert (code, kind, site) == (1, "hub_away", PAPER)
    assert "No space left on device" in text
    hub = Hub(cluster.hub)
    assert (hub.manifests(), crawl.poll(), cluster.left()) == ((), None, ["1"])
    small_disk.leave(2_000_000)
    end = cluster.end_of(crawl)
    assert (end["reason"], end["acked"], end["segments"]) == ("finished", 1, 1)
    assert cluster.left() == []
    assert cluster.rows("SELECT token, seq FROM ingested_segments") == [(1, 1)]
    assert cluster.rows("SELECT count(*) FROM articles")[0][0] == end["accepted"] > 0
    assert status(cluster) == (0, [])
