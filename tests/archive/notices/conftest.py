"""A mail server and a web address of our own on this machine, each with the moods that real ones have."""

from __future__ import annotations

import base64
import ipaddress
import socket
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from archive.notices.message import Letter, Message
from archive.notices.settings import MailSettings, Security

USER, PASSWORD = "archive", "rất-bí-mật".encode().hex()
#: No connection of a test outlives this.
BOUND_S = 20.0


class _Session(socketserver.StreamRequestHandler):
    """One client; what it says is answered as the server's mood asks."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.connection.settimeout(BOUND_S)
        try:
            if self.server.implicit:
                self._encrypt()
            self._talk()
        except (OSError, ssl.SSLError, ValueError):
            pass  # the client went away, or did not trust us
        finally:
            self.rfile.close()
            self.connection.close()

    def _encrypt(self):
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def _talk(self):
        if self.server.silent:
            self.server.ended.wait(BOUND_S)
            return
        if self.server.dripping:
            while not self.server.ended.wait(0.02):
                self.wfile.write(b"220-")
        self.say("220 mail.example ESMTP")
        while line := self.rfile.readline():
            verb = line.decode().split(" ")[0].strip().upper()
            if verb in self.server.answers:
                self.say(self.server.answers[verb])
            elif getattr(self, f"do_{verb.lower()}", self._unknown)(line.decode().strip()):
                return

    def _unknown(self, line):
        self.say(f"502 {line}?")

    def do_ehlo(self, _line):
        offers = ["mail.example", "8BITMIME", "AUTH PLAIN"]
        if self.server.context and not isinstance(self.connection, ssl.SSLSocket):
            offers.append("STARTTLS")
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def do_starttls(self, _line):
        self.say("220 go ahead")
        self._encrypt()

    def do_auth(self, line):
        given = base64.b64decode(line.split(" ")[2]).decode()
        if given == f"\0{USER}\0{PASSWORD}":
            self.server.logins.append(isinstance(self.connection, ssl.SSLSocket))
            self.say("235 welcome")
        else:
            self.say(f"535 no: {line} {given.split(chr(0))[-1]}")

    def do_mail(self, _line):
        self.say("250 ok")

    def do_rcpt(self, line):
        address = line.partition("<")[2].partition(">")[0]
        self.say("550 nobody here" if address in self.server.unknown else "250 ok")

    def do_rset(self, _line):
        self.say("250 ok")

    def do_data(self, _line):
        self.say("354 go on")
        lines = []
        for text in self.rfile:
            if text == b".\r\n":
                break
            lines.append(text)
        self.server.mails.append(b"".join(lines))
        self.say("250 taken")

    def do_quit(self, _line):
        self.say("221 bye")
        return True


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.context = None
        self.implicit = self.silent = self.dripping = False
        #: Verb -> the line it is answered with.
        self.answers = {}
        self.unknown = set()
        self.mails, self.logins = [], []
        self.ended = threading.Event()

    @property
    def port(self):
        return self.server_address[1]

    def settings(self, **changes):
        values = {
            "host": "127.0.0.1", "port": self.port, "security": Security.NONE, "sender": "kho@example.org",
            "recipients": ("an@example.org", "binh@example.org"),
        }  # fmt: skip
        return MailSettings(**values | changes)


def served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)  # fmt: skip
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join(BOUND_S)


@pytest.fixture
def mail_server():
    yield from served(MailServer())


class _Hook(BaseHTTPRequestHandler):
    timeout = BOUND_S

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        if self.server.silent:
            self.server.ended.wait(BOUND_S)
            return
        self.send_response(self.server.status)
        if self.server.status // 100 == 3:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"thank you")

    def log_message(self, *_):
        pass


@pytest.fixture
def web_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    server.posts, server.status, server.silent, server.ended = [], 200, False, threading.Event()
    yield from served(server)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Path of a certificate for 127.0.0.1 that only those trust who are told to, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    return path


@pytest.fixture
def context(certificate):
    """What a server of ours encrypts with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    """This process trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def closed_port():
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def letter():
    message = Message(
        kind="alarms",
        subject="[DQTV] 2 cảnh báo cần xem: baocaobang",
        body="Báo Cao Bằng: chỉ 3% số trang có ngày đăng, trước đây là 98%\n.một dòng bắt đầu bằng dấu chấm\n",
        payload={"archive": "/srv/dqtv", "alarms": [{"site": "baocaobang"}]},
    )
    return Letter(id="dqtv-7-20261125T000000Z", message=message, created_at=datetime(2026, 11, 25, tzinfo=UTC))  # fmt: skip
