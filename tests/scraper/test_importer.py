"""Files of other crawlers: every dialect gives the same articles, and damage costs only what it hits."""

from __future__ import annotations

import gzip
import sqlite3
import tracemalloc
import uuid
import zipfile
from io import BytesIO

import pytest
from backports import zstd
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import read_capture
from archive.errors import NotAWarc, SiteLocked
from archive.locks import SiteLock
from archive.model import RecordLocation
from archive.store import Store
from archive.wacz import write_wacz
from scraper import importer
from scraper.importer import import_warc
from scraper.sites.build import build_site
from scraper.sites.load import Registry
from scraper.sites.tables import Table

#: warcio's writer leaves its temporary files to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
SITE = build_site(
    Table(
        "bao.toml",
        {
            "id": "bao", "name": "Báo", "province": "Điện Biên", "homepage": "https://bao.example/",
            "domains": ["bao.example"], "seeds": [], "article_url": [r"^/tin-(?P<id>\d+)\.html$"],
            "status": "demo",
        },
        [],
    ),
    {},
)  # fmt: skip
REGISTRY = Registry(sites={"bao": SITE}, families={}, by_host={"bao.example": SITE})
SENTENCE = "Sáng nay, dân quân xã Bến Sông ra quân huấn luyện tại thao trường của xã, đủ quân số."


def html(number):
    body = "".join(f"<p>{SENTENCE} Tổ {number}, lượt {x}.</p>" for x in range(6))
    return (
        f"<html><head><title>Dân quân tổ {number} ra quân</title></head><body>"
        f"<h1>Dân quân tổ {number} ra quân</h1><article>{body}</article></body></html>"
    ).encode()


def address(number, scheme="https"):
    return f"{scheme}://bao.example/tin-{number}.html"


def page(body, status=b"HTTP/1.1 200 OK", headers=(b"Content-Type: text/html; charset=utf-8",)):
    return b"\r\n".join([status, *headers, b"", body])


def record(number, block, *, version="1.0", kind="response", url=None, extra=(), day=1):
    """One record, as programs write it that state no digest."""
    lines = [
        f"WARC/{version}",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{uuid.UUID(int=1000 * day + number)}>",
        f"WARC-Date: 2019-03-{day:02}T01:02:{number % 60:02}Z",
        f"WARC-Target-URI: {url or address(number)}",
        *extra,
        "Content-Type: application/http; msgtype=response",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def chunked(body):
    half = len(body) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in (body[:half], body[half:], b""))


def by_warcio(version, *, packed):
    out = BytesIO()
    writer = WARCWriter(out, gzip=packed, warc_version=f"WARC/{version}")
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "warcio"}))
    for number in range(5):
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        response = writer.create_warc_record(
            address(number), "response", payload=BytesIO(html(number)), http_headers=head,
            warc_headers_dict={"WARC-Date": f"2019-03-01T01:02:{number:02}Z"},
        )  # fmt: skip
        request = writer.create_warc_record(
            address(number), "request",
            http_headers=StatusAndHeaders("GET / HTTP/1.1", [], is_http_request=True),
        )  # fmt: skip
        writer.write_request_response_pair(request, response)
    return out.getvalue()


def records(**changes):
    return [record(n, page(html(n)), **changes) for n in range(5)]


