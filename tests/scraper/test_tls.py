"""Certificates: verified by default, not for the hosts with a recorded exception."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from scrapy.settings import Settings

from scraper.tls import EXCEPTIONS_SETTING, CertificateRefused, PolicyByHost

PAGE = "<html><title>Báo thử</title><p>Dân quân xã trực lũ.</p></html>".encode()

#: Fetches one address with the project's settings and prints what came of it. In a process of its own,
#: because a reactor runs only once.
FETCH = """
import json, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from scraper.guard import PRIVATE_HOSTS_SETTING
from scraper.tls import EXCEPTIONS_SETTING

class One(scrapy.Spider):
    name = "one"
    custom_settings = {}
    async def start(self):
        yield scrapy.Request(sys.argv[1], callback=self.parse, errback=self.failed)
    def parse(self, response):
        print(json.dumps({"status": response.status, "length": len(response.body)}))
    def failed(self, failure):
        print(json.dumps({"error": type(failure.value).__name__, "detail": str(failure.value)}))

project = Settings()
project.setmodule("scraper.settings", priority="project")
settings = Settings({name: project[name] for name in ("DOWNLOAD_HANDLERS", "DOWNLOAD_VERIFY_CERTIFICATES")})
settings.update({
    EXCEPTIONS_SETTING: json.loads(sys.argv[2]), PRIVATE_HOSTS_SETTING: json.loads(sys.argv[3]), "TELNETCONSOLE_ENABLED": False, "DOWNLOAD_TIMEOUT": 10,
    "REMOTE_CONTROL_ENABLED": False, "LOG_LEVEL": "ERROR",
})
process = AsyncCrawlerProcess(settings)
process.crawl(One)
process.start()
"""


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def port(self_signed, tmp_path_factory):
    """Port of a local server with a self-signed certificate."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(b"".join(self_signed("localhost")))
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def fetched(url, *excepted):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FETCH,
            url,
            json.dumps(excepted),
            json.dumps([urlsplit(url).netloc]),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_a_certificate_nobody_vouches_for_is_refused(port):
    answer = fetched(f"https://localhost:{port}/")

    assert answer["error"] == CertificateRefused.__name__
    assert "certificate verify failed" in answer["detail"]


def test_the_host_with_an_exception_loads(port):
    assert fetched(f"https://localhost:{port}/", "localhost") == {
        "status": 200,
        "length": len(PAGE),
    }


def test_the_exception_of_one_host_is_none_for_another(port):
    answer = fetched(f"https://127.0.0.1:{port}/", "localhost")

    assert answer["error"] == CertificateRefused.__name__


def test_a_refused_connection_is_no_matter_of_certificates():
    assert fetched("https://127.0.0.1:1/")["error"] == "DownloadConnectionRefusedError"


class _Named:
    def __init__(self, name):
        self.name = name

    def creatorForNetloc(self, hostname, port):  # noqa: N802  Twisted's name
        return self.name, hostname, port


@pytest.mark.parametrize(
    ("host", "policy"),
    [
        (b"travinh.baovinhlong.vn", "lenient"),
        (b"TraVinh.BaoVinhLong.vn", "lenient"),
        (b"baovinhlong.vn", "strict"),
        (b"x.travinh.baovinhlong.vn", "strict"),
    ],
)
def test_an_exception_is_for_one_host_name(host, policy):
    policies = PolicyByHost(_Named("strict"), _Named("lenient"), ["travinh.baovinhlong.vn "])

    assert policies.creatorForNetloc(host, 443) == (policy, host, 443)


def test_the_project_verifies_and_excepts_nobody():
    settings = Settings()
    settings.setmodule("scraper.settings", priority="project")

    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES") is True
    assert settings.getlist(EXCEPTIONS_SETTING) == []
