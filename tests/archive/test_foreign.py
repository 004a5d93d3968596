import gzip
import os
from pathlib import Path

import pytest

from archive.captures import iter_captures, read_capture
from archive.errors import NotAWarc
from archive.model import CaptureKind

SHARED = Path(os.environ.get("DQTV_SHARED", Path(__file__).parents[2] / "../shared"))


def record(kind, number, block, url=None):
    """One WARC 1.0 record as another program writes it."""
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>",
        "WARC-Date: 2019-03-12T01:02:03Z",
        f"Content-Length: {len(block)}",
    ]
    if url is not None:
        lines.append(f"WARC-Target-URI: {url}")
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def foreign_bytes(pages=3, *, packed=True):
    """A whole file with requests among the responses, one gzip member for each record."""
    parts = [record("warcinfo", 0, b"software: other\r\n")]
    for number in range(pages):
        url = f"http://kia.vn/{number}"
        page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\npage %d" % number
        parts.append(record("request", 100 + number, b"GET / HTTP/1.1\r\n\r\n", url))
        parts.append(record("response", 200 + number, page, url))
    return b"".join(gzip.compress(part, mtime=0) if packed else part for part in parts)


@pytest.fixture
def foreign(tmp_path):
    def make(content, name="other.warc.gz"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.mark.parametrize("packed", [True, False])
def test_responses_come_one_by_one(foreign, packed):
    warc = iter_captures(foreign(foreign_bytes(packed=packed)))
    assert [(x.url, x.status, x.body) for x in warc] == [
        (f"http://kia.vn/{n}", 200, b"page %d" % n) for n in range(3)
    ]
    assert (warc.responses, warc.skipped, warc.bad) == (3, 4, [])


def test_a_gzip_of_the_whole_file_is_read_too(foreign):
    warc = iter_captures(foreign(gzip.compress(foreign_bytes(packed=False))))
    assert [record.body for record in warc] == [b"page 0", b"page 1", b"page 2"]


@pytest.mark.parametrize("packed", [True, False])
def test_any_cut_of_the_tail_gives_what_came_before_and_says_so(foreign, packed):
    whole = foreign_bytes(packed=packed)
    before = len(foreign_bytes(2, packed=packed))
    cuts = range(before + 1, len(whole) - 1)
    for end in [*cuts[:: 1 + len(cuts) // 60], len(whole) - (1 if packed else 40)]:
        warc = iter_captures(foreign(whole[:end]))
        bodies = [record.body for record in warc]
        assert bodies[:2] == [b"page 0", b"page 1"], end
        if packed:
            assert warc.bad_count == 1, end
            assert before <= warc.bad[0].offset < end


def test_a_cut_inside_a_page_of_a_plain_file_is_noticed(foreign):
    whole = foreign_bytes(packed=False)
    warc = iter_captures(foreign(whole[: whole.rindex(b"page 2") + 3]))
    assert [record.body for record in warc] == [b"page 0", b"page 1"]
    [bad] = warc.bad
    assert "ends after" in bad.reason


@pytest.mark.parametrize("packed", [True, False])
def test_the_reading_goes_on_after_garbage_between_records(foreign, packed):
    garbage = b"\nnonsense here\n" * 9
    first, rest = foreign_bytes(1, packed=packed), foreign_bytes(3, packed=packed)
    warc = iter_captures(foreign(first + garbage + rest))
    assert [record.body for record in warc] == [b"page 0", b"page 0", b"page 1", b"page 2"]
    [bad] = warc.bad
    assert len(first) <= bad.offset <= len(first) + 1
    assert "no record begins there" in bad.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>a page</html>",
        gzip.compress(b"just a packed letter"),
        b"\x1f\x8b broken",
        b"PK\x03\x04" + bytes(range(256)),
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
    ],
)
def test_a_file_that_is_no_warc_is_named(foreign, content):
    path = foreign(content, "letter.gz")
    with pytest.raises(NotAWarc, match=r"letter\.gz"):
        list(iter_captures(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotAWarc, match=r"none\.warc\.gz: No such file"):
        list(iter_captures(tmp_path / "none.warc.gz"))


def test_responses_that_are_no_http_page_are_counted_not_given(foreign):
    content = record("response", 1, b"1.2.3.4", "dns:kia.vn")
    content += record("response", 2, b"no status line", "http://kia.vn/")
    warc = iter_captures(foreign(content))
    assert list(warc) == []
    assert warc.skipped == 2
    assert ["no HTTP status line" in bad.reason for bad in warc.bad] == [True]


def test_a_record_taken_over_reads_back_the_same(foreign, make_writer, store):
    writer = make_writer(store.warc_folder)
    (record,) = iter_captures(foreign(foreign_bytes(1)))
    written = writer.copy_record(
        record_id=record.id, url=record.url, date=record.date, http_bytes=record.http_bytes
    )
    writer.close()
    capture = record.as_capture(site="bao", written=written, run_id="r")
    again = read_capture(store.warc_folder, written.location, site="bao", url=record.url)
    assert (capture.kind, capture.robots) == (CaptureKind.IMPORT, "not_consulted")
    assert (again.id, again.fetched_at) == (capture.id, capture.fetched_at)
    assert (again.body, again.headers) == (capture.body, capture.headers)
    assert again.payload_sha256 == capture.payload_sha256


def test_real_pages_are_read():
    path = SHARED / "seed" / "pages.warc.gz"
    if not path.exists():
        pytest.skip("the shared pages are not here")
    warc = iter_captures(path)
    hosts = [record.url.split("/")[2] for record in warc]
    assert hosts == ["baocaobang.vn", "baolaocai.vn", "baocantho.com.vn"]
    assert warc.bad == []
