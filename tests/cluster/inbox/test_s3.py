"""A hub in an object store; moto stands in for S3, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from archive.cluster import parcel
from archive.cluster.hub import Hub, SegmentTaken
from archive.cluster.ingest import Ingest
from archive.cluster.manifest import ROWS, File, Key, Manifest
from archive.cluster.parcel import Order
from archive.cluster.segment import Segment
from archive.cluster.state import write_state
from archive.errors import HubUnreachable
from archive.health.alarms import open_alarms

pytest.importorskip("s3fs", reason="the extra `s3` is not installed")
pytest.importorskip("moto", reason="moto, which stands in for S3, is not installed")
pytestmark = pytest.mark.end_to_end

BUCKET = "dqtv"
#: From here on s3fs uploads in parts.
IN_PARTS = 48 << 20


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Address of an object store that is empty at first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        give_up = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, "moto did not start"
                assert time.monotonic() < give_up, "moto did not start in 60 s"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
        log.close()


@pytest.fixture
def s3(endpoint, monkeypatch):
    """A client of botocore's own, beside ours, and an empty bucket."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import botocore.session  # noqa: PLC0415 - it reads the variables

    client = botocore.session.get_session().create_client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for key in keys(client):
        client.delete_object(Bucket=BUCKET, Key=key)
    client.close()


def keys(client) -> list[str]:
    return [x["Key"] for x in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture
def hub(s3):
    assert s3
    return Hub(f"s3://{BUCKET}/press")


def test_segments_and_states_go_through_an_object_store(worker, hub, s3, archive, fakes):
    for number in (1, 2):
        worker.find(number)
        assert hub.push(worker.seal())
    report = Ingest(archive, hub, fakes).step()
    assert (report.stored, report.refused) == (2, 0)
    assert fakes.acked == {"bao": 2}
    assert keys(s3) == ["press/state/bao/1.db"]
    assert archive.connection.execute("SELECT count(*) FROM articles").fetchone() == (2,)


def test_the_second_to_create_a_manifest_is_refused_by_the_store(worker, twin, hub):
    worker.find(1)
    twin.find(2)
    assert hub.push(worker.seal())
    with pytest.raises(FileExistsError):
        hub.place.create("inbox/bao/1/1/manifest.json", b"{}")
    with pytest.raises(SegmentTaken):
        hub.push(twin.seal())


def test_bytes_that_do_not_fit_are_refused_by_us(worker, hub, s3, archive, fakes):
    worker.find(1)
    hub.push(worker.seal())
    name = f"press/inbox/bao/1/1/{ROWS}"
    content = s3.get_object(Bucket=BUCKET, Key=name)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=name, Body=content[:-1] + b"x")
    assert Ingest(archive, hub, fakes).step().refused == 1
    assert [x.field for x in open_alarms(archive.connection)] == ["damaged"]
    assert archive.connection.execute("SELECT count(*) FROM captures").fetchone() == (0,)
    assert sorted(x.rpartition("/")[0] for x in keys(s3))[:3] == ["press/refused/bao/1/1"] * 3


_PUSH = """
import sys; from pathlib import Path
from archive.cluster.hub import Hub; from archive.cluster.manifest import Key, read_manifest
from archive.cluster.parcel import Order
from archive.cluster.segment import Segment
url, root = sys.argv[1], Path(sys.argv[2])
content = (root / "manifest.json").read_bytes()
Hub(url).push(Segment(manifest=read_manifest(content, Key(site="bao", token=1, seq=1)), content=content, root=root))
"""


@pytest.fixture
def large(tmp_path) -> Segment:
    """A segment that is uploaded in parts; its rows come after it."""
    root = tmp_path / "large"
    warc, rows = root / "warc/bao/2026/bao-x.warc.gz", root / "segments/1" / ROWS
    files = []
    for path, name, content in (
        (warc, "bao/2026/bao-x.warc.gz", os.urandom(1 << 20) * (IN_PARTS // (1 << 20))),
        (rows, ROWS, b"rows"),
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        files.append(File(name=name, size=len(content), sha256=sha256))
    manifest = Manifest(
        key=Key(site="bao", token=1, seq=1), files=tuple(files), rows={}, software="test", schema="m016",
        sealed_at=datetime.now(UTC),
    )  # fmt: skip
    (root / "manifest.json").write_bytes(manifest.to_bytes())
    return Segment(manifest=manifest, content=manifest.to_bytes(), root=root)


def test_an_upload_that_was_killed_is_never_seen_and_the_next_one_is_whole(hub, s3, large):
    command = [sys.executable, "-c", _PUSH, f"s3://{BUCKET}/press", str(large.root)]
    push = subprocess.Popen(command)
    try:
        give_up = time.monotonic() + 120
        while not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads"):
            assert push.poll() is None, "it was uploaded before it could be killed"
            assert time.monotonic() < give_up
            time.sleep(0.005)
    finally:
        push.kill()
        push.wait()
    assert keys(s3) == []
    assert hub.manifests() == ()
    assert hub.push(large)
    assert hub.manifests() == (large.key,)
    assert hub.size(large.key, large.manifest.files[0]) == IN_PARTS


def test_a_store_that_does_not_answer_is_named(s3, monkeypatch):
    assert s3
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        away = Hub("s3://elsewhere/hub", skip_instance_cache=True)
        with pytest.raises(
            HubUnreachable, match=r"cannot list s3://elsewhere/hub.*Nothing is lost"
        ):
            away.manifests()


def test_a_bucket_that_is_not_there_is_named(hub, s3, archive, tmp_path):
    s3.delete_bucket(Bucket=BUCKET)
    write_state(archive, "bao", tmp_path / "state.db")
    with pytest.raises(HubUnreachable, match=r"cannot write s3://dqtv/press/state/bao/1\.db"):
        hub.put_state("bao", 1, tmp_path / "state.db")
    s3.create_bucket(Bucket=BUCKET)


def test_parcels_of_a_replay_and_their_results_lie_in_a_bucket_too(hub, tmp_path):
    records = tmp_path / "records"
    records.write_bytes(b"records")
    order = Order(
        name="20261124T030000Z-1a2b3c4d.1", site="bao", sha256=hashlib.sha256(b"records").hexdigest(),
        rules={"lexicon.toml": "1"}, template={}, pages=(),
    )  # fmt: skip
    parcel.put(hub, order, records, tmp_path / "order")
    assert parcel.names(hub) == {order.name}
    assert parcel.fetch(hub, order.name, tmp_path) == order
    assert (tmp_path / parcel.RECORDS).read_bytes() == b"records"
    parcel.remove(hub, order.name)
    assert (parcel.names(hub), parcel.fetch(hub, order.name, tmp_path)) == (set(), None)

    key = Key(site=f"replay:{order.name}", token=2, seq=1)
    hub.place.create(f"inbox/{key}/manifest.json", b"{}")
    assert hub.manifests() == (key,)
