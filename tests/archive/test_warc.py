import contextlib
import errno
import fcntl
import gzip
import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.cli import main as warcio_main

from archive import warc, warc_files
from archive.errors import ArchiveUnwritable
from archive.model import CaptureKind
from archive.warc_files import create_file

ID = "11111111-2222-3333-4444-555555555555"
OPENED = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)


def records(path):
    """(type, WARC headers, HTTP headers, raw payload) of every record, read by warcio."""
    with path.open("rb") as file:
        return [
            (
                record.rec_type,
                dict(record.rec_headers.headers),
                record.http_headers,
                record.raw_stream.read(),
            )
            for record in ArchiveIterator(file, check_digests="raise")
        ]


def check(path):
    """Output and exit code of ``warcio check -v``."""
    with contextlib.redirect_stdout(io.StringIO()) as output, pytest.raises(SystemExit) as ended:
        warcio_main(["check", "-v", str(path)])
    return output.getvalue(), ended.value.code


def member(path, location):
    data = path.read_bytes()[location.offset : location.offset + location.length]
    return gzip.decompress(data)


def test_a_file_is_read_by_warcio_in_the_order_written(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    writer.write_exchange(make_exchange())
    (closed,) = writer.close()
    found = records(tmp_path / "warc" / closed.name)
    assert [kind for kind, *_ in found] == ["warcinfo", "response", "request"]
    assert found[1][3] == make_exchange().payload


def test_warcio_check_verifies_every_digest(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    writer.write_exchange(make_exchange())
    writer.write_exchange(make_exchange(b""))
    (closed,) = writer.close()
    output, code = check(tmp_path / "warc" / closed.name)
    assert code == 0
    assert output.count("digest pass") == 5
    assert "no digest" not in output


def test_repeated_headers_their_order_and_the_reason_phrase_are_kept(
    make_writer, make_exchange, tmp_path
):
    writer = make_writer()
    writer.write_exchange(make_exchange(status=404, reason="Khong tim thay"))
    (closed,) = writer.close()
    http = records(tmp_path / "warc" / closed.name)[1][2]
    assert (http.protocol, http.statusline) == ("HTTP/1.1", "404 Khong tim thay")
    assert http.headers == [
        ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]


def test_the_request_is_tied_to_its_response_and_keeps_the_query(
    make_writer, make_exchange, tmp_path
):
    writer = make_writer()
    writer.write_exchange(make_exchange(id=ID))
    (closed,) = writer.close()
    _, fields, http, _ = records(tmp_path / "warc" / closed.name)[2]
    assert fields["WARC-Concurrent-To"] == f"<urn:uuid:{ID}>"
    assert (http.protocol, http.statusline) == ("GET", "/1.html?a=b HTTP/1.1")
    assert http.headers[0] == ("Host", "bao.vn")


def test_record_bytes_are_exactly_these(make_writer, make_exchange, tmp_path):
    ids = iter(["aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"])
    writer = make_writer(clock=lambda: OPENED, new_id=lambda: next(ids))
    written = writer.write_exchange(make_exchange(b"hello", id=ID))
    (closed,) = writer.close()
    block = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"\r\nhello"
    )
    expected = (
        "WARC/1.1\r\n"
        "WARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:{ID}>\r\n"
        "WARC-Date: 2026-11-24T03:10:00.123456Z\r\n"
        "WARC-Target-URI: http://bao.vn/1.html?a=b\r\n"
        "WARC-IP-Address: 127.0.0.1\r\n"
        f"WARC-Payload-Digest: sha256:{hashlib.sha256(b'hello').hexdigest()}\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:aaaaaaaa-0000-0000-0000-000000000001>\r\n"
        f"WARC-Block-Digest: sha256:{hashlib.sha256(block).hexdigest()}\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n"
        "\r\n"
    ).encode()
    assert member(tmp_path / "warc" / closed.name, written.location) == (
        expected + block + b"\r\n\r\n"
    )


def test_warcinfo_names_software_operator_robots_policy_and_run(
    make_writer, make_exchange, tmp_path
):
    writer = make_writer()
    writer.write_exchange(make_exchange())
    (closed,) = writer.close()
    _, fields, _, content = records(tmp_path / "warc" / closed.name)[0]
    assert fields["WARC-Filename"] == closed.name.rpartition("/")[2]
    lines = content.decode().splitlines()
    assert "software: dqtv-archive test" in lines
    assert "operator: Archive <archive@example.org>" in lines
    assert "robots: obey" in lines
    assert "isPartOf: 20261124T030955Z-1a2b3c4d" in lines
    assert any("rebuilt" in line for line in lines)


def test_a_known_payload_becomes_a_revisit_without_it(make_writer, make_exchange, tmp_path):
    first = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    writer = make_writer(known_payload=lambda _: ("http://bao.vn/first", first))
    written = writer.write_exchange(make_exchange())
    (closed,) = writer.close()
    kind, fields, http, payload = records(tmp_path / "warc" / closed.name)[1]
    assert (kind, payload, written.kind) == ("revisit", b"", CaptureKind.REVISIT)
    assert fields["WARC-Profile"].endswith("/1.1/revisit/identical-payload-digest")
    assert fields["WARC-Refers-To-Target-URI"] == "http://bao.vn/first"
    assert fields["WARC-Refers-To-Date"] == "2026-01-02T03:04:05.000000Z"
    assert fields["WARC-Payload-Digest"] == f"sha256:{written.payload_sha256}"
    assert http.statusline == "200 OK"


@pytest.mark.parametrize(("size", "kind"), [(64, CaptureKind.RESPONSE), (65, CaptureKind.REVISIT)])
def test_short_payloads_are_never_revisits(make_writer, make_exchange, size, kind):
    writer = make_writer(known_payload=lambda _: ("http://bao.vn/first", OPENED))
    assert writer.write_exchange(make_exchange(b"x" * size)).kind is kind


def test_304_is_a_server_not_modified_revisit(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    written = writer.write_exchange(
        make_exchange(b"", status=304, reason="Not Modified", refers_to=("http://bao.vn/", OPENED))
    )
    (closed,) = writer.close()
    kind, fields, http, _ = records(tmp_path / "warc" / closed.name)[1]
    assert (kind, http.statusline, written.payload_sha256) == ("revisit", "304 Not Modified", None)
    assert fields["WARC-Profile"].endswith("/1.1/revisit/server-not-modified")
    assert fields["WARC-Refers-To-Target-URI"] == "http://bao.vn/"
    assert "WARC-Payload-Digest" not in fields


def test_a_gzipped_payload_is_stored_as_sent(make_writer, make_exchange, tmp_path):
    packed = gzip.compress("dân quân".encode() * 50)
    writer = make_writer()
    exchange = make_exchange(packed, response_headers=(("Content-Encoding", "gzip"),))
    written = writer.write_exchange(exchange)
    (closed,) = writer.close()
    assert records(tmp_path / "warc" / closed.name)[1][3] == packed
    assert written.payload_sha256 == hashlib.sha256(packed).hexdigest()


def test_a_line_end_in_a_header_cannot_begin_another(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    writer.write_exchange(
        make_exchange(
            url="http://bao.vn/a\r\nWARC-Type: metadata", response_headers=(("X", "1\r\nEvil: 2"),)
        )
    )
    (closed,) = writer.close()
    kind, fields, http, _ = records(tmp_path / "warc" / closed.name)[1]
    assert kind == fields["WARC-Type"] == "response"
    assert http.headers == [("X", "1  Evil: 2")]


def test_http_2_is_noted_and_written_as_http_1_1(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    writer.write_exchange(make_exchange(http_version="h2"))
    (closed,) = writer.close()
    _, fields, http, _ = records(tmp_path / "warc" / closed.name)[1]
    assert (fields["WARC-Protocol"], http.protocol) == ("h2", "HTTP/1.1")


def test_a_copied_record_keeps_id_date_and_http_bytes(make_writer, tmp_path):
    http_bytes = b"HTTP/1.0 200 Fine\nX:  odd \n\nbody"
    writer = make_writer()
    written = writer.copy_record(
        record_id=ID, url="http://bao.vn/x", date="2019-03-12T01:02:03Z", http_bytes=http_bytes
    )
    (closed,) = writer.close()
    content = member(tmp_path / "warc" / closed.name, written.location)
    assert b"\r\nWARC-Date: 2019-03-12T01:02:03Z\r\n" in content
    assert f"<urn:uuid:{ID}>".encode() in content
    assert content.endswith(b"\r\n\r\n" + http_bytes + b"\r\n\r\n")
    assert written.kind is CaptureKind.IMPORT
    assert written.payload_sha256 == hashlib.sha256(b"body").hexdigest()


def test_a_file_is_named_for_site_year_time_and_run(make_writer, make_exchange, tmp_path):
    writer = make_writer(clock=lambda: OPENED)
    written = writer.write_exchange(make_exchange())
    name = "bao/2026/bao-20261124T031000Z-1a2b3c4d.warc.gz"
    assert written.location.warc_file == name
    assert (tmp_path / "warc" / f"{name}.open").exists()
    assert not (tmp_path / "warc" / name).exists()
    (closed,) = writer.close()
    data = (tmp_path / "warc" / name).read_bytes()
    assert (closed.name, closed.length) == (name, len(data))
    assert closed.sha256 == hashlib.sha256(data).hexdigest()
    assert not (tmp_path / "warc" / f"{name}.open").exists()


def test_no_file_is_made_for_nothing(make_writer, tmp_path):
    assert make_writer().close() == ()
    assert not (tmp_path / "warc").exists()


def test_a_name_in_use_is_never_written_to_again(make_writer, make_exchange, tmp_path):
    first, second = make_writer(clock=lambda: OPENED), make_writer(clock=lambda: OPENED)
    first.write_exchange(make_exchange())
    second.write_exchange(make_exchange())
    assert [x.name[-16:] for x in (*first.close(), *second.close())] == [
        "1a2b3c4d.warc.gz"[-16:],
        "b3c4d-2.warc.gz"[-16:].rjust(16, "2"),
    ]
    third = make_writer(clock=lambda: OPENED)
    third.write_exchange(make_exchange())
    assert third.close()[0].name.endswith("-3.warc.gz")
    assert len(list((tmp_path / "warc").rglob("*.warc.gz"))) == 3


def test_a_full_file_is_followed_by_another(make_writer, make_exchange, tmp_path):
    writer = make_writer(max_bytes=1500, clock=lambda: OPENED)
    places = [writer.write_exchange(make_exchange()).location.warc_file for _ in range(6)]
    closed = writer.close()
    assert len(closed) > 1
    assert [file.name for file in closed] == list(dict.fromkeys(places))
    assert closed[1].name.endswith("-2.warc.gz")
    for file in closed:
        kinds = [kind for kind, *_ in records(tmp_path / "warc" / file.name)]
        assert kinds[0] == "warcinfo"
        assert kinds.count("response") == kinds.count("request") > 0


def test_flush_hands_every_record_to_the_system(make_writer, make_exchange, tmp_path):
    writer = make_writer()
    writer.flush(durable=True)
    place = writer.write_exchange(make_exchange()).location
    writer.flush(durable=True)
    path = tmp_path / "warc" / f"{place.warc_file}.open"
    assert path.stat().st_size > place.offset + place.length
    assert b"dqtv" in gzip.decompress(path.read_bytes())


def test_a_full_disk_is_reported_with_the_file(make_writer, make_exchange, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = make_writer()
    writer.write_exchange(make_exchange())
    with monkeypatch.context() as patch:
        patch.setattr(warc.os, "fdatasync", full)
        with pytest.raises(ArchiveUnwritable, match=r"bao.*No space left"):
            writer.flush(durable=True)


def test_a_device_that_takes_no_bytes_is_reported(make_writer, make_exchange, monkeypatch):
    """/dev/full refuses every write with ENOSPC, as a full disk does."""

    def on_full_device(folder, stem):
        return folder / f"{stem}.warc.gz", open("/dev/full", "wb")  # noqa: PTH123 - closed by the writer

    monkeypatch.setattr(warc, "create_file", on_full_device)
    writer = make_writer()
    writer.write_exchange(make_exchange())
    with pytest.raises(ArchiveUnwritable, match="No space left"):
        writer.flush(durable=False)
    with pytest.raises(ArchiveUnwritable, match="No space left"):
        writer.close()


def test_a_folder_that_cannot_be_made_is_reported(make_writer, make_exchange, tmp_path):
    (tmp_path / "warc").touch()
    with pytest.raises(ArchiveUnwritable, match="warc/bao"):
        make_writer().write_exchange(make_exchange())


def test_a_file_that_a_recovery_removes_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    flock, removed = fcntl.flock, []

    def recovery_first(stream, operation):
        if not removed:
            removed.append(stream.name)
            Path(stream.name).unlink()
        flock(stream, operation)

    monkeypatch.setattr(fcntl, "flock", recovery_first)
    path, stream = create_file(tmp_path, "bao-20261124")
    with stream:
        assert removed
        assert os.path.samestat(os.fstat(stream.fileno()), Path(stream.name).stat())
        assert stream.name == f"{path}.open"


def test_open_files_are_locked(make_writer, make_exchange, tmp_path):
    place = make_writer().write_exchange(make_exchange()).location
    path = tmp_path / "warc" / f"{place.warc_file}.open"
    with path.open("rb") as file, pytest.raises(BlockingIOError):
        warc_files.fcntl.flock(file, warc_files.fcntl.LOCK_EX | warc_files.fcntl.LOCK_NB)
