"""What a crawl leaves in its WARC files, read by warcio."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import attrs
import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.store import Store
from scraper.demo.press import DemoPress
from scraper.settings import SOFTWARE_VERSIONS

pytestmark = pytest.mark.end_to_end

PAPER = "demo-songmay"


@attrs.frozen
class Record:
    """One record as warcio reads it."""

    type: str
    fields: dict[str, str]
    status: str | None
    headers: list[tuple[str, str]]
    content: bytes

    @property
    def path(self) -> str:
        return "/" + self.fields.get("WARC-Target-URI", "").split("/", 3)[-1]


def records(path):
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            http = record.http_headers
            yield Record(
                record.rec_type, dict(record.rec_headers.headers), http.statusline if http else None,
                list(http.headers) if http else [], record.raw_stream.read(),
            )  # fmt: skip


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    """Records of a crawl with errors, and of a second one; the files' paths too."""
    dqtv = new_command(tmp_path_factory.mktemp("warc"))
    with DemoPress(port=dqtv.port, faults={PAPER: "404"}) as press:
        dqtv("crawl", PAPER)
        press.set_fault(PAPER, None)
        dqtv("crawl", PAPER)
        dqtv("crawl", "demo-maychu", "--max-pages", "60")
    files = sorted((dqtv.archive / "warc").rglob("*.warc.gz"))
    return dqtv, files, [list(records(path)) for path in files]


def test_one_file_for_each_paper_and_run(crawled):
    _, files, _ = crawled
    assert Counter(path.parent.parent.name for path in files) == {PAPER: 2, "demo-maychu": 1}


def test_each_file_begins_with_who_made_it_with_what_and_why(crawled):
    dqtv, files, read = crawled
    with Store.open(dqtv.archive, create=False) as store:
        runs = {row[0] for row in store.connection.execute("SELECT id FROM runs")}
    for path, (first, *_) in zip(files, read, strict=True):
        said = dict(line.split(": ", 1) for line in first.content.decode().splitlines())
        assert (first.type, first.fields["WARC-Filename"]) == ("warcinfo", path.name)
        assert said["software"] == SOFTWARE_VERSIONS
        assert "Scrapy/2." in said["software"]
        assert (said["robots"], said["operator"], said["site"]) == (
            "obey",
            "unknown",
            path.parent.parent.name,
        )
        assert said["isPartOf"] in runs


def test_every_answer_has_its_request_address_and_digests(crawled):
    for _, *rest in crawled[2]:
        for answer, request in zip(rest[::2], rest[1::2], strict=True):
            assert answer.type in {"response", "revisit"}
            assert request.type == "request"
            assert request.fields["WARC-Concurrent-To"] == answer.fields["WARC-Record-ID"]
            assert request.fields["WARC-Target-URI"] == answer.fields["WARC-Target-URI"]
            assert answer.fields["WARC-IP-Address"] == "127.0.0.1"
            if answer.fields.get("WARC-Profile", "").endswith("/server-not-modified"):
                assert "WARC-Payload-Digest" not in answer.fields, "it came without a payload"
            else:
                assert answer.fields["WARC-Payload-Digest"].startswith("sha256:")
            assert request.status.endswith(" HTTP/1.1")


def test_robots_txt_errors_and_redirects_are_captured_with_their_phrase(crawled):
    answers = [r for file in crawled[2] for r in file if r.type == "response"]
    phrases = {record.status for record in answers}
    assert {"200 OK", "404 Not Found", "302 Found"} <= phrases
    robots = [
        r
        for file in crawled[2]
        for r in file
        if r.path == "/robots.txt" and r.status.startswith("200")
    ]
    assert len(robots) == len(crawled[1])
    moved = next(record for record in answers if record.status == "302 Found")
    assert any(name == "Location" for name, _ in moved.headers)


def test_headers_are_those_of_the_server_in_its_order_connection_headers_included(crawled):
    answer = next(record for record in crawled[2][1] if record.type == "response")
    names = [name for name, _ in answer.headers]
    assert names[0] == "Server"
    assert names[-2:] == ["Content-Length", "Connection"]


def test_what_has_not_changed_is_a_revisit_of_its_first_capture(crawled):
    # demo-maychu's file comes before the two of the other paper
    _, _, (_, earlier, second) = crawled
    revisits = [record for record in second if record.type == "revisit"]
    first = {
        (r.fields["WARC-Target-URI"], r.fields["WARC-Date"])
        for r in earlier
        if r.type == "response"
    }
    assert revisits
    for record in revisits:
        of = (record.fields["WARC-Refers-To-Target-URI"], record.fields["WARC-Refers-To-Date"])
        assert of in first
        assert record.content == b""


def test_the_database_knows_every_answer_and_what_robots_txt_said(crawled):
    dqtv, _, read = crawled
    ids = {
        r.fields["WARC-Record-ID"].removeprefix("<urn:uuid:").removesuffix(">")
        for file in read
        for r in file
        if r.type in {"response", "revisit"}
    }
    with Store.open(dqtv.archive, create=False) as store:
        rows = store.connection.execute("SELECT id, url, robots FROM captures").fetchall()
    assert {row[0] for row in rows} == ids
    for _, url, robots in rows:
        assert robots == (None if url.endswith("/robots.txt") else "allowed")


@pytest.mark.usefixtures("press")
def test_files_are_closed_at_the_size_of_the_setting_and_the_next_ones_go_on(dqtv):
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "newspaper", "-a", f"site={PAPER}", "-s", "DQTV_WARC_BYTES=50000"],
        env=dqtv.environment(), text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = sorted((dqtv.archive / "warc").rglob("*.warc.gz"))
    assert len(files) > 2
    # one exchange may lie across the bound
    assert all(path.stat().st_size < 150_000 for path in files)
    for path in files:
        first, *rest = records(path)
        assert (first.type, len(rest) % 2) == ("warcinfo", 0)
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", *map(str, files)],
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    with Store.open(dqtv.archive, create=False) as store:
        closed = store.connection.execute(
            "SELECT count(*) FROM warc_files WHERE sha256 IS NOT NULL"
        )
        assert closed.fetchone() == (len(files),)
