import gzip
import zlib

import attrs
import brotli
import pytest

from archive.captures import read_capture
from archive.errors import RecordUnreadable
from archive.model import CaptureKind, RecordLocation
from archive.warc_files import OPEN_SUFFIX


@pytest.fixture
def folder(store):
    return store.warc_folder


@pytest.fixture
def write(make_writer, store):
    """Write exchanges into the store's folder and close; what was written."""

    def run(*exchanges, **options):
        writer = make_writer(store.warc_folder, **options)
        written = [writer.write_exchange(exchange) for exchange in exchanges]
        writer.close()
        return written

    return run


def test_a_capture_comes_back_as_it_was_fetched(folder, write, make_exchange, now):
    exchange = make_exchange()
    (written,) = write(exchange)
    capture = read_capture(folder, written.location, site="bao", url=exchange.url)
    assert capture.id == exchange.id
    assert (capture.url, capture.fetched_at, capture.status) == (exchange.url, now, 200)
    assert capture.headers == exchange.response_headers
    assert capture.body == exchange.payload
    assert (capture.ip, capture.payload_sha256) == ("127.0.0.1", written.payload_sha256)
    assert (capture.kind, capture.location) == (CaptureKind.RESPONSE, written.location)


def test_every_record_of_a_file_is_found_by_its_place(folder, write, make_exchange):
    exchanges = [
        make_exchange(f"page {n}".encode() * 20, url=f"http://bao.vn/{n}") for n in range(9)
    ]
    for exchange, written in reversed(list(zip(exchanges, write(*exchanges), strict=True))):
        capture = read_capture(folder, written.location, site="bao", url=exchange.url)
        assert capture.body == exchange.payload


def test_a_file_still_open_can_be_read(make_writer, folder, make_exchange):
    writer = make_writer(folder)
    written = writer.write_exchange(make_exchange())
    writer.flush(durable=False)
    assert read_capture(folder, written.location, site="bao").body == make_exchange().payload
    assert (folder / f"{written.location.warc_file}{OPEN_SUFFIX}").exists()


TEXT = "lực lượng dân quân tự vệ ".encode() * 30


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("identity", TEXT),
        ("unheard-of", TEXT),
    ],
)
def test_content_coding_is_removed(folder, write, make_exchange, coding, packed):
    (written,) = write(make_exchange(packed, response_headers=(("content-encoding", coding),)))
    assert read_capture(folder, written.location, site="bao").body == TEXT


def revisit(store, make_writer, make_exchange, make_capture, first_site="bao"):
    """A page stored in full, then seen again: place of the revisit."""
    writer = make_writer(store.warc_folder, site=first_site, known_payload=store.known_payload)
    first = make_exchange()
    written = writer.write_exchange(first)
    with store.transaction():
        store.add_capture(
            make_capture(
                first.url, location=written.location, payload_sha256=written.payload_sha256
            )
        )
    again = make_writer(store.warc_folder, known_payload=store.known_payload)
    place = again.write_exchange(make_exchange(status=203)).location
    writer.close()
    again.close()
    return place


def test_a_revisit_is_resolved_by_the_database(store, make_writer, make_exchange, make_capture):
    place = revisit(store, make_writer, make_exchange, make_capture, first_site="kia")
    capture = read_capture(
        store.warc_folder, place, site="bao", find_payload=store.payload_location
    )
    assert (capture.kind, capture.status) == (CaptureKind.REVISIT, 203)
    assert capture.body == make_exchange().payload


def test_a_revisit_is_resolved_by_its_site_files_alone(
    store, make_writer, make_exchange, make_capture
):
    place = revisit(store, make_writer, make_exchange, make_capture)
    capture = read_capture(store.warc_folder, place, site="bao")
    assert capture.body == make_exchange().payload


def test_a_revisit_whose_payload_is_missing_says_so(
    store, make_writer, make_exchange, make_capture
):
    place = revisit(store, make_writer, make_exchange, make_capture)
    with pytest.raises(RecordUnreadable, match="refers to"):
        read_capture(store.warc_folder, place, site="bao", find_payload=lambda _: None)


def test_a_304_has_no_body(folder, write, make_exchange):
    (written,) = write(make_exchange(b"", status=304))
    capture = read_capture(folder, written.location, site="bao")
    assert (capture.kind, capture.status, capture.body) == (CaptureKind.REVISIT, 304, b"")


# what does not fit is named with file and offset


def broken(folder, location, **options):
    with pytest.raises(RecordUnreadable) as caught:
        read_capture(folder, location, site="bao", **options)
    message = str(caught.value)
    assert f"{location.warc_file}, byte {location.offset}" in message
    return message


def test_another_url_is_refused(folder, write, make_exchange):
    (written,) = write(make_exchange())
    message = broken(folder, written.location, url="http://bao.vn/other")
    assert "it holds http://bao.vn/1.html?a=b, not http://bao.vn/other" in message


@pytest.mark.parametrize(("offset", "length"), [(1, 0), (0, -1), (0, 1), (-1, 0), (0, 10_000)])
def test_a_place_beside_the_record_is_refused(folder, write, make_exchange, offset, length):
    place = write(make_exchange())[0].location
    wrong = attrs.evolve(place, offset=place.offset + offset, length=place.length + length)
    assert "bytes are" in broken(folder, wrong)


def test_a_missing_file_is_refused(folder):
    place = RecordLocation(warc_file="bao/2026/none.warc.gz", offset=0, length=9)
    assert "No such file" in broken(folder, place)


def test_a_request_record_is_no_capture(folder, write, make_exchange):
    place = write(make_exchange())[0].location
    size = (folder / place.warc_file).stat().st_size
    end = place.offset + place.length
    request = attrs.evolve(place, offset=end, length=size - end)
    assert "request record" in broken(folder, request)


def test_every_flipped_byte_of_a_record_is_noticed(folder, write, make_exchange):
    """All but the gzip header's text hint, time and system, which say nothing about the content."""
    exchange = make_exchange(b"dan quan " * 8)
    place = write(exchange)[0].location
    path = folder / place.warc_file
    whole = path.read_bytes()
    for at in range(place.length):
        if at in range(3, 10):
            continue
        damaged = bytearray(whole)
        damaged[place.offset + at] ^= 0x01
        path.write_bytes(damaged)
        broken(folder, place)
    path.write_bytes(whole)
    assert read_capture(folder, place, site="bao").body == exchange.payload
