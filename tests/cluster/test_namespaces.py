"""Machines that are cut off from each other, in network namespaces: every page once, no site asked too fast, nothing stale.

Not with the other tests: `make cluster-test-namespaces` (root, Linux; some three minutes) sets DQTV_NAMESPACES=1.
The times of leases are a tenth of the real ones.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from machines import HERE, PAPER, Cluster, prepared, until
from network import Machine, Network

from scraper.demo.press import DEMO_PORT, DemoPress

WANTED = os.environ.get("DQTV_NAMESPACES") == "1"
pytestmark = [
    pytest.mark.skipif(
        not WANTED, reason="for `make cluster-test-namespaces`, which sets DQTV_NAMESPACES=1"
    ),
    pytest.mark.skipif(WANTED and os.geteuid() != 0, reason="network namespaces are made by root"),
    pytest.mark.timeout(600),
]
#: Seconds between two requests.
DELAY = 0.4
#: Generated articles beside the paper's own, so that a crawl lasts longer than a lease; without leases the crawl must
#: still go on when the other begins, however slow this machine is.
SCALE, SCALE_WITHOUT = 10, 60
#: Requests after which the fault comes, and requests of the other worker after which it is over.
FAULT_AFTER = 10
OTHERS_REQUESTS = 3
#: Stands in for the object store: no secret.
KEYS = {"AWS_ACCESS_KEY_ID": "of-the-tests", "AWS_SECRET_ACCESS_KEY": "of-the-tests", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
_S3_PORT = 5000
#: Seconds to wait for what comes; on a machine that does nothing else it comes within some ten.
PATIENCE_S = 150
#: Of tests, for names of machines and buckets.
NUMBERS = itertools.count(1)
#: The test whose crawls look at no lease.
WITHOUT = "test_without_leases_the_site_is_asked_too_fast"


@attrs.define(kw_only=True)
class Machines(Cluster):
    """A cluster of which each part is on a machine of its own."""

    network: Network
    #: PostgreSQL is at its first address, the object store at its second.
    hub_machine: Machine
    site: Machine
    workers: dict
    bucket: str
    #: Machine of the worker that got the job, that worker, its crawl, and the other machine.
    holder: str = ""
    first: subprocess.Popen | None = None
    crawl: int = 0
    other: str = ""

    @property
    def hub(self):
        return f"s3://{self.bucket}/hub"

    @property
    def environment(self):
        return os.environ | KEYS | {
            "DQTV_DEMO_PORT": str(self.port), "AWS_ENDPOINT_URL": f"http://{self.hub_machine.addresses[1]}:{_S3_PORT}",
        }  # fmt: skip

    @property
    def over_network(self):
        """The database as workers reach it."""
        name = self.dsn.rpartition("dbname=")[2]
        return f"host={self.hub_machine.address} user=dqtv dbname={name}"

    def settings(self, machine="one", **more):
        # a worker of its own name in each request tells them apart in the press's log
        return super().settings(machine, **more) | {
            "database": self.over_network, "press": self.site.address, "contact": f"https://{machine}.example/",
            "delay_s": DELAY,
        }  # fmt: skip

    def launch(self, machine, words):
        child = self.network.start(
            self.workers[machine], *words, env=self.environment, log=self.folder / f"{machine}.log"
        )
        self.children.append(child)
        return child

    def ingesting(self):
        words = [sys.executable, HERE / "ingest_process.py", self.over_network, self.hub, self.root, self.folder / "refused.txt"]  # fmt: skip
        self.network.start(
            self.hub_machine, *words, env=self.environment, log=self.folder / "ingest.log"
        )
        until((self.folder / "refused.txt").exists, PATIENCE_S, "the writer")

    def requests(self):
        """(time, worker) of each request, oldest first."""
        # the last line may be half written
        lines = [
            x
            for x in (self.folder / "press.jsonl").read_text().splitlines(keepends=True)
            if x.endswith("\n")
        ]
        found = (json.loads(line) for line in lines)
        return [(x["monotonic"], "one" if "one.example" in (x["user_agent"] or "") else "two") for x in found if x["paper"] == PAPER]  # fmt: skip

    def asked_by(self, worker):
        """Number of requests of one worker."""
        return sum(name == worker for _, name in self.requests())

    def refused_segments(self):
        return (self.folder / "refused.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def network():
    for needed in ("procrastinate", "s3fs", "moto.server"):
        pytest.importorskip(needed, reason="the extras `cluster`, `s3` and `dev` are not installed")
    network = Network()
    try:
        yield network
    finally:
        network.close()


@pytest.fixture(scope="module")
def hub(network, new_server, tmp_path_factory):
    """The hub's machine with PostgreSQL at its first address and an object store at its second."""
    machine = network.machine("hub", addresses=2)
    server = new_server(host=machine.address, within=("ip", "netns", "exec", machine.name))
    with network.ending():
        network.start(
            machine, sys.executable, "-m", "moto.server", "-H", machine.addresses[1], "-p", _S3_PORT,
            log=tmp_path_factory.mktemp("store") / "log", env=os.environ | KEYS,
        )  # fmt: skip
        yield machine, server


