"""Stored pages in pywb: every capture opens at its own time, byte for byte what was stored."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
import pytest

from archive.captures import read_capture
from archive.cdxj import closed_files, index_closed_files, index_path, merge_indexes
from archive.decoding import decoded_body
from archive.instants import read_instant
from archive.model import Capture, RecordLocation
from archive.store import Store
from archive.wacz import write_wacz
from archive.warc import Exchange, WarcWriter
from scraper.demo.press import DemoPress

pytestmark = pytest.mark.end_to_end

VIEWER = Path(__file__).parents[2] / ".venv-view" / "bin"
DAY = datetime(2026, 3, 1, 5, 0, 0, tzinfo=UTC)
#: `python -m wacz` ends with 0 whatever it found.
_VALIDATE = (
    "import sys; from wacz.main import main; sys.exit(main(['validate', '-f', sys.argv[1]]))"
)
PAGE = "<html><body>Dân quân xã Bến Sông ra quân huấn luyện đầu năm. </body></html>".encode() * 3


@pytest.fixture(scope="module", autouse=True)
def viewer():
    if not (VIEWER / "wayback").exists():
        pytest.skip("pywb is not here; set it up with `make view-install`")


@attrs.frozen
class Viewer:
    """A running pywb."""

    port: int
    collection: str

    def get(self, url: str, at: datetime, modifier: str = "id_"):
        """Status, headers and body as the viewer sends them; redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            path = f"/{self.collection}/{at:%Y%m%d%H%M%S}{modifier}/{url}"
            connection.request("GET", path, headers={"Accept-Encoding": "gzip, br"})
            answer = connection.getresponse()
            return answer.status, tuple(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def body(self, url: str, at: datetime) -> tuple[int, datetime, bytes]:
        """Status, time of the capture shown, and its body without content coding."""
        status, headers, body = self.get(url, at)
        named = {name.lower(): value for name, value in headers}
        coding = tuple((x, y) for x, y in headers if x.lower() == "content-encoding")
        shown = parsedate_to_datetime(named["memento-datetime"])
        return status, shown, decoded_body(coding, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(process: subprocess.Popen, port: int) -> None:
    give_up = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "pywb ended"
            assert time.monotonic() < give_up, "pywb does not answer"
            time.sleep(0.05)
        else:
            return


@contextmanager
def running(folder: Path, collection: str):
    """Pywb on *folder* at a free port, until the block ends."""
    port = free_port()
    command = [VIEWER / "wayback", "-d", folder, "-b", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_answer(process, port)
        yield Viewer(port, collection)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def unpacked(folder: Path, package: Path):
    """Pywb on the content of one WACZ file."""
    for words in (["init", "packed"], ["add", "--unpack-wacz", "packed", str(package)]):
        done = subprocess.run([VIEWER / "wb-manager", *words], cwd=folder, capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
    with running(folder, "packed") as viewer:
        yield viewer


# -- the demo press, crawled twice --------------------------------------------------------------------


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    dqtv = new_command(tmp_path_factory.mktemp("viewing"))
    with DemoPress(port=dqtv.port) as press:
        papers = press.friendly[:4]
        dqtv("crawl", *papers, "--json")
        # as after a kill between closing a file and indexing it
        next((dqtv.archive / "index").rglob("*.cdxj")).unlink()
        # for a scope of its own, lists are asked for without conditions: unchanged ones become revisits
        dqtv("crawl", *papers, "--scope", "defence", "--json")
    with Store.open(dqtv.archive, create=False) as store:
        missing = [x for x in closed_files(store) if not index_path(dqtv.archive, x).exists()]
    assert missing == [], "every file has an index when its crawl ends, and what a kill left out"
    dqtv("publish")
    dqtv("index")
    return dqtv


@pytest.fixture(scope="module")
def view(crawled):
    folder = crawled.archive / "index"

    def as_it_lies():
        # the index is the viewer's own, and `make view` writes it anew
        return {
            x: x.stat().st_mtime_ns
            for x in crawled.archive.rglob("*")
            if folder not in (x, *x.parents)
        }

    before = as_it_lies()
    with running(folder, "dqtv") as viewer:
        yield viewer
    assert as_it_lies() == before, "the viewer wrote into the archive"


@pytest.fixture
def captures(crawled):
    """All captures with a body to show, read from their WARC files; of those of one address in one second, one."""
    with Store.open(crawled.archive, create=False) as store:
        rows = store.connection.execute(
            "SELECT warc_file, offset, length, site, url FROM captures WHERE status <> 304"
            " ORDER BY fetched_at"
        ).fetchall()
        read = [
            read_capture(
                store.warc_folder,
                RecordLocation(warc_file=file, offset=offset, length=length),
                site=site, url=url, find_payload=store.payload_location,
            )
            for file, offset, length, site, url in rows
        ]  # fmt: skip
    return list({(x.url, x.fetched_at.replace(microsecond=0)): x for x in read}.values())


def test_every_capture_plays_at_its_time_byte_for_byte(view, captures):
    wrong = []
    for capture in captures:
        status, shown, body = view.body(capture.url, capture.fetched_at)
        second = capture.fetched_at.replace(microsecond=0)
        if (status, shown, body) != (capture.status, second, capture.body):
            wrong.append(f"{capture.kind} {capture.url} {second} -> {status} {shown}")
    assert wrong == []
    kinds = Counter(capture.kind.value for capture in captures)
    assert len(captures) >= 50
    assert kinds["revisit"] >= 5


def test_revisits_are_played_at_both_dates_feeds_too(view, captures):
    times = Counter(capture.url for capture in captures)
    again = [x for x in captures if times[x.url] > 1]
    assert any(x.kind.value == "revisit" for x in again)
    feeds = [x for x in again if b"<rss" in x.body[:300]]
    assert len({(x.url, x.fetched_at) for x in feeds}) >= 2
    for capture in feeds:
        assert view.body(capture.url, capture.fetched_at)[2] == capture.body


def test_the_link_of_an_article_opens_its_page(view, crawled):
    from archive.desk.viewer import archived_copy  # noqa: PLC0415  Datasette takes half a second

    with Store.open(crawled.archive, create=False) as store:
        url, at, title = store.connection.execute(
            "SELECT c.url, c.fetched_at, a.title FROM articles AS a"
            " JOIN captures AS c ON c.id = a.capture_id LIMIT 1"
        ).fetchone()
    base = f"http://127.0.0.1:{view.port}"
    address = archived_copy(f"{base}/dqtv", url, at)
    connection = http.client.HTTPConnection("127.0.0.1", view.port, timeout=30)
    connection.request("GET", address.removeprefix(base))
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    assert answer.status == 200
    assert title in page


def test_a_package_of_the_whole_paper_is_valid_and_plays(crawled, captures, tmp_path):
    site = captures[0].site
    report = crawled("wacz", site, "--out", str(tmp_path / "out"), "--json").json()
    [package] = report["packages"]
    valid = subprocess.run(
        [sys.executable, "-c", _VALIDATE, package["path"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert valid.returncode == 0, valid.stdout + valid.stderr
    with unpacked(tmp_path, Path(package["path"])) as viewer:
        for capture in (x for x in captures if x.site == site):
            shown = viewer.body(capture.url, capture.fetched_at)
            assert shown[1:] == (capture.fetched_at.replace(microsecond=0), capture.body)


# -- one page on three days: captured, unchanged, not modified ----------------------------------------


@pytest.fixture
def three_days(tmp_path):
    """An archive whose paper has one file for each day; the second and third refer to the first."""
    url = "http://bao.example/1.html"
    with Store.open(tmp_path / "archive") as store:
        for day in range(3):
            writer = WarcWriter(
                store.warc_folder, site="bao", run_id=f"r-{day}", operator="x", software="x",
                robots_policy="x", known_payload=store.known_payload,
                clock=lambda day=day: DAY + timedelta(days=day),
            )  # fmt: skip
            exchange = Exchange(
                id=str(uuid.uuid4()), url=url, fetched_at=DAY + timedelta(days=day),
                status=304 if day == 2 else 200, reason="OK",
                response_headers=(("Content-Type", "text/html; charset=utf-8"),),
                payload=b"" if day == 2 else PAGE,
                refers_to=(url, DAY + timedelta(days=1)) if day == 2 else None,
            )  # fmt: skip
            written = writer.write_exchange(exchange)
            with store.transaction():
                store.add_capture(
                    Capture(
                        id=exchange.id, site="bao", url=url, fetched_at=exchange.fetched_at,
                        status=exchange.status, kind=written.kind,
                        payload_sha256=written.payload_sha256, location=written.location,
                    )
                )  # fmt: skip
                for closed in writer.close():
                    store.register_closed_file(closed)
        yield store, url


def test_a_page_that_was_not_modified_plays_as_it_was_captured_before(three_days):
    store, url = three_days
    index_closed_files(store)
    merge_indexes(store)
    with running(store.root / "index", "dqtv") as viewer:
        for day in range(3):
            status, shown, body = viewer.body(url, DAY + timedelta(days=day))
            assert (status, body) == (200, PAGE)
            assert shown == DAY + timedelta(days=min(day, 1))


@pytest.mark.parametrize("day", [1, 2])
def test_a_package_of_one_day_takes_along_what_its_revisits_refer_to(three_days, tmp_path, day):
    store, url = three_days
    when = (DAY + timedelta(days=day)).date()
    package = write_wacz(store, "bao", out=tmp_path / "out", first=when, last=when)
    assert (package.captures, package.referred, package.problems) == (1, day, ())
    with unpacked(tmp_path, package.path) as viewer:
        status, _, body = viewer.body(url, DAY + timedelta(days=day))
        assert (status, body) == (200, PAGE)


# -- make view ----------------------------------------------------------------------------------------


def processes_of(session: int) -> list[str]:
    """Names of the processes of a session that have not ended."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                name, _, rest = (folder / "stat").read_text().rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(rest.split()[3]) == session and rest.split()[0] not in "ZX":
                found.append(name)
    return found


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists() or shutil.which("make") is None,
    reason="processes are listed by Linux; make is needed",
)
def test_make_view_shows_a_stored_page_and_ends_with_ctrl_c(crawled):
    with Store.open(crawled.archive, create=False) as store:
        url, text = store.connection.execute(
            "SELECT url, fetched_at FROM captures WHERE status = 200 AND kind = 'response'"
            " AND url IN (SELECT url FROM frontier WHERE kind = 'article') LIMIT 1"
        ).fetchone()
    port = free_port()
    # both environments as they are: nothing is installed
    command = ["make", "view", f"BIN={Path(sys.executable).parent}", f"VIEWER_PORT={port}",
               f"ARCHIVE={crawled.archive}", "-o", "install", "-o", "view-install"]  # fmt: skip
    view = subprocess.Popen(
        command, cwd=VIEWER.parents[1], text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_for_answer(view, port)
        at = read_instant(text)
        status, shown, body = Viewer(port, "dqtv").body(url, at)
        assert (status, shown) == (200, at.replace(microsecond=0))
        assert b"<title>" in body
        # as a terminal does: to every process in it
        os.killpg(view.pid, signal.SIGINT)
        said, _ = view.communicate(timeout=120)
    finally:
        if processes_of(view.pid):
            os.killpg(view.pid, signal.SIGKILL)
    assert f"http://127.0.0.1:{port}/dqtv/" in said
    assert ":8002" not in said
    assert "-p 8002" not in said
    assert processes_of(view.pid) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
