"""What other programs capture of the demo press, imported with the command, is what a crawl would store."""

from __future__ import annotations

import gzip
import shutil
import signal
import subprocess
import time
import zlib
from io import BytesIO

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.captures import read_capture
from archive.decoding import decoded_body
from archive.model import RecordLocation
from archive.store import Store

pytestmark = pytest.mark.end_to_end

ARTICLES = "SELECT id, title, sapo, body, published_at, level FROM articles ORDER BY id"


def articles(archive):
    with Store.open(archive, create=False) as store:
        return store.connection.execute(ARTICLES).fetchall()


@pytest.fixture
def crawled(dqtv, press):  # noqa: ARG001 - it has to run
    dqtv("crawl", "demo-bienxanh", "demo-songmay")
    return articles(dqtv.archive)


def test_what_wget_captures_is_imported_as_it_would_be_crawled(dqtv, crawled, tmp_path):
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed")
    with Store.open(dqtv.archive, create=False) as store:
        addresses = [
            url
            for (url,) in store.connection.execute(
                "SELECT c.url FROM captures AS c WHERE c.kind = 'response' AND c.status = 200"
            )
        ]
    (tmp_path / "list").write_text("\n".join(addresses))
    subprocess.run(
        ["wget", "-q", "-i", "list", "--warc-file=taken", "-O", "/dev/null", "--header=Accept-Encoding: gzip"],
        cwd=tmp_path, check=True, timeout=120,
    )  # fmt: skip
    second = tmp_path / "second"
    ran = dqtv("import", str(tmp_path / "taken.warc.gz"), "--archive", str(second), "--json")
    [report] = ran.json()["files"]
    assert report["bad_count"] == 0
    assert report["other"] > 0
    assert articles(second) == crawled


@pytest.mark.usefixtures("crawled")
def test_an_import_killed_at_any_time_goes_on_without_doubling(dqtv, tmp_path):
    out = tmp_path / "out"
    dqtv("wacz", "demo-bienxanh", "demo-songmay", "--out", str(out))
    package = out / "demo-songmay.wacz"
    whole, second = tmp_path / "whole", tmp_path / "second"
    dqtv("import", str(package), "--archive", str(whole))
    for tries in range(6):
        started = dqtv.start("import", str(package), "--archive", str(second))
        give_up = time.monotonic() + 60
        # the instant differs with each try: when the archive, a WARC file, a row is there
        wanted = ("archive.db", "warc/*/*/*", "warc/*/*/*.gz")[tries % 3]
        while started.poll() is None and not list(second.glob(wanted)):
            assert time.monotonic() < give_up
        started.send_signal(signal.SIGKILL)
        started.communicate()
    dqtv("import", str(package), "--archive", str(second))
    assert articles(second) == articles(whole)
    with Store.open(second, create=False) as store:
        captures, records, files = store.connection.execute(
            "SELECT (SELECT count(*) FROM captures), (SELECT count(*) FROM import_records),"
            " (SELECT count(*) FROM warc_files WHERE closed_at IS NULL)"
        ).fetchone()
    assert captures == records > 0
    assert files == 0


#: Pages of papers that no site file knows, in many languages; the first is about the militia too.
ELSEWHERE = {
    "baola.example": ("vi", "Dân quân xã Khe Gió ra quân huấn luyện tại thao trường của xã."),
    "herald.example": ("en", "The harbour council will vote on the new ferry line on Monday."),
    "gazette.example": ("fr", "Le conseil du port votera lundi la nouvelle ligne de bac."),
    "vestnik.example": ("ru", "Совет порта проголосует в понедельник за новую паромную линию."),
    "shimbun.example": ("ja", "港湾評議会は月曜日に新しい渡船航路を採決する。"),
    "akhbar.example": ("ar", "يصوت مجلس الميناء يوم الاثنين على خط العبارات الجديد."),
}


def chunked(body):
    half = len(body) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in (body[:half], body[half:], b""))


def sent(body, way):
    """Headers and payload as a news crawl keeps them, in one of five ways."""
    packed = gzip.compress(body, mtime=0)
    return [
        ([], body),
        ([("Content-Encoding", "gzip")], packed),
        ([("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")], chunked(packed)),
        # already unpacked, the headers as they were
        ([("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")], body),
        ([("X-Crawl-Content-Encoding", "gzip"), ("Content-Length", str(len(body)))], body),
    ][way % 5]


