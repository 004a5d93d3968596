"""What verifying finds in an archive of two small files, and what it says about it."""

import gzip
import hashlib
import os
import random
import shutil
import subprocess
import sys
from itertools import pairwise

import attrs
import pytest

from archive.captures import read_capture
from archive.fixity import Expected, check_file
from archive.manifest import MANIFEST_NAME, register_closed
from archive.records import GZIP_HEADER, record_bytes
from archive.runs import start_run
from archive.verify import Choice, verify
from archive.walk import Walk
from archive.warc_files import OPEN_SUFFIX

RUN = "20261124T030955Z-1a2b3c4d"


@pytest.fixture
def archive(store, make_writer, make_exchange):
    """Two closed files, each of three pages with their rows; the second holds a revisit."""
    for number in range(2):
        writer = make_writer(store.warc_folder, known_payload=store.known_payload)
        for page in range(3):
            payload = (
                b"same in both files " * 20 if page == 2 else f"{number} {page} ".encode() * 90
            )
            exchange = make_exchange(payload, url=f"http://bao.vn/{number}/{page}")
            written = writer.write_exchange(exchange)
            writer.flush(durable=False)
            capture = read_capture(
                store.warc_folder, written.location, site="bao", find_payload=store.payload_location
            )
            with store.transaction():
                store.add_capture(attrs.evolve(capture, run_id=RUN))
        register_closed(store, writer.close())
    return store


def first_file(store):
    name = store.connection.execute("SELECT min(name) FROM warc_files").fetchone()[0]
    return name, store.warc_folder / name


def change(path, at, value=None):
    content = bytearray(path.read_bytes())
    content[at] = content[at] ^ 0xFF if value is None else value
    path.write_bytes(content)


def kinds(report):
    return [problem.kind for problem in report.problems]


def test_a_sound_archive_has_no_problem_and_every_row_was_compared(archive):
    report = verify(archive, Choice())
    assert (report.problems, report.notes) == ((), ())
    assert (report.files, report.rows, report.records) == (2, 6, 14)
    assert report.bytes == sum(
        n for (n,) in archive.connection.execute("SELECT bytes FROM warc_files")
    )
    assert report.seed is None


def test_results_are_stored_with_their_dates(archive):
    verify(archive, Choice())
    name, path = first_file(archive)
    good = archive.connection.execute("SELECT verified_at FROM warc_files WHERE name = ?", (name,)).fetchone()  # fmt: skip
    assert good[0].endswith("Z")
    change(path, 40)
    verify(archive, Choice())
    rows = archive.connection.execute(
        "SELECT result, detail FROM verifications WHERE file = ? ORDER BY id", (name,)
    ).fetchall()
    assert rows[0] == ("sound", None)
    assert rows[1][0] == "damaged"
    assert f"{name}, byte 0" in rows[1][1]
    again = archive.connection.execute("SELECT verified_at FROM warc_files WHERE name = ?", (name,)).fetchone()  # fmt: skip
    assert again == good, "a failed check is no verification"


def test_a_cut_is_named_with_the_byte_at_which_the_file_ends(archive):
    name, path = first_file(archive)
    size = path.stat().st_size
    os.truncate(path, size - 7)
    report = verify(archive, Choice())
    (length,) = [problem for problem in report.problems if problem.kind == "length"]
    assert str(length) == f"{name}, byte {size - 7}: the file ends here, 7 bytes are missing; restore the file from a backup"  # fmt: skip


def test_a_cut_between_two_records_is_found(archive):
    name, path = first_file(archive)
    end = archive.connection.execute(
        "SELECT max(offset) FROM captures WHERE warc_file = ?", (name,)
    ).fetchone()[0]
    os.truncate(path, end)
    report = verify(archive, Choice())
    assert set(kinds(report)) == {"row", "length"}
    assert {problem.offset for problem in report.problems} == {end}


def test_what_was_appended_is_found(archive):
    name, path = first_file(archive)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\0\0\0")
    problems = verify(archive, Choice()).problems
    assert {(x.kind, x.offset) for x in problems} == {("damaged", size), ("length", size)}
    assert {x.file for x in problems} == {name}


