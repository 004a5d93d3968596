import gzip
import hashlib
import subprocess
import sys

import pytest

from archive.captures import read_capture
from archive.errors import ArchiveError
from archive.model import RecordLocation
from archive.warc import recover_open_files, trim_tail
from archive.warc_files import OPEN_SUFFIX

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from archive.warc import Exchange, WarcWriter

writer = WarcWriter(Path(sys.argv[1]), site="bao", run_id="20261124T030955Z-1a2b3c4d", operator="o",
    software="s", robots_policy="obey", known_payload=lambda _: None)
for number in range(3):
    written = writer.write_exchange(Exchange(id=f"id-{number}", url=f"http://bao.vn/{number}",
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC), status=200, payload=b"page %d" % number))
    print(written.location.warc_file, written.location.offset, written.location.length)
writer.flush(durable=True)
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(store):
    """A file left by a process killed with SIGKILL; its path and the (offset, length) of its pages."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.warc_folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    path = store.warc_folder / (lines[0][0] + OPEN_SUFFIX)
    return path, [(int(offset), int(length)) for _, offset, length in lines]


def test_a_file_left_by_a_kill_is_closed_and_written_down(store, killed):
    path, _ = killed
    content = path.read_bytes()
    (report,) = recover_open_files(store)
    final = path.with_name(path.name.removesuffix(OPEN_SUFFIX))
    assert not path.exists()
    assert final.read_bytes() == content
    assert (report.cut, str(report)) == (0, f"{report.name}: left open by a killed run, now closed")
    row = store.connection.execute("SELECT name, site, run_id, bytes, sha256 FROM warc_files")
    assert row.fetchall() == [
        (
            report.name,
            "bao",
            "20261124T030955Z-1a2b3c4d",
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    ]
    assert recover_open_files(store) == ()


def test_any_cut_of_the_last_member_is_trimmed_to_the_record_before(killed, tmp_path):
    """Cuts in the gzip header, the data and the trailer of the last record."""
    path, _ = killed
    whole = path.read_bytes()
    ends = member_ends(whole)
    start, end = ends[-2], ends[-1]
    torn = tmp_path / "torn"
    for cut_at in range(start, end):
        torn.write_bytes(whole[:cut_at])
        assert trim_tail(torn, 0) == cut_at - start
        assert torn.read_bytes() == whole[:start]
    torn.write_bytes(whole)
    assert trim_tail(torn, 0) == 0


@pytest.mark.parametrize("tail", [b"\0" * 500, b"garbage", b"\x1f\x8b\x08\0torn header"])
def test_what_is_no_member_is_cut_but_good_orphans_stay(killed, tail):
    path, places = killed
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert trim_tail(path, sum(places[0])) == len(tail)
    assert path.read_bytes() == whole


def test_bytes_with_a_row_are_never_looked_at(killed):
    """Damage before the known end is for verification to report, not for recovery to cut."""
    path, places = killed
    content = bytearray(path.read_bytes())
    content[places[0][0] + 12] ^= 0xFF
    path.write_bytes(content)
    assert trim_tail(path, sum(places[2])) == 0
    assert path.read_bytes() == content


def test_a_file_shorter_than_its_rows_is_data_loss_and_stays(store, killed, make_capture):
    path, places = killed
    row_of_last_page(store, path, places, make_capture)
    short = path.read_bytes()[: sum(places[2]) - 1]
    path.write_bytes(short)
    with pytest.raises(ArchiveError, match="data was lost"):
        recover_open_files(store)
    assert path.read_bytes() == short


def test_a_torn_file_is_trimmed_and_its_rows_still_read(store, killed, make_capture):
    path, places = killed
    location = row_of_last_page(store, path, places, make_capture)
    path.write_bytes(path.read_bytes()[:-5])
    (report,) = recover_open_files(store, sites=("bao",))
    assert report.cut > 0
    assert "torn bytes" in str(report)
    assert read_capture(store.warc_folder, location, site="bao").body == b"page 2"


def test_a_file_without_one_whole_record_is_removed(store, killed):
    path, _ = killed
    path.write_bytes(path.read_bytes()[:30])
    (report,) = recover_open_files(store)
    assert (report.cut, report.closed) == (30, None)
    assert list(store.warc_folder.rglob("*.gz*")) == []


def test_a_file_in_use_is_left_alone(store, make_writer, make_exchange):
    writer = make_writer(store.warc_folder)
    writer.write_exchange(make_exchange())
    assert recover_open_files(store) == ()
    assert len(writer.close()) == 1


def test_other_sites_are_left_alone(store, killed):
    path, _ = killed
    assert recover_open_files(store, sites=("kia",)) == ()
    assert path.exists()


def test_a_file_renamed_but_not_written_down_is_written_down(store, make_writer, make_exchange):
    writer = make_writer(store.warc_folder)
    writer.write_exchange(make_exchange())
    (closed,) = writer.close()
    (report,) = recover_open_files(store)
    assert report.closed is not None
    assert (report.closed.sha256, report.closed.opened_at) == (closed.sha256, closed.opened_at)


def test_a_file_of_another_program_is_named_and_left_alone(store, killed, caplog):
    path, _ = killed
    foreign = path.with_name("x.warc.gz")
    foreign.write_bytes(gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\n\r\n"))
    before = foreign.read_bytes()
    (report,) = recover_open_files(store)
    assert report.name.endswith(path.name.removesuffix(OPEN_SUFFIX)), (
        "the crawl's own file is closed"
    )
    assert foreign.read_bytes() == before
    assert f"{foreign} does not begin with a warcinfo record" in caplog.text
    assert "dqtv import" in caplog.text
    assert not store.has_closed_file("bao/2026/x.warc.gz")


@pytest.mark.usefixtures("killed")
def test_a_file_of_ours_whose_head_is_damaged_is_refused(store):
    (report,) = recover_open_files(store)
    closed = store.warc_folder / report.name
    closed.write_bytes(b"\0" + closed.read_bytes()[1:])
    store.connection.execute("DELETE FROM warc_files")
    with pytest.raises(ArchiveError, match="does not begin with a warcinfo record"):
        recover_open_files(store)


def member_ends(content):
    """Where each gzip member of *content* ends, found by reading ever longer parts."""
    ends, start = [], 0
    while start < len(content):
        end = next(
            end for end in range(start + 20, len(content) + 1) if is_whole(content[start:end])
        )
        ends.append(end)
        start = end
    return ends


def is_whole(content):
    try:
        gzip.decompress(content)
    except EOFError:
        return False
    return True


def row_of_last_page(store, path, places, make_capture):
    """Write the row of the file's last page; its location."""
    name = path.relative_to(store.warc_folder).as_posix().removesuffix(OPEN_SUFFIX)
    location = RecordLocation(warc_file=name, offset=places[2][0], length=places[2][1])
    with store.transaction():
        store.add_capture(make_capture(location=location))
    return location
