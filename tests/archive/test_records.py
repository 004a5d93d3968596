import gzip

import pytest

from archive.records import (
    MalformedRecord,
    parse_record,
    parse_response,
    plain_id,
    record_bytes,
    response_head,
    urn,
)


def test_a_record_is_parsed_back():
    packed = record_bytes({"WARC-Type": "response", "X": "đ"}, b"block", "text/plain")
    fields, block = parse_record(gzip.decompress(packed))
    assert (fields["warc-type"], fields["x"], block) == ("response", "đ", b"block")
    assert fields["content-length"] == "5"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"WARC/1.1\r\nWARC-Type: response\r\n\r\nno length\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 3\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 1\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: -1\r\n\r\n\r\n\r\n",
    ],
)
def test_anything_but_one_whole_record_is_malformed(content):
    with pytest.raises(MalformedRecord):
        parse_record(content)


def test_headers_keep_every_byte():
    every = "".join(map(chr, range(0x80, 0x100)))
    head = response_head("HTTP/1.1", 200, "OK", (("X", every),))
    assert parse_response(head).headers == (("X", every.strip()),)


def test_heads_of_other_crawlers_are_read():
    message = parse_response(b"HTTP/1.0 200\nA: 1\nB: 2\n  folded\nno colon\n\nbody\r\n\r\n")
    assert (message.status, message.reason) == (200, None)
    assert message.headers == (("A", "1"), ("B", "2 folded"))
    assert message.payload == b"body\r\n\r\n"


@pytest.mark.parametrize("block", [b"", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n"])
def test_no_status_line_is_malformed(block):
    with pytest.raises(MalformedRecord):
        parse_response(block)


@pytest.mark.parametrize("record_id", ["0a1b", "https://kia.vn/records/7"])
def test_ids_survive_their_written_form(record_id):
    assert plain_id(urn(record_id)) == record_id
