"""Processes that read pages: what they give back, and what happens when one of them dies."""

import gzip
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from archive.errors import ReaderDied
from archive.frontier import LeasedUrl
from archive.model import Capture, Failed, RecordLocation, UrlKind
from archive.readings import StoredCapture
from scraper.process import process
from scraper.readers import Readers, StoredPage
from scraper.settings import DOWNLOAD_MAXSIZE
from scraper.sites.load import load_registry

SITE = "demo-songmay"
REGISTRY = load_registry()
PAGE = "<html><head><title>Dân quân Vàm Sậy</title></head><body><h1>Dân quân Vàm Sậy</h1><article>{}</article></body></html>"
TEXT = "<p>Sáng nay, Ban CHQS xã Vàm Sậy mở lớp huấn luyện cho lực lượng dân quân tự vệ năm thứ nhất.</p>"

LEASED = LeasedUrl(
    id=1, site=SITE, url="http://x/", kind=UrlKind.ARTICLE, seed=None, page=None, priority=0, hops=0, attempts=0,
    key="article:a1",
)  # fmt: skip


def packed(body):
    """The capture of a page that the server sent packed."""
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    return attrs.evolve(capture(), headers=headers, body=gzip.compress(body))


def capture():
    url = f"{REGISTRY.site(SITE).homepage.rstrip('/')}/chuyen-o-xa-a1.html"
    return Capture(
        id="1", site=SITE, url=url, fetched_at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC), status=200,
        body=PAGE.format(2 * TEXT).encode(),
    )  # fmt: skip


@pytest.mark.parametrize("processes", [0, 1])
def test_a_reader_says_what_process_says_without_the_pages_bytes(processes):
    site = REGISTRY.site(SITE)
    wanted = process(capture(), site, REGISTRY.family_of(site))
    with Readers(REGISTRY, processes=processes) as readers:
        read = readers.read(LEASED, capture(), {}).result(timeout=60)
    assert (read.article, read.verdict, read.lesson) == (
        wanted.article, wanted.verdict, wanted.lesson,
    )  # fmt: skip
    assert read.capture.body == b""


def test_without_room_for_what_readers_begin_with_the_caller_reads_and_says_so(
    monkeypatch, tmp_path, caplog
):
    gone = tmp_path / "gone"
    monkeypatch.setattr(tempfile, "tempdir", str(gone))
    with Readers(REGISTRY, processes=1) as readers:
        read = readers.read(LEASED, capture(), {}).result(timeout=60)
    assert read.article.body
    (said,) = caplog.messages
    assert str(gone) in said
    assert "TMPDIR" in said


def test_a_page_is_unpacked_by_its_reader():
    with Readers(REGISTRY, processes=1) as readers:
        plain = readers.read(LEASED, capture(), {}).result(timeout=60)
        read = readers.read(LEASED, packed(capture().body), {}).result(timeout=60)
    assert read.article == plain.article
    assert read.article.body


def test_a_page_that_unpacks_to_more_than_is_read_is_refused_by_its_reader():
    with Readers(REGISTRY, processes=0) as readers:
        outcome = readers.read(LEASED, packed(b" " * (DOWNLOAD_MAXSIZE + 1)), {}).result()
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.capture.body) == ("too_large", b"")


def test_a_reader_does_not_run_the_main_module_anew(tmp_path):
    runs, script = tmp_path / "runs", tmp_path / "script.py"
    script.write_text(
        f"with open({str(runs)!r}, 'a') as runs: runs.write(__name__ + ' ')\n"
        "if __name__ == '__main__':\n"
        "    from scraper.readers import Readers\n"
        "    from tests.scraper.test_readers import LEASED, REGISTRY, capture\n"
        "    with Readers(REGISTRY, processes=1) as readers:\n"
        "        assert readers.read(LEASED, capture(), {}).result(timeout=60).article.body\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, script], check=True, timeout=60, env=environment)
    assert runs.read_text() == "__main__ "


def test_a_killed_reader_is_reported(tmp_path):
    place = RecordLocation(warc_file="x", offset=0, length=1)
    page = StoredPage(capture=StoredCapture(id="1", site=SITE, url="http://x/", location=place))
    with Readers(REGISTRY, processes=1) as readers:
        readers.read(LEASED, capture(), {}).result(timeout=60)
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGKILL)
        for _ in range(2):
            [(pages, reading)] = readers.read_stored(tmp_path, (page,), {})
            assert (pages, type(reading.exception(timeout=60))) == ((page,), BrokenProcessPool)
        with pytest.raises(ReaderDied, match="killed or ran out of memory"):
            readers.read(LEASED, capture(), {})
