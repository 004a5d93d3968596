"""The desk behind nginx with HTTPS, as docs/serving.md sets it up."""

import re
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from time import monotonic

import pytest

from archive.desk.rate_limit import BURST

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
DOCS = Path(__file__).parents[3] / "docs"
HOST = "archive.example"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not on this machine")


def documented(language):
    return re.search(
        rf"```{language}\n(.*?)```", (DOCS / "serving.md").read_text("utf-8"), re.DOTALL
    )[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def desk(build, story):
    """``dqtv serve`` as the documented unit starts it, on a free port."""
    root = build(story(id="songmay:1", title="Dân quân Sông Mây")).parents[1]
    start = re.search(r"ExecStart=\S+/dqtv (.*)", documented("ini"))[1].split()
    port = free_port()
    command = [sys.executable, "-m", "scraper", *start, "--archive", str(root), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "search desk" in server.stdout.readline()
            yield port
        finally:
            server.terminate()


@pytest.fixture
def nginx(desk, self_signed, tmp_path):
    """Nginx with the documented server block; only ports and the certificate's place are changed."""
    key, certificate = self_signed(HOST)
    (tmp_path / "privkey.pem").write_bytes(key)
    (tmp_path / "fullchain.pem").write_bytes(certificate)
    port = free_port()
    block = (
        documented("nginx")
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace("http://127.0.0.1:8001", f"http://127.0.0.1:{desk}")
        .replace("/etc/letsencrypt/live/archive.example", str(tmp_path))
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
        f" events {{}} http {{ access_log off; client_body_temp_path {tmp_path}/body;"
        f" proxy_temp_path {tmp_path}/proxy; fastcgi_temp_path {tmp_path}/f;"
        f" uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n{block} }}",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
    ) as server:
        try:
            yield port
        finally:
            server.terminate()


@contextmanager
def connection(port, source="127.0.0.1"):
    """A connection to nginx from the address *source*."""
    trust_all = ssl.create_default_context()
    trust_all.check_hostname, trust_all.verify_mode = False, ssl.CERT_NONE
    deadline = monotonic() + 60
    while True:
        opened = HTTPSConnection(
            "127.0.0.1", port, source_address=(source, 0), context=trust_all, timeout=60
        )
        try:
            opened.connect()
            break
        except ConnectionRefusedError:
            assert monotonic() < deadline, "nginx does not answer"
    with closing(opened):
        yield opened


def ask(opened, path):
    opened.request("GET", path, headers={"Host": HOST})
    response = opened.getresponse()
    return response.status, response.read().decode()


def test_pages_come_through_and_name_the_public_address(nginx):
    with connection(nginx) as reader:
        status, text = ask(reader, "/-/article/songmay:1")
    assert status == 200
    assert f"https://{HOST}/-/article/songmay:1" in text
    assert "127.0.0.1" not in text


def test_readers_are_limited_each_by_the_address_that_nginx_sees(nginx):
    with connection(nginx, "127.0.0.2") as greedy, connection(nginx, "127.0.0.3") as other:
        statuses = [ask(greedy, "/nope")[0] for _ in range(3 * BURST)]
        assert 429 in statuses
        assert 429 not in statuses[:BURST]
        assert ask(other, "/")[0] == 200