def test_a_damaged_record_is_named_with_the_page_it_held(archive):
    name, path = first_file(archive)
    offset, length, url = archive.connection.execute(
        "SELECT offset, length, url FROM captures WHERE warc_file = ? ORDER BY offset LIMIT 1",
        (name,),
    ).fetchone()
    change(path, offset + length // 2)
    damage = verify(archive, Choice()).problems[0]
    assert (damage.kind, damage.offset, damage.length) == ("damaged", offset, length)
    assert url in damage.what


def offsets(path):
    """Where the members of a file begin."""
    with path.open("rb") as file:
        return [part.offset for part in Walk(file)]


def checked(store, name):
    sha256, length = store.connection.execute(
        "SELECT sha256, bytes FROM warc_files WHERE name = ?", (name,)
    ).fetchone()
    return check_file(
        store.warc_folder, Expected(name=name, sha256=sha256, length=length), store.connection
    )


@pytest.mark.parametrize("at", range(len(GZIP_HEADER)))
def test_each_bit_of_each_member_header_is_found_with_its_place(archive, at):
    """What no reader looks at (time, flags, system) is named to the byte, the rest with its record."""
    name, path = first_file(archive)
    whole, starts = path.read_bytes(), offsets(path)
    assert len(starts) == 7
    for start, end in pairwise([*starts, len(whole)]):
        for bit in range(8):
            change(path, start + at, whole[start + at] ^ (1 << bit))
            problems = checked(archive, name).problems
            path.write_bytes(whole)
            place = problems[0]
            assert place.file == name
            assert start <= place.offset <= start + at < place.offset + place.length <= end
            if at >= 4:
                assert [(x.kind, x.offset, x.length) for x in problems] == [("checksum", start + at, 1)]  # fmt: skip
                assert "gzip header" in place.what


def test_a_changed_header_is_named_beside_other_damage(archive):
    name, path = first_file(archive)
    starts = offsets(path)
    change(path, starts[1] + 5)
    change(path, (starts[3] + starts[4]) // 2)
    found = checked(archive, name).problems
    assert [(x.kind, x.offset) for x in found] == [("damaged", starts[3]), ("checksum", starts[1] + 5)]  # fmt: skip


def repack(store, name, path, header=None):
    """Pack the file's records with another compressor, and put that on record; where its members begin."""
    packed = [gzip.compress(x, 9, mtime=0) for x in contents(path)]
    if header is not None:
        packed = [header + member[len(header) :] for member in packed]
    path.write_bytes(b"".join(packed))
    store.connection.execute("DELETE FROM captures WHERE warc_file = ?", (name,))
    store.connection.execute(
        "UPDATE warc_files SET bytes = ?, sha256 = ? WHERE name = ?",
        (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), name),
    )
    return offsets(path)


def contents(path):
    whole, starts = path.read_bytes(), offsets(path)
    return [gzip.decompress(whole[a:b]) for a, b in pairwise([*starts, len(whole)])]


@pytest.mark.parametrize("header", [None, GZIP_HEADER])
def test_a_changed_header_is_named_in_a_file_of_another_compressor(archive, header):
    name, path = first_file(archive)
    starts = repack(archive, name, path, header)
    assert checked(archive, name).problems == []
    change(path, starts[2] + 6)
    (problem,) = checked(archive, name).problems
    assert (problem.kind, problem.offset, problem.length) == ("checksum", starts[2] + 6, 1)


def test_where_no_place_can_be_named_it_is_said_what_is_known(archive):
    name, path = first_file(archive)
    archive.connection.execute("UPDATE warc_files SET sha256 = ? WHERE name = ?", ("ab" * 32, name))
    (problem,) = checked(archive, name).problems
    assert "all of its 7 records are whole" in problem.what
    assert "the checksum on record that is wrong" in problem.what
    repack(archive, name, path)
    archive.connection.execute("UPDATE warc_files SET sha256 = ? WHERE name = ?", ("ab" * 32, name))
    (problem,) = checked(archive, name).problems
    assert "no text was changed" in problem.what
    assert "another version of the compressor" in problem.what


def test_our_members_begin_as_it_is_written_down():
    assert record_bytes({"WARC-Type": "response"}, b"x", "text/plain").startswith(GZIP_HEADER)


def test_every_byte_of_a_file_is_watched(archive):
    """Each byte changed in turn: always found, always within the place that is named."""
    name, path = first_file(archive)
    sha256, length = archive.connection.execute("SELECT sha256, bytes FROM warc_files WHERE name = ?", (name,)).fetchone()  # fmt: skip
    whole = path.read_bytes()
    chance = random.Random(3)
    missed = []
    for at in range(0, length, 3):
        change(path, at, whole[at] ^ chance.randint(1, 255))
        check = check_file(archive.warc_folder, Expected(name=name, sha256=sha256, length=length), archive.connection)  # fmt: skip
        path.write_bytes(whole)
        places = [x for x in check.problems if x.offset <= at < x.offset + x.length]
        if not places:
            missed.append(at)
    assert missed == []


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("url", "http://bao.vn/other", "address http://bao.vn/0/0, not http://bao.vn/other"),
        ("status", 404, "status 200, not 404"),
        ("fetched_at", "2020-01-01T00:00:00.000000Z", "time 2026"),
        ("length", 3, "length"),
        ("kind", "revisit", "kind"),
        ("payload_sha256", "ab" * 32, "payload"),
    ],
)
def test_a_row_that_differs_from_its_record_is_named(archive, column, value, said):
    archive.connection.execute(
        f"UPDATE captures SET {column} = ? WHERE url = 'http://bao.vn/0/0'", (value,)
    )
    (problem,) = verify(archive, Choice()).problems
    assert problem.kind == "row"
    assert said in problem.what
    assert "dqtv repair" in problem.todo


