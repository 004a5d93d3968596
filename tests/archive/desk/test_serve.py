"""Serving in the foreground: the newest snapshot, until Ctrl-C, never on a taken port."""

import gzip
import signal
import socket
import subprocess
import sys
from http.client import IncompleteRead
from pathlib import Path
from time import monotonic
from urllib.request import Request, urlopen

import pytest

from archive.desk.serve import build_app, check_port, serve
from archive.errors import ArchiveError, NothingPublished, PortInUse, UsageError
from archive.publish import publish
from archive.snapshot import newest_snapshot


def test_taken_port_is_reported_before_anything_is_opened(build, story):
    root = build(story(id="songmay:1")).parents[1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match="--port") as caught:
            serve(root, host="127.0.0.1", port=port)
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.invalid", 0), ("203.0.113.1", 0), ("127.0.0.1", 99999)]
)
def test_unusable_address_is_reported(build, story, host, port):
    root = build(story(id="songmay:1")).parents[1]
    with pytest.raises(UsageError, match=r"--port|--host"):
        serve(root, host=host, port=port)


def test_archive_without_a_snapshot_is_reported(tmp_path):
    with pytest.raises(NothingPublished):
        serve(tmp_path, host="127.0.0.1", port=0)


def test_port_can_be_checked_ahead_and_is_free_again_afterwards():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("folder", ["Tài liệu #1", "100%", "sao?"])
def test_path_that_datasette_would_misread_is_refused_with_the_way_out(folder):
    with pytest.raises(ArchiveError, match="rename the folder"):
        build_app(Path(folder) / "dqtv.db")


PROGRAM = """
import pathlib, sys
from archive.desk.serve import serve
serve(pathlib.Path(sys.argv[1]), host="127.0.0.1", port=0, on_ready=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


def test_serves_until_ctrl_c_and_ends_in_order(build, story):
    root = build(story(id="songmay:1", title="Dân quân")).parents[1]
    command = [sys.executable, "-c", PROGRAM, str(root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip()
            with urlopen(address) as response:
                assert "Dân quân" in response.read().decode()
            server.send_signal(signal.SIGINT)
            output, errors = server.communicate(timeout=60)
        finally:
            server.kill()
    assert (output, errors, server.returncode) == ("ended\n", "", 0)


def _ask(address, path, **headers):
    with urlopen(Request(address + path, headers=headers)) as response:
        return response.headers, response.read()


def test_a_snapshot_published_meanwhile_is_served_and_pages_are_packed(build, story):
    root = build(story(id="songmay:1", title="Dân quân")).parents[1]
    first = newest_snapshot(root)
    command = [sys.executable, "-c", PROGRAM, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().strip()
            headers, body = _ask(address, "", **{"Accept-Encoding": "gzip"})
            assert headers["content-encoding"] == "gzip"
            assert first.id in gzip.decompress(body).decode()
            second = publish(root)
            assert second.id != first.id
            deadline = monotonic() + 60
            while second.id not in _ask(address, "")[1].decode():
                assert monotonic() < deadline, "the desk stayed with the former snapshot"
        finally:
            server.kill()


FAILING = """
import pathlib, sqlite3, sys
from archive.desk import take_away
from archive.desk.serve import serve

read, pieces = take_away.read_articles, []
def fail(connection, docids):
    pieces.append(docids)
    if len(pieces) % 2 == 0:
        raise sqlite3.OperationalError("disk I/O error")
    return read(connection, docids)
take_away.PIECE, take_away.read_articles = 1, fail
serve(pathlib.Path(sys.argv[1]), host="127.0.0.1", port=0, on_ready=lambda url: print(url, flush=True))
"""


def test_a_file_that_fails_in_the_middle_is_a_failed_download_packed_or_not(build, story):
    root = build(*(story(id=f"songmay:{n}") for n in range(3))).parents[1]
    command = [sys.executable, "-c", FAILING, str(root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip()
            for encoding in ("identity", "gzip"):
                with pytest.raises(IncompleteRead) as failed:
                    _ask(address, "-/search/hits.csv", **{"Accept-Encoding": encoding})
                assert b"<html" not in failed.value.partial
            # the server goes on
            assert _ask(address, "-/search/hits.atom")[0]["content-type"].startswith(
                "application/atom"
            )
        finally:
            server.kill()
