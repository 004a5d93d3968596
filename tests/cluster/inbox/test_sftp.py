"""A hub reached over SFTP; the server is paramiko's, in a thread, on a folder."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from archive.cluster.hub import Hub, SegmentTaken
from archive.cluster.ingest import Ingest
from archive.errors import HubUnreachable

paramiko = pytest.importorskip("paramiko", reason="the extra `sftp` is not installed")
pytestmark = pytest.mark.end_to_end


class _LetIn(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
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
def port():
    key = paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))
    transports = []

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
            transport.start_server(server=_LetIn())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(timeout=30)
    for transport in transports:
        transport.close()


@pytest.fixture
def hub(port, tmp_path):
    (tmp_path / "hub").mkdir()
    return Hub(f"sftp://press:secret@127.0.0.1:{port}{tmp_path}/hub", skip_instance_cache=True)


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


def test_what_is_refused_is_moved_there(worker, hub, archive, fakes, tmp_path):
    worker.find(1)
    fakes.take()
    hub.push(worker.seal())
    assert Ingest(archive, hub, fakes).step().refused == 1
    folder = tmp_path / "hub" / "refused" / "bao" / "1" / "1"
    kinds = {"".join(path.suffixes) for path in folder.iterdir()}
    assert kinds == {".json", ".jsonl.gz", ".warc.gz", ".txt"}


def test_a_server_that_does_not_let_us_in_is_named_without_the_password(port, tmp_path):
    with pytest.raises(HubUnreachable) as refused:
        Hub(f"sftp://press:wrong@127.0.0.1:{port}{tmp_path}", skip_instance_cache=True)
    assert "wrong" not in str(refused.value)
    assert f"sftp://127.0.0.1:{port}" in str(refused.value)