@pytest.fixture(scope="module")
def expected(new_command, tmp_path_factory):
    """What an ordinary crawl of the paper stores."""
    command = new_command(tmp_path_factory.mktemp("expected"))
    with DemoPress(port=command.port, scale=SCALE):
        command("crawl", PAPER)
    return Cluster(dsn="", folder=command.archive.parent, port=0).articles()


@pytest.fixture(scope="module")
def table(request):
    """Lines of what was measured, shown at the end."""
    lines = []
    yield lines
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{'fault at the holder':34} {'requests':>8} {'smallest gap':>12} {'< 0.9 x':>8} {'other starts':>12} {'rows':>7} {'refused':>8}")  # fmt: skip # noqa: T201 - the table
        for line in lines:
            print(line)  # noqa: T201 - the table


@pytest.fixture
def machines(network, hub, tmp_path, request):
    """A cluster with two workers, on one of which a crawl has come to its middle."""
    hub_machine, server = hub
    number = next(NUMBERS)
    is_without = request.node.name == WITHOUT
    site = network.machine(f"site{number}")
    workers = {name: network.machine(f"{name}{number}") for name in ("one", "two")}
    dsn = server.new_database()
    prepared(dsn)
    machines = Machines(
        dsn=dsn, folder=tmp_path, port=DEMO_PORT, network=network, hub_machine=hub_machine, site=site, workers=workers, bucket=f"bucket{number}",
    )  # fmt: skip
    with network.ending():
        network.start(
            site, sys.executable, "-m", "scraper.demo.press", "--host", site.address, "--port", DEMO_PORT,
            "--scale", SCALE_WITHOUT if is_without else SCALE, "--log", tmp_path / "press.jsonl", log=tmp_path / "press.log",
        )  # fmt: skip
        machines.ingesting()
        more = {"without_lease": True} if is_without else {}
        started = {name: machines.worker(name, **more) for name in workers}
        until(lambda: machines.query("SELECT count(*) AS n FROM dqtv_workers")[0]["n"] == 2, PATIENCE_S, "both workers")  # fmt: skip
        machines.defer()
        until(lambda: len(machines.requests()) >= FAULT_AFTER, PATIENCE_S, "the crawl's middle")
        (machines.holder,) = {worker for _, worker in machines.requests()}
        (machines.other,) = workers.keys() - {machines.holder}
        machines.first = started[machines.holder]
        (machines.crawl,) = machines.crawls_of(machines.first)
        yield machines


def check(machines, expected, table, fault, began):
    """Every page is stored once and the site was not asked too fast; what was measured."""
    until(machines.are_done, PATIENCE_S, "the end of the job")
    until(
        lambda: machines.articles() == expected,
        10,
        "all articles",
    )
    assert machines.waiting() == 0
    line = measure(machines, fault, began)
    table.append(line)
    assert line.too_short == 0
    # nothing is refused but what came from the holder that was replaced
    assert all(
        f"segment {PAPER}/1/" in note and "older than" in note
        for note in machines.refused_segments()
    )
    return line