def test_a_row_that_names_no_record_is_named(archive):
    archive.connection.execute(
        "UPDATE captures SET offset = offset + 1 WHERE url = 'http://bao.vn/0/1'"
    )
    report = verify(archive, Choice())
    assert kinds(report) == ["row"]
    assert "no capture's record begins there" in report.problems[0].what
    assert "1 captures have no row" in report.notes[0]


def test_a_revisit_without_its_payload_is_named(archive):
    archive.connection.execute("DELETE FROM captures WHERE url = 'http://bao.vn/0/2'")
    report = verify(archive, Choice())
    assert kinds(report) == ["payload"]
    assert "http://bao.vn/1/2" in report.problems[0].what


def test_a_capture_without_a_row_is_a_note_and_no_problem(archive):
    archive.connection.execute("DELETE FROM captures WHERE url = 'http://bao.vn/0/0'")
    report = verify(archive, Choice())
    assert report.problems == ()
    assert "`dqtv repair` adds them" in report.notes[0]


def test_a_missing_file_is_named_even_when_it_is_not_drawn(archive):
    name, path = first_file(archive)
    path.unlink()
    assert kinds(verify(archive, Choice())) == ["missing"]
    other = next(seed for seed in range(20) if name not in str(verify(archive, Choice(sample=1, seed=seed)).notes))  # fmt: skip
    assert kinds(verify(archive, Choice(sample=1, seed=other))) == ["missing"]


