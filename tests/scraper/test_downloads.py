"""The download handler against servers that lead astray, drip, flood or send odd heads."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

#: Fetches addresses one after the other with the project's settings and prints what came of each. In a
#: process of its own, because a reactor runs only once. Names resolve as the third argument says.
FETCH = """
import json, socket, sys, time
addresses, private, names, more = map(json.loads, sys.argv[1:5])
real = socket.getaddrinfo
def resolve(host, port, *args, **options):
    known = names.get(host)
    if known is None:
        return real(host, port, *args, **options)
    def entry(ip):
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        place = (ip, port or 0, 0, 0) if ":" in ip else (ip, port or 0)
        return family, socket.SOCK_STREAM, 6, "", place
    return [entry(ip) for ip in known]
socket.getaddrinfo = resolve
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from scraper.guard import PRIVATE_HOSTS_SETTING
from scraper.spiders.newspaper import failure_outcome

class Some(scrapy.Spider):
    name = "some"
    async def start(self):
        for address in addresses:
            yield scrapy.Request(address, callback=self.parse, errback=self.failed, meta=dict(more.get("meta", {})))
    def parse(self, response):
        head = [line.decode("latin-1") for line in response.meta["sent_head"]]
        print(json.dumps({"url": response.request.url, "status": response.status, "head": head}))
    def failed(self, failure):
        outcome = failure_outcome(failure.value)
        lasted = time.monotonic() - began
        print(json.dumps({"url": failure.request.url, "reason": outcome.reason, "detail": outcome.detail, "lasted": lasted}))

