"""Wherever in a segment the hub's disk ends, no manifest is there without its data."""

import pytest

pytest.importorskip("fsspec", reason="the extra `cluster` is not installed")

from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.segment import sealed
from archive.errors import HubUnreachable

#: Bytes by which the disk's room grows.
STEP = 4096


@pytest.fixture
def hub(small_disk, hub_url):
    assert small_disk
    return Hub(hub_url)


def why_not(hub, segment):
    """What is said where the segment is not taken; empty where it is."""
    try:
        hub.push(segment)
    except HubUnreachable as error:
        return str(error)
    return ""


def test_a_segment_is_there_whole_or_not_at_all_however_much_of_it_fits(
    archive, hub, fakes, worker, small_disk
):
    for number in range(40):
        worker.find(number)
    segment = worker.seal()
    ingest = Ingest(archive, hub, fakes)
    room = 0
    small_disk.leave(room)
    while said := why_not(hub, segment):
        assert "No space left on device" in said
        assert "check address, network, access rights and free space" in said
        assert ingest.step().stored == 0
        assert hub.manifests() == ()
        assert sealed(worker.store) == (segment,)
        room += STEP
        small_disk.leave(room)
    # its files one by one: what was taken of them stays there
    assert room > 5 * STEP
    assert ingest.step().stored == 1
    assert archive.connection.execute("SELECT count(*) FROM captures").fetchone() == (40,)


def test_a_worker_is_given_no_half_of_a_state(archive, hub, fakes, small_disk, tmp_path):
    token = fakes.take()
    small_disk.leave(STEP)
    ingest = Ingest(archive, hub, fakes)
    with pytest.raises(HubUnreachable, match="No space left on device"):
        ingest.step()
    assert not hub.get_state("bao", token, tmp_path / "state.db")
    small_disk.leave(2_000_000)
    assert ingest.step().states == 1
    assert hub.get_state("bao", token, tmp_path / "state.db")