def news_crawl(path, pages, cut):
    """A WARC file like those of Common Crawl's CC-NEWS; offsets of the pages in *cut*, which are cut off."""
    offsets = {}
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True, warc_version="WARC/1.0")
        about = {"software": "a news crawler", "format": "WARC File Format 1.0"}
        writer.write_record(writer.create_warcinfo_record(path.name, about))
        for number, (url, body) in enumerate(pages):
            headers, payload = sent(body, number)
            named = {"WARC-Date": f"2026-11-25T03:{number % 60:02}:00Z", "WARC-IP-Address": "192.0.2.7"}  # fmt: skip
            if url in cut:
                offsets[url] = out.tell()
                payload, named["WARC-Truncated"] = payload[: len(payload) // 2], "length"
            head = [("Content-Type", "text/html; charset=utf-8"), *headers]
            writer.write_record(
                writer.create_warc_record(
                    url, "response", payload=BytesIO(payload), warc_headers_dict=named,
                    http_headers=StatusAndHeaders("200 OK", head, protocol="HTTP/1.1"),
                )
            )  # fmt: skip
    return offsets


@pytest.fixture
def stored_pages(dqtv, crawled):  # noqa: ARG001 - it has to run
    """Address and body of each article's page."""
    with Store.open(dqtv.archive, create=False) as store:
        places = store.connection.execute(
            "SELECT c.site, c.url, c.warc_file, c.offset, c.length FROM captures AS c"
            " JOIN article_versions AS v ON v.capture_id = c.id ORDER BY c.url"
        ).fetchall()
        return [
            (url, decoded_body(page.headers, page.body))
            for site, url, *place in places
            for page in [
                read_capture(
                    store.warc_folder, RecordLocation(**dict(zip(("warc_file", "offset", "length"), place, strict=True))),
                    site=site, find_payload=store.payload_location,
                )
            ]
        ]  # fmt: skip


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
def test_of_a_news_crawl_of_many_hosts_the_pages_of_known_papers_are_taken_and_cut_ones_named(
    dqtv, crawled, stored_pages, tmp_path
):
    foreign = [
        (f"https://{host}/{number}.html", f'<html lang="{language}"><h1>{text}</h1><p>{text * 5}</p>'.encode())
        for number in range(9)
        for host, (language, text) in ELSEWHERE.items()
    ]  # fmt: skip
    # among one another, as they were fetched
    pages = [*stored_pages, *foreign]
    pages = [page for at in range(7) for page in pages[at::7]]
    cut = {stored_pages[3][0], stored_pages[-1][0]}
    elsewhere = {foreign[0][0], foreign[-1][0], foreign[5][0]}
    path, second = tmp_path / "CC-NEWS-20261125030000-00001.warc.gz", tmp_path / "second"
    offsets = news_crawl(path, pages, cut | elsewhere)

    ran = dqtv("import", str(path), "--archive", str(second), "--json", code=None)
    [report] = ran.json()["files"]
    assert ran.code == 1
    for named, urls in (("bad", cut), ("unwanted_bad", elsewhere)):
        assert {x["url"]: x["offset"] for x in report[named]} == {url: offsets[url] for url in urls}
        assert {x["reason"] for x in report[named]} == {"its writer cut it off (WARC-Truncated: length)"}  # fmt: skip
    assert (report["bad_count"], report["unwanted_bad_count"]) == (2, 3)
    assert (report["foreign"], report["responses"]) == (len(foreign) - 3, len(pages) - 5)

    with Store.open(second, create=False) as store:
        ask = store.connection.execute
        urls = {url for (url,) in ask("SELECT url FROM captures")}
        assert urls == {url for url, _ in stored_pages} - cut
        assert ask("SELECT DISTINCT kind, robots FROM captures").fetchall() == [("import", "not_consulted")]  # fmt: skip
        assert ask("SELECT DISTINCT name, sha256 FROM imports").fetchall() == [(path.name, report["sha256"])]  # fmt: skip
        content = path.read_bytes()
        # each capture has the id of the record in that file, which lies where it is said to
        for record_id, offset in ask("SELECT record_id, offset FROM import_records").fetchall():
            record = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content[offset:])
            assert f"WARC-Record-ID: <{record_id}>".encode() in record
        gone = {row[0] for row in ask("SELECT id FROM articles")}
    taken = articles(second)
    assert taken == [row for row in crawled if row[0] in gone]
    assert len(taken) == len(crawled) - len(cut)


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
def test_cut_pages_of_hosts_nobody_asked_for_are_named_and_end_with_0(dqtv, tmp_path):
    pages = [(f"https://{host}/1.html", b"<html><p>x</p>") for host in ELSEWHERE]
    path = tmp_path / "CC-NEWS-20261125030000-00002.warc.gz"
    offsets = news_crawl(path, pages, {pages[0][0]})
    ran = dqtv("import", str(path), code=0)
    at = offsets[pages[0][0]]
    assert f"a page not asked for skipped at byte {at}: its writer cut it off" in ran.out
    assert pages[0][0] in ran.out
