"""A hub reached over SFTP; the server is paramiko's, in a thread, on a folder."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from archive.cluster.hub import Hub, SegmentTaken
from archive.cluster.ingest import Ingest
from archive.errors import HubUnreachable

paramiko = pytest.importorskip("paramiko", reason="the extra `sftp` is not installed")
pytestmark = pytest.mark.end_to_end


class _LetIn(paramiko.ServerInterface):
    def __init__(self, logins):
        self.logins = logins

    def check_auth_password(self, username, password):
        self.logins.append(username)
        good = (username, password) == ("press", "secret")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        assert (kind, chanid) is not None
        return paramiko.OPEN_SUCCEEDED


def _said(does):
    """What the system says about it, as SFTP says it."""
    try:
        does()
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno)
    return paramiko.SFTP_OK


class _Folder(paramiko.SFTPServerInterface):
    """Files as they are on this machine, with the renames of OpenSSH's server."""

    def list_folder(self, path):
        try:
            found = []
            for entry in os.scandir(path):
                about = paramiko.SFTPAttributes.from_stat(entry.stat())
                about.filename = entry.name
                found.append(about)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return found

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(Path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, attr):
        assert attr is not None
        try:
            mode = "r+b" if flags & (os.O_WRONLY | os.O_RDWR) else "rb"
            file = os.fdopen(os.open(path, flags, 0o600), mode)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = handle.writefile = file
        return handle

    def remove(self, path):
        return _said(lambda: Path(path).unlink())

    def mkdir(self, path, attr):
        assert attr is not None
        return _said(Path(path).mkdir)

    def rmdir(self, path):
        return _said(Path(path).rmdir)

    def posix_rename(self, oldpath, newpath):
        return _said(lambda: Path(oldpath).replace(newpath))

    def rename(self, oldpath, newpath):
        def link():
            os.link(oldpath, newpath)
            Path(oldpath).unlink()

        return _said(link)


@pytest.fixture(scope="module")
def server():
    """Its port, its host key, its connections and who logged in."""
    key = paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))
    transports, logins = [], []

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder)
            # with an event it does not wait for a client, which may go away in the middle
            transport.start_server(threading.Event(), server=_LetIn(logins))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield SimpleNamespace(
        port=listening.getsockname()[1], key=key, logins=logins, connections=transports
    )
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(timeout=30)
    for transport in transports:
        transport.close()


@pytest.fixture(autouse=True)
def known_hosts(tmp_path, monkeypatch):
    """The user's file of known servers; there is none yet."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home" / ".ssh" / "known_hosts"


@pytest.fixture(autouse=True)
def no_logins(server):
    server.logins.clear()


def line(name, key):
    return f"{name} {key.get_name()} {key.get_base64()}\n"


@pytest.fixture
def known(server, known_hosts):
    """The server is known, as ssh writes it down."""
    known_hosts.write_text(line(f"[127.0.0.1]:{server.port}", server.key))


@pytest.fixture
def url(server, tmp_path):
    (tmp_path / "hub").mkdir()
    return f"sftp://press:secret@127.0.0.1:{server.port}{tmp_path}/hub"


def opened(url, **options):
    return Hub(url, skip_instance_cache=True, **options)


@pytest.fixture
def hub(known, url):  # noqa: ARG001 - it has to be known
    return opened(url)


def test_segments_and_states_go_over_sftp(worker, hub, archive, fakes, tmp_path):
    for number in (1, 2):
        worker.find(number)
        assert hub.push(worker.seal())
    report = Ingest(archive, hub, fakes).step()
    assert (report.stored, report.refused) == (2, 0)
    left = [x.relative_to(tmp_path / "hub").as_posix() for x in (tmp_path / "hub").rglob("*")]
    assert sorted(left) == ["inbox", "state", "state/bao", "state/bao/1.db"]


def test_the_second_to_create_a_manifest_is_refused_by_the_server(worker, twin, hub):
    worker.find(1)
    twin.find(2)
    assert hub.push(worker.seal())
    with pytest.raises(SegmentTaken):
        hub.push(twin.seal())


def test_a_connection_that_was_lost_is_made_anew(worker, hub, archive, fakes, server):
    ingest = Ingest(archive, hub, fakes)
    worker.find(1)
    hub.push(worker.seal())
    assert ingest.step().stored == 1
    for connection in server.connections:
        connection.close()
    # whoever asks next may be told of the loss, as the archive and the workers are, who ask again later
    until = time.monotonic() + 60
    while server.logins == ["press"] and time.monotonic() < until:
        with suppress(HubUnreachable):
            hub.inbox()
    worker.find(2)
    hub.push(worker.seal())
    assert ingest.step().stored == 1
    assert len(server.logins) == 2


def test_what_is_refused_is_moved_there(worker, hub, archive, fakes, tmp_path):
    worker.find(1)
    fakes.take()
    hub.push(worker.seal())
    assert Ingest(archive, hub, fakes).step().refused == 1
    folder = tmp_path / "hub" / "refused" / "bao" / "1" / "1"
    kinds = {"".join(path.suffixes) for path in folder.iterdir()}
    assert kinds == {".json", ".jsonl.gz", ".warc.gz", ".txt"}


@pytest.mark.usefixtures("known")
def test_a_server_that_does_not_let_us_in_is_named_without_the_password(url, server):
    with pytest.raises(HubUnreachable) as refused:
        opened(url.replace("secret", "wrong"))
    assert "wrong" not in str(refused.value)
    assert f"sftp://127.0.0.1:{server.port}" in str(refused.value)


def test_a_server_whose_key_is_not_known_is_told_nothing_and_named_with_the_way_out(
    url, server, known_hosts, tmp_path
):
    with pytest.raises(HubUnreachable) as refused:
        opened(url)
    name = f"[127.0.0.1]:{server.port}"
    assert f"the host key of {name} is not in {known_hosts}" in str(refused.value)
    assert f"`ssh -p {server.port} press@127.0.0.1`" in str(refused.value)
    assert f"({server.key.get_name()} {server.key.fingerprint})" in str(refused.value)
    assert f"under the name {name}" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert not server.logins
    assert not known_hosts.exists()
    assert list((tmp_path / "hub").iterdir()) == []


def test_a_server_whose_key_was_changed_is_told_nothing_and_named_with_both_keys(
    url, server, known_hosts, tmp_path
):
    name, former = f"[127.0.0.1]:{server.port}", paramiko.ECDSAKey.generate()
    known_hosts.write_text(line(name, former))
    with pytest.raises(HubUnreachable) as refused:
        opened(url)
    assert f"{name} shows another host key" in str(refused.value)
    assert server.key.fingerprint in str(refused.value)
    assert former.fingerprint in str(refused.value)
    assert f"`ssh-keygen -R '{name}'`" in str(refused.value)
    assert not server.logins
    assert known_hosts.read_text() == line(name, former)
    assert list((tmp_path / "hub").iterdir()) == []


def test_at_the_usual_port_a_server_is_known_by_its_name_in_small_letters(
    server, known_hosts, tmp_path
):
    def at_port_22():
        return socket.create_connection(("127.0.0.1", server.port), timeout=30)

    url = f"sftp://press:secret@Hub{tmp_path}"
    with pytest.raises(HubUnreachable, match=r"`ssh press@hub`.* under the name hub$"):
        opened(url, sock=at_port_22())
    known_hosts.write_text(line(paramiko.HostKeys.hash_host("hub"), server.key))
    opened(url, sock=at_port_22()).reach()
