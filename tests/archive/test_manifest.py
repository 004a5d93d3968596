import hashlib
import subprocess

import pytest

from archive.errors import ArchiveError, ArchiveUnwritable
from archive.manifest import MANIFEST_NAME, complete_manifest, read_manifest, register_closed
from archive.recovery import recover_open_files


@pytest.fixture
def close_file(store, make_writer, make_exchange):
    """Write and register one closed file; its value."""

    def run(**options):
        writer = make_writer(store.warc_folder, **options)
        writer.write_exchange(make_exchange())
        files = writer.close()
        register_closed(store, files)
        return files[0]

    return run


def test_sha256sum_accepts_the_manifest(store, close_file):
    close_file()
    close_file()
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", MANIFEST_NAME],
        cwd=store.warc_folder / "bao", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 2


def test_each_paper_has_a_manifest_of_its_own(store, close_file):
    first, second = close_file(), close_file(site="khac")
    assert read_manifest(store.warc_folder / "bao") == {first.name: first.sha256}
    assert read_manifest(store.warc_folder / "khac") == {second.name: second.sha256}


def test_lines_of_files_that_a_new_database_does_not_know_stay(store, close_file):
    first = close_file()
    store.connection.execute("DELETE FROM warc_files")
    second = close_file()
    assert set(read_manifest(store.warc_folder / "bao")) == {first.name, second.name}


def test_a_line_that_differs_from_the_database_is_left_as_it_is(store, close_file):
    file = close_file()
    store.connection.execute("UPDATE warc_files SET sha256 = ?", ("ab" * 32,))
    assert complete_manifest(store, "bao") == 0
    assert read_manifest(store.warc_folder / "bao") == {file.name: file.sha256}


def test_a_manifest_that_was_lost_is_written_again(store, close_file):
    file = close_file()
    (store.warc_folder / "bao" / MANIFEST_NAME).unlink()
    assert complete_manifest(store, "bao") == 1
    assert read_manifest(store.warc_folder / "bao") == {file.name: file.sha256}


def test_lines_that_are_no_checksums_are_passed_over(store, close_file):
    file = close_file()
    path = store.warc_folder / "bao" / MANIFEST_NAME
    path.write_bytes(b"# note\n\xff\xfe\n" + path.read_bytes() + b"abc  x\n")
    assert read_manifest(path.parent) == {file.name: file.sha256}


def test_a_file_changed_since_it_was_listed_is_not_written_down(store, close_file):
    file = close_file()
    store.connection.execute("DELETE FROM warc_files")
    path = store.warc_folder / file.name
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"SHA256SUMS: its bytes were changed.*restore"):
        recover_open_files(store)
    assert store.connection.execute("SELECT count(*) FROM warc_files").fetchone()[0] == 0
    assert hashlib.sha256(content).hexdigest() not in read_manifest(path.parents[1]).values()


def test_a_manifest_that_cannot_be_written_is_an_error_that_names_it(store, close_file):
    close_file()
    path = store.warc_folder / "bao" / MANIFEST_NAME
    path.unlink()
    path.with_name(f"{MANIFEST_NAME}.new").mkdir()
    with pytest.raises(ArchiveUnwritable, match=MANIFEST_NAME):
        complete_manifest(store, "bao")
