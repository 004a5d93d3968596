import gzip
import tracemalloc
import zlib

import brotli
import pytest

from archive import decoding
from archive.decoding import decoded_body, without_undeclared_gzip, zstd

TEXT = "lực lượng dân quân tự vệ ".encode() * 3000


def coded(*codings):
    return (("Content-Encoding", ", ".join(codings)),)


def deflate_without_header(content):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", deflate_without_header(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("zstd", zstd.compress(TEXT)),
    ],
)
def test_every_coding_browsers_are_sent_is_removed(coding, packed):
    assert decoded_body(coded(coding), packed) == TEXT


def test_codings_are_removed_last_first():
    packed = gzip.compress(brotli.compress(TEXT))
    assert decoded_body(coded("br", "gzip"), packed) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_page_wrongly_said_to_be_packed_stays(coding):
    assert decoded_body(coded(coding), b"<html>plain</html>") == b"<html>plain</html>"


@pytest.mark.parametrize("packed", [gzip.compress(TEXT), brotli.compress(TEXT, lgwin=10)])
def test_a_body_cut_short_is_decoded_as_far_as_it_goes(packed):
    coding = "gzip" if packed[:2] == b"\x1f\x8b" else "br"
    body = decoded_body(coded(coding), packed[:-2])
    assert len(body) > 20
    assert TEXT.startswith(body)


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
def test_a_bomb_is_cut_at_the_limit(monkeypatch, coding, pack):
    monkeypatch.setattr(decoding, "MAX_BODY_BYTES", 100_000)
    assert decoded_body(coded(coding), pack(b"\0" * 5_000_000)) == b"\0" * 100_000


CHUNKED = (("Transfer-Encoding", "chunked"),)


def test_chunks_are_joined():
    assert (
        decoded_body(CHUNKED, b"5;x=1\r\nhello\r\nA\r\n dan quan!\r\n0\r\n\r\n")
        == b"hello dan quan!"
    )


def test_a_body_the_client_has_unchunked_already_stays():
    assert decoded_body(CHUNKED, b"<html>\r\nbody") == b"<html>\r\nbody"


def test_chunks_cut_short_give_what_is_there():
    assert decoded_body(CHUNKED, b"5\r\nhello\r\n10\r\nwor") == b"hellowor"


def test_chunks_hold_the_packed_body():
    packed = gzip.compress(TEXT)
    payload = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    assert decoded_body((*CHUNKED, *coded("gzip")), payload) == TEXT


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_gzip_without_a_header_is_unpacked(layers):
    packed = TEXT
    for _ in range(layers):
        packed = gzip.compress(packed)
    assert without_undeclared_gzip(packed) == TEXT


def test_no_more_than_three_layers_are_unpacked():
    packed = TEXT
    for _ in range(5):
        packed = gzip.compress(packed)
    assert without_undeclared_gzip(packed) == gzip.compress(gzip.compress(TEXT))


def test_what_only_begins_like_gzip_stays():
    assert without_undeclared_gzip(b"\x1f\x8b\x08 and more") == b"\x1f\x8b\x08 and more"


def test_a_bomb_without_a_header_is_cut(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BODY_BYTES", 1000)
    assert len(without_undeclared_gzip(gzip.compress(bytes(100_000)))) <= 1000


def test_gzip_files_behind_one_another_are_one_body_and_no_endless_one():
    assert decoded_body(coded("gzip"), gzip.compress(TEXT) + gzip.compress(b"end")) == TEXT + b"end"
    tiny = gzip.compress(b"x")
    assert len(decoded_body(coded("gzip"), tiny * 50_000)) == 1000


def test_more_than_three_codings_are_not_removed():
    packed = TEXT
    for _ in range(5):
        packed = gzip.compress(packed)
    body = decoded_body(coded(*["gzip"] * 5), packed)
    assert gzip.decompress(gzip.decompress(body)) == TEXT


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
def test_unpacking_a_bomb_takes_no_more_memory_than_its_limit(coding, pack):
    packed = pack(pack(bytes(40 << 20)))
    tracemalloc.start()
    body = decoded_body(coded(coding, coding), packed, limit=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(body) == 1 << 20
    assert peak < 4 << 20
