"""Packages of captures: the right records, whole, the same bytes each time."""

import gzip
import hashlib
import json
import zipfile
from datetime import date, timedelta

import pytest

from archive.errors import ArchiveUnwritable, NothingCaptured, RecordUnreadable
from archive.wacz import write_wacz

FIRST, LAST = date(2026, 11, 24), date(2026, 11, 26)


@pytest.fixture
def captured(store, make_writer, make_exchange, make_accepted, make_capture, now):  # noqa: PLR0917 - fixtures
    """One file with a page of each of three days; the third day's is the first one again."""
    writer = make_writer(store.warc_folder, known_payload=store.known_payload)
    for day in range(3):
        number = 1 if day == 2 else day + 1
        at = now + timedelta(days=day)
        exchange = make_exchange(
            b"<html>" + b"%d " % number * 99, url=f"http://bao.vn/{number}.html", fetched_at=at
        )
        written = writer.write_exchange(exchange)
        capture = make_capture(
            exchange.url, id=exchange.id, fetched_at=at, kind=written.kind,
            payload_sha256=written.payload_sha256, location=written.location,
        )  # fmt: skip
        with store.transaction():
            store.store_outcome(make_accepted(f"Bài {number}", number=number, capture=capture))
    [closed] = writer.close()
    with store.transaction():
        store.register_closed_file(closed)
    return store.warc_folder / closed.name


@pytest.fixture
def pack(store, tmp_path):
    def run(first=None, last=None, out="out"):
        return write_wacz(store, "bao", out=tmp_path / out, first=first, last=last)

    return run


def members(package):
    with zipfile.ZipFile(package.path) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_whole_paper_holds_its_files_byte_for_byte(captured, pack):
    package = pack()
    content = members(package)
    assert content[f"archive/{captured.name}"] == captured.read_bytes()
    assert (package.captures, package.referred, package.pages) == (3, 0, 3)
    assert package.path.name == "bao.wacz"
    assert package.sha256 == hashlib.sha256(package.path.read_bytes()).hexdigest()


def test_a_period_holds_its_records_only_each_with_its_request(captured, pack):
    package = pack(date(2026, 11, 25), date(2026, 11, 25))
    text = gzip.decompress(members(package)[f"archive/{captured.name}"]).decode()
    kinds = [x.split(": ")[1] for x in text.splitlines() if x.startswith("WARC-Type")]
    assert kinds == ["warcinfo", "response", "request"]
    assert text.count("http://bao.vn/2.html") == 2
    assert package.path.name == "bao_2026-11-25_2026-11-25.wacz"


@pytest.mark.usefixtures("captured")
def test_a_period_without_captures_is_told_with_the_days_there_are(pack):
    with pytest.raises(NothingCaptured, match="2026-11-24 to 2026-11-26"):
        pack(date(2026, 11, 27), None)
    assert pack(date(2026, 11, 26), None).captures == 1


@pytest.mark.usefixtures("captured")
def test_a_revisit_takes_the_record_along_that_it_refers_to(pack):
    package = pack(LAST, LAST)
    assert (package.captures, package.referred, package.pages) == (1, 1, 1)
    index = gzip.decompress(members(package)["indexes/index.cdx.gz"]).decode().splitlines()
    times = [line.split(" ")[1] for line in index]
    assert times == ["20261124031000", "20261126031000"]


@pytest.mark.usefixtures("captured")
def test_index_lines_lead_to_the_records_in_the_package(pack):
    content = members(pack(LAST, LAST))
    for line in gzip.decompress(content["indexes/index.cdx.gz"]).decode().splitlines():
        fields = json.loads(line.split(" ", 2)[2])
        at, length = int(fields["offset"]), int(fields["length"])
        record = gzip.decompress(content[f"archive/{fields['filename']}"][at : at + length])
        assert f"WARC-Target-URI: {fields['url']}".encode() in record


@pytest.mark.usefixtures("captured")
def test_pages_have_the_title_and_time_of_each_capture_of_an_article(pack):
    header, *pages = map(json.loads, members(pack())["pages/pages.jsonl"].splitlines())
    assert header["format"] == "json-pages-1.0"
    assert [(x["url"], x["ts"], x["title"]) for x in pages] == [
        ("http://bao.vn/1.html", "2026-11-24T03:10:00Z", "Bài 1"),
        ("http://bao.vn/2.html", "2026-11-25T03:10:00Z", "Bài 2"),
        ("http://bao.vn/1.html", "2026-11-26T03:10:00Z", "Bài 1"),
    ]


@pytest.mark.usefixtures("captured")
def test_every_member_is_in_the_description_with_its_digest(pack):
    content = members(pack())
    description = json.loads(content["datapackage.json"])
    assert description["wacz_version"] == "1.1.1"
    assert {x["path"]: (x["hash"], x["bytes"]) for x in description["resources"]} == {
        name: (f"sha256:{hashlib.sha256(x).hexdigest()}", len(x))
        for name, x in content.items()
        if not name.startswith("datapackage")
    }
    digest = json.loads(content["datapackage-digest.json"])["hash"]
    assert digest == f"sha256:{hashlib.sha256(content['datapackage.json']).hexdigest()}"


@pytest.mark.usefixtures("captured")
def test_the_same_captures_give_the_same_bytes(pack):
    assert pack(FIRST, LAST).sha256 == pack(FIRST, LAST, out="again").sha256


def test_a_changed_warc_file_is_refused_and_the_former_package_stays(captured, pack):
    before = pack().path.read_bytes()
    spoiled = bytearray(captured.read_bytes())
    spoiled[-20] ^= 0xFF
    captured.write_bytes(bytes(spoiled))
    with pytest.raises(RecordUnreadable, match=r"SHA-256.*backup"):
        pack()
    out = captured.parents[4] / "out"
    assert [x.name for x in out.iterdir()] == ["bao.wacz"]
    assert (out / "bao.wacz").read_bytes() == before


@pytest.mark.usefixtures("captured")
def test_a_folder_that_cannot_be_written_is_named(pack, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArchiveUnwritable, match="file"):
        pack(out="file")


@pytest.mark.parametrize(("hour", "day"), [(16, 24), (17, 25)])
def test_days_are_those_of_vietnams_clock(  # noqa: PLR0917 - fixtures
    store, make_writer, make_exchange, pack, now, hour, day
):
    writer = make_writer(store.warc_folder)
    writer.write_exchange(make_exchange(fetched_at=now.replace(hour=hour, minute=0, second=0)))
    [closed] = writer.close()
    with store.transaction():
        store.register_closed_file(closed)
    assert pack(date(2026, 11, day), date(2026, 11, day)).captures == 1