def by_wget():
    """Angle brackets round the address, the body as it came over the wire."""
    head = (b"Content-Type: text/html", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip")
    return b"".join(
        gzip.compress(record(n, page(chunked(gzip.compress(html(n))), headers=head), url=f"<{address(n)}>"))
        for n in range(5)
    )  # fmt: skip


def by_browsertrix():
    """HTTP/2, its pseudo-headers kept, the body already unpacked under headers that say otherwise."""
    head = (
        b":status: 200",
        b"content-type: text/html; charset=utf-8",
        b"transfer-encoding: chunked",
    )
    return b"".join(
        gzip.compress(record(n, page(html(n), b"HTTP/2 200", head), version="1.1"))
        for n in range(5)
    )


def with_continuation_lines():
    return b"".join(
        record(n, page(html(n)), extra=("X-Note: goes on", "\tin the next line")) for n in range(5)
    )


def zstd_with_dictionary():
    samples = [b"".join(records())[at : at + 400] for at in range(0, 4000, 100)]
    dictionary = zstd.train_dict(samples, 2000)
    content = dictionary.dict_content
    head = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    return head + b"".join(zstd.compress(x, zstd_dict=dictionary) for x in records())


DIALECTS = {
    "warcio 1.0": lambda: by_warcio("1.0", packed=True),
    "warcio 1.1": lambda: by_warcio("1.1", packed=True),
    "warcio plain": lambda: by_warcio("1.1", packed=False),
    # the same bytes whenever it is made: an import that was interrupted knows its file by them
    "heritrix": lambda: b"".join(gzip.compress(x, mtime=0) for x in records()),
    "one gzip stream": lambda: gzip.compress(b"".join(records())),
    "zstd": lambda: b"".join(map(zstd.compress, records())),
    "zstd with a dictionary": zstd_with_dictionary,
    "wget": by_wget,
    "browsertrix": by_browsertrix,
    "continuation lines": with_continuation_lines,
    "http": lambda: b"".join(
        record(n, page(html(n)), url=address(n, "http")) for n in range(5)
    ),
    "line feeds only": lambda: b"".join(
        record(n, page(html(n)).replace(b"\r\n", b"\n", 3)) for n in range(5)
    ),
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "archive") as opened:
        yield opened


@pytest.fixture
def take(store, tmp_path):
    def run(content, name="other.warc.gz", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return import_warc(store, REGISTRY, path, software="test", operator="test", **options)

    return run


def rows(store, question):
    return store.connection.execute(question).fetchall()


def articles(store):
    return rows(store, "SELECT id, title, version FROM articles ORDER BY id")


EXPECTED = [(f"bao:{n}", f"Dân quân tổ {n} ra quân", 1) for n in range(5)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_articles(store, take, dialect):
    report = take(DIALECTS[dialect]())
    assert (report.counts.fetched, report.counts.accepted, report.bad) == (5, 5, ())
    assert articles(store) == EXPECTED
    bodies = [row[0] for row in rows(store, "SELECT body FROM articles ORDER BY id")]
    assert all(f"Tổ {n}, lượt 5." in body for n, body in enumerate(bodies))


def test_each_capture_says_which_file_and_record_it_is_from(store, take):
    report = take(DIALECTS["heritrix"](), name="job-1.warc.gz")
    found = rows(
        store,
        "SELECT i.name, i.sha256, r.record_id, c.kind, r.offset FROM import_records AS r"
        " JOIN imports AS i ON i.id = r.import_id JOIN captures AS c ON c.id = r.capture_id"
        " ORDER BY r.offset",
    )
    assert {row[:2] for row in found} == {("job-1.warc.gz", report.sha256)}
    assert [row[2] for row in found] == [f"urn:uuid:{uuid.UUID(int=1000 + n)}" for n in range(5)]
    assert {row[3] for row in found} == {"import"}
    assert found[0][4] == 0 < found[1][4]
    [(file,)] = rows(store, "SELECT name FROM warc_files")
    warcinfo = gzip.decompress((store.warc_folder / file).read_bytes())[:2000].decode(
        "utf-8", "replace"
    )
    assert f"source: job-1.warc.gz sha256:{report.sha256}" in warcinfo


def test_the_same_file_again_adds_nothing(store, take):
    take(DIALECTS["heritrix"]())
    again = take(DIALECTS["heritrix"]())
    assert (again.known, again.counts.fetched, again.resumed) == (5, 0, False)
    assert articles(store) == EXPECTED
    assert len(rows(store, "SELECT 1 FROM imports")) == 1


def test_an_interrupted_import_goes_on_where_it_was(store, take, monkeypatch):
    monkeypatch.setattr(importer, "GROUP_SIZE", 2)

    def stop(done):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(DIALECTS["heritrix"](), on_record=stop)
    assert len(articles(store)) == 4
    report = take(DIALECTS["heritrix"]())
    assert report.resumed
    assert report.responses < 5
    assert (report.counts.fetched, report.known) == (1, 1)
    assert articles(store) == EXPECTED
    assert rows(store, "SELECT count(*), count(DISTINCT url) FROM captures") == [(5, 5)]


def test_a_paper_that_another_process_writes_is_refused_and_free_again_afterwards(store, take):
    lock = SiteLock(store, "bao")
    lock.acquire()
    with pytest.raises(SiteLocked, match="bao is being crawled or imported by another process"):
        take(b"".join(records()))
    assert store.connection.execute("SELECT count(*) FROM captures").fetchone() == (0,)
    assert list(store.warc_folder.rglob("*.warc.gz*")) == []
    lock.release(None)
    assert take(b"".join(records())).counts.accepted == 5
    SiteLock(store, "bao").acquire()


def test_an_import_whose_lock_was_taken_over_stores_nothing_more(store, take, monkeypatch):
    monkeypatch.setattr(SiteLock, "renew", lambda *_: False)
    with pytest.raises(SiteLocked, match="taken over by another process"):
        take(b"".join(records()))
    assert store.connection.execute("SELECT count(*) FROM captures").fetchone() == (0,)


@pytest.mark.parametrize("dialect", ["heritrix", "warcio plain", "one gzip stream", "zstd"])
def test_a_file_cut_anywhere_gives_the_pages_before_the_cut(tmp_path, dialect):
    whole = DIALECTS[dialect]()
    for cut in range(1, 10):
        path = tmp_path / f"cut-{cut}.warc"
        path.write_bytes(whole[: len(whole) * cut // 10])
        with Store.open(tmp_path / f"archive-{cut}") as store:
            try:
                report = import_warc(store, REGISTRY, path, software="t", operator="t")
            except NotAWarc:
                # not one whole record is left
                continue
            found = articles(store)
            assert found == EXPECTED[: len(found)]
            assert report.bad_count <= 1
    assert len(found) >= 3


def test_a_damaged_record_costs_itself_only_and_is_told_with_its_place(store, take):
    parts = [gzip.compress(x, mtime=0) for x in records()]
    hurt = bytearray(parts[2])
    hurt[len(hurt) // 2] ^= 0x55
    report = take(b"".join([*parts[:2], bytes(hurt), *parts[3:]]))
    assert [bad.offset for bad in report.bad] == [sum(map(len, parts[:2]))]
    assert "damaged" in report.bad[0].reason
    assert [row[0] for row in articles(store)] == ["bao:0", "bao:1", "bao:3", "bao:4"]
    [(reason,)] = rows(store, "SELECT reason FROM runs")
    assert reason == "damaged file"


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (record(2, page(html(2))).replace(b"Content-Length: ", b"Content-Length: 9"), "ends after"),
        (record(2, page(html(2))).replace(b"WARC-Date", b"X-Date"), "WARC-Date"),
        (record(2, page(html(2)), extra=("WARC-Block-Digest: sha1:AAAA",)), "digest"),
        (record(2, page(html(2)), extra=("WARC-Truncated: length",)), "cut it off"),
        (record(2, html(2)), "no HTTP status line"),
        (b"WARC/1.0\r\nnonsense\r\n\r\n", "no field"),
    ],
)  # fmt: skip
def test_an_unsound_record_is_skipped_with_its_reason(store, take, spoiled, reason):
    whole = records()
    report = take(b"".join([*whole[:2], spoiled, *whole[3:]]), name="plain.warc")
    assert reason in report.bad[0].reason
    assert report.bad[0].offset == len(whole[0] + whole[1])
    assert [row[0] for row in articles(store)] == ["bao:0", "bao:1", "bao:3", "bao:4"]


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (("WARC-Truncated: length",), "cut it off"),
        (("WARC-Block-Digest: sha1:AAAA",), "digest"),
    ],
)
@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/tin-1.html", "https://bao.example/quoc-phong/"]
)
def test_an_unsound_record_of_a_page_nobody_asked_for_is_named_and_no_damage(
    store, take, spoiled, reason, url
):
    unsound = record(60, page(b"<html>x"), url=url, extra=spoiled)
    whole = records()
    report = take(b"".join([*whole[:2], unsound, *whole[2:]]), name="plain.warc")
    assert (report.bad_count, report.unwanted_bad_count) == (0, 1)
    [bad] = report.unwanted_bad
    assert (bad.url, bad.offset) == (url, len(whole[0] + whole[1]))
    assert reason in bad.reason
    assert articles(store) == EXPECTED
    assert rows(store, "SELECT reason FROM runs") == [("finished",)]


def test_of_all_pages_of_known_papers_an_unsound_list_is_damage(take):
    unsound = record(60, page(b"<html>x"), url="https://bao.example/quoc-phong/", extra=("WARC-Truncated: length",))  # fmt: skip
    report = take(b"".join([*records(), unsound]), all_pages=True)
    assert (report.bad_count, report.unwanted_bad_count) == (1, 0)


def test_an_unreadable_place_is_damage_whatever_page_stood_there(take):
    foreign = record(60, page(b"<html>x"), url="https://elsewhere.example/tin-1.html")
    torn = foreign.replace(b"Content-Length: ", b"Content-Length: 9")
    report = take(b"".join([*records(), torn]), name="plain.warc")
    assert (report.bad_count, report.unwanted_bad_count) == (1, 0)


def test_a_file_of_nothing_but_an_unsound_record_is_a_warc_file_all_the_same(take):
    unsound = record(60, page(b"<html>x"), url="https://elsewhere.example/tin-1.html", extra=("WARC-Block-Digest: sha1:AAAA",))  # fmt: skip
    assert take(unsound).unwanted_bad_count == 1


OTHERS = [
    record(50, page(b"<html>x"), url="https://elsewhere.example/tin-1.html"),
    record(51, page(b"<html>list"), url="https://bao.example/quoc-phong/"),
    record(52, page(b"<html>gone", b"HTTP/1.1 404 Not Found")),
    record(53, page(b"\x89PNG", headers=(b"Content-Type: image/png",))),
]


def test_only_articles_of_known_papers_are_taken(store, take):
    report = take(b"".join([*records(), *OTHERS]))
    assert (report.responses, report.foreign, report.other) == (9, 1, 3)
    assert len(rows(store, "SELECT 1 FROM captures")) == 5
    assert rows(store, "SELECT 1 FROM rejections") == []


def test_all_pages_of_known_papers_are_kept_when_asked_for(store, take):
    take(b"".join([*records(), *OTHERS]))
    report = take(b"".join([*records(), *OTHERS]), all_pages=True)
    assert (report.foreign, report.other, report.known) == (1, 0, 5)
    kept = rows(store, "SELECT status, kind FROM captures ORDER BY status, url")
    assert kept == [(200, "import")] * 7 + [(404, "import")]
    assert articles(store) == EXPECTED
    assert rows(store, "SELECT 1 FROM events") == []


REVISIT = page(b"")


@pytest.mark.parametrize(
    "extra",
    [
        (f"WARC-Refers-To-Target-URI: {address(3)}", "WARC-Refers-To-Date: 2019-03-01T01:02:03Z"),
        ("WARC-Payload-Digest: sha1:MADEUPBYTHEWRITER",),
    ],
)
def test_a_revisit_is_kept_with_the_page_it_refers_to(store, take, extra):
    first = record(3, page(html(3)), extra=("WARC-Payload-Digest: sha1:MADEUPBYTHEWRITER",))
    again = record(3, REVISIT, kind="revisit", extra=extra, day=9)
    report = take(gzip.compress(first) + gzip.compress(again))
    assert (report.unresolved, report.counts.accepted, report.counts.unchanged) == (0, 1, 1)
    [(last, kind)] = rows(
        store,
        "SELECT a.last_captured_at, c.kind FROM articles AS a JOIN captures AS c ON c.url = a.url"
        " WHERE c.fetched_at = a.last_captured_at",
    )
    assert (last[:10], kind) == ("2019-03-09", "revisit")
    [place] = rows(store, "SELECT warc_file, offset, length FROM captures WHERE kind = 'revisit'")
    location = RecordLocation(warc_file=place[0], offset=place[1], length=place[2])
    capture = read_capture(
        store.warc_folder, location, site="bao", find_payload=store.payload_location
    )
    assert capture.body == html(3)


def test_a_revisit_of_a_page_that_is_nowhere_is_counted(store, take):
    report = take(record(3, REVISIT, kind="revisit", extra=("WARC-Payload-Digest: sha1:X",)))
    assert (report.unresolved, report.counts.fetched) == (1, 0)
    assert articles(store) == []


def test_a_package_of_one_archive_goes_into_another(store, take, tmp_path):
    take(DIALECTS["heritrix"]())
    package = write_wacz(store, "bao", out=tmp_path)
    with Store.open(tmp_path / "second") as second:
        report = import_warc(second, REGISTRY, package.path, software="t", operator="t")
        assert (report.counts.accepted, report.bad) == (5, ())
        assert articles(second) == EXPECTED
        [(member, finished)] = rows(second, "SELECT member, finished_at FROM imports")
        assert member.startswith("archive/bao-")
        assert finished is not None
        ids = "SELECT id, url, fetched_at, payload_sha256 FROM captures ORDER BY id"
        assert rows(second, ids) == rows(store, ids)


def test_a_zip_file_without_warc_files_is_named(store, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as package:
        package.writestr("a.txt", "x")
    with pytest.raises(NotAWarc, match=r"x\.zip is a ZIP file without a WARC file"):
        import_warc(store, REGISTRY, tmp_path / "x.zip", software="t", operator="t")
    assert rows(store, "SELECT 1 FROM runs") == []


def test_a_large_file_is_read_in_little_memory(store, tmp_path):
    path = tmp_path / "large.warc"
    head = record(60, b"", kind="resource").replace(
        b"Content-Length: 0", b"Content-Length: %d" % 500_000_000
    )
    with path.open("wb") as file:
        file.write(records()[0])
        file.write(head[:-4])
        file.seek(500_000_000, 1)
        file.write(b"\r\n\r\n")
        file.write(records()[1])
    tracemalloc.start()
    try:
        report = import_warc(store, REGISTRY, path, software="t", operator="t")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (report.counts.accepted, report.bad) == (2, ())
    assert peak < 60_000_000


def test_a_database_error_leaves_no_row_without_its_record(store, take, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("made up")

    monkeypatch.setattr(importer, "remember_record", fail)
    with pytest.raises(sqlite3.OperationalError):
        take(DIALECTS["heritrix"]())
    assert rows(store, "SELECT 1 FROM captures") == []
    monkeypatch.undo()
    take(DIALECTS["heritrix"]())
    assert articles(store) == EXPECTED
