"""A paper whose name leads into a private network: nothing is asked, and the archive says why."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

pytestmark = pytest.mark.end_to_end

#: The command, with a name server that sends every name to where the first argument says.
COMMAND = """
import socket, sys
target = sys.argv.pop(1)
socket.gethostbyname = lambda name: target
from scraper.cli import main
main()
"""
PAPER = """
id = "bao-la"
name = "Báo Lạ"
homepage = "http://bao-la.example:{port}/"
domains = ["bao-la.example:{port}"]
article_url = '-(?P<id>\\d+)$'
delay_s = 1
"""


@pytest.mark.parametrize("target", ["127.0.0.1", "169.254.169.254"])
def test_a_crawl_refuses_names_of_private_hosts_and_stores_the_reason(dqtv, tmp_path, target):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = listener.getsockname()[1]
        (tmp_path / "sites").mkdir()
        (tmp_path / "sites" / "bao-la.toml").write_text(PAPER.format(port=port), encoding="utf-8")
        environment = {**dqtv.environment(), "DQTV_SITES": str(tmp_path / "sites")}
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, target, "crawl", "bao-la", "--json"],
            env=environment, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        with pytest.raises(BlockingIOError):
            listener.accept()
    (site,) = json.loads(done.stdout)["sites"]
    assert site["counts"]["failed"] == {"address_refused": 1}, done.stderr
    with closing(sqlite3.connect(dqtv.archive / "archive.db")) as archive:
        ((state, outcome, detail, attempts),) = archive.execute(
            "SELECT state, outcome, detail, attempts FROM frontier"
        ).fetchall()
    assert (state, outcome, attempts) == ("failed", "address_refused", 1)
    assert f"bao-la.example is a private address ({target})" in detail
