"""Indexes of closed files: one for each, whole or absent, and all of them in one."""

import json

import pytest

from archive import cdxj
from archive.cdxj import index_closed_files, index_path, merge_indexes
from archive.errors import ArchiveUnwritable
from archive.recovery import recover_open_files


@pytest.fixture
def write(store, make_writer, make_exchange):
    """Write closed files with the addresses given, one file for each call."""

    def run(*numbers, site="bao", close=True):
        writer = make_writer(store.warc_folder, site=site)
        for number in numbers:
            writer.write_exchange(make_exchange(url=f"http://bao.vn/{number}.html"))
        [closed] = writer.close()
        if not close:
            path = store.warc_folder / closed.name
            path.rename(f"{path}.open")
            return None
        with store.transaction():
            store.register_closed_file(closed)
        return closed.name

    return run


def lines(path):
    read = [line.split(" ", 2) for line in path.read_text().splitlines()]
    return [(key, time, json.loads(fields)) for key, time, fields in read]


def test_each_capture_of_a_file_has_a_line_that_leads_to_its_record(store, write):
    name = write(2, 1)
    assert index_closed_files(store).files == (name,)
    found = lines(index_path(store.root, name))
    assert [key for key, _, _ in found] == ["vn,bao)/1.html", "vn,bao)/2.html"]
    assert {time for _, time, _ in found} == {"20261124031000"}
    for _, _, fields in found:
        assert fields["filename"] == name
        content = (store.warc_folder / name).read_bytes()
        assert content[int(fields["offset"]) :].startswith(b"\x1f\x8b")


def test_only_files_without_an_index_are_read_unless_asked_for(store, write):
    name = write(1)
    assert index_closed_files(store).files == (name,)
    assert index_closed_files(store).files == ()
    assert index_closed_files(store, rewrite=True).files == (name,)


def test_only_the_files_of_the_sites_asked_for_are_indexed(store, write):
    write(1)
    other = write(2, site="kia")
    assert index_closed_files(store, sites=["kia"]).files == (other,)


def test_a_file_left_open_by_a_kill_is_indexed_once_it_is_recovered(store, write):
    write(1, close=False)
    assert index_closed_files(store).files == ()
    [recovered] = recover_open_files(store)
    assert index_closed_files(store).files == (recovered.name,)


def test_a_missing_file_is_told_and_the_others_are_indexed(store, write):
    lost, kept = write(1), write(2)
    (store.warc_folder / lost).unlink()
    indexed = index_closed_files(store)
    assert indexed.files == (kept,)
    assert lost in indexed.problems[0]


@pytest.mark.parametrize("at_once", [2, 200])
def test_all_indexes_are_merged_in_order_however_many_there_are(store, write, monkeypatch, at_once):
    monkeypatch.setattr(cdxj, "_AT_ONCE", at_once)
    for number in (5, 3, 1, 4, 2):
        write(number, number + 10)
    index_closed_files(store)
    content = merge_indexes(store).read_bytes().splitlines()
    assert content == sorted(content)
    assert len(content) == 10
    folder = store.root / "index"
    assert {x.name for x in folder.iterdir()} == {"bao", "dqtv.cdxj", "config.yaml"}


def test_a_kill_while_writing_leaves_the_former_index(store, write, monkeypatch):
    write(1)
    index_closed_files(store)
    before = merge_indexes(store).read_bytes()
    write(2)
    index_closed_files(store)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cdxj, "merge", stop)
    with pytest.raises(KeyboardInterrupt):
        merge_indexes(store)
    assert (store.root / "index" / "dqtv.cdxj").read_bytes() == before


def test_an_index_that_cannot_be_written_is_named(store, write):
    write(1)
    (store.root / "index").write_text("in the way")
    with pytest.raises(ArchiveUnwritable, match="index"):
        index_closed_files(store)
