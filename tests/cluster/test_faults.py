"""Parts of a cluster die, stop or are cut off: every page is stored once, and no site is asked faster than it allows.

Killed are processes, on one machine; the times of leases are a tenth of the real ones.
"""

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import PAPER, Cluster, smallest_gap, until

from scraper.demo.press import DemoPress

#: Seconds between two requests.
DELAY = 0.25
#: The same for a crawl that outlasts the seconds after which a silent worker's job is given away.
SLOW = 0.75
#: Requests after which the fault comes; a slice of the paper makes 21.
FAULT_AFTER = 6


@pytest.fixture(scope="module")
def expected(new_command, tmp_path_factory):
    """What an ordinary crawl of the paper stores."""
    command = new_command(tmp_path_factory.mktemp("expected"))
    with DemoPress(port=command.port):
        command("crawl", PAPER)
    return Cluster(dsn="", folder=command.archive.parent, port=0).articles()


@pytest.fixture
def workers(cluster):
    """Two workers that wait for work."""
    return two_workers(cluster, DELAY)


def two_workers(cluster, delay):
    cluster.ingesting()
    both = [cluster.worker(machine, delay_s=delay) for machine in ("one", "two")]
    until(lambda: len(cluster.query("SELECT 1 FROM dqtv_workers")) == 2, what="two workers")
    return both


@pytest.fixture
def under_way(cluster, press, workers):
    """A crawl that has come to its middle: its worker and its process; the other worker waits."""
    return begun(cluster, press, workers)


def begun(cluster, press, workers):
    cluster.defer()
    until(lambda: len(press.log) >= FAULT_AFTER, what="the crawl's middle")
    ((worker, crawl),) = [(one, pid) for one in workers for pid in cluster.crawls_of(one)]
    return worker, crawl


def check(cluster, press, expected, *, stale=(), delay=DELAY):
    """*stale*: tokens of which something was refused."""
    until(cluster.are_done, what="the end of the job")
    until(lambda: cluster.articles() == expected, what=f"{len(expected)} articles")
    assert cluster.waiting() == 0
    assert smallest_gap(press) >= 0.9 * delay
    until(lambda: not cluster.segments("inbox"), what="an empty inbox")
    assert cluster.segments("refused") == set(stale)


def test_a_worker_is_killed_with_all_its_children(cluster, press, under_way, expected):
    first, crawl = under_way
    first.kill()
    os.kill(crawl, signal.SIGKILL)
    check(cluster, press, expected, stale=cluster.segments("refused"))
    assert cluster.token() == 2


def test_a_workers_first_process_is_killed_alone(cluster, press, under_way, expected):
    first, crawl = under_way
    first.kill()
    check(cluster, press, expected)
    until(lambda: not Path(f"/proc/{crawl}").exists(), what="the crawl that ends with its worker")


def test_the_engine_stands_still_while_its_crawl_goes_on(cluster, press, expected):
    first, _ = begun(cluster, press, two_workers(cluster, SLOW))
    first.send_signal(signal.SIGSTOP)
    check(cluster, press, expected, delay=SLOW)


def test_everything_stands_still_and_goes_on_when_another_has_taken_over(
    cluster, press, under_way, expected
):
    stand_still(press, *under_way)
    check(cluster, press, expected, stale=[1])


def stand_still(press, worker, crawl):
    """Until another crawl is in its middle."""
    worker.send_signal(signal.SIGSTOP)
    os.kill(crawl, signal.SIGSTOP)
    asked = len(press.log)
    until(lambda: len(press.log) > asked + 3, what="requests of the second crawl")
    os.kill(crawl, signal.SIGCONT)
    worker.send_signal(signal.SIGCONT)


@pytest.mark.usefixtures("under_way")
def test_the_database_is_killed_and_comes_back(cluster, press, expected, postgres_server):
    with postgres_server.away():
        time.sleep(2)
    check(cluster, press, expected)


@pytest.mark.usefixtures("under_way")
def test_the_way_to_the_hub_is_cut_and_mended(cluster, press, expected):
    hub = cluster.folder / "hub"
    hub.rename(cluster.folder / "away")
    hub.write_text("no folder")
    until(lambda: len(press.log) >= 18, what="the crawl going on")
    hub.unlink()
    (cluster.folder / "away").rename(hub)
    check(cluster, press, expected)


def test_without_leases_the_same_check_fails(cluster, press):
    """Else the tests above prove nothing."""
    cluster.ingesting()
    workers = [
        cluster.worker(machine, delay_s=DELAY, without_lease=True) for machine in ("one", "two")
    ]
    stand_still(press, *begun(cluster, press, workers))
    until(cluster.are_done, what="the end of the job")
    assert smallest_gap(press) < 0.9 * DELAY