@attrs.frozen(kw_only=True)
class Line:
    """What was measured in one test."""

    fault: str
    requests: int
    smallest: float
    too_short: int
    other_after: float | None
    rows: int
    refused: int

    def __str__(self):
        other = "never" if self.other_after is None else f"{self.other_after:.1f} s"
        return f"{self.fault:34} {self.requests:8} {self.smallest:10.2f} s {self.too_short:8} {other:>12} {self.rows:>7} {self.refused:8}"


def measure(machines, fault, began):
    asked = machines.requests()
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(asked)]
    others = [at - began for at, worker in asked if worker == machines.other]
    return Line(
        fault=fault, requests=len(asked), smallest=min(gaps), too_short=sum(gap < 0.9 * DELAY for gap in gaps),
        other_after=min(others, default=None), rows=len(machines.articles()),
        refused=len(machines.refused_segments()),
    )  # fmt: skip


def until_taken_over(machines):
    until(
        lambda: machines.asked_by(machines.other) > OTHERS_REQUESTS, PATIENCE_S, "the other crawl"
    )


def test_the_hub_is_cut_off_and_the_site_is_not(machines, expected, table):
    """The dangerous one: nobody tells the crawl that another has begun."""
    began = cut_the_hub(machines)
    bring_home_what_is_left(machines)
    until(
        machines.refused_segments, PATIENCE_S, "the pages of the first crawl, which come too late"
    )
    check(machines, expected, table, "hub cut, site reachable", began)


def bring_home_what_is_left(machines):
    """As a worker does when it starts; the crawl itself may have waited for the hub no longer."""
    until(lambda: not Path(f"/proc/{machines.crawl}").exists(), PATIENCE_S, "the first crawl's end")
    spool = machines.folder / machines.holder
    words = [sys.executable, "-m", "scraper", "cluster", "push", "--database", machines.over_network, "--hub", machines.hub, "--spool", spool]  # fmt: skip
    assert machines.launch(machines.holder, words).wait(PATIENCE_S) == 0


def cut_the_hub(machines):
    """Cut the holder off from the hub until the other crawl is under way; when that was."""
    holder, hub = machines.workers[machines.holder], machines.hub_machine
    began = time.monotonic()
    holder.cut_off(*hub.addresses)
    until_taken_over(machines)
    holder.mend(*hub.addresses)
    return began


def asked_late(machines):
    """Requests of the first crawl that came after the other's first one."""
    requests = machines.requests()
    first = next(at for at, worker in requests if worker == machines.other)
    return [at - first for at, worker in requests if worker == machines.holder and at > first]


def test_all_links_of_the_holder_are_down(machines, expected, table):
    holder = machines.workers[machines.holder]
    began = time.monotonic()
    holder.pull_plug()
    until_taken_over(machines)
    holder.put_plug_in()
    check(machines, expected, table, "all links down", began)
    assert not asked_late(machines), "TCP brought over what was sent while the links were down"


def test_the_holders_machine_is_killed(machines, expected, table):
    began = time.monotonic()
    machines.first.kill()
    os.kill(machines.crawl, signal.SIGKILL)
    check(machines, expected, table, "machine killed", began)
    assert machines.asked_by(machines.other) > 0


def test_the_way_of_the_results_alone_is_cut(machines, expected, table):
    """The crawl keeps its lease and goes on; what it has comes home when the way is mended."""
    holder, store = machines.workers[machines.holder], machines.hub_machine.addresses[1]
    began = time.monotonic()
    holder.cut_off(store)
    already = machines.asked_by(machines.holder)
    until(
        lambda: machines.asked_by(machines.holder) > already + 12, PATIENCE_S, "the crawl going on"
    )
    holder.mend(store)
    line = check(machines, expected, table, "push path cut", began)
    assert (line.other_after, line.refused) == (None, 0)


def test_without_leases_the_site_is_asked_too_fast(machines, table):
    """Else the tests above prove nothing."""
    began = cut_the_hub(machines)
    line = measure(machines, "hub cut, leases off", began)
    table.append(line)
    assert line.too_short > 0