project = Settings()
project.setmodule("scraper.settings", priority="project")
settings = Settings({name: project[name] for name in (
    "DOWNLOAD_HANDLERS", "DOWNLOAD_VERIFY_CERTIFICATES", "DOWNLOAD_MAXSIZE", "HTTPPROXY_ENABLED",
    "TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "COMPRESSION_ENABLED", "COOKIES_ENABLED",
)})
settings.update({
    PRIVATE_HOSTS_SETTING: private, "LOG_LEVEL": "CRITICAL", "RETRY_ENABLED": False, "HTTPERROR_ALLOW_ALL": True,
    "DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver", **more.get("settings", {}),
})
process = AsyncCrawlerProcess(settings)
process.crawl(Some)
began = time.monotonic()
process.start()
"""


class Server:
    """Accepts connections on a free port of this machine and hands each to *serve*."""

    def __init__(self, serve=lambda _: None, host="127.0.0.1"):
        self.accepted = 0
        self._serve = serve
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=self._family)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with closing(connection):
            connection.recv(65_536)
            try:
                self._serve(connection)
            except OSError:
                return

    def close(self):
        self._socket.close()


@pytest.fixture
def server_of():
    servers = []

    def make(serve=lambda _: None, host="127.0.0.1"):
        servers.append(Server(serve, host))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def fetched(*addresses, private=(), names=None, meta=None, settings=None, environment=None):
    """What came of each address."""
    more = {"meta": meta or {}, "settings": settings or {}}
    done = subprocess.run(
        [sys.executable, "-c", FETCH, *map(json.dumps, (addresses, list(private), names or {}, more))],
        capture_output=True, text=True, timeout=240, check=False, env=environment,
    )  # fmt: skip
    answers = {answer["url"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert len(answers) == len(addresses), done.stderr
    return [answers[address] for address in addresses]


#: Names of public hosts, and where a name server of an attacker may send them.
ASTRAY = {
    "vong.baovidu.example": ["127.0.0.1"],
    "muoi.baovidu.example": ["10.1.2.3"],
    "nha.baovidu.example": ["192.168.1.1"],
    "may.baovidu.example": ["169.254.169.254"],
    "sau.baovidu.example": ["::1"],
    "ban-do.baovidu.example": ["::ffff:127.0.0.1"],
    "dich.baovidu.example": ["64:ff9b::7f00:1"],
    "hop.baovidu.example": ["2002:7f00:1::1"],
    "rieng.baovidu.example": ["fd00::1"],
    "khong.baovidu.example": ["0.0.0.0"],
    "nhom.baovidu.example": ["224.0.0.1"],
    "lan-lon.baovidu.example": ["203.0.113.9", "127.0.0.1"],
}


def test_names_that_lead_into_private_networks_are_refused_before_a_connection(server_of):
    server = server_of()
    addresses = [f"http://{name}:{server.port}/" for name in ASTRAY]
    for answer in fetched(*addresses, names=ASTRAY):
        assert answer["reason"] == "address_refused", answer
        assert "private" in answer["detail"]
    assert server.accepted == 0


def test_a_private_host_is_asked_only_under_the_name_and_port_excepted(server_of):
    server = server_of(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    other = server_of()
    addresses = [
        f"http://127.0.0.1:{server.port}/",
        f"http://127.0.0.1:{other.port}/",
        f"http://ten-khac.example:{server.port}/",
    ]
    answers = fetched(
        *addresses,
        private=[f"127.0.0.1:{server.port}"],
        names={"ten-khac.example": ["127.0.0.1"]},
    )
    assert answers[0]["status"] == 200
    assert [answer["reason"] for answer in answers[1:]] == ["address_refused"] * 2
    assert other.accepted == 0


def test_no_proxy_is_used_neither_of_the_environment_nor_of_a_request(server_of, monkeypatch):
    proxy = server_of()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}/")
    (answer,) = fetched("http://muoi.baovidu.example/", names=ASTRAY)
    assert answer["reason"] == "address_refused"
    (answer,) = fetched("http://93.184.215.14/", meta={"proxy": f"http://127.0.0.1:{proxy.port}/"})
    assert (answer["reason"], "no proxy" in answer["detail"]) == ("address_refused", True)
    assert proxy.accepted == 0


def test_other_schemes_are_no_requests_at_all(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    answers = fetched(secret.as_uri(), "ftp://127.0.0.1/x", "data:text/plain,x")
    assert [answer.get("status") for answer in answers] == [None] * 3


def drip(before, piece):
    def serve(connection):
        connection.sendall(before)
        while True:
            connection.sendall(piece)
            time.sleep(0.2)

    return serve


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"x"),
    ],
)
def test_an_answer_that_drips_is_given_up_when_its_time_is_over(server_of, before, piece):
    server = server_of(drip(before, piece))
    (answer,) = fetched(
        f"http://127.0.0.1:{server.port}/",
        private=[f"127.0.0.1:{server.port}"],
        settings={"DOWNLOAD_TIMEOUT": 1.5},
    )
    assert answer["reason"] == "timeout"
    assert answer["lasted"] < 40


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-Field-%d: %s\r\n" % (n, b"x" * 100) for n in range(2_000)),
        b"X-Long: " + b"x" * 200_000 + b"\r\n",
        b"X-Folded: a\r\n" + b" folded line\r\n" * 20_000,
    ],
)
def test_a_head_that_does_not_end_is_too_large(server_of, head):
    server = server_of(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n"))
    (answer,) = fetched(f"http://127.0.0.1:{server.port}/", private=[f"127.0.0.1:{server.port}"])
    assert (answer["reason"], "bytes of headers" in answer["detail"]) == ("too_large", True)


def test_endless_informational_answers_are_too_large(server_of):
    def serve(connection):
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)

    server = server_of(serve)
    (answer,) = fetched(f"http://127.0.0.1:{server.port}/", private=[f"127.0.0.1:{server.port}"])
    assert answer["reason"] == "too_large"


def test_an_endless_body_is_too_large(server_of):
    def serve(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    server = server_of(serve)
    (answer,) = fetched(f"http://127.0.0.1:{server.port}/", private=[f"127.0.0.1:{server.port}"])
    assert answer["reason"] == "too_large"


def test_the_head_is_kept_as_it_was_sent(server_of):
    lines = [
        "HTTP/1.1 200 Rat Tot", "server: Apache", "Set-Cookie: a=1", "X-b: 2", "SET-COOKIE: b=2", "Connection: close",
        "Content-Length: 2",
    ]  # fmt: skip
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    server = server_of(
        lambda c: c.sendall(b"HTTP/1.1 103 Early Hints\r\nX-c: 3\r\n\r\n" + head + b"ok")
    )
    (answer,) = fetched(f"http://127.0.0.1:{server.port}/", private=[f"127.0.0.1:{server.port}"])
    assert answer["head"] == lines
