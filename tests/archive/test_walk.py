import hashlib
import io
import random
import tracemalloc

import pytest
from isal import igzip

from archive.records import record_bytes
from archive.walk import Damage, Member, Walk


def record(number, payload=None, **fields):
    payload = f"trang {number} ".encode() * 200 if payload is None else payload
    digest = hashlib.sha256(payload).hexdigest()
    named = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{number}>",
        "WARC-Date": "2026-11-24T03:10:00Z",
        "WARC-Target-URI": f"http://bao.vn/{number}",
        "WARC-Payload-Digest": f"sha256:{digest}",
    }
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    return record_bytes(named | fields, head + payload, "application/http; msgtype=response")


@pytest.fixture
def members():
    return [record(number) for number in range(6)]


def walk(content):
    passed = Walk(io.BytesIO(content))
    return list(passed), passed


def test_every_member_of_a_whole_file_is_met_in_its_place(members):
    parts, passed = walk(b"".join(members))
    assert [part.length for part in parts] == [len(member) for member in members]
    assert [part.offset for part in parts] == [
        sum(map(len, members[:n])) for n in range(len(members))
    ]
    assert {part.problem for part in parts} == {None}
    assert parts[2].fields["warc-target-uri"] == "http://bao.vn/2"
    assert parts[2].http_head == b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    assert passed.sha256 == hashlib.sha256(b"".join(members)).hexdigest()


def test_an_empty_file_holds_nothing():
    parts, passed = walk(b"")
    assert (parts, passed.length) == ([], 0)


def test_every_cut_of_the_last_record_is_met_at_its_start(members):
    content = b"".join(members)
    start = len(content) - len(members[-1])
    for end in range(start + 1, len(content)):
        parts, passed = walk(content[:end])
        assert parts[-1] == Damage(offset=start, length=end - start, why=parts[-1].why), (
            f"cut at {end}"
        )
        assert passed.length == end


def test_the_walk_goes_on_behind_a_damaged_record(members):
    content = bytearray(b"".join(members))
    start = len(members[0]) + len(members[1])
    content[start + len(members[2]) // 2] ^= 0xFF
    parts, passed = walk(bytes(content))
    (damage,) = [part for part in parts if isinstance(part, Damage)]
    assert (damage.offset, damage.length) == (start, len(members[2]))
    assert len(parts) == len(members)
    assert passed.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "between", [b"\0", b"hello", b"\x1f\x8b", b"\x1f\x8b\x08 no gzip at all", b"x" * 700_000]
)
def test_bytes_between_records_are_named_with_their_place(members, between):
    parts, passed = walk(members[0] + between + members[1] + between)
    damages = [part for part in parts if isinstance(part, Damage)]
    first = len(members[0])
    assert [(x.offset, x.length) for x in damages] == [
        (first, len(between)),
        (first + len(between) + len(members[1]), len(between)),
    ]
    assert passed.length == first + len(members[1]) + 2 * len(between)


def test_a_file_that_is_no_gzip_is_one_damage():
    (damage,), _ = walk(b"plain text, no archive\n" * 9)
    assert (damage.offset, damage.why) == (0, "no record begins there")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"WARC/1.1\r\nContent-Length: 5\r\n\r\nhello", "length"),
        (b"WARC/1.1\r\nContent-Length: 5\r\n\r\nhello\r\n\r\nmore", "length"),
        (b"WARC/1.1\r\nContent-Length: five\r\n\r\nhello\r\n\r\n", "how long"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no WARC record"),
        (b"WARC/1.1\r\nName: \xff\xfe\r\n\r\n", "UTF-8"),
        (b"", "no WARC record"),
    ],
)
def test_a_member_that_holds_no_whole_record_says_why(content, said):
    (member,), _ = walk(igzip.compress(content, 1, mtime=0))
    assert said in member.problem


def test_content_that_does_not_fit_a_digest_is_a_problem():
    (block,), _ = walk(record(1, **{"WARC-Payload-Digest": "sha256:" + "ab" * 32}))
    assert "payload does not fit" in block.problem
    good = record(1)
    changed = igzip.compress(
        igzip.decompress(good).replace(b"trang 1 trang", b"trang 2 trang", 1), 1, mtime=0
    )
    (member,), _ = walk(changed)
    assert "content does not fit" in member.problem


def test_digests_in_base32_and_unknown_algorithms_are_no_problem():
    sha1 = "sha1:" + "A" * 32
    (wrong,), _ = walk(record(1, **{"WARC-Payload-Digest": sha1}))
    assert sha1 in wrong.problem
    (unknown,), _ = walk(record(1, **{"WARC-Payload-Digest": "crc99:1234"}))
    assert unknown.problem is None


def test_a_response_without_an_address_is_a_problem():
    packed = record_bytes(
        {"WARC-Type": "response", "WARC-Record-ID": "<a:b>", "WARC-Date": "2026"}, b"", "x"
    )
    (member,), _ = walk(packed)
    assert member.problem == "it has no warc-target-uri"


def test_memory_stays_small_whatever_a_record_holds():
    chance = random.Random(5)
    payload = chance.randbytes(1 << 20) * 24
    content = record(1, payload) + record(2)
    del payload
    stream = io.BytesIO(content)
    tracemalloc.start()
    parts = list(Walk(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [part.problem for part in parts if isinstance(part, Member)] == [None, None]
    assert peak < 16 << 20
