"""What other programs capture of the demo press, imported with the command, is what a crawl would store."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time

import pytest

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