def test_a_folder_in_place_of_a_file_is_unreadable(archive):
    _, path = first_file(archive)
    path.unlink()
    path.mkdir()
    assert kinds(verify(archive, Choice())) == ["unreadable"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_this_user_may_not_read_is_named(archive):
    _, path = first_file(archive)
    path.chmod(0)
    report = verify(archive, Choice())
    path.chmod(0o600)
    assert kinds(report) == ["unreadable"]
    assert "may read it" in report.problems[0].todo


@pytest.mark.parametrize(
    ("content", "kind", "todo"),
    [
        (b"", "foreign", "remove it"),
        (b"plain text", "foreign", "dqtv import"),
        (b"\x1f\x8b\x08\x00 and no more", "foreign", "dqtv import"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named(archive, content, kind, todo):
    _, path = first_file(archive)
    path.with_name("wget.warc.gz").write_bytes(content)
    (problem,) = verify(archive, Choice()).problems
    assert (problem.kind, problem.file) == (kind, "bao/2026/wget.warc.gz")
    assert todo in problem.todo


def test_a_note_left_among_the_files_is_foreign(archive):
    (archive.warc_folder / "bao" / "notes.txt").write_text("x", encoding="utf-8")
    (problem,) = verify(archive, Choice()).problems
    assert (problem.kind, problem.file) == ("foreign", "bao/notes.txt")


def test_a_file_of_ours_without_a_row_is_unknown_and_read_all_the_same(archive):
    name, path = first_file(archive)
    copy = path.with_name("copy.warc.gz")
    shutil.copy(path, copy)
    (problem,) = verify(archive, Choice()).problems
    assert (problem.kind, problem.todo) == ("unknown", "run `dqtv repair`")
    change(copy, copy.stat().st_size - 60)
    assert "damaged" in kinds(verify(archive, Choice()))
    copy.unlink()
    archive.connection.execute("DELETE FROM warc_files WHERE name = ?", (name,))
    change(path, 60)
    assert set(kinds(verify(archive, Choice()))) == {"damaged", "checksum", "unknown"}, (
        "the manifest knows it"
    )


@pytest.mark.parametrize(("ours", "fits"), [(True, "the database"), (False, MANIFEST_NAME)])
def test_when_database_and_manifest_differ_the_file_decides(archive, ours, fits):
    name, path = first_file(archive)
    if ours:
        manifest = path.parents[1] / MANIFEST_NAME
        sha256 = archive.connection.execute("SELECT sha256 FROM warc_files WHERE name = ?", (name,)).fetchone()[0]  # fmt: skip
        manifest.write_text(
            manifest.read_text("utf-8").replace(sha256, "ab" * 32), encoding="utf-8"
        )
    else:
        archive.connection.execute("UPDATE warc_files SET sha256 = ? WHERE name = ?", ("ab" * 32, name))  # fmt: skip
    problems = [x for x in verify(archive, Choice()).problems if x.kind == "manifest"]
    assert len(problems) == 1
    assert f"the file fits {fits}" in problems[0].what
    assert problems[0].todo == "run `dqtv repair`"


def test_files_that_no_manifest_lists_are_a_note(archive):
    (archive.warc_folder / "bao" / MANIFEST_NAME).unlink()
    report = verify(archive, Choice())
    assert report.problems == ()
    assert "2 files are not listed in SHA256SUMS" in report.notes[0]


def test_a_file_being_written_is_passed_over_and_named(archive, make_writer, make_exchange):
    writer = make_writer(archive.warc_folder)
    location = writer.write_exchange(make_exchange()).location
    assert verify(archive, Choice()).notes == (f"{location.warc_file}{OPEN_SUFFIX}: nothing is written yet",)  # fmt: skip
    writer.flush(durable=False)
    report = verify(archive, Choice())
    assert report.problems == ()
    assert report.notes == (f"{location.warc_file}{OPEN_SUFFIX}: being written, not read",)


def test_a_file_that_a_killed_run_left_open_is_named(archive):
    _, path = first_file(archive)
    shutil.copy(path, path.with_name(f"killed.warc.gz{OPEN_SUFFIX}"))
    (problem,) = verify(archive, Choice()).problems
    assert (problem.kind, problem.file) == ("open", f"bao/2026/killed.warc.gz{OPEN_SUFFIX}")
    assert "dqtv repair" in problem.todo


def test_a_file_closed_by_a_run_that_goes_on_is_passed_over(archive, make_writer, make_exchange):
    run_id = "20261124T040000Z-5e6f7a8b"
    start_run(archive, run_id, site="bao", command="crawl")
    writer = make_writer(archive.warc_folder, run_id=run_id)
    writer.write_exchange(make_exchange())
    (closed,) = writer.close()
    report = verify(archive, Choice())
    assert report.problems == ()
    assert report.notes == (f"{closed.name}: its run is still going on, not read",)


def test_captures_in_a_file_that_does_not_exist_are_named(archive, make_capture):
    with archive.transaction():
        archive.add_capture(make_capture())
    (problem,) = verify(archive, Choice()).problems
    assert (problem.kind, problem.file) == ("missing", "bao/2026/x.warc.gz")
    assert "1 captures are in it" in problem.what


def test_a_sample_is_drawn_again_from_its_seed(archive):
    chosen = {}
    for seed in (*range(8), *range(8)):
        archive.connection.execute("DELETE FROM verifications")
        report = verify(archive, Choice(sample=50, is_share=True, seed=seed))
        assert (report.files, report.known, report.seed) == (1, 2, seed)
        file = archive.connection.execute("SELECT file FROM verifications").fetchone()[0]
        assert chosen.setdefault(seed, file) == file
    assert len(set(chosen.values())) == 2


def test_since_leaves_out_files_closed_before(archive):
    name, _ = first_file(archive)
    archive.connection.execute(
        "UPDATE warc_files SET closed_at = '2020-01-01' WHERE name = ?", (name,)
    )
    assert verify(archive, Choice(since="2026-01-01")).files == 1
    assert verify(archive, Choice()).files == 2


def test_only_the_papers_asked_for_are_looked_at(archive):
    (archive.warc_folder / "bao" / "notes.txt").write_text("x", encoding="utf-8")
    report = verify(archive, Choice(sites=("khac",)))
    assert (report.files, report.problems) == (0, ())


def test_the_files_are_never_written(archive):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.warc_folder.rglob("*.gz")}  # fmt: skip
    verify(archive, Choice())
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in archive.warc_folder.rglob("*.gz")}  # fmt: skip
    assert before == after


def test_verifying_imports_no_crawler():
    code = "import sys, archive.verify; sys.exit('scrapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
